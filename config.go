package cio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// Region is the data centre of an account. There is no default: the wrong one puts personal data into another country.
type Region string

// Customer.io's regions.
const (
	RegionUS Region = "us"
	RegionEU Region = "eu"
)

// baseURL returns the address of the region's API (docs/rules.md#hosts-keys-regions), empty for an unknown one.
func (r Region) baseURL() string {
	switch r {
	case RegionUS:
		return "https://cdp.customer.io"
	case RegionEU:
		return "https://cdp-eu.customer.io"
	}
	return ""
}

// Defaults and limits of a Config.
const (
	defaultTimeout         = 10 * time.Second
	defaultMaxElapsed      = 2 * time.Minute
	defaultMaxMessageBytes = 32_000
	defaultMaxBatchBytes   = 475_000
	defaultRateLimit       = 3_000
	defaultRateWindow      = 3 * time.Second
	maxRateLimit           = 1_000_000 // each request of a window is remembered
)

// Config is what a [Client] needs. APIKey is required, and Region or BaseURL. For every other field the zero value is the safe default.
// When you print or log a Config, the key is left out.
type Config struct {
	// APIKey is the write key of a Data Pipelines source in the workspace.
	APIKey string `json:"-"`
	// Region is the account's data centre, US or EU. It is required without BaseURL.
	Region Region
	// BaseURL overrides the region's address, for the emulator or a proxy: scheme and host, with a path if you need one, without /v1. A /v1
	// at its end is removed. It must not contain credentials.
	BaseURL string
	// Permissive omits the header X-Strict-Mode. The API then answers 200 to calls that it drops, and Send calls them accepted.
	Permissive bool
	// AcceptAny2xx treats every answer with a status of 2xx as acceptance. Its body makes no difference, and it can come before the whole
	// request was sent. It is for stubs in tests. With it the page of a captive portal counts as acceptance, and messages that were sent to
	// it are lost.
	AcceptAny2xx bool
	// HTTPClient sends the requests. By default the Client makes one with HTTP/1.1, keep-alive and the proxy of the environment.
	// CheckRedirect is not used: redirects are followed only with 307 and 308, and only from one host of customer.io to another, over
	// https.
	HTTPClient *http.Client `json:"-"`
	// Logger receives retries, warnings and rate changes. The default logs to [slog.Default], and only what delays delivery: that requests
	// fail and are retried, which is logged at most once a minute, and that a Batcher has stopped. Keys and personal data are never logged.
	Logger *slog.Logger `json:"-"`
	// Observer, if set, receives every request, for metrics and traces.
	Observer Observer `json:"-"`
	// Timeout limits one try of a request, until its answer is read; default 10 s.
	Timeout time.Duration
	// MaxElapsed is how long Send retries while no message of it, or of its SendGroup, is accepted; default 2 min; negative: until its
	// context ends. The last try begins when this time has passed, and may take its full Timeout.
	MaxElapsed time.Duration
	// MaxMessageBytes is the largest encoded message; default 32,000, a strict reading of the API's limit of 32 KB (docs/rules.md#sizes).
	MaxMessageBytes int
	// MaxBatchBytes is the largest request with several messages, with its envelope; default 475,000 of the API's 500 KB
	// (docs/rules.md#sizes).
	MaxBatchBytes int
	// RateLimit is how many requests the server may see within any RateWindow, from everything that shares the Client; default 3,000, the
	// API's documented limit (docs/rules.md#rate-retries-gzip); negative: no limit. Requests over it wait. Retries and redirects count.
	// Requests that the transport repeats by itself count too. Two Clients, or two processes, do not know of each other.
	//
	// Some requests take longer to arrive than others. So the Client starts at most RateLimit requests within 1.1 times RateWindow, by
	// default 3.3 s. The server then counts no more than the limit, as long as the delays differ by at most a tenth of RateWindow. By
	// default that leaves 909 requests a second.
	RateLimit int
	// RateWindow is the time over which RateLimit counts; default 3 s.
	RateWindow time.Duration
	// Admit, if set, is called before every request and every retry, after RateLimit has let it pass. It returns nil if the request can be
	// made. Use it for limits that several processes share. While it returns an error, the request waits and Admit is called again every
	// second, until the context ends. The context is that of Send, or the Batcher's own. Admit must be safe for concurrent use.
	Admit func(context.Context) error `json:"-"`
	// AllowAnonymousIdentify accepts an [Identify] whose only identifier is an AnonymousID. Customer.io ignores such calls
	// (docs/rules.md#fields-and-identity).
	AllowAnonymousIdentify bool
	// Guard, if set, is called before anything is sent for a person or an object. If it returns an error, the message is rejected. Guard
	// must be safe for concurrent use. It is the place for a list of people who asked to be forgotten.
	Guard func(Identity) error `json:"-"`
	// OmitLibrary omits context.library. It names this library and its version in every message, as Customer.io's own libraries do, and
	// takes some 60 bytes, a fifth of a small message. A message without another context then has none. An [Encoded] is sent unchanged.
	OmitLibrary bool
	// Context is the default context: any value that encodes to a JSON object. The context of a message is merged over it. NewClient
	// encodes it once. An [Encoded] that another Client or [Encode] made is sent unchanged, without it.
	Context any
}

