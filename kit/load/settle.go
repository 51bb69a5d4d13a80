package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/mapping"
)

// fate is the result of a message.
type fate struct {
	outcome cio.Outcome // 0: accepted
	err     error
	counted bool // by told
}

// conclude settles messages; fates is nil if all were accepted.
func (r *run) conclude(places []place, fates []fate) {
	if len(places) == 0 {
		return
	}
	accepted := fates == nil
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, at := range places {
		f := fate{}
		if fates != nil {
			f = fates[i]
		}
		at.chunk.settle(at.message, f)
		switch f.outcome {
		case 0:
			accepted = true
			if !f.counted {
				r.sameRefusal = 0
			}
		case cio.OutcomeRejected:
			if !f.counted {
				r.refuse(f.err)
			}
		}
	}
	if accepted {
		r.acceptances.Add(1)
		r.lanes.wake()
	}
	r.account()
}

// sameRefusals is how many rejections in a row, all for one reason and with nothing accepted between them, end a run.
const sameRefusals = 1000

// told counts messages of a Send that is still under way: they were rejected, or accepted if err is nil.
func (r *run) told(messages int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.sameRefusal = 0
		return
	}
	for range messages {
		r.refuse(err)
	}
}

// refuse counts a rejected message, and stops the run if there are too many; the caller must hold the lock.
func (r *run) refuse(err error) {
	r.refused++
	if said := whatWasSaid(err); said != r.refusalSaid {
		r.refusalSaid, r.sameRefusal = said, 0
	}
	r.sameRefusal++
	r.checkErrors()
}

// checkErrors stops the run if Customer.io has rejected too many messages of the load; the caller must hold the lock.
func (r *run) checkErrors() {
	because := ""
	if r.refusalSaid != "" {
		because = ", the last one because: " + r.refusalSaid
	}
	switch {
	case r.job.MaxErrors == Unlimited:
	case r.refused > atMost(r.job.MaxErrors):
		r.tooManyErrors(plural.Count(r.refused, "message was", "messages were") + " rejected" + because)
	case r.sameRefusal >= sameRefusals:
		r.tooManyErrors(plural.Grouped(int64(r.sameRefusal)) + " messages one after the other were rejected for one reason: " + r.refusalSaid)
	}
}

// tooManyErrors stops the run. Sends under way stop when their current requests are answered. The caller must hold the lock.
func (r *run) tooManyErrors(why string) {
	if r.stoppedBy(ErrTooManyErrors) {
		return
	}
	if n := r.group.Stop(); n > 0 {
		why += "; " + plural.Count(n, "message was", "messages were") + " on their way then; their results are counted too"
	}
	r.stopLocked(&StopError{ErrTooManyErrors, errors.New(why)})
}

// settle records the result of a message; the caller must hold run.mu.
func (c *chunk) settle(message int, f fate) {
	c.settled++
	if f.outcome == 0 {
		return
	}
	if c.lost == nil {
		c.lost = make(map[int]fate)
	}
	c.lost[message] = f
}

// newChunk returns an empty chunk, which is counted after all chunks before it. offset is the offset of the rows before it.
func (r *run) newChunk(offset int64) *chunk {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := new(chunk)
	if n := len(r.free); n > 0 {
		c, r.free = r.free[n-1], r.free[:n-1]
	}
	c.offset = offset
	r.chunks = append(r.chunks, c)
	return c
}

// seal marks the chunk as complete.
func (r *run) seal(c *chunk) {
	interrupted := c.err != nil && r.ctx.Err() != nil
	r.mu.Lock()
	defer r.mu.Unlock()
	c.sealed = true
	r.raw += len(c.raw) + c.weight
	switch {
	case c.err == nil:
	case interrupted:
		r.stopLocked(&StopError{ErrInterrupted, context.Cause(r.ctx)})
	case len(r.stops) > 0 && errors.Is(c.err, context.Canceled):
		// The run itself stopped reading.
	default:
		r.sourceErr = c.err
	}
	r.account()
}

