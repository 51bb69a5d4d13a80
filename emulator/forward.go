package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxForwardedAnswer limits what is read of another server's answer;
// maxShownBytes of it are kept. A longer answer is not sent on in part.
const maxForwardedAnswer = 1 << 20

// forward sends the call on, keeps the answer beside the server's own, and
// returns it.
func (s *Server) forward(r *http.Request, received []byte, ws *workspaceState, done Request) reply {
	out := outgoing(r, received)
	start := time.Now()
	a, answer := s.askUpstream(out)
	answer.Milliseconds = time.Since(start).Milliseconds()
	ws.setUpstream(done.Number, answer)
	done.Upstream = &answer
	s.tell(done)
	return a
}

// outgoing is the request as it is sent on.
func outgoing(r *http.Request, received []byte) *http.Request {
	out := r.Clone(r.Context())
	out.RequestURI = ""
	out.Body = io.NopCloser(bytes.NewReader(received))
	out.ContentLength = int64(len(received))
	for _, name := range []string{"Connection", "Transfer-Encoding", "Accept-Encoding"} {
		out.Header.Del(name) // they are between two ends of one connection
	}
	return out
}

func (s *Server) askUpstream(out *http.Request) (reply, Upstream) {
	resp, err := s.config.Forward(out)
	var failed *url.Error
	if errors.As(err, &failed) {
		err = failed.Err // without the address, which for settings has the key in it
	}
	if err != nil {
		return errorReply(http.StatusBadGateway, "the call could not be sent on: "+err.Error()), Upstream{Error: err.Error()}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxForwardedAnswer+1))
	if err == nil && len(text) > maxForwardedAnswer {
		err = fmt.Errorf("it is longer than %d bytes", maxForwardedAnswer)
	}
	if err != nil {
		return errorReply(http.StatusBadGateway, "the answer could not be read to its end: "+err.Error()), Upstream{Status: resp.StatusCode, Error: err.Error()}
	}
	a := reply{status: resp.StatusCode, body: text, header: make(map[string]string)}
	for _, name := range []string{"Content-Type", "Retry-After", "Location", "Server"} {
		if value := resp.Header.Get(name); value != "" {
			a.header[name] = value
		}
	}
	return a, Upstream{Status: resp.StatusCode, Body: strings.TrimSpace(shown(text))}
}
