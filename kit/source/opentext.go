package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
)

// OpenText opens a text file as the bytes that it holds in UTF-8: decompressed, without a byte order mark, and converted. encoding is one of
// those of Config.Encoding; empty is what the byte order mark says, and UTF-8 without one. What is not valid in another encoding becomes
// U+FFFD; UTF-8 is not checked.
func OpenText(name, encoding string) (io.ReadCloser, error) {
	if _, err := encodingOf(encoding); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r := bufio.NewReader(newDecoder(f, encoding))
	head, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return nil, errors.Join(err, f.Close())
	}
	if bytes.Equal(head, utf8BOM) {
		r.Discard(len(head)) // never fails: it was there
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}
