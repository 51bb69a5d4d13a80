package load

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	digest "hash"
)

// whoIsIn hashes the people that the rows of an input are about, row by row. A table can change so that a row with the same key is about somebody
// else; the hash shows it.
type whoIsIn struct {
	hash digest.Hash // nil before the first row
	buf  []byte
}

// row adds a row whose messages have these identities.
func (w *whoIsIn) row(identities []string) {
	if w.hash == nil {
		w.hash = sha256.New()
	}
	w.buf = binary.AppendUvarint(w.buf[:0], uint64(len(identities)))
	for _, id := range identities {
		w.buf = append(binary.AppendUvarint(w.buf, uint64(len(id))), id...)
	}
	w.hash.Write(w.buf) // never fails
}

func (w *whoIsIn) sum() string { return hex.EncodeToString(w.hash.Sum(nil)[:16]) }
