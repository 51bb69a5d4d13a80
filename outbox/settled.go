package outbox

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"time"
)

// Messages are settled in small groups, because each lane of a Batcher has its own share of them. So the rows of the queue are not changed at once.
// Instead a bit says that a message is out of the queue. The table settled has one row with such bits for each block of numbers. The rows of a block
// are removed when all of its messages are settled. If nothing more is settled in a block, its settled messages are removed soon afterwards.
const (
	blockShift = 10
	blockRows  = 1 << blockShift
	mostBlocks = 256 // the most blocks in memory
	// restFor is how long nothing must have been settled in a block before its settled messages are removed.
	restFor = 2 * time.Second
)

// bits says for each message of a block whether it is settled and still in a row.
type bits [blockRows / 8]byte

func blockOf(seq int64) int64 { return seq >> blockShift }

func blockEnd(n int64) int64 { return (n+1)<<blockShift - 1 }

func (b *bits) has(seq int64) bool {
	i := seq & (blockRows - 1)
	return b[i>>3]&(1<<(i&7)) != 0
}

func (b *bits) add(seq int64) {
	i := seq & (blockRows - 1)
	b[i>>3] |= 1 << (i & 7)
}

func (b *bits) sum(n int64) uint32 {
	return crc32.Update(sumOfHead('b', uint64(n)), castagnoli, b[:])
}

// sealed returns the data of the table's row for the block with that number.
func (b *bits) sealed(n int64) []byte {
	return append(binary.BigEndian.AppendUint32(nil, b.sum(n)), b[:]...)
}

// readBits reads a row of the table.
func readBits(n int64, data []byte) (b bits, ok bool) {
	if len(data) != 4+len(b) {
		return b, false
	}
	copy(b[:], data[4:])
	return b, b.sum(n) == binary.BigEndian.Uint32(data)
}

// mendBits repairs a row in which one byte, or the number, is not what was written. last is the greatest number that it may have.
func mendBits(n int64, data []byte, last int64) (block int64, b bits, ok bool) {
	for other := range last + 1 {
		if b, ok := readBits(other, data); ok {
			return other, b, true
		}
	}
	data = slices.Clone(data)
	for i, was := range data {
		for change := range 256 {
			data[i] = byte(change)
			if b, ok := readBits(n, data); ok {
				return n, b, true
			}
		}
		data[i] = was
	}
	return n, b, false
}

// settledSet has the messages that are settled and still in a row, by the number of the block.
type settledSet map[int64]*bits

func (s settledSet) has(seq uint64) bool {
	b := s[blockOf(int64(seq))]
	return b != nil && b.has(int64(seq))
}

// next returns the first number from seq on that is not settled.
func (s settledSet) next(seq int64) int64 {
	for s.has(uint64(seq)) {
		seq++
	}
	return seq
}

// join adds the bits of another row for a block: a settled message stays settled.
func (s settledSet) join(n int64, b *bits) {
	if s[n] == nil {
		s[n] = new(bits)
	}
	for i := range b {
		s[n][i] |= b[i]
	}
}

// readSettled reads the whole table. The error is damage if a row is not what was written.
func readSettled(c *conn) (settledSet, error) {
	all, wrong, err := readAllBits(c)
	if err == nil && len(wrong) > 0 {
		err = damagedf("a row that says which messages are settled is not what was written")
	}
	return all, err
}

// readAllBits reads the whole table. wrong has the rows that are not what was written.
func readAllBits(c *conn) (all settledSet, wrong map[int64][]byte, err error) {
	all, wrong = settledSet{}, map[int64][]byte{}
	if c.version < 2 {
		return all, wrong, nil
	}
	err = c.query("SELECT block, bits FROM settled ORDER BY block", func(v []driverValue) error {
		n, data, err := bitsOfTable(v)
		if err != nil {
			return err
		}
		if b, ok := readBits(n, data); ok {
			all[n] = &b
		} else {
			wrong[n] = data
		}
		return nil
	})
	return all, wrong, err
}

func bitsOfTable(v []driverValue) (n int64, data []byte, err error) {
	if n, err = number(v[0]); err != nil {
		return 0, nil, err
	}
	data, err = octets(v[1])
	return n, data, err
}

// block is what the committing goroutine knows about a block.
type block struct {
	bits
	known   int64            // rows above this number were not read yet
	sizes   [blockRows]int32 // the size of each message plus one; 0 if it is not in the queue
	live    int
	changed bool
	touched time.Time
}

// forgetBlocks drops everything that is known about blocks, because it may be wrong.
func (d *Disk) forgetBlocks() {
	clear(d.blocks)
	d.over = d.over[:0]
}

// rowSizes has the sizes of a row that was read.
type rowSizes struct {
	size  int     // of the row
	sizes []int32 // of its messages, 0 for a removed one; nil if the row has one message
}

const mostRowSizes = 100_000

