package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// opening is the state while a directory is opened alone.
type opening struct {
	d      *Disk
	found  Damage
	marked int64 // the number in the mark
	beyond []row // messages in frames of the log that SQLite ignores
}

func (o *opening) note(format string, args ...any) {
	o.found.What = append(o.found.What, strings.Join(strings.Fields(fmt.Sprintf(format, args...)), " ")) // SQLite's texts have several lines
}

// keep makes copies of the files, once.
func (o *opening) keep() (err error) {
	if o.found.Copy == "" {
		o.d.releaseReserve() // the saved messages need room
		o.found.Copy, err = o.d.keepCopies(o.found)
	}
	return err
}

// openAlone opens a directory that this process has locked. When SQLite opens the file, it drops everything after what it takes for the end of its
// log. So openAlone reads the log before that.
func (d *Disk) openAlone() error {
	end, err := takeTurn(d.cfg.Dir, true)
	if err != nil {
		return err
	}
	return errors.Join(d.openInTurn(), end())
}

func (d *Disk) openInTurn() (err error) {
	o := &opening{d: d, found: Damage{Found: time.Now().UTC()}}
	if o.marked, err = readMark(d.cfg.Dir); err != nil {
		if !isDamage(err) {
			return fmt.Errorf("outbox: %w", err)
		}
		o.note("the content of the file %s has changed since it was written", markName)
	}
	if err := o.isOurs(); err != nil {
		return err
	}
	if err := removeDatabase(d.path + freshSuffix); err != nil { // a killed process may have left it
		return err
	}
	if err := o.walkLog(); err != nil {
		return err
	}
	if len(o.found.What) > 0 {
		if err := o.keep(); err != nil {
			return err
		}
	}
	err = o.openDatabase()
	if full := codeOf(err); full == codeFull || full == codeIO { // the reserve keeps the room that SQLite needs at the beginning
		d.releaseReserve()
		err = o.openDatabase()
	}
	if isDamage(err) || codeOf(err) == codeSQL { // the statements are right, so the file must be wrong
		o.note("the database: %v", err)
		err = o.rebuild()
	}
	if err != nil {
		return storeError(err)
	}
	if err := o.saveBeyond(); err != nil {
		return storeError(err)
	}
	if d.mark, err = openMark(d.cfg.Dir); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := d.hear(); err != nil {
		return storeError(err)
	}
	d.state = d.now
	if err := d.mark.write(d.state.last); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if len(o.found.What) > 0 {
		d.tell(o.found)
	}
	if err := d.keepReserve(0); err != nil && !errors.Is(err, ErrDiskFull) {
		return err
	}
	return nil
}

// isOurs returns an error if another program has made the file. Such a file is not changed. A file with a damaged beginning is an outbox if there is
// a mark next to it, or a message in it.
func (o *opening) isOurs() error {
	f, err := os.Open(o.d.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer func() { _ = f.Close() }() // it is only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if info.Size() == 0 {
		return nil
	}
	head := make([]byte, 100)
	if readAt(f, head, 0) == nil && string(head[:16]) == "SQLite format 3\x00" && binary.BigEndian.Uint32(head[68:]) == applicationID {
		return f.Chmod(0o600)
	}
	if _, err := os.Stat(filepath.Join(o.d.cfg.Dir, markName)); err == nil {
		return nil
	}
	found := false
	pages := pagesOf(f)
	for n := uint32(1); !found; n++ {
		page := pages(n)
		if page == nil {
			return fmt.Errorf("outbox: %s is not an outbox: another program has written it, or nothing of it is left", o.d.path)
		}
		rowsIn(page, pages, func(row) { found = true })
	}
	return nil
}

// walkLog reads the log, and takes from it the messages that SQLite will ignore.
func (o *opening) walkLog() error {
	f, err := os.Open(o.d.path + "-wal")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer func() { _ = f.Close() }() // it is only read
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	report, err := walkWAL(f, info.Size(), nil)
	if err != nil {
		return fmt.Errorf("outbox: read the log: %w", err)
	}
	if !report.damaged() {
		return nil
	}
	o.note("%s", report.String())
	o.beyond, err = rowsBeyond(f, info.Size(), o.d.path)
	if err != nil {
		return fmt.Errorf("outbox: read the log: %w", err)
	}
	return nil
}

