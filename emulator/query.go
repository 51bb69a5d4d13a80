package emulator

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

var (
	// ErrNotFound says that a person, an object or a workspace does not exist.
	ErrNotFound = errors.New("not found")
	// ErrAmbiguous says that no write key was given and several workspaces
	// exist.
	ErrAmbiguous = errors.New("which workspace is not clear")
)

// Person is what a workspace knows of one person. It is a copy: later calls
// do not change it.
type Person struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	// CustomerIOID is the cio_id, with its prefix "cio_".
	CustomerIOID string `json:"-"`
	// Traits are the attributes as stored: JSON values. Numbers have the digits
	// with which they were sent.
	Traits map[string]json.RawMessage `json:"traits"`
	// Events are in order of arrival, the oldest first.
	Events []Event `json:"events"`
	// Devices are in the order of their first appearance.
	Devices []Device `json:"devices"`
	// Relationships are sorted by object type and ID.
	Relationships []Relationship `json:"relationships"`
	// Suppressed people have only the identifier with which you asked for them.
	Suppressed bool `json:"suppressed"`
}

// Event is one track, page or screen call of a person.
type Event struct {
	// Name is the event, or the name of the page or screen.
	Name string `json:"name"`
	// Type is track, page or screen.
	Type string `json:"type"`
	// Timestamp is when it happened, in UTC.
	Timestamp time.Time `json:"timestamp"`
	// Properties are as sent, or an empty object.
	Properties json.RawMessage `json:"properties"`
	MessageID  string          `json:"messageId"`
}

