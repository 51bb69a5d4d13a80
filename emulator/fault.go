package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"time"
)

// Fault makes calls to the API fail. Faults with the same Path are queued: the
// first acts until its Count is used up, then the next. Queues of different
// paths act at the same time. If several faults could affect a call, the one
// that was queued first does.
//
// A fault acts before the call is processed, so the call has no effect: nothing
// of it is stored, counted or recorded. There are two exceptions, with which
// the call is processed as usual: a fault with After, and one that only delays
// or slows the answer.
//
// Path, Contains and Nodes say which calls a fault could affect. Count, ForMS,
// Every and Share say which of these fail. [Presets] lists faults with names,
// for what a client must survive.
//
// Every request whose path starts with /v1/ is a call, even if its answer would
// be an error. A fault never affects the inspection.
type Fault struct {
	// Count is how many calls fail. Zero: all, until a reset.
	Count int `json:"count"`
	// ForMS ends the fault this many milliseconds after the first call that it
	// could affect, by the server's clock, even if Count is not used up. Zero:
	// no end.
	ForMS int `json:"for_ms,omitempty"`
	// Every makes only each Every-th call fail, counted from the fault's turn
	// on: with 3, the third, the sixth and so on. Zero: 1.
	Every int `json:"every"`
	// Path is what the path of a call must start with, such as /v1/batch.
	// Empty: any call.
	Path string `json:"path,omitempty"`
	// Contains is a text that the decompressed body of a call must contain,
	// byte for byte as it is in the JSON. At most 1,000 bytes. Empty: any body.
	Contains string `json:"contains,omitempty"`
	// Nodes is the number of nodes behind a load balancer. Only one of them has
	// this fault. The balancer gives each new connection to the next node. The
	// first connection leads to the faulty node, and then every Nodes-th
	// connection after it. For a balancer that chooses a node for each call,
	// use Every. Zero: any connection.
	Nodes int `json:"nodes,omitempty"`
	// Share is the part of the calls that fails, above 0 and at most 1. A
	// generator that starts from Seed chooses them: the same calls again fail
	// in the same places. Zero: all. It excludes Every.
	Share float64 `json:"share,omitempty"`
	Seed  uint64  `json:"seed,omitempty"`

	// Status is the HTTP status to answer, 200 to 599. Zero: none.
	Status int `json:"status"`
	// Headers are sent with Status. Body replaces the usual body, which is {}
	// for a Status below 300 and an error in JSON otherwise. Body has at most
	// 65,536 bytes.
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// BodyBytes fills the body of Status with spaces up to this many bytes, at
	// most 104,857,600. -1: without end, a space each second. Zero: no change.
	BodyBytes int `json:"body_bytes,omitempty"`
	// RetryAfter is the Retry-After header that goes with Status, in seconds.
	// Zero: no header.
	RetryAfter int `json:"retry_after"`
	// DelayMS is how long to wait first, in milliseconds. If the caller goes
	// away in that time, the call has no effect. Zero: no delay.
	DelayMS int `json:"delay_ms"`
	// SlowMS sends the header of the answer at once, and its body byte by byte
	// over this many milliseconds. Zero: all at once.
	SlowMS int `json:"slow_ms,omitempty"`
	// Reset cuts the connection instead of answering: with a TCP reset if there
	// is a TCP connection, else by aborting the stream.
	Reset bool `json:"reset"`
	// Drop answers 200 and does nothing.
	Drop bool `json:"drop"`
	// Truncate cuts the connection in the middle of the answer's body. That is
	// the body of Status, or else of a success.
	Truncate bool `json:"truncate,omitempty"`
	// Early lets the fault act before anything of the request's body is read,
	// and so before all faults that are not early. The connection is closed
	// afterwards. It excludes After and Contains, and needs Status, Reset, Drop
	// or Truncate.
	Early bool `json:"early,omitempty"`
	// After lets the fault act, and its delay pass, after the call was
	// processed. The caller gets an error although the call succeeded, so a
	// client that retries makes duplicates. It excludes Drop.
	After bool `json:"after,omitempty"`
}

