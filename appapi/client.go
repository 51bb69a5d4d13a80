package appapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio"
)

// Defaults of a Config.
const (
	defaultTimeout    = 10 * time.Second
	defaultMaxElapsed = time.Minute
	defaultRateLimit  = 10
)

// Config is what a [Client] needs. APIKey is required, and Region or BaseURL. For every other field the zero value is the safe default.
// When you print or log a Config, the key is left out.
type Config struct {
	// APIKey is an App API key of the workspace: a bearer token, not a write key.
	APIKey string `json:"-"`
	// Region is the account's data centre. It is required without BaseURL.
	Region cio.Region
	// BaseURL overrides the region's address, for the emulator or a proxy: scheme and host, without /v1.
	BaseURL string
	// HTTPClient sends the requests. By default the Client makes one, with the proxy of the environment. Redirects are never followed, so
	// no other host sees the key.
	HTTPClient *http.Client `json:"-"`
	// Timeout limits one try of a request, until its answer is read; default 10 s.
	Timeout time.Duration
	// MaxElapsed is how long a call is retried; default 1 min; negative: until its context ends.
	MaxElapsed time.Duration
	// RateLimit is how many requests may start within a second; default 10, the API's documented limit; negative: no limit. Requests over it
	// wait.
	RateLimit int
}

// ConfigFromEnv returns a Config with APIKey, Region and BaseURL from the environment variables CUSTOMERIO_APP_API_KEY, CUSTOMERIO_REGION
// ("us" or "eu") and CUSTOMERIO_APP_BASE_URL. NewClient says which of them are missing.
func ConfigFromEnv() Config {
	return Config{
		APIKey:  os.Getenv("CUSTOMERIO_APP_API_KEY"),
		Region:  cio.Region(strings.ToLower(os.Getenv("CUSTOMERIO_REGION"))),
		BaseURL: os.Getenv("CUSTOMERIO_APP_BASE_URL"),
	}
}

func (c Config) summary() string {
	key := "unset"
	if c.APIKey != "" {
		key = "set"
	}
	to := c.BaseURL
	if u, err := url.Parse(to); err != nil {
		to = "(not a URL)"
	} else if to != "" {
		to = u.Redacted()
	}
	return fmt.Sprintf("appapi.Config{APIKey: %s, Region: %q, BaseURL: %q}", key, string(c.Region), to)
}

// Format prints the Config without its key, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.summary()) }

// String returns the Config without its key.
func (c Config) String() string { return c.summary() }

// LogValue logs the Config without its key.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.summary()) }

// Client reads from one workspace. It is safe for concurrent use. Everything that uses one Client shares its rate limit. When you print or
// log a Client, the key is left out.
type Client struct {
	base       string
	bearer     func() string // a func, which no printing of a struct looks into
	http       http.Client
	timeout    time.Duration
	maxElapsed time.Duration
	pace       *pacer
}

// NewClient checks cfg and returns a Client. It sends nothing.
func NewClient(cfg Config) (*Client, error) {
	base, err := cfg.base()
	if err != nil {
		return nil, err
	}
	key := cfg.APIKey
	switch {
	case key == "":
		return nil, errors.New("appapi: no key: set Config.APIKey (CUSTOMERIO_APP_API_KEY) to an App API key of the workspace")
	case strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }):
		return nil, errors.New("appapi: the key (Config.APIKey, CUSTOMERIO_APP_API_KEY) contains a space or a character outside ASCII: perhaps other text was copied together with the key")
	case cfg.Timeout < 0:
		return nil, errors.New("appapi: Config.Timeout is negative")
	}
	c := &Client{base: base, bearer: func() string { return "Bearer " + key }, timeout: cfg.Timeout, maxElapsed: cfg.MaxElapsed}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if c.maxElapsed == 0 {
		c.maxElapsed = defaultMaxElapsed
	}
	if cfg.RateLimit == 0 {
		cfg.RateLimit = defaultRateLimit
	}
	c.pace = newPacer(cfg.RateLimit)
	if cfg.HTTPClient != nil {
		c.http = *cfg.HTTPClient
	}
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

