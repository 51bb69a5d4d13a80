package cio

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
)

// Version is the version of this library. It is sent as the User-Agent and in context.library of every message.
const Version = "0.2.0"

const (
	libraryName = "ciokit-go"
	userAgent   = libraryName + "/" + Version
)

// Client sends messages to one workspace. It is safe for concurrent use. Everything that uses one Client shares its connections and its
// rate limit. When you print or log a Client, the key is left out. [NewClient] makes one.
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

// NewClient checks cfg and returns a [Client]. It sends nothing.
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

// SetAPIKey replaces the write key for all requests that begin from now on. A [Batcher] that had stopped because its key was refused
// resumes. If the text cannot be a key, SetAPIKey returns an error and the old key stays.
func (c *Client) SetAPIKey(key string) error {
	if key == "" {
		return errors.New("cio: SetAPIKey: the write key is empty; the old key stays")
	}
	if err := checkAPIKey(key); err != nil {
		return err
	}
	next := newAPIKey(key)
	next.before = c.key.Load().mask
	c.key.Store(next)
	c.renewed.send()
	return nil
}

// alarm is the log for what must be told even if no Config.Logger is set.
func (c *Client) alarm() *slog.Logger {
	if c.silent {
		return slog.Default()
	}
	return c.log
}

// warn counts warnings and logs each kind of them once.
func (c *Client) warn(warnings []Warning) {
	for _, w := range warnings {
		c.counters.warnings.Add(1)
		if _, logged := c.warned.LoadOrStore(w.Rule, true); !logged {
			c.log.Warn("a message is sent, but a part of it may be lost, or it may not be what was meant (logged once per rule)", "rule", string(w.Rule), "field", w.Field, "hint", w.Hint)
		}
	}
}

func (c *Client) mask(s string) string {
	key := c.key.Load()
	if s = key.mask(s); key.before != nil {
		s = key.before(s)
	}
	return s
}

// CloseIdleConnections closes the connections that are kept open for the next request. A Client that is no longer used needs no other
// cleanup.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Target returns the address that the Client sends to, without /v1.
func (c *Client) Target() string { return c.base }

// Encode checks and encodes m under the Client's rules: its limits, its Guard, its default context. It sends nothing. The error is a
// [*MessageError].
func (c *Client) Encode(m Message) (Encoded, error) { return c.rules.encode(m) }

// Stats returns counts of what the Client has done so far.
func (c *Client) Stats() Stats {
	s := c.counters.stats()
	s.Failing = c.health.now()
	return s
}

// KeyHash returns eight bytes that identify the write key and do not reveal it: a hash of the key under salt. The same key has the same
// hash under the same salt.
func (c *Client) KeyHash(salt []byte) []byte {
	h := hmac.New(sha256.New, salt)
	h.Write([]byte(c.key.Load().authorization()))
	return h.Sum(nil)[:8]
}

func (c *Client) summary() string { return fmt.Sprintf("cio.Client(%s)", c.base) }

// Format prints the Client without its key, for every verb.
func (c *Client) Format(f fmt.State, _ rune) { io.WriteString(f, c.summary()) }

// String returns the Client's name and target.
func (c *Client) String() string { return c.summary() }

// LogValue logs the Client without its key.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.summary()) }

// Stats counts what a Client has done since it was made.
type Stats struct {
	// Requests counts HTTP requests, retries included. Bytes is the size of their bodies.
	Requests, Bytes int64
	// Retries counts the requests among them that repeated an earlier one.
	Retries int64
	// RateLimited counts the answers with status 429.
	RateLimited int64
	// Accepted and Rejected count messages. Rejected counts only those that the server rejected.
	Accepted, Rejected int64
	// Warnings counts the warnings of [Encoded.Warnings] for messages that were sent or queued.
	Warnings int64
	// Failing is the error with which requests fail now and are retried; nil as long as they succeed.
	Failing error
}

type counters struct {
	requests, bytes, retries, rateLimited, accepted, rejected, warnings atomic.Int64
}

func (c *counters) stats() Stats {
	return Stats{
		Requests:    c.requests.Load(),
		Bytes:       c.bytes.Load(),
		Retries:     c.retries.Load(),
		RateLimited: c.rateLimited.Load(),
		Accepted:    c.accepted.Load(),
		Rejected:    c.rejected.Load(),
		Warnings:    c.warnings.Load(),
	}
}

// Observer receives every request, for metrics and traces. It is called on the goroutine that made the request, must be safe for concurrent
// use, and delays that request. If it panics, the panic is logged and sending continues. How much is queued is in [Batcher.Stats].
type Observer interface {
	ObserveRequest(RequestInfo)
}

