package source

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"sync/atomic"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// encodings are those that an input can have besides UTF-8.
var encodings = map[string]encoding.Encoding{
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
	"iso-8859-1":   charmap.ISO8859_1,
	"iso-8859-2":   charmap.ISO8859_2,
	"iso-8859-15":  charmap.ISO8859_15,
	"macintosh":    charmap.Macintosh,
}

// encodingOf returns nil for UTF-8.
func encodingOf(name string) (encoding.Encoding, error) {
	name = strings.ToLower(name)
	if name == "" || name == "utf-8" || name == "utf8" {
		return nil, nil
	}
	if e, ok := encodings[strings.Replace(name, "cp125", "windows-125", 1)]; ok {
		return e, nil
	}
	return nil, fmt.Errorf("source: the encoding %q is not known; give utf-8, utf-16, utf-16le, utf-16be, windows-1250 to windows-1252, iso-8859-1, iso-8859-2, iso-8859-15 or macintosh", name)
}

// decoder reads an input that may be compressed, which its first bytes tell, and that may be in another encoding. Nothing is read before
// the first Read.
type decoder struct {
	src      *bufio.Reader
	encoding encoding.Encoding // nil for UTF-8
	r        io.Reader         // nil before the first Read
	consumed atomic.Int64      // bytes of the input as it came
	packed   atomic.Bool       // what is read are other bytes than those
	sum      *sum              // of the input as it came
}

func newDecoder(r io.Reader, e encoding.Encoding) *decoder {
	d := &decoder{encoding: e, sum: newSum()}
	d.src = bufio.NewReaderSize(countingReader{r, &d.consumed, d.sum}, chunkBytes)
	d.packed.Store(e != nil)
	return d
}

type countingReader struct {
	r io.Reader
	n *atomic.Int64
	s *sum
}

func (c countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	c.s.add(p[:n], err == io.EOF)
	return n, err
}

func (d *decoder) Read(p []byte) (int, error) {
	if d.r == nil {
		if err := d.begin(); err != nil {
			return 0, err
		}
	}
	return d.r.Read(p)
}

func (d *decoder) begin() error {
	head, _ := d.src.Peek(4) // an error comes again when the bytes have been read
	var r io.Reader = d.src
	switch {
	case strings.HasPrefix(string(head), "\x1f\x8b"):
		d.packed.Store(true)
		unzipped, err := gzip.NewReader(d.src)
		if err != nil {
			return &FormatError{Problem: "the input begins like gzip and cannot be read as that: " + err.Error(), Hint: "is it whole? check it with gzip -t"}
		}
		r = unzipped
	case string(head) == "\x28\xb5\x2f\xfd":
		d.packed.Store(true)
		unzipped, err := zstd.NewReader(d.src, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return &FormatError{Problem: "the input begins like zstd and cannot be read as that: " + err.Error(), Hint: "is it whole? check it with zstd -t"}
		}
		r = unzipped // with a concurrency of 1 it has nothing to close
	}
	if d.encoding != nil {
		text := bufio.NewReaderSize(r, chunkBytes)
		if r = text; !rejectsInUTF8(text) {
			r = transform.NewReader(text, d.encoding.NewDecoder())
		}
	}
	d.r = r
	return nil
}

// maxWindow bounds the memory that a zstd file can ask for: the window of zstd --ultra -22 without --long.
const maxWindow = 128 << 20

// uncompressedName returns the name of a compressed file without the ending that says so.
func uncompressedName(name string) string {
	for _, ext := range []string{".gz", ".gzip", ".zst", ".zstd"} {
		if cut, ok := strings.CutSuffix(strings.ToLower(name), ext); ok {
			return cut
		}
	}
	return name
}
