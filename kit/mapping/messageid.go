package mapping

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"github.com/ciokit/cio"
)

// A message id is the first 128 bits of a SHA-256, as 32 lower-case hexadecimal digits. What is hashed never changes: a file that is loaded again
// must repeat the ids of the first load.
//
// text(s) means the number of bytes of s as eight bytes, the highest first, followed by these bytes. number(n) means n as eight bytes, the highest
// first. For a message whose messageId is a list of values, the hashed data is
//
//	text("ciokit/load/key/1") text(type) text(event) number(place) number(values) value...
//
// where type is the message's type on the wire, event is the name of its event (empty for all types except track), place is its place in the mapping
// from 0, and values is the length of the list. Each value is a byte 1 and its text, or a byte 0 if the row has none. For a message without a
// messageId it is
//
//	text("ciokit/load/row/1") text(type) text(event) number(place) number(ordinal) text(row)
//
// where ordinal is the row's place among the rows of the input, from 0, and row is the row's bytes without the end of its last line. So the same
// input repeats the same ids, and equal rows of one input have different ids.
const (
	keyDomain = "ciokit/load/key/1"
	rowDomain = "ciokit/load/row/1"
)

// idHash builds the data that is hashed for a message id.
type idHash struct{ buf []byte }

func (h *idHash) begin(domain string, typ cio.Type, event string, place int) {
	h.buf = h.buf[:0]
	h.text(domain)
	h.text(string(typ))
	h.text(event)
	h.number(uint64(place))
}

func (h *idHash) number(n uint64) { h.buf = binary.BigEndian.AppendUint64(h.buf, n) }

func (h *idHash) text(s string) {
	h.number(uint64(len(s)))
	h.buf = append(h.buf, s...)
}

// value adds one of a list of values.
func (h *idHash) value(s string, present bool) {
	if !present {
		h.buf = append(h.buf, 0)
		return
	}
	h.buf = append(h.buf, 1)
	h.text(s)
}

func (h *idHash) row(ordinal int64, raw []byte) {
	h.number(uint64(ordinal))
	h.number(uint64(len(raw)))
	h.buf = append(h.buf, raw...)
}

func (h *idHash) sum() string {
	sum := sha256.Sum256(h.buf)
	var id [32]byte
	hex.Encode(id[:], sum[:16])
	return string(id[:])
}

// MessageID returns the message id for texts: the hash that messageid.go describes, of text(s) for each of them. The first must be a domain of the
// caller's own, so that no row has the same id.
func MessageID(domain string, texts ...string) string {
	var h idHash
	h.text(domain)
	for _, s := range texts {
		h.text(s)
	}
	return h.sum()
}
