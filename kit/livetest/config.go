package livetest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/places"
)

// Defaults of a Config.
const (
	defaultRate       = 10
	defaultReadFor    = 3 * time.Minute
	defaultObjectType = "1"
)

// Config says which workspace a Suite runs against. APIKey and either Region or BaseURL are required, and Workspace for a real workspace. The zero
// value of every other field is the safe default. A Config prints and logs without its keys.
type Config struct {
	// APIKey is the write key of a Data Pipelines source in the workspace.
	APIKey string `json:"-"`
	// Workspace is the name of the workspace, as Customer.io shows it. With it the caller confirms that the workspace is for tests. It is required
	// unless an emulator answers. If there is an App API key, the name is compared with the answer of the App API.
	Workspace string
	// Region is the account's data centre.
	Region cio.Region
	// BaseURL overrides the region's address. If it leads to an emulator, everything is asserted. Any other workspace is real, and what happens at
	// the limits is recorded and not asserted.
	BaseURL string
	// AppAPIKey, if set, lets the suite read back what it sent. An emulator accepts the write key.
	AppAPIKey string `json:"-"`
	// AppBaseURL overrides the App API's address; default the emulator's own address, otherwise that of the region.
	AppBaseURL string
	// ObjectType is the type of the objects that the suite makes; default 1. The workspace must have it.
	ObjectType string
	// Permissive leaves out the header X-Strict-Mode.
	Permissive bool
	// HTTPClient makes all requests; default a new client.
	HTTPClient *http.Client `json:"-"`
	// RateLimit is how many requests of all kinds together can start within a second; default 10; negative: no limit.
	RateLimit int
	// ReadFor is how long data may take to appear in the App API after it was sent; default 3 min.
	ReadFor time.Duration
	// LedgerDir is where the ledger is kept; default LedgerDir().
	LedgerDir string
}

// ConfigFromEnv returns a Config from CUSTOMERIO_API_KEY, CUSTOMERIO_REGION, CUSTOMERIO_BASE_URL, CUSTOMERIO_APP_API_KEY and CUSTOMERIO_APP_BASE_URL,
// with the Workspace of CIOKIT_LIVE_WORKSPACE. getenv returns the variables: os.Getenv, or the function that ReadEnv returns.
func ConfigFromEnv(getenv func(string) string) Config {
	return Config{
		APIKey:     getenv("CUSTOMERIO_API_KEY"),
		Workspace:  strings.TrimSpace(getenv(WorkspaceEnv)),
		Region:     cio.Region(strings.ToLower(getenv("CUSTOMERIO_REGION"))),
		BaseURL:    getenv("CUSTOMERIO_BASE_URL"),
		AppAPIKey:  getenv("CUSTOMERIO_APP_API_KEY"),
		AppBaseURL: getenv("CUSTOMERIO_APP_BASE_URL"),
	}
}

// Format prints the Config without its keys, for every verb.
func (c Config) Format(f fmt.State, _ rune) { io.WriteString(f, c.String()) }

// String returns the Config without its keys.
func (c Config) String() string {
	base := "(not a URL)"
	if u, err := url.Parse(c.BaseURL); err == nil {
		base = u.Redacted()
	}
	return fmt.Sprintf("livetest.Config{Region: %q, BaseURL: %q, Permissive: %t}", string(c.Region), base, c.Permissive)
}

// LogValue logs the Config without its keys.
func (c Config) LogValue() slog.Value { return slog.StringValue(c.String()) }

// LedgerDir is where ledgers are kept: $XDG_STATE_HOME/ciokit/live, or the usual place for state if that is not set.
func LedgerDir() (string, error) { return places.State("live") }

// workspace is the connection to one workspace, with one rate limit for all requests.
type workspace struct {
	cfg    Config
	run    string
	http   *http.Client
	client *cio.Client    // as configured
	strict *cio.Client    // in strict mode
	app    *appapi.Client // nil without a key

	emulated  bool   // an emulator answers: it has applied a message when it answers
	confirmed string // which workspace it is, and how that is known
	marks     int    // how often mark was called
}

