package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// lagging is Customer.io as seen from outside: the Pipelines API answers at once, and the App API shows the data some time later.
type lagging struct {
	answers, shows *emulator.Instance
	lag            time.Duration
	scatter        *rand.Rand // nil: in the order of sending

	mu    sync.Mutex
	queue []*http.Request // to be shown, in their order
}

func newLagging(t *testing.T, config emulator.Config, lag time.Duration) *lagging {
	return &lagging{answers: config.InProcess(t), shows: config.InProcess(t), lag: lag}
}

// config leads to the region's own addresses.
func (l *lagging) config(t *testing.T) Config {
	return Config{APIKey: l.answers.Key, AppAPIKey: l.answers.Key, Region: cio.RegionEU, Workspace: "Tests", HTTPClient: &http.Client{Transport: l}, LedgerDir: t.TempDir()}
}

func (l *lagging) RoundTrip(r *http.Request) (*http.Response, error) {
	switch r.URL.Host {
	case "api-eu.customer.io":
		return l.shows.Client().Transport.RoundTrip(r)
	case "cdp-eu.customer.io":
	default:
		return nil, http.ErrNotSupported
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	again := func(ctx context.Context, body []byte) *http.Request {
		c := r.Clone(ctx)
		c.Body, c.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return c
	}
	if l.scatter != nil {
		for _, one := range apart(r, body) {
			late := again(context.Background(), one)
			time.AfterFunc(l.lag/2+time.Duration(l.scatter.Int64N(int64(l.lag/2))), func() { l.showOne(late) })
		}
	} else {
		l.mu.Lock()
		l.queue = append(l.queue, again(context.Background(), body))
		l.mu.Unlock()
		time.AfterFunc(l.lag, l.show)
	}
	return l.answers.Client().Transport.RoundTrip(again(r.Context(), body))
}

// apart returns each message of a batch as a separate batch, and any other call unchanged.
func apart(r *http.Request, body []byte) (all [][]byte) {
	var batch struct{ Batch []json.RawMessage }
	if !strings.HasSuffix(r.URL.Path, "/batch") || json.Unmarshal(body, &batch) != nil {
		return [][]byte{body}
	}
	for _, m := range batch.Batch {
		all = append(all, slices.Concat([]byte(`{"batch":[`), m, []byte(`]}`)))
	}
	return all
}

// show shows the oldest call that is not yet shown.
func (l *lagging) show() {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.queue[0]
	l.queue = l.queue[1:]
	l.showOne(next)
}

func (l *lagging) showOne(r *http.Request) {
	if resp, err := l.shows.Client().Transport.RoundTrip(r); err == nil {
		resp.Body.Close()
	}
}

// The suite waits up to 2 minutes for data that is stored later, without being told the delay. It concludes nothing too early, and makes sure that
// everything is gone before it says so. The test has a workspace that applies messages in their order, and one that applies each after its own delay,
// with the emulator's switches one way and the other.
func TestSuiteWaits(t *testing.T) {
	t.Parallel()
	type workspace struct {
		config  emulator.Config
		lag     time.Duration
		scatter bool
	}
	all := map[string]workspace{
		"4 s":              {emulator.Config{MaxCallBytes: 31_000, MaxBatchBytes: 400_000}, 4 * time.Second, false},
		"2 min, scattered": {emulator.Config{DropUnknownPeople: true}, 2 * time.Minute, true},
	}
	if deep() {
		all["90 s"] = workspace{emulator.Config{}, 90 * time.Second, false}
		all["2 min"] = workspace{emulator.Config{}, 2 * time.Minute, false}
		for name, change := range switches(t) {
			w := workspace{lag: 2 * time.Minute, scatter: true}
			change(&w.config)
			all["2 min, scattered, "+name] = w
		}
		w := workspace{allSwitches(t), 2 * time.Minute, true}
		w.config.RateLimit = 0 // counts against what is shown, too
		all["2 min, scattered, all"] = w
	}
	for name, w := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLagging(t, w.config, w.lag)
				if w.scatter {
					l.scatter = rand.New(rand.NewPCG(7, 7))
				}
				cfg := l.config(t)
				seen := passes(t, cfg)
				if w.config.MaxCallBytes == 31_000 {
					// In a real workspace even sizes within the documented limits are recorded, and not judged.
					for _, want := range []string{"a call of 31999 bytes: answered with 400\n", "a batch of 474999 bytes: answered with 400\n"} {
						if !strings.Contains(seen, want) {
							t.Errorf("not seen: %s in\n%s", want, seen)
						}
					}
				}
				if n := l.shows.Stats().People; n != 0 {
					t.Errorf("Close said that all is gone while %d people were there", n)
				}
				time.Sleep(2 * w.lag) // of the fake clock: for everything that is still on its way
				if left := leftOver(l.shows); left != "" {
					t.Errorf("left over: %s", left)
				}
			})
		})
	}
}

