// Package snapshot reads, writes and compares snapshots: files that say what Customer.io was last sent for each row of an input. A pending file next
// to a snapshot says that a run is using it. The run's own directory has a spool, from which the next snapshot is made.
package snapshot

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
	"time"

	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/extsort"
)

// A snapshot says what Customer.io was last sent for each row, so that a later run can leave out the rows that have not changed. The file has
//
//	"ciosnap3"
//	entries   16 bytes each, in ascending order, without duplicates: a thing of a row, then what the row says about it, each a hash of 8 bytes
//	people    records in ascending order, without duplicates, each after its length as a uvarint; see Person; none unless ChangeOnly.IDs was set
//	info      an Info in JSON
//	length    of info, 4 bytes, big-endian
//	checksum  the SHA-256 of everything before it
//
// Both hashes are the first 8 bytes of a SHA-256 over the salt in the info and parts of the row's messages; see entrymaker.go in package load. A
// snapshot is written to a temporary file next to it with mode 0600, synced to disk, and then renamed, so there is always a complete one.
const (
	magic       = "ciosnap3"
	foldedMagic = "ciosnap2" // its ids are folded, and some are of people who were only mentioned, so its ids are not read
	entryBytes  = 16
	maxInfo     = 64 << 10
	// fanOutBits is how many bits of an entry select the part of the file to search.
	fanOutBits = 16
)

// Info describes a snapshot.
type Info struct {
	// ID identifies the snapshot, By is the journal's id of the run that made it, empty if that had no journal.
	ID string `json:"id"`
	By string `json:"by,omitempty"`
	// Made is when it was made.
	Made time.Time `json:"made"`
	// Mapping is the name of the mapping, MappingHash its Hash, Target where the messages went.
	Mapping     string `json:"mapping"`
	MappingHash string `json:"mapping_hash"`
	Target      string `json:"target,omitempty"`
	// KeyHash identifies the write key: it is the Client's KeyHash of Salt.
	KeyHash []byte `json:"key_hash,omitempty"`
	// Query and Columns are hashes of the ChangeOnly.Query and of the set of the input's columns.
	Query   string `json:"query,omitempty"`
	Columns string `json:"columns,omitempty"`
	// Table has the columns, if the input has columns and they are not too many; Sets has the sets of columns of its files, if they differ.
	Table []TableColumn `json:"table,omitempty"`
	Sets  [][]string    `json:"sets,omitempty"`
	// Mixed says that not all loads that contributed had the same query, columns and mapping.
	Mixed bool `json:"mixed,omitempty"`
	// Entries is how many entries it has, one for each thing that a row is about. IDs is how many people are in it with their ids in clear text,
	// IDsBytes how many bytes they take.
	Entries  int64 `json:"entries"`
	IDs      int64 `json:"ids"`
	IDsBytes int64 `json:"ids_bytes"`
	// HasIDs says that the loads kept ids, even if there are none.
	HasIDs bool `json:"has_ids"`
	// Older says that an older version of this program made the snapshot. Its ids are not used, because it is not certain that a load has identified
	// those people. HasIDs is false then.
	Older bool `json:"-"`
	// Salt is part of all hashes.
	Salt []byte `json:"salt"`
}

// Error says why a file cannot be used as a snapshot.
type Error struct {
	// File is its name, Problem what is wrong, Hint what to do.
	File, Problem, Hint string
}

func (e *Error) Error() string {
	return "load: the snapshot " + e.File + " " + e.Problem + "; " + e.Hint
}

const remakeHint = "remove it; the next load then sends every row and makes a new one"

// ReadInfo checks a whole snapshot and returns its Info. The error is an *Error if the file exists and is not a snapshot.
func ReadInfo(file string) (Info, error) {
	s, err := Open(file)
	if err != nil {
		return Info{}, err
	}
	return s.Info, s.Close()
}

// Snapshot is an open snapshot. In memory it has only a table of constant size. Parts that are read often stay in the cache of the operating system,
// not in the memory of the process.
type Snapshot struct {
	file   io.ReaderAt
	closer io.Closer
	Info   Info
	fanOut []int64 // for each value of the first bits, how many entries are below it; the last is the number of all
	page   []byte
}

// Open checks a whole snapshot and opens it for reading. The error is an *Error if the file exists and is not a snapshot.
func Open(file string) (*Snapshot, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	s, err := newSnapshot(f, info.Size())
	if err != nil {
		var bad *Error
		if errors.As(err, &bad) {
			bad.File = file
		}
		return nil, errors.Join(err, f.Close())
	}
	s.closer = f
	return s, nil
}

func (s *Snapshot) Close() error {
	if s.closer == nil {
		return nil
	}
	return s.closer.Close()
}

func damaged(problem string) error { return &Error{Problem: problem, Hint: remakeHint} }