// FaultState is a [Fault] and its progress.
type FaultState struct {
	Fault
	// State is "waiting" for its turn, "active", or "done".
	State string `json:"state"`
	// Seen counts the calls that the fault could have affected while it was
	// active. Fired counts those that failed.
	Seen  int `json:"seen"`
	Fired int `json:"fired"`
	// Until is when ForMS ends. It is zero before the first call, and without
	// ForMS.
	Until time.Time `json:"until,omitzero"`

	nodes balancer
}

const (
	maxFaults  = 1_000
	maxDelayMS = 24 * 60 * 60 * 1000

	maxFaultBody      = 64 << 10
	maxFaultBodyBytes = 100 << 20
	maxFaultContains  = 1_000
	maxFaultNodes     = 1_000
	maxFaultHeaders   = 50
	maxFaultJSON      = 8 * maxFaultBody // a byte of the body may be six
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
	case f.ForMS < 0 || f.ForMS > maxDelayMS:
		return f, fmt.Errorf("for_ms must be between 0 and %d", maxDelayMS)
	case len(f.Contains) > maxFaultContains:
		return f, fmt.Errorf("contains may have at most %d bytes", maxFaultContains)
	case f.Nodes != 0 && (f.Nodes < 2 || f.Nodes > maxFaultNodes):
		return f, fmt.Errorf("nodes must be between 2 and %d, or 0", maxFaultNodes)
	case f.Path != "" && !strings.HasPrefix(f.Path, apiPrefix):
		return f, errors.New("path must start with /v1/")
	case !(f.Share >= 0 && f.Share <= 1):
		return f, errors.New("share must be between 0 and 1")
	case f.Share > 0 && f.Every > 1:
		return f, errors.New("share and every exclude each other")
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return f, errors.New("status must be between 200 and 599")
	case f.RetryAfter < 0:
		return f, errors.New("retry_after must be 0 or more")
	case f.RetryAfter > 0 && f.Status == 0:
		return f, errors.New("retry_after needs a status")
	case f.Status == 0 && (len(f.Headers) > 0 || f.Body != "" || f.BodyBytes != 0):
		return f, errors.New("headers, body and body_bytes need a status")
	case len(f.Body) > maxFaultBody || len(f.Headers) > maxFaultHeaders:
		return f, fmt.Errorf("body may have at most %d bytes, and there may be at most %d headers", maxFaultBody, maxFaultHeaders)
	case f.BodyBytes < -1 || f.BodyBytes > maxFaultBodyBytes:
		return f, fmt.Errorf("body_bytes must be between 0 and %d, or -1 for a body without end", maxFaultBodyBytes)
	case f.BodyBytes > 0 && f.BodyBytes < len(f.Body):
		return f, errors.New("the body is longer than body_bytes")
	case f.BodyBytes != 0 && !bodyAllowed(f.Status):
		return f, fmt.Errorf("an answer with status %d has no body", f.Status)
	case f.BodyBytes != 0 && f.SlowMS > 0:
		return f, errors.New("body_bytes and slow_ms exclude each other")
	case f.BodyBytes < 0 && f.Truncate:
		return f, errors.New("truncate needs a body with an end")
	case f.DelayMS < 0 || f.DelayMS > maxDelayMS:
		return f, fmt.Errorf("delay_ms must be between 0 and %d", maxDelayMS)
	case f.SlowMS < 0 || f.SlowMS > maxDelayMS:
		return f, fmt.Errorf("slow_ms must be between 0 and %d", maxDelayMS)
	case f.Reset && (f.SlowMS > 0 || f.Truncate):
		return f, errors.New("reset leaves no answer to slow or truncate")
	case f.After && f.Drop:
		return f, errors.New("after and drop exclude each other")
	case f.Early && (f.After || f.Contains != ""):
		return f, errors.New("early excludes after and contains, which need the body")
	case f.Early && f.processes():
		return f, errors.New("early needs status, reset, drop or truncate")
	}
	for name, value := range f.Headers {
		if !headerName(name) || strings.ContainsAny(value, "\r\n\x00") {
			return f, fmt.Errorf("%q is not the name of a header", name)
		}
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
	case outcomes == 0 && f.DelayMS == 0 && f.SlowMS == 0 && !f.Truncate:
		return f, errors.New("the fault does nothing: set status, delay_ms, slow_ms, reset, drop or truncate")
	}
	f.Headers = maps.Clone(f.Headers)
	return f, nil
}

