package source

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/parquet-go/parquet-go/format"
)

// levels says which levels are before the values of a leaf in its pages.
type levels struct{ repeated, optional bool }

// levelsOf returns the levels of each leaf of a schema.
func levelsOf(elements []format.SchemaElement) (leaves []levels) {
	type group struct {
		levels
		left int32 // elements of it that are to come
	}
	var groups []group
	for i := range elements {
		e := &elements[i]
		var l levels
		if n := len(groups); n > 0 {
			groups[n-1].left--
			l = groups[n-1].levels
		}
		if i > 0 && e.RepetitionType.Valid {
			l.repeated = l.repeated || e.RepetitionType.V == format.Repeated
			l.optional = l.optional || e.RepetitionType.V != format.Required
		}
		if e.Type.Valid {
			leaves = append(leaves, l)
		} else {
			groups = append(groups, group{l, e.NumChildren.V})
		}
		for n := len(groups); n > 0 && groups[n-1].left <= 0; n = len(groups) {
			groups = groups[:n-1]
		}
	}
	return leaves
}

var errDeltas = errors.New("the differences between the numbers of a page are damaged")

// narrowPage narrows the deltas in an uncompressed page of INT32. For a page of the newer kind, data does not contain the levels.
func narrowPage(h *format.PageHeader, l *levels, data []byte) error {
	switch {
	case h.DataPageHeaderV2.Valid:
		if h.DataPageHeaderV2.V.Encoding != format.DeltaBinaryPacked {
			return nil
		}
	case !h.DataPageHeader.Valid || h.DataPageHeader.V.Encoding != format.DeltaBinaryPacked:
		return nil
	default:
		for _, there := range [...]bool{l.repeated, l.optional} {
			if !there {
				continue
			}
			if len(data) < 4 || uint64(binary.LittleEndian.Uint32(data)) > uint64(len(data)-4) {
				return errDeltas
			}
			data = data[4+binary.LittleEndian.Uint32(data):]
		}
	}
	return narrowDeltas(data)
}

// narrowDeltas rewrites 32-bit numbers that are stored as differences, in place, so that no difference has more than 32 bits. Writers that calculate
// with 64 bits, such as DuckDB, write wider ones for numbers over 2^31 and for numbers that are far apart. parquet-go 0.32.0 rejects the former, and
// reads the latter as other numbers without an error. 32-bit sums do not depend on the higher bits.
func narrowDeltas(b []byte) error {
	if len(b) == 0 {
		return nil // only nulls
	}
	in, bad := 0, false
	unsigned := func() uint64 {
		n, width := binary.Uvarint(b[in:])
		bad = bad || width <= 0
		in += max(width, 0)
		return n
	}
	signed := func() int64 {
		n, width := binary.Varint(b[in:])
		bad = bad || width <= 0
		in += max(width, 0)
		return n
	}
	block, minis, total := unsigned(), unsigned(), unsigned()
	out := in
	put := func(n int64) { out += binary.PutVarint(b[out:], int64(int32(n))) } // never longer than what was read
	first := signed()
	if bad || minis == 0 || minis > block || block > 1<<20 || block%minis != 0 || block/minis%8 != 0 || total > math.MaxInt32 {
		return errDeltas
	}
	put(first)
	size := int(block / minis)
	for left := int(total) - 1; left > 0 && in < len(b); {
		least := signed()
		if bad || int(minis) > len(b)-in {
			return errDeltas
		}
		widths := append([]byte(nil), b[in:in+int(minis)]...)
		in += len(widths)
		put(least)
		for i, w := range widths {
			b[out+i] = min(w, 32)
		}
		out += len(widths)
		for _, w := range widths {
			if left <= 0 {
				break
			}
			left -= size
			length := size / 8 * int(w)
			if w > 64 || w > 32 && length > len(b)-in {
				return errDeltas
			}
			length = min(length, len(b)-in) // the last of a page may be cut
			if w <= 32 {
				out += copy(b[out:], b[in:in+length])
			} else {
				cutWidths(b[out:], b[in:in+length], size, int(w))
				out += 4 * size
			}
			in += length
		}
	}
	clear(b[out:])
	return nil
}

// cutWidths keeps the lower 32 bits of n numbers of w bits each, the lowest bit first. dst may overlap src if it does not begin after it.
func cutWidths(dst, src []byte, n, w int) {
	for i := range n {
		bit := i * w
		var number uint64
		for j := range 5 { // 32 bits, and up to 7 before them
			if at := bit/8 + j; at < len(src) {
				number |= uint64(src[at]) << (8 * j)
			}
		}
		binary.LittleEndian.PutUint32(dst[4*i:], uint32(number>>(bit%8)))
	}
}
