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
	// Dir is the directory. OpenDisk creates it if it does not exist, unless Shared is set. It must be on a local disk.
	Dir string
	// MaxBytes limits the size of the messages in it, dead letters included; default 1 GiB. The files take up to 1.3 times that, and about 24 MiB
	// more.
	MaxBytes int64
	// Shared opens the directory even if another process uses it, and other processes can open it too. The commands ciokit outbox use it. The files
	// are checked for damage only if no other process uses the directory at that moment.
	Shared bool
	// Logger logs damage; default slog.Default.
	Logger *slog.Logger
	// OnDamage, if set, is called for each damage that is found, before OpenDisk returns or later while the Disk is open.
	OnDamage func(Damage)
}

const defaultMaxBytes = 1 << 30

// Disk is the Store in a directory: a database of SQLite. Append returns when its commit is synced to disk. Callers that wait at the same time share
// one commit. Each row has a checksum, and one row counts the others, so that a loss is noticed.
//
// Files have mode 0600, because they contain personal data. A directory that OpenDisk creates has mode 0700.
type Disk struct {
	cfg  DiskConfig
	path string   // of the database
	lock *dirLock // nil if it is shared
	mark *mark    // nil if it is shared

	owner *Owner      // the process that used the directory when it was opened; nil if there was none
	used  time.Time   // when the directory was last open before
	file  fs.FileInfo // the database that is open

	w *conn // the committing goroutine's

	reading sync.Mutex
	r       *conn

	mu     sync.Mutex
	groups []*group // messages to store, in order
	jobs   []*job   // other tasks
	bytes  int64    // the size of messages that wait or are being stored
	state  state    // as of the last commit
	closed bool
	damage []Damage

	rows map[int64]rowSizes // rows that were read, and are not settled yet

	// Only the committing goroutine uses these.
	blocks  map[int64]*block
	over    []int64 // blocks of which nothing is left
	tx      tx
	now     state // the state; during a transaction, the state before it
	noted   int64 // the last sequence number that the row of the state in the file includes
	version int64 // SQLite's data_version, which changes if others write

	commits  atomic.Int64
	changes  atomic.Int64 // changes by other processes
	wake     chan struct{}
	finished chan struct{} // closed when the committing goroutine has ended
	failed   bool          // a commit failed, and its pages may still be in the log
	doubtful bool          // these pages may count after the process has been killed
	reserve  int64         // the size of the reserve; 0 if it is not there
	room     int64         // how much of the reserve is not needed yet; negative if that is not known
	said     time.Time     // when it was last logged that the file cannot be read
	vacuumed bool          // the file is larger than SQLite needs, until the log is emptied
}

// OpenDisk opens a directory and reads all of it, to check whether it is what was written. If it is damaged, OpenDisk reports that, and still opens
// it: it saves what can be saved, and keeps copies of the damaged files. The error is an *InUseError if another Outbox uses the directory.
func OpenDisk(cfg DiskConfig) (_ *Disk, err error) {
	if cfg.Dir == "" {
		return nil, errors.New("outbox: DiskConfig.Dir is empty: set it to a directory on a local disk")
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
		return nil, missingError("outbox: there is no outbox in " + cfg.Dir + ": check that this is the outbox directory of the service; the service creates the outbox when it starts")
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

// makeDir creates a directory that survives a loss of power. If make is false, a missing directory is an error.
func makeDir(dir string, make bool) error {
	switch info, err := os.Stat(dir); {
	case err == nil && !info.IsDir():
		return fmt.Errorf("outbox: %s is not a directory", dir)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("outbox: %w", err)
	case !make:
		return missingError("outbox: there is no directory " + dir + ": check that this is the outbox directory of the service; the service creates it when it starts")
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

// hasOutbox reports whether a directory has a file that may contain messages, or data about them.
func hasOutbox(dir string) bool {
	return slices.ContainsFunc([]string{databaseName, databaseName + "-wal", markName}, func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name))
		return !errors.Is(err, fs.ErrNotExist)
	})
}

// syncDir syncs the names in a directory to disk, if the system can do that.
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

// pragmas are the settings of each connection. The pages of a transaction stay in memory until it is committed, so a failed one leaves nothing in the
// log.
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

// settledTable is the table that version 1 does not have. In version 1, each message also has its own row.
const settledTable = "CREATE TABLE settled (block INTEGER PRIMARY KEY, bits BLOB NOT NULL);"

const freshSuffix = ".new"

// createDatabase makes an empty database, unless there is a file. It makes a complete database or none.
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

// fillDatabase makes a new file with the tables.
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
		err = c.emptyLog() // only the database file is renamed
	}
	return errors.Join(err, c.close())
}