// waitForRoom blocks until there is room for more rows. It sends the messages that wait for others, so that there will be room.
func (r *run) waitForRoom(ctx context.Context) {
	for {
		r.mu.Lock()
		full := r.raw > maxRawBytes
		r.mu.Unlock()
		if !full {
			return
		}
		r.lanes.flush()
		if r.lanes.idle() {
			r.lanes.r.decide(r.lanes.all...) // there is no room for other messages to send
			continue
		}
		select {
		case <-r.room:
		case <-ctx.Done():
			return
		}
	}
}

// account counts the settled chunks at the front; the caller must hold the lock.
func (r *run) account() {
	for len(r.chunks) > 0 && r.chunks[0].sealed && r.chunks[0].settled == r.chunks[0].messages {
		c := r.chunks[0]
		r.chunks = append(r.chunks[:0], r.chunks[1:]...)
		r.raw -= len(c.raw) + c.weight
		if err := r.count(c); err != nil {
			r.stopLocked(&StopError{ErrRejects, err})
		}
		if err := r.changes.record(c); err != nil {
			r.stopLocked(&StopError{ErrSnapshot, err})
		}
		r.deleted += c.deletes
		r.job.Recorder.counted(&r.tally)
		r.checkpointBehind(c)
		c.reset()
		r.free = append(r.free, c)
		r.makeRoom()
	}
}

// makeRoom makes waitForRoom check again.
func (r *run) makeRoom() {
	select {
	case r.room <- struct{}{}:
	default:
	}
}

// count counts the rows and messages of a chunk and writes the rejects among them; the caller must hold the lock. The error is a failure to write;
// everything is counted even then.
func (r *run) count(c *chunk) (failure error) {
	t := &r.tally
	t.Rows += c.read
	t.RowsEmpty += c.empty
	t.RowsBlank += c.blank
	t.Unchanged += c.unchanged
	t.warned.AddAll(c.warned)
	t.read = c.offset
	t.Complete = c.complete
	reject := func(row *chunkRow, rej Reject, another bool) {
		t.add(rej)
		if err := r.rejects.write(rej, row, c.raw[row.raw[0]:row.raw[1]], another); err != nil && failure == nil {
			failure = err
		}
	}
	for i := range c.rows {
		row := &c.rows[i]
		if row.reject != nil {
			t.RowsRejected++
			t.Messages += row.lost
			t.Rejected += row.lost
			if row.reject.Rule == string(cio.RuleGuard) {
				t.Guarded += row.lost
			}
			reject(row, *row.reject, false)
			continue
		}
		if row.file != mirrorFile {
			t.RowsMapped++
		}
		n := int64(row.messages[1] - row.messages[0])
		t.Messages += n
		if c.lost == nil {
			t.Accepted += n
			continue
		}
		another := false
		for m := row.messages[0]; m < row.messages[1]; m++ {
			switch f := c.lost[m]; f.outcome {
			case 0:
				t.Accepted++
			case cio.OutcomeRejected:
				t.RejectedByAPI++
				reject(row, r.refusal(row, m, f.err), another)
				another = true
			case cio.OutcomeUnknown:
				t.Unknown++
				t.Unsent++
			default:
				t.Unsent++
			}
		}
	}
	return failure
}

// refusal describes a message that Customer.io rejected.
func (r *run) refusal(row *chunkRow, message int, err error) Reject {
	rej := Reject{File: row.file, Line: row.line, Rule: RuleRefusedByAPI, Hint: whatWasSaid(err)}
	if r.job.Mapping.Messages() > 1 {
		rej.Field = "messages[" + strconv.Itoa(message-row.messages[0]) + "]"
	}
	var local *cio.MessageError
	if errors.As(err, &local) {
		rej.Rule = string(local.Rule)
	}
	return rej
}

