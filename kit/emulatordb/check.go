package emulatordb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"io"
	"math"
)

// ErrDamaged says that the file is not as it was written.
var ErrDamaged = errors.New("the file is damaged")

// foreignError says that the beginning of the file is not that of a file of an
// emulator. A damaged beginning looks the same, so it is ErrDamaged too.
type foreignError struct{}

func (foreignError) Error() string {
	return "it is not a file of an emulator, or its beginning is damaged"
}
func (foreignError) Is(target error) bool { return target == ErrDamaged }

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
}

// errUnfinished says that the file was created, and the process ended before it
// wrote anything to it.
var errUnfinished = errors.New("emulatordb: the file was never finished")

// The layout of a bbolt file, in the byte order of the machine.
const (
	pageHeader  = 16 // id, flags, count, overflow
	elementSize = 16 // of both kinds of pages
	inBucket    = 16 // root, sequence
	metaSize    = 64
	metaMagic   = 0xED0CDAED
	metaVersion = 2

	branchPage   = 0x01
	leafPage     = 0x02
	metaPage     = 0x04
	freelistPage = 0x10
	bucketFlag   = 0x01

	maxDepth = 64
)

var order = binary.NativeEndian

// A file is checked completely before bbolt maps it into memory. After that, a
// missing page is a signal, a wrong page is a panic, and a free page that is in
// use loses data later. Everything reachable must be where it says it is,
// everything else must be free, and each value must have its sum.
type check struct {
	file     io.ReaderAt
	pageSize int
	high     uint64 // the first page after the last
	seen     []bool // by page
}

// checkFile returns nil, errUnfinished, or what is wrong with the file.
func checkFile(file io.ReaderAt, size int64) error {
	if size == 0 {
		return damaged("it is empty")
	}
	meta, err := findMeta(file, size)
	if err != nil {
		return err
	}
	if meta.high > uint64(size)/uint64(meta.pageSize) {
		return damaged("it is cut off at %d bytes, and should have %d pages of %d bytes", size, meta.high, meta.pageSize)
	}
	c := &check{file: file, pageSize: meta.pageSize, high: meta.high, seen: make([]bool, meta.high)}
	c.seen[0], c.seen[1] = true, true
	buckets := make(map[string][]byte)
	err = c.tree(meta.root, nil, nil, 0, func(key, value []byte, flags uint32) error {
		if flags != bucketFlag || len(value) < inBucket {
			return damaged("it contains something that is not a bucket")
		}
		buckets[string(key)] = bytes.Clone(value)
		return nil
	})
	if err != nil {
		return err
	}
	for name, value := range buckets {
		if name != string(recordsBucket) && name != string(snapshotBucket) {
			return damaged("it has a bucket of another program or version, %.20q", name)
		}
		if err := c.bucket(value); err != nil {
			return err
		}
	}
	if err := c.freelist(meta.freelist); err != nil {
		return err
	}
	for id, seen := range c.seen {
		if !seen {
			return damaged("page %d belongs to nothing", id)
		}
	}
	switch {
	case len(buckets) == 2:
		return nil
	case len(buckets) == 0 && meta.txid <= 1:
		return errUnfinished
	}
	return damaged("its state is missing")
}

type meta struct {
	pageSize                   int
	root, freelist, high, txid uint64
}

// findMeta reads both meta pages, and returns the newer one. Each transaction
// writes only one of them, so both are always complete.
func findMeta(file io.ReaderAt, size int64) (meta, error) {
	first, err := readMeta(file, 0)
	if err == nil {
		second, err := readMeta(file, int64(first.pageSize))
		switch {
		case err != nil:
			return meta{}, damaged("its second meta page is broken")
		case second.pageSize != first.pageSize || max(first.txid, second.txid)-min(first.txid, second.txid) != 1:
			return meta{}, damaged("its meta pages contradict each other")
		case second.txid > first.txid:
			return second, nil
		}
		return first, nil
	}
	for at := int64(1 << 10); at <= 64<<10 && at < size; at *= 2 {
		if second, err := readMeta(file, at); err == nil && int64(second.pageSize) == at {
			return meta{}, damaged("its first meta page is broken")
		}
	}
	return meta{}, foreignError{}
}

func readMeta(file io.ReaderAt, at int64) (meta, error) {
	page := make([]byte, pageHeader+metaSize)
	if _, err := file.ReadAt(page, at); err != nil {
		return meta{}, err
	}
	m := page[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaSize-8])
	read := meta{int(order.Uint32(m[8:])), order.Uint64(m[16:]), order.Uint64(m[32:]), order.Uint64(m[40:]), order.Uint64(m[48:])}
	switch {
	case order.Uint32(m) != metaMagic || order.Uint32(m[4:]) != metaVersion || order.Uint64(m[metaSize-8:]) != sum.Sum64():
		return meta{}, errors.New("no meta page")
	case order.Uint16(page[8:]) != metaPage || read.pageSize < 1<<10 || read.pageSize > 64<<10 || read.high < 4:
		return meta{}, errors.New("no meta page of ours")
	}
	return read, nil
}

