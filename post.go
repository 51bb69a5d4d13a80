package cio

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// maxIdle connections are kept open to the API. Each request in flight needs one.
const maxIdle = 256

// httpClient returns a copy of c, or a default one, that never follows a redirect by itself: Go's default turns a redirected POST
// into a GET and would call its 200 a success.
func httpClient(c *http.Client) *http.Client {
	own := &http.Client{}
	if c != nil {
		*own = *c
	} else if t, ok := http.DefaultTransport.(*http.Transport); ok {
		t = t.Clone()
		t.MaxIdleConns = maxIdle
		t.MaxIdleConnsPerHost = maxIdle
		// Kept alive, HTTP/1.1 takes less CPU for large bodies than HTTP/2, whose flow control also holds back an upload.
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true)
		own.Transport = t
	}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return own
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// request is one HTTP request over all of its tries.
type request struct {
	operation string // the endpoint
	messages  int
	body      []byte          // not changed before release is called
	gzip      bool            // the body is compressed
	release   func(held bool) // called after the last try; held says that a transport has not closed the body

	attempts int
	reached  bool          // some try may have been processed
	delay    time.Duration // what the last answer asked for
	holders  atomic.Int32  // bodies handed to a transport and not closed yet
}

const maxRedirects = 3

// try makes the request once. The error is an *APIError.
func (c *Client) try(ctx context.Context, r *request) *APIError {
	r.attempts++
	r.delay = 0
	c.counters.requests.Add(1)
	c.counters.bytes.Add(int64(len(r.body)))
	if r.attempts > 1 {
		c.counters.retries.Add(1)
	}
	started := time.Now()
	err := c.exchange(ctx, r)
	if err == nil {
		c.pace.accepted()
	} else {
		err.Attempts = r.attempts
		err.reached = r.reached
		if err.Status == http.StatusTooManyRequests {
			c.counters.rateLimited.Add(1)
			c.pace.refused(started)
		}
	}
	c.observe(r, err, time.Since(started))
	return err
}

// exchange makes the request, following the redirects that are safe to follow.
func (c *Client) exchange(ctx context.Context, r *request) *APIError {
	tryCtx, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	target := c.base + "/v1/" + r.operation
	for range maxRedirects + 1 {
		resp, reached, err := c.roundTrip(tryCtx, r, target)
		if err != nil {
			r.reached = r.reached || reached
			return c.noAnswer(ctx, r, err)
		}
		next, apiErr := c.read(r, resp, target, cancel)
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

func (c *Client) roundTrip(ctx context.Context, r *request, target string) (resp *http.Response, reached bool, err error) {
	var touched atomic.Bool
	body := newBody(r, &touched)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		body.Close()
		return nil, false, err
	}
	req.ContentLength = int64(len(r.body))
	// GetBody lets the transport repeat a request that it could not write to a connection the server had just closed. http.Client calls it for
	// a redirect too, before it asks whether to follow. Both may be one more request to the server.
	req.GetBody = func() (io.ReadCloser, error) {
		if err := c.pace.wait(ctx); err != nil {
			return nil, err
		}
		return newBody(r, &touched), nil
	}
	h := req.Header
	h.Set("Authorization", c.key.Load().authorization())
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
	resp, err = c.http.Do(req)
	return resp, touched.Load(), err
}

// body is a request's body. That the transport read from it tells that the server may have got the request.
type body struct {
	bytes.Reader
	r       *request
	touched *atomic.Bool // shared by all bodies of one try
	closed  atomic.Bool
}

func newBody(r *request, touched *atomic.Bool) *body {
	b := &body{r: r, touched: touched}
	b.Reset(r.body)
	r.holders.Add(1)
	return b
}

func (b *body) Read(p []byte) (int, error) {
	b.touched.Store(true)
	return b.Reader.Read(p)
}

func (b *body) WriteTo(w io.Writer) (int64, error) {
	b.touched.Store(true)
	return b.Reader.WriteTo(w)
}

// Close may be called more than once, by the transport's writer after the answer was returned too.
func (b *body) Close() error {
	if !b.closed.Swap(true) {
		b.r.holders.Add(-1)
	}
	return nil
}

// timeoutError is the end of one try, which says nothing of the caller's context.
type timeoutError struct{ after time.Duration }

func (e *timeoutError) Error() string   { return "no answer within " + e.after.String() }
func (e *timeoutError) Timeout() bool   { return true }
func (e *timeoutError) Temporary() bool { return true }

// noAnswer describes a request that got none.
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

// Bounds on what is read of an answer: what is looked at, and what is read off, and for how long, so that the connection can be used again.
const (
	maxAnswer = 64 << 10
	maxDrain  = 256 << 10
	drainFor  = time.Second
)

// read judges an answer by its status alone: Customer.io documents no body for success. It returns where to ask again after a redirect
// that may be followed.
func (c *Client) read(r *request, resp *http.Response, target string, cancel func()) (next string, _ *APIError) {
	defer resp.Body.Close()
	status := resp.StatusCode
	if status >= 200 && status < 300 {
		// A body that does not end must not hold up what is accepted.
		t := time.AfterFunc(drainFor, cancel)
		defer t.Stop()
		io.CopyN(io.Discard, resp.Body, maxDrain)
		return "", nil
	}
	text, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // an answer that breaks off has its status all the same
	io.CopyN(io.Discard, resp.Body, maxDrain)
	e := &APIError{Operation: r.operation, Status: status}
	if status >= 300 && status < 400 {
		next, e.Message = c.redirect(resp, target)
		return next, e
	}
	e.Message, e.html = c.answer(resp.Header.Get("Content-Type"), text)
	if e.Is(ErrUnauthorized) {
		e.Message = strings.TrimPrefix(e.Message+"; the write key is not taken: check Config.APIKey (CUSTOMERIO_API_KEY) and that it belongs to "+c.where(), "; ")
	}
	r.delay = retryAfter(resp.Header, time.Now())
	if status >= 500 || status == http.StatusRequestTimeout {
		r.reached = true // a server that fails may have worked on the request before
	}
	return "", e
}

// isCustomerIO reports whether the address is one of Customer.io's, under TLS.
func isCustomerIO(u *url.URL) bool {
	host := u.Hostname()
	return u.Scheme == "https" && (u.Port() == "" || u.Port() == "443") && (host == "customer.io" || strings.HasSuffix(host, ".customer.io"))
}

// where names the region, or the address that stands for it.
func (c *Client) where() string {
	if c.region != "" && c.base == c.region.baseURL() {
		return "region " + string(c.region) + " (Config.Region, CUSTOMERIO_REGION)"
	}
	return c.base + " (Config.BaseURL, CUSTOMERIO_BASE_URL)"
}

// redirect returns the place to ask again if the answer keeps the method and leads from Customer.io to Customer.io, otherwise why not. The key
// travels along, so no other host gets it.
func (c *Client) redirect(resp *http.Response, target string) (next, refused string) {
	to, err := resp.Location()
	if err != nil {
		return "", "a redirect without a usable Location; is " + c.where() + " right?"
	}
	keeps := resp.StatusCode == http.StatusTemporaryRedirect || resp.StatusCode == http.StatusPermanentRedirect
	from, err := url.Parse(target)
	if keeps && err == nil && isCustomerIO(from) && isCustomerIO(to) && to.User == nil && to.String() != target {
		return to.String(), ""
	}
	return "", "redirected to " + c.mask(to.Scheme+"://"+to.Host) + ", which is not followed, and nothing was accepted; is " + c.where() + " right? Accounts in the United States use cio.US, in Europe cio.EU"
}
