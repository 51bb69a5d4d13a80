package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
)

// Transport returns an [http.RoundTripper] that calls the server directly,
// without sockets, for any host in the URL. All transports share the server's
// state. It behaves as net/http does over a connection:
//
//   - It always closes the request's body.
//   - The end of the request's context ends the call, also while a fault delays
//     it. The error is the context's cause.
//   - The answer's header is there when the handler flushed, wrote more than a
//     connection buffers, or returned. From then on the body streams.
//   - A fault that cuts the connection is a *net.OpError around
//     syscall.ECONNRESET, on Windows syscall.WSAECONNRESET.
//
// Under testing/synctest a delay takes no real time, and no goroutine outlives
// the handler. The inspection's protection against foreign hosts and origins
// does not apply, because no browser is involved.
//
// It also has connections, as a pool does: a call uses an idle one, or else a
// new one. [Fault].Nodes depends on that. http.Client.CloseIdleConnections
// makes the next call use a new one.
func (s *Server) Transport() http.RoundTripper { return &transport{handler: s} }

// connections counts those of all transports, so that each has an address of
// its own.
var connections atomic.Uint64

type transport struct {
	handler http.Handler

	mu   sync.Mutex
	idle []string // addresses of connections, the last used at the end
}

// connect returns the address of an idle connection, or of a new one.
func (t *transport) connect() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.idle); n > 0 {
		last := t.idle[n-1]
		t.idle = t.idle[:n-1]
		return last
	}
	return fmt.Sprintf("127.0.0.1:%d", connections.Add(1))
}

// release makes the connection idle.
func (t *transport) release(address string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = append(t.idle, address)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections calls.
func (t *transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.idle = nil
}

// RoundTrip implements [http.RoundTripper].
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	body := &closeOnce{ReadCloser: req.Body}
	if req.Body == nil {
		body.ReadCloser = http.NoBody
	}
	ctx := req.Context()
	switch {
	case req.URL == nil:
		_ = body.Close()
		return nil, errors.New("emulator: request without a URL")
	case ctx.Err() != nil:
		_ = body.Close()
		return nil, context.Cause(ctx)
	}

	handling, cancel := context.WithCancel(context.WithValue(ctx, inProcess{}, true))
	x := &exchange{
		ctx:     handling,
		cancel:  cancel,
		head:    req.Method == http.MethodHead,
		header:  make(http.Header),
		started: make(chan struct{}),
		changed: make(chan struct{}, 1),
		taken:   make(chan struct{}, 1),
	}
	in := serverRequest(handling, req, body)
	in.RemoteAddr = t.connect()
	if !req.Close {
		x.release = func() { t.release(in.RemoteAddr) }
	}
	go x.serve(t.handler, in, body)

	select {
	case <-x.started:
	case <-ctx.Done():
		// The handler sees the same and returns; closing the body frees it if
		// it reads.
		cancel()
		_ = body.Close()
		return nil, context.Cause(ctx)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.err != nil && x.sent == nil {
		return nil, x.err
	}
	return x.response(req), nil
}

// serverRequest is req as a server would see it.
func serverRequest(ctx context.Context, req *http.Request, body io.ReadCloser) *http.Request {
	in := req.Clone(ctx)
	in.Body = body
	in.GetBody = nil
	in.Response = nil
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	in.RequestURI = req.URL.RequestURI()
	in.URL = &url.URL{Path: req.URL.Path, RawPath: req.URL.RawPath, RawQuery: req.URL.RawQuery}
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	if in.Method == "" {
		in.Method = http.MethodGet
	}
	if in.Header == nil {
		in.Header = make(http.Header)
	}
	if req.ContentLength == 0 && req.Body != nil && req.Body != http.NoBody {
		in.ContentLength = -1 // to a client 0 means unknown, to a server none
	}
	return in
}

// closeOnce lets the handler and the end of the call both close the body.
type closeOnce struct {
	io.ReadCloser
	once sync.Once
	err  error
}

func (c *closeOnce) Close() error {
	c.once.Do(func() { c.err = c.ReadCloser.Close() })
	return c.err
}

const (
	// flushAt is how many bytes net/http's server buffers before the header
	// goes out.
	flushAt = 2048
	// maxUnread is how many bytes of an answer wait for their reader.
	maxUnread = 256 << 10
)

// exchange is one call: what the handler writes to, and what the caller reads
// the answer's body from.
type exchange struct {
	ctx    context.Context
	cancel context.CancelFunc
	head   bool

	started chan struct{} // closed when the header is out or the handler gone
	changed chan struct{} // signals the reader; one is enough, as it looks at everything
	taken   chan struct{} // signals the writer that the reader has taken something
	release func()        // gives the connection back if it survived; nil if it is not kept

	mu     sync.Mutex
	header http.Header // the handler's
	stated http.Header // as it was at WriteHeader
	sent   http.Header // as it went out, nil before
	status int         // 0 until WriteHeader
	buffer []byte      // written and not yet read
	length int64       // bytes written
	done   bool        // the handler returned or was aborted
	closed bool        // by the reader
	err    error       // how the connection broke
}

// serve runs the handler to its end.
func (x *exchange) serve(handler http.Handler, r *http.Request, body io.Closer) {
	defer x.cancel()
	defer func() {
		aborted := recover()
		if aborted != nil && aborted != http.ErrAbortHandler {
			panic(aborted)
		}
		// Before the caller goes on: it may look at the body it passed, or make
		// another call on the connection.
		_ = body.Close()
		if aborted == nil && x.ctx.Err() == nil && x.release != nil {
			x.release()
		}
		x.finish(aborted != nil)
	}()
	handler.ServeHTTP(x, r)
}

func (x *exchange) finish(aborted bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.done = true
	switch {
	case aborted:
		x.err = &net.OpError{Op: "read", Net: "tcp", Err: errReset}
	case x.ctx.Err() != nil:
		x.err = context.Cause(x.ctx)
	default:
		x.start()
	}
	if x.sent == nil {
		close(x.started)
	}
	x.signal()
}

// start sends the header, once.
func (x *exchange) start() {
	if x.sent != nil {
		return
	}
	x.state(http.StatusOK)
	x.sent = x.stated
	// Without a body, HEAD says nothing about the length that GET would have.
	if x.done && x.sent.Get("Content-Length") == "" && bodyAllowed(x.status) && !(x.head && x.length == 0) {
		x.sent.Set("Content-Length", strconv.FormatInt(x.length, 10))
	}
	close(x.started)
}

// state fixes the status and the header, once.
func (x *exchange) state(status int) {
	if x.status == 0 {
		x.status = status
		x.stated = x.header.Clone()
	}
}

func (x *exchange) signal() {
	select {
	case x.changed <- struct{}{}:
	default:
	}
}

func bodyAllowed(status int) bool {
	return status >= 200 && status != http.StatusNoContent && status != http.StatusNotModified
}

// Header implements [http.ResponseWriter].
func (x *exchange) Header() http.Header { return x.header }

// WriteHeader implements [http.ResponseWriter]. Informational answers are left
// out.
func (x *exchange) WriteHeader(status int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if status >= 200 {
		x.state(status)
	}
}

// Write implements [http.ResponseWriter]. It waits while the reader has more to
// read than a connection would hold.
func (x *exchange) Write(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.state(http.StatusOK)
	for len(x.buffer) >= maxUnread && !x.closed && x.ctx.Err() == nil {
		x.mu.Unlock()
		select {
		case <-x.taken:
		case <-x.ctx.Done():
		}
		x.mu.Lock()
	}
	switch {
	case !bodyAllowed(x.status):
		return 0, http.ErrBodyNotAllowed
	case x.closed:
		return 0, net.ErrClosed
	case x.ctx.Err() != nil:
		return 0, context.Cause(x.ctx)
	}
	x.length += int64(len(p))
	if !x.head {
		x.buffer = append(x.buffer, p...)
	}
	if x.length > flushAt {
		x.start()
	}
	x.signal()
	return len(p), nil
}

// Flush implements [http.Flusher].
func (x *exchange) Flush() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.start()
	x.signal()
}

