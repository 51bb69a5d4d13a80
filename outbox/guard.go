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

// ErrUndecided is the error to return from the client's Config.Guard, or from a Recheck, that cannot tell now whether a message may be sent, for
// example because a service cannot be reached. At delivery, an error that is or wraps ErrUndecided makes no dead letter. Sending waits, and the Guard
// is called for the same message again every second. The same holds for errors that show that nobody could be asked: the end of a context, an error
// with a true Timeout() or Temporary(), an error of the network, and a broken connection to a database.
var ErrUndecided = errors.New("outbox: it cannot be told now whether the message may be sent")

// undecided is that a message can neither be sent nor rejected now. Its text has nothing of what the guard said, which may name a person.
type undecided struct {
	seq   uint64
	how   string
	err   error
	stack string // of a panic
}

func (e *undecided) Error() string {
	return fmt.Sprintf("outbox: the Guard cannot tell whether message %d may be sent (%s); sending waits, and it is asked again every second", e.seq, e.how)
}

func (e *undecided) Unwrap() []error { return []error{ErrUndecided, e.err} }

// decide makes an *undecided of an error of a guard that could not tell.
func decide(err error) error {
	if how := whyUndecided(err); how != "" {
		return &undecided{how: how, err: err}
	}
	return err
}

// whyUndecided returns what keeps a guard from telling; empty if it has told.
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

// protect returns what ask does, and a panic in it as an *undecided.
func protect(ask func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &undecided{how: "it panicked", err: errPanic, stack: string(debug.Stack())}
		}
	}()
	return ask()
}

// If the Guard panics for a message each time, the message becomes a dead letter in the end. The messages behind it cannot wait until the Guard is
// fixed.
var errPanic = errors.New("outbox: the Guard panicked about it each time it was asked")

// mostPanics is how often the Guard is asked, once a second, about a message that it panics about.
const mostPanics = 10

// panics counts how often the Guard has panicked about one message.
type panics int

// enough counts an answer, and reports whether it is one panic too many.
func (n *panics) enough(wait *undecided) bool {
	if wait.stack != "" {
		*n++
	}
	return *n >= mostPanics
}

// holds is what waits for a guard's decision.
type holds struct {
	mu    sync.Mutex
	feed  *undecided            // holds up everything that is not on its way
	lanes map[uint64]*undecided // by record; each holds up what is in its lane of the Batcher
	since time.Time             // when something began to wait; the zero time while nothing does
	said  time.Time
}

// hold notes that a record waits, and tells the log once a minute.
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
	o.log.Error("the Guard cannot tell whether a message may be sent; sending waits, and it is asked again every second", args...)
}

// letGo notes that a record does not wait any more.
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

// held returns what waits for a guard, if anything has for so long; all says that only what holds up everything counts.
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

// recheck is asked by the Batcher about a message that has waited: whether it is in the store still, and what the client's Guard says now. It does
// not return before that is decided, or the Batcher has given the message up.
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

// inLog is what the log may say of why a message is rejected: the rule, or the status. What a guard or the API says may name a person.
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
