package sqldb

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"hash"
	"math"
	"time"
)

// mark tells the first rows of a query in an order from others.
type mark struct {
	// Keys is a hash of what the rows are told by, in their order, Rows one of all that is selected of them.
	Keys string `json:"keys"`
	Rows string `json:"rows"`
	// Total is how many rows the query had.
	Total int64 `json:"total"`
	// Differs says that some of them are not what an earlier run has read.
	Differs bool `json:"differs,omitempty"`
}

var errOldMark = errors.New("sqldb: the load was begun by an earlier version of this program, which did not keep what tells the rows that it had read from others; begin a new load")

func parseMark(text []byte) (m mark, err error) {
	if len(text) > 0 && text[0] == '[' {
		return m, errOldMark
	}
	if json.Unmarshal(text, &m) != nil || m.Keys == "" || m.Rows == "" {
		return m, errors.New("sqldb: the journal does not say what tells the rows that were read from others; begin a new load")
	}
	return m, nil
}

// digest makes marks. A hash of 128 bits of ordered rows, each with its length, is not the same for others.
type digest struct {
	keys, rows hash.Hash
	buf        []byte
}

func newDigest() *digest { return &digest{keys: sha256.New(), rows: sha256.New()} }

// add adds the rows of the page from one to before another, each with so many cells.
func (d *digest) add(p *page, from, to, cells int) {
	for i := from; i < to; i++ {
		keys := p.keysOf(i, cells)
		d.buf = append(binary.AppendUvarint(d.buf[:0], uint64(len(keys))), keys...)
		d.keys.Write(d.buf) // never fails
		at := p.at[i*wide(cells)+2 : (i+1)*wide(cells)]
		for ; len(at) > 0; at = at[2:] {
			switch lo, hi := at[0], at[1]; {
			case hi > lo:
				d.buf = append(binary.AppendUvarint(d.buf, uint64(hi-lo)+1), p.raw[lo:hi]...)
			case hi < lo:
				d.buf = append(d.buf, 1)
			default:
				d.buf = append(d.buf, 0)
			}
		}
		d.rows.Write(d.buf)
	}
}

func sum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)[:16]) }

// appendKey appends a value of a key, so that no two different ones are the same.
func appendKey(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, 'n'), nil
	case int64:
		return binary.BigEndian.AppendUint64(append(dst, 'i'), uint64(v)), nil
	case uint64:
		return binary.BigEndian.AppendUint64(append(dst, 'u'), v), nil
	case float64:
		return binary.BigEndian.AppendUint64(append(dst, 'f'), math.Float64bits(v)), nil
	case float32:
		return binary.BigEndian.AppendUint32(append(dst, 'g'), math.Float32bits(v)), nil
	case bool:
		if v {
			return append(dst, 'T'), nil
		}
		return append(dst, 'F'), nil
	case string:
		return append(binary.AppendUvarint(append(dst, 's'), uint64(len(v))), v...), nil
	case []byte:
		return append(binary.AppendUvarint(append(dst, 'b'), uint64(len(v))), v...), nil
	case time.Time:
		dst = binary.BigEndian.AppendUint64(append(dst, 't'), uint64(v.Unix()))
		return binary.BigEndian.AppendUint32(dst, uint32(v.Nanosecond())), nil
	}
	return dst, errors.New("it comes as no value that can be compared; cast it to text in the query")
}
