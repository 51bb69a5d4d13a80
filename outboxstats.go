package cio

import "time"

// OutboxStats is the state of an Outbox of module github.com/ciokit/cio/outbox at one moment. It is here so that what reports it needs nothing of that
// module.
type OutboxStats struct {
	// Enqueued counts the messages whose Enqueue returned nil, Accepted and Rejected those that were settled, since it was opened.
	Enqueued, Accepted, Rejected int64
	// Queued is how many messages are on disk and not settled, QueuedBytes their size.
	Queued, QueuedBytes int64
	// Oldest is how long the message has waited that has waited longest, 0 if none does.
	Oldest time.Duration
	// Dead is how many dead letters there are, DeadBytes their size.
	Dead, DeadBytes int64
	// Commits counts the transactions since it was opened, FileBytes is what the directory takes on disk.
	Commits, FileBytes int64
	// InFlight is how many batches are being sent.
	InFlight int
	// Damages is how often files were found not to be what was written, since it was opened.
	Damages int
	// Stopped is why some or all of it is not sent, nil as long as everything is: see BatcherStats. So is it that the Guard cannot be asked.
	Stopped error
	// Lanes are the parts in which an outbox in PostgreSQL is sent, of those that this process holds the ones in which something waits; nil for an outbox on disk.
	Lanes []OutboxLane
	// Failing is what the disk fails with, or that dead letters leave no room for more messages; nil as long as neither is.
	Failing error
}

// OutboxLane is the state of one of the lanes of an outbox in PostgreSQL.
type OutboxLane struct {
	Number int
	// Queued is how many messages wait, Oldest how long the one has waited that has waited longest.
	Queued int64
	Oldest time.Duration
}
