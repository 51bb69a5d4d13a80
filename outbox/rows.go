package outbox

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/ciokit/cio"
)

// read calls f with the connection for reading.
func (d *Disk) read(f func(*conn) error) error {
	d.reading.Lock()
	defer d.reading.Unlock()
	if d.r == nil {
		return cio.ErrClosed
	}
	if err := d.isThere(); err != nil {
		return err
	}
	return storeError(f(d.r))
}

// Read implements Store.
func (d *Disk) Read(_ context.Context, after uint64, limit int) (records []Record, err error) {
	err = d.read(func(c *conn) error {
		records, err = readQueue(c, after, limit, func(first int64, size int, records []Record) {
			if limit > 1 { // the records may be read to be sent
				d.mu.Lock()
				d.noteRow(first, size, records)
				d.mu.Unlock()
			}
		})
		return err
	})
	return records, err
}

// errEnough ends the reading of rows.
var errEnough = errors.New("that is enough")

// readQueue returns messages of the queue, without settled ones. It calls row, if set, for each row that it reads.
func readQueue(c *conn, after uint64, limit int, row func(first int64, size int, records []Record)) (records []Record, err error) {
	if int64(after) < 0 || limit <= 0 {
		return nil, nil
	}
	if _, err := c.exec("BEGIN"); err != nil { // reads both tables at one moment
		return nil, err
	}
	defer func() {
		if _, other := c.exec("COMMIT"); other != nil {
			_, _ = c.exec("ROLLBACK") // the first error says what happened
			err = cmp.Or(err, other)
		}
	}()
	settled, err := readSettled(c)
	if err != nil {
		return nil, err
	}
	records = make([]Record, 0, min(limit, readAtOnce))
	var inRow []Record
	for from := settled.next(int64(after) + 1); ; {
		first, err := c.one("SELECT max(seq) FROM messages WHERE seq <= ?", from)
		if err != nil {
			return nil, err
		}
		begin, ok := first[0].(int64)
		if !ok || begin+packRows <= from {
			begin = from
		}
		err = c.query("SELECT seq, data FROM messages WHERE seq >= ? ORDER BY seq", func(v []driverValue) error {
			first, data, err := rowOfQueue(v)
			if err != nil {
				return err
			}
			inRow, _ = unpack(inRow[:0], first, data)
			if row != nil {
				row(int64(first), len(data), inRow)
			}
			for _, r := range inRow {
				if int64(r.Seq) < from || settled.has(r.Seq) {
					continue
				}
				if records = append(records, r); len(records) == limit {
					return errEnough
				}
			}
			last := int64(first)
			if len(inRow) > 0 {
				last = int64(inRow[len(inRow)-1].Seq)
			}
			if next := settled.next(last + 1); next > last+4*packRows { // to skip is cheaper than to read the rows in between
				from = next
				return errSkip
			}
			return nil
		}, begin)
		switch {
		case errors.Is(err, errSkip):
		case err == nil, errors.Is(err, errEnough):
			return records, nil
		default:
			return nil, err
		}
	}
}

// errSkip ends the reading of rows if many settled ones follow.
var errSkip = errors.New("settled")

// rowOfQueue returns the columns of a row.
func rowOfQueue(v []driverValue) (first uint64, data []byte, err error) {
	n, err := number(v[0])
	if err != nil {
		return 0, nil, err
	}
	data, err = octets(v[1])
	return uint64(n), data, err
}

// Dead implements Store.
func (d *Disk) Dead(_ context.Context, after uint64, limit int) (letters []DeadLetter, err error) {
	err = d.read(func(c *conn) error {
		letters, err = readDead(c, after, limit)
		return err
	})
	return letters, err
}

const deadColumns = "seq, at, died, sum, damaged, reason, data"

func readDead(c *conn, after uint64, limit int) (letters []DeadLetter, err error) {
	err = c.query("SELECT "+deadColumns+" FROM dead WHERE seq > ? ORDER BY seq LIMIT ?", func(v []driverValue) error {
		l, _, err := deadLetterOf(v)
		letters = append(letters, l)
		return err
	}, int64(after), int64(limit))
	return letters, err
}

// deadLetterOf makes a dead letter from its columns. right says whether its checksum is right.
func deadLetterOf(v []driverValue) (l DeadLetter, right bool, err error) {
	n, err := numbers(v[:5])
	if err != nil {
		return l, false, err
	}
	reason, err := octets(v[5])
	if err != nil {
		return l, false, err
	}
	data, err := octets(v[6])
	if err != nil {
		return l, false, err
	}
	l, right = readDeadLetter(n[0], n[1], n[2], n[3], n[4] != 0, string(reason), data)
	return l, right, nil
}

