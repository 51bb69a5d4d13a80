package outbox

import (
	"maps"
	"slices"
	"time"
)

// clearOver removes the rows of blocks in which every message was settled after an earlier commit. So the log has the settlement of each message
// before its row is removed.
func (t *tx) clearOver() error {
	d := t.d
	for _, n := range d.over {
		if _, err := t.c.exec("DELETE FROM messages WHERE seq BETWEEN ? AND ?", n<<blockShift, blockEnd(n)); err != nil {
			return err
		}
		if _, err := t.c.exec("DELETE FROM settled WHERE block = ?", n); err != nil {
			return err
		}
		delete(d.blocks, n)
		t.note = true
	}
	d.over = d.over[:0]
	return nil
}

// sweepOldest limits the number of blocks in memory. It does not sweep the blocks in but.
func (t *tx) sweepOldest(but []int64) error {
	d := t.d
	if len(d.blocks) <= mostBlocks {
		return nil
	}
	for _, n := range slices.Sorted(maps.Keys(d.blocks)) {
		if len(d.blocks) <= mostBlocks/2 {
			break
		}
		if _, found := slices.BinarySearch(but, n); found || slices.Contains(d.over, n) {
			continue
		}
		if err := t.sweep(n); err != nil {
			return err
		}
	}
	return nil
}

// rowWith returns the row that contains a message.
func (t *tx) rowWith(seq uint64) (first uint64, data []byte, err error) {
	row, err := t.c.one("SELECT seq, data FROM messages WHERE seq <= ? ORDER BY seq DESC LIMIT 1", int64(seq))
	if err != nil || row == nil {
		return 0, nil, err
	}
	return rowOfQueue(row)
}

// record returns a message of the queue.
func (t *tx) record(seq uint64) (Record, error) {
	first, data, err := t.rowWith(seq)
	if err != nil {
		return Record{}, err
	}
	records, _ := unpack(nil, first, data)
	for _, r := range records {
		if r.Seq == seq {
			return r, nil
		}
	}
	return Record{Seq: seq, Damaged: true}, nil
}

// erase takes a message out of the queue and out of its row, and reports whether it was there.
func (t *tx) erase(seq uint64) (bool, error) {
	n := blockOf(int64(seq))
	b, err := t.block(n)
	if err != nil || !t.leave(b, int64(seq)) {
		return false, err
	}
	first, data, err := t.rowWith(seq)
	if err != nil {
		return false, err
	}
	return true, t.rewrite(first, data, func(one uint64) bool { return one == seq })
}

// rewrite removes the messages for which out returns true from a row.
func (t *tx) rewrite(first uint64, data []byte, out func(seq uint64) bool) error {
	records, right := unpack(nil, first, data)
	left := slices.DeleteFunc(slices.Clone(records), func(r Record) bool { return out(r.Seq) })
	switch {
	case len(left) == 0:
		_, err := t.c.exec("DELETE FROM messages WHERE seq = ?", int64(first))
		return err
	case len(left) == len(records):
		return nil
	case !right:
		return damagedf("a row of several messages is not what was written, so none of them can be removed: the next Open repairs it")
	}
	last := left[len(left)-1].Seq
	pack := make([]byte, packHead, len(data))
	for seq := first; seq <= last; seq++ {
		var sealed []byte
		if r := left[0]; r.Seq == seq {
			sealed = appendSealed(nil, seq, r.At.UnixMilli(), func(b []byte) []byte { return append(b, r.Bytes...) })
			left = left[1:]
		}
		pack = appendToPack(pack, sealed)
	}
	sealPack(first, int(last-first+1), pack)
	_, err := t.c.exec("UPDATE messages SET data = ? WHERE seq = ?", pack, int64(first))
	return err
}

// sweep removes the settled messages of a block from its rows.
func (t *tx) sweep(n int64) error {
	row, err := t.c.one("SELECT bits FROM settled WHERE block = ?", n)
	if err != nil {
		return err
	}
	if row != nil {
		data, err := octets(row[0])
		if err != nil {
			return err
		}
		b, ok := readBits(n, data)
		if !ok {
			return damagedf("a row that says which messages are settled is not what was written")
		}
		type queueRow struct {
			first uint64
			data  []byte
		}
		var rows []queueRow
		if err := t.c.query("SELECT seq, data FROM messages WHERE seq BETWEEN ? AND ?", func(v []driverValue) error {
			first, data, err := rowOfQueue(v)
			rows = append(rows, queueRow{first, data})
			return err
		}, n<<blockShift, blockEnd(n)); err != nil {
			return err
		}
		for _, r := range rows {
			if err := t.rewrite(r.first, r.data, func(seq uint64) bool { return b.has(int64(seq)) }); err != nil {
				return err
			}
		}
		if _, err := t.c.exec("DELETE FROM settled WHERE block = ?", n); err != nil {
			return err
		}
		t.note = true
	}
	delete(t.d.blocks, n)
	t.d.over = slices.DeleteFunc(t.d.over, func(over int64) bool { return over == n })
	return nil
}

// toSweep returns the blocks with settled messages: all of them, or only those in which nothing was settled for restFor.
func (d *Disk) toSweep(all bool) (some []int64, err error) {
	if d.w.version < 2 {
		return nil, nil
	}
	err = d.w.query("SELECT block FROM settled ORDER BY block", func(v []driverValue) error {
		n, err := number(v[0])
		if b := d.blocks[n]; err == nil && (all || b == nil || time.Since(b.touched) >= restFor) {
			some = append(some, n)
		}
		return err
	})
	return some, err
}

// sweepSome sweeps one block of those that toSweep returns. more says whether there are others. One transaction sweeps only one block, so that it
// needs no more room than the reserve has.
func (d *Disk) sweepSome(all bool) (more bool, err error) {
	some, err := d.toSweep(all)
	if err != nil || len(some) == 0 {
		return false, err
	}
	sweep := func() error { return d.inOneGo(func(t *tx) error { return t.sweep(some[0]) }) }
	if err = sweep(); codeOf(err) == codeFull && d.makeRoom() {
		err = sweep()
	}
	return len(some) > 1, err
}

// sweepAll removes all settled messages from their rows. Only the committing goroutine calls it.
func (d *Disk) sweepAll() error {
	for more := true; more; {
		var err error
		if more, err = d.sweepSome(true); err != nil {
			return err
		}
	}
	return nil
}
