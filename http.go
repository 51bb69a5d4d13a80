package cio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxIdle is how many connections to the API stay open. Each request in flight needs one.
const maxIdle = 256

// httpClient returns a copy of c, or a default one, that never follows a redirect by itself. Go's default turns a redirected POST into a
// GET and would call its 200 a success.
func httpClient(c *http.Client) *http.Client {
	own := &http.Client{}
	if c != nil {
		*own = *c
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.MaxIdleConns = maxIdle
		t.MaxIdleConnsPerHost = maxIdle
		// HTTP/1.1 with keep-alive takes less CPU for large bodies than HTTP/2, whose flow control also delays an upload.
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		own.Transport = t
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return own
}

// fresh returns a client that makes a connection of its own for every request, so that it may reach another of the servers behind an
// address. A transport that is not net/http's is asked to close its idle connections instead.
func (c *Client) fresh() *http.Client {
	c.http.CloseIdleConnections()
	t, ok := c.http.Transport.(*http.Transport)
	if c.http.Transport == nil {
		t, ok = http.DefaultTransport.(*http.Transport)
	}
	if !ok {
		return c.http
	}
	own := *c.http
	t = t.Clone()
	t.DisableKeepAlives = true
	own.Transport = t
	return &own
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request is one HTTP request with all of its tries.
type request struct {
	operation string // the endpoint
	messages  int
	body      []byte           // not changed before release is called
	gzip      bool             // the body is compressed
	release   func(inUse bool) // called after the last try; inUse says that a transport has not closed the body

	attempts int
	fresh    bool    // the next try has a connection of its own
	key      *apiKey // of the last try
	began    uint64  // when the last try began, by Client.ledger
	// keyRefused is when the first try began whose key was refused.
	keyRefused uint64
	reached    bool          // some try may have been processed
	delay      time.Duration // what the last answer asked for
	openBodies atomic.Int32  // bodies handed to a transport and not closed yet
	whole      atomic.Bool   // a transport has read all of a body since the try began
	early      atomic.Bool   // an answer began before that
	answer     [64]byte      // memory for what the API answers as a rule
}

// trace notes whether an answer began before the request's body was read. What may come ahead of an answer, such as a 103, does not count.
func (r *request) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotFirstResponseByte: func() { r.early.Store(!r.whole.Load()) },
		Got1xxResponse: func(int, textproto.MIMEHeader) error {
			r.early.Store(false)
			return nil
		},
	}
}

const maxRedirects = 3

// try makes the request once. The error is an *APIError.
func (c *Client) try(ctx context.Context, r *request) *APIError {
	r.attempts++
	r.delay = 0
	r.began = c.ledger.tick()
	r.key = c.key.Load()
	c.counters.requests.Add(1)
	c.counters.bytes.Add(int64(len(r.body)))
	if r.attempts > 1 {
		c.counters.retries.Add(1)
	}
	started := time.Now()
	err := c.exchange(ctx, r)
	if err == nil {
		c.pace.accepted()
		r.key.worked.Store(true)
		c.ledger.accept(r.began)
	} else {
		err.Attempts = r.attempts
		err.reached = r.reached
		if err.Status == http.StatusTooManyRequests {
			c.counters.rateLimited.Add(1)
			c.pace.limited(started)
		}
	}
	c.observe(r, err, time.Since(started))
	return err
}

// exchange makes the request and follows the redirects that are safe.
func (c *Client) exchange(ctx context.Context, r *request) *APIError {
	tryCtx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	client := c.http
	if r.fresh {
		client = c.fresh()
	}
	target := c.base + "/v1/" + r.operation
	for range maxRedirects + 1 {
		resp, reached, err := c.roundTrip(tryCtx, client, r, target)
		if err != nil {
			r.reached = r.reached || reached
			return c.noAnswer(ctx, r, err)
		}
		next, apiErr := c.read(ctx, r, resp, target, cancel)
		if next == "" {
			return apiErr
		}
		if u, err := url.Parse(next); err == nil {
			c.log.Warn("redirected by Customer.io; is Config.Region right?", "to", u.Host)
		}
		target = next
	}
	return &APIError{Operation: r.operation, Status: http.StatusPermanentRedirect, Message: "more than " + strconv.Itoa(maxRedirects) + " redirects"}
}

