package source

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// compression is a way to compress an input, recognized by its first bytes.
type compression struct {
	name   string
	begins func(head []byte) bool
	open   func(*bufio.Reader) (io.Reader, error)
	check  string // a command that checks whether a file is complete
	unpack string // and one that unpacks it, however much memory that needs
}

var compressions = []compression{
	{"gzip", begins("\x1f\x8b"), openGzip, "gzip -t", "gzip -d"},
	{"zstd", beginsZstd, openZstd, "zstd -t", "zstd -d --memory=2048MB"},
	{"bzip2", beginsBzip2, func(r *bufio.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }, "bzip2 -t", "bzip2 -d"},
	{"xz", begins("\xfd7zXZ\x00"), openXz, "xz -t", "xz -d"},
}

func begins(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

// beginsZstd also accepts skippable frames, which decoders ignore: some programs write one first.
func beginsZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) || len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18"
}

func beginsBzip2(head []byte) bool {
	if len(head) < 10 || string(head[:3]) != "BZh" || head[3] < '1' || head[3] > '9' {
		return false
	}
	block := string(head[4:10])
	return block == "\x31\x41\x59\x26\x53\x59" || block == "\x17\x72\x45\x38\x50\x90"
}

func openZstd(r *bufio.Reader) (io.Reader, error) {
	// With a concurrency of 1 there is nothing to close.
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// maxWindow bounds the memory that any part of a compressed file can ask for. It is the window of zstd --ultra -22 without --long, and twice that of
// xz -9.
const maxWindow = 128 << 20

func openXz(r *bufio.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }

// gzipMembers reads the members of a gzip file. Only zeros may follow them, as on tapes.
type gzipMembers struct {
	src *bufio.Reader
	z   *gzip.Reader
}

func openGzip(r *bufio.Reader) (io.Reader, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipMembers{r, z}, nil
}

func (g *gzipMembers) Read(p []byte) (int, error) {
	for {
		n, err := g.z.Read(p)
		if err != io.EOF {
			return n, err
		}
		if n > 0 {
			return n, nil // the end is reported again
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

var errBehind = errors.New("other data follows its end")

// next begins the next member. It returns io.EOF if there is none.
func (g *gzipMembers) next() error {
	head, err := g.src.Peek(2)
	switch {
	case len(head) == 0:
		return err
	case head[0] != 0:
		if !bytes.HasPrefix(head, []byte("\x1f\x8b")) {
			return errBehind
		}
		if err := g.z.Reset(g.src); err != nil {
			return noEnd(err)
		}
		g.z.Multistream(false)
		return nil
	}
	for {
		c, err := g.src.ReadByte()
		if err != nil {
			return err
		}
		if c != 0 {
			return errBehind
		}
	}
}

// noEnd turns io.EOF into an error, for places where the input cannot end.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// unpacking adds the compression to read errors.
type unpacking struct {
	r io.Reader
	c *compression
}

func (u unpacking) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err == nil || err == io.EOF {
		return n, err
	}
	problem, hint := u.c.why(err)
	return n, fmt.Errorf("source: the input is compressed by %s and cannot be read further: %s; %s", u.c.name, problem, hint)
}

// why says why an input cannot be unpacked, and what to do.
func (c *compression) why(err error) (problem, hint string) {
	switch {
	case errors.Is(err, xz.ErrMemlimit), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Sprintf("it needs more than %d MiB of memory to be unpacked", maxWindow>>20), "unpack it first, with " + c.unpack
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, xz.ErrBuf):
		problem = "it is cut off"
	default:
		problem = err.Error()
	}
	return problem, "is it complete? check it with " + c.check
}

// maxPackings bounds how often an input can be compressed, one compression over the other. Servers and browsers sometimes compress twice.
const maxPackings = 3

// unpack returns the decompressed input, and the names of its compressions.
func unpack(r *bufio.Reader) (*bufio.Reader, []string, error) {
	var names []string
search:
	for {
		head := headOf(r)
		for i := range compressions {
			c := &compressions[i]
			if !c.begins(head) {
				continue
			}
			if len(names) == maxPackings {
				return nil, names, &FormatError{Problem: fmt.Sprintf("the input is compressed more than %d times", maxPackings), Hint: "unpack it first"}
			}
			plain, err := c.open(r)
			if err != nil {
				problem, hint := c.why(noEnd(err))
				return nil, names, &FormatError{Problem: fmt.Sprintf("the input begins like %s but cannot be read as that: %s", c.name, problem), Hint: hint}
			}
			names = append(names, c.name)
			r = bufio.NewReaderSize(unpacking{plain, c}, chunkBytes)
			continue search
		}
		return r, names, foreign(head)
	}
}

// headOf returns the beginning of the input, as much as one read gives. An error is reported again by a later read.
func headOf(r *bufio.Reader) []byte {
	const longest = 10 // of the beginnings that identify a compression
	for r.Buffered() < longest {
		if head, _ := r.Peek(r.Buffered()); len(head) > 0 && !mayGoOn(head) {
			break
		}
		if _, err := r.Peek(r.Buffered() + 1); err != nil {
			break
		}
	}
	head, _ := r.Peek(min(r.Buffered(), headBytes))
	return head
}

// headBytes is how much of an input decides what it is.
const headBytes = 4 << 10

// mayGoOn reports whether more bytes are needed to decide what the input is. That is false for most text, so that nobody has to wait for more of it.
func mayGoOn(head []byte) bool {
	switch c := head[0]; {
	case c == 0x1f, c&0xf0 == 0x50, c == 0x28, c == 'B', c == 0xfd:
		return true
	}
	return len(head) < 4
}

// uncompressedName returns the name of a file in lower case, without the extensions of compression programs and of programs that keep several
// versions.
func uncompressedName(name string) string {
	name = strings.ToLower(name)
	for {
		ext := filepath.Ext(name)
		switch ext {
		case ".gz", ".gzip", ".z", ".zst", ".zstd", ".bz2", ".bz", ".bzip2", ".xz", ".zip":
		default:
			if ext == "" || ext == "." || strings.Trim(ext[1:], "0123456789") != "" {
				return name
			}
		}
		name = strings.TrimSuffix(name, ext)
	}
}
