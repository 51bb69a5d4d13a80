package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// appPerson finds a person by exactly the kind of identifier that is named.
func (ws *workspaceState) appPerson(id, kind string) (p *personState, problem string) {
	switch kind {
	case "", "id":
		return ws.byID[id], ""
	case "email":
		return ws.byEmail[strings.ToLower(id)], ""
	case "cio_id":
		return ws.byCustomerIOID[strings.TrimPrefix(id, customerIOIDPrefix)], ""
	}
	return nil, "id_type is id, email or cio_id"
}

// appIdentifiers are null if a person has none.
type appIdentifiers struct {
	Email *string `json:"email"`
	ID    *string `json:"id"`
	CIOID string  `json:"cio_id"`
}

func (p *personState) appIdentifiers() appIdentifiers {
	out := appIdentifiers{CIOID: p.customerIOID}
	if p.id != "" {
		out.ID = &p.id
	}
	if email := p.shownEmail(); email != "" {
		out.Email = &email
	}
	return out
}

// shownEmail is the email as it was sent.
func (p *personState) shownEmail() string {
	if email := p.traits.get("email"); rawjson.IsString(email) {
		return rawjson.Unquote(email)
	}
	return p.email
}

// ofPerson is an operation on the person whom the first parameter names.
func ofPerson(answer func(*workspaceState, *appCall, *personState) reply) appOperation {
	return appOperation{answer: func(ws *workspaceState, c *appCall) reply {
		p, problem := ws.appPerson(c.args[0], c.query.Get("id_type"))
		switch {
		case problem != "":
			return errorReply(http.StatusBadRequest, problem)
		case p == nil:
			return errorReply(http.StatusNotFound, "no such customer")
		}
		return answer(ws, c, p)
	}}
}

func (ws *workspaceState) appCustomers(c *appCall) reply {
	email := c.query.Get("email")
	if email == "" {
		return errorReply(http.StatusBadRequest, "email is required")
	}
	results := []appIdentifiers{}
	if p := ws.byEmail[strings.ToLower(email)]; p != nil {
		results = append(results, p.appIdentifiers())
	}
	return appReply(map[string]any{"results": results})
}

// Pages of people (docs/rules.md#the-app-api).
const (
	defaultFound = 50
	maxFound     = 1000
)

// appPeople is a page of people.
type appPeople struct {
	Identifiers []appIdentifiers `json:"identifiers"`
	IDs         []string         `json:"ids"`
	Next        string           `json:"next"`
}

func (page *appPeople) add(p *personState) {
	page.Identifiers = append(page.Identifiers, p.appIdentifiers())
	if p.id != "" {
		page.IDs = append(page.IDs, p.id)
	}
}

// appPage lists the people that keep accepts, in the order of their creation.
func (ws *workspaceState) appPage(start uint64, limit int, keep func(*personState) bool) reply {
	page := appPeople{Identifiers: []appIdentifiers{}, IDs: []string{}}
	for _, place := range ws.people.list[ws.people.index(start):] {
		switch {
		case place.thing == nil || !keep(place.thing):
		case len(page.Identifiers) == limit:
			page.Next = nextPage(place.number)
			return appReply(page)
		default:
			page.add(place.thing)
		}
	}
	return appReply(page)
}

func (ws *workspaceState) appSearch(c *appCall) reply {
	start, limit, problem := appPage(c.query, defaultFound, maxFound)
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	keep, wrong := ws.peopleFilter(rawjson.Member(c.body, "filter"))
	if wrong != nil {
		return *wrong
	}
	return ws.appPage(start, limit, keep)
}

// maxMany is how many people can be asked for at once.
const maxMany = 100

func (ws *workspaceState) appMany(c *appCall) reply {
	var ids []string
	if raw := rawjson.Member(c.body, "ids"); raw == "" || json.Unmarshal([]byte(raw), &ids) != nil || len(ids) == 0 || len(ids) > maxMany {
		return errorReply(http.StatusBadRequest, "ids is a list of 1 to "+strconv.Itoa(maxMany)+" ids")
	}
	customers := []appCustomer{}
	for _, id := range ids {
		if p := ws.byID[id]; p != nil {
			customers = append(customers, appCustomer{p.appCustomer()})
		}
	}
	return appReply(map[string]any{"customers": customers})
}

type appCustomer struct {
	Customer appPerson `json:"customer"`
}

type appPerson struct {
	ID           string            `json:"id"`
	Identifiers  appIdentifiers    `json:"identifiers"`
	Attributes   map[string]string `json:"attributes"`
	Timestamps   map[string]int64  `json:"timestamps"`
	Unsubscribed bool              `json:"unsubscribed"`
	Devices      []appDevice       `json:"devices"`
}

type appDevice struct {
	ID         string            `json:"id"`
	Platform   string            `json:"platform"`
	LastUsed   int64             `json:"last_used"`
	Attributes map[string]string `json:"attributes"`
}

// appText is a raw value as the App API returns attributes: all as strings.
func appText(raw string) string {
	if rawjson.IsString(raw) {
		return rawjson.Unquote(raw)
	}
	return raw
}

func (as attributes) appTexts() map[string]string {
	out := make(map[string]string, len(as))
	for _, a := range as {
		out[a.name.Value()] = appText(a.value)
	}
	return out
}

func (p *personState) appCustomer() appPerson {
	out := appPerson{
		ID:           p.id,
		Identifiers:  p.appIdentifiers(),
		Attributes:   p.traits.appTexts(),
		Timestamps:   make(map[string]int64, len(p.traits)),
		Unsubscribed: isTrue(p.traits.get("unsubscribed")),
		Devices:      make([]appDevice, 0, len(p.devices)),
	}
	out.Attributes["cio_id"] = p.customerIOID
	if p.id != "" {
		out.Attributes["id"] = p.id
	}
	for _, a := range p.traits {
		if a.origin != nil {
			out.Timestamps[a.name.Value()] = a.origin.at.Unix()
		}
	}
	for _, d := range p.devices {
		out.Devices = append(out.Devices, appDevice{d.token, d.platform, d.at.Unix(), d.attributes.appTexts()})
	}
	return out
}

// isTrue reads the forms of the reserved trait unsubscribed that count as true
// (docs/rules.md#attributes).
func isTrue(raw string) bool {
	text := appText(raw)
	return strings.EqualFold(text, "true") || text == "1"
}

type appRelationship struct {
	TypeID      json.RawMessage            `json:"object_type_id"`
	Identifiers appObjectIdentifiers       `json:"identifiers"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
}

// appRelationships has all of them on one page.
func (ws *workspaceState) appRelationships(_ *appCall, p *personState) reply {
	list := make([]appRelationship, 0, len(p.relationships))
	for key, as := range p.relationships {
		typeID := json.RawMessage(rawjson.Quote(key.typeID))
		if n, err := strconv.ParseInt(key.typeID, 10, 64); err == nil {
			typeID = strconv.AppendInt(nil, n, 10)
		}
		list = append(list, appRelationship{typeID, ws.objects[key].appIdentifiers(), as.export()})
	}
	slices.SortFunc(list, func(a, b appRelationship) int {
		return cmp.Or(cmp.Compare(string(a.TypeID), string(b.TypeID)), cmp.Compare(a.Identifiers.ID, b.Identifiers.ID))
	})
	return appReply(map[string]any{"cio_relationships": list, "next": ""})
}
