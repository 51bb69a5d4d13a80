// Package sink is the server against which the clients are measured. It answers every request with 200 and an empty object, and counts what
// it received. It does so little that it is not the bottleneck.
package sink

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/maphash"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Counts is what a Sink has received since it was last reset.
type Counts struct {
	Requests    int64 `json:"requests"`
	Connections int64 `json:"connections"`
	Messages    int64 `json:"messages"`
	// Distinct is the number of different message ids.
	Distinct int64 `json:"distinct"`
	// WireBytes is the size of the bodies on the wire, Bytes after decompression.
	WireBytes int64 `json:"wire_bytes"`
	Bytes     int64 `json:"bytes"`
	// Protocol is the protocol of the last request.
	Protocol string `json:"protocol"`
}

// Sink counts what it receives. Its methods are safe for concurrent use.
type Sink struct {
	seed    maphash.Seed
	delay   atomic.Int64 // nanoseconds
	buffers sync.Pool

	mu     sync.Mutex
	counts Counts
	ids    []uint64 // hashes of all message ids: 64 bits of 20 million ids collide once in 100,000 runs
}

// New returns an empty Sink.
func New() *Sink {
	return &Sink{seed: maphash.MakeSeed(), buffers: sync.Pool{New: func() any { return new(scratch) }}}
}

type scratch struct {
	body bytes.Buffer
	wire bytes.Buffer
	ids  []uint64
}

// Server returns an HTTP server that serves the Sink and counts its connections.
func (s *Sink) Server() *http.Server {
	return &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.mu.Lock()
			s.counts.Connections++
			s.mu.Unlock()
		}
	}}
}

// ServeHTTP counts the request's messages and answers 200.
func (s *Sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b := s.buffers.Get().(*scratch)
	defer s.buffers.Put(b)
	if err := b.read(r); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	b.ids = s.messageIDs(b.ids[:0], b.body.Bytes())
	s.mu.Lock()
	s.counts.Requests++
	s.counts.Messages += int64(len(b.ids))
	s.counts.WireBytes += int64(b.wire.Len())
	s.counts.Bytes += int64(b.body.Len())
	s.counts.Protocol = r.Proto
	s.ids = append(s.ids, b.ids...)
	s.mu.Unlock()
	if d := time.Duration(s.delay.Load()); d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
		}
	}
	w.Header().Set("Content-Type", "application/json")
	io.WriteString(w, "{}")
}

func (b *scratch) read(r *http.Request) error {
	b.wire.Reset()
	b.body.Reset()
	if n := r.ContentLength; n > 0 {
		b.wire.Grow(int(n) + bytes.MinRead)
	}
	if _, err := b.wire.ReadFrom(r.Body); err != nil {
		return err
	}
	var body io.Reader = bytes.NewReader(b.wire.Bytes())
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(body)
		if err != nil {
			return fmt.Errorf("gzip: %w", err)
		}
		body = z
	}
	_, err := b.body.ReadFrom(body)
	return err
}

// messageIDs appends the hash of every message's id. It searches for the member's name as text. The search begins after the beginning of
// the batch, because some clients give the batch an id too. The measured events contain this text nowhere else.
func (s *Sink) messageIDs(to []uint64, body []byte) []uint64 {
	if i := bytes.Index(body, []byte(`"batch":[`)); i >= 0 {
		body = body[i:]
	}
	name := []byte(`"messageId":"`)
	if !bytes.Contains(body, name) {
		name = []byte(`"uuid":"`) // posthog
	}
	for {
		i := bytes.Index(body, name)
		if i < 0 {
			return to
		}
		body = body[i+len(name):]
		end := bytes.IndexByte(body, '"')
		if end < 0 {
			return to
		}
		to = append(to, maphash.Bytes(s.seed, body[:end]))
		body = body[end:]
	}
}

// Counts returns what the Sink has received.
func (s *Sink) Counts() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.ids)
	c := s.counts
	for i := range s.ids {
		if i == 0 || s.ids[i] != s.ids[i-1] {
			c.Distinct++
		}
	}
	c.Protocol = strings.TrimPrefix(c.Protocol, "HTTP/")
	return c
}

// SetDelay makes every later answer wait that long.
func (s *Sink) SetDelay(d time.Duration) { s.delay.Store(int64(d)) }

// Reset forgets what the Sink has received.
func (s *Sink) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts = Counts{}
	s.ids = s.ids[:0]
}