// noteRow keeps the sizes of the messages in a row, for their settlement.
func (d *Disk) noteRow(first int64, size int, records []Record) {
	r := rowSizes{size: size}
	if len(records) != 1 || records[0].Seq != uint64(first) || size != len(records[0].Bytes)+sealSize {
		r.sizes = sizesOf(first, records)
	}
	if len(d.rows) >= mostRowSizes {
		clear(d.rows)
	}
	d.rows[first] = r
}

func sizesOf(first int64, records []Record) []int32 {
	all := make([]int32, 0, len(records))
	for _, r := range records {
		for i := int64(r.Seq) - first; int64(len(all)) < i; {
			all = append(all, 0)
		}
		all = append(all, int32(len(r.Bytes))+1)
	}
	return all
}

// block returns a block, with everything up to the last message read.
func (t *tx) block(n int64) (*block, error) {
	b := t.d.blocks[n]
	if b == nil {
		b = &block{known: n<<blockShift - 1}
		if t.c.version >= 2 {
			row, err := t.c.one("SELECT bits FROM settled WHERE block = ?", n)
			if err != nil {
				return nil, err
			}
			if row != nil {
				data, err := octets(row[0])
				if err != nil {
					return nil, err
				}
				var ok bool
				if b.bits, ok = readBits(n, data); !ok {
					return nil, damagedf("a row that says which messages are settled is not what was written")
				}
			}
		}
		t.d.blocks[n] = b
	}
	to := min(t.s.last, blockEnd(n))
	if b.known >= to {
		return b, nil
	}
	type size struct{ first, size int64 }
	var rows []size
	if err := t.c.query("SELECT seq, length(data) FROM messages WHERE seq > ? AND seq <= ?", func(v []driverValue) error {
		n, err := numbers(v)
		if err == nil {
			rows = append(rows, size{n[0], n[1]})
		}
		return err
	}, b.known, to); err != nil {
		return nil, err
	}
	for _, r := range rows {
		if err := t.look(b, r.first, r.size); err != nil {
			return nil, err
		}
	}
	b.known = to
	return b, nil
}

// look reads the sizes of the messages in a row.
func (t *tx) look(b *block, first, size int64) error {
	d := t.d
	d.mu.Lock()
	known, ok := d.rows[first]
	delete(d.rows, first)
	d.mu.Unlock()
	sizes := known.sizes
	switch {
	case !ok || int64(known.size) != size:
		row, err := t.c.one("SELECT data FROM messages WHERE seq = ?", first)
		if err != nil || row == nil {
			return err
		}
		data, err := octets(row[0])
		if err != nil {
			return err
		}
		records, _ := unpack(nil, uint64(first), data)
		sizes = sizesOf(first, records)
	case sizes == nil:
		sizes = []int32{int32(size-sealSize) + 1}
	}
	for i, size := range sizes {
		seq := first + int64(i)
		if blockOf(seq) != blockOf(first) {
			return damagedf("a row has messages of two blocks")
		}
		if size > 0 && !b.has(seq) {
			b.sizes[seq&(blockRows-1)] = size
			b.live++
		}
	}
	return nil
}

// leave takes a message out of the queue, and reports whether it was there.
func (t *tx) leave(b *block, seq int64) bool {
	i := seq & (blockRows - 1)
	if b.sizes[i] == 0 {
		return false
	}
	t.note = true
	t.s.addQueued(-1, 1-int64(b.sizes[i]), -seq)
	b.sizes[i] = 0
	b.live--
	return true
}

// settle takes messages out of the queue, in the given order.
func (t *tx) settle(settled []Settlement) error {
	d := t.d
	if err := t.clearOver(); err != nil {
		return err
	}
	var touched []int64
	now := time.Now()
	for _, s := range settled {
		n, seq := blockOf(int64(s.Seq)), int64(s.Seq)
		b, err := t.block(n)
		if err != nil {
			return err
		}
		if b.sizes[seq&(blockRows-1)] == 0 {
			continue
		}
		if s.Reason != "" {
			r, err := t.record(s.Seq)
			if err != nil {
				return err
			}
			if err := t.insertDead(DeadLetter{r, time.UnixMilli(t.now), s.Reason}); err != nil {
				return err
			}
		}
		t.leave(b, seq)
		if t.c.version < 2 {
			if _, err := t.c.exec("DELETE FROM messages WHERE seq = ?", seq); err != nil {
				return err
			}
			continue
		}
		b.add(seq)
		if b.touched = now; !b.changed {
			b.changed = true
			touched = append(touched, n)
		}
	}
	slices.Sort(touched)
	for _, n := range touched {
		b := d.blocks[n]
		b.changed = false
		if _, err := t.c.exec("INSERT OR REPLACE INTO settled (block, bits) VALUES (?, ?)", n, b.sealed(n)); err != nil {
			return err
		}
		if b.live == 0 && b.known == blockEnd(n) {
			d.over = append(d.over, n)
		}
	}
	return t.sweepOldest(touched)
}
