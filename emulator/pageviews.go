package emulator

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// pageRows is how many rows the lists of the page have.
const pageRows = 50

// pageKnown reports whether the path belongs to the page, whatever is there.
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
			return view{}, pageNotFound("The path cannot be read.")
		}
		parts[i] = decoded
	}
	switch route := parts[0]; {
	case len(parts) == 1:
		switch route {
		case "":
			return p.overview(), nil
		case "people":
			return p.people(), nil
		case "events":
			return p.events(), nil
		case "objects":
			return p.objects(), nil
		case "messages":
			return p.messages(), nil
		case "faults":
			data := struct {
				Queue   []FaultState
				Presets []Preset
			}{p.s.Faults(), Presets()}
			return view{"faults", "Faults and clock", "faults", data}, nil
		case "workspaces":
			return view{"workspaces", "Workspaces", "workspaces", nil}, nil
		case "snapshots":
			return p.snapshots()
		case "behaviours":
			return view{"behaviours", "How it behaves, and why", "behaviours", Assumptions()}, nil
		}
	case len(parts) == 2 && route == "people":
		return p.person(parts[1])
	case len(parts) == 3 && route == "events":
		return p.event(parts[1], parts[2])
	case len(parts) == 3 && route == "objects":
		return p.object(parts[1], parts[2])
	case len(parts) == 2 && route == "requests":
		return p.request(parts[1])
	}
	return view{}, pageNotFound("There is no such page.")
}

// streamRows is how many messages the overview shows.
const streamRows = 14

func (p *pageRequest) overview() view {
	var data struct {
		Rows  []streamRow
		Blank []struct{} // keeps the table as high as it will become
		Rules []ruleCount
		Last  uint64
	}
	records := p.ws.records("", 0, streamRows)
	for _, r := range records {
		data.Rows = append(data.Rows, newStreamRow(r))
	}
	if len(records) > 0 {
		data.Last = records[0].Sequence
	}
	data.Blank = make([]struct{}, streamRows-len(data.Rows))
	data.Rules = p.ws.brokenRules()
	return view{"overview", "Overview", "overview", data}
}

func (p *pageRequest) people() view {
	var data struct {
		PeoplePage
		Search string
		Later  bool
	}
	data.Search = p.query.Get("q")
	data.Later = p.query.Has("before")
	if p.ws != nil {
		data.PeoplePage = p.ws.listPeople(PeopleQuery{Search: data.Search, Before: p.number("before"), Limit: pageRows})
	}
	return view{"people", "People", "people", data}
}

func (p *pageRequest) events() view {
	var data struct {
		Events []Shape
		Traits Shape
	}
	if p.ws != nil {
		data.Events, data.Traits = p.ws.allShapes()
	}
	slices.SortFunc(data.Events, func(a, b Shape) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type))
	})
	return view{"events", "Events and their shapes", "events", data}
}

// Mixed reports whether the values have more than one type, null aside.
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
	if p.ws != nil {
		data.Shape = p.ws.shapeOf(typ, name)
	}
	if data.Shape.Count == 0 {
		return view{}, pageNotFound("No event of that name has arrived.")
	}
	// The newest of it among the newest messages: a search of a million would
	// keep the calls waiting.
	for _, r := range p.ws.records(VerdictAccepted, 0, 2_000) {
		if r.Event == name && r.Type == typ && len(data.Recent) < 20 {
			data.Recent = append(data.Recent, r)
		}
	}
	return view{"event", name, "events", data}, nil
}

// filters are the tabs of the message list.
var filters = map[string]Verdict{"": "", "refused": VerdictRefused, "dropped": VerdictDropped, "rejected": VerdictRejected, "accepted": VerdictAccepted}

