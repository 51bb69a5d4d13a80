package outbox

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// rebuilding is a new database with everything that can be read of a damaged one.
type rebuilding struct {
	o       *opening
	to      *conn
	t       *tx
	inTx    int
	seen    map[uint64]bool // messages that were read through SQLite, or found in pages
	settled settledSet
	unsure  bool // it is not known which messages are settled
	queued  int64
	dead    int64
	broken  []DeadLetter // rows whose checksum is wrong
	want    state        // the counts of the old database
	counted bool         // these counts are known
}

// rebuild keeps a copy of the old database, makes a new one from everything that can be saved, and opens it.
//
// Messages that SQLite can still read are the queue. A message that is found only in the pages may have been settled long ago, so it is set aside.
func (o *opening) rebuild() (err error) {
	if err := o.keep(); err != nil {
		return err
	}
	path := o.d.path + freshSuffix
	if err := removeDatabase(path); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, removeDatabase(path)) // it contains personal data
		}
	}()
	if err := fillDatabase(path); err != nil {
		return err
	}
	b := &rebuilding{o: o, seen: make(map[uint64]bool)}
	if b.to, err = connect(path, pragmas); err != nil {
		return err
	}
	if err = b.fill(); err == nil {
		err = b.to.emptyLog() // only the database file is renamed
	}
	if err = errors.Join(err, b.to.close()); err != nil {
		return err
	}
	for _, suffix := range []string{"-wal", "-shm"} { // there are copies of them, and their messages are saved
		if err := removeIfThere(o.d.path + suffix); err != nil {
			return err
		}
	}
	if err := os.Rename(path, o.d.path); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	if err := syncDir(o.d.cfg.Dir); err != nil {
		return err
	}
	return o.openDatabase()
}

func removeDatabase(path string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		errs = append(errs, removeIfThere(path+suffix))
	}
	return errors.Join(errs...)
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}

func (b *rebuilding) fill() error {
	if err := b.begin(); err != nil {
		return err
	}
	if err := b.readTables(); err != nil {
		return err
	}
	if known := max(b.t.s.last, b.o.marked); b.counted && known > b.want.last {
		b.want.queued += known - b.want.last // messages that were appended since have consecutive numbers
		b.want.last = known
	}
	if !b.counted || b.queued+int64(len(b.broken)) < b.want.queued || b.dead < b.want.dead {
		if err := b.readPages(); err != nil {
			return err
		}
	}
	b.t.s.last = max(b.t.s.last, b.want.last, b.o.marked)
	for _, l := range b.broken { // its number may be wrong
		l.Seq = uint64(b.t.s.last + 1)
		if err := b.t.insertDead(l); err != nil {
			return err
		}
	}
	if len(b.broken) > 0 {
		b.o.note("messages with wrong checksums, which are kept as dead letters and never sent: %d", len(b.broken))
	}
	f := &b.o.found
	f.Broken = int64(len(b.broken))
	if f.Missing = -1; b.counted {
		f.Missing = max(0, b.want.queued+b.want.dead-b.queued-b.dead)
	}
	return b.end()
}

func (b *rebuilding) begin() error {
	if _, err := b.to.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	s, err := readRow(b.to)
	b.t = &tx{c: b.to, s: s, now: time.Now().UnixMilli()}
	return err
}

func (b *rebuilding) end() error {
	b.inTx = 0
	if err := writeState(b.to, &b.t.s); err != nil {
		return err
	}
	_, err := b.to.exec("COMMIT")
	return err
}

// each commits after many rows, so that they do not fill the memory.
func (b *rebuilding) each() error {
	if b.inTx++; b.inTx < 10*manyRows {
		return nil
	}
	if err := b.end(); err != nil {
		return err
	}
	return b.begin()
}

// readTables reads the old database through SQLite, from both ends, up to the first row that SQLite cannot read. An error comes from the new
// database.
func (b *rebuilding) readTables() error {
	c, err := connect(b.o.d.path, pragmas)
	if err != nil {
		return nil //nolint:nilerr // the pages are read instead
	}
	defer func() { _ = c.close() }() // nothing that was written to it counts any more
	// An error here is one of the reasons why the database is rebuilt.
	if err := checkKind(c, b.o.d.path); err != nil {
		c.version = cmp.Or(c.version, schemaVersion)
	}
	s, err := readRow(c)
	b.want, b.counted = s, err == nil
	if err := b.readSettled(c); err != nil {
		return err
	}
	for _, order := range []string{"ASC", "DESC"} {
		var mine error
		read := func(columns, table string, row func(v []driverValue) error) {
			_ = c.query("SELECT "+columns+" FROM "+table+" ORDER BY seq "+order, func(v []driverValue) error { // up to a row that SQLite cannot read
				if mine == nil {
					mine = row(v)
				}
				return mine
			})
		}
		_ = eachRow(c, order, func(records []Record, _ bool) error { // up to a row that SQLite cannot read
			for _, r := range records {
				if mine == nil {
					mine = b.takeRecord(r)
				}
			}
			return mine
		})
		read(deadColumns, "dead", func(v []driverValue) error {
			if l, right, err := deadLetterOf(v); err == nil {
				return b.takeDead(l, right)
			}
			return nil
		})
		if mine != nil {
			return mine
		}
	}
	return nil
}

