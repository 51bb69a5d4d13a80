package source

import (
	"bytes"
	"context"
	"io"
	"sync"
)

const (
	chunkBytes  = 64 << 10
	chunksAhead = 4
)

// chunk is what one Read returned.
type chunk struct {
	data []byte
	err  error
}

// readAhead reads from r on a goroutine of its own. So a wait for input can end with a context, and the input is read while earlier rows are
// processed. The goroutine ends with the input or after close; a Read that never returns keeps it.
type readAhead struct {
	full chan chunk
	free chan []byte
	done chan struct{}
	once sync.Once
}

func newReadAhead(r io.Reader) *readAhead {
	a := &readAhead{full: make(chan chunk, chunksAhead), free: make(chan []byte, chunksAhead), done: make(chan struct{})}
	for range chunksAhead {
		a.free <- nil // made when first needed: a small input needs one
	}
	go a.run(r)
	return a
}

func (a *readAhead) run(r io.Reader) {
	empty := 0
	for {
		var buf []byte
		select {
		case buf = <-a.free:
		case <-a.done:
			return
		}
		if buf == nil {
			buf = make([]byte, chunkBytes)
		}
		n, err := r.Read(buf[:chunkBytes])
		if empty++; n > 0 {
			empty = 0
		}
		if err == nil && empty == 100 {
			err = io.ErrNoProgress
		}
		select {
		case a.full <- chunk{buf[:n], err}:
		case <-a.done:
			return
		}
		if err != nil {
			return
		}
	}
}

func (a *readAhead) close() { a.once.Do(func() { close(a.done) }) }

// window is the current part of the input: bytes that keep their position until slide or fill is called.
type window struct {
	in     *readAhead
	buf    []byte
	pos    int   // of the first unused byte
	offset int64 // of buf[0] in the input
	err    error // what ended the input: io.EOF, or why it cannot be read further
}

func newWindow(r io.Reader) window { return window{in: newReadAhead(r)} }

// rest returns the unused bytes.
func (w *window) rest() []byte { return w.buf[w.pos:] }

// used returns how many bytes of the input are used up.
func (w *window) used() int64 { return w.offset + int64(w.pos) }

// slide moves the unused bytes to the front, to make room.
func (w *window) slide() {
	if w.pos == 0 {
		return
	}
	n := copy(w.buf, w.buf[w.pos:])
	w.buf = w.buf[:n]
	w.offset += int64(w.pos)
	w.pos = 0
}

// fill appends the next chunk of the input. It waits for one until ctx ends. After the end of the input it returns w.err, once everything before has
// been appended.
func (w *window) fill(ctx context.Context) error {
	if w.err != nil {
		return w.err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case c := <-w.in.full:
		w.buf = append(w.buf, c.data...)
		w.err = c.err
		w.in.free <- c.data[:0] // never blocks: the channel has room for every buffer
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

const sqliteMagic = "SQLite format 3\x00"

// dropBOM drops a byte order mark at the beginning of the input, which is UTF-8.
func (w *window) dropBOM() {
	if bytes.HasPrefix(w.rest(), utf8BOM) {
		w.pos += len(utf8BOM)
	}
}

// head fills the window until enough returns true for its content, or the input ends.
func (w *window) head(ctx context.Context, enough func(data []byte) bool) error {
	for w.err == nil && !enough(w.rest()) {
		if err := w.fill(ctx); err != nil {
			return err
		}
	}
	if w.err != io.EOF && len(w.rest()) == 0 {
		return w.err
	}
	return nil
}