// rowsBeyond returns the messages in the frames after the first wrong one, up to the end of the last transaction.
func rowsBeyond(f *os.File, size int64, database string) ([]row, error) {
	pages, behind := map[uint32][]byte{}, map[uint32]bool{}
	var committed [][]byte // all pages after the first wrong frame, also those that were written again later
	var under []frame      // frames of a transaction that has not ended yet
	if _, err := walkWAL(f, size, func(fr frame) {
		if fr.data != nil {
			fr.data = append([]byte(nil), fr.data...)
			under = append(under, fr)
		}
		if !fr.ends {
			return
		}
		for _, fr := range under {
			if fr.behind {
				committed = append(committed, fr.data)
			}
			pages[fr.page] = fr.data
			behind[fr.page] = behind[fr.page] || fr.behind
		}
		under = under[:0]
	}); err != nil {
		return nil, err
	}
	below := pageOf(func(uint32) []byte { return nil })
	if db, err := os.Open(database); err == nil {
		defer func() { _ = db.Close() }() // it is only read
		below = pagesOf(db)
	}
	others := func(n uint32) []byte {
		if page := pages[n]; page != nil {
			return page
		}
		return below(n)
	}
	rows, settled := map[uint64]row{}, settledSet{}
	for _, n := range slices.Sorted(maps.Keys(behind)) {
		if behind[n] {
			rowsIn(pages[n], others, func(r row) {
				if r.dead || !r.bits && !rows[r.Seq].dead { // a dead letter was in the queue before
					rows[r.Seq] = r
				}
			})
		}
	}
	for _, page := range committed {
		rowsIn(page, others, func(r row) {
			if r.bits {
				settled.join(r.block, &r.settled)
			}
		})
	}
	maps.DeleteFunc(rows, func(seq uint64, r row) bool { return !r.dead && settled.has(seq) })
	var all []row
	for _, seq := range slices.Sorted(maps.Keys(rows)) {
		all = append(all, rows[seq])
	}
	return all, nil
}

// openDatabase opens the database and reads all of it. The error is damage if it is not what was written.
func (o *opening) openDatabase() error {
	if err := createDatabase(o.d.path); err != nil {
		return errors.Join(err, o.d.disconnect())
	}
	err := o.d.connectBoth()
	if err == nil {
		err = o.d.emptyLog() // from now on this process writes every frame in it
	}
	if codeOf(err) == codeFull && len(o.beyond) == 0 { // the log is emptied when messages were removed
		o.d.failed, err = true, nil
	}
	if err == nil {
		err = check(o.d.w)
	}
	if err == nil {
		err = o.d.upgrade()
	}
	if err != nil {
		return errors.Join(err, o.d.disconnect())
	}
	return nil
}

// check reads the whole database. The error is damage if something is not what was written.
func check(c *conn) error {
	if err := c.query("PRAGMA quick_check(1)", func(v []driverValue) error {
		if v[0] != "ok" {
			return damagedf("%v", v[0])
		}
		return nil
	}); err != nil {
		return err
	}
	want, _, err := readState(c)
	if err != nil {
		return err
	}
	settled, err := readSettled(c)
	if err != nil {
		return err
	}
	got := state{last: want.last}
	bad := 0
	if err := eachRow(c, "ASC", func(records []Record, right bool) error {
		if !right {
			bad++
		}
		for _, r := range records {
			if settled.has(r.Seq) {
				continue
			}
			got.addQueued(1, int64(len(r.Bytes)), int64(r.Seq))
			got.last = max(got.last, int64(r.Seq))
		}
		return nil
	}); err != nil {
		return err
	}
	if err := eachDead(c, func(l DeadLetter, right bool) {
		if !right {
			bad++
		}
		got.addDead(1, int64(len(l.Bytes)), int64(l.Seq))
		got.last = max(got.last, int64(l.Seq))
	}); err != nil {
		return err
	}
	switch {
	case bad > 0:
		return damagedf("rows of the queue or of dead letters are not what was written: %d", bad)
	case got != want:
		return damagedf("the messages are not the ones that were stored: %d queued and %d dead are there, and %d and %d were stored", got.queued, got.dead, want.queued, want.dead)
	}
	return nil
}

