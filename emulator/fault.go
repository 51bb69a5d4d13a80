package emulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// Fault makes calls to the API go wrong. Faults are queued: the first acts
// until its Count is used up, then the next. A fault acts before the call is
// processed, so the call has no effect: nothing of it is stored, counted or
// recorded. The exception is a fault that only delays, after which the call
// is processed as usual.
//
// Every request whose path starts with /v1/ is a call, whatever its answer
// would have been; the inspection is never affected.
type Fault struct {
	// Count is how many calls go wrong. Zero: all, until a reset.
	Count int `json:"count"`
	// Every makes only each Every-th call go wrong, counted from when the
	// fault's turn comes: with 3, the third, the sixth and so on. Zero: 1.
	Every int `json:"every"`
	// Status is the HTTP status to answer, 200 to 599. Zero: none.
	Status int `json:"status"`
	// RetryAfter is the Retry-After header that goes with Status, in
	// seconds. Zero: no header.
	RetryAfter int `json:"retry_after"`
	// DelayMS is how long to wait first, in milliseconds. A call whose
	// caller goes away meanwhile has no effect. Zero: no delay.
	DelayMS int `json:"delay_ms"`
	// Reset cuts the connection instead of answering: with a TCP reset where
	// there is a TCP connection, else by aborting the stream.
	Reset bool `json:"reset"`
	// Drop answers 200 and does nothing: a lie of the server.
	Drop bool `json:"drop"`
}

// FaultState is a [Fault] and what has become of it.
type FaultState struct {
	Fault
	// State is "waiting" for its turn, "active", or "done".
	State string `json:"state"`
	// Seen counts the calls made while the fault was active, Fired those that
	// went wrong.
	Seen  int `json:"seen"`
	Fired int `json:"fired"`
}

const (
	maxFaults  = 1_000
	maxDelayMS = 24 * 60 * 60 * 1000
)

// check returns f with its defaults, or says what is wrong with it.
func (f Fault) check() (Fault, error) {
	if f.Every == 0 {
		f.Every = 1
	}
	switch {
	case f.Count < 0:
		return f, errors.New("count must be 0 or more")
	case f.Every < 0:
		return f, errors.New("every must be 0 or more")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return f, errors.New("status must be between 200 and 599")
	case f.RetryAfter < 0:
		return f, errors.New("retry_after must be 0 or more")
	case f.RetryAfter > 0 && f.Status == 0:
		return f, errors.New("retry_after needs a status")
	case f.DelayMS < 0 || f.DelayMS > maxDelayMS:
		return f, fmt.Errorf("delay_ms must be between 0 and %d", maxDelayMS)
	}
	outcomes := 0
	for _, set := range [...]bool{f.Status != 0, f.Reset, f.Drop} {
		if set {
			outcomes++
		}
	}
	switch {
	case outcomes > 1:
		return f, errors.New("status, reset and drop exclude each other")
	case outcomes == 0 && f.DelayMS == 0:
		return f, errors.New("the fault does nothing: set status, delay_ms, reset or drop")
	}
	return f, nil
}

// faults is the queue. Faults that are done stay in it, to be looked at.
type faults struct {
	mu    sync.Mutex
	queue []FaultState
}

func (q *faults) reset() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.queue = nil
}

func (q *faults) add(f Fault) error {
	f, err := f.check()
	if err != nil {
		return fmt.Errorf("emulator: fault refused: %w", err)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.queue) >= maxFaults {
		return fmt.Errorf("emulator: fault refused: %d are queued already, reset them first", maxFaults)
	}
	state := "active"
	for i := range q.queue {
		if q.queue[i].State != "done" {
			state = "waiting"
		}
	}
	q.queue = append(q.queue, FaultState{Fault: f, State: state})
	return nil
}

func (q *faults) states() []FaultState {
	q.mu.Lock()
	defer q.mu.Unlock()
	return append([]FaultState{}, q.queue...)
}

// next counts a call, and returns the fault that befalls it, if any.
func (q *faults) next() (Fault, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.queue {
		f := &q.queue[i]
		if f.State == "done" {
			continue
		}
		f.Seen++
		if f.Seen%f.Every != 0 {
			return Fault{}, false
		}
		f.Fired++
		if f.Fired == f.Count {
			f.State = "done"
			if i+1 < len(q.queue) {
				q.queue[i+1].State = "active"
			}
		}
		return f.Fault, true
	}
	return Fault{}, false
}

// AddFault queues a fault. It refuses one that does nothing or contradicts
// itself.
func (s *Server) AddFault(f Fault) error { return s.faults.add(f) }

// Faults returns the queued faults, in order, with those that are done.
func (s *Server) Faults() []FaultState { return s.faults.states() }

// ClearFaults removes all faults. A call that is being delayed stays so.
func (s *Server) ClearFaults() { s.faults.reset() }

// fault lets the fault whose turn it is befall the call. It reports whether
// the call is over.
func (s *Server) fault(w http.ResponseWriter, r *http.Request) bool {
	f, hit := s.faults.next()
	if !hit {
		return false
	}
	if f.DelayMS > 0 && !wait(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
		return true
	}
	switch {
	case f.Status != 0:
		if f.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(f.RetryAfter))
		}
		writeErrors(w, f.Status, fmt.Sprintf("a fault of the emulator: status %d", f.Status))
	case f.Reset:
		cut(w)
	case f.Drop:
		writeJSON(w, http.StatusOK, emptyObject)
	default:
		return false
	}
	return true
}

// wait reports whether it could wait for d, that is, ctx did not end before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// cut ends the connection without an answer. With HTTP/2, or without a
// connection, only the handler can be aborted.
func cut(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	under := conn
	if secure, ok := conn.(interface{ NetConn() net.Conn }); ok { // *tls.Conn
		under = secure.NetConn()
	}
	if tcp, ok := under.(*net.TCPConn); ok {
		// Without lingering, Close resets: what the client sees is what it
		// sees when a load balancer dies. If it fails, Close still cuts.
		_ = tcp.SetLinger(0)
	}
	_ = under.Close()
}