// response is the answer whose header has been sent.
func (x *exchange) response(req *http.Request) *http.Response {
	length := int64(-1)
	if n, err := strconv.ParseInt(x.sent.Get("Content-Length"), 10, 64); err == nil {
		length = n
	}
	if !bodyAllowed(x.status) {
		length = 0
	}
	return &http.Response{
		Status:        strconv.Itoa(x.status) + " " + http.StatusText(x.status),
		StatusCode:    x.status,
		Proto:         "HTTP/1.1",
		ProtoMajor:    1,
		ProtoMinor:    1,
		Header:        x.sent,
		Body:          &answer{x},
		ContentLength: length,
		Request:       req,
	}
}

// answer is the body of the answer.
type answer struct{ x *exchange }

// Read blocks until the handler has written something or returned, or the
// request's context ends.
func (a *answer) Read(p []byte) (int, error) {
	x := a.x
	if len(p) == 0 {
		return 0, nil
	}
	if x.head {
		return 0, io.EOF
	}
	for {
		x.mu.Lock()
		switch {
		case x.closed:
			x.mu.Unlock()
			return 0, errReadAfterClose
		case len(x.buffer) > 0:
			n := copy(p, x.buffer)
			x.buffer = x.buffer[n:]
			select {
			case x.taken <- struct{}{}:
			default:
			}
			x.mu.Unlock()
			return n, nil
		case x.done:
			err := x.err
			x.mu.Unlock()
			if err == nil {
				err = io.EOF
			}
			return 0, err
		case x.ctx.Err() != nil: // not from the handler's end, which sets done first
			x.mu.Unlock()
			return 0, context.Cause(x.ctx)
		}
		x.mu.Unlock()
		select {
		case <-x.changed:
		case <-x.ctx.Done():
		}
	}
}

var errReadAfterClose = errors.New("emulator: read on closed response body")

// Close ends the call. A handler that still writes gets an error.
func (a *answer) Close() error {
	a.x.cancel()
	a.x.mu.Lock()
	defer a.x.mu.Unlock()
	a.x.closed = true
	a.x.buffer = nil
	return nil
}
