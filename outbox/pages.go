package outbox

import (
	"encoding/binary"
	"io"
)

// This file searches the pages of a damaged database for rows, without the tree that leads to them. A row counts only if its own checksum is right,
// so that only rows are found that were really stored.

const databasePageSize = 4096

// row is a row that was found in a page: a message of one of the tables, or the settled messages of a block.
type row struct {
	DeadLetter
	dead bool

	bits    bool // it has the settled messages of a block, not a message
	block   int64
	settled bits
}

// pageOf returns the page of the file with that number, nil if there is none.
type pageOf func(n uint32) []byte

// rowsIn calls found for each row in a page whose checksum is right, even if the page's header does not list the row.
func rowsIn(page []byte, others pageOf, found func(row)) {
	for at := range page {
		rowAt(page, at, others, found)
	}
}

// The limits of a row's size, in bytes.
const (
	leastRow = 8
	mostRow  = 64 << 20
)

// rowAt calls found for the row at that place, if a cell of a table's leaf page begins there.
func rowAt(page []byte, at int, others pageOf, found func(row)) {
	size, n := uvarint(page[at:])
	if n == 0 || size < leastRow || size > mostRow {
		return
	}
	at += n
	seq, n := uvarint(page[at:])
	if n == 0 || int64(seq) < 0 || at+n >= len(page) {
		return
	}
	at += n
	if head := page[at]; head < 3 || head > 20 { // the size of a header with two or seven columns
		return
	}
	local := localSize(int(size), len(page))
	if local < 0 || at+local > len(page) { // SQLite has no pages that small
		return
	}
	payload := page[at : at+local]
	if columns := columnCount(payload); columns != 2 && columns != 7 {
		return
	}
	if local < int(size) {
		if at+local+4 > len(page) {
			return
		}
		if payload = overflowing(payload, int(size), binary.BigEndian.Uint32(page[at+local:]), others); payload == nil {
			return
		}
	}
	if values, ok := decodeRow(payload); ok {
		rowOf(int64(seq), values, found)
	}
}

// localSize returns how many bytes of a payload are in the leaf page itself.
func localSize(size, usable int) int {
	most := usable - 35
	if size <= most {
		return size
	}
	least := (usable-12)*32/255 - 23
	k := least + (size-least)%(usable-4)
	if k <= most {
		return k
	}
	return least
}

// overflowing returns a payload whose end is in other pages; nil if that fails.
func overflowing(local []byte, size int, next uint32, others pageOf) []byte {
	payload := append(make([]byte, 0, min(size, 1<<16)), local...)
	for len(payload) < size {
		page := others(next)
		if len(page) < 8 || next == 0 {
			return nil
		}
		next = binary.BigEndian.Uint32(page)
		payload = append(payload, page[4:min(len(page), 4+size-len(payload))]...)
	}
	return payload
}

// columnCount returns how many columns the header of a row has; 0 if it is not a header, or is not complete.
func columnCount(payload []byte) (n int) {
	size, used := uvarint(payload)
	if used == 0 || size > uint64(len(payload)) {
		return 0
	}
	for head := payload[used:size]; len(head) > 0; n++ {
		_, used := uvarint(head)
		if used == 0 {
			return 0
		}
		head = head[used:]
	}
	return n
}

// decodeRow reads the columns of a row: integers, NULL, and bytes. The tables of an outbox have no other kinds.
func decodeRow(payload []byte) (values []any, ok bool) {
	size, used := uvarint(payload)
	if used == 0 || size < uint64(used) || size > uint64(len(payload)) {
		return nil, false
	}
	head, body := payload[used:size], payload[size:]
	for len(head) > 0 {
		kind, used := uvarint(head)
		if used == 0 {
			return nil, false
		}
		head = head[used:]
		n, integer := 0, true
		switch {
		case kind == 0:
			values = append(values, nil)
			continue
		case kind <= 4:
			n = int(kind)
		case kind == 5:
			n = 6
		case kind == 6:
			n = 8
		case kind == 8 || kind == 9:
			values = append(values, int64(kind-8))
			continue
		case kind >= 12 && (kind-12)/2 <= uint64(len(body)):
			n, integer = int((kind-12)/2), false
		default:
			return nil, false
		}
		if n > len(body) {
			return nil, false
		}
		if integer {
			values = append(values, signed(body[:n]))
		} else {
			values = append(values, body[:n])
		}
		body = body[n:]
	}
	return values, true
}

// signed reads a big-endian integer of 1 to 8 bytes.
func signed(b []byte) int64 {
	v := int64(int8(b[0]))
	for _, c := range b[1:] {
		v = v<<8 | int64(c)
	}
	return v
}

// uvarint reads one of SQLite's variable integers; n is 0 if it is not complete.
func uvarint(b []byte) (v uint64, n int) {
	for i, c := range b[:min(len(b), 9)] {
		if i == 8 {
			return v<<8 | uint64(c), 9
		}
		v = v<<7 | uint64(c&0x7f)
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// rowOf calls found for a row with these columns, if its checksum is right. The first column is NULL, because the row's number is stored elsewhere.
func rowOf(seq int64, v []any, found func(row)) {
	if len(v) == 0 || v[0] != nil {
		return
	}
	switch len(v) {
	case 2: // seq, data; or block, bits
		data, blob := v[1].([]byte)
		if !blob {
			return
		}
		if b, ok := readBits(seq, data); ok {
			found(row{bits: true, block: seq, settled: b})
			return
		}
		if seq == 0 {
			return
		}
		records, _ := unpack(nil, uint64(seq), data)
		for _, r := range records {
			if !r.Damaged {
				r.Bytes = append([]byte(nil), r.Bytes...)
				found(row{DeadLetter: DeadLetter{Record: r}})
			}
		}
	case 7: // seq, at, died, sum, damaged, reason, data
		var n [4]int64
		for i := range n {
			var ok bool
			if n[i], ok = v[1+i].(int64); !ok {
				return
			}
		}
		reason, text := v[5].([]byte)
		data, blob := v[6].([]byte)
		if seq == 0 || !text || !blob {
			return
		}
		if d, right := readDeadLetter(seq, n[0], n[1], n[2], n[3] != 0, string(reason), append([]byte(nil), data...)); right {
			found(row{DeadLetter: d, dead: true})
		}
	}
}

// pagesOf returns the pages of a file.
func pagesOf(f io.ReaderAt) pageOf {
	return func(n uint32) []byte {
		page := make([]byte, databasePageSize)
		if n == 0 || readAt(f, page, int64(n-1)*databasePageSize) != nil {
			return nil
		}
		return page
	}
}