// upgrade changes a file of version 1 to this version, if there is room.
func (d *Disk) upgrade() error {
	if d.w.version >= 2 {
		return nil
	}
	err := d.w.script(fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version = %d; UPDATE state SET id = %d; COMMIT", settledTable, schemaVersion, schemaVersion))
	if err != nil {
		_ = d.w.script("ROLLBACK") // the transaction may have ended already
		if codeOf(err) == codeFull {
			d.failed = true
			return nil
		}
		return err
	}
	d.w.version, d.r.version = schemaVersion, schemaVersion
	return nil
}

// eachRow calls f for each row of the queue.
func eachRow(c *conn, order string, f func(records []Record, right bool) error) error {
	var records []Record
	return c.query("SELECT seq, data FROM messages ORDER BY seq "+order, func(v []driverValue) error {
		first, data, err := rowOfQueue(v)
		if err != nil {
			return err
		}
		var right bool
		records, right = unpack(records[:0], first, data)
		return f(records, right)
	})
}

func eachDead(c *conn, f func(l DeadLetter, right bool)) error {
	return c.query("SELECT "+deadColumns+" FROM dead ORDER BY seq", func(v []driverValue) error {
		l, right, err := deadLetterOf(v)
		if err == nil {
			f(l, right)
		}
		return err
	})
}

// saveBeyond puts the messages into the queue that the log had after a wrong frame. They are newer than all messages that SQLite has kept. It also
// counts as missing what was committed according to the mark, but is not there.
func (o *opening) saveBeyond() error {
	if err := o.d.hear(); err != nil {
		return err
	}
	kept, marked := o.d.now.last, int64(0)
	if kept < o.marked {
		if err := o.keepConnected(); err != nil {
			return err
		}
	}
	var err error
	if len(o.beyond) > 0 || kept < o.marked {
		err = o.d.inOneGo(func(t *tx) error {
			for _, r := range o.beyond {
				if int64(r.Seq) <= kept {
					continue
				}
				if err := o.putBack(t, r); err != nil {
					return err
				}
				if int64(r.Seq) <= o.marked {
					marked++
				}
			}
			t.s.last, t.note = max(t.s.last, o.marked), true
			return nil
		})
	}
	if err != nil || kept >= o.marked {
		return err
	}
	lost := o.marked - kept - marked
	o.note("according to the file %s, stored messages are not there: %d", markName, lost)
	if o.found.Missing >= 0 {
		o.found.Missing += lost
	}
	return nil
}

// putBack puts a message back into its place.
func (o *opening) putBack(t *tx, r row) error {
	if r.dead {
		o.found.SetAside++
		return t.insertDead(r.DeadLetter)
	}
	o.found.Saved++
	return t.insert(r.Record)
}

// keepConnected makes copies while the database is open. The locks of a process on a file end when it closes any descriptor of that file. So only
// SQLite may open the database while it is open in SQLite.
func (o *opening) keepConnected() error {
	if o.found.Copy != "" {
		return nil
	}
	if err := o.d.disconnect(); err != nil {
		return err
	}
	if err := o.keep(); err != nil {
		return err
	}
	if err := o.d.connectBoth(); err != nil {
		return err
	}
	return o.d.hear()
}

// inOneGo runs do in a transaction. Only the committing goroutine calls it, or the goroutine that opens the directory.
func (d *Disk) inOneGo(do func(*tx) error) error {
	t, err := d.begin()
	if err == nil {
		err = d.end(t, do(t))
	}
	return err
}