func (p *pageRequest) messages() view {
	var data struct {
		Filter  string
		Records []Record
		Next    uint64
		Later   bool
		Rules   []ruleCount
	}
	data.Filter = p.query.Get("show")
	verdict, known := filters[data.Filter]
	if !known {
		data.Filter = ""
	}
	data.Later = p.query.Has("before")
	data.Records = p.ws.records(verdict, p.number("before"), pageRows+1)
	if len(data.Records) > pageRows {
		data.Records = data.Records[:pageRows]
		data.Next = data.Records[pageRows-1].Sequence
	}
	return view{"messages", "Messages", "messages", data}
}

// maxJournalScan bounds the messages of one request that are looked for; no body
// that is read has more.
const maxJournalScan = 1 << 20

// maxShownMessages bounds the messages of one request that its page shows.
const maxShownMessages = 50

// pageMessage is a message of a request.
type pageMessage struct {
	Record
	Text json.RawMessage // as sent, the key masked
}

func (p *pageRequest) request(number string) (view, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || p.ws == nil {
		return view{}, pageNotFound("There is no such request.")
	}
	var data struct {
		Request
		List     []pageMessage
		More     int
		Curl     string
		Replay   bool
		Answer   string
		Upstream *Upstream
	}
	entries, request, whole := p.ws.requestEntries(n)
	if request == nil {
		return view{}, pageNotFound("The request is not remembered any more, or never was.")
	}
	data.Request, data.Upstream = *request, request.Upstream
	for _, e := range entries[:min(len(entries), maxShownMessages)] {
		data.List = append(data.List, pageMessage{e.export(), json.RawMessage(maskBody(e.raw))})
	}
	data.More = len(entries) - len(data.List)
	if _, found := endpoints[request.Path]; !found {
		whole = false // there is nothing to repeat
	}
	data.Replay = whole && p.ws != p.s.unknown
	data.Answer = "{}"
	if request.Status != http.StatusOK {
		data.Answer = strings.TrimSpace(string(errorReply(request.Status, request.Errors...).body))
	}
	if whole && request.Bytes < 8_000 {
		for i := range entries {
			entries[i].raw = maskBody(entries[i].raw)
		}
		data.Curl = curlOf(p.base(), *request, requestBody(entries, *request))
	}
	return view{"request", "Request " + number, "messages", data}, nil
}

// requestBody puts the body of a request together again.
func requestBody(entries []entry, r Request) string {
	k, batch := endpoints[r.Path]
	if !batch || k != kindUnknown {
		if len(entries) == 1 && entries[0].raw != "" {
			return entries[0].raw
		}
		return r.Rest
	}
	if len(entries) == 1 && entries[0].raw == "" {
		return r.Rest
	}
	var b strings.Builder
	b.WriteString(`{"batch":[`)
	for i, e := range entries {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(e.raw)
	}
	b.WriteByte(']')
	if rest := strings.TrimPrefix(r.Rest, "{"); rest != r.Rest {
		return b.String() + "," + rest
	}
	return b.String() + "}"
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

// streamRow is one message of the live stream.
type streamRow struct {
	Sequence uint64  `json:"sequence"`
	Request  uint64  `json:"request"`
	At       string  `json:"at"`
	Verdict  Verdict `json:"verdict"`
	Type     string  `json:"type"`
	Name     string  `json:"name"`
	Who      string  `json:"who"`
	Why      string  `json:"why"`
}

// maxRowText bounds the texts of a row, which a sender may have made long.
const maxRowText = 60

func newStreamRow(r Record) streamRow {
	row := streamRow{r.Sequence, r.Request, r.ReceivedAt.Format("15:04:05"), r.Verdict, r.Type, r.Event, cmp.Or(r.UserID, r.AnonymousID), r.Rule}
	if row.Name == "" && r.Type == "group" {
		row.Name = r.GroupID
	}
	if row.Why == "" && len(r.Warnings) > 0 {
		row.Why = "warning: " + r.Warnings[0].Rule
	}
	for _, text := range []*string{&row.Name, &row.Who, &row.Type} {
		if len(*text) > maxRowText {
			*text = strings.ToValidUTF8((*text)[:maxRowText], "") + "..."
		}
	}
	return row
}
