package livetest

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// configFor returns the Config for an emulator.
func configFor(t *testing.T, srv *emulator.Instance) Config {
	t.Helper()
	return Config{APIKey: srv.Key, AppAPIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client(), RateLimit: -1, LedgerDir: filepath.Join(t.TempDir(), "live")}
}

// runAll runs every case as a subtest and closes the suite.
func runAll(ctx context.Context, t *testing.T, s *Suite) (seen []Observation) {
	t.Helper()
	t.Cleanup(func() {
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	for _, c := range Cases() {
		t.Run(c.Area+"/"+strings.ReplaceAll(c.Name, " ", "_"), func(t *testing.T) {
			r := s.Run(ctx, c)
			for _, o := range r.Observations {
				t.Logf("%s: %s", o.What, o.Seen)
			}
			if r.Err != nil {
				t.Error(r.Err)
			}
			if r.Skipped {
				t.Skip("the run was ended, or met an error that every case would meet")
			}
			seen = append(seen, r.Observations...)
		})
	}
	return seen
}

// leftOver returns what is left in the workspace.
func leftOver(srv *emulator.Instance) string {
	s := srv.Stats()
	if s.People+s.Events+s.Objects+s.Relationships+s.Devices+s.Suppressed == 0 {
		return ""
	}
	return fmt.Sprintf("%+v", s)
}

// TestEmulator runs the suite against the emulator, with both readings of the documented limits, and with every undocumented behaviour switched to
// the other one.
func TestEmulator(t *testing.T) {
	t.Parallel()
	const tooLarge, accepted = "answered with 400", "accepted"
	for name, tc := range map[string]struct {
		config     emulator.Config
		permissive bool
		// The observations for 32,001 bytes of a call, 500,001 of a batch, suppressed people, and an aliased person.
		call, batch, suppressed, aliased string
	}{
		"strict":                       {emulator.Config{}, false, accepted, accepted, accepted, "still there"},
		"permissive":                   {emulator.Config{}, true, accepted, accepted, accepted, "still there"},
		"strict, decimal limits":       {emulator.Config{MaxCallBytes: 32_000, MaxBatchBytes: 500_000}, false, tooLarge, tooLarge, accepted, "still there"},
		"permissive, decimal limits":   {emulator.Config{MaxCallBytes: 32_000, MaxBatchBytes: 500_000}, true, accepted, accepted, accepted, "still there"},
		"strict, every other choice":   {emulator.Config{MaxCallBytes: 32_000, DropOversize: true, RefuseItems: true, RejectSuppressed: true, KeepDates: true, MergeOnAlias: true}, false, accepted, accepted, "rejected", "not there"},
		"strict for every call's sake": {emulator.Config{Strict: true, MaxBatchBytes: 500_000}, true, accepted, tooLarge, accepted, "still there"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := tc.config.InProcess(t)
			cfg := configFor(t, srv)
			cfg.Permissive = tc.permissive
			t.Run("cases", func(t *testing.T) {
				s, err := Open(t.Context(), cfg)
				if err != nil {
					t.Fatal(err)
				}
				seen := runAll(t.Context(), t, s)
				for what, want := range map[string]string{
					"a call of 31999 bytes": accepted, "a call of 32001 bytes": tc.call,
					"a batch of two with a message of 31999 bytes, of 32412 bytes": accepted, "a batch of two with a message of 32001 bytes, of 32414 bytes": tc.call,
					"a batch of 474999 bytes": accepted, "a batch of 500001 bytes": tc.batch,
					"a call for a suppressed person": tc.suppressed, "the previous id of an alias in a batch": tc.aliased,
					"events of a person who was anonymous before": "Ciokit Test After, Ciokit Test Before",
				} {
					if !slices.Contains(seen, Observation{what, want}) {
						t.Errorf("not seen: %s: %s", what, want)
					}
				}
			})
			if left := leftOver(srv); left != "" {
				t.Errorf("left over: %s", left)
			}
			if files, _ := filepath.Glob(filepath.Join(cfg.LedgerDir, "*")); len(files) > 0 {
				t.Errorf("ledgers are left: %v", files)
			}
			for _, m := range append(srv.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictDropped}).Messages, srv.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictRejected}).Messages...) {
				allowed := []string{"suppressed"}
				if tc.config.MaxCallBytes+tc.config.MaxBatchBytes > 0 {
					allowed = append(allowed, "call-too-large", "message-too-large", "batch-too-large", "other-message-invalid")
				}
				if !slices.Contains(allowed, m.Rule) {
					t.Errorf("%s is %s: %s %s", m.Type, m.Verdict, m.Rule, m.Field)
				}
			}
		})
	}
}

// Without an App API key the suite sends the same, and reads nothing.
func TestWithoutAppAPI(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	cfg := configFor(t, srv)
	cfg.AppAPIKey = ""
	t.Run("cases", func(t *testing.T) {
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		runAll(t.Context(), t, s)
	})
	if left := leftOver(srv); left != "" {
		t.Errorf("left over: %s", left)
	}
}

