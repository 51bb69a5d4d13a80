package emulator

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unique"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// Limits of the store behind the API (docs/rules.md#attributes).
const (
	maxAttributeNameBytes  = 150
	maxAttributeValueBytes = 1_000
	maxAttributes          = 300
	maxObjectBytes         = 100_000
)

// attribute is one trait of a person, or one attribute of an object, a
// relationship or a device. Names repeat across people, so they are interned.
type attribute struct {
	name   unique.Handle[string]
	value  string     // raw JSON
	origin *originRef // the message that gave it the value
}

// attributes is sorted by name. A slice takes a fraction of a map's memory at
// the sizes that occur, and has an order.
type attributes []attribute

func (as attributes) search(name string) (int, bool) {
	return slices.BinarySearchFunc(as, name, func(a attribute, name string) int {
		return cmp.Compare(a.name.Value(), name)
	})
}

func (as attributes) get(name string) string {
	if i, found := as.search(name); found {
		return as[i].value
	}
	return ""
}

// set stores a copy of the raw value, and the message that it came with. If a
// value is sent again, the first message stays. null and the empty string
// remove the attribute (docs/rules.md#attributes).
func (as *attributes) set(name, value string, m *decodedMessage) {
	i, found := as.search(name)
	remove := value == "null" || value == `""`
	switch {
	case remove && found:
		*as = slices.Delete(*as, i, i+1)
	case remove:
	case found:
		if (*as)[i].value != value {
			(*as)[i].value, (*as)[i].origin = strings.Clone(value), m.from()
		}
	default:
		*as = slices.Insert(*as, i, attribute{unique.Make(name), strings.Clone(value), m.from()})
	}
}

// add puts an attribute that as lacks.
func (as *attributes) add(a attribute) {
	i, _ := as.search(a.name.Value())
	*as = slices.Insert(*as, i, a)
}

// bytes is the length of the names and values.
func (as attributes) bytes() int {
	n := 0
	for _, a := range as {
		n += len(a.name.Value()) + len(a.value)
	}
	return n
}

// export returns a copy that can be used without the workspace's lock. It is
// never nil, so that it encodes to an object.
func (as attributes) export() map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(as))
	for _, a := range as {
		m[a.name.Value()] = json.RawMessage(a.value)
	}
	return m
}

// attributeWriter applies the members of one JSON object to attributes, and
// collects the warnings on the way.
type attributeWriter struct {
	m         *decodedMessage
	path      string // of the object in the message, with a final dot
	keepDates bool
	byTime    bool // an older message changes nothing that a newer one set
}

// merge applies the raw object to as. Members whose name skip reports true
// for are left out; skip may be nil.
func (w attributeWriter) merge(as *attributes, object string, skip func(name string) bool) {
	if object == "" {
		return
	}
	sent := 0
	for name, value := range rawjson.Members(object) {
		if skip != nil && skip(name) {
			continue
		}
		sent++
		w.set(as, name, value)
	}
	if n := max(sent, len(*as)); n > maxAttributes {
		w.m.warnDetail(ruleAttributeCount, strings.TrimSuffix(w.path, "."), strconv.Itoa(n))
	}
}

func (w attributeWriter) set(as *attributes, name, value string) {
	if len(name) > maxAttributeNameBytes {
		w.m.warnDetail(ruleAttributeName, strings.TrimSuffix(w.path, "."), strconv.Itoa(len(name))+" bytes")
	}
	if n := valueBytes(value); n > maxAttributeValueBytes {
		w.m.warnDetail(ruleAttributeValue, w.path+clip(name), strconv.Itoa(n)+" bytes")
	}
	if w.outdated(*as, name) {
		return
	}
	if !w.keepDates {
		value = unixDates(value, 0)
	}
	as.set(name, value, w.m)
	if w.byTime {
		if i, found := as.search(name); found {
			(*as)[i].origin = w.m.from() // the newest that said so
		}
	}
}

// outdated reports whether a newer message has set the attribute. What was
// removed is not remembered.
func (w attributeWriter) outdated(as attributes, name string) bool {
	if !w.byTime {
		return false
	}
	i, found := as.search(name)
	newer := found && as[i].origin != nil && as[i].origin.sent > w.m.at.UnixMilli()
	if newer {
		w.m.deeds |= deedOutdated
	}
	return newer
}

// valueBytes is the length of what a raw value stands for: of a string without
// its quotes and escapes, of anything else as JSON.
func valueBytes(raw string) int {
	if len(raw) > maxAttributeValueBytes && rawjson.IsString(raw) {
		return len(rawjson.Unquote(raw))
	}
	return len(raw)
}

// clip keeps a warning from repeating a name of thousands of bytes.
func clip(name string) string {
	if len(name) <= maxAttributeNameBytes {
		return name
	}
	return strings.ToValidUTF8(name[:maxAttributeNameBytes], "") + "..."
}

const subscriptionPreferences = "cio_subscription_preferences"

// maxPathDepth bounds the dots of a subscription preference's path.
const maxPathDepth = 8

// setPreference applies a trait such as
// "cio_subscription_preferences.topics.topic_1" to one leaf of the preferences,
// leaving the rest as it is (docs/rules.md#attributes). It reports false for a
// name that is not such a path.
func setPreference(as *attributes, name, value string, m *decodedMessage) bool {
	path, ok := strings.CutPrefix(name, subscriptionPreferences+".")
	if !ok || strings.Count(path, ".") >= maxPathDepth {
		return false
	}
	preferences := as.get(subscriptionPreferences)
	as.set(subscriptionPreferences, setPath(preferences, strings.Split(path, "."), value), m)
	return true
}

// setPath returns the raw object with the leaf at path set to value, or
// removed if value is null. Whatever is not an object on the way is replaced.
func setPath(object string, path []string, value string) string {
	var b strings.Builder
	put := func(name, value string) {
		if b.Len() > 0 {
			b.WriteByte(',')
		}
		b.WriteString(rawjson.Quote(name) + ":" + value)
	}
	old := ""
	if rawjson.IsObject(object) {
		for name, v := range rawjson.Members(object) {
			if name == path[0] {
				old = v
			} else {
				put(name, v)
			}
		}
	}
	switch {
	case len(path) > 1:
		put(path[0], setPath(old, path[1:], value))
	case value != "null":
		put(path[0], value)
	}
	return "{" + b.String() + "}"
}
