package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

func isFormatError(err error) bool {
	var format *source.FormatError
	return errors.As(err, &format)
}

// fate is what became of a message.
type fate struct {
	outcome cio.Outcome // 0: accepted
	err     error
}

// send gives the messages of a row to the lanes, or settles them as unsent where nothing is sent any more.
func (r *run) send(c *chunk, first int, messages []cio.Encoded, m *mapper) {
	if m.deletes > 0 && !r.job.DryRun {
		c.deletes += int64(m.deletes)
		if r.deletes += int64(m.deletes); r.deletes > max(r.job.MaxDeletes, 0) {
			r.stop(&StopError{ErrTooManyDeletes, fmt.Errorf("the load deletes or suppresses more than %d", max(r.job.MaxDeletes, 0))})
		}
	}
	if !r.job.DryRun && !r.stopped() {
		r.lanes.add(c, first, messages, m.identities)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range messages {
		c.settle(first+i, fate{outcome: cio.Unsent})
	}
}

// deliver sends a parcel, unless the run has stopped, and settles its messages. It returns what became of each; nil if all were accepted.
func (r *run) deliver(p *parcel) (fates []fate) {
	if r.ctx.Err() != nil {
		r.stop(&StopError{ErrInterrupted, context.Cause(r.ctx)})
	}
	r.note(ErrSnapshot, r.changes.begun())
	if r.stopped() {
		fates = make([]fate, len(p.places))
		for i := range fates {
			fates[i].outcome = cio.Unsent
		}
	} else {
		fates = r.post(p.sealed())
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, at := range p.places {
		f := fate{}
		if fates != nil {
			f = fates[i]
		}
		if at.chunk.settle(at.message, f); f.outcome == cio.Refused {
			r.refused++
		}
	}
	r.checkErrors()
	r.account()
	return fates
}

// checkErrors stops the run if Customer.io has refused too many messages of the load; the lock must be held.
func (r *run) checkErrors() {
	if most := r.job.MaxErrors; most > 0 && r.refused >= most {
		r.stopLocked(&StopError{ErrTooManyErrors, fmt.Errorf("%d messages were refused", r.refused)})
	}
}

// settle notes what became of a message; run.mu must be held.
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

// newChunk returns an empty chunk that is accounted for after all before it. offset is that of the rows before it.
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

// seal says that the chunk is complete.
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

// waitForRoom returns when there is room for more rows. What waits for others is sent then, so that there will be.
func (r *run) waitForRoom(ctx context.Context) {
	for {
		r.mu.Lock()
		full := r.raw > maxRawBytes
		r.mu.Unlock()
		if !full {
			return
		}
		r.lanes.flush()
		select {
		case <-r.room:
		case <-ctx.Done():
			return
		}
	}
}

// account counts the chunks at the front that are settled; the lock must be held.
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
		r.mark(c)
		c.reset()
		r.free = append(r.free, c)
		select {
		case r.room <- struct{}{}:
		default:
		}
	}
}

// post brings the messages to acceptance and returns what became of each; nil if all were accepted.
func (r *run) post(messages []cio.Message) []fate {
	err := r.job.Client.Send(r.ctx, messages...)
	if err == nil {
		return nil
	}
	fates := make([]fate, len(messages))
	var failed *cio.SendError
	if !errors.As(err, &failed) {
		for i := range fates {
			fates[i] = fate{cio.Unknown, err}
		}
		r.stop(r.whySendEnded(err))
		return fates
	}
	var ended error
	invalid := false
	for _, f := range failed.Failures {
		if f.Index < 0 || f.Index >= len(fates) {
			continue
		}
		if f.Outcome == cio.Refused && errors.Is(f.Err, cio.ErrUnauthorized) {
			f.Outcome = cio.Unsent
		}
		fates[f.Index] = fate{f.Outcome, f.Err}
		var local *cio.MessageError
		switch {
		case f.Outcome == cio.Refused:
			invalid = invalid || errors.As(f.Err, &local)
		case ended == nil:
			ended = f.Err
		}
	}
	switch {
	case invalid && ended != nil && failed.Accepted == 0:
		// The client's own rules have come to refuse a message that they let pass when it was encoded, as a guard can, and nothing was sent.
		// The others are sent without it.
		r.sendUnsent(messages, fates)
	case ended != nil:
		r.stop(r.whySendEnded(ended))
	}
	return fates
}

// sendUnsent sends the messages that are unsent, fewer than all, and updates their fates.
func (r *run) sendUnsent(messages []cio.Message, fates []fate) {
	var rest []cio.Message
	var index []int
	for i, f := range fates {
		if f.outcome == cio.Unsent {
			rest = append(rest, messages[i])
			index = append(index, i)
		}
	}
	again := r.post(rest)
	for i, at := range index {
		if again == nil {
			fates[at] = fate{}
		} else {
			fates[at] = again[i]
		}
	}
}

// whySendEnded sorts the error that ended a Send.
func (r *run) whySendEnded(err error) *StopError {
	switch {
	case r.ctx.Err() != nil:
		return &StopError{ErrInterrupted, context.Cause(r.ctx)}
	case errors.Is(err, cio.ErrUnauthorized):
		return &StopError{ErrKeyRefused, err}
	}
	return &StopError{ErrGaveUp, err}
}

// count counts the rows and messages of a chunk and writes the rejects among them; the lock must be held. The error is that of writing;
// everything is counted all the same.
func (r *run) count(c *chunk) (failure error) {
	t := &r.tally
	t.Rows += c.read
	t.RowsEmpty += c.empty
	t.RowsBlank += c.blank
	t.Unchanged += c.unchanged
	t.warned.addAll(c.warned)
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
			case cio.Refused:
				t.RejectedByAPI++
				reject(row, r.refusal(row, m, f.err), another)
				another = true
			case cio.Unknown:
				t.Unknown++
				t.Unsent++
			default:
				t.Unsent++
			}
		}
	}
	return failure
}

// refusal describes a message that Customer.io refused.
func (r *run) refusal(row *chunkRow, message int, err error) Reject {
	rej := Reject{File: row.file, Line: row.line, Rule: RuleRefusedByAPI, Hint: "Customer.io refused the message without saying why"}
	if len(r.job.Mapping.messages) > 1 {
		rej.Field = "messages[" + strconv.Itoa(message-row.messages[0]) + "]"
	}
	var api *cio.APIError
	var local *cio.MessageError
	switch {
	case errors.As(err, &local):
		rej.Rule, rej.Hint = string(local.Rule), local.Hint
	case errors.As(err, &api) && api.Status != 0:
		rej.Hint = fmt.Sprintf("Customer.io answered %d %s", api.Status, http.StatusText(api.Status))
		if api.Message != "" {
			rej.Hint += ": " + api.Message
		}
	}
	return rej
}
