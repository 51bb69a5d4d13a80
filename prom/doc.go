// Package prom reports a cio.Client and its Batchers to Prometheus. Import it under another name, such as cioprom:
//
//	observer := cioprom.NewObserver()
//	client, err := cio.NewClient(cio.Config{APIKey: key, Region: cio.RegionEU, Observer: observer})
//	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
//	prometheus.MustRegister(observer, cioprom.NewBatcherCollector("orders", batcher.Stats))
//
// # Metrics of requests
//
// These metrics count every HTTP request, also retries. Each has the label operation (identify, track, page, screen, group, alias or batch)
// and the label outcome: accepted, rejected (400 or 413), unauthorized (401 or 403), rate_limited (429), unavailable (408 and 5xx),
// no_answer, canceled, or other.
//
//	cio_client_request_duration_seconds  histogram  how long a request took, without the wait for the rate limit
//	cio_client_request_body_bytes        histogram  the size of a body as it was sent, compressed or not
//	cio_client_request_messages_total    counter    the messages in the requests
//	cio_client_request_repeats_total     counter    the requests that were retries
//
// # Metrics of a Batcher
//
// Each has the label batcher: the name that you gave.
//
//	cio_batcher_enqueued_messages_total     counter  messages whose Enqueue returned nil
//	cio_batcher_finished_messages_total     counter  messages that were accepted or rejected, by the label outcome
//	cio_batcher_queue_messages              gauge    messages that wait or are being sent
//	cio_batcher_queue_bytes                 gauge    their size
//	cio_batcher_queue_oldest_seconds        gauge    how long the oldest message has waited; 0 if none waits
//	cio_batcher_in_flight_batches           gauge    batches that are being sent
//	cio_batcher_stopped                     gauge    1 while sending has stopped, for example because the key is refused; otherwise 0
//
// Two rules find trouble:
//
//	cio_batcher_queue_oldest_seconds > 60
//	cio_batcher_stopped == 1
//
// The first finds every kind of failure, the second finds failures that do not pass by themselves.
//
// # Metrics of an Outbox
//
// NewOutboxCollector makes these metrics from the Stats of an Outbox of module github.com/ciokit/cio/outbox. This package does not import
// that module. Each has the label outbox: the name that you gave.
//
//	cio_outbox_enqueued_messages_total  counter  messages whose Enqueue returned nil
//	cio_outbox_finished_messages_total  counter  messages that were accepted or rejected, by the label outcome
//	cio_outbox_queue_messages           gauge    stored messages that wait or are being sent
//	cio_outbox_queue_bytes              gauge    their size
//	cio_outbox_queue_oldest_seconds     gauge    how long the oldest message has waited; 0 if none waits
//	cio_outbox_dead_letters             gauge    messages that were rejected and are kept
//	cio_outbox_dead_letters_bytes       gauge    their size
//	cio_outbox_commits_total            counter  transactions that were synced to disk
//	cio_outbox_file_bytes               gauge    how much the outbox takes on disk
//	cio_outbox_in_flight_batches        gauge    batches that are being sent
//	cio_outbox_damages_total            counter  how often a file did not contain what was written to it
//	cio_outbox_stopped                  gauge    1 while sending has stopped; otherwise 0
//	cio_outbox_failing                  gauge    1 while the disk fails; otherwise 0
//
// An Outbox in PostgreSQL has two more gauges, with the label lane: cio_outbox_lane_queue_messages are the messages in one lane, and
// cio_outbox_lane_queue_oldest_seconds is how long the oldest of them has waited.
//
// The package needs github.com/prometheus/client_golang, Prometheus's own client for Go. Labels contain no keys and no personal data.
package prom
