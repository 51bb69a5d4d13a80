package outbox

import (
	"context"
	"time"

	"github.com/ciokit/cio"
)

// Store keeps messages where they survive the process. Only one Outbox appends to it and settles in it. The commands of an operator may do both too,
// at any time. It must be safe for concurrent use.
//
// Package outboxtest has the tests that every Store passes.
type Store interface {
	// Append stores the messages behind all others: all of them, or none. It returns nil once they would survive a loss of power. It returns
	// cio.ErrQueueFull if the store's limit has no room for them now. If ctx ends before the store has begun to write, nothing is stored.
	//
	// Any error means that nothing is stored, unless it is ErrUncertain.
	Append(ctx context.Context, messages []cio.Encoded) error
	// Read returns the first records of the queue, at most limit, whose Seq is greater than after, in their order. A record with a smaller Seq may
	// appear later, because it was committed later. So a reader that has reached the end must start again from the beginning now and then.
	Read(ctx context.Context, after uint64, limit int) ([]Record, error)
	// Settle takes records out of the queue, in one commit, in this order. It skips records that are not in the queue any more.
	Settle(ctx context.Context, settled []Settlement) error
	// Dead returns dead letters in the way in which Read returns records.
	Dead(ctx context.Context, after uint64, limit int) ([]DeadLetter, error)
	// Retry puts dead letters back, behind all that is in the queue, with new sequence numbers. It returns how many it found; damaged ones stay.
	Retry(ctx context.Context, seqs []uint64) (int, error)
	// Drop removes dead letters for good, and returns how many it found.
	Drop(ctx context.Context, seqs []uint64) (int, error)
	// Purge deletes for good all messages, queued or dead, for which match returns true. It overwrites their bytes if the store can do that. It
	// returns how many of each kind there were. It passes damaged records to match as they are, because they may be anybody's.
	Purge(ctx context.Context, match func(bytes []byte) bool) (queued, dead int, err error)
	// Stats returns the store's state.
	Stats(ctx context.Context) (StoreStats, error)
	// Close syncs and closes the store. The messages in it stay.
	Close() error
}

// feeder is implemented by a Store that knows what the Outbox was not given yet, such as one that others append to whose commits are not in the order of
// their sequence numbers.
type feeder interface {
	// Next returns records that it has not returned before, those of one identity in their order, and whether there may be more at once. It waits for
	// some, but not for ever.
	Next(ctx context.Context) (records []Record, more bool, err error)
}

// StoreStats is the state of a Store at one moment.
type StoreStats struct {
	// Last is the greatest sequence number that was given.
	Last uint64
	// Queued is how many messages wait to be settled, QueuedBytes their size.
	Queued, QueuedBytes int64
	// Oldest is when the oldest queued message was stored; the zero time if there is none.
	Oldest time.Time
	// Dead is how many dead letters there are, DeadBytes their size.
	Dead, DeadBytes int64
	// Commits counts the transactions since the store was opened.
	Commits int64
	// FileBytes is how many bytes the store takes on disk; 0 if that is not known.
	FileBytes int64
	// LastUse is when the store was last open before this time; the zero time if that is not known.
	LastUse time.Time
}