// A rejected key is one error, before anything begins.
func TestWrongKey(t *testing.T) {
	t.Parallel()
	var calls atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			calls.Add(1)
		}
		w.WriteHeader(http.StatusUnauthorized)
	}))
	defer server.Close()
	cfg := Config{APIKey: "a-wrong-key", BaseURL: server.URL, Workspace: "Tests", LedgerDir: filepath.Join(t.TempDir(), "live")}
	_, err := Open(t.Context(), cfg)
	if !errors.Is(err, cio.ErrUnauthorized) || strings.Count(err.Error(), "CUSTOMERIO_API_KEY") != 1 || strings.Contains(err.Error(), "a-wrong-key") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
	if calls.Load() != 2 { // a rejected key is tried once more
		t.Errorf("%d calls", calls.Load())
	}
	if _, err := os.Stat(cfg.LedgerDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a ledger was begun: %v", err)
	}
	srv := emulator.Config{}.InProcess(t)
	cfg = configFor(t, srv)
	cfg.AppAPIKey = "another"
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "CUSTOMERIO_APP_API_KEY") {
		t.Errorf("a wrong App API key: %v", err)
	}
}

// If a key is revoked in the middle, one case fails, and the others are skipped. What was made before stays in the ledger, and is cleaned when there
// is a key again.
func TestKeyIsRevoked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // a key that was valid is retried for half a minute
		srv := emulator.Config{}.InProcess(t)
		cfg := configFor(t, srv)
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		failed, skipped := 0, 0
		for i, c := range Cases() {
			if i == 5 {
				srv.Fault(emulator.Fault{Status: 401})
			}
			r := s.Run(t.Context(), c)
			if r.Err != nil {
				failed++
			}
			if r.Skipped {
				skipped++
			}
		}
		if failed != 1 || skipped != len(Cases())-6 {
			t.Errorf("%d failed, %d skipped", failed, skipped)
		}
		if err := s.Close(t.Context()); err == nil || !strings.Contains(err.Error(), "ciokit live clean") {
			t.Errorf("Close: %v", err)
		}
		srv.Server.ClearFaults()
		if leftOver(srv) == "" {
			t.Fatal("nothing is left over")
		}
		cleanAll(t, cfg)
		if left := leftOver(srv); left != "" {
			t.Errorf("left over: %s", left)
		}
	})
}

// cleanAll cleans every ledger.
func cleanAll(t *testing.T, cfg Config) {
	t.Helper()
	all, err := Ledgers(cfg.LedgerDir)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d ledgers, %v", len(all), err)
	}
	for _, l := range all {
		if err := Clean(t.Context(), cfg, l, false); err != nil {
			t.Errorf("%s: %v", l.Path(), err)
		}
	}
	if all, err = Ledgers(cfg.LedgerDir); err != nil || len(all) > 0 {
		t.Errorf("%d ledgers are left, %v", len(all), err)
	}
}

// If the run is ended in the middle of any call, Close empties the workspace.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	for _, at := range []int{1, 2, 7, 20, 33, 40} {
		ctx, cancel := context.WithCancel(t.Context())
		var calls atomic.Int32
		srv := emulator.Config{OnRequest: func(emulator.Request) {
			if int(calls.Add(1)) == at+1 { // the first is that of Open
				cancel()
			}
		}}.InProcess(t)
		s, err := Open(t.Context(), configFor(t, srv))
		if err != nil {
			t.Fatal(err)
		}
		skipped := 0
		for _, c := range Cases() {
			if s.Run(ctx, c).Skipped {
				skipped++
			}
		}
		if skipped == 0 || ctx.Err() == nil {
			t.Errorf("cut short in call %d: nothing was skipped", at)
		}
		if err := s.Close(ctx); err != nil {
			t.Errorf("cut short in call %d: %v", at, err)
		}
		if left := leftOver(srv); left != "" {
			t.Errorf("cut short in call %d: left over: %s", at, left)
		}
	}
}

func TestConfigHidesKeys(t *testing.T) {
	t.Parallel()
	cfg := ConfigFromEnv(func(name string) string {
		return map[string]string{"CUSTOMERIO_API_KEY": "secret-1", "CUSTOMERIO_APP_API_KEY": "secret-2", "CUSTOMERIO_REGION": "EU"}[name]
	})
	if cfg.APIKey != "secret-1" || cfg.AppAPIKey != "secret-2" || cfg.Region != cio.RegionEU {
		t.Error("the environment is not read")
	}
	cfg.BaseURL = "http://a:secret-3@127.0.0.1"
	if said := fmt.Sprintf("%v %+v %#v %v", cfg, cfg, &cfg, cfg.LogValue()); strings.Contains(said, "secret") || !strings.Contains(said, `"eu"`) {
		t.Error(said)
	}
}

// giveUpEnv makes TestWorkspace end at its first request, for a test of whether it is allowed to send one.
const giveUpEnv = "CIOKIT_TEST_GIVE_UP"

// TestWorkspace runs the suite against a real workspace, if that is allowed.
func TestWorkspace(t *testing.T) {
	getenv, err := ReadEnv("../../.env")
	if err != nil {
		t.Fatal(err)
	}
	switch _, ok, err := Allowed(os.Getenv(LiveEnv), getenv); {
	case err != nil:
		t.Fatal(err)
	case !ok:
		t.Skipf("%s=1 runs the suite against the workspace of the environment or of .env, a key and a region alone never do; docs/live.md says how", LiveEnv)
	}
	ctx, stop := signal.NotifyContext(t.Context(), os.Interrupt, syscall.SIGTERM) // Ctrl-C must leave nothing behind
	defer stop()
	if os.Getenv(giveUpEnv) != "" {
		var end context.CancelFunc
		ctx, end = context.WithTimeout(ctx, time.Second)
		defer end()
	}
	s, err := Open(ctx, ConfigFromEnv(getenv))
	if err != nil {
		t.Fatal(err)
	}
	t.Log(s.Where())
	runAll(ctx, t, s)
	if ctx.Err() != nil {
		t.Error("the run was ended by a signal")
	}
}
