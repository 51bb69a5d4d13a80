package cio

import (
	"context"
	"errors"
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

// Send brings messages to acceptance. It returns nil when Customer.io has accepted all of them, which promises that it answered 2xx and
// not that the data is stored; otherwise a *SendError that lists every message not known to be accepted. It blocks until then.
//
// All messages are checked first: if any is invalid, all invalid ones are listed and nothing is sent. One message goes to its own
// endpoint, several go to /batch in their order, split so that no request is over Config.MaxBatchBytes. No request starts before the
// one ahead of it is settled.
//
// Failures that may pass are retried with growing, random pauses, at least as long as the server's Retry-After asks (at most 5 minutes),
// until ctx ends or nothing was accepted for Config.MaxElapsed. A repeated request carries the same message ids.
// If a strict batch is refused with 400, 413 or 422, it is halved until the refused messages stand alone; all others are accepted. This takes
// a refused batch to have been refused whole, which Customer.io does not document; if it is not, messages arrive twice, with the same id.
// A key that is refused (401, 403), a redirect, a page in HTML and any other answer end the Send at once.
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
	d := &delivery{c: c, ctx: ctx, maxElapsed: c.cfg.MaxElapsed, progress: time.Now()}
	for lo := 0; lo < len(s.messages); {
		hi := s.fit(lo)
		next, stop := d.run(s, lo, hi)
		if stop != nil {
			s.failed(next, hi, stop.outcome(), stop)
			s.fail(hi, len(s.messages), Unsent, stop)
			break
		}
		lo = hi
	}
	return s.result()
}

// sending is one Send under way. It is the parcel of all its messages.
type sending struct {
	c        *Client
	messages []Encoded
	failures []Failure
	taken    int // accepted
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
			s.fail(i, i+1, Refused, err)
		} else {
			s.fail(i, i+1, Unsent, errOthersInvalid)
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
	return &request{operation: "batch", messages: hi - lo, body: *buf, release: func(held bool) {
		if !held {
			batchPool.Put(buf)
		}
	}}
}

func (s *sending) accepted(lo, hi, _ int) { s.taken += hi - lo }

func (s *sending) failed(lo, hi int, o Outcome, err *APIError) { s.fail(lo, hi, o, err) }

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
	return &SendError{Total: len(s.messages), Accepted: s.taken, Failures: s.failures}
}
