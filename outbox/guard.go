package outbox

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ciokit/cio"
)

// ErrUndecided is the error for a Config.Guard of the client, or a Recheck, that cannot decide now whether a message may be sent, for example because
// a service cannot be reached. If the Guard returns an error at delivery that is or wraps ErrUndecided, the message does not become a dead letter.
// Sending waits, and the Guard is called for the same message again every second. The same is true for other errors that mean that there was no
// answer: the end of a context, an error with a true Timeout() or Temporary(), an error of the network, and a broken connection to a database.
var ErrUndecided = errors.New("outbox: it cannot be decided now whether the message may be sent")

// undecided says that a message can neither be sent nor rejected now. It contains no text of the guard, which may name a person.
type undecided struct {
	seq   uint64
	how   string
	err   error
	stack string // of a panic
}

func (e *undecided) Error() string {
	return fmt.Sprintf("outbox: the Guard cannot decide whether message %d may be sent (%s); sending waits, and the Guard is called again every second", e.seq, e.how)
}

func (e *undecided) Unwrap() []error { return []error{ErrUndecided, e.err} }

// decide turns an error of a guard that could not decide into an *undecided.
func decide(err error) error {
	if how := whyUndecided(err); how != "" {
		return &undecided{how: how, err: err}
	}
	return err
}

// whyUndecided returns why a guard could not decide; empty if it has decided.
func whyUndecided(err error) string {
	var timeout interface{ Timeout() bool }
	var temporary interface{ Temporary() bool }
	var dial *net.OpError
	var name *net.DNSError
	var request *url.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrUndecided):
		return "it says so"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "a timeout"
	case errors.Is(err, context.Canceled):
		return "its context has ended"
	case errors.As(err, &dial), errors.As(err, &name), errors.As(err, &request) && request.Op != "parse":
		return "an error of the network"
	case errors.Is(err, driver.ErrBadConn), errors.Is(err, sql.ErrConnDone):
		return "a broken connection"
	case errors.As(err, &temporary) && temporary.Temporary():
		return "an error that may pass"
	}
	return ""
}

// ofGuard is decide for an error of the client, which wraps the guard's.
func ofGuard(err error) error {
	if err == nil {
		return nil
	}
	var rule *cio.MessageError
	if errors.As(err, &rule) && rule.Rule == cio.RuleGuard {
		if wait := new(undecided); errors.As(decide(rule.Err), &wait) {
			return wait
		}
	}
	return err
}

// protect calls ask and returns its error. It returns a panic of ask as an *undecided.
func protect(ask func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &undecided{how: "it panicked", err: errPanic, stack: string(debug.Stack())}
		}
	}()
	return ask()
}

// errPanic is the reason of a dead letter for which the Guard panicked each time. The messages behind it cannot wait until the Guard is fixed.
var errPanic = errors.New("outbox: the Guard panicked each time it was called for the message")

// mostPanics is how often the Guard is called, once a second, for a message for which it panics.
const mostPanics = 10

// panics counts how often the Guard has panicked about one message.
type panics int

// enough counts a panic, and reports whether there were mostPanics of them.
func (n *panics) enough(wait *undecided) bool {
	if wait.stack != "" {
		*n++
	}
	return *n >= mostPanics
}

// holds has the records that wait for a guard's decision.
type holds struct {
	mu    sync.Mutex
	feed  *undecided            // blocks every message that the Batcher does not have yet
	lanes map[uint64]*undecided // by record; each blocks the messages in its lane of the Batcher
	since time.Time             // when something began to wait; the zero time while nothing waits
	said  time.Time
}

// hold records that a record waits, and logs it at most once a minute.
func (o *Outbox) hold(seq uint64, wait *undecided, inLane bool) {
	h := &o.holds
	h.mu.Lock()
	defer h.mu.Unlock()
	wait.seq = seq
	if inLane {
		if h.lanes == nil {
			h.lanes = make(map[uint64]*undecided)
		}
		h.lanes[seq] = wait
	} else {
		h.feed = wait
	}
	now := time.Now()
	if h.since.IsZero() {
		h.since = now
	}
	if !h.said.IsZero() && now.Sub(h.said) < time.Minute {
		return
	}
	h.said = now
	args := []any{"sequence", seq, "reason", wait.how}
	if wait.stack != "" {
		args = append(args, "stack", wait.stack)
	}
	o.log.Error("the Guard cannot decide whether a message may be sent; sending waits, and the Guard is called again every second", args...)
}

// letGo records that a record does not wait any more.
func (o *Outbox) letGo(seq uint64) {
	h := &o.holds
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.feed != nil && h.feed.seq == seq {
		h.feed = nil
	}
	delete(h.lanes, seq)
	if h.feed == nil && len(h.lanes) == 0 {
		h.since = time.Time{}
	}
}

// held returns a record that waits for a guard, if one has waited for at least the time least. If all is true, only a record that blocks everything
// counts.
func (o *Outbox) held(least time.Duration, all bool) error {
	h := &o.holds
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.since.IsZero() || time.Since(h.since) < least {
		return nil
	}
	if h.feed != nil {
		return h.feed
	}
	for _, wait := range h.lanes {
		if !all {
			return wait
		}
	}
	return nil
}

// recheck is the Batcher's Recheck for a message that has waited. It checks whether the message is still in the store, and calls the client's Guard
// again. It returns when that is decided, or when the Batcher has given up the message.
func (o *Outbox) recheck(m cio.Encoded) error {
	seq := m.Tag()
	defer o.letGo(seq)
	for n := new(panics); ; {
		select {
		case <-o.noMore:
			return cio.ErrClosed
		default:
		}
		if _, gone := o.backlog(seq); gone {
			return ErrRemoved
		}
		err := protect(func() error {
			if own := o.cfg.Batcher.Recheck; own != nil {
				if err := own(m.WithTag(0)); err != nil {
					return decide(err)
				}
			}
			_, err := o.client.Encode(m)
			return ofGuard(err)
		})
		var wait *undecided
		if !errors.As(err, &wait) {
			return err
		}
		o.hold(seq, wait, true)
		if n.enough(wait) {
			return errPanic
		}
		o.changed.send()
		t := time.NewTimer(again)
		select {
		case <-t.C:
		case <-o.noMore:
		}
		t.Stop()
	}
}

// inLog returns the reason of a rejection for the log: the rule, or the status. The text of a guard or of the API is not logged, because it may name
// a person.
func inLog(err error) string {
	var rule *cio.MessageError
	var api *cio.APIError
	switch {
	case errors.As(err, &rule):
		return string(rule.Rule)
	case errors.As(err, &api):
		return fmt.Sprintf("%s: %d %s", api.Operation, api.Status, http.StatusText(api.Status))
	case err == errDamagedRecord, err == errPanic:
		return err.Error()
	}
	return "refused by Recheck"
}
