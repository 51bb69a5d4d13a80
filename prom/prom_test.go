package prom_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	cioprom "github.com/ciokit/cio/prom"
)

func TestObserver(t *testing.T) {
	t.Parallel()
	o := cioprom.NewObserver()
	for _, r := range []cio.RequestInfo{
		{Operation: "batch", Messages: 100, Bytes: 30_000, Attempt: 1, Duration: 500 * time.Millisecond, Err: &cio.APIError{Status: 503}},
		{Operation: "batch", Messages: 100, Bytes: 30_000, Attempt: 2, Duration: 250 * time.Millisecond},
		{Operation: "track", Messages: 1, Bytes: 300, Attempt: 3, Duration: 40 * time.Second, Err: &cio.APIError{Err: errors.New("reset")}},
	} {
		o.ObserveRequest(r)
	}
	const want = `
# HELP cio_client_request_messages_total The messages in the requests, with those of retries.
# TYPE cio_client_request_messages_total counter
cio_client_request_messages_total{operation="batch",outcome="accepted"} 100
cio_client_request_messages_total{operation="batch",outcome="unavailable"} 100
cio_client_request_messages_total{operation="track",outcome="no_answer"} 1
# HELP cio_client_request_repeats_total The requests that were retries.
# TYPE cio_client_request_repeats_total counter
cio_client_request_repeats_total{operation="batch",outcome="accepted"} 1
cio_client_request_repeats_total{operation="track",outcome="no_answer"} 1
`
	if err := testutil.CollectAndCompare(o, strings.NewReader(want), "cio_client_request_messages_total", "cio_client_request_repeats_total"); err != nil {
		t.Error(err)
	}
	registry := prometheus.NewPedanticRegistry()
	if err := registry.Register(o); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sums := map[string]string{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if h := m.GetHistogram(); h != nil {
				sums[f.GetName()+" "+m.GetLabel()[0].GetValue()+" "+m.GetLabel()[1].GetValue()] = fmt.Sprintf("%d, %g", h.GetSampleCount(), h.GetSampleSum())
			}
		}
	}
	for k, v := range map[string]string{
		"cio_client_request_duration_seconds batch unavailable": "1, 0.5",
		"cio_client_request_duration_seconds batch accepted":    "1, 0.25",
		"cio_client_request_duration_seconds track no_answer":   "1, 40",
		"cio_client_request_body_bytes batch accepted":          "1, 30000",
	} {
		if sums[k] != v {
			t.Errorf("%s: got %q, want %q", k, sums[k], v)
		}
	}
	if problems, err := testutil.CollectAndLint(o); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}

