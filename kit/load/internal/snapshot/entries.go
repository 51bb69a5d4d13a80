package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"

	"github.com/ciokit/cio/kit/internal/extsort"
)

// Entries collects the entries of a new snapshot.
type Entries struct {
	sorted *extsort.Sorter
	record [entryBytes + 1]byte
}

// NewEntries keeps in dir what does not fit into memory.
func NewEntries(dir string) *Entries { return &Entries{sorted: extsort.New(dir)} }

// Add adds an entry of a row. lost says that the row is not known to be accepted; the new snapshot must then have no entry about the same thing.
func (e *Entries) Add(m Entry, lost bool) error {
	binary.BigEndian.PutUint64(e.record[:], m.About)
	binary.BigEndian.PutUint64(e.record[9:], m.Says)
	if e.record[8] = entryKept; lost {
		e.record[8] = entryLost
	}
	return e.sorted.Add(e.record[:])
}

// Over returns the entries of the new snapshot in their order: those that were added, and those of an old snapshot about other things. old may be
// nil. Nothing can be added afterwards.
func (e *Entries) Over(old *Snapshot) (extsort.Records, error) {
	fresh, err := e.sorted.Sorted()
	return &renewed{fresh: fresh, old: old.Entries()}, err
}

// Close releases memory and files.
func (e *Entries) Close() error { return e.sorted.Close() }

// The ninth byte of the records that are sorted for a new snapshot. Of the entries about one thing, the lost ones come first.
const (
	entryLost byte = iota
	entryKept
)

// renewed are the entries of a new snapshot: those of fresh, except entries about a thing with a lost entry, and those of old about things that fresh
// has no entry for. Both are in order.
type renewed struct {
	fresh, old extsort.Records
	begun      bool
	f, o       []byte // current; nil at the end
	about      []byte // of the last of fresh, nil before the first
	lost       bool   // an entry about it was lost
	out        [entryBytes]byte
}

func (n *renewed) Next() ([]byte, error) {
	if !n.begun {
		n.begun = true
		if err := errors.Join(extsort.Advance(n.fresh, &n.f), extsort.Advance(n.old, &n.o)); err != nil {
			return nil, err
		}
	}
	for n.f != nil || n.o != nil {
		if n.o != nil && (n.f == nil || bytes.Compare(n.o[:8], n.f[:8]) < 0) {
			copy(n.out[:], n.o)
			if err := extsort.Advance(n.old, &n.o); err != nil {
				return nil, err
			}
			if !bytes.Equal(n.out[:8], n.about) {
				return n.out[:], nil
			}
			continue
		}
		if !bytes.Equal(n.about, n.f[:8]) {
			n.about, n.lost = append(n.about[:0], n.f[:8]...), n.f[8] == entryLost
		}
		copy(n.out[:8], n.f[:8])
		copy(n.out[8:], n.f[9:])
		if err := extsort.Advance(n.fresh, &n.f); err != nil {
			return nil, err
		}
		if !n.lost {
			return n.out[:], nil
		}
	}
	return nil, io.EOF
}

// Entry is what a row does to one thing in a snapshot: About is a hash of the thing, Says a hash of what the row's messages say about it.
//
// The things are chosen so that messages about different ones can come in any order:
//
//   - a person, under each of the ids of the message: userId, anonymousId, previousId and, of an identify, the trait email;
//   - a device of a person, and a relationship of one to an object;
//   - an object;
//   - an ordinary event, identified by its messageId if the mapping sets one, otherwise by everything it says.
//
// If the mapping can delete, suppress or merge people, or delete objects, that is not enough. Every message that concerns a person or an object then
// has an entry about it too, because it makes a difference whether the message comes before or after a deletion.
//
// What a message says is all its members, except those that differ from run to run while the row stays the same: a messageId and a timestamp that the
// mapping does not set, and the name and version of this library in the context. The messageId counts only for an ordinary event.
//
// What is hashed never changes, because a later version of this program compares its entries with those of an older snapshot.
type Entry struct{ About, Says uint64 }

// Hash returns the first 8 bytes of a SHA-256 as a number.
func Hash(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// AppendText appends the number of bytes and the bytes.
func AppendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
