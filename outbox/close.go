package outbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/ciokit/cio"
)

// Flush returns when every message that was enqueued before the call has been accepted or has become a dead letter. Flush returns early, with an
// error, in three cases: ctx ends, sending has stopped for a reason that will not pass soon, or the Guard could not decide for a minute. If Close
// leaves some of the messages in the directory, the error is cio.ErrClosed. In none of these cases is a message lost.
func (o *Outbox) Flush(ctx context.Context) error {
	o.flushing.Add(1)
	defer o.flushing.Add(-1)
	stir(o.toSettle) // settle may be waiting for more settlements
	st, err := o.store.Stats(ctx)
	if err != nil {
		return o.atEnd(ctx, err, math.MaxUint64)
	}
	for {
		changed := o.changed.wait()
		first, err := o.store.Read(ctx, 0, 1)
		if err != nil {
			return o.atEnd(ctx, err, st.Last)
		}
		if len(first) == 0 || first[0].Seq > st.Last {
			return nil
		}
		stir(o.news)
		if err := o.flushSome(ctx); err != nil {
			return o.atEnd(ctx, err, st.Last)
		}
		if err := o.held(stuckAfter, false); err != nil {
			return err
		}
		timer := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-timer.C:
		case <-o.finished:
			timer.Stop()
			return o.atEnd(ctx, cio.ErrClosed, st.Last)
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// flushSome waits until the Batcher has sent its messages, but only for a time: the Batcher does not know which messages wait for a Guard.
func (o *Outbox) flushSome(ctx context.Context) error {
	some, cancel := context.WithTimeout(ctx, lookAgain)
	defer cancel()
	err := o.batcher.Flush(some)
	if err != nil && some.Err() != nil && ctx.Err() == nil {
		return nil
	}
	return err
}

// atEnd returns err unchanged, unless the Outbox is being closed. Then it waits for the end, and returns an error if not everything up to last was
// settled.
func (o *Outbox) atEnd(ctx context.Context, err error, last uint64) error {
	if !errors.Is(err, cio.ErrClosed) || !o.closed.Load() {
		return err
	}
	select {
	case <-o.finished:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	switch {
	case o.closeErr != nil:
		return o.closeErr
	case o.left > 0 && o.left <= last:
		return fmt.Errorf("%w before everything was settled; the other messages are sent after the next Open", cio.ErrClosed)
	}
	return nil
}

// closeWait is how long Close waits at most for messages that are being sent. guardWait is how long it waits at least for a Guard that does not
// return.
const (
	closeWait = 5 * time.Second
	guardWait = time.Second
)

// Close accepts no more messages, waits for those that are being sent, and closes the directory. It waits for them at most until ctx ends, and at
// most five seconds. A message that is not accepted by then stays in the directory, and is sent after the next Open. This is not an error. To send
// everything first, call Flush before Close. If a transport does not stop, or a Guard, a Recheck or an OnReport does not return, Close waits at most
// one more second for each.
//
// The error is an error of the disk. Every call of Close returns the same error.
func (o *Outbox) Close(ctx context.Context) error {
	o.closing.Do(func() {
		o.closed.Store(true)
		o.changed.send() // wakes callers that wait for room
		go o.finish(ctx)
	})
	<-o.finished
	return o.closeErr
}

func (o *Outbox) finish(ctx context.Context) {
	o.stop()
	ctx, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	_ = o.batcher.Close(ctx) // the messages that it hands back are in the store
	close(o.noMore)
	patience := time.NewTimer(guardWait)
	defer patience.Stop()
	select {
	case <-o.fed:
	case <-patience.C: // when feed continues, it finds the Batcher closed, and ends
	}
	o.running.Wait()
	o.left = o.firstLeft()
	o.closeErr = errors.Join(o.closeErr, o.store.Close())
	close(o.finished)
}

// firstLeft returns the first record that is in the store, 1 if the store cannot be read.
func (o *Outbox) firstLeft() uint64 {
	first, err := o.store.Read(context.Background(), 0, 1)
	switch {
	case err != nil:
		return 1
	case len(first) > 0:
		return first[0].Seq
	}
	return 0
}
