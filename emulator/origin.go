package emulator

import (
	"strings"
	"time"
)

// originRef is what is kept of a message that set something. The journal may no
// longer have the message itself.
type originRef struct {
	sequence  uint64
	at        time.Time // of receipt
	kind      kind
	messageID string
	sent      int64 // its timestamp in milliseconds
}

// from returns m's origin, the same one each time.
func (m *decodedMessage) from() *originRef {
	if m.origin == nil {
		m.origin = &originRef{m.sequence, m.received, m.kind, strings.Clone(m.messageID), m.at.UnixMilli()}
	}
	return m.origin
}

// Origin names the message that caused something.
type Origin struct {
	// Sequence is the [Record]'s.
	Sequence uint64 `json:"sequence"`
	// ReceivedAt is the server's time, in UTC.
	ReceivedAt time.Time `json:"receivedAt"`
	// Type is the message's.
	Type      string `json:"type"`
	MessageID string `json:"messageId"`
}

func (o *originRef) export() Origin {
	if o == nil {
		return Origin{}
	}
	return Origin{o.sequence, o.at, o.kind.String(), o.messageID}
}

// name is what p is best known by.
func (p *personState) name() string {
	switch {
	case p.id != "":
		return p.id
	case p.email != "":
		return p.email
	}
	return customerIOIDPrefix + p.customerIOID
}
