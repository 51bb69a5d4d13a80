package emulator

import (
	"sync"
	"time"
)

// Clock is the server's time. It stamps the messages, and decides which
// anonymous events are 30 days old.
type Clock struct {
	// Now is the server's time, in UTC.
	Now time.Time `json:"now"`
	// Stopped says that the clock stands still until it is moved.
	Stopped bool `json:"stopped"`
	// Offset is how far Now is ahead of [Config].Now, in milliseconds.
	Offset int64 `json:"offset_ms"`
}

// movableClock shifts or stops the time that another clock shows.
type movableClock struct {
	real func() time.Time

	mu      sync.Mutex
	offset  time.Duration
	stopped bool
	at      time.Time // while stopped
}

func (c *movableClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.read()
}

// read needs mu held.
func (c *movableClock) read() time.Time {
	if c.stopped {
		return c.at
	}
	return c.real().Add(c.offset).UTC()
}

func (c *movableClock) set(at time.Time, stopped bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped, c.at = stopped, at.UTC()
	c.offset = at.Sub(c.real())
}

func (c *movableClock) state() Clock {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.read()
	return Clock{now, c.stopped, now.Sub(c.real()).Milliseconds()}
}

// Clock returns the server's time.
func (s *Server) Clock() Clock { return s.clock.state() }

// SetClock sets the server's time to at. The clock runs on from there, or
// stands still if stopped is set. You may move it backwards; what has been
// stamped keeps its time.
func (s *Server) SetClock(at time.Time, stopped bool) { s.clock.set(at, stopped) }

// AdvanceClock moves the server's time by d, which may be negative. A stopped
// clock stays stopped. It does not shorten the delay of a fault.
func (s *Server) AdvanceClock(d time.Duration) {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.clock.at = s.clock.at.Add(d)
	s.clock.offset += d
}

// ResetClock undoes SetClock and AdvanceClock. Reset does not undo them.
func (s *Server) ResetClock() {
	s.clock.mu.Lock()
	defer s.clock.mu.Unlock()
	s.clock.offset, s.clock.stopped, s.clock.at = 0, false, time.Time{}
}
