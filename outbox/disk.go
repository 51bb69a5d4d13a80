package outbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// DiskConfig says where and how a Disk keeps its messages.
type DiskConfig struct {
	// Dir is the directory, which is made if it is not there. It must be on a local disk.
	Dir string
	// MaxBytes bounds the messages in it, dead letters included; default 1 GiB. The files take up to 1.3 times that, and about 24 MiB more.
	MaxBytes int64
	// Shared lets the directory be opened while another process has it, as the command does to look at it, and keeps no other from opening it.
	// What is wrong with the files is looked for if nobody has it at that moment.
	Shared bool
	// Logger is told of damage; default slog.Default.
	Logger *slog.Logger
	// OnDamage, if set, is called for each damage that is found, before OpenDisk returns or while it is open.
	OnDamage func(Damage)
}

const defaultMaxBytes = 1 << 30

// Disk is the Store in a directory: a database of SQLite, which has a commit synced to disk before Append returns, and shares one among all that
// wait for one. Each row has a checksum, and a row counts them, so that what is lost is missed.
//
// Files have mode 0600, and a directory that it makes 0700: what is stored is personal data.
type Disk struct {
	cfg  DiskConfig
	path string   // of the database
	lock *dirLock // nil if it is shared
	mark *mark    // nil if it is shared

	owner *Owner      // who had the directory when it was opened; nil for nobody else
	used  time.Time   // when it was last open before
	file  fs.FileInfo // the database that is open

	w *conn // the committing goroutine's

	reading sync.Mutex
	r       *conn

	mu     sync.Mutex
	groups []*group // what is to be stored, in its order
	jobs   []*job   // and what else is to be done
	bytes  int64    // of what waits and of what is being stored
	state  state    // as of the last commit
	closed bool
	damage []Damage

	rows map[int64]rowSizes // that were read, and are not settled yet

	// The committing goroutine's own.
	blocks  map[int64]*block
	over    []int64 // blocks of which nothing is left
	tx      tx
	now     state // the state, in a transaction that of before it
	noted   int64 // up to which number the row in the file says so
	version int64 // SQLite's, which others change

	commits  atomic.Int64
	changes  atomic.Int64 // of other processes
	wake     chan struct{}
	finished chan struct{} // closed when the committing goroutine has ended
	failed   bool          // a commit failed whose pages may still be in the log
	doubtful bool          // and they may count after the process has been killed
	reserve  int64         // the size of the reserve; 0 if it is not there
	room     int64         // how much of it is not needed yet; negative if that is not known
	said     time.Time     // when the log was told that the file cannot be read
	vacuumed bool          // the file is smaller than SQLite has told the system
}

// OpenDisk opens a directory and reads all of it, to see whether it is what was written. What is not is reported, and does not keep it from being
// opened: what can be saved is saved, and the files as they were are kept. The error is an *InUseError if another Outbox has the directory.
func OpenDisk(cfg DiskConfig) (_ *Disk, err error) {
	if cfg.Dir == "" {
		return nil, errors.New("outbox: no directory: set Dir")
	}
	if cfg.MaxBytes < 0 {
		return nil, errors.New("outbox: MaxBytes is negative")
	}
	if cfg.MaxBytes == 0 {
		cfg.MaxBytes = defaultMaxBytes
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if err := makeDir(cfg.Dir, !cfg.Shared); err != nil {
		return nil, err
	}
	if cfg.Shared && !hasOutbox(cfg.Dir) {
		return nil, fmt.Errorf("outbox: there is no outbox in %s: look whether this is the directory of the service, which makes one when it starts (%w)", cfg.Dir, fs.ErrNotExist)
	}
	d := &Disk{cfg: cfg, path: filepath.Join(cfg.Dir, databaseName), wake: make(chan struct{}, 1), finished: make(chan struct{}), used: lastUse(cfg.Dir), rows: make(map[int64]rowSizes), blocks: make(map[int64]*block)}
	defer func() {
		if err != nil {
			err = errors.Join(err, d.release())
		}
	}()
	patience := lockPatience
	if cfg.Shared {
		patience = 0
	}
	d.lock, err = takeLock(cfg.Dir, patience)
	var used *InUseError
	switch {
	case err == nil:
		if err = d.openAlone(); err == nil && cfg.Shared {
			err = d.share()
		}
	case cfg.Shared && errors.As(err, &used):
		d.owner = &used.Owner
		err = d.openShared()
	}
	if err != nil {
		return nil, err
	}
	go d.run()
	return d, nil
}

// makeDir makes a directory that survives a loss of power. Without it, somebody who only looks hears that it is not there.
func makeDir(dir string, make bool) error {
	switch info, err := os.Stat(dir); {
	case err == nil && !info.IsDir():
		return fmt.Errorf("outbox: %s is not a directory", dir)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("outbox: %w", err)
	case !make:
		return fmt.Errorf("outbox: there is no directory %s: look whether this is the one of the service, which makes it when it starts (%w)", dir, fs.ErrNotExist)
	}
	above := filepath.Dir(dir)
	if above != dir {
		if err := makeDir(above, true); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("outbox: %w", err)
	}
	return syncDir(above)
}

// hasOutbox reports whether there is a file in a directory that messages, or what is known of them, may be in.
func hasOutbox(dir string) bool {
	return slices.ContainsFunc([]string{databaseName, databaseName + "-wal", markName}, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return !errors.Is(err, fs.ErrNotExist)
	})
}