// page reads the page and its overflow pages, and marks them as used.
func (c *check) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.high {
		return nil, damaged("it points to page %d of %d", id, c.high)
	}
	head := make([]byte, pageHeader)
	if _, err := c.file.ReadAt(head, int64(id)*int64(c.pageSize)); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	over := uint64(order.Uint32(head[12:]))
	if order.Uint64(head) != id || id+over >= c.high {
		return nil, damaged("page %d is not the page that was expected", id)
	}
	for i := id; i <= id+over; i++ {
		if c.seen[i] {
			return nil, damaged("page %d is used twice", i)
		}
		c.seen[i] = true
	}
	page := make([]byte, (over+1)*uint64(c.pageSize))
	if _, err := c.file.ReadAt(page, int64(id)*int64(c.pageSize)); err != nil {
		return nil, fmt.Errorf("read page %d: %w", id, err)
	}
	return page, nil
}

// tree walks a tree of pages. Its keys must be at least from, and below to
// unless that is nil.
func (c *check) tree(id uint64, from, to []byte, depth int, visit func(key, value []byte, flags uint32) error) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	if depth > maxDepth {
		return damaged("page %d is too deep", id)
	}
	switch order.Uint16(page[8:]) {
	case leafPage:
		return leaf(page, from, to, visit)
	case branchPage:
	default:
		return damaged("page %d is of an unexpected kind", id)
	}
	n := int(order.Uint16(page[10:]))
	if n == 0 || pageHeader+n*elementSize > len(page) {
		return damaged("page %d has a wrong number of elements: %d", id, n)
	}
	key := func(i int) []byte {
		at := pageHeader + i*elementSize
		return cut(page, at, order.Uint32(page[at:]), 0, order.Uint32(page[at+4:]))
	}
	for i := range n {
		lower, upper := key(i), to
		if i+1 < n {
			upper = key(i + 1)
		}
		if lower == nil || i+1 < n && upper == nil || bytes.Compare(lower, from) < 0 || upper != nil && bytes.Compare(lower, upper) >= 0 {
			return damaged("the keys of page %d are not in order", id)
		}
		if err := c.tree(order.Uint64(page[pageHeader+i*elementSize+8:]), lower, upper, depth+1, visit); err != nil {
			return err
		}
	}
	return nil
}

// leaf visits the elements of a leaf page.
func leaf(page, from, to []byte, visit func(key, value []byte, flags uint32) error) error {
	n := int(order.Uint16(page[10:]))
	if pageHeader+n*elementSize > len(page) {
		return damaged("a page has a wrong number of elements: %d", n)
	}
	var last []byte
	for i := range n {
		at := pageHeader + i*elementSize
		e := page[at:]
		position, keyLength, valueLength := order.Uint32(e[4:]), order.Uint32(e[8:]), order.Uint32(e[12:])
		key := cut(page, at, position, 0, keyLength)
		value := cut(page, at, position, keyLength, valueLength)
		if key == nil || value == nil || last != nil && bytes.Compare(last, key) >= 0 || bytes.Compare(key, from) < 0 || to != nil && bytes.Compare(key, to) >= 0 {
			return damaged("the keys of a page are not in order")
		}
		if err := visit(key, value, order.Uint32(e)); err != nil {
			return err
		}
		last = key
	}
	return nil
}

// cut returns n bytes that begin position+skip bytes after at, or nil if the
// page is too short.
func cut(page []byte, at int, position, skip, n uint32) []byte {
	from := uint64(at) + uint64(position) + uint64(skip)
	if to := from + uint64(n); to <= uint64(len(page)) {
		return page[from:to:to]
	}
	return nil
}

// bucket checks a bucket with its values.
func (c *check) bucket(value []byte) error {
	root, sequence := order.Uint64(value), order.Uint64(value[8:])
	next := uint64(1)
	visit := func(key, value []byte, flags uint32) error {
		if flags != 0 || !bytes.Equal(key, keyOf(next)) {
			return damaged("record %d is missing", next)
		}
		next++
		_, err := unseal(key, value)
		return err
	}
	var err error
	if root != 0 {
		err = c.tree(root, nil, nil, 0, visit)
	} else if page := value[inBucket:]; len(page) < pageHeader || order.Uint16(page[8:]) != leafPage {
		err = damaged("a small bucket has no data")
	} else {
		err = leaf(page, nil, nil, visit)
	}
	if err == nil && next != sequence+1 {
		err = damaged("its number of records is %d, and should be %d", next-1, sequence)
	}
	return err
}

// freelist checks the list of free pages, and marks them.
func (c *check) freelist(id uint64) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	ids := page[pageHeader:]
	n := uint64(order.Uint16(page[10:]))
	if n == math.MaxUint16 {
		n, ids = order.Uint64(ids), ids[8:]
	}
	if order.Uint16(page[8:]) != freelistPage || n > uint64(len(ids)/8) {
		return damaged("its list of free pages is broken")
	}
	for i := range n {
		free := order.Uint64(ids[8*i:])
		if free < 2 || free >= c.high || c.seen[free] {
			return damaged("page %d is free and in use", free)
		}
		c.seen[free] = true
	}
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// seal returns value with a checksum over it and its key.
func seal(key, value []byte) []byte {
	sum := crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, value)
	return append(binary.BigEndian.AppendUint32(make([]byte, 0, 4+len(value)), sum), value...)
}

// unseal returns the value that was sealed. It is a part of sealed.
func unseal(key, sealed []byte) ([]byte, error) {
	if len(sealed) < 4 || binary.BigEndian.Uint32(sealed) != crc32.Update(crc32.Checksum(key, castagnoli), castagnoli, sealed[4:]) {
		return nil, damaged("record %x is not as it was written", key)
	}
	return sealed[4:], nil
}

func keyOf(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
