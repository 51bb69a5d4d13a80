package cio

import (
	"context"
	"fmt"
	"sync"
	"time"
)

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

// Context returns a context for one Send of the group. If settled is not nil, the Send calls it when messages are accepted, with a nil error, and
// when they are refused, as soon as that is known and before it goes on: for those from lo to hi, by their places among the messages given to it.
// It is not called for messages that are refused before anything is sent, nor for those that are left at the end.
func (g *SendGroup) Context(ctx context.Context, settled func(lo, hi int, err error)) context.Context {
	if settled == nil {
		settled = func(int, int, error) {}
	}
	return context.WithValue(ctx, groupKey{}, &groupMember{g, settled})
}

// Stop has the Sends of the group make no further request: what is not settled by the requests that are being made is unsent. It returns how many
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
	settled func(lo, hi int, err error)
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

// settle tells of messages that were accepted, or refused for err.
func (m *groupMember) settle(lo, hi int, err error) {
	if m == nil {
		return
	}
	if err == nil {
		m.mu.Lock()
		m.since = time.Now()
		m.mu.Unlock()
	}
	m.settled(lo, hi, err)
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
	return &APIError{Operation: r.operation, Message: "not sent, because other messages were refused", Attempts: r.attempts, Err: ErrStopped, reached: r.reached}
}
