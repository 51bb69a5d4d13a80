package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// The first corner of the App API, for tests that read back what they sent:
// customers by email, a customer's attributes, relationships and activities,
// an object's attributes, and the activity log. The App API key of a workspace is its write key, as a
// bearer token. Calls are neither recorded nor counted; faults act on them.

// isAppPath reports whether the path belongs to the App API.
func isAppPath(path string) bool {
	return path == "/v1/customers" || path == "/v1/activities" || strings.HasPrefix(path, "/v1/customers/") || strings.HasPrefix(path, "/v1/objects/")
}

// answerApp answers a call of the App API.
func (s *Server) answerApp(r *http.Request) reply {
	key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok || key == "" || key == UnknownKey {
		return errorReply(http.StatusUnauthorized, "send an App API key as a bearer token; here it is the write key")
	}
	ws := s.lookup(key)
	switch {
	case ws == nil && len(s.config.Keys) > 0:
		return errorReply(http.StatusUnauthorized, "the key is not known")
	case ws == nil:
		ws = newWorkspace(&s.config, key) // to be read, and empty: only what is sent opens one
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notAllowed("GET, HEAD", "this part of the App API is only read here")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errorReply(http.StatusBadRequest, "the query cannot be read")
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	path := strings.TrimPrefix(r.URL.EscapedPath(), apiPrefix)
	switch path {
	case "customers":
		return ws.appCustomers(query)
	case "activities":
		return ws.appActivities(query, nil)
	}
	segments := strings.Split(path, "/")
	if segments[0] == "objects" {
		return ws.appObjectAttributes(segments)
	}
	if len(segments) != 3 {
		return errorReply(http.StatusNotFound, "no such path")
	}
	id, err := url.PathUnescape(segments[1])
	if err != nil {
		return errorReply(http.StatusBadRequest, "the path cannot be read")
	}
	p, problem := ws.appPerson(id, query.Get("id_type"))
	switch {
	case problem != "":
		return errorReply(http.StatusBadRequest, problem)
	case p == nil:
		return errorReply(http.StatusNotFound, "no such customer")
	}
	switch segments[2] {
	case "attributes":
		return appReply(appCustomer{p.appCustomer()})
	case "relationships":
		return appReply(p.appRelationships())
	case "activities":
		return ws.appActivities(query, p)
	}
	return errorReply(http.StatusNotFound, "no such path; the emulator has attributes, relationships and activities")
}

func appReply(value any) reply { return reply{status: http.StatusOK, body: encodeJSON(value)} }

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

// appIdentifiers are null where a person has none.
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

func (ws *workspaceState) appCustomers(query url.Values) reply {
	email := query.Get("email")
	if email == "" {
		return errorReply(http.StatusBadRequest, "email is required")
	}
	results := []appIdentifiers{}
	if p := ws.byEmail[strings.ToLower(email)]; p != nil {
		results = append(results, p.appIdentifiers())
	}
	return appReply(map[string]any{"results": results})
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
	Identifiers map[string]string          `json:"identifiers"`
	Attributes  map[string]json.RawMessage `json:"attributes"`
}

// appRelationships has all of them on one page.
func (p *personState) appRelationships() any {
	list := make([]appRelationship, 0, len(p.relationships))
	for key, as := range p.relationships {
		typeID := json.RawMessage(rawjson.Quote(key.typeID))
		if n, err := strconv.ParseInt(key.typeID, 10, 64); err == nil {
			typeID = strconv.AppendInt(nil, n, 10)
		}
		list = append(list, appRelationship{typeID, map[string]string{"object_id": key.id}, as.export()})
	}
	slices.SortFunc(list, func(a, b appRelationship) int {
		return cmp.Or(cmp.Compare(string(a.TypeID), string(b.TypeID)), cmp.Compare(a.Identifiers["object_id"], b.Identifiers["object_id"]))
	})
	return map[string]any{"cio_relationships": list, "next": ""}
}
