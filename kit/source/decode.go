package source

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ciokit/cio/kit/internal/spelling"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
	"golang.org/x/text/transform"
)

// encodings are the encodings that an input can have besides UTF-8.
var encodings = map[string]encoding.Encoding{
	"utf-16":       unicode.UTF16(unicode.LittleEndian, unicode.UseBOM),
	"utf-16le":     unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM),
	"utf-16be":     unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM),
	"utf-32":       utf32.UTF32(utf32.LittleEndian, utf32.UseBOM),
	"utf-32le":     utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM),
	"utf-32be":     utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM),
	"windows-1250": charmap.Windows1250,
	"windows-1251": charmap.Windows1251,
	"windows-1252": charmap.Windows1252,
	"windows-1253": charmap.Windows1253,
	"windows-1254": charmap.Windows1254,
	"windows-1257": charmap.Windows1257,
	"koi8-r":       charmap.KOI8R,
	"cp866":        charmap.CodePage866,
	"ibm850":       charmap.CodePage850,
	"ibm437":       charmap.CodePage437,
	"shift_jis":    japanese.ShiftJIS,
	"euc-jp":       japanese.EUCJP,
	"gb18030":      simplifiedchinese.GB18030,
	"gbk":          simplifiedchinese.GBK,
	"big5":         traditionalchinese.Big5,
	"euc-kr":       korean.EUCKR,
	"iso-8859-1":   charmap.ISO8859_1,
	"iso-8859-2":   charmap.ISO8859_2,
	"iso-8859-15":  charmap.ISO8859_15,
	"macintosh":    charmap.Macintosh,
}

// encodingOf returns nil for UTF-8.
func encodingOf(name string) (encoding.Encoding, error) {
	known := encodingName(name)
	if known == "" || known == "utf-8" {
		return nil, nil
	}
	if e, ok := encodings[known]; ok {
		return e, nil
	}
	return nil, fmt.Errorf("source: the encoding %q is not known; give utf-8, utf-16, utf-16le, utf-16be, utf-32, utf-32le, utf-32be, windows-1250 to windows-1254, windows-1257, iso-8859-1, iso-8859-2, iso-8859-15, macintosh, koi8-r, cp866, ibm437, ibm850, shift_jis, euc-jp, gbk, gb18030, big5 or euc-kr%s", name, nearEncoding(known))
}

// nearEncoding suggests the encoding with the nearest name.
func nearEncoding(name string) string {
	if page, ok := strings.CutPrefix(spelling.Fold(name), "win125"); ok && encodings["windows-125"+page] != nil {
		return "; did you mean windows-125" + page + "?"
	}
	for _, alias := range []struct{ word, name string }{{"latin1", "iso-8859-1"}, {"latin2", "iso-8859-2"}, {"latin9", "iso-8859-15"}, {"ansi", "windows-1252"}, {"sjis", "shift_jis"}} {
		if spelling.Fold(name) == alias.word {
			return "; did you mean " + alias.name + "?"
		}
	}
	if near := spelling.Nearest(name, append(slices.Sorted(maps.Keys(encodings)), "utf-8")); near != "" {
		return "; did you mean " + near + "?"
	}
	return ""
}

// encodingName returns the name of an encoding as it is in encodings.
func encodingName(name string) string {
	name = strings.Replace(strings.ToLower(name), "cp125", "windows-125", 1)
	if name == "utf8" {
		return "utf-8"
	}
	return name
}

// decoder reads an input that may be compressed and that may have another encoding. Its first bytes show the compression; the caller or a byte order
// mark gives the encoding. Nothing is read before the first Read.
type decoder struct {
	src      *bufio.Reader
	given    string       // the encoding, empty if the caller gave none
	r        io.Reader    // nil before the first Read
	consumed atomic.Int64 // the bytes that are read are not the bytes of the input
	packed   atomic.Bool  // what is read are other bytes than those
	// compression names the compressions, the outermost first; nil if there are none, or before the first Read.
	compression atomic.Pointer[string]
	// encoding is the encoding in which the input is read; nil before the first Read.
	encoding atomic.Pointer[string]
	sum      *sum // of the input as it came
	zipped   bool // it is the file in a ZIP archive
}

// newDecoder returns a decoder for an encoding that encodingOf knows.
func newDecoder(r io.Reader, encoding string) *decoder {
	d := &decoder{given: encoding, sum: newSum()}
	d.src = bufio.NewReaderSize(countingReader{r, &d.consumed, d.sum}, chunkBytes)
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
	plain, names, err := unpack(d.src)
	if len(names) > 0 {
		d.packed.Store(true)
		by := strings.Join(names, ", ")
		d.compression.Store(&by)
	}
	if err != nil {
		return err
	}
	name := "utf-8"
	given, err := encodingOf(d.given)
	if err != nil {
		return err
	}
	if given == nil || !rejectsInUTF8(plain) {
		if name, err = marked(headOfText(plain), d.given); err != nil {
			return err
		}
	}
	e, err := encodingOf(name)
	if err != nil {
		return err
	}
	d.encoding.Store(&name)
	d.r = plain
	if e != nil {
		d.packed.Store(true)
		d.r = transform.NewReader(plain, e.NewDecoder())
	}
	return nil
}

// compressed names the compression, if it is known yet.
func (d *decoder) compressed() string {
	by := ""
	if d.zipped {
		by = "zip"
	}
	if inner := d.compression.Load(); inner != nil {
		by = strings.TrimPrefix(by+", "+*inner, ", ")
	}
	return by
}
