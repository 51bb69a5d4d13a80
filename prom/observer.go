package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ciokit/cio"
)

// Buckets of the histograms: a loopback answers within a millisecond, Config.Timeout ends a request after 10 s by default; a body has up to
// 475,000 bytes by default.
var (
	durationBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	sizeBuckets     = []float64{1_000, 4_000, 16_000, 64_000, 128_000, 256_000, 400_000, 475_000, 512_000}
)

// Observer counts requests. It is a cio.Observer and a prometheus.Collector; both are safe for concurrent use.
type Observer struct {
	duration, size    *prometheus.HistogramVec
	messages, repeats *prometheus.CounterVec
}

var (
	_ cio.Observer         = (*Observer)(nil)
	_ prometheus.Collector = (*Observer)(nil)
)

// NewObserver returns an Observer for cio.Config.Observer. Register it once. One Observer can serve several Clients.
func NewObserver() *Observer {
	labels := []string{"operation", "outcome"}
	histogram := func(name, help string, buckets []float64) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "cio_client_request_" + name, Help: help, Buckets: buckets}, labels)
	}
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "cio_client_request_" + name, Help: help}, labels)
	}
	return &Observer{
		duration: histogram("duration_seconds", "How long a request to Customer.io took, without the wait for the rate limit.", durationBuckets),
		size:     histogram("body_bytes", "The size of a request's body as it was sent.", sizeBuckets),
		messages: counter("messages_total", "The messages in the requests, with those of retries."),
		repeats:  counter("repeats_total", "The requests that were retries."),
	}
}

// ObserveRequest counts one request that has ended.
func (o *Observer) ObserveRequest(r cio.RequestInfo) {
	result := r.Outcome()
	o.duration.WithLabelValues(r.Operation, result).Observe(r.Duration.Seconds())
	o.size.WithLabelValues(r.Operation, result).Observe(float64(r.Bytes))
	o.messages.WithLabelValues(r.Operation, result).Add(float64(r.Messages))
	if r.Attempt > 1 {
		o.repeats.WithLabelValues(r.Operation, result).Inc()
	}
}

// Describe sends the descriptions of all metrics.
func (o *Observer) Describe(to chan<- *prometheus.Desc) {
	for _, c := range o.collectors() {
		c.Describe(to)
	}
}

// Collect sends the metrics.
func (o *Observer) Collect(to chan<- prometheus.Metric) {
	for _, c := range o.collectors() {
		c.Collect(to)
	}
}

func (o *Observer) collectors() []prometheus.Collector {
	return []prometheus.Collector{o.duration, o.size, o.messages, o.repeats}
}
