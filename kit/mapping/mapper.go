package mapping

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/internal/wirewords"
	"github.com/ciokit/cio/kit/source"
)

// Mapper makes messages from rows. Only one goroutine may use it.
type Mapper struct {
	plan   *Compiled
	encode func(cio.Message) (cio.Encoded, error)

	row      row
	hash     idHash
	body     []byte        // the objects of the current message
	messages []cio.Encoded // of the current row
	// For each of messages, identities has what identifies its person or object, made has its place in the mapping, and times has the time that the
	// mapping gives it. deletes is how many of them delete something.
	identities []string
	made       []int
	times      []time.Time
	deletes    int
	// sayings are what the messages of the current row say about the people and things that they identify. noAddress is how many have a trait email
	// that is not an address. byAddress is how many identify the person by that trait because the row has no userId.
	sayings   *sayings
	noAddress int
	byAddress int
	blank     bool          // the current row has no value in the columns that the mapping reads
	values    values        // of the current message
	cells     []source.Cell // of the current row, with the message's defaults
}

// NewMapper returns a Mapper. encode encodes and checks the messages, for example cio.Encode or a Client's Encode.
func NewMapper(p *Compiled, encode func(cio.Message) (cio.Encoded, error)) *Mapper {
	return &Mapper{plan: p, encode: encode, row: row{in: newInterpreter(p.columns)}, sayings: newSayings()}
}

// Compiled returns the mapping of the mapper.
func (m *Mapper) Compiled() *Compiled { return m.plan }

// Encode encodes and checks a message by the same rules as the messages of rows.
func (m *Mapper) Encode(msg cio.Message) (cio.Encoded, error) { return m.encode(msg) }

// Made returns which message of the mapping the i-th message of the current row is.
func (m *Mapper) Made(i int) *Message { return m.plan.messages[m.made[i]] }

// Time returns the time that the mapping gives the i-th message of the current row, the zero time if there is none.
func (m *Mapper) Time(i int) time.Time { return m.times[i] }

// Identities returns, for each message of the current row, what identifies its person or object. Messages with the same identity must keep their
// order. It is valid until the next call of Map.
func (m *Mapper) Identities() []string { return m.identities }

// Deletes returns how many messages of the current row delete or suppress something.
func (m *Mapper) Deletes() int { return m.deletes }

// Blank reports whether the current row has no value in the columns that the mapping reads.
func (m *Mapper) Blank() bool { return m.blank }

// Said returns what the messages of the current row say about the people and things that they identify. It is valid until the next call of Map.
func (m *Mapper) Said() []Said { return m.sayings.said }

// Map returns the messages of a row. It returns none if all cells are absent or no condition is true. They are valid until the next call. An error is
// about the first message that cannot be made, and means that the row has no messages. A row without any value is an error if the mapping has a
// message with a command: a row that should delete somebody must not be skipped silently.
func (m *Mapper) Map(r *source.Row, tag uint64) ([]cio.Encoded, *ValueError) {
	m.messages, m.identities, m.made, m.times, m.deletes = m.messages[:0], m.identities[:0], m.made[:0], m.times[:0], 0
	m.sayings.said, m.noAddress, m.byAddress = m.sayings.said[:0], 0, 0
	m.plan.dropNulls(r.Cells)
	m.row.notes = m.row.notes[:0]
	m.blank = m.plan.blank(r)
	m.row.raw = r.Raw
	for _, p := range m.plan.messages {
		if m.blank && !p.acts() {
			continue
		}
		m.begin(p, r.Cells)
		holds, err := p.met(&m.row)
		if err == nil && !holds {
			continue
		}
		if err == nil {
			var msg cio.Message
			if msg, err = m.message(p, r, tag); err == nil {
				encoded, refused := m.encode(msg)
				if refused == nil && p.kind.typ == cio.TypeIdentify {
					err = m.checkEmail(p)
				}
				if m.blank && refused == nil {
					continue // all of it is constant
				}
				if err == nil && refused == nil {
					m.messages = append(m.messages, encoded)
					m.identities = append(m.identities, m.identity(&encoded))
					m.made = append(m.made, p.place)
					m.times = append(m.times, m.values.meta.Timestamp)
					if p.namedByAddress(&m.values) {
						m.byAddress++
					}
					m.sayings.add(m, p)
					continue
				}
				if refused != nil {
					err = p.errorOf(refused)
				}
			}
		}
		err.Field, err.Value = p.path+err.Field, m.valueOf(err.Column)
		return nil, err
	}
	return m.messages, nil
}

// valueOf returns the beginning of the value in a column of the current row, nil if it is not known.
func (m *Mapper) valueOf(column string) *string {
	slot := slices.Index(m.plan.columns, column)
	if slot < 0 || slot >= len(m.row.cells) || m.row.cells[slot].Kind == source.KindAbsent {
		return nil
	}
	const most = 256
	cell := m.row.cells[slot].Bytes
	value := string(cell[:min(len(cell), most)])
	return &value
}

