// Package extsort sorts any number of records in constant memory: what does not fit into memory goes to a file without a name.
package extsort

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"

	"github.com/ciokit/cio/kit/internal/nameless"
)

const (
	// sortBytes is how many bytes of records are sorted in memory at once; their index takes about as many bytes again.
	sortBytes = 4 << 20
	// sortFanIn is how many sorted runs are merged at once, each through a buffer of sortBuffer bytes.
	sortFanIn   = 64
	BufferBytes = 32 << 10
)

// Sorter sorts any number of records, which are strings of bytes, in constant memory, and returns each distinct one once. What does not fit into
// memory is written to a file without a name, so no file is left behind, however the process ends.
type Sorter struct {
	dir   string // for the file
	bytes int    // of records in memory; sortBytes except in tests
	fanIn int    // sortFanIn except in tests

	arena []byte
	index []recordAt
	file  *os.File // nil while all records are in memory
	size  int64
	runs  []span
}

// recordAt is a record in the arena. prefix is its first eight bytes as a number, which decides most comparisons.
type recordAt struct {
	prefix    uint64
	from, len uint32
}

// span is a part of a file.
type span struct{ from, to int64 }

// New returns a Sorter that keeps in dir what does not fit into memory.
func New(dir string) *Sorter { return &Sorter{dir: dir, bytes: sortBytes, fanIn: sortFanIn} }

// Add adds a record, which is copied.
func (s *Sorter) Add(record []byte) error {
	if len(s.arena)+len(record) > s.bytes && len(s.arena) > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	s.index = append(s.index, recordAt{prefixOf(record), uint32(len(s.arena)), uint32(len(record))})
	s.arena = append(s.arena, record...)
	return nil
}

func prefixOf(record []byte) uint64 {
	if len(record) >= 8 {
		return binary.BigEndian.Uint64(record)
	}
	var head [8]byte
	copy(head[:], record)
	return binary.BigEndian.Uint64(head[:])
}

func (s *Sorter) record(at recordAt) []byte { return s.arena[at.from : at.from+at.len] }

func (s *Sorter) sortMemory() {
	slices.SortFunc(s.index, func(a, b recordAt) int {
		if a.prefix != b.prefix {
			return cmp.Compare(a.prefix, b.prefix)
		}
		return bytes.Compare(s.record(a), s.record(b))
	})
}

// spill writes the records in memory to the file as a sorted run.
func (s *Sorter) spill() error {
	if s.file == nil {
		var err error
		if s.file, err = nameless.Create(s.dir); err != nil {
			return err
		}
	}
	s.sortMemory()
	w := newRunWriter(s.file, s.size)
	for _, at := range s.index {
		if err := w.write(s.record(at)); err != nil {
			return err
		}
	}
	s.arena, s.index = s.arena[:0], s.index[:0]
	return s.endRun(w)
}

func (s *Sorter) endRun(w *runWriter) error {
	if err := w.buf.Flush(); err != nil {
		return err
	}
	s.runs = append(s.runs, span{s.size, w.at})
	s.size = w.at
	return nil
}

// Sorted returns the distinct records in order. Nothing can be added afterwards.
func (s *Sorter) Sorted() (Records, error) {
	if s.file == nil {
		s.sortMemory()
		return &distinct{from: &memoryRun{s: s}}, nil
	}
	if len(s.index) > 0 {
		if err := s.spill(); err != nil {
			return nil, err
		}
	}
	s.arena, s.index = nil, nil
	for len(s.runs) > s.fanIn { // merged runs are appended after the others
		m, err := newMerge(s.file, s.runs[:s.fanIn])
		if err != nil {
			return nil, err
		}
		s.runs = s.runs[s.fanIn:]
		w := newRunWriter(s.file, s.size)
		for all := (&distinct{from: m}); ; {
			record, err := all.Next()
			if err == io.EOF {
				break
			}
			if err == nil {
				err = w.write(record)
			}
			if err != nil {
				return nil, err
			}
		}
		if err := s.endRun(w); err != nil {
			return nil, err
		}
	}
	m, err := newMerge(s.file, s.runs)
	if err != nil {
		return nil, err
	}
	return &distinct{from: m}, nil
}

