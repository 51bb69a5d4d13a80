package livetest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"net/http"

	"github.com/ciokit/cio/emulator"
)

// When a call arrives, the ledger has everything that the call can create.
func TestLedgerComesFirst(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "live")
	srv := emulator.Config{Refuse: func(m emulator.Message) (string, bool) {
		if strings.HasPrefix(m.UserID, idPrefix+"nobody") {
			return "", false
		}
		all, err := Ledgers(dir)
		if err != nil || len(all) != 1 {
			t.Errorf("%d ledgers, %v", len(all), err)
			return "", false
		}
		for _, id := range []string{m.UserID, m.AnonymousID, m.GroupID, m.PreviousID} {
			listed := slices.ContainsFunc(all[0].Left(), func(i Item) bool { return i.ID == id || i.owner() == id })
			if id != "" && !listed {
				t.Errorf("%s is not in the ledger", id)
			}
		}
		return "", false
	}}.InProcess(t)
	cfg := configFor(t, srv)
	cfg.LedgerDir = dir
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Cases() {
		if r := s.Run(t.Context(), c); r.Err != nil {
			t.Errorf("%s: %s: %v", r.Area, r.Name, r.Err)
		}
	}
	path := s.ledger.Path()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), srv.Key) {
		t.Error("the ledger contains the key")
	}
	for name, mode := range map[string]fs.FileMode{path: 0o600, dir: 0o700 | fs.ModeDir} {
		if info, err := os.Stat(name); err != nil || info.Mode() != mode && runtime.GOOS != "windows" {
			t.Errorf("%s: %v, %v, want %v", name, info.Mode(), err, mode)
		}
	}
	if all, err := Ledgers(dir); err != nil || !errors.Is(Clean(t.Context(), cfg, all[0], false), ErrLedgerInUse) {
		t.Errorf("a ledger in use is cleaned, or %v", err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// A ledger that is cut anywhere is read up to that place, and cleaned.
func TestLedgerIsTorn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := createLedger(dir, LedgerHeader{Run: "r", Target: "http://emulator", Workspace: fingerprint(emulator.TestKey)})
	if err != nil {
		t.Fatal(err)
	}
	one, two := Item{Kind: ItemKindPerson, ID: idPrefix + "people_r_0"}, Item{Kind: ItemKindObject, ID: idPrefix + "objects_r_0"}
	for _, err := range []error{l.add([]Item{one}), l.add([]Item{two}), l.done([]Item{one}), l.letGo()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(l.path)
	if err != nil {
		t.Fatal(err)
	}
	before := -1
	for cut := range len(text) + 1 {
		if err := os.WriteFile(l.path, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		read, err := readLedger(l.path)
		if err != nil {
			t.Fatalf("cut at %d: %v", cut, err)
		}
		n := len(read.Left())
		if lines := strings.Count(string(text[:cut]), "\n"); n != []int{0, 0, 1, 2, 1}[lines] {
			t.Errorf("cut at %d: %d items after %d lines", cut, n, lines)
		}
		if n == before {
			continue
		}
		before = n
		srv := emulator.Config{}.InProcess(t)
		cfg := configFor(t, srv)
		if err := Clean(t.Context(), cfg, read, false); err != nil {
			t.Errorf("cut at %d: %v", cut, err)
		}
		if _, err := os.Stat(l.path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("cut at %d: it is still there: %v", cut, err)
		}
	}
}

func TestLedgerOfAnotherWorkspace(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{Keys: []string{"old-key", "new-key"}}.InProcess(t)
	cfg := configFor(t, srv)
	l, err := createLedger(cfg.LedgerDir, LedgerHeader{Run: "r", Target: srv.URL, Workspace: fingerprint("old-key")})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.add([]Item{{Kind: ItemKindPerson, ID: idPrefix + "people_r_0"}}), l.close()); err != nil {
		t.Fatal(err)
	}
	open := func() *Ledger {
		all, err := Ledgers(cfg.LedgerDir)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d ledgers, %v", len(all), err)
		}
		return all[0]
	}
	other := cfg
	other.BaseURL = "http://elsewhere"
	if err := Clean(t.Context(), other, open(), true); !errors.Is(err, ErrOtherWorkspace) {
		t.Errorf("another address: %v", err)
	}
	other = cfg
	other.APIKey, other.AppAPIKey = "new-key", "new-key"
	if err := Clean(t.Context(), other, open(), false); !errors.Is(err, ErrOtherWorkspace) {
		t.Errorf("another key: %v", err)
	}
	if err := Clean(t.Context(), other, open(), true); err != nil {
		t.Errorf("another key, allowed: %v", err)
	}
}

func TestLedgersThatAreNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{}\n":         "line 1 is not the header",
		"not JSON\n":   "line 1 is not the header",
		header + "{\n": "line 2 is not an entry",
		header + `{"add":[{"kind":"person","id":"42"}]}` + "\n": "line 2: an identifier does not begin with ciokit_test_",
	} {
		if _, err := parseLedger([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

const header = `{"version":1,"run":"r"}` + "\n"

func FuzzLedger(f *testing.F) {
	f.Add([]byte(header + `{"add":[{"kind":"person","id":"ciokit_test_a"}]}` + "\n" + `{"done":[{"kind":"person","id":"ciokit_test_a"}]}` + "\n"))
	f.Add([]byte(header + `{"add":[{"kind":"person","id":"ciokit_test_a"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := parseLedger(text)
		if err != nil {
			return
		}
		for _, item := range l.Left() {
			if !strings.HasPrefix(item.ID, idPrefix) {
				t.Errorf("%q would be deleted", item.ID)
			}
		}
	})
}

// All requests together obey the rate limit.
func TestPace(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.Config{}.InProcess(t)
		var starts []time.Time
		cfg := configFor(t, srv)
		cfg.LedgerDir = t.TempDir()
		cfg.RateLimit = 0
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			starts = append(starts, time.Now())
			return srv.Client().Transport.RoundTrip(r)
		})}
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range Cases()[:6] {
			if r := s.Run(t.Context(), c); r.Err != nil {
				t.Error(r.Err)
			}
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if len(starts) < 20 {
			t.Fatalf("only %d requests", len(starts))
		}
		for i := defaultRate; i < len(starts); i++ {
			if d := starts[i].Sub(starts[i-defaultRate]); d <= time.Second {
				t.Errorf("requests %d to %d within %v", i-defaultRate, i, d)
			}
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
