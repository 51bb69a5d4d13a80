package outbox

import (
	"context"
	"time"

	"github.com/ciokit/cio"
)

// Store keeps messages in a place where they survive the process. Only one Outbox appends to it and settles in it. The commands of an operator can do
// both too, at any time. A Store must be safe for concurrent use.
//
// Package outboxtest has the tests that every Store must pass.
type Store interface {
	// Append stores the messages behind all others: all of them, or none. It returns nil as soon as they would survive a loss of power. It returns
	// cio.ErrQueueFull if the store's limit has no room for them now. If ctx ends before the store has begun to write, nothing is stored.
	//
	// An error means that nothing is stored, unless it is ErrUncertain.
	Append(ctx context.Context, messages []cio.Encoded) error
	// Read returns the first records of the queue, at most limit, whose Seq is greater than after, in their order. A record with a smaller Seq may
	// appear later, because it was committed later. So a reader that has reached the end must start again from the beginning from time to time.
	Read(ctx context.Context, after uint64, limit int) ([]Record, error)
	// Settle takes records out of the queue, in one commit, in this order. It skips records that are not in the queue any more.
	Settle(ctx context.Context, settled []Settlement) error
	// Dead returns dead letters, just as Read returns records.
	Dead(ctx context.Context, after uint64, limit int) ([]DeadLetter, error)
	// Retry puts dead letters back, behind all messages of the queue, with new sequence numbers. It returns how many it put back. Damaged ones stay.
	Retry(ctx context.Context, seqs []uint64) (int, error)
	// Drop permanently deletes dead letters, and returns how many it found.
	Drop(ctx context.Context, seqs []uint64) (int, error)
	// Purge permanently deletes all messages, queued or dead, for which match returns true. It overwrites their bytes if the store can do that. It
	// returns how many of each kind there were. It passes damaged records to match unchanged, because they may belong to anybody.
	Purge(ctx context.Context, match func(bytes []byte) bool) (queued, dead int, err error)
	// Stats returns the store's state.
	Stats(ctx context.Context) (StoreStats, error)
	// Close syncs and closes the store. The messages in it stay.
	Close() error
}

// feeder is implemented by a Store that knows which records the Outbox has not got yet. Such a store is needed if others append too, and their
// commits are not in the order of the sequence numbers.
type feeder interface {
	// Next returns records that it has not returned before. Records of one identity are in order. more says whether there may be more at once. If
	// there are none, Next waits for some time.
	Next(ctx context.Context) (records []Record, more bool, err error)
}

// StoreStats is the state of a Store at one moment.
type StoreStats struct {
	// Last is the greatest sequence number so far.
	Last uint64
	// Queued is how many messages wait to be settled. QueuedBytes is their size.
	Queued, QueuedBytes int64
	// Oldest is when the oldest queued message was stored; the zero time if there is none.
	Oldest time.Time
	// Dead is how many dead letters there are. DeadBytes is their size.
	Dead, DeadBytes int64
	// Commits counts the transactions since the store was opened.
	Commits int64
	// FileBytes is how many bytes the store takes on disk; 0 if that is not known.
	FileBytes int64
	// LastUse is when the store was last open, before it was opened this time; the zero time if that is not known.
	LastUse time.Time
}
