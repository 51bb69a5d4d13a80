package source

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// The largest page that is read. The headers of pages say how much memory they need. They are checked before the decoder sees them: a damaged header
// could ask for more memory than there is. Writers make pages of about a MiB.
const (
	maxPageBytes  = 256 << 20
	maxPageValues = 64 << 20
	// pageHeaderBytes is how much is read at first to find the header of a page. maxPageHeader is the longest header: it can contain the least and
	// the greatest value.
	pageHeaderBytes = 512
	maxPageHeader   = 16 << 20
)

// eachPage reads the headers of the pages of a column in a row group. It calls f with the position, the length and the header of each page.
func eachPage(in io.ReaderAt, size int64, meta *format.ColumnMetaData, values int64, f func(at, length int64, h *format.PageHeader) error) error {
	at, length := meta.DataPageOffset, meta.TotalCompressedSize
	if meta.DictionaryPageOffset != 0 {
		at = meta.DictionaryPageOffset
	}
	if at < 0 || length < 0 || at > size || length > size-at {
		return errors.New("the pages of a column lie outside of the file")
	}
	var buf []byte
	for end := at + length; at < end; {
		h, n, err := pageHeader(in, at, end-at, &buf)
		if err != nil {
			return fmt.Errorf("the header of a page: %w", err)
		}
		count := int64(max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumRows))
		switch {
		case h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > end-at-n:
			return errors.New("a page is longer than its column")
		case h.UncompressedPageSize < 0:
			return errors.New("the header of a page gives a negative length")
		case h.UncompressedPageSize > maxPageBytes || count > values:
			return fmt.Errorf("a page has %d bytes and %d values; write the file with smaller pages", h.UncompressedPageSize, count)
		}
		if err := f(at, n, &h); err != nil {
			return err
		}
		at += n + int64(h.CompressedPageSize)
	}
	return nil
}

// pageHeader reads the header at an offset. left is how many bytes of pages are there. It returns the header's length.
func pageHeader(in io.ReaderAt, at, left int64, buf *[]byte) (h format.PageHeader, n int64, err error) {
	for size := int64(pageHeaderBytes); ; size *= 8 {
		size = min(size, left)
		if int64(cap(*buf)) < size {
			*buf = make([]byte, size)
		}
		data := (*buf)[:size]
		if _, err := in.ReadAt(data, at); err != nil && err != io.EOF {
			return h, 0, err
		}
		length, err := thriftLength(data)
		if err == errThriftEnds && size < left && size < maxPageHeader {
			continue
		}
		if err == nil {
			err = thrift.Unmarshal(new(thrift.CompactProtocol), data[:length], &h)
		}
		return h, int64(length), err
	}
}
