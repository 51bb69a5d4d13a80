package load

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// mark stands for a row in a snapshot: about for whom or what its messages are about, says for what they say.
//
// A message is about its userId, anonymousId and previousId, or the trait email where it has none of them, and the object and the device
// that it names. An ordinary event is about itself: about its messageId if the mapping gives one, otherwise about all it says. A message says
// all its members but those that differ from run to run though the row does not: a messageId and a timestamp that the mapping does not give,
// and in the context the name and version of this library. Neither does the messageId of anything but an ordinary event count.
//
// What is hashed never changes, because a snapshot is compared with what a later version of this program makes.
type mark struct{ about, says uint64 }

// marker makes marks. It is used by one goroutine.
type marker struct {
	salt        []byte
	about, says []byte
	wire        []byte
}

// commands are the events that act on a person, a device or an object instead of being kept as events.
var commands = map[string]bool{"User Deleted": true, "User Suppressed": true, "User Unsuppressed": true, "Device Created or Updated": true, "Device Deleted": true,
	"Object Deleted": true, "Relationship Deleted": true}

// of returns the mark of a row by its messages, which m has just made.
func (k *marker) of(messages []cio.Encoded, m *mapper) mark {
	k.about, k.says = append(k.about[:0], k.salt...), append(k.says[:0], k.salt...)
	for i := range messages {
		k.message(&messages[i], m.plan.messages[m.made[i]])
	}
	return mark{hash64(k.about), hash64(k.says)}
}

func hash64(b []byte) uint64 {
	sum := sha256.Sum256(b)
	return binary.BigEndian.Uint64(sum[:])
}

// The members of a message that tell what it is about.
const (
	aboutUser = iota
	aboutAnonymous
	aboutPrevious
	aboutGroup
	aboutMembers
)

func (k *marker) message(e *cio.Encoded, p *messagePlan) {
	k.wire, _ = e.AppendJSON(k.wire[:0]) // never fails
	var ids [aboutMembers][]byte
	var id, event, body, context []byte
	start := len(k.says)
	for name, value := range wire.Members(k.wire) {
		switch string(name) {
		case "messageId":
			id = value
			continue
		case "timestamp":
			if p.timestamp == nil {
				continue
			}
		case "context":
			context = value
			k.says = appendText(k.says, name)
			for inner, value := range wire.Members(value) {
				if string(inner) != "library" {
					k.says = appendText(appendText(k.says, inner), value)
				}
			}
			k.says = append(k.says, 0)
			continue
		case "userId":
			ids[aboutUser] = value
		case "anonymousId":
			ids[aboutAnonymous] = value
		case "previousId":
			ids[aboutPrevious] = value
		case "groupId":
			ids[aboutGroup] = value
		case "event":
			event = value
		case "traits", "properties":
			body = value
		}
		k.says = appendText(appendText(k.says, name), value)
	}
	mapped := p.id != nil || p.key != nil
	name, _ := wire.Text(event)
	switch ordinary := e.Type() == cio.TypeTrack && !commands[name] || e.Type() == cio.TypePage || e.Type() == cio.TypeScreen; {
	case ordinary && mapped:
		k.says = appendText(append(k.says, 'i'), id)
		k.about = appendText(append(k.about, 'i'), id)
	case ordinary:
		k.about = append(append(k.about, 'e'), k.says[start:]...)
	default:
		k.person(e.Type(), ids, body, context, commands[name])
	}
	k.says = append(k.says, '\n')
}

// person adds whom or what a message is about that is no ordinary event.
func (k *marker) person(typ cio.Type, ids [aboutMembers][]byte, body, context []byte, command bool) {
	k.about = append(k.about, 'p')
	object, objectType, token := ids[aboutGroup], []byte(nil), []byte(nil)
	if command {
		if object, _ = wire.Lookup(body, "objectId"); object != nil {
			objectType, _ = wire.Lookup(body, "objectTypeId")
		}
		device, _ := wire.Lookup(context, "device")
		token, _ = wire.Lookup(device, "token")
	} else if object != nil {
		objectType, _ = wire.Lookup(body, "objectTypeId")
	}
	if object != nil && ids[aboutUser] == nil { // an object by itself; the API has an anonymousId filled in to delete one
		ids[aboutAnonymous] = nil
	}
	for _, id := range ids[:aboutGroup] {
		k.about = appendText(k.about, id)
	}
	if typ == cio.TypeIdentify && ids[aboutUser] == nil && ids[aboutAnonymous] == nil {
		email, _ := wire.Lookup(body, "email")
		k.about = appendText(k.about, bytes.ToLower(email))
	}
	objectType = bytes.Trim(objectType, `"`) // text in one message, a number in another
	k.about = appendText(appendText(appendText(k.about, object), objectType), token)
}

// appendText appends bytes behind their number.
func appendText(dst, text []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// people returns the ids of the people that the messages of a row are about, each once, in clear.
func (k *marker) people(dst [][]byte, messages []cio.Encoded) [][]byte {
	for i := range messages {
		k.wire, _ = messages[i].AppendJSON(k.wire[:0]) // never fails
		for name, value := range wire.Members(k.wire) {
			if string(name) == "userId" {
				if id, _ := wire.Text(value); id != "" {
					dst = addOnce(dst, id)
				}
				break
			}
		}
	}
	return dst
}

func addOnce(list [][]byte, id string) [][]byte {
	for _, other := range list {
		if string(other) == id {
			return list
		}
	}
	return append(list, []byte(id))
}

// peopleOf returns the ids of the people that a row which was refused may be about. It returns false if that cannot be told.
func (m *mapper) peopleOf(r *source.Row) (ids [][]byte, ok bool) {
	if r.Err != nil {
		return nil, false
	}
	m.row.raw = r.Raw
	for _, p := range m.plan.messages {
		m.begin(p, r.Cells)
		for _, t := range p.texts {
			if t.field != fieldUserID {
				continue
			}
			id, some, err := t.value.text(&m.row)
			if err != nil {
				return nil, false
			}
			if some && id != "" {
				ids = addOnce(ids, id)
			}
		}
	}
	return ids, len(ids) > 0
}
