package emulator

import "time"

// savedVersion is the version of the format below. A change that an older
// program would misread gets a new one.
const savedVersion = 1

// savedState is all of one workspace, in a form that encodes to JSON. It shares
// the memory of strings with the workspace, and is never changed.
type savedState struct {
	Version    int              `json:"version"`
	SavedAt    time.Time        `json:"savedAt"`
	LastPerson uint64           `json:"lastPerson"`
	LastObject uint64           `json:"lastObject"`
	Origins    []savedOrigin    `json:"origins"`
	People     []savedPerson    `json:"people"`
	Anonymous  []savedAnonymous `json:"anonymous,omitempty"`
	Objects    []savedObject    `json:"objects,omitempty"`
	Suppressed [][]savedID      `json:"suppressed,omitempty"`
	// Segments are the manual ones; Addresses are those that the email provider
	// sends nothing to. A program that does not know them forgets them.
	Segments    []segmentState      `json:"segments,omitempty"`
	LastSegment uint64              `json:"lastSegment,omitempty"`
	Addresses   []suppressedAddress `json:"addresses,omitempty"`
	Shapes      []savedShape        `json:"shapes,omitempty"`
	Reports     []Report            `json:"reports,omitempty"`
	Recent      []savedSeen         `json:"recent,omitempty"`
	Swept       time.Time           `json:"swept"`
	Sequence    uint64              `json:"sequence"`
	Journal     []savedEntry        `json:"journal,omitempty"`
	Request     uint64              `json:"request"`
	Requests    []Request           `json:"requests,omitempty"`
	Bytes       int64               `json:"bytes"`
	CalledAt    time.Time           `json:"calledAt"`
	Counts      MessageCounts       `json:"counts"`
	Broken      map[string]uint64   `json:"broken,omitempty"`
}

// savedOrigin is a message that attributes refer to by its place in Origins,
// counted from 1; 0 is none.
type savedOrigin struct {
	Sequence  uint64    `json:"s"`
	At        time.Time `json:"t"`
	Kind      string    `json:"k"`
	MessageID string    `json:"m,omitempty"`
	Sent      int64     `json:"at,omitempty"`
}

type savedAttribute struct {
	Name   string `json:"n"`
	Value  string `json:"v"` // raw JSON, in a string to keep it as it is
	Origin int    `json:"o,omitempty"`
}

type savedPerson struct {
	Number        uint64           `json:"number"`
	ID            string           `json:"id,omitempty"`
	Email         string           `json:"email,omitempty"`
	CustomerIOID  string           `json:"cio_id"`
	Traits        []savedAttribute `json:"traits,omitempty"`
	Events        []savedEvent     `json:"events,omitempty"`
	EventCount    int              `json:"eventCount,omitempty"`
	Devices       []savedDevice    `json:"devices,omitempty"`
	Relationships []savedRelation  `json:"relationships,omitempty"`
	AnonymousIDs  []string         `json:"anonymousIds,omitempty"`
	Segments      []uint64         `json:"segments,omitempty"`
	Created       int              `json:"created,omitempty"`
	SeenAt        time.Time        `json:"seenAt"`
	Merges        []savedMerge     `json:"merges,omitempty"`
}

type savedEvent struct {
	Kind       string    `json:"k"`
	Name       string    `json:"n"`
	At         time.Time `json:"t"`
	MessageID  string    `json:"m,omitempty"`
	Properties string    `json:"p,omitempty"` // raw JSON
	Sequence   uint64    `json:"s,omitempty"`
	// Received is set on events of an anonymousId only.
	Received time.Time `json:"r,omitzero"`
}

type savedDevice struct {
	Token      string           `json:"token"`
	Platform   string           `json:"platform,omitempty"`
	Attributes []savedAttribute `json:"attributes,omitempty"`
	At         time.Time        `json:"at"`
}

type savedRelation struct {
	TypeID     string           `json:"type"`
	ID         string           `json:"id"`
	Attributes []savedAttribute `json:"attributes,omitempty"`
}

type savedMerge struct {
	Kind   MergeKind `json:"kind"`
	From   string    `json:"from,omitempty"`
	Events int       `json:"events,omitempty"`
	By     int       `json:"by,omitempty"`
}

type savedAnonymous struct {
	ID            string          `json:"id"`
	Owner         string          `json:"owner,omitempty"` // a cio_id
	Events        []savedEvent    `json:"events,omitempty"`
	Pruned        int             `json:"pruned,omitempty"`
	Relationships []savedRelation `json:"relationships,omitempty"`
}

type savedObject struct {
	Number     uint64           `json:"number"`
	TypeID     string           `json:"type"`
	ID         string           `json:"id"`
	Attributes []savedAttribute `json:"attributes,omitempty"`
}

type savedID struct {
	Kind  identifierKind `json:"kind"`
	Value string         `json:"value"`
}

// savedShape without a name and of kind identify is that of the traits.
type savedShape struct {
	Kind   string                        `json:"kind"`
	Name   string                        `json:"name,omitempty"`
	Count  uint64                        `json:"count"`
	First  time.Time                     `json:"first"`
	Last   time.Time                     `json:"last"`
	Fields map[string][valueTypes]uint64 `json:"fields,omitempty"`
}

type savedSeen struct {
	ID string    `json:"id"`
	At time.Time `json:"at"`
}

// savedEntry is one message of the journal; their sequences are dense.
type savedEntry struct {
	Request  uint64      `json:"r"`
	Index    int         `json:"i,omitempty"`
	Kind     string      `json:"k,omitempty"`
	Verdict  Verdict     `json:"v"`
	At       time.Time   `json:"t"`
	Raw      string      `json:"raw,omitempty"`
	Deeds    deeds       `json:"d,omitempty"`
	Why      *savedNote  `json:"why,omitempty"`
	Warnings []savedNote `json:"warnings,omitempty"`
}

type savedNote struct {
	Rule   string `json:"rule"`
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail,omitempty"`
}
