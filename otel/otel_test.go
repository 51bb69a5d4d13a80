package otel_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"

	"github.com/ciokit/cio"
	ciootel "github.com/ciokit/cio/otel"
)

// sdk returns a provider and its reader.
func sdk(t *testing.T) (ciootel.Config, *metric.ManualReader) {
	t.Helper()
	reader := metric.NewManualReader()
	p := metric.NewMeterProvider(metric.WithReader(reader))
	t.Cleanup(func() { p.Shutdown(context.Background()) })
	return ciootel.Config{MeterProvider: p}, reader
}

// collect returns the value of every point by "name unit {attributes}"; for a histogram these are its count and its sum.
func collect(t *testing.T, r *metric.ManualReader) map[string]string {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := r.Collect(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	points := map[string]string{}
	for _, s := range all.ScopeMetrics {
		if s.Scope.Name != "github.com/ciokit/cio/otel" || s.Scope.Version != cio.Version {
			t.Errorf("scope %+v", s.Scope)
		}
		for _, m := range s.Metrics {
			put := func(set attribute.Set, value string) {
				points[fmt.Sprintf("%s %s {%s}", m.Name, m.Unit, set.Encoded(attribute.DefaultEncoder()))] = value
			}
			switch d := m.Data.(type) {
			case metricdata.Histogram[float64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, fmt.Sprintf("%d, %g", p.Count, p.Sum))
				}
			case metricdata.Histogram[int64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, fmt.Sprintf("%d, %d", p.Count, p.Sum))
				}
			case metricdata.Sum[int64]:
				if !d.IsMonotonic {
					t.Errorf("%s can fall", m.Name)
				}
				for _, p := range d.DataPoints {
					put(p.Attributes, fmt.Sprint(p.Value))
				}
			case metricdata.Gauge[int64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, fmt.Sprint(p.Value))
				}
			case metricdata.Gauge[float64]:
				for _, p := range d.DataPoints {
					put(p.Attributes, fmt.Sprint(p.Value))
				}
			default:
				t.Errorf("%s is a %T", m.Name, d)
			}
		}
	}
	return points
}

func expect(t *testing.T, got, want map[string]string) {
	t.Helper()
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %q, want %q", k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s: got %q, want none", k, v)
		}
	}
}

func TestObserver(t *testing.T) {
	t.Parallel()
	cfg, reader := sdk(t)
	o, err := ciootel.NewObserver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []cio.RequestInfo{
		{Operation: "batch", Messages: 100, Bytes: 30_000, Attempt: 1, Duration: 500 * time.Millisecond, Err: &cio.APIError{Status: 503}},
		{Operation: "batch", Messages: 100, Bytes: 30_000, Attempt: 2, Duration: 250 * time.Millisecond},
		{Operation: "batch", Messages: 50, Bytes: 15_000, Attempt: 1, Duration: 250 * time.Millisecond},
		{Operation: "track", Messages: 1, Bytes: 300, Attempt: 3, Duration: time.Second, Err: &cio.APIError{Err: errors.New("reset")}},
	} {
		o.ObserveRequest(r)
	}
	const (
		failed   = "{cio.operation=batch,cio.outcome=unavailable,http.response.status_code=503}"
		accepted = "{cio.operation=batch,cio.outcome=accepted}"
		silent   = "{cio.operation=track,cio.outcome=no_answer}"
	)
	expect(t, collect(t, reader), map[string]string{
		"cio.client.request.duration s " + failed:           "1, 0.5",
		"cio.client.request.duration s " + accepted:         "2, 0.5",
		"cio.client.request.duration s " + silent:           "1, 1",
		"cio.client.request.body.size By " + failed:         "1, 30000",
		"cio.client.request.body.size By " + accepted:       "2, 45000",
		"cio.client.request.body.size By " + silent:         "1, 300",
		"cio.client.request.messages {message} " + failed:   "100",
		"cio.client.request.messages {message} " + accepted: "150",
		"cio.client.request.messages {message} " + silent:   "1",
		"cio.client.request.repeats {request} " + accepted:  "1",
		"cio.client.request.repeats {request} " + silent:    "1",
	})
}

