package emulator

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// A body must keep arriving: its first bytes within bodyGrace, and from then on
// bodyPace bytes a second on average. That is far below any connection that
// works. It ends a connection whose caller announces much and sends nothing.
const (
	bodyGrace = 30 * time.Second
	bodyPace  = 1 << 10
	// paceStep is how many bytes move the deadline, so that it is not moved
	// with each read.
	paceStep = 32 << 10
)

// arriving is the body of a request that came over a connection, whose read
// deadline follows what has been received.
type arriving struct {
	io.ReadCloser
	conn     *http.ResponseController
	began    time.Time
	received int64
	moved    int64 // of received, when the deadline was set
}

// watchArrival returns r with a deadline for its body, also if nobody reads it:
// net/http reads some of the rest, and its decision depends on the body of r
// itself. If there is no connection, as in [Server.Transport], the context ends
// the call.
func watchArrival(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	a := &arriving{ReadCloser: r.Body, conn: http.NewResponseController(w), began: time.Now()}
	if a.conn.SetReadDeadline(a.began.Add(bodyGrace)) != nil {
		return r
	}
	watched := *r
	watched.Body = a
	return &watched
}

// Read implements [io.Reader].
func (a *arriving) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.received += int64(n)
	switch {
	case errors.Is(err, io.EOF):
		// From here on net/http reads to notice that the caller goes away,
		// which must not fail by the clock.
		_ = a.conn.SetReadDeadline(time.Time{})
	case err == nil && a.received >= a.moved+paceStep:
		a.moved = a.received
		_ = a.conn.SetReadDeadline(a.began.Add(bodyGrace + time.Duration(a.received)*time.Second/bodyPace))
	}
	return n, err
}
