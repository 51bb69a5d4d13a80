package load

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// mapper makes messages of rows. It is used by one goroutine.
type mapper struct {
	plan   *plan
	encode func(cio.Message) (cio.Encoded, error)

	row      row
	hash     idHash
	body     []byte        // the objects of the message at hand
	messages []cio.Encoded // of the row at hand
}

func newMapper(p *plan, encode func(cio.Message) (cio.Encoded, error)) *mapper {
	return &mapper{plan: p, encode: encode, row: row{in: newInterpreter(p.columns)}}
}

// messagesOf returns the messages of a row; none if all its cells are absent. They are valid until the next call. An error is about the
// first message that cannot be made, and means that there are none.
func (m *mapper) messagesOf(r *source.Row, tag uint64) ([]cio.Encoded, *valueError) {
	m.messages = m.messages[:0]
	if empty(r.Cells) {
		return nil, nil
	}
	m.row.cells = r.Cells
	m.row.in.row++
	for _, p := range m.plan.messages {
		msg, err := m.message(p, r, tag)
		if err == nil {
			encoded, refused := m.encode(msg)
			if refused == nil {
				m.messages = append(m.messages, encoded)
				continue
			}
			err = p.refusal(refused)
		}
		err.field = p.path + err.field
		return nil, err
	}
	return m.messages, nil
}

func empty(cells []source.Cell) bool {
	for _, c := range cells {
		if c.Kind != source.Absent {
			return false
		}
	}
	return true
}

// message makes one message. The bytes of its objects are void after the next call.
func (m *mapper) message(p *messagePlan, r *source.Row, tag uint64) (cio.Message, *valueError) {
	var texts [fieldCategory + 1]string
	for f, v := range p.texts {
		if v == nil {
			continue
		}
		s, _, err := v.text(&m.row)
		if err != nil {
			return nil, err.in(fieldNames[f])
		}
		texts[f] = s
	}
	at, err := p.time(&m.row)
	if err != nil {
		return nil, err.in(fieldNames[fieldTimestamp])
	}
	id, err := m.messageID(p, texts[fieldEvent], r)
	if err != nil {
		return nil, err.in(fieldNames[fieldMessageID])
	}
	m.body = m.body[:0]
	bodyName := fieldProperties
	if p.typ == cio.TypeIdentify || p.typ == cio.TypeGroup {
		bodyName = fieldTraits
	}
	body, err := m.object(p.body, bodyName)
	if err != nil {
		return nil, err
	}
	context, err := m.object(p.context, fieldContext)
	if err != nil {
		return nil, err
	}
	integrations, err := m.object(p.integrations, fieldIntegrations)
	if err != nil {
		return nil, err
	}

	switch p.typ {
	case cio.TypeIdentify:
		return cio.Identify{UserID: texts[fieldUserID], AnonymousID: texts[fieldAnonymousID], Traits: body,
			MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
	case cio.TypeTrack:
		return cio.Track{UserID: texts[fieldUserID], AnonymousID: texts[fieldAnonymousID], Event: cio.Named(texts[fieldEvent], body),
			MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
	case cio.TypePage:
		return cio.Page{UserID: texts[fieldUserID], AnonymousID: texts[fieldAnonymousID], Name: texts[fieldName], Category: texts[fieldCategory],
			Properties: body, MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
	case cio.TypeScreen:
		return cio.Screen{UserID: texts[fieldUserID], AnonymousID: texts[fieldAnonymousID], Name: texts[fieldName], Category: texts[fieldCategory],
			Properties: body, MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
	case cio.TypeGroup:
		return cio.Group{UserID: texts[fieldUserID], AnonymousID: texts[fieldAnonymousID], GroupID: texts[fieldGroupID], Traits: body,
			MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
	}
	return cio.Alias{UserID: texts[fieldUserID], PreviousID: texts[fieldPreviousID],
		MessageID: id, Timestamp: at, Context: context, Integrations: integrations, Tag: tag}, nil
}

// object returns a message's object as raw JSON, nil if the row has none.
func (m *mapper) object(v value, name field) (any, *valueError) {
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
func (p *messagePlan) time(r *row) (time.Time, *valueError) {
	if p.timestamp == nil {
		return time.Time{}, nil
	}
	at, ok, err := p.timestamp.instant(r)
	if !ok || err != nil {
		return time.Time{}, err
	}
	if at.IsZero() {
		// A message takes the zero time for none at all, and would be dated today.
		return time.Time{}, refuse(RuleNotADate, "the first second of the year 1 is what some programs write for no time; leave the cell empty").from(p.columns[fieldNames[fieldTimestamp]])
	}
	return at.Time, nil
}

// messageID returns the id of the message; see messageid.go.
func (m *mapper) messageID(p *messagePlan, event string, r *source.Row) (string, *valueError) {
	switch {
	case p.id != nil:
		id, ok, err := p.id.text(&m.row)
		if err == nil && (!ok || id == "") {
			err = refuse(RuleNoMessageID, "the column that messageId comes from is empty").from(p.columns[fieldNames[fieldMessageID]])
		}
		return id, err
	case p.key == nil:
		m.hash.begin(rowDomain, p.typ, event, p.place)
		m.hash.row(r.Ordinal, r.Raw)
		return m.hash.sum(), nil
	}
	m.hash.begin(keyDomain, p.typ, event, p.place)
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
		return "", refuse(RuleNoMessageID, "all columns that messageId is made of are empty").from(p.columns[fieldNames[fieldMessageID]])
	}
	return m.hash.sum(), nil
}

// refusal turns what the client's own rules say of a message into what is said of the row.
func (p *messagePlan) refusal(err error) *valueError {
	var bad *cio.MessageError
	if !errors.As(err, &bad) {
		return refuse(RuleNotEncodable, "the message cannot be encoded")
	}
	e := &valueError{field: bad.Field, rule: string(bad.Rule), hint: bad.Hint, column: p.columns[bad.Field]}
	switch bad.Rule {
	case cio.RuleNoIdentity, cio.RuleNoEvent, cio.RuleNoGroup, cio.RuleNoPreviousID:
		// The client speaks of its Go fields, which is not what the one who wrote the mapping sees.
		if e.column != "" {
			e.hint = "the row has nothing for " + e.field + ": column " + e.column + " is empty"
		}
	}
	if e.hint == "" {
		e.hint = "see the rule " + e.rule
	}
	return e
}
