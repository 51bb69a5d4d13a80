package mapping

import (
	"bytes"
	"encoding/json"
	"slices"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/internal/wire"
)

// RuleNotAnAddress warns of an identify whose trait email is not an email address.
const RuleNotAnAddress = "not-an-email-address"

// RuleByAddress warns of an identify whose userId is empty although the mapping gives it one, so that the person is identified by the trait email.
const RuleByAddress = "person-by-address"

const hintByAddress = "the userId is empty, so the person is identified by the email address; if there should be an id, check for a failed join, and leave these rows out"

const hintNotAnAddress = "the trait email is not an email address: nothing can be sent to it, and people with the same value may become one person"

// namedByAddress reports whether the mapping has a userId but the row has none, and no other id either.
func (p *Message) namedByAddress(v *values) bool {
	return p.kind.typ == cio.TypeIdentify && v.text[fieldUserID] == "" && v.text[fieldAnonymousID] == "" &&
		slices.ContainsFunc(p.texts, func(t textPlan) bool { return t.field == fieldUserID })
}

// emailJSON returns the trait email of the current identify as it is in the message, nil if there is none.
func (m *Mapper) emailJSON(p *Message) []byte {
	switch p.email {
	case emailAbsent:
		return nil
	case emailNamed:
		return m.body[m.row.email[0]:m.row.email[1]]
	}
	value, _ := wire.Lookup(m.values.bodyJSON(), "email")
	return value
}

// emailTrait returns the trait email of the current identify, without the spaces around it. It returns false if there is none, or if it is empty.
func (m *Mapper) emailTrait(p *Message) ([]byte, bool) {
	value := m.emailJSON(p)
	switch {
	case len(value) == 0 || string(value) == "null":
		return nil, false
	case value[0] != '"':
		return value, true
	case bytes.IndexByte(value, '\\') < 0:
		value = value[1 : len(value)-1]
	default:
		text, _ := wire.Text(value)
		value = []byte(text)
	}
	value = bytes.TrimSpace(value)
	return value, len(value) > 0
}

// bodyJSON is the body of the current message, nil if there is none.
func (v *values) bodyJSON() []byte {
	switch b := v.body.(type) {
	case json.RawMessage:
		return b
	case *wire.Checked:
		return *b
	}
	return nil
}

// The sources of an identify's trait email.
const (
	emailAbsent = iota
	emailNamed  // the mapping names it
	emailHidden // it may be among members that only the row names
)

// emailValue is the trait email of an identify.
type emailValue struct{ value }

func (e emailValue) appendJSON(dst []byte, r *row) ([]byte, bool, *ValueError) {
	out, ok, err := e.value.appendJSON(dst, r)
	r.email = [2]int{len(dst), len(out)}
	return out, ok, err
}

// findEmail records in the plan of an identify where its trait email is.
func (p *Message) findEmail() {
	o, ok := p.body.(object)
	if !ok && p.body != nil {
		p.email = emailHidden
	}
	for i, name := range o.names {
		_, several := o.items[i].(everyMember)
		switch {
		case name == "email" && o.items[i] != nil:
			o.items[i], p.email = emailValue{o.items[i]}, emailNamed
			return
		case several:
			p.email = emailHidden
		}
	}
}

// addressIn returns the email address that the row has for an identify. The address identifies a person too. known is false if it cannot be read.
func (m *Mapper) addressIn(p *Message) (folded string, known bool) {
	if p.kind.typ != cio.TypeIdentify || p.body == nil {
		return "", true
	}
	v, alone := p.body, false
	if o, ok := p.body.(object); ok { // its other members may be what cannot be read
		at := slices.Index(o.names, "email")
		switch {
		case at >= 0:
			v, alone = o.items[at], true
		case slices.Contains(o.names, ""): // all members of the row
			email, _ := wire.Lookup(m.row.raw, "email")
			text, _ := wire.Text(email)
			return address.Of(text), true
		default:
			return "", true
		}
	}
	out, ok, err := v.appendJSON(m.body[:0], &m.row)
	if m.body = out; err != nil || !ok {
		return "", err == nil
	}
	if !alone {
		out, _ = wire.Lookup(out, "email")
	}
	text, _ := wire.Text(out)
	return address.Of(text), true
}
