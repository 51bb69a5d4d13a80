package notebooktest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/notebook"
	"github.com/ciokit/cio/kit/livetest"
)

// late is a workspace whose App API shows a call some time after it was answered, in the order of the calls.
type late struct {
	answers, shows *emulator.Instance
	lag            time.Duration

	mu    sync.Mutex
	queue []*http.Request
	done  sync.WaitGroup
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "api-eu.customer.io":
		return l.shows.Client().Transport.RoundTrip(r)
	case "cdp-eu.customer.io":
	default:
		return nil, errors.New("a call to another host")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	again := func() *http.Request {
		c := r.Clone(r.Context())
		c.Body, c.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return c
	}
	l.mu.Lock()
	l.queue = append(l.queue, again().WithContext(context.Background()))
	l.mu.Unlock()
	l.done.Add(1)
	time.AfterFunc(l.lag, l.show)
	return l.answers.Client().Transport.RoundTrip(again())
}

func (l *late) show() {
	defer l.done.Done()
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.queue[0]
	l.queue = l.queue[1:]
	if resp, err := l.shows.Client().Transport.RoundTrip(next); err == nil {
		resp.Body.Close()
	}
}

// runLate runs a notebook in a workspace that shows with a delay what it was sent. Every cell waits, and succeeds. At the end the workspace is empty,
// or a ledger exists that can empty it.
func runLate(t *testing.T, program *notebook.Program, d *notebook.Document, config emulator.Config, mustSucceed bool) {
	l := &late{answers: config.InProcess(t), shows: config.InProcess(t), lag: 700 * time.Millisecond}
	real := livetest.Config{
		APIKey: l.answers.Key, AppAPIKey: l.answers.Key, Region: cio.RegionEU, Workspace: "Tests", HTTPClient: &http.Client{Transport: l},
		RateLimit: -1, LedgerDir: t.TempDir(), ReadFor: 20 * time.Second,
	}
	host, err := notebook.StartHost(notebook.HostConfig{Real: real, Headless: true, Forward: func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host = "https", "cdp-eu.customer.io"
		return l.RoundTrip(r)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range d.CodeCells() {
		out, err := program.Run(t.Context(), d, cell, host.Env())
		if err != nil {
			if mustSucceed {
				t.Errorf("%v\n%s", err, out)
			}
			break
		}
		if mustSucceed {
			saysSource(t, d.Where(cell.Number, 1), cell, out)
		}
	}
	closed := host.Close()
	ledgers, err := livetest.Ledgers(real.LedgerDir)
	if err != nil {
		t.Fatal(err)
	}
	if (closed != nil) != (len(ledgers) > 0) {
		t.Errorf("closing says %v, with %d ledgers left", closed, len(ledgers))
	}
	for _, ledger := range ledgers {
		if err := livetest.Clean(t.Context(), real, ledger, false); err != nil {
			t.Error(err)
		}
	}
	l.done.Wait()
	if left := names(t, l.shows); len(left) > 0 {
		t.Errorf("left in the workspace: %s", strings.Join(left, ", "))
	}
	if files, err := os.ReadDir(real.LedgerDir); err != nil || len(files) > 0 {
		t.Errorf("a ledger is left: %v, %v", files, err)
	}
}
