package prom

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/ciokit/cio"
)

// BatcherCollector reports the state of a Batcher whenever it is collected. It is safe for concurrent use.
type BatcherCollector struct {
	stats func() cio.BatcherStats

	enqueued, finished, queued, queuedBytes, oldest, inFlight, stopped *prometheus.Desc
}

var _ prometheus.Collector = (*BatcherCollector)(nil)

// NewBatcherCollector returns a collector for the state of a Batcher; stats is the Batcher's Stats. The name identifies the Batcher: a
// registry refuses two collectors with one name. Unregister the collector when the Batcher has been closed.
func NewBatcherCollector(name string, stats func() cio.BatcherStats) *BatcherCollector {
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("cio_batcher_"+metric, help, labels, prometheus.Labels{"batcher": name})
	}
	return &BatcherCollector{
		stats:       stats,
		enqueued:    desc("enqueued_messages_total", "Messages whose Enqueue returned nil."),
		finished:    desc("finished_messages_total", "Messages that Customer.io accepted or rejected.", "outcome"),
		queued:      desc("queue_messages", "Messages that wait or are being sent."),
		queuedBytes: desc("queue_bytes", "The size of the messages that wait or are being sent."),
		oldest:      desc("queue_oldest_seconds", "How long the oldest message has waited."),
		inFlight:    desc("in_flight_batches", "Batches that are being sent."),
		stopped:     desc("stopped", "1 while sending has stopped for a reason that does not pass by itself."),
	}
}

// Describe sends the descriptions of all metrics.
func (c *BatcherCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.enqueued, c.finished, c.queued, c.queuedBytes, c.oldest, c.inFlight, c.stopped} {
		to <- d
	}
}

// Collect asks the Batcher for its state and sends the metrics.
func (c *BatcherCollector) Collect(to chan<- prometheus.Metric) {
	s := c.stats()
	counter := func(d *prometheus.Desc, n int64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	gauge := func(d *prometheus.Desc, v float64) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v)
	}
	counter(c.enqueued, s.Enqueued)
	counter(c.finished, s.Accepted, "accepted")
	counter(c.finished, s.Rejected, "rejected")
	gauge(c.queued, float64(s.Queued))
	gauge(c.queuedBytes, float64(s.QueuedBytes))
	gauge(c.oldest, s.Oldest.Seconds())
	gauge(c.inFlight, float64(s.InFlight))
	if s.Stopped != nil {
		gauge(c.stopped, 1)
	} else {
		gauge(c.stopped, 0)
	}
}