// dial makes the clients, and finds out what they are connected to. It sends nothing.
func (c Config) dial(ctx context.Context) (*workspace, error) {
	if c.RateLimit == 0 {
		c.RateLimit = defaultRate
	}
	if c.ReadFor <= 0 {
		c.ReadFor = defaultReadFor
	}
	if c.ObjectType == "" {
		c.ObjectType = defaultObjectType
	}
	if c.LedgerDir == "" {
		var err error
		if c.LedgerDir, err = LedgerDir(); err != nil {
			return nil, err
		}
	}
	w := &workspace{cfg: c, run: newRun(), http: new(http.Client)}
	if c.HTTPClient != nil {
		*w.http = *c.HTTPClient
	}
	w.http.Transport = &pacedTransport{next: w.http.Transport, every: time.Second, starts: make([]time.Time, max(c.RateLimit, 0))}
	var err error
	if w.client, err = cio.NewClient(w.clientConfig(c.Permissive)); err != nil {
		return nil, err
	}
	if w.strict, err = cio.NewClient(w.clientConfig(false)); err != nil {
		return nil, err
	}
	w.look(ctx)
	if c.AppAPIKey == "" {
		return w, nil
	}
	base, err := w.appAddress()
	if err != nil {
		return nil, err
	}
	// A rate limit of its own would count requests twice.
	w.app, err = appapi.NewClient(appapi.Config{APIKey: c.AppAPIKey, Region: c.Region, BaseURL: base, HTTPClient: w.http, RateLimit: -1})
	return w, err
}

// open dials a workspace, checks that it is the intended one, and sends a request that changes nothing, so that a rejected key is one error and not
// hundreds.
func (c Config) open(ctx context.Context) (*workspace, error) {
	w, err := c.dial(ctx)
	if err != nil {
		return nil, err
	}
	if w.confirmed, err = w.confirm(ctx); err != nil {
		return nil, err
	}
	return w, w.knock(ctx)
}

// knock checks that the keys are accepted.
func (w *workspace) knock(ctx context.Context) error {
	if err := w.strict.Send(ctx, cio.DeletePerson{UserID: w.nobody()}); err != nil {
		return err
	}
	if w.app != nil {
		if _, err := w.app.Customers().Attributes(ctx, appapi.ByID(w.nobody())); err != nil && !errors.Is(err, appapi.ErrNotFound) {
			return err
		}
	}
	return nil
}

func (w *workspace) clientConfig(permissive bool) cio.Config {
	return cio.Config{APIKey: w.cfg.APIKey, Region: w.cfg.Region, BaseURL: w.cfg.BaseURL, Permissive: permissive, HTTPClient: w.http}
}

// real reports whether the server may be Customer.io.
func (w *workspace) real() bool { return !w.emulated }

// nobody is the id of a person who does not exist and is never made.
func (w *workspace) nobody() string { return "ciokit_test_nobody_" + w.run + "_0" }

// fingerprint distinguishes workspaces without revealing the key.
func fingerprint(key string) string {
	sum := sha256.Sum256([]byte("ciokit live " + key))
	return hex.EncodeToString(sum[:6])
}

func newRun() string {
	random := make([]byte, 3)
	rand.Read(random) // never fails
	return time.Now().UTC().Format("20060102150405") + hex.EncodeToString(random)
}

// pacedTransport lets at most len(starts) requests start within every; any number if len(starts) is 0.
type pacedTransport struct {
	next  http.RoundTripper // nil: http.DefaultTransport
	every time.Duration

	mu     sync.Mutex
	starts []time.Time // a ring
	at     int
}

// RoundTrip implements http.RoundTripper.
func (p *pacedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	for pause := p.take(); pause > 0; pause = p.take() {
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-r.Context().Done():
			timer.Stop()
			if r.Body != nil {
				r.Body.Close()
			}
			return nil, fmt.Errorf("waiting for the rate limit: %w", r.Context().Err())
		}
	}
	if p.next != nil {
		return p.next.RoundTrip(r)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// take records a start and returns 0, or returns how long to wait before the next attempt.
func (p *pacedTransport) take() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.starts) == 0 {
		return 0
	}
	now := time.Now()
	if oldest := p.starts[p.at]; !oldest.IsZero() && now.Sub(oldest) <= p.every {
		return p.every - now.Sub(oldest) + 1
	}
	p.starts[p.at] = now
	p.at = (p.at + 1) % len(p.starts)
	return 0
}
