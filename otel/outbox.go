package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ciokit/cio"
)

// ObserveOutbox reports the state of an Outbox, under that name, whenever metrics are collected; stats is the Outbox's Stats. The name
// identifies the Outbox. Call stop when the Outbox has been closed and its last figures have been collected; otherwise it is kept and
// reported until the process ends. The error is the MeterProvider's.
func ObserveOutbox(cfg Config, name string, stats func() cio.OutboxStats) (stop func() error, err error) {
	m := cfg.meter()
	outbox := attribute.String("cio.outbox", name)
	plain := metric.WithAttributeSet(attribute.NewSet(outbox))
	accepted := metric.WithAttributeSet(attribute.NewSet(outbox, attribute.String("cio.outcome", "accepted")))
	rejected := metric.WithAttributeSet(attribute.NewSet(outbox, attribute.String("cio.outcome", "rejected")))
	finished, err := m.Int64ObservableCounter("cio.outbox.finished", metric.WithUnit("{message}"), metric.WithDescription("Messages that Customer.io accepted, or that were rejected."))
	if err != nil {
		return nil, instrumentError(err)
	}
	age, err := m.Float64ObservableGauge("cio.outbox.queue.age", metric.WithUnit("s"), metric.WithDescription("How long the oldest message has waited."))
	if err != nil {
		return nil, instrumentError(err)
	}
	laneQueued, err := m.Int64ObservableGauge("cio.outbox.lane.messages", metric.WithUnit("{message}"), metric.WithDescription("Messages in one of the lanes of an outbox in PostgreSQL."))
	if err != nil {
		return nil, instrumentError(err)
	}
	laneAge, err := m.Float64ObservableGauge("cio.outbox.lane.age", metric.WithUnit("s"), metric.WithDescription("How long the oldest message in one of the lanes of an outbox in PostgreSQL has waited."))
	if err != nil {
		return nil, instrumentError(err)
	}
	all := []metric.Observable{finished, age, laneQueued, laneAge}
	var figures []func(o metric.Observer, s *cio.OutboxStats)
	for _, f := range []struct {
		name, unit, description string
		value                   func(s *cio.OutboxStats) int64
		counts                  bool
	}{
		{"enqueued", "{message}", "Messages whose Enqueue returned nil.", func(s *cio.OutboxStats) int64 { return s.Enqueued }, true},
		{"commits", "{commit}", "Transactions that were synced to disk.", func(s *cio.OutboxStats) int64 { return s.Commits }, true},
		{"damages", "{report}", "How often a file did not contain what was written to it.", func(s *cio.OutboxStats) int64 { return int64(s.Damages) }, true},
		{"queue.messages", "{message}", "Stored messages that wait or are being sent.", func(s *cio.OutboxStats) int64 { return s.Queued }, false},
		{"queue.size", "By", "The size of the stored messages that wait or are being sent.", func(s *cio.OutboxStats) int64 { return s.QueuedBytes }, false},
		{"dead.messages", "{message}", "Messages that were rejected and are kept.", func(s *cio.OutboxStats) int64 { return s.Dead }, false},
		{"dead.size", "By", "The size of the messages that were rejected and are kept.", func(s *cio.OutboxStats) int64 { return s.DeadBytes }, false},
		{"file.size", "By", "How much the outbox takes on disk.", func(s *cio.OutboxStats) int64 { return s.FileBytes }, false},
		{"in_flight", "{batch}", "Batches that are being sent.", func(s *cio.OutboxStats) int64 { return int64(s.InFlight) }, false},
		{"stopped", "1", "1 while sending has stopped for a reason that does not pass by itself.", func(s *cio.OutboxStats) int64 { return oneIf(s.Stopped) }, false},
		{"failing", "1", "1 while the disk fails.", func(s *cio.OutboxStats) int64 { return oneIf(s.Failing) }, false},
	} {
		var instrument metric.Int64Observable
		if f.counts {
			instrument, err = m.Int64ObservableCounter("cio.outbox."+f.name, metric.WithUnit(f.unit), metric.WithDescription(f.description))
		} else {
			instrument, err = m.Int64ObservableGauge("cio.outbox."+f.name, metric.WithUnit(f.unit), metric.WithDescription(f.description))
		}
		if err != nil {
			return nil, instrumentError(err)
		}
		all = append(all, instrument)
		figures = append(figures, func(o metric.Observer, s *cio.OutboxStats) { o.ObserveInt64(instrument, f.value(s), plain) })
	}
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stats()
		o.ObserveInt64(finished, s.Accepted, accepted)
		o.ObserveInt64(finished, s.Rejected, rejected)
		o.ObserveFloat64(age, s.Oldest.Seconds(), plain)
		for _, l := range s.Lanes {
			lane := metric.WithAttributeSet(attribute.NewSet(outbox, attribute.Int("cio.lane", l.Number)))
			o.ObserveInt64(laneQueued, l.Queued, lane)
			o.ObserveFloat64(laneAge, l.Oldest.Seconds(), lane)
		}
		for _, observe := range figures {
			observe(o, &s)
		}
		return nil
	}, all...)
	if err != nil {
		return nil, fmt.Errorf("cio/otel: observe the Outbox %s: %w", name, err)
	}
	return registration.Unregister, nil
}

func oneIf(err error) int64 {
	if err != nil {
		return 1
	}
	return 0
}
