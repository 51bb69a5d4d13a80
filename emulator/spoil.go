package emulator

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// processes reports whether a call that the fault affects is processed.
func (f Fault) processes() bool {
	return f.After || f.Status == 0 && !f.Reset && !f.Drop && !f.Truncate
}

// spoil answers in the way of the fault, instead of a.
func (f Fault) spoil(w http.ResponseWriter, r *http.Request, a reply) {
	if f.After && f.DelayMS > 0 && !wait(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
		return
	}
	if f.Reset {
		cut(w)
		return
	}
	if f.Status != 0 {
		a = f.reply()
	}
	if f.Early {
		// Otherwise net/http reads up to 256 KiB before it lets the answer go.
		// It cannot use the connection again afterwards.
		_ = http.NewResponseController(w).EnableFullDuplex()
		w.Header().Set("Connection", "close")
	}
	if f.BodyBytes < 0 {
		a.write(w)
		neverEnd(w, r.Context())
		return
	}
	length := max(len(a.body), f.BodyBytes)
	if bodyAllowed(a.status) {
		w.Header().Set("Content-Length", strconv.Itoa(length))
	}
	a.writeHeader(w)
	if f.Truncate {
		length /= 2
	}
	body := a.body[:min(len(a.body), length)]
	if f.SlowMS > 0 || f.Truncate {
		_ = http.NewResponseController(w).Flush() // the header comes before the trouble
	}
	if f.SlowMS > 0 {
		trickle(w, r.Context(), body, time.Duration(f.SlowMS)*time.Millisecond)
	} else if _, err := w.Write(body); err == nil {
		pad(w, length-len(body))
	}
	if f.Truncate {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

// reply is the answer that the fault gives in place of the server.
func (f Fault) reply() reply {
	a := reply{status: f.Status, body: emptyObject}
	if f.Status >= 300 {
		a = errorReply(f.Status, fmt.Sprintf("a fault on purpose: status %d", f.Status))
	}
	a.header = make(map[string]string, len(f.Headers)+1)
	for name, value := range f.Headers {
		a.header[name] = value
	}
	if f.RetryAfter > 0 {
		a.header["Retry-After"] = strconv.Itoa(f.RetryAfter)
	}
	if f.Body != "" {
		a.body = []byte(f.Body)
	}
	if !bodyAllowed(f.Status) {
		a.body = nil
	}
	return a
}

// pad writes n spaces.
func pad(w http.ResponseWriter, n int) {
	const piece = 32 << 10
	spaces := bytes.Repeat([]byte(" "), min(n, piece))
	for ; n > 0; n -= piece {
		if _, err := w.Write(spaces[:min(n, piece)]); err != nil {
			return
		}
	}
}

// neverEnd writes a space each second, until the caller is gone.
func neverEnd(w http.ResponseWriter, ctx context.Context) {
	flush := http.NewResponseController(w)
	for flush.Flush() == nil && wait(ctx, time.Second) {
		if _, err := io.WriteString(w, " "); err != nil {
			return
		}
	}
}

// trickle writes body byte by byte, evenly over d.
func trickle(w http.ResponseWriter, ctx context.Context, body []byte, d time.Duration) {
	flush := http.NewResponseController(w)
	for i := range body {
		if !wait(ctx, d/time.Duration(len(body))) {
			return
		}
		if _, err := w.Write(body[i : i+1]); err != nil {
			return
		}
		_ = flush.Flush()
	}
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
