package load

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
)

// entryMaker makes entries. It is used by one goroutine.
type entryMaker struct {
	salt    []byte
	plan    *mapping.Compiled
	order   bool             // of plan.ordered
	entries []snapshot.Entry // of the current row
	first   string           // the first id that the row identifies somebody by, as a personKey; empty if it does not

	who                   []string // of the current message
	key, says, body, wire []byte
}

// of returns the entries of a row from its messages, which m has just made. They are valid until the next call. sure is false if an event has neither
// a messageId nor a time, because another event may look the same.
func (k *entryMaker) of(messages []cio.Encoded, m *mapping.Mapper) (entries []snapshot.Entry, sure bool) {
	if k.plan != m.Compiled() {
		k.plan, k.order = m.Compiled(), m.Compiled().Ordered()
	}
	k.entries, k.first, sure = k.entries[:0], "", true
	for i := range messages {
		p := m.Made(i)
		if k.message(&messages[i], p) && !p.Keyed() && m.Time(i).IsZero() {
			sure = false
		}
	}
	return k.entries, sure
}

// add adds what the current message says about a thing. parts identify the thing.
func (k *entryMaker) add(says uint64, kind byte, parts ...[]byte) {
	if k.order { // entries of a mapping with deletions are not comparable with those of one without
		kind -= 'a' - 'A'
	}
	about := k.about(kind, parts...)
	for i := range k.entries {
		if at := &k.entries[i]; at.About == about { // another message of the row was about it
			k.key = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(append(k.key[:0], k.salt...), at.Says), says)
			at.Says = snapshot.Hash(k.key)
			return
		}
	}
	k.entries = append(k.entries, snapshot.Entry{About: about, Says: says})
}

// about returns the hash of a thing that parts identify.
func (k *entryMaker) about(kind byte, parts ...[]byte) uint64 {
	k.key = append(append(k.key[:0], k.salt...), kind)
	for _, part := range parts {
		k.key = snapshot.AppendText(k.key, part)
	}
	return snapshot.Hash(k.key)
}

// message adds the entries of a message, and reports whether it is an ordinary event.
func (k *entryMaker) message(e *cio.Encoded, p *mapping.Message) (ordinary bool) {
	k.wire, _ = e.AppendJSON(k.wire[:0]) // never fails
	k.says, k.body, k.who = append(k.says[:0], k.salt...), append(k.body[:0], k.salt...), k.who[:0]
	var id, body, context []byte
	var event, group string
	for name, value := range wire.Members(k.wire) {
		person := false
		switch string(name) {
		case "messageId":
			id = value
			continue
		case "timestamp":
			if !p.Timed() {
				continue
			}
		case "context":
			context = value
			from := len(k.says)
			k.says = snapshot.AppendText(k.says, name)
			for inner, value := range wire.Members(value) {
				if string(inner) != "library" {
					k.says = snapshot.AppendText(snapshot.AppendText(k.says, inner), value)
				}
			}
			k.says = append(k.says, 0)
			k.body = append(k.body, k.says[from:]...)
			continue
		case "userId", "anonymousId", "previousId":
			person = true
			if text, _ := wire.Text(value); text != "" {
				k.who = append(k.who, personKey(text, string(name) == "anonymousId"))
			}
		case "groupId":
			group, _ = wire.Text(value)
		case "event":
			event, _ = wire.Text(value)
		case "traits", "properties":
			body = value
		}
		k.says = snapshot.AppendText(snapshot.AppendText(k.says, name), value)
		if !person {
			k.body = snapshot.AppendText(snapshot.AppendText(k.body, name), value)
		}
	}
	says := snapshot.Hash(k.says)
	switch typ := e.Type(); {
	case typ == cio.TypeGroup:
		k.object(says, group, body, ofObject(body))
	case typ == cio.TypeTrack && (event == "Object Deleted" || event == "Relationship Deleted"):
		object, _ := wire.Lookup(body, "objectId")
		group, _ = wire.Text(object)
		if event == "Object Deleted" {
			k.who = k.who[:0] // the API requires an anonymousId, which is filled in
		}
		k.object(says, group, body, false)
	case typ == cio.TypeTrack && (event == "Device Created or Updated" || event == "Device Deleted"):
		device, _ := wire.Lookup(context, "device")
		token, _ := wire.Lookup(device, "token")
		for _, who := range k.who {
			k.add(says, 'd', []byte(who), token)
		}
		k.people(says, k.order)
	case typ == cio.TypeTrack && !mapping.Acts(event) || typ == cio.TypePage || typ == cio.TypeScreen:
		if ordinary = true; p.Keyed() {
			k.add(says, 'i', id)
		} else {
			k.add(says, 'e', k.says)
		}
		k.people(says, k.order)
	default:
		if typ == cio.TypeIdentify {
			email, _ := wire.Lookup(body, "email")
			if text, _ := wire.Text(email); text != "" {
				k.who = append(k.who, personKey(strings.ToLower(text), false))
			}
			if k.first == "" && len(k.who) > 0 {
				k.first = k.who[0]
			}
		}
		k.people(says, true)
	}
	return ordinary
}

// personKey is the name of a person's id among the things of a snapshot. An id that is an email address has the same name as the address.
func personKey(id string, anonymous bool) string {
	if anonymous {
		return "a" + id
	}
	return "u" + address.Fold(id)
}

// people adds the message to the entries of its people, if wanted is set.
func (k *entryMaker) people(says uint64, wanted bool) {
	for _, who := range k.who {
		if wanted {
			k.add(says, 'p', []byte(who))
		}
	}
}

// object adds a message about an object. If the message names people, it is about their relationships to the object; own says that it is about the
// object too.
func (k *entryMaker) object(says uint64, id string, body []byte, own bool) {
	kind := objectType(body)
	for _, who := range k.who {
		k.add(says, 'r', []byte(who), kind, []byte(id))
	}
	k.people(says, k.order)
	if own || len(k.who) == 0 || k.order {
		k.add(snapshot.Hash(k.body), 'o', kind, []byte(id))
	}
}

// objectType returns the type of the object that traits or properties name. It is text in one message and a number in another
// (docs/rules.md#objects).
func objectType(body []byte) []byte {
	for _, name := range [...]string{"objectTypeId", "object_type_id"} {
		if value, ok := wire.Lookup(body, name); ok {
			return bytes.Trim(value, `"`)
		}
	}
	return []byte("1")
}

// ofObject reports whether the traits of a group call have attributes of the object itself.
func ofObject(traits []byte) bool {
	for name := range wire.Members(traits) {
		switch string(name) {
		case "objectTypeId", "object_type_id", "relationshipAttributes":
		default:
			return true
		}
	}
	return false
}
