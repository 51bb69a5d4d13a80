package emulator

import (
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

const (
	// maxRequests is how many requests are remembered of one workspace.
	maxRequests = 10_000
	// maxShownBytes limits what is kept of a body, except its messages.
	maxShownBytes = 4 << 10
)

// Request is one call to the API that was processed.
type Request struct {
	// Number is the [Record]'s Request.
	Number     uint64    `json:"number"`
	ReceivedAt time.Time `json:"receivedAt"`
	Path       string    `json:"path"`
	// Strict says that strict mode was on.
	Strict bool `json:"strict"`
	// Status is the status of the answer. Errors has the texts of the answer.
	Status int      `json:"status"`
	Errors []string `json:"errors,omitempty"`
	// Bytes is the length of the body, after decompression.
	Bytes     int    `json:"bytes"`
	Encoding  string `json:"encoding,omitempty"`
	UserAgent string `json:"userAgent,omitempty"`
	// Messages counts its messages. First is the [Record]'s Sequence of the
	// first.
	Messages MessageCounts `json:"messages"`
	First    uint64        `json:"first"`
	// Rules are the rules that its messages broke, also those that only warn,
	// each once.
	Rules []string `json:"rules,omitempty"`
	// Rest is the part of a batch's body that is not a message, or all of a
	// body without messages, at most 4 KiB. Write keys are masked.
	Rest string `json:"rest,omitempty"`
	// Key is the masked write key.
	Key string `json:"key"`
	// Upstream is the answer of the real API, if the call was forwarded.
	Upstream *Upstream `json:"upstream,omitempty"`
}

// Upstream is the answer of another server to a call that was forwarded.
type Upstream struct {
	// Status is zero if there was no answer. Error says why there was none.
	Status int    `json:"status"`
	Body   string `json:"body,omitempty"`
	Error  string `json:"error,omitempty"`
	// Milliseconds is how long it took.
	Milliseconds int64 `json:"milliseconds"`
}

// envelope is what is known of a call, except its messages.
type envelope struct {
	path, encoding, userAgent string
	rest                      string
}

// keepRequest remembers the request. before and
// broken are the counters when it came.
func (ws *workspaceState) keepRequest(c *call, status int, errors []string, strict bool, before MessageCounts, broken *[len(ruleTable)]uint64, first uint64, now time.Time) Request {
	r := Request{
		Number:     ws.request,
		ReceivedAt: now,
		Path:       c.envelope.path,
		Strict:     strict,
		Status:     status,
		Errors:     errors,
		Bytes:      c.bytes,
		Encoding:   c.envelope.encoding,
		UserAgent:  c.envelope.userAgent,
		First:      first,
		Rest:       c.envelope.rest,
		Key:        ws.masked,
		Messages: MessageCounts{
			Accepted: ws.counts.Accepted - before.Accepted,
			Dropped:  ws.counts.Dropped - before.Dropped,
			Rejected: ws.counts.Rejected - before.Rejected,
		},
	}
	for id := range ruleTable {
		if ws.broken[id] != broken[id] {
			r.Rules = append(r.Rules, ruleTable[id].ID)
		}
	}
	if ws.config.MaxMessages > 0 {
		ws.requests = appendBounded(ws.requests, r, min(maxRequests, ws.config.MaxMessages))
	}
	return r
}

// requestNumber returns the request, or nil. It needs mu held.
func (ws *workspaceState) requestNumber(n uint64) *Request {
	if len(ws.requests) == 0 || n < ws.requests[0].Number || n > ws.requests[len(ws.requests)-1].Number {
		return nil
	}
	return &ws.requests[n-ws.requests[0].Number]
}

// setUpstream adds the answer of the real API to the request, if it is still
// remembered. It takes the lock.
func (ws *workspaceState) setUpstream(n uint64, answer Upstream) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if r := ws.requestNumber(n); r != nil {
		r.Upstream = &answer
		ws.changed()
	}
}

// restOf is what is kept of a batch's body, except its messages.
func restOf(text string) string {
	var b strings.Builder
	for name, value := range rawjson.Members(text) {
		switch {
		case name == "batch":
			continue
		case name == "writeKey" && rawjson.IsString(value):
			value = rawjson.Quote(maskKey(rawjson.Unquote(value)))
		}
		if b.Len()+len(value) > maxShownBytes {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(rawjson.Quote(name) + ":" + value)
	}
	if b.Len() == 0 {
		return ""
	}
	return "{" + b.String() + "}"
}

// shown is the beginning of a body that could not be decoded.
func shown(body []byte) string {
	text := string(body[:min(len(body), maxShownBytes)])
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	return text
}

// RequestsQuery says which requests to list.
type RequestsQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Before is RequestsPage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list at most. Zero or negative: all.
	Limit int
}

// RequestsPage is a part of the list of requests, newest first.
type RequestsPage struct {
	Requests []Request `json:"requests"`
	// Next is RequestsQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// Requests lists the requests that are kept, at most 10,000, newest first.
// It fails as Stats does.
func (s *Server) Requests(q RequestsQuery) (RequestsPage, error) {
	page := RequestsPage{Requests: []Request{}}
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return page, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	found, next := newest(ws.requests, q.Before, q.Limit, func(r Request) uint64 { return r.Number })
	page.Requests, page.Next = append(page.Requests, found...), next
	return page, nil
}