// identity returns what the messages of one person, or of one object, have in common. The case of letters in an address does not matter.
func (m *Mapper) identity(e *cio.Encoded) string {
	for _, f := range [...]field{fieldUserID, fieldAnonymousID, fieldObjectID, fieldGroupID} {
		if s := m.values.text[f]; s != "" && (e.Type() != cio.TypeIdentify || f <= fieldAnonymousID) {
			if f == fieldUserID {
				return address.Fold(s)
			}
			return s
		}
	}
	return strings.ToLower(e.Identity().Email)
}

// begin sets the cells for a message.
func (m *Mapper) begin(p *Message, cells []source.Cell) {
	m.row.in.row++
	m.row.cells = cells
	if p.defaults == nil {
		return
	}
	m.cells = append(m.cells[:0], cells...)
	for _, d := range p.defaults {
		if m.cells[d.slot].Kind == source.KindAbsent {
			m.cells[d.slot] = d.cell
		}
	}
	m.row.cells = m.cells
}

// blank reports whether the row has no value in the columns that the mapping reads.
func (p *Compiled) blank(r *source.Row) bool {
	for _, c := range r.Cells {
		if c.Kind != source.KindAbsent {
			return false
		}
	}
	if p.wholeRow {
		for name, value := range source.Members(r.Raw) {
			if !p.isNull(name, value) {
				return false
			}
		}
	}
	return true
}

// met reports whether the message's condition is true, or absent. A condition without a value is not true.
func (p *Message) met(r *row) (bool, *ValueError) {
	if p.when == nil {
		return true, nil
	}
	out, ok, err := p.when.appendJSON(r.scratch[:0], r)
	switch {
	case err != nil:
		return false, err.in("when")
	case !ok || string(out) == "false":
		return false, nil
	case string(out) == "true":
		return true, nil
	}
	return false, refuse(RuleExpression, "the condition is not true or false for this row").from(p.columns["when"]).in("when")
}

// message makes one message. The bytes of its objects are not valid after the next call.
func (m *Mapper) message(p *Message, r *source.Row, tag uint64) (cio.Message, *ValueError) {
	v := &m.values
	clear(v.text[:])
	for _, t := range p.texts {
		s, _, err := t.value.text(&m.row)
		if err != nil {
			return nil, err.in(fieldNames[t.field])
		}
		v.text[t.field] = s
	}
	v.meta.Tag, v.verbatim = tag, p.verbatim
	var err *ValueError
	if v.meta.Timestamp, err = p.time(&m.row); err != nil {
		return nil, err.in(fieldNames[fieldTimestamp])
	}
	event := p.kind.event
	if event == "" {
		event = v.text[fieldEvent]
	}
	if p.kind.typ == cio.TypeTrack && destroys[event] {
		m.deletes++
	}
	if v.meta.MessageID, err = m.messageID(p, event, r); err != nil {
		return nil, err.in(fieldNames[fieldMessageID])
	}
	m.body, m.row.foreign, m.row.email = m.body[:0], false, [2]int{}
	raw, err := m.object(p.body, p.kind.body())
	if err != nil {
		return nil, err
	}
	if v.body = nil; raw != nil {
		if p.kind.message == nil && !m.row.foreign {
			v.own = wire.Checked(raw)
			v.body = &v.own
		} else {
			v.body = raw
		}
	}
	if v.meta.Context, err = m.extra(p.context, fieldContext); err != nil {
		return nil, err
	}
	if v.meta.Integrations, err = m.extra(p.integrations, fieldIntegrations); err != nil {
		return nil, err
	}
	if p.kind.message != nil {
		return p.kind.message(v)
	}
	return v.call(p.kind.typ, event), nil
}

