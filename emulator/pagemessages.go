package emulator

import (
	"encoding/json"
	"net/http"
)

// messagesData is what the page shows of a list of messages.
type messagesData struct {
	MessagesPage
	filterLink
	Wrong  string // with the filter
	Later  bool
	Person string // of the filter, if there is one to be deleted
	Types  []string
	Since  uint64 // the newest message when the list was made
	Found  string // how many messages the list has on all of its pages, empty where it has none
	// AllAccepted says that the list shows only messages that were not
	// accepted, and that all stored messages were accepted.
	AllAccepted bool
}

func (p *pageRequest) messages() (view, error) {
	data := messagesData{Types: kindNames[kindIdentify:], Later: p.query.Has("before")}
	var q MessagesQuery
	var err error
	data.W = p.at.Handle
	data.Form, q, err = parseMessageFilter(p.query, p.s.Clock().Now)
	v := view{template: "messages", title: "Messages", section: "messages"}
	switch {
	case err != nil:
		data.Wrong = sentence(err.Error())
		v.status = http.StatusBadRequest
	case p.found:
		q.Key, q.Before, q.Limit = p.key, p.number("before"), pageRows
		newest, err := p.s.Messages(MessagesQuery{Key: p.key, Limit: 1})
		if err != nil {
			return view{}, err
		}
		if data.MessagesPage, err = p.s.Messages(q); err != nil {
			return view{}, err
		}
		for _, r := range append(newest.Messages, data.Messages...) {
			data.Since = max(data.Since, r.Sequence)
		}
		if data.Found, err = p.foundText(data.Form.Any(), q, data.MessagesPage); err != nil {
			return view{}, err
		}
		if data.AllAccepted, err = p.allAccepted(data); err != nil {
			return view{}, err
		}
		if _, err := p.s.Person(p.key, q.Person); err == nil && q.Person != "" {
			data.Person = q.Person
		}
	}
	v.data = data
	return v, nil
}

func (p *pageRequest) allAccepted(data messagesData) (bool, error) {
	if len(data.Messages) > 0 || data.Form != (messageFilterForm{Verdict: notAccepted}) {
		return false, nil
	}
	kept, err := p.s.Messages(MessagesQuery{Key: p.key, Limit: 1})
	return len(kept.Messages) > 0, err
}

// foundText says how many messages the list has on all of its pages. It is
// empty if the list has none.
func (p *pageRequest) foundText(filtered bool, q MessagesQuery, page MessagesPage) (string, error) {
	if len(page.Messages) == 0 {
		return "", nil
	}
	n, more, err := p.s.CountMessages(q)
	text := things(n, "message")
	if more {
		text = "More than " + text
	}
	switch {
	case err != nil:
		return "", err
	case !filtered:
		return text + ", newest first.", nil
	case n == 1:
		return text + " matches.", nil
	default:
		return text + " match.", nil
	}
}

// exported is how many messages are read at a time for an export.
const exported = 1_000

// export sends all messages that the filter lists as JSON Lines, newest first.
// Write keys are masked.
func (p *pageRequest) export() (view, error) {
	_, q, err := parseMessageFilter(p.query, p.s.Clock().Now)
	if err != nil {
		return view{}, err
	}
	p.w.Header().Set("Content-Type", "application/jsonl; charset=utf-8")
	p.w.Header().Set("Content-Disposition", `attachment; filename="messages.jsonl"`)
	if !p.found {
		p.w.WriteHeader(http.StatusOK)
		return view{}, nil
	}
	out := json.NewEncoder(p.w)
	out.SetEscapeHTML(false)
	for q.Key, q.Limit = p.key, exported; ; {
		page, err := p.s.Messages(q)
		if err != nil {
			return view{}, err
		}
		for _, r := range page.Messages {
			if r.Raw != nil {
				r.Raw = json.RawMessage(maskBody(string(r.Raw)))
			}
			if out.Encode(r) != nil {
				return view{}, nil // whoever asked is gone
			}
		}
		if q.Before = page.Next; page.Next == 0 {
			return view{}, nil
		}
	}
}