func TestBatcherCollector(t *testing.T) {
	t.Parallel()
	s := cio.BatcherStats{Enqueued: 10, Accepted: 5, Rejected: 1, Queued: 4, QueuedBytes: 1200, Oldest: 1500 * time.Millisecond, InFlight: 2, Stopped: cio.ErrUnauthorized}
	stats := func() cio.BatcherStats { return s }
	c := cioprom.NewBatcherCollector("orders", stats)
	const want = `
# HELP cio_batcher_enqueued_messages_total Messages whose Enqueue returned nil.
# TYPE cio_batcher_enqueued_messages_total counter
cio_batcher_enqueued_messages_total{batcher="orders"} 10
# HELP cio_batcher_in_flight_batches Batches that are being sent.
# TYPE cio_batcher_in_flight_batches gauge
cio_batcher_in_flight_batches{batcher="orders"} 2
# HELP cio_batcher_queue_bytes The size of the messages that wait or are being sent.
# TYPE cio_batcher_queue_bytes gauge
cio_batcher_queue_bytes{batcher="orders"} 1200
# HELP cio_batcher_queue_messages Messages that wait or are being sent.
# TYPE cio_batcher_queue_messages gauge
cio_batcher_queue_messages{batcher="orders"} 4
# HELP cio_batcher_queue_oldest_seconds How long the oldest message has waited.
# TYPE cio_batcher_queue_oldest_seconds gauge
cio_batcher_queue_oldest_seconds{batcher="orders"} 1.5
# HELP cio_batcher_finished_messages_total Messages that Customer.io accepted or rejected.
# TYPE cio_batcher_finished_messages_total counter
cio_batcher_finished_messages_total{batcher="orders",outcome="accepted"} 5
cio_batcher_finished_messages_total{batcher="orders",outcome="rejected"} 1
# HELP cio_batcher_stopped 1 while sending has stopped for a reason that does not pass by itself.
# TYPE cio_batcher_stopped gauge
cio_batcher_stopped{batcher="orders"} 1
`
	if err := testutil.CollectAndCompare(c, strings.NewReader(want)); err != nil {
		t.Error(err)
	}
	s.Stopped = nil
	after := strings.Replace(want, `cio_batcher_stopped{batcher="orders"} 1`, `cio_batcher_stopped{batcher="orders"} 0`, 1)
	if err := testutil.CollectAndCompare(c, strings.NewReader(after)); err != nil {
		t.Error(err)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	registry := prometheus.NewPedanticRegistry()
	for name, wantErr := range map[string]bool{"a": false, "b": false} {
		if err := registry.Register(cioprom.NewBatcherCollector(name, stats)); (err != nil) != wantErr {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := registry.Register(cioprom.NewBatcherCollector("a", stats)); err == nil {
		t.Error("two of one name were registered")
	}
	if _, err := registry.Gather(); err != nil {
		t.Error(err)
	}
}

// The metrics agree with what a real Batcher does.
func TestWithABatcher(t *testing.T) {
	t.Parallel()
	o := cioprom.NewObserver()
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator", Observer: o, HTTPClient: &http.Client{Transport: emulator.New(emulator.Config{}).Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := cio.NewBatcher(client, cio.BatcherConfig{Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := b.Enqueue(t.Context(), cio.Track{UserID: fmt.Sprint(i), Event: cio.Named("Trial Started", nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = `
# HELP cio_batcher_finished_messages_total Messages that Customer.io accepted or rejected.
# TYPE cio_batcher_finished_messages_total counter
cio_batcher_finished_messages_total{batcher="b",outcome="accepted"} 100
cio_batcher_finished_messages_total{batcher="b",outcome="rejected"} 0
`
	if err := testutil.CollectAndCompare(cioprom.NewBatcherCollector("b", b.Stats), strings.NewReader(want), "cio_batcher_finished_messages_total"); err != nil {
		t.Error(err)
	}
	const carried = `
# HELP cio_client_request_messages_total The messages in the requests, with those of retries.
# TYPE cio_client_request_messages_total counter
cio_client_request_messages_total{operation="batch",outcome="accepted"} 100
`
	if err := testutil.CollectAndCompare(o, strings.NewReader(carried), "cio_client_request_messages_total"); err != nil {
		t.Error(err)
	}
}

// The package comment lists the metrics that exist, with their kinds.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var documented []string
	for _, m := range regexp.MustCompile(`(?m)^//\t(cio_\S+) +(histogram|counter|gauge) `).FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, m[1]+" "+m[2])
	}
	o := cioprom.NewObserver()
	o.ObserveRequest(cio.RequestInfo{Operation: "track", Attempt: 2})
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(o, cioprom.NewBatcherCollector("b", func() cio.BatcherStats { return cio.BatcherStats{} }),
		cioprom.NewOutboxCollector("o", func() cio.OutboxStats { return cio.OutboxStats{} }))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var made []string
	for _, f := range families {
		made = append(made, f.GetName()+" "+strings.ToLower(f.GetType().String()))
	}
	slices.Sort(documented)
	slices.Sort(made)
	if !slices.Equal(documented, made) {
		t.Errorf("documented:\n%s\nmade:\n%s", strings.Join(documented, "\n"), strings.Join(made, "\n"))
	}
}

func TestOutboxCollector(t *testing.T) {
	t.Parallel()
	s := cio.OutboxStats{Enqueued: 20, Accepted: 11, Rejected: 2, Queued: 7, QueuedBytes: 2100, Oldest: 2500 * time.Millisecond, Dead: 3, DeadBytes: 900, Commits: 17, FileBytes: 40960, InFlight: 1, Damages: 4, Stopped: cio.ErrUnauthorized,
		Lanes: []cio.OutboxLane{{Number: 3, Queued: 5, Oldest: 1500 * time.Millisecond}}}
	c := cioprom.NewOutboxCollector("orders", func() cio.OutboxStats { return s })
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(c)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetName() + "=" + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
		}
	}
	want := map[string]float64{
		"cio_outbox_enqueued_messages_total outbox=orders": 20, "cio_outbox_queue_messages outbox=orders": 7, "cio_outbox_queue_bytes outbox=orders": 2100,
		"cio_outbox_queue_oldest_seconds outbox=orders": 2.5, "cio_outbox_dead_letters outbox=orders": 3, "cio_outbox_dead_letters_bytes outbox=orders": 900,
		"cio_outbox_commits_total outbox=orders": 17, "cio_outbox_file_bytes outbox=orders": 40960, "cio_outbox_in_flight_batches outbox=orders": 1,
		"cio_outbox_damages_total outbox=orders": 4, "cio_outbox_stopped outbox=orders": 1, "cio_outbox_failing outbox=orders": 0,
		"cio_outbox_lane_queue_messages lane=3 outbox=orders": 5, "cio_outbox_lane_queue_oldest_seconds lane=3 outbox=orders": 1.5,
		"cio_outbox_finished_messages_total outbox=orders outcome=accepted": 11, "cio_outbox_finished_messages_total outbox=orders outcome=rejected": 2,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if problems, err := testutil.CollectAndLint(c); err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
}
