package cio

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// messageList is the encoded messages to send, numbered from 0.
type messageList interface {
	// body returns the request for the messages from lo to hi: its endpoint and its body. The body does not change until every reader of it
	// has been closed.
	body(lo, hi int) *request
	// identity returns the identity of message i. Messages of one identity keep their order.
	identity(i int) string
	// accepted and failed give messages their outcome, each message once, and those of one identity in their order.
	accepted(lo, hi, attempts int)
	failed(lo, hi int, o Outcome, err *APIError)
}

// span is a run of messages without an outcome yet.
type span struct {
	lo, hi  int
	whole   bool      // nothing was taken off it
	reached bool      // an earlier request with them may have been processed
	refused uint64    // when they were refused in an odd form, for the last time together or for the first time alone; 0: never
	first   uint64    // when they were refused so for the first time
	err     *APIError // the last such refusal
	alone   int       // how often it was refused so, being one message
}

// manyAlone refusals of a message alone, over some seconds, prove that it is at fault, if other messages were accepted after its first
// refusal, though not after its last refusal together with others.
const manyAlone = 3

// delivery sends a messageList until each message has an outcome. Send and Batcher differ only in what they do when it stops.
type delivery struct {
	c    *Client
	ctx  context.Context
	list messageList
	// maxElapsed is how long it retries without an acceptance; negative: until ctx ends.
	maxElapsed time.Duration
	progress   time.Time // of the last acceptance
	// waits, if set, reports whether the other senders are paused. If so, the next pause ends the delivery.
	waits func() bool
	group *groupMember // the Sends that it gives up with; nil for none
	// maxRejections is how many refusals by the API in a row, with one reason, stop it; 0: no number does.
	maxRejections int64

	rest []span // in their order; the messages between have an outcome
}

// If so many are refused, the messages are not the cause.
const (
	manyForeign = 3  // answers in a row that are not the API's
	manyOnes    = 10 // messages in a row, each alone, refused in an odd form
	manyBatches = 2  // whole batches in a row
)

// cause is why a delivery stopped.
type cause int

const (
	byAnswer   cause = iota // a retry does not fix it, or the context ended, or it lasted longer than maxElapsed
	byKey                   // the key is refused
	byStranger              // what answers is not the API
	byAll                   // everything is refused
	byDoubt                 // a message is refused, and nothing proves that it is at fault
)

// stop is why a delivery stopped, and at which of the spans that are left.
type stop struct {
	*APIError
	cause cause
	at    int
	since uint64 // when it was refused
	soon  bool   // trying again will show whether it is the message's fault
}

// run sends the messages of the list, those of each identity in their order. If one is set, it sends a single message at a time. If
// something stops it that is not the fault of a message, it returns that; messages without an outcome stay in rest.
//
// A refusal in the API's own form is about a message. The request is halved until it has only that message.
//
// A refusal in an odd form may be about a message, or about everything. A message that is refused alone is set aside until another message,
// sent after the refusal, is accepted. If the message is then refused once more, it is at fault. It is also at fault if another message was
// accepted after it was first refused, with others, and it is refused alone manyAlone times. Messages of its identity wait behind it. While
// everything is refused and one message is tried, only the API can find it at fault.
func (d *delivery) run(one bool) *stop {
	aside := make(map[string]bool) // identities of d.rest[:i]
	i := 0
	if one {
		i, _ = d.untried(aside)
	}
	for {
		if i == len(d.rest) {
			if i == 0 {
				return nil
			}
			head := &d.rest[0]
			if !d.provenSince(head.refused) {
				return &stop{head.err, byDoubt, 0, head.refused, d.provenSince(head.first)}
			}
			clear(aside)
			i = 0
		}
		if i > 0 && d.heldBack(i, aside) {
			i++
			continue
		}
		if one {
			d.split(i, 1)
		}
		s := &d.rest[i]
		alone, proven := s.hi-s.lo == 1, !one && d.provenSince(s.refused)
		r := d.list.body(s.lo, s.hi)
		err, stopped := d.post(r, one, alone && proven)
		s.reached = s.reached || r.reached
		lo, hi := s.lo, s.hi
		if err == nil {
			d.progress = time.Now()
			d.finish(i)
			d.c.counters.accepted.Add(int64(hi - lo))
			d.list.accepted(lo, hi, r.attempts)
			if one {
				return nil
			}
			continue
		}
		switch v := err.verdict(); {
		case stopped != byAnswer || v != rejection && v != odd:
			since := r.began
			if stopped == byKey {
				since = r.keyRefused
			}
			return &stop{err, stopped, i, since, false}
		case v == rejection && (alone || d.c.permissive):
			same := d.c.ledger.rejected(err.Message, hi-lo)
			if same >= manyRejections && same-int64(hi-lo) < manyRejections {
				d.c.alarm().Error("the API rejects message after message with one reason", "messages", same, "reason", err.Message)
			}
			d.finish(i)
			d.c.counters.rejected.Add(int64(hi - lo))
			d.list.failed(lo, hi, OutcomeRejected, err)
			if d.maxRejections > 0 && same >= d.maxRejections {
				return &stop{err, byAll, i, d.c.ledger.tick(), false}
			}
		case v == rejection:
			d.split(i, (hi-lo)/2)
		default:
			everything, rejected := d.oddly(i, r, err, one, proven)
			switch {
			case everything:
				return &stop{err, byAll, i, d.c.ledger.tick(), false}
			case alone && !rejected:
				aside[d.list.identity(lo)] = true
				i++
			}
		}
		if one {
			return nil
		}
	}
}