// In a workspace that drops everything, every case that reads back fails, and a case that looks too early does not pass.
func TestNothingArrives(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLagging(t, emulator.Config{}, 100*time.Hour)
		s, err := Open(t.Context(), l.config(t))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range Cases() {
			if r := s.Run(t.Context(), c); r.Err == nil && !blind[c.Name] {
				t.Errorf("%s: %s passes where nothing arrives", c.Area, c.Name)
			}
		}
	})
}

// blind are the cases that read nothing back, because it is not documented what the App API shows of them.
var blind = map[string]bool{
	"an anonymous person's relationship": true,
}

// The probe finds the same despite the lag.
func TestProbeWaits(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]emulator.Config{
		"as assumed": {},
		"otherwise":  {RefuseItems: true, KeepDates: true, DropUnknownPeople: true, MergeOnAlias: true, DedupWindow: time.Hour, RejectSuppressed: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				l := newLagging(t, config, 4*time.Second)
				s, err := Open(t.Context(), l.config(t))
				if err != nil {
					t.Fatal(err)
				}
				var r Report
				for _, e := range Experiments() {
					f, err := s.Probe(t.Context(), e)
					if err != nil {
						t.Fatal(err)
					}
					r.Findings = append(r.Findings, f)
				}
				if err := s.Close(t.Context()); err != nil {
					t.Error(err)
				}
				want := 0
				if name == "otherwise" {
					want = 6
				}
				if all := r.Switches(); len(all) != want {
					t.Errorf("%d switches, want %d: %v\n%s", len(all), want, all, r.Markdown())
				}
				for _, f := range r.Findings {
					if name == "as assumed" && f.Verdict != VerdictAsAssumed {
						t.Errorf("%s: %s", f.ID, f.Observed)
					}
				}
			})
		})
	}
}

// For an item that never disappears, the suite waits once. The item stays in the ledger, and the rest is deleted.
func TestWhoDoesNotGo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLagging(t, emulator.Config{}, 24*time.Hour)
		cfg := l.config(t)
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		scope, err := s.prepare(Case{Area: "people", people: 3})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.showNow(t, cio.Identify{UserID: scope.people[0]}, cio.Identify{UserID: scope.people[1]}); err != nil {
			t.Fatal(err)
		}
		started := time.Now()
		if err := s.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "4 things are left") || !strings.Contains(err.Error(), "not seen") {
			t.Errorf("Close: %v", err)
		}
		if took := time.Since(started); took > 4*time.Minute {
			t.Errorf("it took %v", took)
		}
		if all, err := Ledgers(cfg.LedgerDir); err != nil || len(all) != 1 || len(all[0].Left()) != 4 {
			t.Errorf("%v, %v", all, err)
		}
	})
}

// showNow makes messages visible.
func (l *lagging) showNow(t *testing.T, msgs ...cio.Message) error {
	t.Helper()
	client, err := cio.NewClient(cio.Config{APIKey: l.shows.Key, BaseURL: l.shows.URL, HTTPClient: l.shows.Client()})
	if err != nil {
		return err
	}
	return client.Send(t.Context(), msgs...)
}
