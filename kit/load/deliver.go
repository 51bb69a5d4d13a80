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

// deliver sends a batch, unless the run has stopped, and accounts for all of it.
func (r *run) deliver(b *batch) {
	var fates []fate
	switch {
	case len(b.messages) == 0:
	case r.ctx.Err() != nil:
		r.stop(&StopError{ErrInterrupted, context.Cause(r.ctx)})
		fallthrough
	case r.job.DryRun, r.stopped():
		fates = make([]fate, len(b.messages))
		for i := range fates {
			fates[i].outcome = cio.Unsent
		}
	default:
		fates = r.send(b.messages)
	}
	r.note(ErrRejects, r.settle(b, fates))

	switch {
	case b.err == nil:
	case r.ctx.Err() != nil:
		r.stop(&StopError{ErrInterrupted, context.Cause(r.ctx)})
	case len(r.stops) > 0 && errors.Is(b.err, context.Canceled):
		// The run itself stopped reading.
	default:
		r.note(ErrSource, b.err)
	}
	if most := r.job.MaxErrors; most > 0 && r.tally.RejectedByAPI >= most {
		r.stop(&StopError{ErrTooManyErrors, fmt.Errorf("%d messages were refused", r.tally.RejectedByAPI)})
	}
}

// send brings the messages to acceptance and returns what became of each; nil if all were accepted.
func (r *run) send(messages []cio.Message) []fate {
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
	again := r.send(rest)
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

// settle counts the rows and messages of a batch and writes the rejects among them. fates is nil if all messages were accepted. The error
// is that of writing; everything is counted all the same.
func (r *run) settle(b *batch, fates []fate) (failure error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := &r.tally
	t.Rows += b.read
	t.RowsEmpty += b.empty
	t.read = b.offset
	t.Complete = b.complete
	reject := func(row *batchRow, rej Reject) {
		t.add(rej)
		if err := r.rejects.write(rej, b.raw[row.raw[0]:row.raw[1]]); err != nil && failure == nil {
			failure = err
		}
	}
	for i := range b.rows {
		row := &b.rows[i]
		if row.reject != nil {
			t.RowsRejected++
			t.Messages += row.lost
			t.Rejected += row.lost
			if row.reject.Rule == string(cio.RuleGuard) {
				t.Guarded += row.lost
			}
			reject(row, *row.reject)
			continue
		}
		for m := row.messages[0]; m < row.messages[1]; m++ {
			t.Messages++
			if fates == nil {
				t.Accepted++
				continue
			}
			switch f := fates[m]; f.outcome {
			case 0:
				t.Accepted++
			case cio.Refused:
				t.RejectedByAPI++
				reject(row, r.refusal(row, m, f.err))
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
func (r *run) refusal(row *batchRow, message int, err error) Reject {
	rej := Reject{Line: row.line, Rule: RuleRefusedByAPI, Hint: "Customer.io refused the message without saying why"}
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