// ConfigFromEnv returns a [Config] with APIKey, Region and BaseURL from the environment variables CUSTOMERIO_API_KEY, CUSTOMERIO_REGION
// ("us" or "eu") and CUSTOMERIO_BASE_URL. [NewClient] says which of them are missing.
func ConfigFromEnv() Config {
	return Config{
		APIKey:  os.Getenv("CUSTOMERIO_API_KEY"),
		Region:  Region(strings.ToLower(os.Getenv("CUSTOMERIO_REGION"))),
		BaseURL: os.Getenv("CUSTOMERIO_BASE_URL"),
	}
}

// complete fills in the defaults and checks the other fields.
func (c Config) complete() (Config, error) {
	err := checkAPIKey(c.APIKey)
	if err != nil {
		return c, err
	}
	if c.BaseURL, err = c.resolveBaseURL(); err != nil {
		return c, err
	}
	for _, d := range []struct {
		name  string
		value *time.Duration
		def   time.Duration
	}{{"Timeout", &c.Timeout, defaultTimeout}, {"RateWindow", &c.RateWindow, defaultRateWindow}} {
		if *d.value < 0 {
			return c, fmt.Errorf("cio: Config.%s is negative", d.name)
		}
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	for _, n := range []struct {
		name  string
		value *int
		def   int
	}{{"MaxMessageBytes", &c.MaxMessageBytes, defaultMaxMessageBytes}, {"MaxBatchBytes", &c.MaxBatchBytes, defaultMaxBatchBytes}} {
		if *n.value < 0 {
			return c, fmt.Errorf("cio: Config.%s is negative", n.name)
		}
		if *n.value == 0 {
			*n.value = n.def
		}
	}
	if c.MaxMessageBytes > c.MaxBatchBytes-batchEnvelope {
		return c, fmt.Errorf("cio: Config.MaxMessageBytes is %d and does not fit into a batch of Config.MaxBatchBytes %d", c.MaxMessageBytes, c.MaxBatchBytes)
	}
	if c.MaxElapsed == 0 {
		c.MaxElapsed = defaultMaxElapsed
	}
	if c.RateLimit == 0 {
		c.RateLimit = defaultRateLimit
	}
	if c.RateLimit > maxRateLimit {
		return c, fmt.Errorf("cio: Config.RateLimit is over %d; a negative one means no limit", maxRateLimit)
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}

func checkAPIKey(key string) error {
	if key == "" {
		return errors.New("cio: no write key: set Config.APIKey (CUSTOMERIO_API_KEY) to the write key of a Data Pipelines source")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r == ':' || r >= 0x7f }) {
		return errors.New("cio: the write key (Config.APIKey, CUSTOMERIO_API_KEY) contains a space, a colon or a character outside ASCII: perhaps other text was copied together with the key")
	}
	return nil
}

func (c Config) resolveBaseURL() (string, error) {
	if c.BaseURL == "" {
		if c.Region == "" {
			return "", errors.New("cio: no region: set Config.Region (CUSTOMERIO_REGION) to cio.RegionUS or cio.RegionEU, where the account lives; the wrong one would put personal data into the wrong country")
		}
		base := c.Region.baseURL()
		if base == "" {
			return "", fmt.Errorf("cio: unknown region %q: Config.Region (CUSTOMERIO_REGION) is us or eu", string(c.Region))
		}
		return base, nil
	}
	u, err := url.Parse(c.BaseURL)
	switch {
	case err != nil: // the error would quote the URL, which may hold credentials
		return "", errors.New("cio: Config.BaseURL (CUSTOMERIO_BASE_URL) is not a URL")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return "", errors.New("cio: Config.BaseURL (CUSTOMERIO_BASE_URL) needs a scheme and a host, such as http://127.0.0.1:8110")
	case u.User != nil:
		return "", errors.New("cio: Config.BaseURL (CUSTOMERIO_BASE_URL) must not contain credentials; put the key into Config.APIKey (CUSTOMERIO_API_KEY)")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "", errors.New("cio: Config.BaseURL (CUSTOMERIO_BASE_URL) must have no query and no fragment")
	}
	base := strings.TrimRight(u.String(), "/")
	return strings.TrimRight(strings.TrimSuffix(base, "/v1"), "/"), nil
}

func (c Config) rules() (rules, error) {
	r := rules{maxMessageBytes: c.MaxMessageBytes, allowAnonymousIdentify: c.AllowAnonymousIdentify, guard: c.Guard}
	if !c.OmitLibrary {
		r.context = []byte(libraryContext)
	}
	if c.Context == nil {
		return r, nil
	}
	own, err := wire.AppendValue(nil, c.Context)
	if err != nil {
		return r, contextError(valueError("context", err))
	}
	if path, found := wire.InvalidText(own); found {
		return r, contextError(reject("context."+path, RuleUTF8, "convert the text to UTF-8"))
	}
	switch {
	case string(own) == "null":
		return r, nil
	case own[0] != '{':
		return r, errors.New("cio: Config.Context does not encode to a JSON object")
	}
	r.context = wire.AppendMerged(nil, r.context, own)
	return r, nil
}

func contextError(e *MessageError) error {
	return fmt.Errorf("cio: Config.Context: %s: %s: %s", e.Field, e.Rule, e.Hint)
}

// summary is all that a Config prints.
func (c Config) summary() string {
	to := c.BaseURL
	if u, err := url.Parse(to); err != nil {
		to = "(not a URL)"
	} else if to != "" {
		to = u.Redacted()
	}
	key := "unset"
	if c.APIKey != "" {
		key = "set"
	}
	return fmt.Sprintf("cio.Config{APIKey: %s, Region: %q, BaseURL: %q, Permissive: %t}", key, string(c.Region), to, c.Permissive)
}

// Format prints the Config without its key, for every verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.summary()) }

// String returns the Config without its key.
func (c Config) String() string { return c.summary() }

// LogValue logs the Config without its key.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.summary()) }

// Defaults of a BatcherConfig.
const (
	defaultConcurrency   = 8
	defaultQueueBytes    = 16 << 20
	defaultBatchMessages = 2_500
	defaultMaxDelay      = 500 * time.Millisecond
)

// BatcherConfig says how a [Batcher] works. The zero value is a good start.
type BatcherConfig struct {
	// Concurrency is how many batches may be sent at once; default 8. How many you need to reach the API's limit of 1,000 requests a
	// second, of which the default RateLimit uses 909, depends on the round-trip time. This table assumes connections that stay open:
	//
	//	round trip   8 in flight      32 in flight     150 in flight
	//	  1 ms       (the limit)      (the limit)      (the limit)
	//	 20 ms         400 req/s      (the limit)      (the limit)
	//	150 ms          53 req/s        213 req/s      (the limit)
	//
	// A request carries up to 475,000 bytes, about 1,500 small events.
	Concurrency int
	// MaxBytes limits the memory of messages, from Enqueue until they are accepted or rejected; default 16 MiB. It should have room for 2 *
	// Concurrency batches of Config.MaxBatchBytes; otherwise batches are smaller.
	MaxBytes int
	// MaxBatchMessages is the largest number of messages in one batch; default 2,500.
	MaxBatchMessages int
	// MaxDelay is how long a message waits for others to share its request; default 500 ms; negative: not at all.
	MaxDelay time.Duration
	// Compress sends bodies gzipped. Customer.io's own SDKs for Python and Android do so; no document mentions it
	// (docs/rules.md#rate-retries-gzip). It takes 1.4 to 2.8 ms of CPU per 500 KB, more than all other work on a batch together. Use it for
	// slow uplinks only.
	Compress bool
	// PauseAfterRejections makes the Batcher pause, and try single messages, after the API has rejected this many messages, one after the
	// other, for the same reason: the sender or the workspace may be broken. Default 0: never. After 1,000 an error is logged in any case.
	PauseAfterRejections int
	// Recheck, if set, is called for a message that has waited for longer than a second, before it is sent, and again when sending resumes
	// after a stop. If it returns an error, the message is rejected, for that reason. Use it to withdraw messages: a person may ask to be
	// forgotten while messages about them wait. Recheck must be safe for concurrent use, and it delays delivery. It is not called for a
	// message that is being sent. For a retry it is called only after sending has stopped.
	Recheck func(Encoded) error
	// OnReport, if set, is called with the outcome of every message whose Enqueue returned nil: exactly once for each message, one call at
	// a time, and never after Close has returned. There is one exception: if OnReport does not return, an accepted message may not be
	// reported, and Close then hands the message back. OnReport runs on the Batcher's own goroutines and delays delivery. It may call
	// TryEnqueue, and nothing else of the Batcher. If it panics, the panic is logged and its message counts as reported. Without OnReport,
	// rejected messages are logged by their id and counted, and the error of Close names them.
	OnReport func(Report)
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}