// syncDir brings the names in a directory to disk, where the system can do that.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("outbox: sync the directory %s: %w", dir, err)
	}
	return nil
}

// What each connection is opened with. A transaction's pages stay in memory until it is committed, so that one that fails leaves nothing in the log.
var pragmas = strings.Join([]string{
	"_txlock=immediate", "_pragma=busy_timeout(10000)", "_pragma=journal_mode(wal)", "_pragma=synchronous(full)", "_pragma=fullfsync(1)",
	"_pragma=checkpoint_fullfsync(1)", "_pragma=cell_size_check(1)", "_pragma=secure_delete(fast)", "_pragma=cache_size(-4000)", "_pragma=cache_spill(0)",
	"_pragma=trusted_schema(0)", "_pragma=journal_size_limit(8388608)",
}, "&")

func fileURI(path, query string) string {
	u := url.URL{Scheme: "file", Path: filepath.ToSlash(path), OmitHost: true, RawQuery: query}
	if runtime.GOOS == "windows" && !strings.HasPrefix(u.Path, "/") {
		u.Path = "/" + u.Path
	}
	return u.String()
}

const (
	applicationID = 0x63696f6f // "cioo"
	schemaVersion = 2          // also the id of the row in the table state
	schema        = `
CREATE TABLE messages (seq INTEGER PRIMARY KEY, data BLOB NOT NULL);
` + settledTable + `
CREATE TABLE dead (seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, died INTEGER NOT NULL, sum INTEGER NOT NULL, damaged INTEGER NOT NULL, reason BLOB, data BLOB);
CREATE TABLE state (id INTEGER PRIMARY KEY, last INTEGER NOT NULL, queued INTEGER NOT NULL, queued_bytes INTEGER NOT NULL, queued_seqs INTEGER NOT NULL,
	dead INTEGER NOT NULL, dead_bytes INTEGER NOT NULL, dead_seqs INTEGER NOT NULL, sum INTEGER NOT NULL);
`
)

// settledTable is what version 2 has, and version 1 has not, which has a row for each message, too.
const settledTable = "CREATE TABLE settled (block INTEGER PRIMARY KEY, bits BLOB NOT NULL);"

const freshSuffix = ".new"

// createDatabase makes an empty database, unless there is a file. It is there whole or not at all.
func createDatabase(path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	}
	fresh := path + freshSuffix
	if err := removeDatabase(fresh); err != nil {
		return err
	}
	if err := fillDatabase(fresh); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// fillDatabase makes the tables in a file that is not there.
func fillDatabase(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) // SQLite gives its other files the mode of this one
	if err != nil {
		return err
	}
	if err := errors.Join(f.Close(), giveToOwner(filepath.Dir(path), path)); err != nil {
		return err
	}
	c, err := connect(path, fmt.Sprintf("_pragma=page_size(%d)&_pragma=auto_vacuum(incremental)&%s", databasePageSize, pragmas))
	if err != nil {
		return err
	}
	var s state
	err = c.script("BEGIN IMMEDIATE;" + schema + fmt.Sprintf("PRAGMA application_id = %d; PRAGMA user_version = %d; INSERT INTO state (id, %s) VALUES (%d, 0, 0, 0, 0, 0, 0, 0, %d); COMMIT;",
		applicationID, schemaVersion, stateColumns, schemaVersion, s.sum()))
	if err == nil {
		err = c.emptyLog() // the file alone is renamed
	}
	return errors.Join(err, c.close())
}

// checkKind returns an error if the database is another program's, or a newer version's.
func checkKind(c *conn, path string) error {
	id, err := c.one("PRAGMA application_id")
	if err != nil {
		return err
	}
	version, err := c.one("PRAGMA user_version")
	if err != nil {
		return err
	}
	said, _ := version[0].(int64)
	if id[0] == int64(applicationID) && 1 <= said && said <= schemaVersion {
		c.version = int(said)
		return nil
	}
	known := false
	for c.version = schemaVersion; c.version > 0 && !known; {
		if _, err := readRow(c); err == nil { // whose id is the version, too
			known = true
			break
		}
		c.version--
	}
	switch {
	case known && id[0] == int64(applicationID):
		return damagedf("the number that says which version of the format it has")
	case id[0] == int64(applicationID):
		return fmt.Errorf("outbox: %s has the version %v of the format, and this program knows %d: use the version of the program that wrote it", path, version[0], schemaVersion)
	case !known:
		return fmt.Errorf("outbox: %s is not an outbox: another program has written it, or its beginning is damaged", path)
	}
	return damagedf("the number that says whose file it is")
}

// openShared opens a directory that another process has.
func (d *Disk) openShared() error {
	end, err := takeTurn(d.cfg.Dir, false)
	if err != nil {
		return err
	}
	if _, err = os.Stat(d.path); err != nil {
		err = fmt.Errorf("outbox: %w", err)
	} else if err = d.connectBoth(); err == nil {
		err = d.hear()
		d.state = d.now
	}
	return errors.Join(storeError(err), end())
}

