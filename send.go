package cio

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// The envelope of a batch. A comma between two messages is counted with the second.
const (
	batchOpen     = `{"batch":[`
	batchClose    = `]}`
	batchEnvelope = len(batchOpen) + len(batchClose)
)

var errOthersInvalid = errors.New("cio: not sent because another message of the same Send is invalid")

// Send brings messages to acceptance. It returns nil when Customer.io has accepted all of them, which promises that its API answered with
// success and not that the data is stored; otherwise a *SendError that lists every message not known to be accepted. It blocks until then.
//
// All messages are checked first: if any is invalid, all invalid ones are listed and nothing is sent. One message goes to its own
// endpoint, several go to /batch in their order, split so that no request is over Config.MaxBatchBytes. No request starts before the
// one ahead of it has ended, but for a message that is set aside, which only what is of its identity waits for.
//
// Failures that may pass are retried with growing, random pauses, at least as long as the server's Retry-After asks (at most 5 minutes),
// until ctx ends or nothing was accepted for Config.MaxElapsed: the last pause is cut short, so that a last try begins then. The Sends of a
// SendGroup give up together. A repeated request carries the same message ids. An answer with a status of 2xx
// that cannot be the API's, such as the page of a captive portal, is such a failure: its messages are unknown.
//
// If a strict batch is refused with 400, 413 or 422 in one of the API's own forms, it is halved until the rejected messages stand alone; all
// others are accepted. This takes a refused batch to have been refused whole, which Customer.io does not document; if it is not, messages arrive
// twice, with the same id. A refusal in any other form, and a 403 with a page, may be a firewall's that dislikes one message, or a gateway's
// that refuses everything. The batch is halved too, but a message is rejected for it only if another one was accepted meanwhile and it is then
// refused again, alone; otherwise it is unsent. After ten such refusals in a row, or those of two batches, Send waits and tries one message at a
// time, for Config.MaxElapsed, or three times if each that is left was refused alone.
//
// A key that is refused (401, or 403 without a page) is asked for again on a new connection after a second, and for 15 seconds if it was good
// before; it ends the Send then, as a redirect and any other answer do at once.
//
// An Encoded among the messages is sent as it is. The messages may be reused when Send returns.
func (c *Client) Send(ctx context.Context, msgs ...Message) error {
	if len(msgs) == 0 {
		return nil
	}
	s := &sending{c: c, messages: make([]Encoded, len(msgs))}
	if err := s.encode(msgs); err != nil {
		return err
	}
	s.group = memberOf(ctx)
	s.group.begin()
	defer s.group.end()
	d := &delivery{c: c, ctx: ctx, list: s, maxElapsed: c.cfg.MaxElapsed, progress: time.Now(), group: s.group}
	for lo := 0; lo < len(s.messages); {
		hi := s.fit(lo)
		d.rest = append(d.rest, span{lo: lo, hi: hi, whole: true})
		lo = hi
	}
	s.deliver(d)
	return s.result()
}

// deliver sends until all messages have an outcome. While everything is refused in an odd form it waits and tries one message at a time.
func (s *sending) deliver(d *delivery) {
	one, pause := false, firstProbe
	for {
		before := len(d.rest)
		end := d.run(one)
		one = false
		switch {
		case end == nil && len(d.rest) == 0:
			return
		case end == nil:
			pause = firstProbe
			continue
		case end.cause == byAll && d.mayShow(pause):
			wait, more := d.within(pause)
			if !more {
				all := *end.APIError
				all.everything = true
				end.APIError = &all
				break
			}
			s.c.health.bad(s.c.alarm(), end.APIError)
			if err := sleepUnless(d.ctx, wait, d.group.stopping(), nil); err == nil {
				one, pause = true, min(2*pause, longestProbe)
				continue
			}
		case end.cause == byDoubt && end.soon:
			if len(d.rest) < before {
				pause = firstProbe
			}
			if err := sleepUnless(d.ctx, pause, d.group.stopping(), nil); err == nil {
				pause *= 2
				continue
			}
		}
		for i := range d.rest {
			left := &d.rest[i]
			err := end.APIError
			if i != end.at && left.err != nil && !end.everything {
				err = left.err
			}
			if left.refused > 0 && left.hi-left.lo == 1 {
				s.c.ledger.doubt(s.messages[left.lo].MessageID(), left.refused)
			}
			s.failed(left.lo, left.hi, left.outcome(), err)
		}
		return
	}
}

// fewProbes is the pause before the last try of messages that were all refused alone: what refuses everything may be over soon, but nothing
// that is left can show that it is not they.
const fewProbes = 8 * time.Second

// sending is one Send under way. It is the messageList of all its messages.
type sending struct {
	c        *Client
	messages []Encoded
	failures []Failure
	taken    int          // accepted
	group    *groupMember // nil for none
}

// encode encodes all messages, or lists all that are invalid.
func (s *sending) encode(msgs []Message) error {
	invalid := make(map[int]error)
	for i, m := range msgs {
		e, err := s.c.rules.encode(m)
		if err != nil {
			var invalidMessage *MessageError
			if errors.As(err, &invalidMessage) {
				invalidMessage.Index, invalidMessage.several = i, len(msgs) > 1
			}
			invalid[i] = err
		}
		s.messages[i] = e
	}
	if len(invalid) == 0 {
		for i := range s.messages {
			s.c.warn(s.messages[i].Warnings())
		}
		return nil
	}
	for i := range s.messages {
		if err, ok := invalid[i]; ok {
			s.fail(i, i+1, OutcomeRejected, err)
		} else {
			s.fail(i, i+1, OutcomeUnsent, errOthersInvalid)
		}
	}
	return s.result()
}

