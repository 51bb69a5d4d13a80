package outbox

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// A row of the queue contains one message, or a pack: messages that one commit has stored together, as many as fit into a page. Packs save time,
// because SQLite's work for a row costs more than everything else. The messages of a pack have consecutive numbers, and the row has the first of
// them. Each message has its own checksum, so a changed byte spoils only one message.
//
// A pack begins with a checksum of four bytes, over the row's number and the next two bytes. These are the mark of a pack and the number of its
// messages. Then, for each message, come two bytes with its size, and its sealed data. The size is 0 if the message was removed.
const (
	packMark  = 0x80 // the time in a row of one message, which has the same place, never begins with it
	packHead  = 6
	packRows  = 64   // the most messages
	packBytes = 4040 // the most bytes, so that the row fits into a page
	packEntry = 2 + sealSize
)

func packSum(first uint64, head []byte) uint32 {
	return crc32.Update(sumOfHead('p', first), castagnoli, head)
}

// sealPack writes the head of a pack of n messages. The pack must have room for it at its beginning.
func sealPack(first uint64, n int, pack []byte) {
	pack[4], pack[5] = packMark, byte(n)
	binary.BigEndian.PutUint32(pack, packSum(first, pack[4:packHead]))
}

// appendToPack appends one message to a pack. sealed is empty if the message was removed.
func appendToPack(pack, sealed []byte) []byte {
	return append(binary.BigEndian.AppendUint16(pack, uint16(len(sealed))), sealed...)
}

// packOf returns how many messages a pack has; 0 if the row is not a pack.
func packOf(first uint64, head []byte) int {
	if len(head) < packHead || head[4] != packMark || packSum(first, head[4:packHead]) != binary.BigEndian.Uint32(head) {
		return 0
	}
	return int(head[5])
}

// unpack appends the records of a row to dst, and reports whether all of the row is what was written. Damaged records are in their places, as far as
// these are known. The bytes of the records are parts of data.
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

// found is a message in a damaged pack.
type found struct {
	Record
	from, to int // where it is in the pack
}

// salvage appends the good messages of a pack of n messages to dst, and the missing ones as damaged. n is 0 if the number is not known.
func salvage(dst []Record, first uint64, data []byte, n int) []Record {
	if len(data) > packBytes { // the row has only one message
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

// between returns the messages with the numbers from lo up to hi, without hi. b has their bytes, of which some are not what was written.
func between(lo, hi uint64, b []byte) (all []Record) {
	if hi <= lo || uint64(len(b)) == 2*(hi-lo) && !slices.ContainsFunc(b, func(c byte) bool { return c != 0 }) { // they were removed
		return nil
	}
	rest := b[min(2, len(b)):]
	for seq := lo; seq < hi; seq++ {
		if r := unseal(seq, rest); !r.Damaged { // only its size is wrong
			return append(all, r)
		}
		all = append(all, Record{Seq: seq, Damaged: true})
	}
	all[0].Bytes = rest
	return all
}

// countRow returns how many messages a row has, and their size, from the row's size and its first bytes. No message of the row may have been removed.
func countRow(first uint64, size int64, head []byte) (n, bytes int64) {
	if n := packOf(first, head); n > 0 {
		return int64(n), size - packHead - int64(n)*packEntry
	}
	return 1, size - sealSize
}

// packer makes rows of messages that are stored together.
type packer struct {
	put   func(first int64, data []byte) error
	alone bool // each message gets its own row
	data  []byte
	first int64
	n     int
}

// add adds a message. Its number must be the next one.
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
		binary.BigEndian.PutUint16(p.data[from:], uint16(size)) // a message that is alone in its row needs no size
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
