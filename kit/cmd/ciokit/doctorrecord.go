package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptrace"
	"slices"
	"strings"
	"sync"
	"time"
)

// exchange is what the recorder keeps of one request.
type exchange struct {
	status  int
	date    string // the header
	at      time.Time
	took    time.Duration // until the header of the answer
	tls     *tls.ConnectionState
	dns     time.Duration
	connect time.Duration
	remote  string
	reused  bool
	page    bool // the answer has the type HTML
}

// recorder is a transport that records its requests.
type recorder struct {
	next http.RoundTripper

	mu   sync.Mutex
	seen []exchange
}

// newRecorder records the requests of next. For nil it makes its own transport, with the proxy of the environment.
func newRecorder(next http.RoundTripper) *recorder {
	if next == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.Protocols = new(http.Protocols)
		t.Protocols.SetHTTP1(true) // as package cio does
		next = t
	}
	return &recorder{next: next}
}

// RoundTrip implements http.RoundTripper.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	var x exchange
	var mu sync.Mutex // a dial can continue after the answer
	var resolving, dialing time.Time
	note := func(f func()) {
		mu.Lock()
		defer mu.Unlock()
		f()
	}
	trace := &httptrace.ClientTrace{
		DNSStart:     func(httptrace.DNSStartInfo) { note(func() { resolving = time.Now() }) },
		DNSDone:      func(httptrace.DNSDoneInfo) { note(func() { x.dns = time.Since(resolving) }) },
		ConnectStart: func(string, string) { note(func() { dialing = time.Now() }) },
		ConnectDone:  func(string, string, error) { note(func() { x.connect = time.Since(dialing) }) },
		GotConn: func(info httptrace.GotConnInfo) {
			note(func() { x.reused, x.remote = info.Reused, info.Conn.RemoteAddr().String() })
		},
	}
	started := time.Now()
	resp, err := r.next.RoundTrip(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
	if err != nil {
		return resp, err
	}
	note(func() {
		x.at, x.took = started, time.Since(started)
		x.status, x.date, x.tls = resp.StatusCode, resp.Header.Get("Date"), resp.TLS
		x.page = strings.Contains(strings.ToLower(resp.Header.Get("Content-Type")), "html")
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, x)
	})
	return resp, nil
}

func (r *recorder) exchanges() []exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// latencyStats are percentiles in milliseconds.
type latencyStats struct {
	Samples int     `json:"samples"`
	Min     float64 `json:"min"`
	P50     float64 `json:"p50"`
	P90     float64 `json:"p90"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
}

// latencies returns the percentiles. The p-th is the smallest duration that p percent of the durations do not exceed. There is at least one duration.
func latencies(took []time.Duration) latencyStats {
	took = slices.Clone(took)
	slices.Sort(took)
	at := func(percent int) float64 {
		i := max(0, (len(took)*percent+99)/100-1)
		return float64(took[i].Microseconds()) / 1000
	}
	return latencyStats{len(took), at(0), at(50), at(90), at(99), at(100)}
}
