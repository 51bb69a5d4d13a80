package sqldb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/ciokit/cio/kit/source"
)

const (
	// pageRows and pageBytes bound the rows that are read at once.
	pageRows  = 512
	pageBytes = 256 << 10
)

// page is a sequence of rows, in a form that can be written to a file and read again.
type page struct {
	first int64 // the place of its first row in the result
	rows  int
	raw   []byte // the rows as JSON objects, one after the other
	keys  []byte // the keys of each row, one after the other
	// at has, for each row, where it ends in raw and where its keys end in keys, and then the beginning and the end of each selected cell in raw; 0
	// and 0 for an absent cell, 1 and 0 for one that cannot be read.
	at []uint32
	// bad are the errors of the rows that cannot be read. Before each are the row's number in the page and the length of the error.
	bad []byte
}

func (p *page) reset(first int64) {
	*p = page{first: first, raw: p.raw[:0], keys: p.keys[:0], at: p.at[:0], bad: p.bad[:0]}
}

// bytes returns about how much memory the page needs.
func (p *page) bytes() int { return len(p.raw) + len(p.keys) + 4*len(p.at) + len(p.bad) }

func (p *page) full() bool { return p.rows == pageRows || len(p.raw) >= pageBytes }

var errRowTooLong = errors.New("sqldb: a row has more than 4 GB; select less of it")

// add adds the current row, which ends at the end of raw. cells are the positions of its cells in raw.
func (p *page) add(cells [][2]int, bad *source.RowError) error {
	if uint64(len(p.raw)) > math.MaxUint32 || uint64(len(p.keys)) > math.MaxUint32 {
		return errRowTooLong
	}
	p.at = append(p.at, uint32(len(p.raw)), uint32(len(p.keys)))
	for _, c := range cells {
		p.at = append(p.at, uint32(c[0]), uint32(c[1]))
	}
	if bad != nil {
		text := bad.Error()
		p.bad = binary.AppendUvarint(binary.AppendUvarint(p.bad, uint64(p.rows)), uint64(len(text)))
		p.bad = append(p.bad, text...)
	}
	p.rows++
	return nil
}

// wide returns how many numbers of at belong to a row.
func wide(cells int) int { return 2 + 2*cells }

// keysOf returns the keys of row i.
func (p *page) keysOf(i, cells int) []byte {
	from := uint32(0)
	if i > 0 {
		from = p.at[(i-1)*wide(cells)+1]
	}
	return p.keys[from:p.at[i*wide(cells)+1]]
}

// appendRows appends the rows, each with n cells, which it appends to cells.
func (p *page) appendRows(rows []source.Row, cells []source.Cell, n int) ([]source.Row, []source.Cell) {
	start := len(rows)
	cells = append(cells[:0], make([]source.Cell, p.rows*n)...)
	from := uint32(0)
	for i := range p.rows {
		at := p.at[i*wide(n) : (i+1)*wide(n)]
		row := source.Row{Line: p.first + int64(i) + 1, Ordinal: p.first + int64(i), Raw: p.raw[from:at[0]:at[0]], Cells: cells[i*n : (i+1)*n : (i+1)*n]}
		for c := range row.Cells {
			if lo, hi := at[2+2*c], at[3+2*c]; hi > lo {
				row.Cells[c] = source.Cell{Kind: source.KindJSON, Bytes: p.raw[lo:hi:hi]}
			}
		}
		rows, from = append(rows, row), at[0]
	}
	for bad := p.bad; len(bad) > 0; {
		i, k := binary.Uvarint(bad)
		size, l := binary.Uvarint(bad[k:])
		bad = bad[k+l:]
		row := &rows[start+int(i)]
		rule, hint, _ := strings.Cut(string(bad[:size]), ": ") // as RowError.Error writes it
		row.Cells, row.Err = nil, &source.RowError{Rule: rule, Hint: hint}
		bad = bad[size:]
	}
	return rows, cells
}

// pageHead is how many bytes are before a page in a file: its place, its rows, and the lengths of its parts.
const pageHead = 6 * 8

// appendTo appends the page in the form of a file.
func (p *page) appendTo(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, uint64(p.first))
	for _, n := range [...]int{p.rows, len(p.raw), len(p.keys), len(p.at), len(p.bad)} {
		dst = binary.LittleEndian.AppendUint64(dst, uint64(n))
	}
	dst = append(append(dst, p.raw...), p.keys...)
	for _, n := range p.at {
		dst = binary.LittleEndian.AppendUint32(dst, n)
	}
	return append(dst, p.bad...)
}

// readFrom reads a page that appendTo has written, and returns its length. Its parts share memory, so nothing can be added to it.
func (p *page) readFrom(f io.ReaderAt, from int64) (int64, error) {
	var head [pageHead]byte
	if _, err := f.ReadAt(head[:], from); err != nil {
		return 0, fmt.Errorf("sqldb: the rows that were read ahead cannot be read: %w", err)
	}
	n := func(i int) int { return int(binary.LittleEndian.Uint64(head[8*i:])) }
	size := n(2) + n(3) + 4*n(4) + n(5)
	p.first, p.rows = int64(binary.LittleEndian.Uint64(head[:])), n(1)
	p.raw = append(p.raw[:0], make([]byte, size)...)
	if _, err := f.ReadAt(p.raw, from+pageHead); err != nil {
		return 0, fmt.Errorf("sqldb: the rows that were read ahead cannot be read: %w", err)
	}
	rest := p.raw[n(2):]
	p.raw = p.raw[:n(2)]
	p.keys, rest = rest[:n(3)], rest[n(3):]
	p.at = p.at[:0]
	for range n(4) {
		p.at, rest = append(p.at, binary.LittleEndian.Uint32(rest)), rest[4:]
	}
	p.bad = rest
	return pageHead + int64(size), nil
}
