package cio

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
)

// Client sends messages to one workspace. It is safe for concurrent use; all that shares one shares its connections and its rate limit.
// It prints and logs without its key.
type Client struct {
	base       string
	region     Region
	permissive bool
	cfg        Config // completed, without the key
	rules      rules
	http       *http.Client
	log        *slog.Logger
	silent     bool // log is nobody's
	pace       *pacer
	counters   counters
	ledger     ledger
	health     health
	warned     sync.Map // warnings already logged
	observer   Observer

	key     atomic.Pointer[apiKey]
	renewed signal // the key was changed
}

// apiKey keeps the key inside funcs, where no printing of a struct finds it.
type apiKey struct {
	authorization func() string
	mask          func(string) string // takes the key out of a text
	before        func(string) string // the same for the key before it, which requests under way still have; nil for none
	worked        atomic.Bool         // something was accepted under it
}

func newAPIKey(key string) *apiKey {
	basic := base64.StdEncoding.EncodeToString([]byte(key + ":"))
	return &apiKey{authorization: func() string { return "Basic " + basic }, mask: masker(key, basic)}
}

// NewClient checks cfg and returns a Client. Nothing is sent.
func NewClient(cfg Config) (*Client, error) {
	silent := cfg.Logger == nil
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	rules, err := cfg.rules()
	if err != nil {
		return nil, err
	}
	key := cfg.APIKey
	cfg.APIKey = ""
	c := &Client{
		base:       cfg.BaseURL,
		region:     cfg.Region,
		permissive: cfg.Permissive,
		cfg:        cfg,
		rules:      rules,
		http:       httpClient(cfg.HTTPClient),
		log:        cfg.Logger,
		silent:     silent,
		observer:   cfg.Observer,
	}
	c.key.Store(newAPIKey(key))
	c.pace = newPacer(cfg.RateLimit, cfg.RateWindow, c.log)
	if u, err := url.Parse(c.base); err == nil && u.Scheme == "http" && !isLoopback(u.Hostname()) {
		c.log.Warn("the write key and all data travel unencrypted", "url", c.base)
	}
	return c, nil
}

// SetAPIKey replaces the write key for all requests that begin from now on. A Batcher that had stopped because its key was refused goes on.
// The error is that of a key that cannot be one; the old one stays then.
func (c *Client) SetAPIKey(key string) error {
	if err := checkAPIKey(key); err != nil {
		return err
	}
	next := newAPIKey(key)
	next.before = c.key.Load().mask
	c.key.Store(next)
	c.renewed.send()
	return nil
}

// alarm is where things go that somebody should hear of who set no Config.Logger.
func (c *Client) alarm() *slog.Logger {
	if c.silent {
		return slog.Default()
	}
	return c.log
}

func (c *Client) mask(s string) string {
	key := c.key.Load()
	if s = key.mask(s); key.before != nil {
		s = key.before(s)
	}
	return s
}

// CloseIdleConnections closes the connections that are kept open for the next request. A Client that is not used any more needs nothing else.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Target returns the address that the Client sends to, without /v1.
func (c *Client) Target() string { return c.base }

// Encode checks and encodes m under the Client's rules: its limits, its Guard, its default context. Nothing is sent. The error is a
// *MessageError.
func (c *Client) Encode(m Message) (Encoded, error) { return c.rules.encode(m) }

// Stats returns what the Client has done so far.
func (c *Client) Stats() Stats {
	s := c.counters.snapshot()
	s.Failing = c.health.now()
	return s
}

func (c *Client) summary() string { return fmt.Sprintf("cio.Client(%s)", c.base) }

// Format prints the Client without its key, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.summary()) }

// String returns the Client's name and target.
func (c *Client) String() string { return c.summary() }

// LogValue logs the Client without its key.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.summary()) }
