package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// Pages of activities (docs/rules.md#the-app-api).
const (
	defaultActivities = 10
	maxActivities     = 100
)

// appActivity is one entry of the activity log.
type appActivity struct {
	CustomerID  *string         `json:"customer_id"`
	Identifiers appIdentifiers  `json:"customer_identifiers"`
	Data        json.RawMessage `json:"data"`
	ID          string          `json:"id"`
	Name        string          `json:"name,omitempty"`
	Timestamp   int64           `json:"timestamp"`
	Type        string          `json:"type"`
}

// appActivities lists the activities that the journal still has, newest first.
// They are made from the accepted messages: an attribute change says what was
// sent, and not the value before. Deleted people are only in a query with
// deleted.
func (ws *workspaceState) appActivities(query url.Values, of *personState) reply {
	limit, before := defaultActivities, uint64(0)
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxActivities {
			return errorReply(http.StatusBadRequest, fmt.Sprintf("limit is 1 to %d", maxActivities))
		}
		limit = n
	}
	if text := query.Get("start"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return errorReply(http.StatusBadRequest, "start is none that this server gave")
		}
		before = n
	}
	deleted := query.Get("deleted") == "true"
	if of == nil && query.Get("customer_id") != "" {
		p, problem := ws.appPerson(query.Get("customer_id"), query.Get("id_type"))
		switch {
		case problem != "":
			return errorReply(http.StatusBadRequest, problem)
		case p == nil && !deleted:
			return appReply(map[string]any{"activities": []appActivity{}, "next": ""})
		}
		of = p
	}
	list := []appActivity{}
	next := ""
	for n := min(ws.journal.sequence, before-1); n > 0; n-- { // before 0: the largest number
		e, held := ws.journal.at(n)
		if !held {
			break
		}
		if e.verdict != VerdictAccepted || e.raw == "" {
			continue
		}
		var found []appActivity
		for _, a := range ws.activitiesOf(e, of, deleted, askedFor(query)) {
			if typ := query.Get("type"); typ != "" && typ != a.Type {
				continue
			}
			if name := query.Get("name"); name != "" && name != a.Name && !(a.Type == "attribute_change" && rawjson.Member(string(a.Data), name) != "") {
				continue
			}
			found = append(found, a)
		}
		// A page ends between two messages, so the first may be longer than
		// asked for.
		if len(list) > 0 && len(list)+len(found) > limit {
			next = strconv.FormatUint(n+1, 10)
			break
		}
		list = append(list, found...)
	}
	return appReply(map[string]any{"activities": list, "next": next})
}

// askedFor is who a query names, as messages name people.
func askedFor(query url.Values) identifier {
	id := query.Get("customer_id")
	switch query.Get("id_type") {
	case "email":
		return identifier{byEmail, strings.ToLower(id)}
	case "cio_id":
		return identifier{byCustomerIOID, strings.TrimPrefix(id, customerIOIDPrefix)}
	}
	return identifier{byID, id}
}

// activitiesOf returns what one message did, if it was about the right person.
// That is the person of, or any person who exists if of is nil. With deleted it
// is a person who does not exist any more, with the identifier, if that is not
// empty.
func (ws *workspaceState) activitiesOf(e entry, of *personState, deleted bool, id identifier) []appActivity {
	m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
	m.validate()
	who, known := resolve(m.userID, m.email)
	var p *personState
	if known {
		p = ws.find(who)
	} else if a := ws.anonymous[m.anonymousID]; a != nil {
		p = a.owner
	}
	if known && p != nil && p.created != nil && e.sequence < p.created.sequence {
		p = nil // somebody with the same identifier, who was deleted
	}
	var identifiers appIdentifiers
	switch {
	case deleted:
		if p != nil || !known || id.value != "" && who != id {
			return nil
		}
		switch who.kind {
		case byID:
			identifiers.ID = &who.value
		case byEmail:
			identifiers.Email = &who.value
		case byCustomerIOID:
			identifiers.CIOID = who.value
		}
	case p == nil || of != nil && p != of:
		return nil
	default:
		identifiers = p.appIdentifiers()
	}
	var list []appActivity
	add := func(typ, name, data string) {
		if data == "" {
			data = "{}" // the document of the API knows no null here
		}
		list = append(list, appActivity{identifiers.ID, identifiers, json.RawMessage(data),
			fmt.Sprintf("%024d%02d", e.sequence, len(list)), name, m.at.Unix(), typ})
	}
	switch m.kind {
	case kindIdentify:
		if m.traits != "" && m.traits != "{}" {
			add("attribute_change", "", changes(m.traits))
		}
	case kindPage, kindScreen:
		add(m.kind.String(), m.event, m.properties)
	case kindTrack:
		if typ, isCommand := commandActivities[m.event]; !isCommand {
			add("event", m.event, m.properties)
		} else if typ != "" {
			add(typ, "", "")
		}
	case kindGroup:
		add("add_relationship", "", "")
	}
	if p != nil && p.created != nil && p.created.sequence == e.sequence {
		add("profile_create", "", "")
	}
	return list
}

// commandActivities maps the events that act to their activities. An event is
// missing here if the documentation names no activity for it.
var commandActivities = map[string]string{
	eventDeviceUpdated:       "device_change",
	eventDeviceDeleted:       "device_change",
	eventUserDeleted:         "profile_delete",
	eventUserSuppressed:      "profile_delete",
	eventUserUnsuppressed:    "",
	eventRelationshipDeleted: "delete_relationship",
	eventObjectDeleted:       "",
	eventReportDelivery:      "",
	eventReportContent:       "",
}

// changes is the data of an attribute change.
func changes(traits string) string {
	var b strings.Builder
	b.WriteByte('{')
	for name, value := range rawjson.Members(traits) {
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		to := appText(value)
		if rawjson.IsNull(value) {
			to = ""
		}
		b.WriteString(rawjson.Quote(name) + `:{"from":"","to":` + rawjson.Quote(to) + `}`)
	}
	b.WriteByte('}')
	return b.String()
}