// call makes one of the six calls. It is part of v, so it needs no allocation, and it is valid until the next call.
func (v *values) call(typ cio.Type, event string) cio.Message {
	user, anonymous := v.text[fieldUserID], v.text[fieldAnonymousID]
	meta := &v.meta
	switch typ {
	case cio.TypeIdentify:
		v.identify = cio.Identify{UserID: user, AnonymousID: anonymous, Traits: v.body,
			MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
		return &v.identify
	case cio.TypeTrack:
		e := cio.Named(event, v.body)
		if v.verbatim {
			e = cio.Verbatim(event, v.body)
		}
		v.track = cio.Track{UserID: user, AnonymousID: anonymous, Event: e,
			MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
		return &v.track
	case cio.TypePage:
		v.page = cio.Page{UserID: user, AnonymousID: anonymous, Name: v.text[fieldName], Category: v.text[fieldCategory], Properties: v.body,
			MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
		return &v.page
	case cio.TypeScreen:
		v.screen = cio.Screen{UserID: user, AnonymousID: anonymous, Name: v.text[fieldName], Category: v.text[fieldCategory], Properties: v.body,
			MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
		return &v.screen
	case cio.TypeGroup:
		v.group = cio.Group{UserID: user, AnonymousID: anonymous, GroupID: v.text[fieldGroupID], Traits: v.body,
			MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
		return &v.group
	}
	v.alias = cio.Alias{UserID: user, PreviousID: v.text[fieldPreviousID],
		MessageID: meta.MessageID, Timestamp: meta.Timestamp, Context: meta.Context, Integrations: meta.Integrations, Tag: meta.Tag}
	return &v.alias
}

// extra is object for members that few messages have.
func (m *Mapper) extra(v value, name field) (any, *ValueError) {
	if raw, err := m.object(v, name); raw != nil || err != nil {
		return raw, err
	}
	return nil, nil
}

// object returns an object of the message as raw JSON, nil if the row has none.
func (m *Mapper) object(v value, name field) (json.RawMessage, *ValueError) {
	if v == nil {
		return nil, nil
	}
	start := len(m.body)
	out, ok, err := v.appendJSON(m.body, &m.row)
	if err != nil {
		return nil, err.in(fieldNames[name])
	}
	m.body = out
	if !ok {
		return nil, nil
	}
	return json.RawMessage(out[start:len(out):len(out)]), nil
}

// time returns the message's time, the zero time if the row has none.
func (p *Message) time(r *row) (time.Time, *ValueError) {
	if p.timestamp == nil {
		return time.Time{}, nil
	}
	at, ok, err := p.timestamp.instant(r)
	if !ok || err != nil {
		return time.Time{}, err
	}
	if at.IsZero() {
		// The zero time in a message means that it has no time. It would get the time of the load.
		return time.Time{}, refuse(RuleNotADate, "it is the first second of the year 1, which some programs write if there is no time; leave the cell empty").from(p.columns[fieldNames[fieldTimestamp]])
	}
	return at.Time, nil
}

// messageID returns the id of the message; see messageid.go.
func (m *Mapper) messageID(p *Message, event string, r *source.Row) (string, *ValueError) {
	switch {
	case p.id != nil:
		id, ok, err := p.id.text(&m.row)
		if err == nil && (!ok || id == "") {
			err = refuse(RuleNoMessageID, "the column of messageId is empty").from(p.columns[fieldNames[fieldMessageID]])
		}
		return id, err
	case p.key == nil:
		m.hash.begin(rowDomain, p.kind.typ, event, p.place)
		raw := r.Raw
		if r.Kept != nil && r.Kept.Sent != nil {
			raw = r.Kept.Sent
		}
		m.hash.row(r.Ordinal, raw)
		return m.hash.sum(), nil
	}
	m.hash.begin(keyDomain, p.kind.typ, event, p.place)
	m.hash.number(uint64(len(p.key)))
	some := false
	for _, v := range p.key {
		s, ok, err := v.text(&m.row)
		if err != nil {
			return "", err
		}
		_, constant := v.(literal)
		some = some || ok && !constant
		m.hash.value(s, ok)
	}
	if !some {
		return "", refuse(RuleNoMessageID, "all columns of messageId are empty").from(p.columns[fieldNames[fieldMessageID]])
	}
	return m.hash.sum(), nil
}

// HintOf returns a hint of the client in the words of a mapping.
func HintOf(hint string) string {
	return wirewords.Hint(hint, "write verbatim: true in the same item of messages")
}

// ErrorOf turns an error of the client about a message without a row into a ValueError.
func ErrorOf(err error) *ValueError { return (*Message)(nil).errorOf(err) }

// errorOf turns an error of the client about a message into an error about the row.
func (p *Message) errorOf(err error) *ValueError {
	var bad *cio.MessageError
	if !errors.As(err, &bad) {
		return refuse(RuleNotEncodable, "the message cannot be encoded")
	}
	e := &ValueError{Field: bad.Field, Rule: string(bad.Rule), Hint: bad.Hint, Column: p.columnOf(bad.Field)}
	switch bad.Rule {
	case cio.RuleNoIdentity, cio.RuleNoEvent, cio.RuleNoGroup, cio.RuleNoPreviousID:
		// The client names its Go fields. The author of the mapping does not know them.
		if e.Column != "" {
			e.Hint = "the row has no value for " + e.Field + ": column " + e.Column + " is empty"
		}
	}
	e.Hint = HintOf(e.Hint)
	if e.Hint == "" {
		e.Hint = "see the rule " + e.Rule
	}
	return e
}

// columnOf returns the column of a field, empty if it is not known.
func (p *Message) columnOf(field string) string {
	if p == nil {
		return ""
	}
	return p.columns[field]
}