func (b *rebuilding) takeRecord(r Record) error {
	if b.seen[r.Seq] {
		return nil
	}
	b.seen[r.Seq] = true
	if b.settled.has(r.Seq) {
		return nil
	}
	if b.mayBeSettled(r.Seq) && !r.Damaged {
		return b.setAside(DeadLetter{Record: r})
	}
	if r.Damaged {
		b.broken = append(b.broken, DeadLetter{r, time.Now(), "its bytes are not those that were stored"})
		return nil
	}
	b.queued++
	if err := b.t.insert(r); err != nil {
		return err
	}
	return b.each()
}

// readSettled finds out which messages are settled, as far as possible.
func (b *rebuilding) readSettled(c *conn) error {
	var wrong map[int64][]byte
	var err error
	b.settled, wrong, err = readAllBits(c)
	unknown := err != nil
	for n, data := range wrong {
		if n, is, ok := mendBits(n, data, blockOf(max(b.want.last, b.o.marked))); ok {
			b.settled.join(n, &is)
		} else {
			unknown = true
		}
	}
	if b.tallies(c) {
		return nil
	}
	err = b.eachInPages(func(r row) {
		if r.bits {
			b.settled.join(r.block, &r.settled)
		}
	})
	b.unsure = unknown && !b.tallies(c)
	return err
}

// tallies reports whether the messages that are there and not settled have the count and the sum of the queue.
func (b *rebuilding) tallies(c *conn) bool {
	var n, seqs int64
	err := eachRow(c, "ASC", func(records []Record, _ bool) error {
		for _, r := range records {
			if !b.settled.has(r.Seq) && int64(r.Seq) <= b.want.last {
				n, seqs = n+1, seqs+int64(r.Seq)
			}
		}
		return nil
	})
	return err == nil && b.counted && n == b.want.queued && seqs == b.want.queuedSeqs
}

// mayBeSettled reports whether a message of the queue may have been sent, because the rows that would say so cannot be read.
func (b *rebuilding) mayBeSettled(seq uint64) bool {
	return b.unsure && (!b.counted || int64(seq) <= b.want.last)
}

// eachInPages calls found for each row in the pages of the old database and of its log.
func (b *rebuilding) eachInPages(found func(row)) error {
	f, err := os.Open(b.o.d.path)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	defer func() { _ = f.Close() }() // it is only read
	pages := pagesOf(f)
	if log, err := os.Open(filepath.Join(b.o.found.Copy, databaseName+"-wal")); err == nil {
		defer func() { _ = log.Close() }() // it is only read
		if info, err := log.Stat(); err == nil {
			if _, err = walkWAL(log, info.Size(), func(fr frame) { rowsIn(fr.data, pages, found) }); err != nil {
				return err
			}
		}
	}
	for n := uint32(1); ; n++ {
		page := pages(n)
		if page == nil {
			return nil
		}
		rowsIn(page, pages, found)
	}
}

// setAside makes a message that may have been sent a dead letter.
func (b *rebuilding) setAside(l DeadLetter) error {
	l.Rejected, l.Reason = time.Now(), doubtful
	b.o.found.SetAside++
	if err := b.t.insertDead(l); err != nil {
		return err
	}
	return b.each()
}

func (b *rebuilding) takeDead(l DeadLetter, right bool) error {
	if b.seen[l.Seq] {
		return nil
	}
	b.seen[l.Seq] = true
	if !right {
		b.broken = append(b.broken, l)
		return nil
	}
	b.dead++
	if err := b.t.insertDead(l); err != nil {
		return err
	}
	return b.each()
}

const doubtful = "found in a damaged file: it may have been sent before"

// readPages sets aside the messages that are only in the pages of the old database and of its log.
func (b *rebuilding) readPages() error {
	var mine error
	err := b.eachInPages(func(r row) {
		if r.bits || b.seen[r.Seq] || mine != nil {
			return
		}
		b.seen[r.Seq] = true
		switch {
		case r.dead:
			b.o.found.SetAside++
			if mine = b.t.insertDead(r.DeadLetter); mine == nil {
				mine = b.each()
			}
		case !b.settled.has(r.Seq):
			mine = b.setAside(r.DeadLetter)
		}
	})
	return cmp.Or(mine, err)
}