// Settle implements Store.
func (d *Disk) Settle(ctx context.Context, settled []Settlement) error {
	if len(settled) == 0 {
		return nil
	}
	return d.write(ctx, func(t *tx) error { return t.settle(settled) })
}

func (t *tx) removeDead(seq int64) error {
	return t.c.query("DELETE FROM dead WHERE seq = ? RETURNING length(data)", func(v []driverValue) error {
		n, err := number(v[0])
		if err == nil {
			t.note = true
			t.s.addDead(-1, -n, -seq)
		}
		return err
	}, seq)
}

// deadOf returns the dead letter with that number.
func (t *tx) deadOf(seq uint64) (l DeadLetter, ok bool, err error) {
	row, err := t.c.one("SELECT "+deadColumns+" FROM dead WHERE seq = ?", int64(seq))
	if err != nil || row == nil {
		return l, false, err
	}
	l, _, err = deadLetterOf(row)
	return l, err == nil, err
}

// manyRows is how many rows one transaction of a command changes, so that it does not block a service for long.
const manyRows = 500

// inParts calls do for each record, in several transactions with a part of the records each.
func (d *Disk) inParts(ctx context.Context, seqs []uint64, do func(t *tx, seq uint64) (bool, error)) (total int, err error) {
	for part := range slices.Chunk(seqs, manyRows) {
		var n int
		if err := d.write(ctx, func(t *tx) error {
			n = 0
			for _, seq := range part {
				done, err := do(t, seq)
				if err != nil {
					return err
				}
				if done {
					n++
				}
			}
			return nil
		}); err != nil {
			return total, err
		}
		total += n
	}
	return total, nil
}

// Retry implements Store.
func (d *Disk) Retry(ctx context.Context, seqs []uint64) (int, error) {
	return d.inParts(ctx, seqs, func(t *tx, seq uint64) (bool, error) {
		l, ok, err := t.deadOf(seq)
		if err != nil || !ok || l.Damaged {
			return false, err
		}
		if err := t.removeDead(int64(seq)); err != nil {
			return false, err
		}
		return true, t.insert(Record{Seq: uint64(t.s.last + 1), At: l.At, Bytes: l.Bytes})
	})
}

// Drop implements Store.
func (d *Disk) Drop(ctx context.Context, seqs []uint64) (int, error) {
	return d.inParts(ctx, seqs, func(t *tx, seq uint64) (bool, error) {
		before := t.s.dead
		err := t.removeDead(int64(seq))
		return t.s.dead != before, err
	})
}

// Purge implements Store. It overwrites the bytes in the database, gives free pages of the database back to the file system, and empties the log,
// which may contain the bytes too.
func (d *Disk) Purge(ctx context.Context, match func([]byte) bool) (queued, dead int, err error) {
	if err := d.between(ctx, func() error { return d.inTurn(d.sweepAll) }); err != nil {
		return 0, 0, err
	}
	var inQueue, inDead []uint64
	for after := uint64(0); ; {
		records, err := d.Read(ctx, after, manyRows)
		if err != nil {
			return 0, 0, err
		}
		if len(records) == 0 {
			break
		}
		for _, r := range records {
			if after = r.Seq; match(r.Bytes) {
				inQueue = append(inQueue, r.Seq)
			}
		}
	}
	for after := uint64(0); ; {
		letters, err := d.Dead(ctx, after, manyRows)
		if err != nil {
			return 0, 0, err
		}
		if len(letters) == 0 {
			break
		}
		for _, l := range letters {
			if after = l.Seq; match(l.Bytes) {
				inDead = append(inDead, l.Seq)
			}
		}
	}
	overwriting := func(remove func(t *tx, seq uint64) (bool, error)) func(t *tx, seq uint64) (bool, error) {
		return func(t *tx, seq uint64) (bool, error) {
			if err := t.c.overwrite("on"); err != nil {
				return false, err
			}
			done, err := remove(t, seq)
			if other := t.c.overwrite("fast"); err == nil {
				err = other
			}
			return done, err
		}
	}
	queued, err = d.inParts(ctx, inQueue, overwriting(func(t *tx, seq uint64) (bool, error) {
		return t.erase(seq)
	}))
	if err != nil {
		return queued, 0, err
	}
	dead, err = d.inParts(ctx, inDead, overwriting(func(t *tx, seq uint64) (bool, error) {
		before := t.s.dead
		err := t.removeDead(int64(seq))
		return t.s.dead != before, err
	}))
	if err == nil {
		err = d.between(ctx, func() error { return d.inTurn(func() error { return d.forget(0) }) })
	}
	return queued, dead, err
}

// overwrite sets whether SQLite overwrites the bytes of removed rows.
func (c *conn) overwrite(how string) error {
	_, err := c.one("PRAGMA secure_delete = " + how)
	return err
}
