package load

import (
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
)

// Recorder collects what a Report contains besides a Summary, in constant memory. Use a new one for each run: set it as Job.Recorder, and as
// cio.Config.Observer of the client. Without the Observer, the report has no requests over time. It is safe for concurrent use.
type Recorder struct {
	mu       sync.Mutex
	series   series
	latency  histogram
	rows     int64 // counted so far
	accepted int64
	rejected int64
	people   *distinctCount
	largest  []LargeMessage
	resumed  int64 // the rows before
}

// NewRecorder returns a Recorder for one run.
func NewRecorder() *Recorder {
	return &Recorder{series: series{begun: time.Now(), interval: firstInterval}, people: newDistinctCount()}
}

// ObserveRequest is called by the client.
func (r *Recorder) ObserveRequest(q cio.RequestInfo) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.series.at(time.Now())
	p.requests++
	p.bytes += int64(q.Bytes)
	p.latency.observe(q.Duration)
	r.latency.observe(q.Duration)
	if q.Err != nil {
		p.failed++
		if q.Err.Status == http.StatusTooManyRequests {
			p.limited++
		}
	}
}

// begin records where the run begins: at the first row, or after the rows of an earlier run of the same journal.
func (r *Recorder) begin(t *tally) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.series.begun = time.Now()
	r.resumed, r.rows, r.accepted, r.rejected = t.Rows, t.Rows, t.Accepted, t.Rejected+t.RejectedByAPI
}

// counted records how far the run has come.
func (r *Recorder) counted(t *tally) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.series.at(time.Now())
	rejected := t.Rejected + t.RejectedByAPI
	p.rows += t.Rows - r.rows
	p.accepted += t.Accepted - r.accepted
	p.rejected += rejected - r.rejected
	r.rows, r.accepted, r.rejected = t.Rows, t.Accepted, rejected
}

// maxLargest is how many of the largest messages are kept.
const maxLargest = 5

// LargeMessage is one of the largest messages of a run.
type LargeMessage struct {
	Bytes int `json:"bytes"`
	// Kind is its name in the mapping, File and Line are those of its row.
	Kind string `json:"kind"`
	File string `json:"file,omitempty"`
	Line int64  `json:"line"`
}

// look records the messages of a row, which m has just made.
func (r *Recorder) look(file string, line int64, messages []cio.Encoded, m *mapping.Mapper) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range messages {
		if person := m.Person(i); person != "" {
			r.people.add(person)
		}
		n := messages[i].Len()
		if len(r.largest) == maxLargest && n <= r.largest[maxLargest-1].Bytes {
			continue
		}
		at, _ := slices.BinarySearchFunc(r.largest, n, func(have LargeMessage, n int) int { return n - have.Bytes })
		for at < len(r.largest) && r.largest[at].Bytes == n { // of equal sizes, the first comes first
			at++
		}
		r.largest = slices.Insert(r.largest, at, LargeMessage{n, m.Made(i).Name(), file, line})
		r.largest = r.largest[:min(len(r.largest), maxLargest)]
	}
}
