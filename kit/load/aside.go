package load

import (
	"errors"
	"fmt"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
)

// doubtful is a message that was refused in a form that is not the API's, while nothing showed whether it is at fault, or one behind it. It is
// set aside until another message is accepted: sent again then, it is either accepted, or refused for good.
type doubtful struct {
	message cio.Encoded
	at      place
	fate    *fate // of the last try
}

// isDoubtful reports whether what stopped a message may be a firewall that dislikes it. A gateway that has refused everything for as long as the
// client tries, and what is no answer of the API at all, stop the run.
func isDoubtful(f fate) bool {
	return (f.outcome == cio.OutcomeUnsent || f.outcome == cio.OutcomeUnknown) && errors.Is(f.err, cio.ErrNotAPI) && !errors.Is(f.err, cio.ErrUnavailable)
}

// heldBack divides what a lane is given into what it may send and what has to wait behind a message that is set aside, which is set aside too.
func (ln *lane) heldBack(messages []cio.Message, places []place) ([]cio.Message, []place) {
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

// again sends what the lane has set aside, as long as something was accepted since it was refused; at least once if now is set. The first of
// each person goes alone, and what is behind it once it is settled. lane.mu must be held.
func (r *run) again(ln *lane, now bool) {
	for ; len(ln.aside) > 0 && !r.stopped() && (now || ln.seen != r.acceptances.Load()); now = false {
		ln.seen = r.acceptances.Load()
		all := ln.aside
		ln.aside = nil
		waits := make(map[string]bool) // whether the first of a person still waits
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

// trySet sends messages that were set aside, settles those whose fate that decides, and sets the others aside again. It reports whether there are any.
func (r *run) trySet(ln *lane, set []doubtful) (some bool) {
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

// giveBack settles what the lane has set aside as it is.
func (r *run) giveBack(ln *lane) {
	var places []place
	var fates []fate
	for _, d := range ln.aside {
		places, fates = append(places, d.at), append(fates, *d.fate)
	}
	ln.aside = nil
	r.conclude(places, fates)
}

// lastPauses is how long messages that are set aside are left, before each of their last tries, where there is nothing else to send that could
// show whether everything is refused: what refuses everything may be over soon.
var lastPauses = []time.Duration{2 * time.Second, 4 * time.Second, 8 * time.Second}

// decide settles what lanes have set aside when there is nothing else to send. What is still refused then ends the run.
func (r *run) decide(lanes ...*lane) {
	for _, ln := range lanes {
		ln.mu.Lock()
		defer ln.mu.Unlock()
	}
	for try := 0; ; try++ {
		left, refused := 0, error(nil)
		for before := int64(-1); before != r.acceptances.Load(); { // what is accepted here may show what the others are
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
			r.stop(&StopError{ErrGaveUp, fmt.Errorf("%s at fault: %w", plural.Count(left, "message is refused, and nothing that was accepted afterwards shows that it is", "messages are refused, and nothing that was accepted afterwards shows that they are"), refused)})
		} else {
			r.pause(lastPauses[try], refused)
		}
	}
}

// pause waits for what messages are refused for to pass, unless ctx ends, which stops the run.
func (r *run) pause(d time.Duration, why error) {
	r.setFailing(why)
	defer r.setFailing(nil)
	select {
	case <-time.After(d):
	case <-r.ctx.Done():
	}
	r.checkContext()
}
