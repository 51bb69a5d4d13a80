package load

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
)

// sender sends messages until they are accepted, if possible, and tells the run the result of each.
type sender struct{ *run }

// deliver sends a parcel through its lane, unless the run has stopped, and settles its messages, except those that the lane sets aside. It returns
// the fate of each message; nil if all were accepted.
func (r sender) deliver(ln *lane, p *parcel) (fates []fate) {
	ln.mu.Lock()
	defer ln.mu.Unlock()
	r.checkContext()
	r.note(ErrSnapshot, r.changes.begun())
	r.again(ln, false)
	messages, places := p.sealed(), p.places
	if len(ln.aside) > 0 {
		messages, places = ln.setBehind(messages, places)
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
			ln.seen++ // acceptances of the same Send do not help
		}
	}
	r.conclude(known, of)
	return fates
}

// unsent returns the fates of n messages that were not tried.
func unsent(n int) []fate {
	fates := make([]fate, n)
	for i := range fates {
		fates[i].outcome = cio.OutcomeUnsent
	}
	return fates
}

// post sends the messages until they are accepted or fail, and returns the fate of each; nil if all were accepted.
func (r sender) post(messages []cio.Message) []fate {
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
		// The client's own rules, such as a guard, now refuse a message that they accepted when it was encoded, and nothing was sent. Send the others
		// without it.
		r.sendUnsent(messages, fates)
	case ended != nil:
		r.stop(r.whySendEnded(ended))
	case doubtful:
		r.checkContext()
	}
	return fates
}

// sendUnsent sends the messages that are unsent, which are fewer than all, and updates their fates.
func (r sender) sendUnsent(messages []cio.Message, fates []fate) {
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

// whySendEnded classifies the error that ended a Send.
func (r sender) whySendEnded(err error) *StopError {
	switch {
	case r.ctx.Err() != nil:
		return &StopError{ErrInterrupted, context.Cause(r.ctx)}
	case errors.Is(err, cio.ErrUnauthorized):
		return &StopError{ErrKeyRefused, err}
	}
	return &StopError{ErrGaveUp, err}
}

// doubtful is a message that something other than the API refused, while nothing showed whether this message is at fault, or a later one. It is set
// aside until another message is accepted. Then it is sent again, and is either accepted or refused for good.
type doubtful struct {
	message cio.Encoded
	at      place
	fate    *fate // result of the last try
}

// isDoubtful reports whether a firewall may have stopped the message because of its contents. A gateway that has refused everything for as long as
// the client retries, or an answer that is not from the API, stops the run instead.
func isDoubtful(f fate) bool {
	return (f.outcome == cio.OutcomeUnsent || f.outcome == cio.OutcomeUnknown) && errors.Is(f.err, cio.ErrNotAPI) && !errors.Is(f.err, cio.ErrUnavailable)
}

// setBehind splits messages into those that the lane can send and those that must wait for an earlier message that is set aside. The latter are set
// aside too.
func (ln *lane) setBehind(messages []cio.Message, places []place) ([]cio.Message, []place) {
	behind := make(map[string]*fate)
	for i := range ln.aside {
		behind[ln.aside[i].at.who] = ln.aside[i].fate
	}
	var free []cio.Message
	var at []place
	for i, m := range messages {
		e := m.(*cio.Encoded)
		if first := behind[places[i].who]; first != nil {
			ln.aside = append(ln.aside, doubtful{*e, places[i], &fate{cio.OutcomeUnsent, first.err, false}})
			continue
		}
		free, at = append(free, m), append(at, places[i])
	}
	return free, at
}

// again sends what the lane has set aside, as long as something was accepted since it was refused; at least once if now is set. The first message of
// each person is sent alone, and the later ones after it is settled. The caller must hold lane.mu.
func (r sender) again(ln *lane, now bool) {
	for ; len(ln.aside) > 0 && !r.stopped() && (now || ln.seen != r.acceptances.Load()); now = false {
		ln.seen = r.acceptances.Load()
		all := ln.aside
		ln.aside = nil
		waits := make(map[string]bool) // people whose first message still waits
		var rest []doubtful
		for i := range all {
			d := &all[i]
			who := d.at.who
			still, begun := waits[who]
			switch {
			case !begun:
				waits[who] = r.trySet(ln, all[i:i+1])
			case still:
				ln.aside = append(ln.aside, *d)
			default:
				rest = append(rest, *d)
			}
		}
		r.trySet(ln, rest)
	}
	if r.stopped() {
		r.giveBack(ln)
	}
}

// trySet sends messages that were set aside, settles those that now have a final result, and sets the others aside again. It reports whether there
// are any left.
func (r sender) trySet(ln *lane, set []doubtful) (some bool) {
	if len(set) == 0 {
		return false
	}
	messages := make([]cio.Message, len(set))
	for i := range set {
		messages[i] = &set[i].message
	}
	var fates []fate
	if !r.stopped() {
		fates = r.post(messages)
	} else {
		fates = unsent(len(set))
	}
	var places []place
	var known []fate
	for i, d := range set {
		f := fate{}
		if fates != nil {
			f = fates[i]
		}
		if f.outcome == cio.OutcomeUnsent && d.fate.outcome == cio.OutcomeUnknown {
			f.outcome = cio.OutcomeUnknown // an earlier try may have arrived
		}
		if f.err == nil && f.outcome != 0 {
			f.err = d.fate.err
		}
		*d.fate = f
		if isDoubtful(f) && !r.stopped() {
			ln.aside = append(ln.aside, d)
			some = true
			continue
		}
		places, known = append(places, d.at), append(known, f)
	}
	r.conclude(places, known)
	return some
}

// giveBack settles the messages that the lane has set aside with the results that they have.
func (r sender) giveBack(ln *lane) {
	var places []place
	var fates []fate
	for _, d := range ln.aside {
		places, fates = append(places, d.at), append(fates, *d.fate)
	}
	ln.aside = nil
	r.conclude(places, fates)
}

// lastPauses are the pauses before each of the last tries of messages that are set aside, if there is nothing else to send that could show whether
// everything is refused. The cause may be gone after a pause.
var lastPauses = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}

// decide settles the messages that lanes have set aside when there is nothing else to send. If a message is still refused then, the run ends.
func (r sender) decide(lanes ...*lane) {
	for _, ln := range lanes {
		ln.mu.Lock()
		defer ln.mu.Unlock()
	}
	for try := 0; ; try++ {
		left, refused := 0, error(nil)
		for before := int64(-1); before != r.acceptances.Load(); { // a message that is accepted here may show the cause of the others
			before, left = r.acceptances.Load(), 0
			for _, ln := range lanes {
				r.again(ln, true)
				if left += len(ln.aside); len(ln.aside) > 0 {
					refused = ln.aside[0].fate.err
				}
			}
		}
		if left == 0 {
			return
		}
		if try == len(lastPauses) {
			r.stop(&StopError{ErrGaveUp, fmt.Errorf("%s at fault: %w", plural.Count(left, "message is refused, and no later success shows that it is", "messages are refused, and no later success shows that they are"), refused)})
		} else {
			r.pause(lastPauses[try], refused)
		}
	}
}

// pause waits so that the cause of the refusals can pass. It ends early if ctx ends, which stops the run.
func (r sender) pause(d time.Duration, why error) {
	r.setFailing(why)
	defer r.setFailing(nil)
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
	r.checkContext()
}