// fit returns the end of the longest run of messages from lo that fits into one request.
func (s *sending) fit(lo int) int {
	size := batchEnvelope
	hi := lo
	for ; hi < len(s.messages); hi++ {
		size += s.messages[hi].Len()
		if hi > lo {
			size++
		}
		if size > s.c.cfg.MaxBatchBytes && hi > lo {
			break
		}
	}
	return hi
}

func (s *sending) body(lo, hi int) *request {
	if hi-lo == 1 {
		return &request{operation: string(s.messages[lo].typ), messages: 1, body: s.messages[lo].data}
	}
	buf := batchPool.Get().(*[]byte)
	*buf = s.appendBatch((*buf)[:0], lo, hi)
	return &request{operation: "batch", messages: hi - lo, body: *buf, release: func(inUse bool) {
		if !inUse {
			batchPool.Put(buf)
		}
	}}
}

func (s *sending) identity(i int) string {
	id := s.messages[i].Identity()
	return orderKey(&id)
}

func (s *sending) accepted(lo, hi, _ int) {
	s.taken += hi - lo
	s.group.report(lo, hi, nil)
}

func (s *sending) failed(lo, hi int, o Outcome, err *APIError) {
	s.fail(lo, hi, o, err)
	if o == OutcomeRejected {
		s.group.report(lo, hi, err)
	}
}

var batchPool = sync.Pool{New: func() any { return new([]byte) }}

func (s *sending) appendBatch(dst []byte, lo, hi int) []byte {
	dst = append(dst, batchOpen...)
	for i := lo; i < hi; i++ {
		if i > lo {
			dst = append(dst, ',')
		}
		dst = append(dst, s.messages[i].data...)
	}
	return append(dst, batchClose...)
}

func (s *sending) fail(lo, hi int, o Outcome, err error) {
	for i := lo; i < hi; i++ {
		s.failures = append(s.failures, Failure{Index: i, MessageID: s.messages[i].MessageID(), Tag: s.messages[i].tag, Outcome: o, Err: err})
	}
}

func (s *sending) result() error {
	if len(s.failures) == 0 {
		return nil
	}
	slices.SortFunc(s.failures, func(a, b Failure) int { return a.Index - b.Index })
	return &SendError{Total: len(s.messages), Accepted: s.taken, Failures: s.failures}
}

// SendGroup has several Sends that are under way at a time behave as one: they give up together, when none of them was accepted anything for
// Config.MaxElapsed, and can be stopped together. The time counts from the last acceptance, and begins anew when a Send begins while no other is
// under way. The zero value is ready for use, with one Client.
type SendGroup struct {
	mu       sync.Mutex
	sends    int       // under way
	since    time.Time // of the last acceptance, or when the first of them began
	underway int       // messages in requests that are being made
	stopped  bool
	quit     chan struct{} // closed by Stop; nil until somebody waits for it
}

// ErrStopped is why messages of a Send are unsent whose SendGroup was stopped. It is a context.Canceled.
var ErrStopped = fmt.Errorf("cio: the group of Sends was stopped: %w", context.Canceled)

// Context returns a context for one Send of the group. If ended is not nil, the Send calls it when messages are accepted, with a nil error, and
// when they are rejected, as soon as that is known and before it goes on: for those from lo to hi, by their places among the messages given to it.
// It is not called for messages that are rejected before anything is sent, nor for those that are left at the end.
func (g *SendGroup) Context(ctx context.Context, ended func(lo, hi int, err error)) context.Context {
	if ended == nil {
		ended = func(int, int, error) {}
	}
	return context.WithValue(ctx, groupKey{}, &groupMember{g, ended})
}

// Stop has the Sends of the group make no further request: what has no outcome by the requests that are being made is unsent. It returns how many
// messages those hold, without those whose answer has come and is being read. A Send that begins afterwards sends nothing.
func (g *SendGroup) Stop() (underway int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.stopped && g.quit != nil {
		close(g.quit)
	}
	g.stopped = true
	return g.underway
}

type groupKey struct{}

// groupMember is what one Send knows of its group.
type groupMember struct {
	*SendGroup
	ended func(lo, hi int, err error)
}

// memberOf returns the group that the context is of; nil for none.
func memberOf(ctx context.Context) *groupMember {
	m, _ := ctx.Value(groupKey{}).(*groupMember)
	return m
}

func (m *groupMember) begin() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sends++; m.sends == 1 {
		m.since = time.Now()
	}
}

func (m *groupMember) end() {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sends--
}

// report tells of messages that were accepted, or rejected for err.
func (m *groupMember) report(lo, hi int, err error) {
	if m == nil {
		return
	}
	if err == nil {
		m.mu.Lock()
		m.since = time.Now()
		m.mu.Unlock()
	}
	m.ended(lo, hi, err)
}

// carry counts messages into requests that are being made, or out of them. It returns false, and counts none, if none are to be made any more.
func (m *groupMember) carry(messages int) bool {
	if m == nil {
		return true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped && messages > 0 {
		return false
	}
	m.underway += messages
	return true
}

// stopping returns a channel that is closed by Stop.
func (m *groupMember) stopping() <-chan struct{} {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.quit == nil {
		m.quit = make(chan struct{})
		if m.stopped {
			close(m.quit)
		}
	}
	return m.quit
}

// progress returns when something was last accepted, own being what the Send itself knows.
func (m *groupMember) progress(own time.Time) time.Time {
	if m == nil {
		return own
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}

// stopError describes a request that is not made because of Stop.
func stopError(r *request) *APIError {
	return &APIError{Operation: r.operation, Message: "not sent, because other messages were rejected", Attempts: r.attempts, Err: ErrStopped, reached: r.reached}
}
