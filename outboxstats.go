package cio

import "time"

// OutboxStats is the state of an Outbox of module github.com/ciokit/cio/outbox at one moment. It is in this package so that code that
// reports it need not import that module.
type OutboxStats struct {
	// These are counts since the outbox was opened. Enqueued counts the messages whose Enqueue returned nil. Accepted and Rejected count
	// those that were accepted or rejected.
	Enqueued, Accepted, Rejected int64
	// Queued is how many stored messages are not yet accepted or rejected. QueuedBytes is their size.
	Queued, QueuedBytes int64
	// Oldest is how long the oldest message has waited; 0 if none waits.
	Oldest time.Duration
	// Dead is how many dead letters there are. DeadBytes is their size.
	Dead, DeadBytes int64
	// Commits counts the transactions since the outbox was opened. FileBytes is what the directory takes on disk.
	Commits, FileBytes int64
	// InFlight is how many batches are being sent.
	InFlight int
	// Damages is how often a file did not contain what was written to it, since the outbox was opened.
	Damages int
	// Stopped is why some or all messages are not being sent; nil if nothing is stopped. See [BatcherStats]. It is also set while
	// messages wait because the Guard, or the Recheck of the Batcher, cannot decide (outbox.ErrUndecided).
	Stopped error
	// Lanes are the lanes of an outbox in PostgreSQL that this process holds and in which messages wait; nil for an outbox on disk.
	Lanes []OutboxLane
	// Failing is the error of the disk, or says that dead letters leave no room for more messages; nil otherwise.
	Failing error
}

// OutboxLane is the state of one lane of an outbox in PostgreSQL. Such an outbox has 64 lanes. Each identity belongs to one of them, and a
// lane belongs to one worker at a time.
type OutboxLane struct {
	Number int
	// Queued is how many messages wait. Oldest is how long the oldest of them has waited.
	Queued int64
	Oldest time.Duration
}
