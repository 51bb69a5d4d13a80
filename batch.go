package cio

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"sync"
	"time"
	"unsafe"

	"github.com/ciokit/cio/internal/wire"
)

// batch is a buffer of messages in the form in which they are posted: the beginning of the envelope, then the messages with their commas.
// The buffer is a complete body and need not be copied.
type batch struct {
	data    []byte
	entries []entry
	opened  time.Time // when the first message came
	first   uint64    // how many messages the lane got before
	inUse   bool      // a transport has not closed a body that may be data
	next    int       // the first message that has no outcome yet
	done    []bool    // which have an outcome behind it; nil for nothing
}

// entry says where a message ends and where its id is.
type entry struct {
	end            uint32
	idStart, idLen uint16 // from the message's beginning, of an id without escapes; otherwise 0
	tag            uint64
}

const entrySize = int(unsafe.Sizeof(entry{}))

func (b *batch) reset() {
	b.data = append(b.data[:0], batchOpen...)
	b.entries = b.entries[:0]
	b.next, b.done, b.inUse = 0, nil, false
}

// finish notes that messages have their outcome.
func (b *batch) finish(lo, hi int) {
	if b.done == nil && lo == b.next {
		b.next = hi
		return
	}
	if b.done == nil {
		b.done = make([]bool, len(b.entries))
	}
	for i := lo; i < hi; i++ {
		b.done[i] = true
	}
	for b.next < len(b.entries) && b.done[b.next] {
		b.next++
	}
}

// finished reports whether a message is.
func (b *batch) finished(i int) bool { return i < b.next || b.done != nil && b.done[i] }

// fits reports whether n more bytes of a message are within the limit.
func (b *batch) fits(n, maxBytes, maxMessages int) bool {
	if len(b.entries) == 0 {
		return true
	}
	return len(b.data)+1+n+len(batchClose) <= maxBytes && len(b.entries) < maxMessages
}

func (b *batch) add(data []byte, h *header) {
	if len(b.entries) == 0 {
		b.opened = time.Now()
	} else {
		b.data = append(b.data, ',')
	}
	e := entry{tag: h.tag}
	e.idStart, e.idLen = h.plainID(data)
	b.data = append(b.data, data...)
	e.end = uint32(len(b.data))
	b.entries = append(b.entries, e)
}

// seal ends the envelope. Nothing is added afterwards.
func (b *batch) seal() { b.data = append(b.data, batchClose...) }

func (b *batch) start(i int) int {
	if i == 0 {
		return len(batchOpen)
	}
	return int(b.entries[i-1].end) + 1
}

func (b *batch) message(i int) []byte { return b.data[b.start(i):b.entries[i].end] }

func (b *batch) id(i int) string {
	m, e := b.message(i), b.entries[i]
	if e.idLen > 0 {
		return string(m[e.idStart : e.idStart+e.idLen])
	}
	v, _ := wire.Lookup(m, "messageId")
	s, _ := wire.Text(v)
	return s
}

// encoded returns a copy of the message that outlives the batch.
func (b *batch) encoded(i int) Encoded {
	entry := b.entries[i]
	e := Encoded{data: append([]byte(nil), b.message(i)...), tag: entry.tag, typ: b.typ(i), idStart: entry.idStart, idLen: entry.idLen}
	id := e.Identity()
	e.anonymous = isAnonymousIdentify(e.typ, &id)
	return e
}

func (b *batch) typ(i int) Type {
	v, _ := wire.Lookup(b.message(i), "type")
	s, _ := wire.Text(v)
	return Type(s)
}

// pool hands out the batches that a Batcher's memory allows. Every lane can always have one, so that no lane waits for another to be
// written to.
type pool struct {
	maxBytes    int // of a batch, its envelope included
	maxMessages int
	capacity    int // of a batch's buffer

	mu      sync.Mutex
	free    []*batch
	unmade  int
	without int // lanes that have none
	room    signal
}

func newPool(c Config, cfg BatcherConfig) (*pool, error) {
	p := &pool{maxBytes: c.MaxBatchBytes, maxMessages: cfg.MaxBatchMessages, without: cfg.Concurrency}
	least := 2 * cfg.Concurrency
	cost := func() int { return p.capacity + p.maxMessages*entrySize }
	size := func() { p.capacity = p.maxBytes + batchEnvelope }
	size()
	if cost()*least > cfg.MaxBytes {
		p.maxBytes = cfg.MaxBytes/least - p.maxMessages*entrySize - batchEnvelope
		size()
	}
	if p.maxBytes < c.MaxMessageBytes+batchEnvelope {
		return nil, fmt.Errorf("cio: BatcherConfig.MaxBytes is %d, but two batches for each of %d lanes need at least %d; raise it, or lower Concurrency or MaxBatchMessages", cfg.MaxBytes, cfg.Concurrency, least*(c.MaxMessageBytes+2*batchEnvelope+p.maxMessages*entrySize))
	}
	p.unmade = cfg.MaxBytes / cost()
	return p, nil
}

