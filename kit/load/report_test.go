package load

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

var update = flag.Bool("update", false, "write the golden files of the tests")

// reported runs a load with a little of everything, in the fake time of a bubble, and reports it.
func reported(t *testing.T, dryRun bool) Report {
	t.Helper()
	recorder := NewRecorder()
	client := &fakeClient{send: func(_ context.Context, call int, m []cio.Message) error {
		took := time.Duration(20+call%7*30) * time.Millisecond
		<-time.After(took)
		info := cio.RequestInfo{Operation: "batch", Messages: len(m), Bytes: 100 * len(m), Attempt: 1, Duration: took}
		if call%10 == 9 {
			info.Err = &cio.APIError{Status: 429}
			recorder.ObserveRequest(info)
			<-time.After(time.Second)
			info.Err, info.Attempt = nil, 2
		}
		recorder.ObserveRequest(info)
		if call == 3 {
			return failures(len(m), map[int]cio.Failure{0: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400, Message: "ann@example.com is no plan"}}})
		}
		return nil
	}}
	var in strings.Builder
	in.WriteString("id,email,n,at\n")
	for i := range 2000 {
		fmt.Fprintf(&in, "secret%d,ann%d@example.com,%d,1999-06-06\n", i%900, i%1999, i)
	}
	in.WriteString("secret1,bob@example.com,a dozen,2000-01-01\nsecret2,x,1,2000-01-02\n,,,\nshort\n")
	const mapping = "messages:\n  - identify: {userId: $id, traits: {email: $email, n: =int(n)}}\n  - track: {userId: $id, event: Seen, timestamp: =date(at)}\n    when: =int(n) == 1\n"
	job := Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, mapping), Client: client, Recorder: recorder, BatchBytes: 5000, DryRun: dryRun}
	planned := job
	planned.Source = mustSource(t, in.String(), source.Config{})
	plan, err := MakePlan(t.Context(), planned, 1000)
	if err != nil {
		t.Fatal(err)
	}
	started := time.Now()
	s, err := Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	return recorder.Report(s, ReportAbout{Source: "/data/people.csv", Mapping: "people.yaml", MappingHash: "0123456789abcdef0123", Target: "https://cdp.customer.io", DryRun: dryRun,
		Started: started.UTC(), Ended: time.Now().UTC(), Tool: "ciokit"}, &plan)
}

func TestReportJSON(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := reported(t, false)
		got, err := json.MarshalIndent(r, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, '\n')
		golden := filepath.Join("testdata", "report.json")
		if *update {
			if err := os.WriteFile(golden, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("the report is another; see what it should be with -update:\n%s", got)
		}
		var sum ReportPoint
		for _, p := range r.Points {
			sum.Rows += p.Rows
			sum.Accepted += p.Accepted
			sum.Rejected += p.Rejected
			sum.Requests += p.Requests
		}
		if s := r.Summary; sum.Rows != s.Rows || sum.Accepted != s.Accepted || sum.Rejected != s.Rejected+s.RejectedByAPI || sum.Requests == 0 {
			t.Errorf("the points come to %+v, the run to %+v", sum, s)
		}
	})
}

// A run of any length has at most so many points, and they contain everything that happened.
func TestSeriesIsBounded(t *testing.T) {
	begun := time.Unix(0, 0)
	s := series{begun: begun, interval: firstInterval}
	const n = 50_000
	for i := range n {
		p := s.at(begun.Add(time.Duration(i) * 777 * time.Millisecond))
		p.rows++
		p.latency.observe(time.Millisecond)
	}
	if len(s.points) > maxPoints || len(s.points) < maxPoints/2 {
		t.Errorf("%d points", len(s.points))
	}
	var all point
	for i := range s.points {
		all.add(&s.points[i])
	}
	if all.rows != n || all.latency.count != n {
		t.Errorf("%d rows, %d durations", all.rows, all.latency.count)
	}
}

func TestQuantiles(t *testing.T) {
	t.Parallel()
	var h histogram
	if h.quantile(0.5) != 0 {
		t.Error("nothing has a median")
	}
	for i := 1; i <= 1000; i++ {
		h.observe(time.Duration(i) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.95: 950 * time.Millisecond, 0.01: 10 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); math.Abs(float64(got)/float64(want)-1) > 0.1 {
			t.Errorf("quantile %g is %v, want %v", q, got, want)
		}
	}
	h.observe(time.Hour)
	h.observe(-1)
	if h.longest != time.Hour || h.quantile(1) > time.Hour {
		t.Errorf("longest %v, last %v", h.longest, h.quantile(1))
	}
}

// Small numbers are counted exactly, large ones within the error that the report names.
func TestDistinctCount(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 5000, exactDistinct, exactDistinct + 1, 300_000, 1_000_000} {
		d := newDistinctCount()
		for i := range n {
			d.add(fmt.Sprint("person ", i))
			if i%3 == 0 {
				d.add(fmt.Sprint("person ", i/2))
			}
		}
		got, exact := d.count()
		if exact != (n <= exactDistinct) || exact && got != int64(n) || math.Abs(float64(got)/float64(max(n, 1))-1) > 0.03 && n > 0 { // five standard errors
			t.Errorf("%d are counted as %d, exact %v", n, got, exact)
		}
	}
}

func TestLargestMessages(t *testing.T) {
	t.Parallel()
	recorder := NewRecorder()
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range 100 {
		fmt.Fprintf(&in, "p%s,1\n", strings.Repeat("x", i*37%100))
	}
	job := Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient), Recorder: recorder}
	s, err := Run(t.Context(), job)
	if err != nil {
		t.Fatal(err)
	}
	r := recorder.Report(s, ReportAbout{}, nil)
	if len(r.Largest) != maxLargest || r.People != 100 || !r.PeopleExact || r.Plan != nil {
		t.Fatalf("%+v", r)
	}
	for i, m := range r.Largest {
		if length := int(m.Line-2) * 37 % 100; length != 99-i || m.Kind != "identify" {
			t.Errorf("the largest but %d is of %d: %+v", i, length, m)
		}
	}
}
