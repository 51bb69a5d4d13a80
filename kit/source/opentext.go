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
	r, err := textOf(f, encoding)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return struct {
		io.Reader
		io.Closer
	}{r, f}, nil
}

// NewText is OpenText for what can be read once, which the caller closes.
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
