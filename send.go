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

var errOthersInvalid = errors.New("cio: a valid message was not sent because another message of the same Send is invalid")

// Send sends messages and waits until the outcome of each is known. It returns nil when Customer.io has accepted all of them: its API
// answered with success, which does not promise that the data is stored. Otherwise it returns a [*SendError] that lists every message not
// known to be accepted.
//
// Send checks all messages first. If any is invalid, it lists all invalid ones and sends nothing. A single message goes to the endpoint of
// its type. Several messages go to /batch in their order, split so that no request is over Config.MaxBatchBytes. Each request starts when
// the previous one has ended, so messages keep their order. There is one exception: a message that a firewall may have refused is kept back
// (see below). Later messages are sent before it, except those of the same identity.
//
// Temporary failures are retried until ctx ends or nothing was accepted for Config.MaxElapsed. The pauses are random and grow. They are at
// least as long as the server's Retry-After (at most 5 minutes). The last pause is cut short, so a last try begins when MaxElapsed has
// passed. The Sends of a [SendGroup] give up together. A retried request carries the same message ids. A 2xx answer that cannot be the
// API's, such as the page of a captive portal, is a temporary failure too: its messages are unknown.
//
// If the API refuses a strict batch with 400, 413 or 422, in one of its own forms, Send halves the batch until it has found the rejected
// messages; all others are accepted. Send assumes that nothing of a refused batch was stored, which Customer.io does not document. If that
// is wrong, messages arrive twice, with the same id.
//
// A refusal in any other form, and a 403 with a page, may come from a firewall that refuses one message, or from a gateway that refuses
// everything. Send halves the batch here too. If a message is refused although it was sent alone, Send keeps it back. When another message
// has been accepted, Send sends this message alone once more. If it is refused again, it is rejected. If no other message is accepted, it is
// unsent. If ten single messages or two whole batches, one after the other, are refused in this way, Send waits and tries one message at a
// time, for at most Config.MaxElapsed. If every remaining message was already refused when it was sent alone, it ends after three
// such tries.
//
// If the key is refused (401, or 403 without a page), Send tries again on a new connection after a second, and for 15 seconds if the key
// was good before. Then Send ends. A redirect that the client does not follow (see Config.HTTPClient) and any other answer end the Send at
// once.
//
// An [Encoded] among the messages is sent unchanged. You may reuse the messages when Send returns.
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

// deliver sends until all messages have an outcome. While everything is refused in an odd form, it waits and tries one message at a time.
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

// fewProbes is the pause before the last try of messages that were all refused alone. A refusal of everything may be over soon, but no
// message that is left can prove that the messages are not the cause.
const fewProbes = 8 * time.Second

// sending is one running Send. It is the messageList of all its messages.
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

// SendGroup makes several Sends that run at the same time behave as one. They give up together, when no message of any of them was accepted
// for Config.MaxElapsed, and you can stop them together. The time counts from the last acceptance. It starts anew when a Send begins while
// no other runs. The zero value is ready for use, with one [Client].
type SendGroup struct {
	mu       sync.Mutex
	sends    int       // under way
	since    time.Time // of the last acceptance, or when the first of them began
	underway int       // messages in requests that are being made
	stopped  bool
	quit     chan struct{} // closed by Stop; nil until somebody waits for it
}

// ErrStopped is the reason of messages that are unsent because [SendGroup.Stop] was called. It is a [context.Canceled].
var ErrStopped = fmt.Errorf("cio: the group of Sends was stopped: %w", context.Canceled)

// Context returns a context for one Send of the group. If ended is not nil, the Send calls it when messages are accepted, with a nil error,
// and when messages are rejected, as soon as that is known and before the Send continues. The messages are msgs[lo:hi] of that Send. ended
// is not called for messages that are rejected before anything is sent, or that are unsent or unknown at the end.
func (g *SendGroup) Context(ctx context.Context, ended func(lo, hi int, err error)) context.Context {
	if ended == nil {
		ended = func(int, int, error) {}
	}
	return context.WithValue(ctx, groupKey{}, &groupMember{g, ended})
}

// Stop makes the Sends of the group start no further request and retry none. Running requests end as usual. Messages that are not accepted
// or rejected by then are unsent, or unknown if they may have arrived. Stop returns how many messages are in running requests. A Send that
// begins afterwards sends nothing.
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

// memberOf returns the group of the context; nil for none.
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

// report reports messages that were accepted, or rejected for err.
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

// carry counts messages into running requests, or out of them. If no more requests may start, it returns false and counts none.
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

// progress returns when something was last accepted; own is what the Send itself knows.
func (m *groupMember) progress(own time.Time) time.Time {
	if m == nil {
		return own
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.since
}

// stopError describes a request that was not made because of Stop.
func stopError(r *request) *APIError {
	return &APIError{Operation: r.operation, Message: "not sent, because other messages were rejected", Attempts: r.attempts, Err: ErrStopped, reached: r.reached}
}
