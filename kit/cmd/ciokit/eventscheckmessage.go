package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/internal/wirewords"
)

// The severities of a finding; ciokit events check --help says what they mean.
const (
	severityError   = "error"
	severityWarning = "warning"
	severityNote    = "note"
)

// The rules of findings that are about a semantic event's fields. Other rules are those of package cio.
const (
	ruleBatch         = "batch"          // a whole request where a message belongs
	ruleMistyped      = "mistyped"       // another type than the event is known with
	ruleOutOfRange    = "out-of-range"   // a number that makes no sense
	ruleUnknownValue  = "unknown-value"  // none of the known values
	ruleMissing       = "missing-field"  // a field that the event needs
	ruleMisspelt      = "misspelt-field" // a name that is near a known one
	ruleMisplaced     = "misplaced"      // a property that belongs into the context
	ruleUnknownFields = "unknown-field"  // a name that the event is not known with
)

// finding is one finding about a message. It never contains a value of the message.
type finding struct {
	Line     int64  `json:"line"`
	Severity string `json:"severity"`
	Event    string `json:"event,omitempty"`
	Field    string `json:"field,omitempty"`
	Rule     string `json:"rule"`
	Hint     string `json:"hint"`
}

func (f finding) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d: %s: ", f.Line, f.Severity)
	for _, part := range []string{f.Event, f.Field} {
		if part != "" {
			b.WriteString(console.Printable(part) + ": ")
		}
	}
	b.WriteString(f.Rule + ": " + f.Hint)
	return b.String()
}

// checkMessage checks one message, a JSON object in wire form, and reports whether it is a semantic event.
func checkMessage(line []byte) (findings []finding, semantic bool) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return []finding{{Severity: severityError, Rule: string(cio.RuleNotMessage), Hint: "the line is not a message, which is one JSON object on one line; to check rows or rejects of a load: ciokit map check MAP.yaml FILE"}}, false
	}
	if _, ok := members["batch"]; ok && members["type"] == nil {
		return []finding{{Severity: severityError, Field: "batch", Rule: ruleBatch, Hint: "it is the body of a batch; write each message on a line: jq -c '.batch[]'"}}, false
	}
	c := &messageCheck{}
	if typ, _ := text(members["type"]); typ == string(cio.TypeTrack) || members["type"] == nil && members["event"] != nil {
		c.event, _ = text(members["event"])
		c.event = strings.TrimSpace(c.event)
	}
	c.byRules(complete(line, members))
	d, semantic := events.Lookup(c.event)
	if semantic {
		c.byCatalogue(d, members)
	}
	return c.findings, semantic
}

// complete adds what a message gets when it is sent: the id, the time, and the type of a track call.
func complete(line []byte, members map[string]json.RawMessage) []byte {
	var added []byte
	if members["type"] == nil && members["event"] != nil {
		added = append(added, `"type":"track",`...)
	}
	if members["messageId"] == nil {
		added = append(added, `"messageId":"00000000000000000000000000000000",`...)
	}
	if members["timestamp"] == nil {
		added = append(added, `"timestamp":"2026-01-01T00:00:00.000Z",`...)
	}
	if len(members) == 0 {
		added = bytes.TrimSuffix(added, []byte(","))
	}
	line = bytes.TrimSpace(line)
	return slices.Concat([]byte("{"), added, line[1:])
}

// messageCheck collects the findings of one message.
type messageCheck struct {
	event    string // of a track call
	findings []finding
}

// hintOf writes a hint of package cio with the names of the message.
func hintOf(hint string) string {
	return wirewords.Hint(hint, "write verbatim: true in a mapping, or use ciokit send --verbatim")
}

func (c *messageCheck) add(severity, field, rule, hint string) {
	c.findings = append(c.findings, finding{Severity: severity, Event: c.event, Field: field, Rule: rule, Hint: hint})
}

// byRules makes the checks of package cio for every sent message.
func (c *messageCheck) byRules(line []byte) {
	var refusal *cio.MessageError
	refused := func(err error) bool {
		if errors.As(err, &refusal) {
			c.add(severityError, refusal.Field, string(refusal.Rule), hintOf(refusal.Hint))
		}
		return err != nil
	}
	if c.event != "" {
		_, err := cio.Encode(cio.Track{UserID: "anyone", Event: cio.Named(c.event, nil)})
		if errors.As(err, &refusal) && refusal.Rule == cio.RuleNearSemantic {
			refused(err)
		}
	}
	var e cio.Encoded
	if refused(e.UnmarshalJSON(line)) {
		return
	}
	if _, err := cio.Encode(e); refused(err) {
		return
	}
	for _, w := range e.Warnings() {
		if w.Rule == cio.RuleNearSemantic && slices.ContainsFunc(c.findings, func(f finding) bool { return f.Rule == string(w.Rule) }) {
			continue // already an error
		}
		c.add(severityWarning, w.Field, string(w.Rule), hintOf(w.Hint))
	}
}

