package emulator

import (
	"encoding/json"
	"fmt"
)

// MessageDetail is one message of the journal.
type MessageDetail struct {
	RequestMessage
	// Call is the request that it came in; nil if that is no longer kept.
	Call *Request
	// Body is the body of a call to Call.Path that sends this message alone
	// again, with masked write keys. It is empty if there is none.
	Body string
	// Older and Newer are the sequences of its neighbours, zero if there are
	// none.
	Older, Newer uint64
}

// MessageQuery names one message.
type MessageQuery struct {
	// Sequence is the [Record]'s.
	Sequence uint64
	// Among is a query. Older and Newer are the neighbours of the message in
	// the list of the messages that match the query. Its Key is the
	// workspace's; Before and Limit are ignored.
	Among MessagesQuery
}

// Message returns one message. It fails as Messages does, and with ErrNotFound
// if the journal does not have the message.
func (s *Server) Message(q MessageQuery) (MessageDetail, error) {
	ws, err := s.workspace(q.Among.Key)
	if err == nil {
		err = q.Among.check()
	}
	if err != nil {
		return MessageDetail{}, err
	}
	if ws == nil {
		return MessageDetail{}, fmt.Errorf("emulator: message %w", ErrNotFound)
	}
	ws.mu.Lock()
	e, held := ws.journal.at(q.Sequence)
	var call *Request
	if r := ws.requestNumber(e.request); held && r != nil {
		found := *r
		call = &found
	}
	ws.mu.Unlock()
	if !held {
		return MessageDetail{}, fmt.Errorf("emulator: message %w", ErrNotFound)
	}
	d := MessageDetail{RequestMessage: e.exportMasked(), Call: call}
	if call != nil && e.raw != "" {
		if _, isCall := endpoints[call.Path]; isCall {
			d.Body = bodyOf(*call, []string{string(d.Text)})
		}
	}
	f := ws.filter(q.Among)
	if older, _ := ws.list(f, q.Sequence, 1); len(older) > 0 {
		d.Older = older[0].sequence
	}
	d.Newer = ws.newerThan(q.Sequence, f)
	return d, nil
}

// exportMasked is the message with its text, as the page shows it.
func (e entry) exportMasked() RequestMessage {
	return RequestMessage{e.export(), json.RawMessage(maskBody(e.raw))}
}
