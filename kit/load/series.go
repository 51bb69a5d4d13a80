package load

import (
	"math"
	"time"
)

const (
	// maxPoints bounds a series: if there are more points, each two neighbours are merged, and each point covers twice the time.
	maxPoints = 120
	// firstInterval is the time that a point covers at first.
	firstInterval = 100 * time.Millisecond
)

// series counts events over time, in constant memory.
type series struct {
	begun    time.Time
	interval time.Duration
	points   []point
}

// point is what happened in one interval.
type point struct {
	rows, accepted, rejected  int64
	requests, failed, limited int64
	bytes                     int64
	latency                   histogram
}

func (p *point) add(q *point) {
	p.rows += q.rows
	p.accepted += q.accepted
	p.rejected += q.rejected
	p.requests += q.requests
	p.failed += q.failed
	p.limited += q.limited
	p.bytes += q.bytes
	p.latency.add(&q.latency)
}

// at returns the point that covers a time.
func (s *series) at(now time.Time) *point {
	i := int(max(now.Sub(s.begun), 0) / s.interval)
	for i >= maxPoints {
		s.halve()
		i = int(now.Sub(s.begun) / s.interval)
	}
	for len(s.points) <= i {
		s.points = append(s.points, point{})
	}
	return &s.points[i]
}

// halve merges each two points into one.
func (s *series) halve() {
	n := (len(s.points) + 1) / 2
	for i := range n {
		p := s.points[2*i]
		if 2*i+1 < len(s.points) {
			p.add(&s.points[2*i+1])
		}
		s.points[i] = p
	}
	clear(s.points[n:])
	s.points = s.points[:n]
	s.interval *= 2
}

const (
	latencyBins = 88
	binsPerTwo  = 4 // bins for each doubling
	shortest    = 100 * time.Microsecond
)

// histogram counts durations in bins, each a fifth longer than the one before, from 100 microseconds to seven minutes.
type histogram struct {
	count   int64
	longest time.Duration
	bins    [latencyBins]uint32
}

func (h *histogram) observe(d time.Duration) {
	bin := 0
	if d > shortest {
		bin = min(int(math.Log2(float64(d)/float64(shortest))*binsPerTwo), latencyBins-1)
	}
	h.count++
	h.bins[bin]++
	h.longest = max(h.longest, d)
}

func (h *histogram) add(o *histogram) {
	h.count += o.count
	h.longest = max(h.longest, o.longest)
	for i, n := range o.bins {
		h.bins[i] += n
	}
}

// quantile returns the duration that a share q of all durations do not exceed. The error is at most a tenth. It is 0 if there are no durations.
func (h *histogram) quantile(q float64) time.Duration {
	if h.count == 0 {
		return 0
	}
	rank := int64(math.Ceil(q * float64(h.count)))
	var seen int64
	for i, n := range h.bins {
		if seen += int64(n); seen >= rank && n > 0 {
			middle := time.Duration(float64(shortest) * math.Exp2((float64(i)+0.5)/binsPerTwo))
			return min(middle, h.longest)
		}
	}
	return h.longest
}