// byCatalogue checks the fields of a semantic event.
func (c *messageCheck) byCatalogue(d events.Definition, members map[string]json.RawMessage) {
	properties, ok := membersOf(members["properties"])
	if !ok {
		return // byRules has said so
	}
	var named []events.Field
	for _, f := range d.Fields {
		if f.Context == "" {
			named = append(named, f)
			continue
		}
		c.field(f, f.Context, inContext(members["context"], f.Context))
	}
	c.object("properties.", named, properties)
	if d.Extra == "Extra" { // otherwise the properties are free
		c.further("properties.", d.Fields, properties)
	}
}

// object checks the named fields of an object.
func (c *messageCheck) object(path string, fields []events.Field, members map[string]json.RawMessage) {
	for _, f := range fields {
		c.field(f, path+f.Name, members[f.Name])
	}
}

// field checks the value of one field; nil and null mean that it is absent.
func (c *messageCheck) field(f events.Field, path string, value json.RawMessage) {
	if value == nil || string(value) == "null" || f.Required && string(value) == `""` {
		required := func(x finding) bool { return x.Field == path && x.Rule == ruleMissing }
		if f.Required && !slices.ContainsFunc(c.findings, required) {
			c.add(severityWarning, path, ruleMissing, "without it the event has no meaning")
		}
		return
	}
	if rule, hint := checkValue(f, value); rule != "" {
		c.add(severityWarning, path, rule, hint)
		return
	}
	if f.Kind != events.KindObjects {
		return
	}
	var list []json.RawMessage
	if json.Unmarshal(value, &list) != nil {
		return
	}
	for i, item := range list {
		at := path + "[" + strconv.Itoa(i) + "]"
		members, ok := membersOf(item)
		if !ok {
			c.add(severityWarning, at, ruleMistyped, "give an object")
			continue
		}
		c.object(at+".", f.Fields, members)
		c.further(at+".", f.Fields, members)
	}
}

// further reports the members that are not fields. For lists a note has no index, so that it is printed once.
func (c *messageCheck) further(path string, fields []events.Field, members map[string]json.RawMessage) {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		named := func(f events.Field) bool { return f.Context == "" && f.Name == name }
		if slices.ContainsFunc(fields, named) {
			continue
		}
		f, near := nearField(name, fields)
		_, there := members[f.Name]
		switch {
		case near && f.Context != "":
			c.add(severityWarning, path+name, ruleMisplaced, "it is read from "+f.Context)
		case near && !there:
			c.add(severityWarning, path+name, ruleMisspelt, "the event's own property is named "+f.Name)
		default:
			c.add(severityNote, withoutIndex(path)+name, ruleUnknownFields, "the event is not known to have it; Customer.io accepts it unchanged")
		}
	}
}

// membersOf returns the members of an object; null and nil have none. ok is false for any other value.
func membersOf(value json.RawMessage) (members map[string]json.RawMessage, ok bool) {
	if value == nil {
		return nil, true
	}
	err := json.Unmarshal(value, &members)
	return members, err == nil
}

// inContext returns the value that a path such as context.device.token leads to within the context, nil if there is none.
func inContext(context json.RawMessage, path string) json.RawMessage {
	value := context
	for _, name := range strings.Split(strings.TrimPrefix(path, "context."), ".") {
		members, _ := membersOf(value)
		value = members[name]
	}
	return value
}

// withoutIndex makes products[].sku of products[17].sku.
func withoutIndex(path string) string {
	head, tail, ok := strings.Cut(path, "[")
	if !ok {
		return path
	}
	_, tail, _ = strings.Cut(tail, "]")
	return head + "[]" + tail
}

// nearField returns the field that name is probably meant to be: the same letters and digits, or all but one of five or more.
func nearField(name string, fields []events.Field) (events.Field, bool) {
	folded := spelling.Fold(name)
	for _, f := range fields {
		known := spelling.Fold(f.Name)
		if folded == known || len(known) >= 5 && len(folded) >= 5 && oneAway(folded, known) {
			return f, true
		}
	}
	return events.Field{}, false
}

// oneAway reports whether one letter must be added, removed or replaced, or two neighbours swapped, to make b of a.
func oneAway(a, b string) bool {
	s, t := []rune(a), []rune(b)
	for len(s) > 0 && len(t) > 0 && s[0] == t[0] {
		s, t = s[1:], t[1:]
	}
	for len(s) > 0 && len(t) > 0 && s[len(s)-1] == t[len(t)-1] {
		s, t = s[:len(s)-1], t[:len(t)-1]
	}
	swapped := len(s) == 2 && len(t) == 2 && s[0] == t[1] && s[1] == t[0]
	return swapped || max(len(s), len(t)) == 1
}