// get returns an empty batch, or nil if there is none to spare. first says that the lane has none yet.
func (p *pool) get(first bool) *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if available := p.unmade + len(p.free); !first && available <= p.without {
		return nil
	}
	if first {
		p.without--
	}
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	p.unmade--
	b := &batch{data: make([]byte, 0, p.capacity), entries: make([]entry, 0, p.maxMessages)}
	b.reset()
	return b
}

// put takes a batch back. last says that the lane has none any more. One that a transport still uses is left to the garbage collector, and
// another may be made in its place.
func (p *pool) put(b *batch, last bool) {
	p.mu.Lock()
	if b.inUse {
		p.unmade++
	} else {
		b.reset()
		p.free = append(p.free, b)
	}
	if last {
		p.without++
	}
	p.mu.Unlock()
	p.room.send()
}

// laneMessages is one batch on its way, or several, numbered through.
type laneMessages struct {
	l     *lane
	parts []part
}

type part struct {
	b      *batch // given back once all of it has an outcome
	lo, hi int    // the numbers of its messages
}

// add puts a batch behind the others and returns the number of its first message.
func (p *laneMessages) add(b *batch) int {
	lo := 0
	if n := len(p.parts); n > 0 {
		lo = p.parts[n-1].hi
	}
	p.parts = append(p.parts, part{b, lo, lo + len(b.entries)})
	return lo
}

// at returns the batch that message i is in, and the number of that batch's first message.
func (p *laneMessages) at(i int) (*batch, int) {
	n := len(p.parts) - 1
	for p.parts[n].lo > i {
		n--
	}
	return p.parts[n].b, p.parts[n].lo
}

func (p *laneMessages) body(lo, hi int) *request {
	b, first := p.at(lo)
	lo, hi = lo-first, hi-first
	r := &request{operation: "batch", messages: hi - lo, release: func(inUse bool) { b.inUse = b.inUse || inUse }}
	switch {
	case hi-lo == 1:
		r.operation = string(b.typ(lo))
		r.body = b.message(lo)
	case lo == 0 && hi == len(b.entries):
		r.body = b.data
	default:
		r.body = append([]byte(batchOpen), b.data[b.start(lo):b.entries[hi-1].end]...)
		r.body = append(r.body, batchClose...)
	}
	if p.l.b.cfg.Compress {
		r.body, r.gzip = compress(r.body), true
	}
	return r
}

func (p *laneMessages) identity(i int) string {
	b, first := p.at(i)
	m := b.encoded(i - first)
	id := m.Identity()
	return orderKey(&id)
}

func (p *laneMessages) accepted(lo, hi, attempts int) {
	b, first := p.at(lo)
	p.l.finish(b, lo-first, hi-first, attempts, nil)
}

func (p *laneMessages) failed(lo, hi int, _ Outcome, err *APIError) {
	b, first := p.at(lo)
	p.l.finish(b, lo-first, hi-first, err.Attempts, err)
}

// recheckAfter is how long a message must have waited to be asked about again.
const recheckAfter = time.Second

// recheck ends the messages that Recheck does not let pass any more: of those that have waited, or of all after sending had stopped.
func (p *laneMessages) recheck(d *delivery, all bool) {
	check := p.l.b.cfg.Recheck
	for i := 0; check != nil && i < len(d.rest); i++ {
		for at := d.rest[i].lo; at < d.rest[i].hi; at++ {
			b, first := p.at(at)
			if !all && time.Since(b.opened) < recheckAfter {
				continue
			}
			err := check(b.encoded(at - first))
			if err == nil {
				continue
			}
			if n := at - d.rest[i].lo; n > 0 {
				d.split(i, n)
				i++
			}
			d.split(i, 1)
			d.finish(i)
			p.l.finish(b, at-first, at-first+1, 0, err)
			i--
			break // what is behind it is the next span
		}
	}
}

var gzipPool = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	return w
}}

func compress(body []byte) []byte {
	var out bytes.Buffer
	w := gzipPool.Get().(*gzip.Writer)
	defer gzipPool.Put(w)
	w.Reset(&out)
	w.Write(body) // a bytes.Buffer takes everything
	w.Close()
	return out.Bytes()
}