// newSnapshot reads the whole snapshot once, to check it and to index its entries.
func newSnapshot(f io.ReaderAt, size int64) (*Snapshot, error) {
	const tail = 4 + sha256.Size
	head := make([]byte, len(magic))
	if _, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte(magic[:7])) && string(head) != magic && string(head) != foldedMagic:
		return nil, &Error{Problem: "was made by another version of this program", Hint: remakeHint}
	case string(head) != magic && string(head) != foldedMagic:
		return nil, &Error{Problem: "is not a snapshot", Hint: "name another file"}
	case size < int64(len(magic)+tail):
		return nil, damaged("ends too early")
	}
	end := make([]byte, tail)
	if _, err := f.ReadAt(end, size-tail); err != nil && err != io.EOF {
		return nil, err
	}
	length := int64(binary.BigEndian.Uint32(end))
	from := size - tail - length
	if length > maxInfo || from < int64(len(magic)) {
		return nil, damaged("is damaged or ends too early")
	}
	sum := sha256.New()
	all := bufio.NewReaderSize(io.TeeReader(io.NewSectionReader(f, 0, size-sha256.Size), sum), 256<<10)
	text := make([]byte, length)
	if _, err := f.ReadAt(text, from); err != nil && err != io.EOF {
		return nil, err
	}
	s := &Snapshot{file: f}
	if err := json.Unmarshal(text, &s.Info); err != nil {
		return nil, damaged("is damaged")
	}
	s.Info.Older = string(head) == foldedMagic
	body := from - int64(len(magic))
	if i := s.Info; i.Entries < 0 || i.IDs < 0 || i.IDsBytes < 0 || i.Entries > body/entryBytes || i.IDsBytes != body-i.Entries*entryBytes || len(i.Salt) != 16 {
		return nil, damaged("is damaged")
	}
	if _, err := all.Discard(len(magic)); err != nil {
		return nil, err
	}
	if err := s.index(all); err != nil {
		return nil, err
	}
	if err := s.checkIDs(all); err != nil {
		return nil, err
	}
	if _, err := io.Copy(io.Discard, all); err != nil {
		return nil, err
	}
	if !bytes.Equal(sum.Sum(nil), end[4:]) {
		return nil, damaged("is damaged: its checksum does not match")
	}
	if s.Info.Older {
		s.Info.HasIDs, s.Info.IDs = false, 0
	}
	return s, nil
}

// index reads the entries and records where they are.
func (s *Snapshot) index(all *bufio.Reader) error {
	s.fanOut = make([]int64, 1<<fanOutBits+1)
	var last, entry [entryBytes]byte
	for i := range s.Info.Entries {
		if _, err := io.ReadFull(all, entry[:]); err != nil {
			return err
		}
		if i > 0 && bytes.Compare(last[:], entry[:]) >= 0 {
			return damaged("is damaged: its entries are not in order")
		}
		s.fanOut[uint64(binary.BigEndian.Uint16(entry[:]))+1]++
		last = entry
	}
	for i := range 1 << fanOutBits {
		s.fanOut[i+1] += s.fanOut[i]
	}
	return nil
}

func (s *Snapshot) checkIDs(all *bufio.Reader) error {
	const disorder = "is damaged: its people are not in order"
	ids := bufio.NewReader(io.LimitReader(all, s.Info.IDsBytes))
	var last, record []byte
	people := int64(0)
	for {
		var err error
		if record, err = extsort.ReadRecord(ids, record); err == io.EOF {
			break
		}
		if err != nil || len(last) > 0 && bytes.Compare(last, record) >= 0 {
			return damaged(disorder)
		}
		if s.Info.Older {
			people++
		} else {
			key := keyOf(record)
			if key == nil || record[len(key)] != PersonSure && record[len(key)] != PersonUnsure && record[len(key)] != PersonPast {
				return damaged(disorder)
			}
			if !bytes.Equal(key, keyOf(last)) {
				people++
			}
		}
		last = append(last[:0], record...)
	}
	if people != s.Info.IDs {
		return damaged("is damaged: its number of people is wrong")
	}
	return nil
}

// maxPage is the most bytes of entries that are read at once to find one.
const maxPage = 64 << 10

// Has reports whether the snapshot has exactly this entry about a thing. If it has more entries about the thing, for example because two rows give a
// person different attributes, it returns false, because their order matters too.
func (s *Snapshot) Has(m Entry) (same bool, err error) {
	_, entries, err := s.At(m.About)
	for i := 0; i < len(entries); i += entryBytes {
		same = same || binary.BigEndian.Uint64(entries[i+8:]) == m.Says
	}
	return same && len(entries) == entryBytes, err
}