// Close releases the memory and the file.
func (s *Sorter) Close() error {
	s.arena, s.index = nil, nil
	if s.file == nil {
		return nil
	}
	err := s.file.Close()
	s.file = nil
	return err
}

// Records are read one after another.
type Records interface {
	// Next returns the next record, valid until the next call, and io.EOF after the last.
	Next() ([]byte, error)
}

// None has no records.
type None struct{}

func (None) Next() ([]byte, error) { return nil, io.EOF }

// distinct leaves out records that are equal to the previous one.
type distinct struct {
	from Records
	last []byte
	any  bool
}

func (d *distinct) Next() ([]byte, error) {
	for {
		record, err := d.from.Next()
		if err != nil {
			return nil, err
		}
		if d.any && bytes.Equal(record, d.last) {
			continue
		}
		d.any = true
		d.last = append(d.last[:0], record...)
		return d.last, nil
	}
}

type memoryRun struct {
	s  *Sorter
	at int
}

func (m *memoryRun) Next() ([]byte, error) {
	if m.at == len(m.s.index) {
		return nil, io.EOF
	}
	m.at++
	return m.s.record(m.s.index[m.at-1]), nil
}

// runWriter appends records to a file, each after its length.
type runWriter struct {
	buf *bufio.Writer
	at  int64
}

func newRunWriter(f *os.File, at int64) *runWriter {
	return &runWriter{bufio.NewWriterSize(io.NewOffsetWriter(f, at), BufferBytes), at}
}

func (w *runWriter) write(record []byte) error {
	n, err := WriteRecord(w.buf, record)
	w.at += int64(n)
	return err
}

// WriteRecord writes the length of a record and the record. It returns how many bytes that took.
func WriteRecord(w *bufio.Writer, record []byte) (int, error) {
	head := binary.AppendUvarint(w.AvailableBuffer(), uint64(len(record)))
	if _, err := w.Write(head); err != nil {
		return 0, err
	}
	_, err := w.Write(record)
	return len(head) + len(record), err
}

// ErrRecord says that a record ends too early or is too long.
var ErrRecord = errors.New("a record is incomplete or too long")

// ReadRecord reads a record that WriteRecord wrote, into buf. It returns io.EOF at the end.
func ReadRecord(r *bufio.Reader, buf []byte) ([]byte, error) {
	n, err := binary.ReadUvarint(r)
	switch {
	case err == io.EOF:
		return buf[:0], io.EOF
	case err != nil || n > MaxRecord:
		return buf[:0], ErrRecord
	}
	buf = slices.Grow(buf[:0], int(n))[:n]
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf[:0], ErrRecord
	}
	return buf, nil
}

// MaxRecord bounds a record: an id fits into a message of 32,000 bytes.
const MaxRecord = 1 << 20

// merge returns the records of several sorted runs in order.
type merge struct {
	heads mergeHeap
	spent bool // the record of the first head was returned
}

type mergeHead struct {
	r      *bufio.Reader
	record []byte
}

func newMerge(f *os.File, runs []span) (*merge, error) {
	m := new(merge)
	for _, run := range runs {
		h := &mergeHead{r: bufio.NewReaderSize(io.NewSectionReader(f, run.from, run.to-run.from), BufferBytes)}
		var err error
		if h.record, err = ReadRecord(h.r, nil); err == io.EOF {
			continue
		} else if err != nil {
			return nil, err
		}
		m.heads = append(m.heads, h)
	}
	heap.Init(&m.heads)
	return m, nil
}

func (m *merge) Next() ([]byte, error) {
	if m.spent && len(m.heads) > 0 {
		h := m.heads[0]
		var err error
		if h.record, err = ReadRecord(h.r, h.record); err == io.EOF {
			heap.Pop(&m.heads)
		} else if err != nil {
			return nil, err
		} else {
			heap.Fix(&m.heads, 0)
		}
	}
	if len(m.heads) == 0 {
		return nil, io.EOF
	}
	m.spent = true
	return m.heads[0].record, nil
}

type mergeHeap []*mergeHead

func (h mergeHeap) Len() int           { return len(h) }
func (h mergeHeap) Less(i, j int) bool { return bytes.Compare(h[i].record, h[j].record) < 0 }
func (h mergeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *mergeHeap) Push(x any)        { *h = append(*h, x.(*mergeHead)) }
func (h *mergeHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