// manyRejections is how many refusals in a row, with one reason, get a line in the log.
const manyRejections = 1_000

// provenSince reports whether other messages were accepted after a refusal at that time, and the refusal was not one of everything.
func (d *delivery) provenSince(refused uint64) bool {
	l := &d.c.ledger
	return refused > l.outage.Load() && l.acceptedSince(refused)
}

// oddly handles the refusal of a span in an odd form. everything says that so much is refused that nothing more should be tried. rejected
// says that the span was one message, which is at fault and was rejected.
func (d *delivery) oddly(i int, r *request, err *APIError, one, proven bool) (everything, rejected bool) {
	l := &d.c.ledger
	s := &d.rest[i]
	s.err = err
	now := l.tick()
	if s.first <= l.outage.Load() {
		s.first, s.refused, s.alone = now, 0, 0 // what was refused when everything was shows nothing
	}
	if n := s.hi - s.lo; n > 1 {
		s.refused = now // what was accepted before may have been accepted in better times
		if s.whole && l.batches.Add(1) >= manyBatches {
			everything = true
			l.outage.Store(l.tick())
		}
		d.split(i, n/2)
		return everything, false
	}
	again := s.alone > 0
	if s.refused == 0 {
		s.refused = now
	}
	if before := l.doubted(messageID(r)); before > 0 {
		s.refused = min(s.refused, before)
		s.first = min(s.first, before)
		proven, again = proven || !one && d.provenSince(before), true
	}
	s.alone++
	proven = proven || !one && s.alone >= manyAlone && d.provenSince(s.first)
	if proven || !again { // otherwise it is counted, and nothing was accepted since
		l.ones.Add(1)
	}
	if l.ones.Load() >= manyOnes || l.batches.Load() >= manyBatches {
		l.outage.Store(l.tick())
		return true, false
	}
	if proven {
		lo, hi := s.lo, s.hi
		own := *err // others may have it, such as an Observer
		own.proven = true
		err = &own
		d.finish(i)
		d.c.counters.rejected.Add(1)
		d.list.failed(lo, hi, OutcomeRejected, err)
	}
	return false, proven
}

// messageID returns the id of the only message in a request; empty if it cannot be read.
func messageID(r *request) string {
	if r.gzip {
		return ""
	}
	v, _ := wire.Lookup(r.body, "messageId")
	id, _ := wire.Text(v)
	return id
}

// finish removes a span from the rest.
func (d *delivery) finish(i int) { d.rest = append(d.rest[:i], d.rest[i+1:]...) }

// split divides a span after its first n messages, if it has more.
func (d *delivery) split(i, n int) {
	s := d.rest[i]
	if s.hi-s.lo <= n {
		return
	}
	s.whole = false
	head, tail := s, s
	head.hi, tail.lo = s.lo+n, s.lo+n
	d.rest = append(d.rest, span{})
	copy(d.rest[i+1:], d.rest[i:])
	d.rest[i], d.rest[i+1] = head, tail
}

// heldBack divides the span if it must. It reports whether its messages wait behind one of their identity that is set aside.
func (d *delivery) heldBack(i int, aside map[string]bool) bool {
	s := d.rest[i]
	setAside := aside[d.list.identity(s.lo)]
	n := 1
	for s.lo+n < s.hi && aside[d.list.identity(s.lo+n)] == setAside {
		n++
	}
	d.split(i, n)
	return setAside
}

// mayShow reports whether another try after the pause may show what is at fault.
func (d *delivery) mayShow(pause time.Duration) bool {
	if len(d.rest) == 1 && d.rest[0].hi-d.rest[0].lo == 1 {
		return false
	}
	_, some := d.untried(make(map[string]bool))
	return some || pause <= fewProbes
}