func TestObserveBatcher(t *testing.T) {
	t.Parallel()
	cfg, reader := sdk(t)
	s := cio.BatcherStats{Enqueued: 10, Accepted: 5, Rejected: 1, Queued: 4, QueuedBytes: 1200, Oldest: 1500 * time.Millisecond, InFlight: 2, Stopped: cio.ErrUnauthorized}
	stats := func() cio.BatcherStats { return s }
	stop, err := ciootel.ObserveBatcher(cfg, "orders", stats)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"cio.batcher.enqueued {message} {cio.batcher=orders}":                      "10",
		"cio.batcher.finished {message} {cio.batcher=orders,cio.outcome=accepted}": "5",
		"cio.batcher.finished {message} {cio.batcher=orders,cio.outcome=rejected}": "1",
		"cio.batcher.queue.messages {message} {cio.batcher=orders}":                "4",
		"cio.batcher.queue.size By {cio.batcher=orders}":                           "1200",
		"cio.batcher.queue.age s {cio.batcher=orders}":                             "1.5",
		"cio.batcher.in_flight {batch} {cio.batcher=orders}":                       "2",
		"cio.batcher.stopped 1 {cio.batcher=orders}":                               "1",
	}
	expect(t, collect(t, reader), want)

	// The metrics show what happens while a second Batcher runs.
	s.Accepted, s.Stopped = 9, nil
	want["cio.batcher.finished {message} {cio.batcher=orders,cio.outcome=accepted}"] = "9"
	want["cio.batcher.stopped 1 {cio.batcher=orders}"] = "0"
	stopOther, err := ciootel.ObserveBatcher(cfg, "people", func() cio.BatcherStats { return cio.BatcherStats{Enqueued: 3} })
	if err != nil {
		t.Fatal(err)
	}
	both := collect(t, reader)
	for k, v := range want {
		if both[k] != v {
			t.Errorf("%s: got %q, want %q", k, both[k], v)
		}
	}
	if both["cio.batcher.enqueued {message} {cio.batcher=people}"] != "3" || len(both) != 2*len(want) {
		t.Errorf("got %v", both)
	}
	if err := errors.Join(stop(), stopOther()); err != nil {
		t.Fatal(err)
	}
	expect(t, collect(t, reader), nil)
}

