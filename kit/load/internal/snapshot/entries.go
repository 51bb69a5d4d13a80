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

// NewEntries keeps in dir what memory does not hold.
func NewEntries(dir string) *Entries { return &Entries{sorted: extsort.New(dir)} }

// Add adds what a row says. lost says that it is not known to be accepted, so that the snapshot must know nothing of what it is about.
func (e *Entries) Add(m Entry, lost bool) error {
	binary.BigEndian.PutUint64(e.record[:], m.About)
	binary.BigEndian.PutUint64(e.record[9:], m.Says)
	if e.record[8] = entryKept; lost {
		e.record[8] = entryLost
	}
	return e.sorted.Add(e.record[:])
}

// Over returns the entries of the new snapshot in their order: those that were added, and those of an old one, which may be nil, that are about nothing
// else. Nothing is added after that.
func (e *Entries) Over(old *Snapshot) (extsort.Records, error) {
	fresh, err := e.sorted.Sorted()
	return &renewed{fresh: fresh, old: old.Entries()}, err
}

// Close gives up what it holds.
func (e *Entries) Close() error { return e.sorted.Close() }

// The ninth byte of what is sorted for the entries of a new snapshot. What was lost comes first of all that is about the same.
const (
	entryLost byte = iota
	entryKept
)

// renewed are the entries of a new snapshot: those of fresh, apart from all that is about something of which a part was lost, and those of old
// that are about nothing that fresh is about. Both are in order.
type renewed struct {
	fresh, old extsort.Records
	begun      bool
	f, o       []byte // at hand; nil at the end
	about      []byte // of the last of fresh, nil before the first
	lost       bool   // a part of that was lost
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

// Entry is what a row does to one thing in a snapshot: about is a hash of the thing, says one of what the row's messages about it say.
//
// The things are such that messages about different ones may come in any order:
//
//   - a person, under each of the ids that the message gives, userId, anonymousId, previousId and, of an identify, the trait email;
//   - a device of a person, and a relationship of one to an object;
//   - an object;
//   - an ordinary event, told by its messageId if the mapping gives one, otherwise by all it says.
//
// Where the mapping can delete or suppress people, merge them, or delete objects, that is not enough: whatever has to do with a person or an
// object is about that too, because it makes a difference whether it comes before a deletion or behind it.
//
// A message says all its members but those that differ from run to run though the row does not: a messageId and a timestamp that the mapping
// does not give, and in the context the name and version of this library. Neither does the messageId of anything but an ordinary event count.
//
// What is hashed never changes, because a snapshot is compared with what a later version of this program makes.
type Entry struct{ About, Says uint64 }

// Hash returns the first 8 bytes of a SHA-256 as a number.
func Hash(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// AppendText appends bytes behind their number.
func AppendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}