// At returns the entries about a thing, valid until the next call, and the index of the first of them among all entries. entries is empty if the
// snapshot does not contain the thing.
func (s *Snapshot) At(about uint64) (first int64, entries []byte, err error) {
	bucket := about >> (64 - fanOutBits)
	from, to := s.fanOut[bucket], s.fanOut[bucket+1]
	for (to-from)*entryBytes > maxPage { // more rows than the table was made for: search by halves first
		middle := from + (to-from)/2
		there, err := s.aboutAt(middle)
		if err != nil {
			return 0, nil, err
		}
		if there < about {
			from = middle + 1
		} else if there > about {
			to = middle
		} else {
			from, to = max(from, middle-maxPage/entryBytes/4), min(to, middle+maxPage/entryBytes/4)
		}
	}
	if from == to {
		return 0, nil, nil
	}
	page := s.readPage(int((to - from) * entryBytes))
	if _, err := s.file.ReadAt(page, int64(len(magic))+from*entryBytes); err != nil {
		return 0, nil, err
	}
	n := len(page) / entryBytes
	i := sort.Search(n, func(i int) bool { return binary.BigEndian.Uint64(page[i*entryBytes:]) >= about })
	end := i
	for end < n && binary.BigEndian.Uint64(page[end*entryBytes:]) == about {
		end++
	}
	return from + int64(i), page[i*entryBytes : end*entryBytes], nil
}

func (s *Snapshot) readPage(n int) []byte {
	if cap(s.page) < n {
		s.page = make([]byte, max(n, 4<<10))
	}
	return s.page[:n]
}

func (s *Snapshot) aboutAt(i int64) (uint64, error) {
	page := s.readPage(8)
	_, err := s.file.ReadAt(page, int64(len(magic))+i*entryBytes)
	return binary.BigEndian.Uint64(page), err
}

// Entries returns all entries in their order.
func (s *Snapshot) Entries() extsort.Records {
	if s == nil {
		return extsort.None{}
	}
	return &fixedRecords{r: bufio.NewReaderSize(io.NewSectionReader(s.file, int64(len(magic)), s.Info.Entries*entryBytes), extsort.BufferBytes)}
}

type fixedRecords struct {
	r   *bufio.Reader
	buf [entryBytes]byte
}

func (f *fixedRecords) Next() ([]byte, error) {
	_, err := io.ReadFull(f.r, f.buf[:])
	return f.buf[:], err
}

// People returns the records of its people in their order.
func (s *Snapshot) People() extsort.Records {
	if s == nil || s.Info.Older {
		return extsort.None{}
	}
	from := int64(len(magic)) + s.Info.Entries*entryBytes
	return &lengthRecords{r: bufio.NewReaderSize(io.NewSectionReader(s.file, from, s.Info.IDsBytes), extsort.BufferBytes)}
}

type lengthRecords struct {
	r   *bufio.Reader
	buf []byte
}

func (l *lengthRecords) Next() (_ []byte, err error) {
	l.buf, err = extsort.ReadRecord(l.r, l.buf)
	return l.buf, err
}

// Write writes a snapshot and replaces the one of that name, if there is one. It sets the counts of info. When everything is on disk under another
// name, it calls ready, and then renames the file.
func Write(name string, info Info, entries, people extsort.Records, ready func() error) (err error) {
	fresh := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".new") // always the same name, so that killed processes leave at most one file
	if err := atomicfile.Remove(fresh); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	f, err := atomicfile.Create(fresh, 0o600)
	if err != nil {
		return err
	}
	err = encode(f, info, entries, people)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = ready()
	}
	if err == nil {
		err = atomicfile.Rename(fresh, name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(fresh))
	}
	return atomicfile.SyncDir(filepath.Dir(name))
}

func encode(to io.Writer, info Info, entries, people extsort.Records) error {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(to, sum), 256<<10)
	w.WriteString(magic)
	info.Entries, info.IDs, info.IDsBytes = 0, 0, 0
	for {
		entry, err := entries.Next()
		if err == io.EOF {
			break
		}
		if err == nil && len(entry) != entryBytes {
			err = fmt.Errorf("load: an entry of a snapshot has %d bytes", len(entry))
		}
		if err != nil {
			return err
		}
		info.Entries++
		if _, err := w.Write(entry); err != nil {
			return err
		}
	}
	var last []byte
	for {
		record, err := people.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		n, err := extsort.WriteRecord(w, record)
		if err != nil {
			return err
		}
		if key := keyOf(record); !bytes.Equal(key, last) {
			info.IDs++
			last = append(last[:0], key...)
		}
		info.IDsBytes += int64(n)
	}
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	w.Write(text)
	w.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
	if err := w.Flush(); err != nil {
		return err
	}
	_, err = to.Write(sum.Sum(nil))
	return err
}
