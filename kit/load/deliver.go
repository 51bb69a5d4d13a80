package load

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/mapping"
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
	counted bool // by told
}

// send gives the messages of a row to the lanes, or settles them as unsent where nothing is sent any more.
func (r *run) send(c *chunk, first int, messages []cio.Encoded, m *mapping.Mapper) {
	if m.Deletes() > 0 {
		c.deletes += int64(m.Deletes())
		if r.deletes += int64(m.Deletes()); r.deletes > atMost(r.job.MaxDeletes) {
			r.stop(&StopError{ErrTooManyDeletes, fmt.Errorf("the load deletes or suppresses more than %d", atMost(r.job.MaxDeletes))})
		}
	}
	if !r.job.DryRun && !r.stopped() {
		r.lanes.add(c, first, messages, m.Identities())
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range messages {
		c.settle(first+i, fate{outcome: cio.OutcomeUnsent})
	}
}

// deliver sends a parcel by its lane, unless the run has stopped, and settles its messages, apart from those that the lane sets aside. It
// returns what became of each; nil if all were accepted.
func (r *run) deliver(ln *lane, p *parcel) (fates []fate) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	r.checkContext()
	r.note(ErrSnapshot, r.changes.begun())
	r.again(ln, false)
	messages, places := p.sealed(), p.places
	if len(ln.aside) > 0 {
		messages, places = ln.heldBack(messages, places)
	} else {
		ln.seen = r.acceptances.Load()
	}
	if r.stopped() {
		fates = unsent(len(messages))
	} else if len(messages) > 0 {
		fates = r.post(messages)
	}
	known, of := places, fates
	if slices.ContainsFunc(fates, isDoubtful) && !r.stopped() {
		known, of = nil, nil
		first := len(ln.aside) == 0
		for i := range fates {
			if isDoubtful(fates[i]) {
				ln.aside = append(ln.aside, doubtful{*messages[i].(*cio.Encoded), places[i], &fates[i]})
			} else {
				known, of = append(known, places[i]), append(of, fates[i])
			}
		}
		if first && slices.ContainsFunc(of, func(f fate) bool { return f.outcome == 0 }) {
			ln.seen++ // what the same Send has accepted was no help
		}
	}
	r.conclude(known, of)
	return fates
}

// unsent are the fates of n messages that were not tried.
func unsent(n int) []fate {
	fates := make([]fate, n)
	for i := range fates {
		fates[i].outcome = cio.OutcomeUnsent
	}
	return fates
}

// checkContext stops the run if its context has ended.
func (r *run) checkContext() {
	if r.ctx.Err() != nil {
		r.stop(&StopError{ErrInterrupted, context.Cause(r.ctx)})
	}
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

// sameRefusals is how many refusals in a row, all for one reason and with nothing accepted between them, end a run.
const sameRefusals = 1000

// told counts messages of a Send that goes on: they were refused, or accepted if err is nil.
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

// refuse counts a message that was refused, and stops the run where there are too many; the lock must be held.
func (r *run) refuse(err error) {
	r.refused++
	if said := whatWasSaid(err); said != r.refusalSaid {
		r.refusalSaid, r.sameRefusal = said, 0
	}
	r.sameRefusal++
	r.checkErrors()
}

// checkErrors stops the run if Customer.io has refused too many messages of the load; the lock must be held.
func (r *run) checkErrors() {
	because := ""
	if r.refusalSaid != "" {
		because = ", the last of them because: " + r.refusalSaid
	}
	switch {
	case r.job.MaxErrors == Unlimited:
	case r.refused > atMost(r.job.MaxErrors):
		r.tooManyErrors(plural.Count(r.refused, "message was", "messages were") + " refused" + because)
	case r.sameRefusal >= sameRefusals:
		r.tooManyErrors(plural.Grouped(int64(r.sameRefusal)) + " messages in a row were refused for one reason: " + r.refusalSaid)
	}
}

// tooManyErrors stops the run, and the Sends under way once the requests that they are making are answered; the lock must be held.
func (r *run) tooManyErrors(why string) {
	if r.stoppedBy(ErrTooManyErrors) {
		return
	}
	if n := r.group.Stop(); n > 0 {
		why += "; " + plural.Count(n, "message was", "messages were") + " on their way then, and what became of them is counted too"
	}
	r.stopLocked(&StopError{ErrTooManyErrors, errors.New(why)})
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
		if r.lanes.idle() {
			r.decide(r.lanes.all...) // there is room for nothing else that could be sent
			continue
		}
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
		r.makeRoom()
	}
}

// makeRoom has waitForRoom look again.
func (r *run) makeRoom() {
	select {
	case r.room <- struct{}{}:
	default:
	}
}

// post brings the messages to acceptance and returns what became of each; nil if all were accepted.
func (r *run) post(messages []cio.Message) []fate {
	counted := false
	err := r.job.Client.Send(r.group.Context(r.ctx, func(lo, hi int, err error) {
		counted = true
		r.told(hi-lo, err)
	}), messages...)
	if err == nil {
		return nil
	}
	fates := make([]fate, len(messages))
	for i := range fates {
		fates[i].counted = counted
	}
	var failed *cio.SendError
	if !errors.As(err, &failed) {
		for i := range fates {
			fates[i] = fate{cio.OutcomeUnknown, err, false}
		}
		r.stop(r.whySendEnded(err))
		return fates
	}
	var ended error
	doubtful, invalid := false, false
	for _, f := range failed.Failures {
		if f.Index < 0 || f.Index >= len(fates) {
			continue
		}
		if f.Outcome == cio.OutcomeRejected && errors.Is(f.Err, cio.ErrUnauthorized) {
			f.Outcome = cio.OutcomeUnsent
		}
		fates[f.Index] = fate{f.Outcome, f.Err, counted}
		var local *cio.MessageError
		switch {
		case f.Outcome == cio.OutcomeRejected:
			invalid = invalid || errors.As(f.Err, &local)
		case isDoubtful(fates[f.Index]):
			doubtful = true
		case errors.Is(f.Err, cio.ErrStopped):
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
	case doubtful:
		r.checkContext()
	}
	return fates
}

// sendUnsent sends the messages that are unsent, fewer than all, and updates their fates.
func (r *run) sendUnsent(messages []cio.Message, fates []fate) {
	var rest []cio.Message
	var index []int
	for i, f := range fates {
		if f.outcome == cio.OutcomeUnsent {
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

// refusal describes a message that Customer.io refused.
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

// whatWasSaid says why a message was refused.
func whatWasSaid(err error) string {
	var local *cio.MessageError
	var api *cio.APIError
	switch {
	case errors.As(err, &local):
		return mapping.HintOf(local.Hint)
	case !errors.As(err, &api) || api.Status == 0:
		return "Customer.io refused the message without saying why"
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
