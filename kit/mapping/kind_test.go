package mapping

import (
	"bytes"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
)

// Every semantic event can be written by its name, and no property of one hides a field of its message.
func TestEventsByName(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		k := kinds[snakeCase(d.Name)]
		if k == nil || k.event != d.Name {
			t.Errorf("%s cannot be written as %s", d.Name, snakeCase(d.Name))
			continue
		}
		for _, f := range d.Fields {
			for name := range fieldNames {
				if fieldNames[name] == f.Name && (field(name) >= fieldTexts || field(name) == fieldUserID || field(name) == fieldAnonymousID) {
					t.Errorf("%s: the property %s is also a field", d.Name, f.Name)
				}
			}
		}
	}
}

// The kinds with a command make the same messages as their types in package cio.
func TestActionsAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	for _, k := range actions {
		v := &values{}
		for _, f := range k.fields {
			if f < fieldTexts {
				v.text[f] = "1"
			}
		}
		v.text[fieldPlatform], v.text[fieldMetric], v.text[fieldActionType] = string(cio.PlatformIOS), string(cio.MetricOpened), string(cio.ContentActionViewed)
		m, bad := k.message(v)
		if bad != nil {
			t.Errorf("%s: %v", k.name, bad)
			continue
		}
		e, err := cio.Encode(m)
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		data, _ := e.AppendJSON(nil)
		if e.Type() != k.typ || k.event != "" && !bytes.Contains(data, []byte(`"event":"`+k.event+`"`)) {
			t.Errorf("%s is declared as %s %q and makes %s", k.name, k.typ, k.event, data)
		}
	}
}