// share lets others open the directory that was opened alone.
func (d *Disk) share() error {
	mark, lock := d.mark, d.lock
	d.mark, d.lock = nil, nil
	return errors.Join(mark.close(), lock.release())
}

// inTurn has do change the files, where others may open them alone: not while one does, and not if one has replaced them.
func (d *Disk) inTurn(do func() error) error {
	if d.lock != nil {
		return do()
	}
	end, err := takeTurn(d.cfg.Dir, false)
	if err != nil {
		return err
	}
	if err = d.isThere(); err == nil {
		err = do()
	}
	return errors.Join(err, end())
}

// isThere returns an error if the file that is open is not the one that has its name.
func (d *Disk) isThere() error {
	if d.lock != nil {
		return nil
	}
	if info, err := os.Stat(d.path); err != nil || !os.SameFile(info, d.file) {
		return fmt.Errorf("outbox: the files in %s were put right by another process meanwhile; nothing was done to them: open it again", d.cfg.Dir)
	}
	return nil
}

// noteLast writes the mark when the last one who shared the directory closes it.
func (d *Disk) noteLast() error {
	lock, err := takeLock(d.cfg.Dir, 0)
	if errors.Is(err, ErrInUse) {
		return nil // then its owner does
	}
	if err != nil {
		return err
	}
	marked, err := readMark(d.cfg.Dir)
	if err == nil && marked < d.state.last {
		var m *mark
		if m, err = openMark(d.cfg.Dir); err == nil {
			err = errors.Join(m.write(d.state.last), m.close())
		}
	}
	return errors.Join(err, lock.release())
}

// connectBoth opens both connections.
func (d *Disk) connectBoth() (err error) {
	if d.w, err = connect(d.path, pragmas); err != nil {
		return err
	}
	if err := checkKind(d.w, d.path); err != nil {
		return err
	}
	if d.r, err = connect(d.path, pragmas); err != nil {
		return err
	}
	d.r.version = d.w.version
	d.file, err = os.Stat(d.path)
	return err
}

// disconnect closes both connections. The last of them to be closed brings the log into the database.
func (d *Disk) disconnect() error {
	err := errors.Join(d.r.close(), d.w.close())
	d.r, d.w, d.version = nil, nil, 0
	d.forgetBlocks()
	return err
}

// release lets go of all that is open.
func (d *Disk) release() error {
	var err error
	if d.lock == nil && d.w != nil { // it may be the last one, which brings the log into the database
		end, failed := takeTurn(d.cfg.Dir, false)
		if err = failed; err == nil {
			defer func() { _ = end() }() // the system does it in the end
		}
	}
	err = errors.Join(err, storeError(d.disconnect()))
	if d.mark != nil {
		err = errors.Join(err, d.mark.close())
	}
	if d.lock != nil {
		err = errors.Join(err, d.lock.release())
	}
	d.mark, d.lock = nil, nil
	return err
}

// Close waits for what is being stored, syncs and closes. What is in the directory stays. Whoever calls it again waits for that, too.
func (d *Disk) Close() error {
	d.mu.Lock()
	d.closed = true
	d.mu.Unlock()
	d.stir()
	<-d.finished
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.w == nil {
		return nil // another call has closed it
	}
	var err error
	if d.mark != nil {
		if err := d.forget(closePatience); err != nil { // all that was stored is there
			d.cfg.Logger.Warn("the outbox's files cannot be made smaller", "directory", d.cfg.Dir, "error", err)
		}
		err = d.mark.write(d.state.last)
	} else if d.isThere() == nil {
		err = d.noteLast()
	}
	return errors.Join(err, d.release())
}

// Changes counts what was noticed of what other processes changed. It is looked at once in a second.
func (d *Disk) Changes() int64 { return d.changes.Load() }

// Owned reports whether this Disk has the directory alone.
func (d *Disk) Owned() bool { return d.lock != nil }

// Owner returns who else had the directory when it was opened, the zero Owner if that one is not known; nil for nobody.
func (d *Disk) Owner() *Owner { return d.owner }

// Damages returns what was found to be wrong since the directory was opened.
func (d *Disk) Damages() []Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Damage(nil), d.damage...)
}

// Stats returns the state of the directory. It is cheap enough to be asked every second.
func (d *Disk) Stats(context.Context) (st StoreStats, err error) {
	err = d.read(func(c *conn) error {
		s, _, err := readState(c)
		if err != nil {
			return err
		}
		st = StoreStats{Last: uint64(s.last), Queued: s.queued, QueuedBytes: s.queuedBytes, Dead: s.dead, DeadBytes: s.deadBytes, Commits: d.commits.Load(), LastUse: d.used}
		first, err := readQueue(c, 0, 1, nil)
		if len(first) > 0 {
			st.Oldest = first[0].At
		}
		return err
	})
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(d.path + suffix); err == nil {
			st.FileBytes += info.Size()
		}
	}
	return st, err
}
