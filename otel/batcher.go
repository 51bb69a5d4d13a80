package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ciokit/cio"
)

// ObserveBatcher reports the state of a Batcher, under that name, whenever metrics are collected; stats is the Batcher's Stats. The name
// identifies the Batcher. Call stop when the Batcher has been closed and its last figures have been collected; otherwise it is kept and
// reported until the process ends. The error is the MeterProvider's.
func ObserveBatcher(cfg Config, name string, stats func() cio.BatcherStats) (stop func() error, err error) {
	m := cfg.meter()
	ins, err := newBatcherInstruments(m)
	if err != nil {
		return nil, instrumentError(err)
	}
	batcher := attribute.String("cio.batcher", name)
	plain := metric.WithAttributeSet(attribute.NewSet(batcher))
	accepted := metric.WithAttributeSet(attribute.NewSet(batcher, attribute.String("cio.outcome", "accepted")))
	rejected := metric.WithAttributeSet(attribute.NewSet(batcher, attribute.String("cio.outcome", "rejected")))
	registration, err := m.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		s := stats()
		o.ObserveInt64(ins.enqueued, s.Enqueued, plain)
		o.ObserveInt64(ins.finished, s.Accepted, accepted)
		o.ObserveInt64(ins.finished, s.Rejected, rejected)
		o.ObserveInt64(ins.queued, s.Queued, plain)
		o.ObserveInt64(ins.queuedBytes, s.QueuedBytes, plain)
		o.ObserveFloat64(ins.age, s.Oldest.Seconds(), plain)
		o.ObserveInt64(ins.inFlight, int64(s.InFlight), plain)
		var stopped int64
		if s.Stopped != nil {
			stopped = 1
		}
		o.ObserveInt64(ins.stopped, stopped, plain)
		return nil
	}, ins.enqueued, ins.finished, ins.queued, ins.queuedBytes, ins.age, ins.inFlight, ins.stopped)
	if err != nil {
		return nil, fmt.Errorf("cio/otel: observe the Batcher %s: %w", name, err)
	}
	return registration.Unregister, nil
}

type batcherInstruments struct {
	enqueued, finished                     metric.Int64ObservableCounter
	queued, queuedBytes, inFlight, stopped metric.Int64ObservableGauge
	age                                    metric.Float64ObservableGauge
}

func newBatcherInstruments(m metric.Meter) (ins batcherInstruments, err error) {
	for _, c := range []struct {
		to                      *metric.Int64ObservableCounter
		name, unit, description string
	}{
		{&ins.enqueued, "cio.batcher.enqueued", "{message}", "Messages whose Enqueue returned nil."},
		{&ins.finished, "cio.batcher.finished", "{message}", "Messages that Customer.io accepted or rejected."},
	} {
		if *c.to, err = m.Int64ObservableCounter(c.name, metric.WithUnit(c.unit), metric.WithDescription(c.description)); err != nil {
			return ins, err
		}
	}
	for _, g := range []struct {
		to                      *metric.Int64ObservableGauge
		name, unit, description string
	}{
		{&ins.queued, "cio.batcher.queue.messages", "{message}", "Messages that wait or are being sent."},
		{&ins.queuedBytes, "cio.batcher.queue.size", "By", "The size of the messages that wait or are being sent."},
		{&ins.inFlight, "cio.batcher.in_flight", "{batch}", "Batches that are being sent."},
		{&ins.stopped, "cio.batcher.stopped", "1", "1 while sending has stopped for a reason that does not pass by itself."},
	} {
		if *g.to, err = m.Int64ObservableGauge(g.name, metric.WithUnit(g.unit), metric.WithDescription(g.description)); err != nil {
			return ins, err
		}
	}
	ins.age, err = m.Float64ObservableGauge("cio.batcher.queue.age", metric.WithUnit("s"), metric.WithDescription("How long the oldest message has waited."))
	return ins, err
}