// The metrics agree with what a real Batcher does.
func TestWithABatcher(t *testing.T) {
	t.Parallel()
	cfg, reader := sdk(t)
	o, err := ciootel.NewObserver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	client, b := batcher(t, o)
	stop, err := ciootel.ObserveBatcher(cfg, "b", b.Stats)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	for i := range 100 {
		if err := b.Enqueue(t.Context(), cio.Track{UserID: fmt.Sprint(i), Event: cio.Named("Trial Started", nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := collect(t, reader)
	if got["cio.batcher.finished {message} {cio.batcher=b,cio.outcome=accepted}"] != "100" || got["cio.batcher.queue.messages {message} {cio.batcher=b}"] != "0" {
		t.Errorf("got %v", got)
	}
	size := got["cio.client.request.body.size By {cio.operation=batch,cio.outcome=accepted}"]
	if want := fmt.Sprintf("%d, %d", client.Stats().Requests, client.Stats().Bytes); size != want {
		t.Errorf("bodies: got %s, want %s", size, want)
	}
}

// batcher returns a client of an emulator that reports to o, and a Batcher on it.
func batcher(t *testing.T, o cio.Observer) (*cio.Client, *cio.Batcher) {
	t.Helper()
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator", Observer: o, HTTPClient: emulated()})
	if err != nil {
		t.Fatal(err)
	}
	b, err := cio.NewBatcher(client, cio.BatcherConfig{Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	return client, b
}

// The package comment lists the metrics that exist, with their units.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(cio\.\S+) +(?:histogram|counter|gauge) +(\S+)`).FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1]+" "+m[2])
	}
	cfg, reader := sdk(t)
	o, err := ciootel.NewObserver(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o.ObserveRequest(cio.RequestInfo{Operation: "track", Attempt: 2})
	if _, err := ciootel.ObserveBatcher(cfg, "b", func() cio.BatcherStats { return cio.BatcherStats{} }); err != nil {
		t.Fatal(err)
	}
	if _, err := ciootel.ObserveOutbox(cfg, "o", func() cio.OutboxStats { return cio.OutboxStats{} }); err != nil {
		t.Fatal(err)
	}
	var made []string
	for point := range collect(t, reader) {
		made = append(made, point[:strings.Index(point, " {cio.")])
	}
	slices.Sort(documented)
	slices.Sort(made)
	if made = slices.Compact(made); !slices.Equal(documented, made) {
		t.Errorf("documented:\n%s\nmade:\n%s", strings.Join(documented, "\n"), strings.Join(made, "\n"))
	}
}

func TestDefaultProvider(t *testing.T) {
	t.Parallel()
	o, err := ciootel.NewObserver(ciootel.Config{})
	if err != nil {
		t.Fatal(err)
	}
	o.ObserveRequest(cio.RequestInfo{Operation: "track", Attempt: 1}) // with a provider that does nothing
	stop, err := ciootel.ObserveBatcher(ciootel.Config{}, "b", func() cio.BatcherStats { return cio.BatcherStats{} })
	if err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

func TestObserveOutbox(t *testing.T) {
	t.Parallel()
	cfg, reader := sdk(t)
	stop, err := ciootel.ObserveOutbox(cfg, "orders", func() cio.OutboxStats {
		return cio.OutboxStats{Enqueued: 20, Accepted: 11, Rejected: 2, Queued: 7, QueuedBytes: 2100, Oldest: 2500 * time.Millisecond, Dead: 3, DeadBytes: 900, Commits: 17, FileBytes: 40960, InFlight: 1, Damages: 4, Failing: cio.ErrClosed,
			Lanes: []cio.OutboxLane{{Number: 3, Queued: 5, Oldest: 1500 * time.Millisecond}}}
	})
	if err != nil {
		t.Fatal(err)
	}
	expect(t, collect(t, reader), map[string]string{
		"cio.outbox.enqueued {message} {cio.outbox=orders}":                      "20",
		"cio.outbox.finished {message} {cio.outbox=orders,cio.outcome=accepted}": "11",
		"cio.outbox.finished {message} {cio.outbox=orders,cio.outcome=rejected}": "2",
		"cio.outbox.queue.messages {message} {cio.outbox=orders}":                "7",
		"cio.outbox.queue.size By {cio.outbox=orders}":                           "2100",
		"cio.outbox.queue.age s {cio.outbox=orders}":                             "2.5",
		"cio.outbox.lane.messages {message} {cio.lane=3,cio.outbox=orders}":      "5",
		"cio.outbox.lane.age s {cio.lane=3,cio.outbox=orders}":                   "1.5",
		"cio.outbox.dead.messages {message} {cio.outbox=orders}":                 "3",
		"cio.outbox.dead.size By {cio.outbox=orders}":                            "900",
		"cio.outbox.commits {commit} {cio.outbox=orders}":                        "17",
		"cio.outbox.file.size By {cio.outbox=orders}":                            "40960",
		"cio.outbox.in_flight {batch} {cio.outbox=orders}":                       "1",
		"cio.outbox.damages {report} {cio.outbox=orders}":                        "4",
		"cio.outbox.stopped 1 {cio.outbox=orders}":                               "0",
		"cio.outbox.failing 1 {cio.outbox=orders}":                               "1",
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	expect(t, collect(t, reader), nil)
}
