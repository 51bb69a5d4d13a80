package eventspec

import (
	"errors"
	"os"
	"strings"
	"testing"
)

const valid = `# a comment
enum Colour
  A colour.
  Red  "red"  The colour of blood.

group base
  product_id  string  The product.

object Item
  Is an item.
  use base

category shop "The Shop"

event ThingBought "Thing Bought"
  Reports a purchase.
  schema thing_bought
  by userId
  acts
  note First.
  note Second.
  extra More What else there is.
  use base
  image_url*                      string              A picture.
  sound                           integer[0..100]     The volume.
  total                           integer[seconds]    The time.
  objectTypeId                    integer[default=1]  The type.
  colour                          Colour              The colour.
  items                           []Item              The items.
  tags                            []string            The tags.
  context.device.type as Platform string              The platform.

misnomer "Thing Got" "Thing Bought"
`

func TestParse(t *testing.T) {
	t.Parallel()
	spec, err := Parse("events.txt", valid)
	if err != nil {
		t.Fatal(err)
	}
	e, ok := spec.Event("Thing Bought")
	if !ok || e.Type != "ThingBought" || e.Category != "shop" || e.Schema != "thing_bought" || e.By != "userId" || !e.Acts || len(e.Notes) != 2 ||
		e.Extra != (Extra{"More", "What else there is."}) || e.Doc != "Reports a purchase." || e.Line != 15 {
		t.Errorf("event: %+v", e)
	}
	if len(e.Properties) != 8 || len(e.Context) != 1 {
		t.Fatalf("%d properties, %d fields of the context", len(e.Properties), len(e.Context))
	}
	url, sound, typ := e.Properties[1], e.Properties[2], e.Properties[4]
	if url.GoName != "ImageURL" || !url.Required || url.Doc != "A picture." {
		t.Errorf("image_url: %+v", url)
	}
	if sound.Type != "integer" || *sound.Min != 0 || *sound.Max != 100 || sound.Required {
		t.Errorf("sound: %+v", sound)
	}
	if e.Properties[3].Unit != "seconds" || typ.GoName != "ObjectTypeID" || *typ.Default != 1 {
		t.Errorf("total, objectTypeId: %+v, %+v", e.Properties[3], typ)
	}
	if items, tags := e.Properties[6], e.Properties[7]; items.Type != "Item" || !items.List || tags.Type != "[]string" || tags.List {
		t.Errorf("items, tags: %+v, %+v", items, tags)
	}
	if c := e.Context[0]; c.Name != "type" || c.Path != "context.device.type" || c.GoName != "Platform" {
		t.Errorf("context: %+v", c)
	}
	if o, ok := spec.Object("Item"); !ok || len(o.Fields) != 1 || o.Fields[0].GoName != "ProductID" {
		t.Errorf("object: %+v", o)
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	// body adds lines to an event that is otherwise valid. Its first line is line 5 of the file.
	body := func(s string) string {
		return "category c \"C\"\nevent E \"E\"\n  Reports it.\n  schema e\n" + s
	}
	for _, tt := range []struct {
		name, text, want string
	}{
		{"unknown block", "evnt E \"E\"", "f:1: unknown block \"evnt\""},
		{"indented outside", "  x string X.", "f:1: an indented line outside any block"},
		{"event before category", "event E \"E\"\n  Reports.\n  schema e", "f:1: event \"E\" comes before any category"},
		{"unquoted name", body("event F F"), "f:5: want: event GoName"},
		{"unexported type", body("event f \"F\"\n  Reports.\n  schema f"), "f:5: \"f\" is not an exported Go name"},
		{"type twice", body("event E \"F\"\n  Reports.\n  schema f"), "f:5: E is already declared at line 2"},
		{"name twice", body("event F \"E\"\n  Reports.\n  schema f"), "f:5: event \"E\" is already defined"},
		{"no documentation", body("event F \"F\"\n\nevent G \"G\"\n  Reports.\n  schema g"), "f:5: event F lacks its first line"},
		{"no full stop", body("event F \"F\"\n  Reports\n  schema f"), "f:6: the first line says what it is and ends in a full stop"},
		{"no schema", "category c \"C\"\nevent E \"E\"\n  Reports.", "f:2: event \"E\" needs a schema line"},
		{"schema twice", body("event F \"F\"\n  Reports.\n  schema e"), "f:5: event \"F\" needs a schema line that no other event has"},
		{"bad by", body("  by email"), "f:5: want: by userId"},
		{"bad extra", body("  extra more Things."), "f:5: want: extra GoName Meaning."},
		{"no meaning", body("  x string"), "f:5: x: want a meaning that ends in a full stop"},
		{"unknown type", body("  x strng X."), "f:5: unknown type strng"},
		{"unknown list", body("  x []Thing X."), "f:5: []Thing: only []string and lists of objects are lists"},
		{"single object", "object O\n  Is.\n" + body("  x O X."), "f:7: O: a single nested object"},
		{"field twice", body("  x string X.\n  x string X."), "f:6: E has the field x twice"},
		{"Go name twice", body("  a_b string X.\n  aB string X."), "f:6: E has two fields called AB in Go"},
		{"field called as the extra one", body("  x as Extra string X."), "f:2: E has two fields called Extra in Go"},
		{"no wire name", body("  a-b string X."), "f:5: \"a-b\" is not a name of a field"},
		{"context too short", body("  context.x string X."), "f:5: context.x: a field is a property, or is in an object"},
		{"context of an object", "object O\n  Is.\n  context.a.b string X.", "f:3: context.a.b: a field is"},
		{"number in the context", body("  context.a.b number X."), "f:5: context.a.b: fields of the context are strings"},
		{"as an unexported name", body("  x as x string X."), "f:5: \"x\" is not an exported Go name"},
		{"digit first", body("  1x string X."), "f:5: \"1x\" is not an exported Go name"},
		{"method", body("  event_name string X."), "f:5: EventName is the name of a method"},
		{"unclosed bracket", body("  x integer[0..1 X."), "f:5: x: the bracket after the type is not closed"},
		{"range backwards", body("  x integer[5..1] X."), "f:5: x: \"5..1\" is not a range"},
		{"range of a string", body("  x string[0..1] X."), "f:5: x: only numbers have ranges"},
		{"bad default", body("  x integer[default=one] X."), "f:5: x: the default \"one\" is not an integer"},
		{"two units", body("  x integer[a,b] X."), "f:5: x: want one range"},
		{"unknown group", body("  use nothing"), "f:5: there is no group \"nothing\" above"},
		{"group twice", "group g\n  x string X.\ngroup g", "f:3: group g is already defined"},
		{"bad enum value", "enum A\n  An A.\n  B b", "f:3: want: GoName \"wire value\" Meaning."},
		{"bad category", "category C \"C\"", "f:1: want: category key"},
		{"misnomer of an unknown event", body("misnomer \"F\" \"G\""), "f:5: there is no event \"G\""},
		{"misnomer of itself", body("misnomer \"E\" \"E\""), "f:5: \"E\" is an event, not a misnomer"},
		{"half a misnomer", body("misnomer \"E\""), "f:5: want: misnomer"},
	} {
		spec, err := Parse("f", tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want %s", tt.name, err, tt.want)
		}
		if spec != nil {
			t.Errorf("%s: a spec beside the error", tt.name)
		}
		var e *Error
		if !errors.As(err, &e) || e.File != "f" {
			t.Errorf("%s: %T is not an *Error", tt.name, err)
		}
	}
}

func TestParseStopsCounting(t *testing.T) {
	t.Parallel()
	_, err := Parse("f", strings.Repeat("x\n", 100))
	if n := strings.Count(err.Error(), "unknown block"); n != maxErrors {
		t.Errorf("reported %d errors, want %d", n, maxErrors)
	}
}

func TestGoName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"product_id": "ProductID", "objectTypeId": "ObjectTypeID", "image_url": "ImageURL", "sku": "SKU", "ip": "IP",
		"content_asset_ids": "ContentAssetIDs", "droppedFrames": "DroppedFrames", "video_player": "VideoPlayer", "_x__y": "XY", "": ""} {
		if got := GoName(name); got != want {
			t.Errorf("GoName(%q) = %q, want %q", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(valid)
	if b, err := os.ReadFile("../../../spec/events.txt"); err == nil {
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, text string) {
		spec, err := Parse("f", text)
		if (spec == nil) == (err == nil) {
			t.Errorf("spec %v, error %v", spec, err)
		}
		if err != nil {
			return
		}
		for _, e := range spec.Events {
			for _, field := range append(e.Properties, e.Context...) {
				if !isWireName(field.Name) || field.GoName == "" || field.Doc == "" {
					t.Errorf("%q: accepted the field %+v", e.Name, field)
				}
			}
		}
	})
}

func TestParseExceptions(t *testing.T) {
	t.Parallel()
	list, err := ParseExceptions("f", "# none\nours a b.c Because.\nschema x_* Not one of them.\n")
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 2 || list[0] != (Exception{Kind: Ours, Schema: "a", Path: "b.c", Reason: "Because.", Line: 2}) {
		t.Errorf("parsed %+v", list)
	}
	for _, tt := range []struct {
		kind, schema, path string
		want               bool
	}{{Ours, "a", "b.c", true}, {Ours, "a", "b", false}, {Theirs, "a", "b.c", false}, {NotAnEvent, "x_y", "", true}, {NotAnEvent, "xy", "", false}} {
		if _, ok := list.Find(tt.kind, tt.schema, tt.path); ok != tt.want {
			t.Errorf("Find(%s, %s, %s) = %t", tt.kind, tt.schema, tt.path, ok)
		}
	}
	for text, want := range map[string]string{"hers a b C.": "f:1: unknown kind hers", "\nours a b": "f:2: want:", "schema [ X.": "f:1: want:"} {
		if _, err := ParseExceptions("f", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %s", text, err, want)
		}
	}
}
