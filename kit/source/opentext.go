package source

import (
	"bufio"
	"errors"
	"io"
	"os"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// OpenText opens a text file as the bytes that it holds in UTF-8: decompressed, without a byte order mark, and converted. encoding is one of
// those of Config.Encoding; empty is what the byte order mark says, and UTF-8 without one. What is not valid in another encoding becomes
// U+FFFD; UTF-8 is not checked.
func OpenText(name, encoding string) (io.ReadCloser, error) {
	e, err := encodingOf(encoding)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(newDecoder(f, e))
	head, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return nil, errors.Join(err, f.Close())
	}
	var plain io.Reader = r
	if mark := markOf(head); mark != nil && e == nil {
		plain = transform.NewReader(r, mark.NewDecoder())
	} else if string(head) == "\xef\xbb\xbf" {
		r.Discard(len(head)) // never fails: it was there
	}
	return struct {
		io.Reader
		io.Closer
	}{plain, f}, nil
}

// markOf returns the encoding that a byte order mark says, nil for none and for that of UTF-8.
func markOf(head []byte) encoding.Encoding {
	if len(head) >= 2 && (head[0] == 0xff && head[1] == 0xfe || head[0] == 0xfe && head[1] == 0xff) {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM)
	}
	return nil
}
