package events_test

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/events"
)

type appender interface {
	AppendJSON(dst []byte) ([]byte, error)
}

// event contains the methods of an event that package cio uses.
type event interface {
	appender
	json.Marshaler
	EventName() string
}

type contextual interface{ EventContext() any }

func appendJSON(t testing.TB, v appender) []byte {
	t.Helper()
	b, err := v.AppendJSON(nil)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return b
}

func TestCatalogueMatchesStructs(t *testing.T) {
	t.Parallel()
	defs := events.All()
	if len(defs) != 72 || len(all) != 72 {
		t.Fatalf("%d definitions and %d structs, want 72 of each", len(defs), len(all))
	}
	for i, d := range defs {
		typ := reflect.TypeOf(all[i])
		if all[i].EventName() != d.Name || typ.Name() != d.Type {
			t.Errorf("definition %d is %q of %s, struct is %q of %s", i, d.Name, d.Type, all[i].EventName(), typ.Name())
		}
		if typ.NumField() != len(d.Fields)+1 || typ.Field(typ.NumField()-1).Name != d.Extra {
			t.Errorf("%s: want the fields of the catalogue, then %s", d.Type, d.Extra)
			continue
		}
		checkFields(t, typ, d.Fields)
		_, has := all[i].(contextual)
		if want := slices.ContainsFunc(d.Fields, func(f events.Field) bool { return f.Context != "" }); has != want {
			t.Errorf("%s: has EventContext: %t, want %t", d.Type, has, want)
		}
	}
}

func checkFields(t *testing.T, typ reflect.Type, fields []events.Field) {
	t.Helper()
	for i, f := range fields {
		sf := typ.Field(i)
		if got := strings.ReplaceAll(sf.Type.String(), "events.", ""); sf.Name != f.GoName || f.GoType != strings.ReplaceAll(got, "interface {}", "any") {
			t.Errorf("%s: field %d is %s %s, catalogue has %s %s", typ.Name(), i, sf.Name, got, f.GoName, f.GoType)
		}
		want := f.Name
		if f.Context != "" {
			want = "-"
		}
		if name, _, _ := strings.Cut(sf.Tag.Get("json"), ","); name != want {
			t.Errorf("%s.%s: tag %q, want %q", typ.Name(), f.GoName, name, want)
		}
		if f.Kind == events.KindObjects {
			checkFields(t, sf.Type.Elem(), f.Fields)
		}
		if f.Doc == "" {
			t.Errorf("%s.%s has no documentation", typ.Name(), f.GoName)
		}
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		if got, ok := events.Lookup(d.Name); !ok || got.Type != d.Type {
			t.Errorf("Lookup(%q) = %s, %t", d.Name, got.Type, ok)
		}
	}
	for _, name := range []string{"", "order completed", "Order Completed ", "ZZZ"} {
		if _, ok := events.Lookup(name); ok {
			t.Errorf("Lookup(%q) found something", name)
		}
	}
}

func TestAllIsTheCallers(t *testing.T) {
	t.Parallel()
	events.All()[0] = events.Definition{}
	if events.All()[0].Name == "" {
		t.Error("a change of what All returned is seen by the next caller")
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	var got []string
	for _, d := range events.All() {
		if d.Acts {
			got = append(got, d.Name)
		}
	}
	want := []string{"Device Created or Updated", "Device Deleted", "Object Deleted", "Relationship Deleted", "Report Content Event",
		"Report Delivery Event", "User Deleted", "User Suppressed", "User Unsuppressed"}
	if !slices.Equal(got, want) {
		t.Errorf("commands: %q\nwant %q", got, want)
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	type demanding interface{ Missing() string }
	for i, d := range events.All() {
		required := slices.DeleteFunc(slices.Clone(d.Fields), func(f events.Field) bool { return !f.Required })
		empty, ok := all[i].(demanding)
		if ok != (len(required) > 0) {
			t.Errorf("%s has %d required fields; has Missing: %t", d.Type, len(required), ok)
		}
		if !ok {
			continue
		}
		// The fields are set one by one, each as soon as Missing asks for it.
		v := reflect.New(reflect.TypeOf(empty)).Elem()
		var asked []string
		for range d.Fields {
			path := v.Interface().(demanding).Missing()
			if path == "" {
				break
			}
			asked = append(asked, path)
			for _, f := range required {
				if path == f.Context || path == "properties."+f.Name {
					v.FieldByName(f.GoName).SetString("x")
				}
			}
		}
		if len(asked) != len(required) || v.Interface().(demanding).Missing() != "" {
			t.Errorf("%s: Missing asked for %q, want each of the %d required fields once", d.Type, asked, len(required))
		}
	}
}

func TestEventContext(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		event contextual
		want  string // empty: nil
	}{
		{events.DeviceDeleted{}, ""},
		{events.DeviceDeleted{Extra: map[string]any{"a": 1}}, ""},
		{events.DeviceDeleted{Token: "t"}, `{"device":{"token":"t"}}`},
		{events.DeviceCreatedOrUpdated{AppNamespace: "io.app"}, `{"app":{"namespace":"io.app"}}`},
		{events.DeviceCreatedOrUpdated{Token: "t", Platform: events.PlatformIOS, AppNamespace: "io.app", Attributes: map[string]any{"a": 1}},
			`{"device":{"token":"t","type":"ios"},"app":{"namespace":"io.app"}}`},
		{events.EmailOpened{EmailID: "e"}, ""},
		{events.EmailOpened{EmailID: "e", UserAgent: `a"b`}, `{"traits":{"user_agent":"a\"b"}}`},
		{events.EmailBounced{Email: "a@example.com"}, `{"traits":{"email":"a@example.com"}}`},
	} {
		got := tt.event.EventContext()
		if tt.want == "" {
			if got != nil {
				t.Errorf("%T: EventContext() = %v, want nil", tt.event, got)
			}
			continue
		}
		if b := appendJSON(t, got.(appender)); string(b) != tt.want {
			t.Errorf("%T: EventContext() appends %s, want %s", tt.event, b, tt.want)
		}
		if b, err := json.Marshal(got); err != nil || string(b) != tt.want {
			t.Errorf("%T: EventContext() marshals to %s, %v, want %s", tt.event, b, err, tt.want)
		}
	}
}