// whatWasSaid returns the reason why a message was rejected.
func whatWasSaid(err error) string {
	var local *cio.MessageError
	var api *cio.APIError
	switch {
	case errors.As(err, &local):
		return mapping.HintOf(local.Hint)
	case !errors.As(err, &api) || api.Status == 0:
		return "Customer.io rejected the message and gave no reason"
	}
	said := "Customer.io answered"
	if errors.Is(err, cio.ErrNotAPI) {
		said = "something answered"
	}
	said += fmt.Sprintf(" %d %s", api.Status, http.StatusText(api.Status))
	if api.Message != "" {
		said += ": " + api.Message
	}
	return said
}

func (r *run) flushRejects() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejects.flush()
}

// syncRejects writes the rejects to disk.
func (r *run) syncRejects() error {
	r.mu.Lock()
	err := r.rejects.flush()
	unsynced := r.rejects.unsynced()
	r.mu.Unlock()
	if err == nil && unsynced != nil {
		err = unsynced.Sync()
	}
	return err
}

// end returns how the run ended, for the journal.
func (r *run) end() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(r.stops) > 0:
		return r.stops[0].Reason.Error()
	case !r.tally.Complete || r.tally.Unsent > 0:
		return ErrInterrupted.Error()
	}
	return EndComplete
}

// resume restores the counts of the last checkpoint of the journal.
func (r *run) resume(c Checkpoint) {
	t := &r.tally
	t.Summary = c.Summary
	maps.Copy(t.reasons, c.Reasons)
	t.warned = slices.Clone(c.Warned)
	t.read = c.Read
	r.base = Summary{Requests: c.Requests, Retried: c.Retried, Bytes: c.Bytes}
	t.begun = t.begun.Add(-time.Duration(c.Seconds * float64(time.Second)))
	t.Complete = false
	r.rejects.written, r.rejects.sum = c.RejectsBytes, c.RejectsSum
	if f, ok := r.job.Rejects.(*rejectsFile); ok { // it may be a new file
		r.rejects.written, r.rejects.sum = f.at, f.sum
	}
	r.refused, r.deletes, r.deleted = c.RejectedByAPI, c.Deletes, c.Deletes
	b := r.job.bounds()
	r.bounds, c.Bounds = &b, &b
	r.checkpoint = c
	r.checkErrors()
}

// record starts to write checkpoints. It does nothing without a journal.
func (r *run) record() (finish func()) {
	j := r.job.journal
	if j == nil {
		return func() {}
	}
	j.used = true
	rec := &checkpointer{r: r, changed: make(chan struct{}, 1), quit: make(chan struct{}), ended: make(chan struct{})}
	r.checkpointer = rec
	go rec.run()
	return func() {
		close(rec.quit)
		<-rec.ended
		rec.write(r.end())
	}
}

// checkpointBehind makes the checkpoint after a counted chunk, unless something before it is unsent; the caller must hold the lock.
func (r *run) checkpointBehind(c *chunk) {
	if r.checkpointer == nil || r.tally.Unsent > 0 || c.ordinal <= r.checkpoint.Row {
		return
	}
	r.checkpoint.Mark, r.checkpoint.Who = c.mark, c.who
	r.checkpointAt(c.ordinal, c.offset)
	r.checkpointer.note()
}

// checkpointAt makes a checkpoint; the caller must hold the lock.
func (r *run) checkpointAt(row, offset int64) {
	t := &r.tally
	s := r.countsLocked()
	s.First, s.Reasons, s.Warned = nil, nil, nil
	r.checkpoint = Checkpoint{Row: row, Read: offset, Mark: r.checkpoint.Mark, Who: r.checkpoint.Who, Summary: s, Warned: slices.Clone(t.warned),
		Reasons: maps.Clone(t.reasons), RejectsBytes: r.rejects.written, RejectsSum: r.rejects.sum, SpoolBytes: r.changes.spooled(),
		Deletes: r.deleted, Bounds: r.bounds}
}

// checkpointEnd makes the last checkpoint include what was done after the last row, if all of it is settled.
func (r *run) checkpointEnd() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.checkpointer != nil && r.tally.Complete && r.tally.Unsent == 0 && len(r.stops) == 0 {
		r.checkpointAt(r.checkpoint.Row, r.checkpoint.Read)
	}
}
