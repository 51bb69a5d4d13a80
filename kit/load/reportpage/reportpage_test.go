package reportpage

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// The page is complete, loads nothing, and contains nothing of the people that it is about.
func TestReportPage(t *testing.T) {
	t.Parallel()
	for _, dryRun := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := reported(t, dryRun)
			var page bytes.Buffer
			if err := Write(&page, r); err != nil {
				t.Fatal(err)
			}
			html := page.String()
			for _, no := range []string{"@example", "secret", "ann", "dozen", "http://", "src=", "url(", "<script", "@import", "NaN", "ZgotmplZ", "%!"} {
				if strings.Contains(strings.ReplaceAll(html, "cannot", ""), no) {
					t.Errorf("the page contains %q", no)
				}
			}
			want := []string{"people.csv", "not-an-integer", "field-count", "<svg", "prefers-color-scheme: dark", "0123456789abcdef<"}
			if dryRun {
				want = append(want, "A dry run: nothing was sent")
			} else {
				want = append(want, "; the rest were accepted", "refused-by-api", "event-starts-no-campaign", "Latency of requests", ">900<")
			}
			if len(r.Points) < 2 {
				want = []string{"A dry run"}
			}
			for _, yes := range want {
				if !strings.Contains(html, yes) {
					t.Errorf("the page lacks %q", yes)
				}
			}
			if strings.Count(html, "https://") != strings.Count(html, "https://cdp.customer.io") {
				t.Error("the page names an address that is not its target")
			}
			wellFormed(t, html[strings.Index(html, "<body>"):strings.LastIndex(html, "</html>")])
		})
	}
}

// wellFormed checks that all elements are closed.
func wellFormed(t *testing.T, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAxes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		highest float64
		n       int
		step    float64
	}{{0, 4, 1}, {1, 4, 0.25}, {97, 4, 25}, {113_000, 4, 50_000}, {0.0023, 4, 0.001}} {
		if got := niceStep(tt.highest, tt.n); math.Abs(got-tt.step) > 1e-12 {
			t.Errorf("niceStep(%g, %d) = %g, want %g", tt.highest, tt.n, got, tt.step)
		}
	}
	for _, tt := range []struct {
		t, step float64
		want    string
	}{{0.5, 0.5, "0.5 s"}, {5, 5, "5 s"}, {65, 5, "1:05"}, {120, 60, "2 min"}, {4500, 900, "1:15 h"}, {7200, 3600, "2 h"}} {
		if got := timeLabel(tt.t, tt.step); got != tt.want {
			t.Errorf("timeLabel(%g, %g) = %q, want %q", tt.t, tt.step, got, tt.want)
		}
	}
}

// sender accepts every message except one, and reports to the recorder as a client does.
type sender struct {
	recorder *load.Recorder
	calls    int
}

func (s *sender) Encode(m cio.Message) (cio.Encoded, error) { return cio.Encode(m) }
func (s *sender) Stats() cio.Stats                          { return cio.Stats{} }
func (s *sender) Target() string                            { return "https://cdp.customer.io" }
func (s *sender) KeyHash([]byte) []byte                     { return nil }

func (s *sender) Send(_ context.Context, m ...cio.Message) error {
	took := time.Duration(20+s.calls%7*30) * time.Millisecond
	<-time.After(took)
	info := cio.RequestInfo{Operation: "batch", Messages: len(m), Bytes: 100 * len(m), Attempt: 1, Duration: took}
	if s.calls++; s.calls%10 == 0 {
		info.Err = &cio.APIError{Status: 429}
		s.recorder.ObserveRequest(info)
		<-time.After(time.Second)
		info.Err, info.Attempt = nil, 2
	}
	s.recorder.ObserveRequest(info)
	if s.calls == 4 {
		refused := cio.Failure{Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400, Message: "ann@example.com is no plan"}}
		return &cio.SendError{Accepted: len(m) - 1, Failures: []cio.Failure{refused}}
	}
	return nil
}

// reported runs a load with a little of everything, in the fake time of a bubble, and reports it.
func reported(t *testing.T, dryRun bool) load.Report {
	t.Helper()
	recorder := load.NewRecorder()
	var in strings.Builder
	in.WriteString("id,email,n,at\n")
	for i := range 2000 {
		fmt.Fprintf(&in, "secret%d,ann%d@example.com,%d,1999-06-06\n", i%900, i%1999, i)
	}
	in.WriteString("secret1,bob@example.com,a dozen,2000-01-01\nsecret2,x,1,2000-01-02\n,,,\nshort\n")
	m, err := mapping.Parse("people.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {email: $email, n: =int(n)}}\n"+
		"  - track: {userId: $id, event: Seen, timestamp: =date(at)}\n    when: =int(n) == 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	job := func() load.Job {
		src, err := source.New(strings.NewReader(in.String()), source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		return load.Job{Source: src, Mapping: m, Client: &sender{recorder: recorder}, Recorder: recorder, BatchBytes: 5000, DryRun: dryRun}
	}
	plan, err := load.MakePlan(t.Context(), job(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	s, err := load.Run(t.Context(), job())
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Report(s, load.ReportAbout{Source: "/data/people.csv", Mapping: "people.yaml", MappingHash: "0123456789abcdef0123", Target: "https://cdp.customer.io", DryRun: dryRun,
		Started: started.UTC(), Ended: time.Now().UTC(), Tool: "ciokit"}, &plan)
}