func (c *Client) roundTrip(ctx context.Context, client *http.Client, r *request, target string) (resp *http.Response, reached bool, err error) {
	var touched atomic.Bool
	r.whole.Store(false)
	r.early.Store(false)
	body := newBody(r, &touched)
	if !c.cfg.AcceptAny2xx {
		ctx = httptrace.WithClientTrace(ctx, r.trace())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		body.Close()
		return nil, false, err
	}
	req.ContentLength = int64(len(r.body))
	// GetBody lets the transport repeat a request if the server had just closed the connection. http.Client also calls it for a redirect,
	// before it asks whether to follow. Both may be one more request to the server.
	req.GetBody = func() (io.ReadCloser, error) {
		if err := c.admit(ctx); err != nil {
			return nil, err
		}
		return newBody(r, &touched), nil
	}
	h := req.Header
	h.Set("Authorization", r.key.authorization())
	h.Set("Content-Type", "application/json")
	h.Set("User-Agent", userAgent)
	if r.gzip {
		h.Set("Content-Encoding", "gzip")
	}
	if !c.permissive {
		h.Set("X-Strict-Mode", "1")
	}
	if r.attempts > 1 {
		h.Set("X-Retry-Count", strconv.Itoa(r.attempts-1))
	}
	resp, err = client.Do(req)
	return resp, touched.Load(), err
}

// body is the body of a request. If the transport has read from it, the server may have got the request. If the transport has not read all
// of it, the server has not.
type body struct {
	data    []byte
	at      atomic.Int64
	r       *request
	touched *atomic.Bool // shared by all bodies of one try
	closed  atomic.Bool
}

func newBody(r *request, touched *atomic.Bool) *body {
	b := &body{data: r.body, r: r, touched: touched}
	r.openBodies.Add(1)
	return b
}

// Read counts the bytes before it returns them. So no server can answer all of a body before it counts as read. There is no WriteTo,
// because it could not count in this way.
func (b *body) Read(p []byte) (int, error) {
	b.touched.Store(true)
	at := b.at.Load()
	if at >= int64(len(b.data)) {
		return 0, io.EOF
	}
	n := copy(p, b.data[at:])
	if b.at.Add(int64(n)) == int64(len(b.data)) {
		b.r.whole.Store(true)
	}
	return n, nil
}

// Close may be called more than once, also by the transport's writer after the answer was returned.
func (b *body) Close() error {
	if !b.closed.Swap(true) {
		b.r.openBodies.Add(-1)
	}
	return nil
}

// timeoutError is the end of one try. It says nothing about the caller's context.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string { return "no answer within " + e.after.String() }

func (e *timeoutError) Timeout() bool { return true }

func (e *timeoutError) Temporary() bool { return true }

// noAnswer describes a request that got no answer.
func (c *Client) noAnswer(ctx context.Context, r *request, err error) *APIError {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its text repeats the URL
	}
	switch {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
		if !isContextEnd(err) {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
	case isContextEnd(err):
		after := c.cfg.Timeout
		if c.http.Timeout > 0 {
			after = min(after, c.http.Timeout)
		}
		err = &timeoutError{after}
	}
	return &APIError{Operation: r.operation, Message: c.mask(err.Error()), Err: err}
}

// readAnswer reads at most one byte more than an answer may have.
func (r *request) readAnswer(body io.Reader) ([]byte, error) {
	n := 0
	for n < len(r.answer) {
		m, err := body.Read(r.answer[n:])
		if n += m; err == io.EOF {
			return r.answer[:n], nil
		} else if err != nil {
			return r.answer[:n], err
		}
	}
	rest, err := io.ReadAll(io.LimitReader(body, maxAnswer+1-int64(n)))
	return append(r.answer[:n:n], rest...), err
}

// Why an answer does not count.
var (
	errEarly = errors.New("answered before the request was sent")
	errLong  = errors.New("the answer does not end within 64 KiB")
)

// plain reports whether requests travel without TLS.
func (c *Client) plain() bool { return strings.HasPrefix(c.base, "http://") }

// where names the region, or the address that replaces it.
func (c *Client) where() string {
	if c.region != "" && c.base == c.region.baseURL() {
		return "region " + string(c.region) + " (Config.Region, CUSTOMERIO_REGION)"
	}
	return c.base + " (Config.BaseURL, CUSTOMERIO_BASE_URL)"
}
