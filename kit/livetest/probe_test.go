package livetest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// probe runs every experiment and cleans up.
func probe(t *testing.T, srv *emulator.Instance, cfg Config) Report {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := Report{At: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Target: s.Target(), Run: "r"}
	for _, e := range Experiments() {
		f, err := s.Probe(t.Context(), e)
		if err != nil {
			t.Fatalf("%s: %v", e.ID, err)
		}
		r.Findings = append(r.Findings, f)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if left := leftOver(srv); left != "" {
		t.Errorf("left over: %s", left)
	}
	return r
}

// Against the emulator, every observation is what it assumes.
func TestProbeOfTheEmulator(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	r := probe(t, srv, configFor(t, srv))
	listed := make(map[string]emulator.Assumption)
	for _, a := range emulator.Assumptions() {
		listed[a.Behaviour] = a
	}
	ids := make(map[string]bool)
	for _, f := range r.Findings {
		if f.Verdict != VerdictAsAssumed || f.Observed != f.Assumed || len(f.Switches) > 0 {
			t.Errorf("%s: observed %q, assumed %q: %s %v", f.ID, f.Observed, f.Assumed, f.Verdict, f.Switches)
		}
		if a, ok := listed[f.Behaviour]; f.Behaviour != "" && (!ok || a.Source != f.Source || a.Confidence != f.Confidence || f.Source == "") {
			t.Errorf("%s: emulator.Assumptions has no %q", f.ID, f.Behaviour)
		}
		if ids[f.ID] {
			t.Errorf("%s comes twice", f.ID)
		}
		ids[f.ID] = true
	}
	if len(r.Findings) < 40 {
		t.Errorf("only %d experiments", len(r.Findings))
	}
	page := r.Markdown()
	for _, want := range []string{"# What was observed on 2026-11-22\n", fmt.Sprintf("Of %d questions that no document answers, %[1]d were answered as assumed, 0 differ, 0 could", len(r.Findings)),
		"| Does null remove an attribute? | it is gone | it is gone | as assumed |\n", "| bad-item-strict | In strict mode a whole batch is rejected if one of its messages is invalid. | own choice, nothing is documented; the API documents no partial answer | low |\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "Switches") || strings.Count(r.SwitchFile(), "\n") != 1 {
		t.Errorf("switches: %s", r.SwitchFile())
	}
}

// Every switch of the emulator that changes an answer is found, and would be set.
func TestProbeFindsSwitches(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config emulator.Config
		want   string // sorted
	}{
		"all": {emulator.Config{RefuseItems: true, RejectSuppressed: true, KeepDates: true, DropUnknownPeople: true, MergeOnAlias: true, DedupWindow: time.Hour, MaxCallBytes: 32_000, MaxBatchBytes: 500_000}, "dedup-window=24h drop-unknown-people=true keep-dates=true max-batch-bytes=500000 max-call-bytes=32000 merge-on-alias=true refuse-items=true reject-suppressed=true"},
		"what documents leave open": {emulator.Config{KeepIDs: true, PlainCIOIDs: true, ChangeEmails: true, OrderByTimestamp: true, KeepPageNames: true, DropUnknownObjectTypes: true, RefuseOddObjectTypes: true,
			RequireGroupPerson: true, RequireReportPerson: true, IgnoreIntegrations: true, JoinSlashes: true, TakeBareKeys: true, TakeBearer: true},
			"change-emails=true drop-unknown-object-types=true ignore-integrations=true join-slashes=true keep-ids=true keep-page-names=true order-by-timestamp=true plain-cio-ids=true refuse-odd-object-types=true " +
				"require-group-person=true require-report-person=true take-bare-keys=true take-bearer=true"},
		"drop oversize": {emulator.Config{DropOversize: true}, "drop-oversize=true"},
		"one":           {emulator.Config{MergeOnAlias: true}, "merge-on-alias=true"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := tc.config.InProcess(t)
			r := probe(t, srv, configFor(t, srv))
			lines := strings.SplitAfterN(r.SwitchFile(), "\n", 2)
			if got := strings.Join(strings.Fields(lines[1]), " "); got != tc.want {
				t.Errorf("switches\n%s\nwant\n%s\n%s", got, tc.want, r.Markdown())
			}
		})
	}
}

