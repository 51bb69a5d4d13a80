package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageRows is how many rows the lists of the page have.
const pageRows = 50

// pageKnown reports whether the path belongs to the page, even if nothing is
// there.
func pageKnown(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "":
		return path == "/"
	case "people", "events", "objects", "messages", "requests", "faults", "workspaces", "snapshots", "behaviours":
		return true
	}
	return false
}

// view returns what a GET shows.
func (p *pageRequest) view() (view, error) {
	parts := strings.Split(strings.Trim(p.r.URL.EscapedPath(), "/"), "/")
	for i, part := range parts {
		decoded, err := url.PathUnescape(part)
		if err != nil {
			return view{}, p.noPage()
		}
		parts[i] = decoded
	}
	switch route := parts[0]; {
	case len(parts) == 1:
		switch route {
		case "":
			return p.overview()
		case "people":
			return p.people()
		case "events":
			return p.events()
		case "objects":
			return p.objects()
		case "messages":
			return p.messages()
		case "requests":
			return view{}, p.noNumber()
		case "faults":
			data := struct {
				Queue   []FaultState
				Presets []Preset
			}{p.s.Faults(), Presets()}
			return view{template: "faults", title: "Faults and clock", section: "faults", data: data}, nil
		case "workspaces":
			return view{template: "workspaces", title: "Workspaces", section: "workspaces", data: nil}, nil
		case "snapshots":
			return p.snapshots()
		case "behaviours":
			return view{template: "behaviours", title: "How it behaves, and why", section: "behaviours", data: Assumptions()}, nil
		}
	case len(parts) == 2 && route == "people":
		return p.person(parts[1])
	case len(parts) == 3 && route == "events":
		return p.event(parts[1], parts[2])
	case len(parts) == 3 && route == "objects":
		return p.object(parts[1], parts[2])
	case len(parts) == 2 && route == "messages" && parts[1] == "export":
		return p.export()
	case len(parts) == 2 && route == "messages":
		return p.message(parts[1])
	case len(parts) == 2 && route == "requests":
		return p.request(parts[1])
	}
	return view{}, p.noPage()
}

// noPage says that nothing is at the path, and where to go.
func (p *pageRequest) noPage() error {
	w := p.query.Get("w")
	return pageNotFound("There is no such page.", "There is nothing at "+shorten(p.r.URL.Path)+". Calls of the API go to paths under /v1/, the JSON interface is under /_emulator/, and these are the pages:",
		pageLink{"Messages", pageURL(w, "/messages")}, pageLink{"People", pageURL(w, "/people")}, pageLink{"Events", pageURL(w, "/events")}, pageLink{"Objects", pageURL(w, "/objects")})
}

// streamRows is how many messages the overview shows.
const streamRows = 14

func (p *pageRequest) overview() (view, error) {
	var data struct {
		Rows  []streamRow
		Blank []struct{} // keeps the table as high as it will become
		Rules []RuleCount
		Last  uint64
	}
	if p.found {
		newest, err := p.s.Messages(MessagesQuery{Key: p.key, Limit: streamRows})
		if err != nil {
			return view{}, err
		}
		for _, r := range newest.Messages {
			data.Rows = append(data.Rows, newStreamRow(p.at.Handle, r))
		}
		if len(data.Rows) > 0 {
			data.Last = data.Rows[0].Sequence
		}
		if data.Rules, err = p.s.BrokenRules(p.key); err != nil {
			return view{}, err
		}
	}
	data.Blank = make([]struct{}, streamRows-len(data.Rows))
	return view{template: "overview", title: "Overview", section: "overview", data: data}, nil
}

func (p *pageRequest) people() (view, error) {
	var data struct {
		PeoplePage
		Search string
		Later  bool
	}
	data.Search = p.query.Get("q")
	data.Later = p.query.Has("before")
	var err error
	if p.found {
		data.PeoplePage, err = p.s.People(PeopleQuery{Key: p.key, Search: data.Search, Before: p.number("before"), Limit: pageRows})
	}
	return view{template: "people", title: "People", section: "people", data: data}, err
}

