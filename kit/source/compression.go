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

// compression is a way to compress an input, told by its first bytes.
type compression struct {
	name   string
	begins func(head []byte) bool
	open   func(*bufio.Reader) (io.Reader, error)
	check  string // a command that tells whether a file is whole
	unpack string // and one that unpacks it, however much memory that takes
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

// beginsZstd takes the frames that decoders skip too, with which some programs begin.
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
	// With a concurrency of 1 it has nothing to close.
	return zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
}

// maxWindow bounds the memory that any part of a compressed file can ask for: the window of zstd --ultra -22 without --long, twice that of xz -9.
const maxWindow = 128 << 20

func openXz(r *bufio.Reader) (io.Reader, error) { return xz.NewReader(r, maxWindow) }

// gzipMembers reads the members of a gzip file, behind which there may be zeros, as on tapes, and nothing else.
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
			return n, nil // the end comes again
		}
		if err := g.next(); err != nil {
			return 0, err
		}
	}
}

var errBehind = errors.New("there is something behind its end that is none of it")

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

// noEnd makes an error of an end where there should be none.
func noEnd(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// unpacking names the compression in errors of reading.
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
	return n, fmt.Errorf("source: the input is compressed by %s and cannot be read on: %s; %s", u.c.name, problem, hint)
}

// why says what keeps an input from being unpacked, and what to do.
func (c *compression) why(err error) (problem, hint string) {
	switch {
	case errors.Is(err, xz.ErrMemlimit), errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Sprintf("it needs more than %d MiB of memory to be unpacked", maxWindow>>20), "unpack it first, with " + c.unpack
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, xz.ErrBuf):
		problem = "it is cut off"
	default:
		problem = err.Error()
	}
	return problem, "is it whole? check it with " + c.check
}

// maxPackings bounds how often an input can be compressed, one over the other. Servers and browsers make two of one.
const maxPackings = 3

// unpack returns what a reader has when it is decompressed, and by what it was compressed.
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
				return nil, names, &FormatError{Problem: fmt.Sprintf("the input is compressed more than %d times, one over the other", maxPackings), Hint: "unpack it first"}
			}
			plain, err := c.open(r)
			if err != nil {
				problem, hint := c.why(noEnd(err))
				return nil, names, &FormatError{Problem: fmt.Sprintf("the input begins like %s and cannot be read as that: %s", c.name, problem), Hint: hint}
			}
			names = append(names, c.name)
			r = bufio.NewReaderSize(unpacking{plain, c}, chunkBytes)
			continue search
		}
		return r, names, foreign(head)
	}
}

// headOf returns the beginning of what is read, as much of it as comes at once. An error comes again when it has been read.
func headOf(r *bufio.Reader) []byte {
	const longest = 10 // of the beginnings that tell a compression
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

// headBytes is how much of an input tells what it is.
const headBytes = 4 << 10

// mayGoOn reports whether the first bytes of an input may be those of something that only more bytes tell. Those of most text may not, so that
// nobody has to wait for more of it.
func mayGoOn(head []byte) bool {
	switch c := head[0]; {
	case c == 0x1f, c&0xf0 == 0x50, c == 0x28, c == 'B', c == 0xfd:
		return true
	}
	return len(head) < 4
}

// uncompressedName returns the name of a file, in lower case, without the endings that compression, and programs that keep several, have put
// behind it.
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
