package prom

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ciokit/cio"
)

// OutboxCollector reports the state of an Outbox whenever it is collected. It is safe for concurrent use.
type OutboxCollector struct {
	stats func() cio.OutboxStats

	enqueued, finished, queued, queuedBytes, oldest, dead, deadBytes, commits, file, inFlight, damages, stopped, failing, laneQueued, laneOldest *prometheus.Desc
}

var _ prometheus.Collector = (*OutboxCollector)(nil)

// NewOutboxCollector returns a collector for the state of an Outbox; stats is the Outbox's Stats. The name identifies the Outbox: a
// registry refuses two collectors with one name. Unregister the collector when the Outbox has been closed.
func NewOutboxCollector(name string, stats func() cio.OutboxStats) *OutboxCollector {
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("cio_outbox_"+metric, help, labels, prometheus.Labels{"outbox": name})
	}
	return &OutboxCollector{
		stats:       stats,
		enqueued:    desc("enqueued_messages_total", "Messages whose Enqueue returned nil."),
		finished:    desc("finished_messages_total", "Messages that Customer.io accepted, or that were rejected.", "outcome"),
		queued:      desc("queue_messages", "Stored messages that wait or are being sent."),
		queuedBytes: desc("queue_bytes", "The size of the stored messages that wait or are being sent."),
		oldest:      desc("queue_oldest_seconds", "How long the oldest message has waited."),
		dead:        desc("dead_letters", "Messages that were rejected and are kept."),
		deadBytes:   desc("dead_letters_bytes", "The size of the messages that were rejected and are kept."),
		commits:     desc("commits_total", "Transactions that were synced to disk."),
		file:        desc("file_bytes", "How much the outbox takes on disk."),
		inFlight:    desc("in_flight_batches", "Batches that are being sent."),
		damages:     desc("damages_total", "How often a file did not contain what was written to it."),
		stopped:     desc("stopped", "1 while sending has stopped for a reason that does not pass by itself."),
		failing:     desc("failing", "1 while the disk fails."),
		laneQueued:  desc("lane_queue_messages", "Messages in one of the lanes of an outbox in PostgreSQL.", "lane"),
		laneOldest:  desc("lane_queue_oldest_seconds", "How long the oldest message in one of the lanes of an outbox in PostgreSQL has waited.", "lane"),
	}
}

// Describe sends the descriptions of all metrics.
func (c *OutboxCollector) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.enqueued, c.finished, c.queued, c.queuedBytes, c.oldest, c.dead, c.deadBytes, c.commits, c.file, c.inFlight, c.damages, c.stopped, c.failing, c.laneQueued, c.laneOldest} {
		to <- d
	}
}

// Collect asks the Outbox for its state and sends the metrics.
func (c *OutboxCollector) Collect(to chan<- prometheus.Metric) {
	s := c.stats()
	send := func(d *prometheus.Desc, kind prometheus.ValueType, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, kind, v, labels...)
	}
	send(c.enqueued, prometheus.CounterValue, float64(s.Enqueued))
	send(c.finished, prometheus.CounterValue, float64(s.Accepted), "accepted")
	send(c.finished, prometheus.CounterValue, float64(s.Rejected), "rejected")
	send(c.commits, prometheus.CounterValue, float64(s.Commits))
	send(c.damages, prometheus.CounterValue, float64(s.Damages))
	for _, g := range []struct {
		d *prometheus.Desc
		v float64
	}{
		{c.queued, float64(s.Queued)}, {c.queuedBytes, float64(s.QueuedBytes)}, {c.oldest, s.Oldest.Seconds()}, {c.dead, float64(s.Dead)},
		{c.deadBytes, float64(s.DeadBytes)}, {c.file, float64(s.FileBytes)}, {c.inFlight, float64(s.InFlight)},
		{c.stopped, oneIf(s.Stopped)}, {c.failing, oneIf(s.Failing)},
	} {
		send(g.d, prometheus.GaugeValue, g.v)
	}
	for _, l := range s.Lanes {
		send(c.laneQueued, prometheus.GaugeValue, float64(l.Queued), strconv.Itoa(l.Number))
		send(c.laneOldest, prometheus.GaugeValue, l.Oldest.Seconds(), strconv.Itoa(l.Number))
	}
}

func oneIf(err error) float64 {
	if err != nil {
		return 1
	}
	return 0
}
