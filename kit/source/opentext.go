package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
)

// OpenText opens a text file as UTF-8: decompressed, without a byte order mark, and converted. encoding is one of those of Config.Encoding; empty
// means the one of the byte order mark, or UTF-8 without a mark. Bytes that are not valid in an encoding other than UTF-8 become U+FFFD; UTF-8 is not
// checked.
func OpenText(name, encoding string) (io.ReadCloser, error) {
	if _, err := encodingOf(encoding); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := textOf(f, encoding)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// NewText is OpenText for an input that can be read only once. The caller closes it.
func NewText(r io.Reader, encoding string) (io.Reader, error) {
	if _, err := encodingOf(encoding); err != nil {
		return nil, err
	}
	return textOf(r, encoding)
}

func textOf(in io.Reader, encoding string) (io.Reader, error) {
	r := bufio.NewReader(newDecoder(in, encoding))
	head, err := r.Peek(3)
	if err != nil && err != io.EOF {
		return nil, err
	}
	if bytes.Equal(head, utf8BOM) {
		r.Discard(len(head)) // never fails: it was there
	}
	return r, nil
}
