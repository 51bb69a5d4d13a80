package outbox

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// A row of the queue holds one message, or a pack: what one commit has stored together, as much of it as a page takes, as what SQLite does for a row costs
// more than all else. Messages of a pack have numbers that follow each other, of which the row has the first, and each has its own checksum, so that
// a byte that is not what was written spoils one of them.
//
// A pack is a checksum of four bytes, over the row's number and the two bytes that follow: the mark of a pack, and how many messages it has. Then, for each
// of them, come two bytes with its size and its sealed data. The size 0 is that of a message that was taken out.
const (
	packMark  = 0x80 // no time that stands there in a row of one message begins with it
	packHead  = 6
	packRows  = 64   // at the most
	packBytes = 4040 // at the most, so that the row fits in a page
	packEntry = 2 + sealSize
)

func packSum(first uint64, head []byte) uint32 {
	return crc32.Update(sumOfHead('p', first), castagnoli, head)
}

// sealPack writes the head of a pack of n messages, for which there is room at its beginning.
func sealPack(first uint64, n int, pack []byte) {
	pack[4], pack[5] = packMark, byte(n)
	binary.BigEndian.PutUint32(pack, packSum(first, pack[4:packHead]))
}

// appendToPack appends what a pack has of one message, or of one that was taken out.
func appendToPack(pack, sealed []byte) []byte {
	return append(binary.BigEndian.AppendUint16(pack, uint16(len(sealed))), sealed...)
}

// packOf returns how many messages a row has that is a pack; 0 if it is none.
func packOf(first uint64, head []byte) int {
	if len(head) < packHead || head[4] != packMark || packSum(first, head[4:packHead]) != binary.BigEndian.Uint32(head) {
		return 0
	}
	return int(head[5])
}

// unpack returns the records of a row, and whether all of it is what was written. Damaged ones are in their places, as far as these are known. The bytes are
// parts of data. The records are appended to dst.
func unpack(dst []Record, first uint64, data []byte) (all []Record, right bool) {
	n := packOf(first, data)
	if n == 0 {
		r := unseal(first, data)
		if !r.Damaged {
			return append(dst, r), true
		}
		if found := salvage(dst, first, data, 0); len(found) > len(dst) {
			return found, false
		}
		return append(dst, r), false
	}
	all = dst
	for i, rest := 0, data[packHead:]; ; i++ {
		if i == n && len(rest) == 0 {
			return all, true
		}
		if i == n || len(rest) < 2 {
			break
		}
		size := int(binary.BigEndian.Uint16(rest))
		rest = rest[2:]
		if size == 0 {
			continue
		}
		if size < sealSize || size > len(rest) {
			break
		}
		r := unseal(first+uint64(i), rest[:size:size])
		if r.Damaged {
			break
		}
		all, rest = append(all, r), rest[size:]
	}
	if found := salvage(dst, first, data, n); len(found) > len(dst) {
		return found, false
	}
	return append(dst, Record{Seq: first, Bytes: data, Damaged: true}), false
}

// found is a message in a pack of which something is wrong.
type found struct {
	Record
	from, to int // where it stands
}

// salvage returns what is right in a pack of n messages, and what is missing as damaged; 0 for a number that is not known.
func salvage(dst []Record, first uint64, data []byte, n int) []Record {
	if len(data) > packBytes { // then it is a message that is alone
		return dst
	}
	most := n
	if n == 0 {
		most = packRows
	}
	var all []found
	next := 0
	for at := min(packHead, len(data)); at+packEntry <= len(data); at++ {
		size := int(binary.BigEndian.Uint16(data[at:]))
		to := at + 2 + size
		if size < sealSize || to > len(data) {
			continue
		}
		for i := next; i < most; i++ {
			if r := unseal(first+uint64(i), data[at+2:to:to]); !r.Damaged {
				all = append(all, found{r, at, to})
				next, at = i+1, to-1
				break
			}
		}
	}
	if n == 0 {
		if len(all) == 0 {
			return dst
		}
		if n = next; all[len(all)-1].to < len(data) {
			n++
		}
	}
	all = append(all, found{Record: Record{Seq: first + uint64(n)}, from: len(data)}) // the end
	seq, at := first, min(packHead, len(data))
	for _, f := range all {
		dst = append(dst, between(seq, f.Seq, data[min(at, f.from):f.from])...)
		if f.to > 0 {
			dst = append(dst, f.Record)
		}
		seq, at = f.Seq+1, f.to
	}
	return dst
}

// between returns the messages from lo up to hi, which have these bytes: what is left of them when something is not what was written.
func between(lo, hi uint64, b []byte) (all []Record) {
	if hi <= lo || uint64(len(b)) == 2*(hi-lo) && !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) { // which were taken out
		return nil
	}
	rest := b[min(2, len(b)):]
	for seq := lo; seq < hi; seq++ {
		if r := unseal(seq, rest); !r.Damaged { // its size alone is wrong
			return append(all, r)
		}
		all = append(all, Record{Seq: seq, Damaged: true})
	}
	all[0].Bytes = rest
	return all
}

// countRow returns how many messages are in a row that nobody has taken anything out of, and their size, by the row's size and its first bytes.
func countRow(first uint64, size int64, head []byte) (n, bytes int64) {
	if n := packOf(first, head); n > 0 {
		return int64(n), size - packHead - int64(n)*packEntry
	}
	return 1, size - sealSize
}

// packer makes rows of messages that are stored together.
type packer struct {
	put   func(first int64, data []byte) error
	alone bool // each message has a row
	data  []byte
	first int64
	n     int
}

// add adds a message, whose number is the next one.
func (p *packer) add(seq, at int64, size int, message func([]byte) []byte) error {
	if p.n > 0 && (p.alone || p.n == packRows || len(p.data)+packEntry+size > packBytes || seq&(blockRows-1) == 0) {
		if err := p.flush(); err != nil {
			return err
		}
	}
	if p.n == 0 {
		p.first, p.data = seq, append(p.data[:0], make([]byte, packHead)...)
	}
	p.n++
	from := len(p.data)
	p.data = appendSealed(append(p.data, 0, 0), uint64(seq), at, message)
	if size := len(p.data) - from - 2; len(p.data) <= packBytes {
		binary.BigEndian.PutUint16(p.data[from:], uint16(size)) // the one that is alone in its row needs none
	}
	return nil
}

func (p *packer) flush() error {
	if p.n == 0 {
		return nil
	}
	data := p.data
	if p.n == 1 {
		data = data[packHead+2:]
	} else {
		sealPack(uint64(p.first), p.n, data)
	}
	p.n = 0
	return p.put(p.first, data)
}
