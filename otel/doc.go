// Package otel reports a cio.Client and its Batchers as OpenTelemetry metrics. Import it under a name of its own, such as ciootel:
//
//	observer, err := ciootel.NewObserver(ciootel.Config{})
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU, Observer: observer})
//	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
//	stop, err := ciootel.ObserveBatcher(ciootel.Config{}, "orders", batcher.Stats)
//
// # Metrics of requests
//
// They count every HTTP request, repeats included. Each has the attribute cio.operation (identify, track, page, screen, group, alias or batch)
// and the attribute cio.outcome: accepted, rejected (400 or 413), unauthorized (401 or 403), rate_limited (429), unavailable (408 and 5xx),
// no_answer, canceled, or other. Where an answer came that was no acceptance, http.response.status_code has its status.
//
//	cio.client.request.duration   histogram  s          how long a request took, without waiting for the rate limit
//	cio.client.request.body.size  histogram  By         the body as it was sent, compressed or not
//	cio.client.request.messages   counter    {message}  the messages that the requests carried
//	cio.client.request.repeats    counter    {request}  the requests that repeat an earlier one
//
// # Metrics of a Batcher
//
// Each has the attribute cio.batcher, the name that was given.
//
//	cio.batcher.enqueued        counter  {message}  messages whose Enqueue returned nil
//	cio.batcher.finished        counter  {message}  messages that ended, by cio.outcome: accepted or rejected
//	cio.batcher.queue.messages  gauge    {message}  messages that wait or are on their way
//	cio.batcher.queue.size      gauge    By         their size
//	cio.batcher.queue.age       gauge    s          how long the one has waited that has waited longest; 0 for none
//	cio.batcher.in_flight       gauge    {batch}    batches on their way
//	cio.batcher.stopped         gauge    1          1 while sending has stopped, for example for a key that is refused; otherwise 0
//
// An alert on cio.batcher.queue.age, a minute say, catches every kind of trouble; cio.batcher.stopped says that it will not pass by itself.
//
// # Metrics of an Outbox
//
// ObserveOutbox makes them of the Stats of an Outbox of module github.com/ciokit/cio/outbox, of which this package needs nothing. Each has the
// attribute cio.outbox, the name that was given.
//
//	cio.outbox.enqueued        counter  {message}  messages whose Enqueue returned nil
//	cio.outbox.finished        counter  {message}  messages that ended, by cio.outcome: accepted or rejected
//	cio.outbox.queue.messages  gauge    {message}  messages on disk that have not ended
//	cio.outbox.queue.size      gauge    By         their size
//	cio.outbox.queue.age       gauge    s          how long the one has waited that has waited longest; 0 for none
//	cio.outbox.dead.messages   gauge    {message}  messages that were rejected and are kept
//	cio.outbox.dead.size       gauge    By         their size
//	cio.outbox.commits         counter  {commit}   transactions that were synced to disk
//	cio.outbox.file.size       gauge    By         what the outbox takes on disk
//	cio.outbox.in_flight       gauge    {batch}    batches on their way
//	cio.outbox.damages         counter  {report}   how often files were found not to be what was written
//	cio.outbox.stopped         gauge    1          1 while sending has stopped; otherwise 0
//	cio.outbox.failing         gauge    1          1 while the disk fails; otherwise 0
//
// # Traces
//
// There are no spans here: an observer is told of a request when it is over, apart from its context. For spans, give cio.Config.HTTPClient a
// transport that makes them, such as the one of go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.
//
// The package needs go.opentelemetry.io/otel/metric, the vendor-neutral interface that OpenTelemetry itself tells libraries to use; what
// becomes of the figures is decided by the application's SDK. Attributes hold no keys and no personal data.
package otel
