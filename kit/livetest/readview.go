package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/plural"
)

// logKept is how long Customer.io's log keeps events, minus a day for events that are on their way.
const logKept = 29 * 24 * time.Hour

// view is what the App API shows of a person.
type view struct {
	customer      appapi.Customer
	relationships map[relation]appapi.Relationship
	events        []appapi.Activity // the oldest first
}

type relation struct{ typeID, id string }

func (k *Keeper) view(ctx context.Context, id appapi.CustomerID) (v view, err error) {
	if v.customer, err = k.app.Customers().Attributes(ctx, id); err != nil {
		return view{}, err
	}
	if own := v.customer.Identifiers.ID; own != "" {
		id = appapi.ByID(own)
	}
	v.relationships = make(map[relation]appapi.Relationship)
	for r, err := range k.app.Customers().Relationships(ctx, id) {
		if err != nil {
			return view{}, err
		}
		v.relationships[relation{string(r.TypeID), r.Object.ID}] = r
	}
	for a, err := range k.app.Customers().Activities(ctx, id, appapi.ActivityQuery{}) {
		if err != nil {
			return view{}, err
		}
		if eventTypes[a.Type] != "" {
			v.events = append(v.events, a)
		}
	}
	slices.Reverse(v.events)
	return v, nil
}

// eventTypes are the types of activity that are events of a person, with the recorder's names for them.
var eventTypes = map[string]string{appapi.ActivityEvent: "track", appapi.ActivityPage: "page", appapi.ActivityScreen: "screen"}