// RequestInfo is one HTTP request that has ended.
type RequestInfo struct {
	// Operation is the endpoint: identify, track, page, screen, group, alias or batch.
	Operation string
	// Messages is how many messages it carried. Bytes is the size of its body.
	Messages, Bytes int
	// Attempt counts from 1. From 2 on the request is a retry.
	Attempt int
	// Err is nil if the request was accepted, otherwise the reason. Its Status is 0 if no answer came.
	Err *APIError
	// Duration is how long the request took, until its answer was read, without the wait for the rate limit.
	Duration time.Duration
}

// Outcome is how the request ended, as a label of a metric. It is one of these: accepted; rejected (400, 413 or 422, because of a message
// in it); unauthorized (401 or 403); rate_limited (429); unavailable (408 and 5xx); no_answer (the connection failed or no answer came in
// time); canceled (the caller's context ended); other, such as a redirect.
func (r RequestInfo) Outcome() string {
	switch err := r.Err; {
	case err == nil:
		return "accepted"
	case errors.Is(err, ErrInvalid):
		return "rejected"
	case errors.Is(err, ErrUnauthorized):
		return "unauthorized"
	case errors.Is(err, ErrRateLimited):
		return "rate_limited"
	case err.Status == 0 && errors.Is(err, ErrUnavailable):
		return "no_answer"
	case err.Status == 0:
		return "canceled"
	case errors.Is(err, ErrUnavailable):
		return "unavailable"
	}
	return "other"
}

func (c *Client) observe(r *request, err *APIError, took time.Duration) {
	if c.observer == nil {
		return
	}
	defer func() {
		if p := recover(); p != nil {
			if _, logged := c.warned.LoadOrStore("an Observer panicked", true); !logged {
				c.alarm().Error("the Observer panicked (logged once); sending continues", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}
	}()
	c.observer.ObserveRequest(RequestInfo{Operation: r.operation, Messages: r.messages, Bytes: len(r.body), Attempt: r.attempts, Err: err, Duration: took})
}

// masker returns a func that removes the key from a text that a server or a proxy echoes. Real keys have 20 characters without a meaning;
// they are removed everywhere. A key for an emulator, such as the word emulator itself, is removed only where something marks it as a key:
// it may also be the name of the host, or a word of a sentence. A short key that is not a word, such as k3y, is also removed where it is a
// word of its own.
func masker(key, basic string) func(string) string {
	if isSecret(key) {
		return strings.NewReplacer(basic, masked, key, masked).Replace
	}
	standing := sync.OnceValue(func() *regexp.Regexp { return standsAsKey(key) })
	return func(text string) string {
		text = strings.ReplaceAll(text, basic, masked)
		if !strings.Contains(text, key) {
			return text
		}
		return standing().ReplaceAllString(text, "${1}${3}${5}"+masked+"${2}${4}${6}")
	}
}

const masked = "[key]"

const (
	leastSecret = 12 // characters of a key that is no word, with a digit in it or in mixed case
	leastRun    = 20 // letters in a row that are no word, whatever they are
)

// isSecret reports whether a key cannot be a word, or several words, that appear in a text with another meaning.
func isSecret(key string) bool {
	letters, run, digits, turns := 0, 0, 0, 0
	last := rune(0)
	for _, r := range key {
		if unicode.IsDigit(r) {
			digits++
		}
		if !unicode.IsLetter(r) {
			run, last = 0, 0
			continue
		}
		letters++
		if run++; run >= leastRun {
			return true
		}
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			turns++
		}
		last = r
	}
	return len(key) >= leastSecret && (digits > 0 || turns > 1 || letters == 0)
}

// standsAsKey matches a key that a label, a scheme of authorization or an address marks as one. The groups are the texts before and after
// it.
func standsAsKey(key string) *regexp.Regexp {
	const (
		label   = `(?i:key|token|secret|password|passwd|credentials?|auth|authorization)["'\x60)\]]*[ \t]*[:=][ \t]*["'\x60\[(]*`
		quotes  = `(?i:key|token|secret|password|credentials?)[ \t]+["'\x60]`
		scheme  = `(?i:\bbasic|\bbearer)[ \t]+["'\x60]?`
		address = `://(?:[^@/\s:]*:)?` // before the host
	)
	k, before := regexp.QuoteMeta(key), label+`|`+quotes+`|`+scheme
	if digitThenLetter.MatchString(key) {
		before += `|^|[\s"'\x60(\[]`
	}
	return regexp.MustCompile(`((?:` + before + `))` + k + `($|[^\w.:@-]|\.(?:\W|$))|((?:` + label + `|` + scheme + `))` + k + `([:@])|(` + address + `)` + k + `((?::[^@/\s]*)?@)`)
}

// digitThenLetter matches a key with digits before letters. No word has that.
var digitThenLetter = regexp.MustCompile(`[0-9][A-Za-z]`)