// Device is one push device of a person.
type Device struct {
	Token string `json:"token"`
	// Type is ios, android, or another text that was sent.
	Type       string                     `json:"type"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	// UpdatedAt is the timestamp of the event that last changed it.
	UpdatedAt time.Time `json:"updatedAt"`
}

// Relationship relates a person to an object.
type Relationship struct {
	ObjectTypeID string                     `json:"objectTypeId"`
	ObjectID     string                     `json:"objectId"`
	Attributes   map[string]json.RawMessage `json:"attributes"`
}

// Object is one object, which the API calls a group.
type Object struct {
	TypeID     string                     `json:"objectTypeId"`
	ID         string                     `json:"objectId"`
	Attributes map[string]json.RawMessage `json:"attributes"`
	// People counts the people related to it.
	People int `json:"people"`
}

// Record is one message and its verdict.
type Record struct {
	// Sequence is the number of the message in its workspace, from 1. Request
	// is the number of its request. Index is its place in the batch, from 0.
	Sequence   uint64    `json:"sequence"`
	Request    uint64    `json:"request"`
	Index      int       `json:"index"`
	ReceivedAt time.Time `json:"receivedAt"`

	Verdict Verdict `json:"verdict"`
	// Rule, Field, Reason and Hint are empty for accepted messages.
	Rule     string `json:"rule,omitempty"`
	Field    string `json:"field,omitempty"`
	Reason   string `json:"reason,omitempty"`
	Hint     string `json:"hint,omitempty"`
	Warnings []Note `json:"warnings,omitempty"`
	// Did says in a few words what an accepted message did.
	Did string `json:"did,omitempty"`
	// Forgotten says that the content of the message was deleted; see
	// [Server.DeletePerson].
	Forgotten bool `json:"forgotten,omitempty"`

	Message
}

// Stats returns the counters of the workspace of key. If key is empty, Stats
// uses the only workspace. If nothing has opened the workspace yet, all
// counters are zero. It fails with ErrAmbiguous if key is empty and there are
// several workspaces, and with ErrNotFound if key is not one of Config.Keys.
func (s *Server) Stats(key string) (Stats, error) {
	ws, err := s.workspace(key)
	if ws == nil {
		return Stats{}, err
	}
	return ws.stats(), nil
}

// Person returns the person whose id is id, or else the person whose email
// address is id.
// "email:a@b.c" and "cio_..." name one kind of identifier. key is as for Stats.
// It fails with ErrNotFound if there is no such person.
func (s *Server) Person(key, id string) (Person, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Person{}, err
	}
	if ws != nil {
		if p, found := ws.lookup(id); found {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("emulator: person %w", ErrNotFound)
}

// Object returns the object with the id and the type; an empty type is "1". key
// is as for Stats. It fails with ErrNotFound if there is no such object.
func (s *Server) Object(key, typeID, id string) (Object, error) {
	ws, err := s.workspace(key)
	if err != nil {
		return Object{}, err
	}
	if ws != nil {
		ws.mu.Lock()
		defer ws.mu.Unlock()
		if o := ws.objects[objectKey{cmp.Or(typeID, defaultObjectType), id}]; o != nil {
			return o.export(), nil
		}
	}
	return Object{}, fmt.Errorf("emulator: object %w", ErrNotFound)
}

func (o *objectState) export() Object {
	return Object{o.key.typeID, o.key.id, o.attributes.export(), len(o.people)}
}

// export decodes an entry of the journal. It needs no lock, because an entry is
// never changed.
func (e entry) export() Record {
	r := Record{
		Sequence:   e.sequence,
		Request:    e.request,
		Index:      e.index,
		ReceivedAt: e.at,
		Verdict:    e.verdict,
		Message:    Message{Type: e.kind.String()},
	}
	if e.raw != "" {
		m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
		r.Message, r.Did = m.export(), e.did(&m)
	}
	r.Forgotten = e.deeds&deedForgotten != 0
	why := e.why.export()
	r.Rule, r.Field, r.Reason, r.Hint = why.Rule, why.Field, why.Reason, why.Hint
	for _, w := range e.warnings {
		r.Warnings = append(r.Warnings, w.export())
	}
	return r
}

// candidates are the identifiers that id can be meant as, the likeliest first.
func candidates(id string) []identifier {
	var list []identifier
	if email, ok := strings.CutPrefix(id, "email:"); ok {
		list = append(list, identifier{byEmail, strings.ToLower(email)})
	}
	if cioID, ok := strings.CutPrefix(id, customerIOIDPrefix); ok {
		list = append(list, identifier{byCustomerIOID, cioID})
	}
	return append(list, identifier{byID, id}, identifier{byEmail, strings.ToLower(id)})
}

// lookup finds a person or a suppressed identifier. It takes the lock.
func (ws *workspaceState) lookup(id string) (Person, bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	candidates := candidates(id)
	for _, who := range candidates {
		if p := ws.find(who); p != nil {
			return p.export(), true
		}
	}
	for _, who := range candidates {
		if ws.isSuppressed(who) {
			p := (&personState{}).export()
			p.Suppressed = true
			switch who.kind {
			case byID:
				p.ID = who.value
			case byEmail:
				p.Email = who.value
			case byCustomerIOID:
				p.CustomerIOID = customerIOIDPrefix + who.value
			}
			return p, true
		}
	}
	return Person{}, false
}

func (e storedEvent) export() Event {
	properties := e.properties
	if properties == "" {
		properties = "{}"
	}
	return Event{e.name.Value(), e.kind.String(), e.at, json.RawMessage(properties), e.messageID}
}

func (p *personState) export() Person {
	out := Person{
		ID:            p.id,
		Traits:        p.traits.export(),
		Events:        make([]Event, 0, len(p.events)),
		Devices:       make([]Device, 0, len(p.devices)),
		Relationships: make([]Relationship, 0, len(p.relationships)),
	}
	if p.customerIOID != "" {
		out.CustomerIOID = customerIOIDPrefix + p.customerIOID
	}
	if email := p.traits.get("email"); rawjson.IsString(email) {
		out.Email = rawjson.Unquote(email)
	}
	for _, e := range p.events {
		out.Events = append(out.Events, e.export())
	}
	for _, d := range p.devices {
		out.Devices = append(out.Devices, Device{d.token, d.platform, d.attributes.export(), d.at})
	}
	for key, as := range p.relationships {
		out.Relationships = append(out.Relationships, Relationship{key.typeID, key.id, as.export()})
	}
	slices.SortFunc(out.Relationships, func(a, b Relationship) int {
		return cmp.Or(cmp.Compare(a.ObjectTypeID, b.ObjectTypeID), cmp.Compare(a.ObjectID, b.ObjectID))
	})
	return out
}
