package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// request is what a fault depends on.
type request struct {
	n     int           // counts from 1
	since time.Duration // since the server began, or since the first request if that is later
	conn  int64         // the number of its connection; counts from 1
	key   string
	ids   map[int]bool // the messages in it
}

// action is what the server does with a request. The zero action processes it and answers 200.
type action struct {
	status     int    // the answer, without processing; 0: none
	body       string // of that answer; "": the API's own
	culprits   []int  // the messages that cause it, whatever else the request contains
	retryAfter int    // seconds; 0: no header
	delay      time.Duration
	resetFirst bool // the connection is reset without processing
	resetLast  bool // the connection is reset after processing, instead of an answer
}

// The limits of the API (docs/rules.md#sizes). Permissive calls over them are answered with 200 and dropped.
const (
	maxMessage = 32 << 10
	maxBatch   = 500_000
)

// server is the API with faults. It counts how often each message was processed.
type server struct {
	fault  func(request) action
	limits bool // the API's limits apply

	connections atomic.Int64

	mu       sync.Mutex
	started  time.Time
	requests int
	refused  int // requests answered without processing
	fates    []fate
	last     time.Time // when the last one was processed
	changed  int       // messages with other content than was enqueued
}

// fate is what the server did with a message.
type fate struct {
	processed uint8 // how often
	answered  bool  // it answered so, and the client was still there
	culprit   bool  // it was rejected because of its content, by the API or by something in front of it
}

func newServer(messages int, fault func(request) action, limits bool) *server {
	return &server{fault: fault, limits: limits, fates: make([]fate, messages)}
}

type item struct {
	MessageID  string `json:"messageId"`
	UUID       string `json:"uuid"`
	Properties struct {
		Seq *int `json:"seq"`
	} `json:"properties"`
	size int
}

func (i item) number() (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(i.MessageID+i.UUID, "m"))
	return n, err == nil
}

// parse returns the messages of a batch, or the single message of the body.
func parse(body []byte) ([]item, error) {
	var b struct {
		Batch []json.RawMessage `json:"batch"`
	}
	if err := json.Unmarshal(body, &b); err != nil {
		return nil, err
	}
	if b.Batch == nil {
		b.Batch = []json.RawMessage{body}
	}
	items := make([]item, len(b.Batch))
	for i, raw := range b.Batch {
		if err := json.Unmarshal(raw, &items[i]); err != nil {
			return nil, err
		}
		items[i].size = len(raw)
	}
	return items, nil
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client has disconnected
	}
	items, err := parse(body)
	if err != nil {
		s.refuse(w, action{status: http.StatusBadRequest})
		return
	}
	a := s.decide(r, items)
	if a.delay > 0 {
		t := time.NewTimer(a.delay)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
	}
	if a.resetFirst {
		reset(w)
		return
	}
	if a.status != 0 {
		s.refuse(w, a)
		return
	}
	if large := oversize(items); s.limits && (len(large) > 0 || len(body) > maxBatch) {
		if r.Header.Get("X-Strict-Mode") == "1" {
			s.refuse(w, action{status: http.StatusBadRequest, culprits: large})
			return
		}
		items = nil // answered with 200 nevertheless
	}
	s.process(items)
	if a.resetLast {
		reset(w)
		return
	}
	if r.Context().Err() == nil {
		s.each(items, func(_ item, f *fate) { f.answered = true })
	}
	io.WriteString(w, "{}")
}

// apiError is an answer in the form of the API's errors (docs/rules.md#answers).
const apiError = `{"meta":{"errors":["refused"]}}`

// refuse answers a request that is not processed. Text that looks like a page is sent as one.
func (s *server) refuse(w http.ResponseWriter, a action) {
	s.mu.Lock()
	s.refused++
	for _, i := range a.culprits {
		s.fates[i].culprit = true
	}
	s.mu.Unlock()
	if a.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(a.retryAfter))
	}
	if a.body == "" {
		w.Header().Set("Content-Type", "application/json")
		a.body = apiError
	}
	w.WriteHeader(a.status)
	io.WriteString(w, a.body)
}

// oversize returns the messages that are over the API's limit.
func oversize(items []item) (large []int) {
	for _, i := range items {
		if n, ok := i.number(); ok && i.size > maxMessage {
			large = append(large, n)
		}
	}
	return large
}

func (s *server) decide(r *http.Request, items []item) action {
	key, _, _ := r.BasicAuth()
	conn, _ := r.Context().Value(connection{}).(int64)
	q := request{conn: conn, key: key, ids: make(map[int]bool, len(items))}
	for _, i := range items {
		if n, ok := i.number(); ok {
			q.ids[n] = true
		}
	}
	s.mu.Lock()
	if s.started.IsZero() {
		s.started = time.Now()
	}
	s.requests++
	q.n, q.since = s.requests, time.Since(s.started)
	s.mu.Unlock()
	if s.fault == nil {
		return action{}
	}
	return s.fault(q)
}

func (s *server) process(items []item) {
	s.each(items, func(i item, f *fate) {
		f.processed++
		s.last = time.Now()
		if n, _ := i.number(); i.Properties.Seq == nil || *i.Properties.Seq != n {
			s.changed++
		}
	})
}

// each calls f with the items that belong to the experiment.
func (s *server) each(items []item, f func(item, *fate)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, i := range items {
		if n, ok := i.number(); ok && n >= 0 && n < len(s.fates) {
			f(i, &s.fates[n])
		}
	}
}

// reset resets the connection, so that the client gets no answer.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	conn.Close()
}

// connection is the key for the number of the connection in a request's context.
type connection struct{}

// start serves on an address (:0 for any port). It returns the address and a function that stops it.
func (s *server) start(address string) (string, func(), error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return "", nil, err
	}
	h := &http.Server{Handler: s, ReadHeaderTimeout: 10 * time.Second, ErrorLog: discardLog, ConnContext: func(ctx context.Context, _ net.Conn) context.Context {
		return context.WithValue(ctx, connection{}, s.connections.Add(1))
	}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := h.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			panic(err) // nothing else can end it
		}
	}()
	return l.Addr().String(), func() {
		h.Close()
		<-done
	}, nil
}

// text returns a property with that many bytes.
func text(n int) string { return string(bytes.Repeat([]byte{'x'}, n)) }
