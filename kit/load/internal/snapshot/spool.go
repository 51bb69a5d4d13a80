package snapshot

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/ciokit/cio/kit/internal/extsort"
	"github.com/ciokit/cio/kit/internal/nameless"
)

// Spool keeps, in the order of the rows, what a run needs for its snapshot; it is sorted when the input ends. In the directory of a journal it
// remains after the process ends, and a checkpoint says how many of its bytes count. Without a journal it is a file without a name. It has
//
//	"ciospol3"
//	16 bytes  the id of the snapshot that the run began with, zeros for none
//	16 bytes  the salt
//	for each mark of a row: a byte, the mark as in a snapshot, the number of people in the row, then each after its length as a uvarint
type Spool struct {
	file     *os.File
	nameless bool
	buf      *bufio.Writer
	written  int64
	base     [16]byte
	salt     [16]byte
}

const (
	spoolMagic = "ciospol3"
	SpoolFile  = "snapshot.spool"
	spoolHead  = int64(len(spoolMagic) + 32)
)

// maxPeople bounds the people of a row, who are no more than the messages of its mapping.
const maxPeople = 1 << 12

// What happened to a row.
const (
	RowSent      byte = 'a' // and accepted
	RowUnchanged byte = 'u'
	RowLost      byte = 'l' // it was to be sent, and is not known to be accepted
	RowOthers    byte = 'o' // people who are in the input without a message; the mark is unused
	RowNameless  byte = 'n' // it is not known whom the row is about; the mark is unused
	RowEarlier   byte = 'e' // people whom a killed run made; the mark is unused
	RowSelf      byte = 'w' // people in the input whom this run made before it was killed; the mark is unused
)

// CreateSpool makes a spool in dir, with that name; without a file name if name is empty.
func CreateSpool(dir, name string, base, salt [16]byte) (*Spool, error) {
	s := &Spool{base: base, salt: salt, nameless: name == ""}
	var err error
	if s.nameless {
		s.file, err = nameless.Create(dir)
	} else {
		s.file, err = os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	}
	if err != nil {
		return nil, err
	}
	s.buf = bufio.NewWriterSize(s.file, 64<<10)
	s.buf.WriteString(spoolMagic)
	s.buf.Write(base[:])
	if _, err := s.buf.Write(salt[:]); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.written = spoolHead
	return s, nil
}

// OpenSpool opens a spool and drops everything after its first bytes.
func OpenSpool(dir, name string, bytes int64) (*Spool, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s := &Spool{file: f, written: bytes}
	fail := func(err error) (*Spool, error) { return nil, errors.Join(err, f.Close()) }
	head := make([]byte, spoolHead)
	info, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	_, err = f.ReadAt(head, 0)
	switch {
	case err == nil && string(head[:len(spoolMagic)-1]) == spoolMagic[:len(spoolMagic)-1] && string(head[:len(spoolMagic)]) != spoolMagic:
		return fail(fmt.Errorf("load: %s was left by another version of this program; resume with that version, or begin a new load with Full (--full)", f.Name()))
	case err != nil || string(head[:len(spoolMagic)]) != spoolMagic || bytes < spoolHead || info.Size() < bytes:
		return fail(fmt.Errorf("load: %s is not the file that the run left", f.Name()))
	}
	copy(s.base[:], head[len(spoolMagic):])
	copy(s.salt[:], head[len(spoolMagic)+16:])
	if err := f.Truncate(bytes); err != nil {
		return fail(err)
	}
	if _, err := f.Seek(bytes, io.SeekStart); err != nil {
		return fail(err)
	}
	s.buf = bufio.NewWriterSize(f, 64<<10)
	return s, nil
}

func (s *Spool) Add(what byte, m Entry, people []Mention) error {
	if len(people) > maxPeople || slices.ContainsFunc(people, func(n Mention) bool { return len(n.ID) > MaxID }) {
		return extsort.ErrRecord // Each could not read it
	}
	b := append(s.buf.AvailableBuffer(), what)
	b = binary.BigEndian.AppendUint64(b, m.About)
	b = binary.BigEndian.AppendUint64(b, m.Says)
	b = binary.AppendUvarint(b, uint64(len(people)))
	for i := range people {
		b = people[i].append(binary.AppendUvarint(b, uint64(9+len(people[i].ID))))
	}
	n, err := s.buf.Write(b)
	s.written += int64(n)
	return err
}

// Spooled is a row of a spool. Its people are valid until the next row.
type Spooled struct {
	What   byte
	Entry  Entry
	People []Mention
	bytes  [][]byte
}

// Each calls f for each row, in their order. Flush first if the spool was also written elsewhere.
func (s *Spool) Each(f func(*Spooled) error) error {
	if s.buf.Buffered() > 0 {
		if err := s.buf.Flush(); err != nil {
			return err
		}
	}
	r := bufio.NewReaderSize(io.NewSectionReader(s.file, spoolHead, s.written-spoolHead), 256<<10)
	var row Spooled
	var head [17]byte
	for {
		if _, err := io.ReadFull(r, head[:]); err == io.EOF {
			return nil
		} else if err != nil {
			return extsort.ErrRecord
		}
		row.What = head[0]
		row.Entry = Entry{binary.BigEndian.Uint64(head[1:]), binary.BigEndian.Uint64(head[9:])}
		n, err := binary.ReadUvarint(r)
		if err != nil || n > maxPeople {
			return extsort.ErrRecord
		}
		for uint64(len(row.bytes)) < n {
			row.bytes = append(row.bytes, nil)
		}
		row.People = row.People[:0]
		for i := range n {
			if row.bytes[i], err = extsort.ReadRecord(r, row.bytes[i]); err != nil {
				return extsort.ErrRecord
			}
			one, ok := parseMention(row.bytes[i])
			if !ok {
				return extsort.ErrRecord
			}
			row.People = append(row.People, one)
		}
		if err := f(&row); err != nil {
			return err
		}
	}
}

// Named reports whether the spool remains after the process ends.
func (s *Spool) Named() bool { return !s.nameless }

// Empty reports whether it has no row.
func (s *Spool) Empty() bool { return s.written == spoolHead }

// Written returns how many bytes it has.
func (s *Spool) Written() int64 { return s.written }

// Base returns the id of the snapshot that the run began with, zeros for none.
func (s *Spool) Base() [16]byte { return s.base }

// Salt returns the salt of the spool.
func (s *Spool) Salt() [16]byte { return s.salt }

// Flush hands the added rows to the operating system.
func (s *Spool) Flush() error { return s.buf.Flush() }

// Sync writes the flushed rows to disk.
func (s *Spool) Sync() error { return s.file.Sync() }

// Close closes the file, which remains if it has a name.
func (s *Spool) Close() error { return s.file.Close() }

// Remove removes the spool, which is not needed any more.
func (s *Spool) Remove() error {
	name := s.file.Name()
	err := s.Close()
	if !s.nameless {
		err = errors.Join(err, os.Remove(name))
	}
	return err
}