// headerName reports whether name can be that of a header.
func headerName(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}

// hits reports whether the n-th call that the fault saw fails.
func (f Fault) hits(n int) bool {
	if f.Share == 0 || f.Share == 1 {
		return n%f.Every == 0
	}
	// One generator for each call keeps the queue free of state.
	return rand.New(rand.NewPCG(f.Seed, uint64(n))).Float64() < f.Share
}

// balancer hands out connections to nodes in turn.
type balancer struct {
	position map[string]int // of a connection, in the order of their first calls
	next     int
}

// maxPositions bounds the connections that are remembered; most are long gone.
const maxPositions = 10_000

// leads reports whether the connection leads to the first of n nodes. Without a
// name, it is a new one.
func (b *balancer) leads(connection string, n int) bool {
	position, known := b.position[connection]
	if !known || connection == "" {
		if b.position == nil || len(b.position) >= maxPositions {
			b.position = make(map[string]int)
		}
		position = b.next
		b.position[connection] = position
		b.next++
	}
	return position%n == 0
}

// faults is the queue. Faults that are done stay in it, so that they can be
// listed.
type faults struct {
	now func() time.Time

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
		return fmt.Errorf("emulator: fault refused: %d are queued already; remove them first", maxFaults)
	}
	q.expire()
	state := "active"
	for i := range q.queue {
		if q.queue[i].State != "done" && q.queue[i].Path == f.Path {
			state = "waiting"
		}
	}
	q.queue = append(q.queue, FaultState{Fault: f, State: state})
	return nil
}

func (q *faults) states() []FaultState {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	return append([]FaultState{}, q.queue...)
}

// expire ends the faults whose time is over. It needs mu held.
func (q *faults) expire() {
	for i := range q.queue {
		if f := &q.queue[i]; f.State == "active" && !f.Until.IsZero() && !q.now().Before(f.Until) {
			q.end(i)
		}
	}
}

// end makes fault i done, and the next of its path active. It needs mu held.
func (q *faults) end(i int) {
	q.queue[i].State = "done"
	for j := i + 1; j < len(q.queue); j++ {
		if q.queue[j].State == "waiting" && q.queue[j].Path == q.queue[i].Path {
			q.queue[j].State = "active"
			return
		}
	}
}

// sighting is a call as the faults see it.
type sighting struct {
	path       string
	connection string
	// text returns the body, decompressed. It is nil as long as nothing of the
	// body has been read; the early faults act then.
	text func() []byte
}

// next counts a call, and returns the fault that affects it, if there is one.
func (q *faults) next(call sighting) (Fault, bool) {
	if !strings.HasPrefix(call.path, apiPrefix) {
		return Fault{}, false
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	for i := range q.queue {
		f := &q.queue[i]
		switch {
		case f.State != "active" || !strings.HasPrefix(call.path, f.Path) || f.Early != (call.text == nil):
			continue
		case f.Contains != "" && !bytes.Contains(call.text(), []byte(f.Contains)):
			continue
		case f.Nodes > 0 && !f.nodes.leads(call.connection, f.Nodes):
			continue
		}
		if f.Seen++; f.ForMS > 0 && f.Until.IsZero() {
			f.Until = q.now().Add(time.Duration(f.ForMS) * time.Millisecond)
		}
		if !f.hits(f.Seen) {
			continue
		}
		if f.Fired++; f.Fired == f.Count {
			q.end(i)
		}
		return f.Fault, true
	}
	return Fault{}, false
}

// reads reports whether an active fault asks for the text of a call to path.
func (q *faults) reads(path string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.expire()
	for i := range q.queue {
		if f := &q.queue[i]; f.State != "done" && f.Contains != "" && strings.HasPrefix(path, f.Path) {
			return true
		}
	}
	return false
}

// AddFault queues a fault behind those with the same Path. It refuses a fault
// that does nothing or contradicts itself.
func (s *Server) AddFault(f Fault) error { return s.faults.add(f) }

// Faults returns the faults in the order of the queue, with those that are
// done.
func (s *Server) Faults() []FaultState { return s.faults.states() }

// ClearFaults removes all faults. A call that is being delayed is still
// delayed.
func (s *Server) ClearFaults() { s.faults.reset() }