func (c Config) base() (string, error) {
	if c.BaseURL != "" {
		u, err := url.Parse(c.BaseURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			return "", errors.New("appapi: Config.BaseURL (CUSTOMERIO_APP_BASE_URL) must be a scheme and a host, such as http://127.0.0.1:8110, without credentials or a query")
		}
		return strings.TrimRight(strings.TrimSuffix(strings.TrimRight(u.String(), "/"), "/v1"), "/"), nil
	}
	switch c.Region {
	case cio.RegionUS:
		return "https://api.customer.io", nil
	case cio.RegionEU:
		return "https://api-eu.customer.io", nil
	case "":
		return "", errors.New("appapi: no region: set Config.Region (CUSTOMERIO_REGION) to cio.RegionUS or cio.RegionEU, the region of the account")
	}
	return "", fmt.Errorf("appapi: unknown region %q: Config.Region (CUSTOMERIO_REGION) is us or eu", string(c.Region))
}

// Target returns the address that the Client reads from, without /v1.
func (c *Client) Target() string { return c.base }

// Format prints the Client without its key, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// String returns the Client's name and target.
func (c *Client) String() string { return "appapi.Client(" + c.base + ")" }

// LogValue logs the Client without its key.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Backoff between tries: full jitter over base * 2^n, capped.
const (
	backoffBase   = 250 * time.Millisecond
	backoffCap    = 10 * time.Second
	maxRetryAfter = 5 * time.Minute
)

// request is one call, which may take several tries.
type request struct {
	operation, method, path string // the path is escaped
	query                   url.Values
	body                    []byte // nil for none
	// once: two calls have another effect than one, so it is retried only if the API cannot have processed it.
	once bool
}

// call makes the request and returns the body of the answer. It retries temporary failures.
func (c *Client) call(ctx context.Context, r request) ([]byte, error) {
	started := time.Now()
	for attempt := 1; ; attempt++ {
		if err := c.pace.wait(ctx); err != nil {
			return nil, &APIError{Operation: r.operation, Message: err.Error(), Attempts: attempt - 1, Err: err}
		}
		body, floor, err := c.try(ctx, r)
		if err == nil {
			return body, nil
		}
		err.Attempts = attempt
		pause := min(floor, maxRetryAfter) + rand.N(min(backoffCap, backoffBase<<min(attempt-1, 6)))
		if !err.retryable() || r.once && !err.undone() || ctx.Err() != nil || c.maxElapsed >= 0 && time.Since(started)+pause > c.maxElapsed {
			return nil, err
		}
		if sleep(ctx, pause) != nil {
			return nil, err
		}
	}
}

// maxAnswer limits how much of one answer is read, in bytes.
const maxAnswer = 64 << 20

// try makes the request once. floor is how long the server asks to wait.
func (c *Client) try(ctx context.Context, r request) (answer []byte, floor time.Duration, _ *APIError) {
	tryCtx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	target := c.base + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(tryCtx, r.method, target, nil)
	if err != nil {
		return nil, 0, &APIError{Operation: r.operation, Message: "the request cannot be made", Err: err}
	}
	if r.body != nil {
		req.Body, req.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(r.body)), nil }
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", c.bearer())
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "ciokit/"+cio.Version)
	resp, err := c.http.Do(req)
	if err != nil {
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err // its text repeats the URL, which names a person
		}
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %v", c.timeout)
		}
		return nil, 0, &APIError{Operation: r.operation, Message: err.Error(), Err: err}
	}
	defer resp.Body.Close()
	body, readErr := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return nil, retryAfter(resp.Header, time.Now()), &APIError{Operation: r.operation, Status: resp.StatusCode, Message: explain(resp.StatusCode, body)}
	}
	switch {
	case readErr != nil:
		return nil, 0, &APIError{Operation: r.operation, Message: "the answer broke off: " + readErr.Error(), Err: readErr}
	case len(body) > maxAnswer:
		return nil, 0, &APIError{Operation: r.operation, Status: resp.StatusCode, Message: "the answer has over " + strconv.Itoa(maxAnswer) + " bytes"}
	}
	return body, 0, nil
}

// retryAfter reads the header in both of its forms, seconds and a date. It returns 0 if there is none or if it cannot be read.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if s, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(s) * time.Second
	}
	if t, err := http.ParseTime(text); err == nil {
		return max(0, t.Sub(now))
	}
	return 0
}

// pathSegment escapes one segment of a path. It escapes everything except letters, digits, hyphens and underscores: a dot could make the
// segment .., and an unescaped + silently finds nobody (docs/rules.md#the-app-api).
func pathSegment(s string) string {
	const plain = "-_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte(plain, s[i]) >= 0 {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02X", s[i])
		}
	}
	return b.String()
}
