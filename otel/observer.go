package otel

import (
	"context"
	"fmt"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/ciokit/cio"
)

// scope names this package as the source of its metrics.
const scope = "github.com/ciokit/cio/otel"

// Config says where metrics go. The zero value is a good start.
type Config struct {
	// MeterProvider receives the metrics; default the global one, otel.GetMeterProvider.
	MeterProvider metric.MeterProvider
}

func (c Config) meter() metric.Meter {
	p := c.MeterProvider
	if p == nil {
		p = otel.GetMeterProvider()
	}
	return p.Meter(scope, metric.WithInstrumentationVersion(cio.Version))
}

// Buckets of the histograms: a loopback answers within a millisecond, Config.Timeout ends a request after 10 s by default; a body has up to
// 475,000 bytes by default.
var (
	durationBuckets = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30}
	sizeBuckets     = []float64{1_000, 4_000, 16_000, 64_000, 128_000, 256_000, 400_000, 475_000, 512_000}
)

// Observer records requests. It is a cio.Observer and safe for concurrent use.
type Observer struct {
	duration metric.Float64Histogram
	size     metric.Int64Histogram
	messages metric.Int64Counter
	repeats  metric.Int64Counter
}

var _ cio.Observer = (*Observer)(nil)

// NewObserver returns an Observer for cio.Config.Observer. One can serve several Clients. The error is the MeterProvider's.
func NewObserver(cfg Config) (*Observer, error) {
	m := cfg.meter()
	var o Observer
	var err error
	if o.duration, err = m.Float64Histogram("cio.client.request.duration", metric.WithUnit("s"), metric.WithExplicitBucketBoundaries(durationBuckets...),
		metric.WithDescription("How long a request to Customer.io took, without the wait for the rate limit.")); err != nil {
		return nil, instrumentError(err)
	}
	if o.size, err = m.Int64Histogram("cio.client.request.body.size", metric.WithUnit("By"), metric.WithExplicitBucketBoundaries(sizeBuckets...),
		metric.WithDescription("The size of a request's body as it was sent.")); err != nil {
		return nil, instrumentError(err)
	}
	if o.messages, err = m.Int64Counter("cio.client.request.messages", metric.WithUnit("{message}"),
		metric.WithDescription("The messages in the requests, with those of retries.")); err != nil {
		return nil, instrumentError(err)
	}
	if o.repeats, err = m.Int64Counter("cio.client.request.repeats", metric.WithUnit("{request}"),
		metric.WithDescription("The requests that were retries.")); err != nil {
		return nil, instrumentError(err)
	}
	return &o, nil
}

func instrumentError(err error) error { return fmt.Errorf("cio/otel: make an instrument: %w", err) }

// ObserveRequest records one request that has ended.
func (o *Observer) ObserveRequest(r cio.RequestInfo) {
	attributes := []attribute.KeyValue{attribute.String("cio.operation", r.Operation), attribute.String("cio.outcome", r.Outcome())}
	if r.Err != nil && r.Err.Status != 0 {
		attributes = append(attributes, attribute.Int("http.response.status_code", r.Err.Status))
	}
	with := metric.WithAttributeSet(attribute.NewSet(attributes...))
	ctx := context.Background()
	o.duration.Record(ctx, r.Duration.Seconds(), with)
	o.size.Record(ctx, int64(r.Bytes), with)
	o.messages.Add(ctx, int64(r.Messages), with)
	if r.Attempt > 1 {
		o.repeats.Add(ctx, 1, with)
	}
}
