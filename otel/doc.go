// Package otel reports a cio.Client and its Batchers as OpenTelemetry metrics. Import it under another name, such as ciootel:
//
//	observer, err := ciootel.NewObserver(ciootel.Config{})
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU, Observer: observer})
//	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
//	stop, err := ciootel.ObserveBatcher(ciootel.Config{}, "orders", batcher.Stats)
//
// # Metrics of requests
//
// These metrics count every HTTP request, also retries. Each has the attribute cio.operation (identify, track, page, screen, group, alias
// or batch) and the attribute cio.outcome: accepted, rejected (400 or 413), unauthorized (401 or 403), rate_limited (429), unavailable (408
// and 5xx), no_answer, canceled, or other. If an answer came that did not accept the request, http.response.status_code has its status.
//
//	cio.client.request.duration   histogram  s          how long a request took, without the wait for the rate limit
//	cio.client.request.body.size  histogram  By         the body as it was sent, compressed or not
//	cio.client.request.messages   counter    {message}  the messages in the requests
//	cio.client.request.repeats    counter    {request}  the requests that were retries
//
// # Metrics of a Batcher
//
// Each has the attribute cio.batcher: the name that you gave.
//
//	cio.batcher.enqueued        counter  {message}  messages whose Enqueue returned nil
//	cio.batcher.finished        counter  {message}  messages that were accepted or rejected, by cio.outcome
//	cio.batcher.queue.messages  gauge    {message}  messages that wait or are being sent
//	cio.batcher.queue.size      gauge    By         their size
//	cio.batcher.queue.age       gauge    s          how long the oldest message has waited; 0 if none waits
//	cio.batcher.in_flight       gauge    {batch}    batches that are being sent
//	cio.batcher.stopped         gauge    1          1 while sending has stopped, for example because the key is refused; otherwise 0
//
// An alert on cio.batcher.queue.age, for example at a minute, finds every kind of trouble. cio.batcher.stopped says that the trouble will
// not pass by itself.
//
// # Metrics of an Outbox
//
// ObserveOutbox makes these metrics from the Stats of an Outbox of module github.com/ciokit/cio/outbox. This package does not import that
// module. Each has the attribute cio.outbox: the name that you gave.
//
//	cio.outbox.enqueued        counter  {message}  messages whose Enqueue returned nil
//	cio.outbox.finished        counter  {message}  messages that were accepted or rejected, by cio.outcome
//	cio.outbox.queue.messages  gauge    {message}  stored messages that wait or are being sent
//	cio.outbox.queue.size      gauge    By         their size
//	cio.outbox.queue.age       gauge    s          how long the oldest message has waited; 0 if none waits
//	cio.outbox.dead.messages   gauge    {message}  messages that were rejected and are kept
//	cio.outbox.dead.size       gauge    By         their size
//	cio.outbox.commits         counter  {commit}   transactions that were synced to disk
//	cio.outbox.file.size       gauge    By         how much the outbox takes on disk
//	cio.outbox.in_flight       gauge    {batch}    batches that are being sent
//	cio.outbox.damages         counter  {report}   how often a file did not contain what was written to it
//	cio.outbox.stopped         gauge    1          1 while sending has stopped; otherwise 0
//	cio.outbox.failing         gauge    1          1 while the disk fails; otherwise 0
//
// An Outbox in PostgreSQL has two more gauges, with the attribute cio.lane: cio.outbox.lane.messages are the messages in one lane, and
// cio.outbox.lane.age is how many seconds the oldest of them has waited.
//
// # Traces
//
// This package makes no spans, because an observer gets a request only when it is over, without its context. For spans, give
// cio.Config.HTTPClient a transport that makes them, such as the one of go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp.
//
// The package imports go.opentelemetry.io/otel/metric, the vendor-neutral interface that OpenTelemetry recommends to libraries. The
// application's SDK decides where the figures go. Attributes contain no keys and no personal data.
package otel
