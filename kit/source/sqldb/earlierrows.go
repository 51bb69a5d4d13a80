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

// mark identifies the first rows of a query in an order.
type mark struct {
	// Keys is a hash of the keys of the rows, in their order. Rows is a hash of everything that is selected of them.
	Keys string `json:"keys"`
	Rows string `json:"rows"`
	// Total is how many rows the query had.
	Total int64 `json:"total"`
	// Differs says that some of them have changed since an earlier run read them.
	Differs bool `json:"differs,omitempty"`
}

var errOldMark = errors.New("sqldb: the load was begun by an earlier version of this program, which did not keep the keys of the rows that it read; begin a new load")

func parseMark(text []byte) (m mark, err error) {
	if len(text) > 0 && text[0] == '[' {
		return m, errOldMark
	}
	if json.Unmarshal(text, &m) != nil || m.Keys == "" || m.Rows == "" {
		return m, errors.New("sqldb: the journal does not contain the keys of the rows that were read; begin a new load")
	}
	return m, nil
}

// digest makes marks. Its hashes have 128 bits and cover the rows in their order, each with its length, so that other rows give another hash.
type digest struct {
	keys, rows hash.Hash
	buf        []byte
}

func newDigest() *digest { return &digest{keys: sha256.New(), rows: sha256.New()} }

// add adds the rows from (inclusive) to before (exclusive) of the page, each with so many cells.
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

// appendKey appends a value of a key in a form that differs for different values.
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
	return dst, errors.New("its type cannot be compared; cast it to text in the query")
}
