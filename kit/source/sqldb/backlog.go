package sqldb

import (
	"context"
	"os"
	"sync"

	"github.com/ciokit/cio/kit/internal/nameless"
)

// backlogBytes is how much of the waiting rows is kept in memory.
const backlogBytes = 1 << 20

// backlog keeps pages in their order until they are wanted, so that a query can end although the rows are sent slowly. Pages that do not fit in
// memory wait in a file without a name. One goroutine puts, another takes; close can be called at the same time.
type backlog struct {
	most int64 // bytes of the file, 0 for none

	mu     sync.Mutex // guards the fields below; the file is read and written without it
	memory []*page    // older than the pages in the file
	size   int        // bytes of them
	free   []*page
	file   *os.File
	from   int64 // where the oldest page in the file begins
	to     int64 // where the last one ends
	full   bool  // the disk is full
	ended  error // why nothing more is put
	closed bool

	more, room chan struct{} // something was put, or taken
	buf        []byte        // of the page that is put
	read       page          // from the file
}

func newBacklog(most int64) *backlog {
	return &backlog{most: max(most, 0), more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// empty returns a page to be filled.
func (b *backlog) empty() *page {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.free); n > 0 {
		p := b.free[n-1]
		b.free = b.free[:n-1]
		return p
	}
	return new(page)
}

// done gives back a page that was taken.
func (b *backlog) done(p *page) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p != &b.read && len(b.free) < 2 && p.bytes() < 4*pageBytes { // a page with huge values is dropped
		b.free = append(b.free, p)
	}
}

// put adds a page, which then belongs to the backlog, and waits if there is no room. It returns false if no more pages are wanted.
func (b *backlog) put(p *page) bool {
	for {
		b.mu.Lock()
		if b.closed {
			b.mu.Unlock()
			return false
		}
		if b.from == b.to {
			b.from, b.to, b.full = 0, 0, false
			if len(b.memory) == 0 || b.size+p.bytes() <= backlogBytes {
				b.memory, b.size = append(b.memory, p), b.size+p.bytes()
				b.mu.Unlock()
				signal(b.more)
				return true
			}
		}
		try := !b.full && b.most > 0
		b.mu.Unlock()
		if try && b.write(p) {
			b.done(p)
			signal(b.more)
			return true
		}
		<-b.room
	}
}

// write writes a page to the file. It returns false if there is no room: the rows then wait for earlier ones, as they would without a file.
func (b *backlog) write(p *page) bool {
	b.buf = p.appendTo(b.buf[:0])
	end := b.to + int64(len(b.buf)) // only this goroutine sets to
	fits := end <= b.most && b.open()
	if fits {
		_, err := b.file.WriteAt(b.buf, b.to)
		fits = err == nil
	}
	if cap(b.buf) > 4*pageBytes {
		b.buf = nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full = !fits && b.from < b.to; fits {
		b.to = end
	}
	return fits
}

// open makes the file, if there is none, and reports whether there is one now.
func (b *backlog) open() bool {
	if b.file != nil {
		return true
	}
	file, err := nameless.Create("")
	if err != nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.file = file
	return !b.closed || file.Close() != nil // close has not seen this file
}

// end says that nothing more will be put.
func (b *backlog) end(why error) {
	b.mu.Lock()
	b.ended = why
	b.mu.Unlock()
	signal(b.more)
}

// take returns the oldest page, valid until the next call or done, or the reason why there is none.
func (b *backlog) take(ctx context.Context) (*page, error) {
	for {
		b.mu.Lock()
		if len(b.memory) > 0 {
			p := b.memory[0]
			b.memory = append(b.memory[:0], b.memory[1:]...)
			b.size -= p.bytes()
			b.mu.Unlock()
			signal(b.room)
			return p, nil
		}
		from, there, ended := b.from, b.from < b.to, b.ended
		b.mu.Unlock()
		switch {
		case there:
			n, err := b.read.readFrom(b.file, from)
			if err != nil {
				return nil, err
			}
			b.mu.Lock()
			b.from += n
			b.mu.Unlock()
			signal(b.room)
			return &b.read, nil
		case ended != nil:
			return nil, ended
		}
		select {
		case <-b.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// close drops the pages that wait.
func (b *backlog) close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil
	}
	b.closed = true
	signal(b.room)
	if b.file == nil {
		return nil
	}
	return b.file.Close()
}
