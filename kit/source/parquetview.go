package source

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sort"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
	"github.com/pierrec/lz4/v4"
)

// parquetView is a Parquet file as it would be without compression, for the decoder of the format. It exists because parquet-go 0.32.0 drops the data
// of a page that its codec decompresses into a buffer of its own (its issue 608), uses the codec of the first row group for all of them, and lets
// damaged pages ask for any amount of memory. The view leaves all bytes of the file at their positions. Behind them, each compressed column of a row
// group has a range of its own, with the pages for which show was called. The description of the view follows the ranges.
type parquetView struct {
	in   io.ReaderAt
	size int64               // of in
	meta format.FileMetaData // of in

	levels []levels // of each leaf
	ranges int64    // how many there are
	first  []int64  // the number of each row group's first range
	end    []byte   // the description, its length, and the magic

	mu     sync.Mutex
	shown  map[int64]*pageRange // by the number of the range
	loaded pageRef              // the page in the field page
	page   []byte
	raw    []byte // as in the file
	zstd   *zstd.Decoder
}

// maxZstdWindow is the largest window of zstd; its own command makes none larger.
const maxZstdWindow = 128 << 20

// rangeBytes is the size of a range. No column of a row group is as large.
const rangeBytes = 1 << 40

// pageRange is the pages of a column in a row group.
type pageRange struct {
	codec   format.CompressionCodec
	numbers *levels // set for a column of INT32, whose pages are narrowed; otherwise nil
	pages   []pageRef
}

// pageRef is the position of a page.
type pageRef struct {
	at     int64 // in the view
	size   int64 // there
	from   int64 // in the file
	header int64 // bytes of its header in the file
}

// newParquetView returns the view of a file with this description.
func newParquetView(in io.ReaderAt, size int64, description []byte) (*parquetView, error) {
	v := &parquetView{in: in, size: size, shown: make(map[int64]*pageRange)}
	protocol := new(thrift.CompactProtocol)
	if err := thrift.Unmarshal(protocol, description, &v.meta); err != nil {
		return nil, err
	}
	var meta format.FileMetaData
	if err := thrift.Unmarshal(protocol, description, &meta); err != nil {
		return nil, err
	}
	v.levels = levelsOf(v.meta.Schema)
	for g := range meta.RowGroups {
		v.first = append(v.first, v.ranges)
		for c := range meta.RowGroups[g].Columns {
			if !v.compressed(g, c) {
				continue
			}
			m, at := &meta.RowGroups[g].Columns[c].MetaData, v.rangeStart(v.ranges)
			m.Codec, m.TotalCompressedSize, m.DataPageOffset = format.Uncompressed, rangeBytes, at
			if m.DictionaryPageOffset != 0 {
				m.DictionaryPageOffset = at
			}
			v.ranges++
		}
	}
	if v.ranges >= 1<<21 {
		return nil, errors.New("it has too many row groups")
	}
	text, err := thrift.Marshal(protocol, &meta)
	if err != nil {
		return nil, err
	}
	v.end = append(binary.LittleEndian.AppendUint32(text, uint32(len(text))), parquetMagic...)
	return v, nil
}

func (v *parquetView) rangeStart(n int64) int64 { return v.size + n*rangeBytes }

// Size is how long the view is.
func (v *parquetView) Size() int64 { return v.rangeStart(v.ranges) + int64(len(v.end)) }

