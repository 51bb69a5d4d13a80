package emulator

import (
	"strings"
	"time"
)

// originRef is what is remembered of a message by what it left behind. The
// message itself may be long gone from the journal.
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

// Origin names the message that is to blame for something.
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

// MergeKind says how two histories became one.
type MergeKind string

const (
	// MergeKindAnonymous: a person was identified with an anonymousId, and got
	// what was kept under it.
	MergeKindAnonymous MergeKind = "anonymous"
	// MergeKindEmail: a new id came with the email address of a person, who got
	// the id, and lost the one they had.
	MergeKindEmail MergeKind = "email"
	// MergeKindAlias: an alias call merged another person into this one.
	MergeKindAlias MergeKind = "alias"
	// MergeKindRename: a message that named the person by their cio_id gave them
	// another id.
	MergeKindRename MergeKind = "rename"
)

// Merge is one entry of a person's merge history.
type Merge struct {
	Kind MergeKind `json:"kind"`
	// From is the anonymousId, the id that was replaced, or the name of the
	// person merged. It is empty for a person who had no id before.
	From string `json:"from"`
	// Events is how many events came along.
	Events int `json:"events"`
	// By is the message that did it.
	By Origin `json:"by"`
}

type mergeState struct {
	kind   MergeKind
	from   string
	events int
	by     *originRef
}

func (m mergeState) export() Merge { return Merge{m.kind, m.from, m.events, m.by.export()} }

// maxMerges bounds a person's merge history, whose oldest entries go first.
const maxMerges = 100

func (p *personState) merged(kind MergeKind, from string, events int, m *decodedMessage) {
	p.merges = appendBounded(p.merges, mergeState{kind, strings.Clone(from), events, m.from()}, maxMerges)
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