func (p *pageRequest) events() (view, error) {
	var data struct {
		Events []Shape
		Traits Shape
	}
	if p.found {
		var err error
		if data.Events, err = p.s.EventShapes(EventShapesQuery{Key: p.key}); err != nil {
			return view{}, err
		}
		if data.Traits, err = p.s.Traits(p.key); err != nil {
			return view{}, err
		}
	}
	slices.SortFunc(data.Events, func(a, b Shape) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return view{template: "events", title: "Events and their shapes", section: "events", data: data}, nil
}

// Mixed reports whether the values have more than one type. null is not
// counted.
func (f FieldShape) Mixed() bool {
	n := len(f.Types)
	if f.Types[typeNames[typeNull]] > 0 {
		n--
	}
	return n > 1
}

func (p *pageRequest) event(typ, name string) (view, error) {
	var data struct {
		Shape  Shape
		Recent []Record
	}
	var shapes []Shape
	var err error
	if p.found {
		shapes, err = p.s.EventShapes(EventShapesQuery{Key: p.key, Type: typ, Name: name})
	}
	switch {
	case err != nil:
		return view{}, err
	case len(shapes) == 0:
		return view{}, pageNotFound("There is no such event.", "No "+typ+" with that name has been accepted. Names are compared exactly, upper and lower case included.",
			pageLink{"All events", pageURL(p.query.Get("w"), "/events")}, pageLink{"What was not accepted", pageURL(p.query.Get("w"), "/messages", "show", "not accepted")})
	}
	data.Shape = shapes[0]
	newest, err := p.s.Messages(MessagesQuery{Key: p.key, Verdict: VerdictAccepted, Type: typ, Event: name, Limit: 20})
	if err != nil {
		return view{}, err
	}
	data.Recent = newest.Messages
	return view{template: "event", title: name, section: "events", data: data}, nil
}

func (p *pageRequest) request(number string) (view, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || !p.found {
		return view{}, p.noRequest("The address of a request is its number, such as /requests/12.")
	}
	data := requestData{Verdict: Verdict(p.query.Get("verdict")), Path: "/requests/" + number}
	data.RequestDetail, err = p.s.Request(p.key, n)
	switch {
	case errors.Is(err, ErrNotFound):
		return view{}, p.noRequest("It is no longer stored, or never existed. The emulator stores the newest 10,000 requests of each workspace. Perhaps yours is in another workspace.")
	case err != nil:
		return view{}, err
	}
	data.Replay = data.Whole && p.key != UnknownKey
	data.Answer = "{}"
	if data.Status != http.StatusOK {
		data.Answer = strings.TrimSpace(string(errorReply(data.Status, data.Errors...).body))
	}
	if data.Whole && data.Bytes < maxCurlBytes {
		data.Curl = curlOf(p.base(), data.Request, data.Body())
	}
	data.choose(int(min(p.number("page"), 1<<40)))
	return view{template: "request", title: "Request " + number, section: "messages", data: data}, nil
}

func (p *pageRequest) noRequest(why string) error {
	return pageNotFound("There is no such request.", why, pageLink{"All messages", pageURL(p.query.Get("w"), "/messages")})
}

// noNumber says where requests are: each has a page, and only the JSON
// interface lists them.
func (p *pageRequest) noNumber() error {
	w := p.query.Get("w")
	if p.found {
		newest, err := p.s.Requests(RequestsQuery{Key: p.key, Limit: 1})
		if err != nil {
			return err
		}
		if list := newest.Requests; len(list) > 0 {
			return pageNotFound("The address has no number of a request.", "Each request has a page with its number, such as /requests/12. The page of a message links to its request. The JSON interface lists requests: /_emulator/requests.",
				pageLink{fmt.Sprintf("The newest request, %d", list[0].Number), pageURL(w, fmt.Sprintf("/requests/%d", list[0].Number))}, pageLink{"All messages", pageURL(w, "/messages")})
		}
	}
	return pageNotFound("There is no request yet.", "Nothing was sent to this workspace. Perhaps the requests are in another one: choose it above.", pageLink{"All messages", pageURL(w, "/messages")})
}

// curlOf is a command for a POSIX shell that repeats the request.
func curlOf(base string, r Request, body string) string {
	quoted := func(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
	var b strings.Builder
	b.WriteString("curl -i -u \"$CUSTOMERIO_API_KEY:\" \\\n  -H 'Content-Type: application/json' \\\n")
	if r.Strict {
		b.WriteString("  -H 'X-Strict-Mode: 1' \\\n")
	}
	b.WriteString("  --data-binary " + quoted(body) + " \\\n  " + quoted(base+r.Path))
	return b.String()
}

// streamRow is one message of the live stream, or several similar messages.
type streamRow struct {
	Sequence uint64  `json:"sequence"`
	Count    uint64  `json:"count"`
	At       string  `json:"at"`
	Verdict  Verdict `json:"verdict"`
	Type     string  `json:"type"`
	Name     string  `json:"name"`
	Link     string  `json:"link"`
	Who      string  `json:"who"`
	WhoLink  string  `json:"whoLink"`
	Why      string  `json:"why"`
	Warnings int     `json:"warnings"` // of an accepted message
}

// maxRowText bounds the texts of a row, which a sender may have made long.
const maxRowText = 60

func newStreamRow(w string, r Record) streamRow {
	who := whoOf(w, r.Message)
	row := streamRow{r.Sequence, 1, r.ReceivedAt.Format("15:04:05"), r.Verdict, r.Type, r.Event, pageURL(w, messagePath(r.Sequence)), who.Text, who.Link, cmp.Or(r.Rule, r.Did), 0}
	if row.Name == "" && r.Type == "group" {
		row.Name = r.GroupID
	}
	if len(r.Warnings) > 0 && r.Verdict == VerdictAccepted {
		row.Why, row.Warnings = r.Warnings[0].Rule, len(r.Warnings)
	}
	row.clip()
	return row
}

func (row *streamRow) clip() {
	for _, text := range []*string{&row.Name, &row.Who, &row.Type} {
		if len(*text) > maxRowText {
			*text = strings.ToValidUTF8((*text)[:maxRowText], "") + "..."
		}
	}
}
