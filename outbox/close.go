package outbox

import (
	"context"
	"errors"
	"time"
)

// Flush returns when everything that was enqueued before is settled: accepted, or a dead letter. It returns early when ctx ends, and when nothing of
// it can be sent for a reason that will not pass soon, with that error. Nothing is lost by that.
func (o *Outbox) Flush(ctx context.Context) error {
	st, err := o.store.Stats(ctx)
	if err != nil {
		return err
	}
	for {
		changed := o.changed.wait()
		first, err := o.store.Read(ctx, 0, 1)
		if err != nil {
			return err
		}
		if len(first) == 0 || first[0].Seq > st.Last {
			return nil
		}
		stir(o.news)
		if err := o.batcher.Flush(ctx); err != nil {
			return err
		}
		timer := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-timer.C:
		case <-o.finished:
			timer.Stop()
			return o.closeErr
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
	}
}

// closeWait is how long Close waits at most for what is on its way.
const closeWait = 5 * time.Second

// Close takes no more messages, waits for what is on its way to Customer.io, though not beyond the end of ctx and never longer than five seconds,
// and closes the directory. What is not accepted by then stays in it, and is sent after the next Open: that is no error. Who wants everything to
// be sent calls Flush before.
//
// The error is the disk's. Every Close returns the same.
func (o *Outbox) Close(ctx context.Context) error {
	o.closing.Do(func() {
		o.closed.Store(true)
		o.changed.send() // who waits for room hears that it is closed
		go o.finish(ctx)
	})
	<-o.finished
	return o.closeErr
}

func (o *Outbox) finish(ctx context.Context) {
	o.stop()
	ctx, cancel := context.WithTimeout(ctx, closeWait)
	defer cancel()
	_ = o.batcher.Close(ctx) // what it hands back is in the store
	close(o.noMore)
	o.running.Wait()
	o.closeErr = errors.Join(o.closeErr, o.store.Close())
	close(o.finished)
}