// checkKind returns an error if another program or a newer version has made the database.
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
		if _, err := readRow(c); err == nil { // the id of the row is the version
			known = true
			break
		}
		c.version--
	}
	switch {
	case known && id[0] == int64(applicationID):
		return damagedf("the version number of the format")
	case id[0] == int64(applicationID):
		return fmt.Errorf("outbox: %s has version %v of the format, and this program can read only up to %d: use the version of the program that wrote it", path, version[0], schemaVersion)
	case !known:
		return fmt.Errorf("outbox: %s is not an outbox: another program has written it, or its beginning is damaged", path)
	}
	return damagedf("the number that identifies the file as an outbox")
}

// openShared opens a directory that another process uses.
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

// share gives up the lock, so that others can open the directory.
func (d *Disk) share() error {
	mark, lock := d.mark, d.lock
	d.mark, d.lock = nil, nil
	return errors.Join(mark.close(), lock.release())
}

// inTurn runs do, which changes the files. If the directory is shared, another process may open it alone: inTurn waits until that has ended, and
// returns an error if that process has replaced the files.
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

// isThere returns an error if the open database is no longer the file with its name.
func (d *Disk) isThere() error {
	if d.lock != nil {
		return nil
	}
	if info, err := os.Stat(d.path); err != nil || !os.SameFile(info, d.file) {
		return fmt.Errorf("outbox: another process has repaired and replaced the files in %s meanwhile; nothing was changed: open the directory again", d.cfg.Dir)
	}
	return nil
}

// noteLast writes the mark if no other process uses the shared directory.
func (d *Disk) noteLast() error {
	lock, err := takeLock(d.cfg.Dir, 0)
	if errors.Is(err, ErrInUse) {
		return nil // the owner writes it
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

// disconnect closes both connections. The last connection that is closed copies the log into the database.
func (d *Disk) disconnect() error {
	err := errors.Join(d.r.close(), d.w.close())
	d.r, d.w, d.version = nil, nil, 0
	d.forgetBlocks()
	return err
}

// release closes everything that is open.
func (d *Disk) release() error {
	var err error
	if d.lock == nil && d.w != nil { // it may be the last connection, which copies the log into the database
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

// Close waits for messages that are being stored, syncs and closes. The messages in the directory stay. Further calls wait for the first one.
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
		if err := d.forget(closePatience); err != nil { // no stored message is affected
			d.cfg.Logger.Warn("the outbox's files cannot be made smaller", "directory", d.cfg.Dir, "error", err)
		}
		err = d.mark.write(d.state.last)
	} else if d.isThere() == nil {
		err = d.noteLast()
	}
	return errors.Join(err, d.release())
}

// Changes counts the changes by other processes that this Disk has noticed. It checks for changes at least once a second.
func (d *Disk) Changes() int64 { return d.changes.Load() }

// Owned reports whether this Disk has locked the directory.
func (d *Disk) Owned() bool { return d.lock != nil }

// Owner returns the process that used the directory when it was opened. It is nil if there was none, and the zero Owner if it is not known.
func (d *Disk) Owner() *Owner { return d.owner }

// Damages returns the damage that was found since the directory was opened.
func (d *Disk) Damages() []Damage {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]Damage(nil), d.damage...)
}

// Stats returns the state of the directory. It is cheap enough to call every second.
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