// Without an App API key, the report says what the answer does not show.
func TestProbeWithoutAppAPI(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	cfg := configFor(t, srv)
	cfg.AppAPIKey = ""
	seen := 0
	for _, f := range probe(t, srv, cfg).Findings {
		switch {
		case f.Verdict == VerdictAsAssumed:
			seen++
		case f.Verdict != VerdictNotObserved || !strings.Contains(f.Observed, "App API key"):
			t.Errorf("%s: %s, %s", f.ID, f.Verdict, f.Observed)
		}
	}
	if seen != len(answerExperiments)+len(answerDeviations)+len(sizeExperiments) {
		t.Errorf("%d were observed", seen)
	}
}

// A failing server does not count as one that answers.
func TestProbeOfTrouble(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	s, err := Open(t.Context(), configFor(t, srv))
	if err != nil {
		t.Fatal(err)
	}
	srv.Fault(emulator.Fault{Status: 401})
	if _, err := s.Probe(t.Context(), storeExperiments[2]); err == nil {
		t.Error("a key that is refused during the probe became a finding")
	}
	srv.Server.ClearFaults()
	srv.Fault(emulator.Fault{Count: 1, Status: 503})
	f, err := s.Probe(t.Context(), answerExperiments[0])
	if err != nil || f.Verdict != VerdictAsAssumed {
		t.Errorf("a 503 that passes: %+v, %v", f, err)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestReportEncodes(t *testing.T) {
	t.Parallel()
	r := Report{Target: "t", Findings: []Finding{{ID: "a", Observed: "x | y\nz", Verdict: VerdictDiffers, Switches: map[string]string{"keep-dates": "true"}}}, Stopped: "a\nb"}
	if page := r.Markdown(); !strings.Contains(page, `x \| y z`) || !strings.Contains(page, "`ciokit emulate --keep-dates=true`") || !strings.Contains(page, "a b") {
		t.Error(page)
	}
	b, err := json.Marshal(r)
	if err != nil || !strings.Contains(string(b), `"verdict":"differs"`) {
		t.Errorf("%s, %v", b, err)
	}
}

// The report has a successful answer literally, without the id of the call and without the key.
func TestProbeShowsSuccess(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		body, kind string
		observed   string
		shown      string
	}{
		"an empty object":      {"{}", "application/json", "empty, or one JSON value without an error", `body "{}"`},
		"nothing":              {"", "", "empty, or one JSON value without an error", `body ""`},
		"another JSON":         {`{"success":true}`, "text/plain", "empty, or one JSON value without an error", `{\"success\":true}`},
		"a page":               {"<html>", "text/html", "a body that is neither empty nor JSON", "<html>"},
		"a failure":            {`{"success":false}`, "application/json", "a body with an error", "false"},
		"what repeats the key": {`{"key":"test-live-key"}`, "application/json", "empty, or one JSON value without an error", "which repeats the call and is not shown"},
		"a long one":           {`"` + strings.Repeat("x", 1000) + `"`, "application/json", "empty, or one JSON value without an error", "... of 1002 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Bool // the experiment is under way; before and after it the server is the API
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				if !asked.Load() {
					return
				}
				w.Header().Set("Content-Type", tc.kind)
				io.WriteString(w, tc.body)
			}))
			defer server.Close()
			cfg := Config{APIKey: "test-live-key", BaseURL: server.URL, Workspace: "Tests", LedgerDir: t.TempDir()}
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close(t.Context())
			asked.Store(true)
			f, err := s.Probe(t.Context(), Experiments()[0])
			asked.Store(false)
			if err != nil || f.ID != "success-body" || f.Observed != tc.observed || len(f.Seen) != 4 {
				t.Fatalf("%v: %+v", err, f)
			}
			page := Report{Findings: []Finding{f}}.Markdown()
			if !strings.Contains(page, tc.shown) || strings.Contains(page, "test-live-key") {
				t.Errorf("%s", page)
			}
		})
	}
}