// untried returns the first span whose beginning was not refused alone, and sets aside what is before it. If there is none, it returns the
// first of all.
func (d *delivery) untried(aside map[string]bool) (i int, ok bool) {
	for i := 0; i < len(d.rest); i++ {
		switch s := d.rest[i]; {
		case s.alone > 0:
			aside[d.list.identity(s.lo)] = true
		case i > 0 && d.heldBack(i, aside):
		default:
			return i, true
		}
	}
	clear(aside)
	return 0, false
}

// keyAgain is the pause before a refused key is tried again: one of several servers, or a proxy, may have refused it by mistake.
const keyAgain = time.Second

// post makes one request, and retries it as long as the failure may pass. probe says that it is one of many tries, which wait elsewhere.
// confirm is for a message that is about to be rejected for an answer that is not the API's: it must be refused once more, on a connection
// of its own. The cause says what stopped it, if it was no answer.
func (d *delivery) post(r *request, probe, confirm bool) (*APIError, cause) {
	c := d.c
	probe = probe && d.waits != nil // a Send tries no key for long
	if r.release != nil {
		defer func() { r.release(r.openBodies.Load() > 0) }()
	}
	var refused *apiKey
	refusals := 0 // of that key
	for {
		if err := c.admit(d.ctx); err != nil {
			e := c.noAnswer(d.ctx, r, err)
			e.Attempts, e.reached = r.attempts, r.reached
			return e, byAnswer
		}
		if !d.group.carry(r.messages) {
			return stopError(r), byAnswer
		}
		err := c.try(d.ctx, r)
		d.group.carry(-r.messages)
		if err == nil {
			c.health.good(c.alarm())
			return nil, byAnswer
		}
		var pause time.Duration
		var more bool
		stopped := byAnswer
		switch err.verdict() {
		case passing:
			pause = backoff(r.attempts, r.delay)
		case foreign:
			pause = backoff(r.attempts, r.delay)
			if c.ledger.foreign.Add(1) >= manyForeign && d.waits != nil {
				return err, byStranger
			}
			stopped = byStranger
		case keyRefused:
			stopped = byKey
			if r.key != c.key.Load() {
				continue // there is a new one
			}
			if r.key != refused {
				refused, refusals = r.key, 0
			}
			if refusals++; refusals == 1 {
				r.keyRefused = r.began
			}
			if refusals > d.keyTries(r.key, r.keyRefused, probe) {
				c.http.CloseIdleConnections()
				return err, byKey
			}
			r.fresh = true // and no connection is kept to the server that refused it
			if pause = keyAgain << min(refusals-1, 3); probe {
				pause = 0
			}
		case odd:
			if confirm {
				confirm = false
				r.fresh = true
				continue
			}
			return err, byAnswer
		default:
			return err, byAnswer
		}
		if pause, more = d.within(pause); !more {
			return err, stopped
		}
		if stopped != byKey {
			c.health.bad(c.alarm(), err)
		}
		if d.waits != nil && stopped != byKey && d.waits() {
			return err, stopped
		}
		renewed := c.renewed.wait()
		if stopped != byKey {
			renewed = nil
		}
		if end := sleepUnless(d.ctx, pause, renewed, d.group.stopping()); end != nil {
			own := *err // others may have it, such as an Observer
			own.Err = errors.Join(err.Err, end)
			return &own, byAnswer
		}
	}
}

// keyTries returns how often a request is retried whose key is refused. A Batcher retries once here, and again while it is paused. Then it
// retries several times at once if the key was good before, because one of several servers may not know it. A Send ends there, so it
// retries longer if the key was good before, and as long as other requests are accepted.
func (d *delivery) keyTries(key *apiKey, refused uint64, probe bool) int {
	switch worked := key.worked.Load(); {
	case d.waits == nil && d.c.ledger.acceptedSince(refused):
		return math.MaxInt
	case worked && (probe || d.waits == nil):
		return 4
	case probe:
		return 0
	}
	return 1
}

// outcome is what is known of messages to which a stop gave no outcome.
func (s *span) outcome() Outcome {
	if s.reached {
		return OutcomeUnknown
	}
	return OutcomeUnsent
}

// leastPause is the part of maxElapsed that must be left for another try.
const leastPause = time.Millisecond

// within returns the pause before the next try. It is cut short so that the last try begins when maxElapsed has passed since the last
// acceptance. It returns false if that time has passed.
func (d *delivery) within(pause time.Duration) (time.Duration, bool) {
	if d.maxElapsed < 0 {
		return pause, true
	}
	left := d.maxElapsed - time.Since(d.group.progress(d.progress))
	if pause > left-leastPause {
		pause = left
	}
	return pause, left >= leastPause
}