// difference returns the first difference between the view and the account.
func (k *Keeper) difference(v view, account emulator.Person, known bool) error {
	if !known {
		return errStillThere
	}
	for _, name := range slices.Sorted(maps.Keys(account.Traits)) {
		if got, found := v.customer.Attributes[name]; !found {
			return fmt.Errorf("the attribute %s is missing", name)
		} else if !sameText(account.Traits[name], got) {
			return fmt.Errorf("the attribute %s has another value", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(v.customer.Attributes)) {
		if _, sent := account.Traits[name]; !sent && !identifiers[name] && !k.surplus[name] { // one that is being deleted, or one of Customer.io's own
			return fmt.Errorf("there is an unexpected attribute %s", name)
		}
	}
	tokens := make(map[string]appapi.Device)
	for _, d := range v.customer.Devices {
		tokens[d.Token] = d
	}
	for _, d := range account.Devices {
		got, found := tokens[d.Token]
		if !found || got.Platform != d.Type || !hasTexts(d.Attributes, got.Attributes) {
			return errors.New("a device is missing, or is different")
		}
	}
	for _, r := range account.Relationships {
		if got, found := v.relationships[relation{r.ObjectTypeID, r.ObjectID}]; !found || !hasValues(r.Attributes, got.Attributes) {
			return fmt.Errorf("the relationship to %s is missing, or is different", r.ObjectID)
		}
	}
	if n, want := len(tokens), len(account.Devices); n != want {
		return fmt.Errorf("%s, want %d", plural.Count(n, "device", "devices"), want)
	}
	if n, want := len(v.relationships), len(account.Relationships); n != want {
		return fmt.Errorf("%s, want %d", plural.Count(n, "relationship", "relationships"), want)
	}
	confirmed, others := v.pair(account.Events)
	for i, e := range account.Events {
		if confirmed[i] == nil && !older(e) {
			return fmt.Errorf("the %s %q is not in the log", e.Type, e.Name)
		}
	}
	if len(others) > 0 {
		return fmt.Errorf("the log has %s not sent", plural.Count(len(others), "activity that was", "activities that were"))
	}
	return nil
}

// identifiers are attributes that the App API shows of everybody.
var identifiers = map[string]bool{"id": true, "email": true, "cio_id": true}

// older says that an event may be too old for the log.
func older(e emulator.Event) bool { return time.Since(e.Timestamp) > logKept }

// pair finds the activity of each event, those with the same properties first, and returns the other activities.
func (v view) pair(events []emulator.Event) (of []*appapi.Activity, others []appapi.Activity) {
	type key struct {
		typ    string
		second int64
	}
	byTime := make(map[key][]*appapi.Activity)
	for i := range v.events {
		a := &v.events[i]
		at := key{eventTypes[a.Type], a.At.Unix()}
		byTime[at] = append(byTime[at], a)
	}
	of = make([]*appapi.Activity, len(events))
	used := make(map[*appapi.Activity]bool)
	for _, exact := range []bool{true, false} {
		for i, e := range events {
			if of[i] != nil {
				continue
			}
			for _, a := range byTime[key{e.Type, e.Timestamp.Unix()}] {
				if used[a] || a.Name != "" && a.Name != e.Name || exact && !sameJSON(e.Properties, a.Data.JSON()) {
					continue
				}
				of[i], used[a] = a, true
				break
			}
		}
	}
	for i := range v.events {
		if a := &v.events[i]; !used[a] {
			others = append(others, *a)
		}
	}
	return of, others
}

// person returns what Customer.io shows, with confirmed values as they were sent, and how many events are only in the account.
func (v view) person(account emulator.Person) (p emulator.Person, olders int) {
	p.ID, p.Email = v.customer.Identifiers.ID, v.customer.Identifiers.Email
	p.CustomerIOID = "cio_" + v.customer.Identifiers.CIOID
	p.Traits = make(map[string]json.RawMessage)
	for name, text := range v.customer.Attributes {
		if sent, found := account.Traits[name]; found && sameText(sent, text) {
			p.Traits[name] = sent
		} else if found || !identifiers[name] {
			p.Traits[name] = quotedText(text)
		}
	}
	sent := make(map[string]emulator.Device)
	order := make(map[string]int)
	for i, d := range account.Devices {
		sent[d.Token], order[d.Token] = d, i-len(account.Devices) // before the others
	}
	for _, d := range v.customer.Devices {
		out := emulator.Device{Token: d.Token, Type: d.Platform, UpdatedAt: d.LastUsed, Attributes: texts(d.Attributes, sent[d.Token].Attributes)}
		p.Devices = append(p.Devices, out)
	}
	slices.SortStableFunc(p.Devices, func(a, b emulator.Device) int { return order[a.Token] - order[b.Token] })
	for _, r := range v.relationships {
		p.Relationships = append(p.Relationships, emulator.Relationship{ObjectTypeID: string(r.TypeID), ObjectID: r.Object.ID, Attributes: r.Attributes})
	}
	slices.SortFunc(p.Relationships, func(a, b emulator.Relationship) int {
		return strings.Compare(a.ObjectTypeID+"\x00"+a.ObjectID, b.ObjectTypeID+"\x00"+b.ObjectID)
	})
	of, others := v.pair(account.Events)
	for i, e := range account.Events {
		switch {
		case of[i] != nil:
			if !sameJSON(e.Properties, of[i].Data.JSON()) {
				e.Properties = of[i].Data.JSON()
			}
		case older(e):
			olders++
		default:
			continue
		}
		p.Events = append(p.Events, e)
	}
	for _, a := range others {
		p.Events = append(p.Events, emulator.Event{Name: a.Name, Type: eventTypes[a.Type], Timestamp: a.At, Properties: a.Data.JSON()})
	}
	return p, olders
}

// texts returns values of the App API; those that match the sent values are returned as they were sent.
func texts(values map[string]string, sent map[string]json.RawMessage) map[string]json.RawMessage {
	out := make(map[string]json.RawMessage)
	for name, text := range values {
		if v, found := sent[name]; found && sameText(v, text) {
			out[name] = v
		} else {
			out[name] = quotedText(text)
		}
	}
	return out
}

func hasTexts(want map[string]json.RawMessage, got map[string]string) bool {
	for name, v := range want {
		if text, found := got[name]; !found || !sameText(v, text) {
			return false
		}
	}
	return true
}

func hasValues(want, got map[string]json.RawMessage) bool {
	for name, v := range want {
		if !sameJSON(v, got[name]) && !sameText(v, asText(got[name])) {
			return false
		}
	}
	return true
}

// sameText reports whether text, the App API's form of every value, is the value that was sent.
func sameText(sent json.RawMessage, text string) bool {
	var s string
	if json.Unmarshal(sent, &s) == nil && string(sent) != "null" {
		return s == text
	}
	return sameJSON(sent, json.RawMessage(text))
}

// sameJSON compares values. Numbers are the same if they are the same amount, to the last digit.
func sameJSON(a, b json.RawMessage) bool {
	x, okX := decode(a)
	y, okY := decode(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

func decode(raw json.RawMessage) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil || d.More() {
		return nil, false
	}
	return amounts(v), true
}

// amounts writes the numbers in a value in one form.
func amounts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, one := range v {
			v[name] = amounts(one)
		}
	case []any:
		for i, one := range v {
			v[i] = amounts(one)
		}
	case json.Number:
		if text := v.String(); !strings.ContainsAny(text, "eE") { // an exponent may be a number of any length
			if r, ok := new(big.Rat).SetString(text); ok {
				return json.Number(r.RatString())
			}
		}
	}
	return v
}

// asText returns the text of a string value, otherwise the value itself.
func asText(v json.RawMessage) string {
	var s string
	if json.Unmarshal(v, &s) == nil {
		return s
	}
	return string(v)
}

func quotedText(text string) json.RawMessage {
	b, _ := json.Marshal(text) // never fails
	return b
}
