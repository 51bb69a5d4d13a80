package emulator

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// RequestDetail is a request with its messages.
type RequestDetail struct {
	Request
	// List has those of its messages that the journal still keeps.
	List []RequestMessage
	// Whole says that the whole request is kept, and that it was a call of the
	// API. Then it can be made again.
	Whole bool
}

// RequestMessage is a message of a request.
type RequestMessage struct {
	Record
	// Text is the message as sent, with a masked write key. It is empty if the
	// journal no longer keeps it.
	Text json.RawMessage
}

// Body is the body of a request that is Whole, with masked write keys.
func (d RequestDetail) Body() string {
	texts := make([]string, 0, len(d.List))
	for _, m := range d.List {
		texts = append(texts, string(m.Text))
	}
	return bodyOf(d.Request, texts)
}

// Request returns the request with the number. key is as for Stats. It fails
// with ErrNotFound if the request is no longer kept.
func (s *Server) Request(key string, number uint64) (RequestDetail, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return RequestDetail{}, err
	}
	entries, request, whole := ws.requestEntries(number)
	if request == nil {
		return RequestDetail{}, fmt.Errorf("emulator: request %w", ErrNotFound)
	}
	_, isCall := endpoints[request.Path]
	d := RequestDetail{Request: *request, Whole: whole && isCall}
	for _, e := range entries {
		d.List = append(d.List, e.exportMasked())
	}
	return d, nil
}

// Replay processes a request once more, as a new one, and returns that. Faults
// do not affect it, and it is not forwarded to another server. key is as for
// Stats. It fails with ErrNotFound if the whole request is no longer kept, or
// if it was not a call of the API with a known write key.
func (s *Server) Replay(key string, number uint64) (Request, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Request{}, err
	}
	if ws == s.unknown {
		return Request{}, fmt.Errorf("emulator: request %d has no known write key: %w", number, ErrNotFound)
	}
	entries, old, whole := ws.requestEntries(number)
	if old == nil || !whole {
		return Request{}, fmt.Errorf("emulator: request %d is not kept as a whole: %w", number, ErrNotFound)
	}
	k, found := endpoints[old.Path]
	if !found {
		return Request{}, fmt.Errorf("emulator: request %d is not a call of the API: %w", number, ErrNotFound)
	}
	texts := make([]string, 0, len(entries))
	for _, e := range entries {
		texts = append(texts, e.raw)
	}
	now := s.now()
	c := s.decodeCall(body{text: []byte(bodyOf(*old, texts))}, k, now)
	c.envelope.path, c.envelope.userAgent = old.Path, "replay of request "+strconv.FormatUint(number, 10)
	again, err := s.carryOut(ws, &c, k, old.Strict, now)
	if err != nil {
		return Request{}, err
	}
	s.tell(again)
	return again, nil
}

// maxJournalScan bounds the messages of one request that are looked for; no
// body that is read has more.
const maxJournalScan = 1 << 20

// requestEntries returns the messages of a request that the journal still has,
// and whether those are all; ws may be nil. It takes the lock.
func (ws *workspaceState) requestEntries(n uint64) (entries []entry, request *Request, whole bool) {
	if ws == nil {
		return nil, nil, false
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	r := ws.requestNumber(n)
	if r == nil {
		return nil, nil, false
	}
	found := *r
	whole = true
	total := found.Messages.Accepted + found.Messages.Dropped + found.Messages.Rejected
	if total > maxJournalScan {
		total, whole = maxJournalScan, false
	}
	for i := range total {
		e, held := ws.journal.at(found.First + i)
		if !held {
			whole = false
			if found.First+i > ws.journal.sequence {
				break
			}
			continue
		}
		if e.raw == "" {
			whole = whole && total == 1 && found.Rest != "" && len(found.Rest) == found.Bytes
		}
		entries = append(entries, e)
	}
	return entries, &found, whole
}

// bodyOf puts the body of a request together again.
func bodyOf(r Request, texts []string) string {
	k, batch := endpoints[r.Path]
	if len(texts) == 1 && texts[0] == "" {
		return r.Rest
	}
	if !batch || k != kindUnknown {
		if len(texts) == 1 {
			return texts[0]
		}
		return r.Rest
	}
	body := `{"batch":[` + strings.Join(texts, ",") + "]"
	if rest := strings.TrimPrefix(r.Rest, "{"); rest != r.Rest {
		return body + "," + rest
	}
	return body + "}"
}