// show reads the headers of the pages of a column in a row group and makes the pages readable. values is the most values that a page may have. Ranges
// of other row groups that were shown before are removed.
func (v *parquetView) show(group, column int, values int64) error {
	meta := &v.meta.RowGroups[group].Columns[column].MetaData
	n, compressed := v.rangeOf(group, column)
	r := &pageRange{codec: meta.Codec}
	if meta.Type == format.Int32 && column < len(v.levels) {
		r.numbers = &v.levels[column]
	}
	err := eachPage(v.in, v.size, meta, values, func(at, length int64, h *format.PageHeader) error {
		if !compressed {
			return nil
		}
		header, err := openHeader(h)
		if err != nil {
			return err
		}
		ref := pageRef{at: v.rangeStart(n), size: int64(len(header)) + int64(h.UncompressedPageSize), from: at, header: length}
		if k := len(r.pages); k > 0 {
			ref.at = r.pages[k-1].at + r.pages[k-1].size
		}
		if ref.at+ref.size > v.rangeStart(n+1) {
			return errors.New("a column of a row group is too large")
		}
		r.pages = append(r.pages, ref)
		return nil
	})
	if err != nil || !compressed {
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.shown[n] = r
	return nil
}

// hide makes all ranges unreadable.
func (v *parquetView) hide() {
	v.mu.Lock()
	defer v.mu.Unlock()
	clear(v.shown)
}

// rangeOf returns the number of a column's range in a row group, and whether it has one.
func (v *parquetView) rangeOf(group, column int) (n int64, compressed bool) {
	n = v.first[group]
	for c := range column {
		if v.compressed(group, c) {
			n++
		}
	}
	return n, v.compressed(group, column)
}

// compressed reports whether the view has other pages than the file for a column in a row group: because of their codec, or because they may contain
// wide deltas.
func (v *parquetView) compressed(group, column int) bool {
	m := &v.meta.RowGroups[group].Columns[column].MetaData
	return m.Codec != format.Uncompressed || m.Type == format.Int32
}

// openHeader returns the header of the page without compression.
func openHeader(h *format.PageHeader) ([]byte, error) {
	open := *h
	open.CompressedPageSize, open.CRC = open.UncompressedPageSize, 0
	return thrift.Marshal(new(thrift.CompactProtocol), &open)
}

// ReadAt implements io.ReaderAt.
func (v *parquetView) ReadAt(p []byte, off int64) (n int, err error) {
	if off < v.size {
		n, err := v.in.ReadAt(p[:min(int64(len(p)), v.size-off)], off)
		if err == nil && n < len(p) {
			err = io.EOF
		}
		return n, err
	}
	if end := v.rangeStart(v.ranges); off >= end {
		if off-end < int64(len(v.end)) {
			n = copy(p, v.end[off-end:])
		}
		if n < len(p) {
			err = io.EOF
		}
		return n, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	r := v.shown[(off-v.size)/rangeBytes]
	if r == nil {
		return 0, errNotShown
	}
	for n < len(p) {
		i := sort.Search(len(r.pages), func(i int) bool { return r.pages[i].at+r.pages[i].size > off })
		if i == len(r.pages) {
			return n, io.EOF
		}
		if err := v.load(r, r.pages[i]); err != nil {
			return n, err
		}
		k := copy(p[n:], v.page[off-r.pages[i].at:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

var errNotShown = errors.New("a column is read that was not shown")

// load reads a page and decompresses it.
func (v *parquetView) load(r *pageRange, ref pageRef) error {
	codec := r.codec
	if v.loaded == ref {
		return nil
	}
	v.loaded = pageRef{}
	var err error
	if v.raw, err = readFull(v.in, v.raw, ref.from, ref.header); err != nil {
		return err
	}
	var h format.PageHeader
	if err := thrift.Unmarshal(new(thrift.CompactProtocol), v.raw, &h); err != nil {
		return err
	}
	header, err := openHeader(&h)
	if err != nil {
		return err
	}
	if v.raw, err = readFull(v.in, v.raw, ref.from+ref.header, int64(h.CompressedPageSize)); err != nil {
		return err
	}
	if h.CRC != 0 && crc32.ChecksumIEEE(v.raw) != uint32(h.CRC) {
		return errors.New("the checksum of a page is wrong")
	}
	size := int64(h.UncompressedPageSize)
	if ref.size != int64(len(header))+size {
		return errors.New("the header of a page has changed")
	}
	v.page = append(sized(v.page, ref.size)[:0], header...)
	plain, rest := v.page[len(header):ref.size], v.raw
	v.page = v.page[:ref.size]
	if h.DataPageHeaderV2.Valid { // the levels are never compressed
		v2 := &h.DataPageHeaderV2.V
		levels := int64(v2.DefinitionLevelsByteLength) + int64(v2.RepetitionLevelsByteLength)
		if v2.DefinitionLevelsByteLength < 0 || v2.RepetitionLevelsByteLength < 0 || levels > int64(len(rest)) || levels > size {
			return errPageSize
		}
		copy(plain, rest[:levels])
		plain, rest = plain[levels:], rest[levels:]
		if v2.IsCompressed.Valid && !v2.IsCompressed.V {
			codec = format.Uncompressed
		}
	}
	if err := v.decompress(codec, plain, rest); err != nil {
		return fmt.Errorf("a page compressed with %v: %w", codec, err)
	}
	if r.numbers != nil {
		if err := narrowPage(&h, r.numbers, plain); err != nil {
			return err
		}
	}
	v.loaded = ref
	return nil
}

var errPageSize = errors.New("it does not contain as many bytes as its header says")

// decompress fills dst, which has the length that the page gives. It needs no more memory than that, except for the work of the codec.
func (v *parquetView) decompress(codec format.CompressionCodec, dst, src []byte) error {
	if len(dst) == 0 {
		return nil // an empty page may have no data to decompress
	}
	switch codec {
	case format.Uncompressed:
		if len(dst) != len(src) {
			return errPageSize
		}
		copy(dst, src)
		return nil
	case format.Snappy:
		if n, err := snappy.DecodedLen(src); err != nil || n != len(dst) {
			return errors.Join(err, errPageSize)
		}
		_, err := snappy.Decode(dst, src)
		return err
	case format.Lz4Raw:
		n, err := lz4.UncompressBlock(src, dst)
		if err == nil && n != len(dst) {
			err = errPageSize
		}
		return err
	case format.Gzip:
		r, err := gzip.NewReader(bytes.NewReader(src))
		if err != nil {
			return err
		}
		return fill(dst, r)
	case format.Brotli:
		return fill(dst, brotli.NewReader(bytes.NewReader(src)))
	case format.Zstd:
		if v.zstd == nil {
			v.zstd, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxPageBytes), zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderLowmem(true)) // options are never wrong
		}
		if err := v.zstd.Reset(bytes.NewReader(src)); err != nil {
			return err
		}
		return fill(dst, v.zstd)
	}
	return errors.New("this compression is not read; write the file with ZSTD or SNAPPY")
}

// fill reads as much as dst can contain. Less data is an error.
func fill(dst []byte, r io.Reader) error {
	if _, err := io.ReadFull(r, dst); err != nil {
		if err == io.EOF || err == io.ErrUnexpectedEOF {
			err = errPageSize
		}
		return err
	}
	var more [1]byte
	if n, err := io.ReadFull(r, more[:]); n > 0 {
		return errPageSize
	} else if err != io.EOF {
		return err
	}
	return nil
}

// readFull reads n bytes, into buf if they fit.
func readFull(in io.ReaderAt, buf []byte, at, n int64) ([]byte, error) {
	buf = sized(buf, n)
	if got, err := in.ReadAt(buf, at); got < len(buf) {
		return buf, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return buf, nil
}

// sized returns buf or another one with n bytes.
func sized(buf []byte, n int64) []byte {
	if int64(cap(buf)) < n {
		return make([]byte, n)
	}
	return buf[:n]
}
