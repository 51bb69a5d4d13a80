package load

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The guide lists every member of a summary, with its type, and no other.
func TestSummaryIsDocumented(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "load.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "\n### The summary as JSON\n")
	rest, _, _ = strings.Cut(rest, "\n#")
	if !found {
		t.Fatal("docs/load.md has no such section")
	}
	var documented []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z ]+) \\|").FindAllStringSubmatch(rest, -1) {
		documented = append(documented, m[1]+" "+m[2])
	}
	var members []string
	list(reflect.TypeFor[Summary](), "", &members)
	for _, m := range members {
		if !slices.Contains(documented, m) {
			t.Errorf("docs/load.md does not list %s", m)
		}
	}
	for _, m := range documented {
		if !slices.Contains(members, m) {
			t.Errorf("docs/load.md lists %s, and a summary has none", m)
		}
	}
}

// list appends the members of a type's JSON form, each with its type.
func list(of reflect.Type, path string, members *[]string) {
	for i := range of.NumField() {
		name, options, _ := strings.Cut(of.Field(i).Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		name, typ := path+name, of.Field(i).Type
		if typ.Kind() == reflect.Pointer {
			typ = typ.Elem()
		}
		switch kind := typ.Kind(); {
		case typ == reflect.TypeFor[jsonVersion]() || kind == reflect.Int64 || kind == reflect.Float64:
			*members = append(*members, name+" number")
		case kind == reflect.String:
			*members = append(*members, name+" text")
		case kind == reflect.Bool:
			*members = append(*members, name+" true or false")
		case kind == reflect.Slice && typ.Elem().Kind() == reflect.String:
			*members = append(*members, name+" list of text")
		case kind == reflect.Slice:
			*members = append(*members, name+" list of objects")
			list(typ.Elem(), name+".", members)
		case kind == reflect.Struct:
			*members = append(*members, name+" object")
			list(typ, name+".", members)
		default:
			*members = append(*members, name+" "+kind.String()+options)
		}
	}
}

// A summary has its version, even a zero Summary, and a checkpoint of a journal has none.
func TestSummaryVersion(t *testing.T) {
	t.Parallel()
	for text, of := range map[string]any{`"version":1`: Summary{}, `"rows":0`: Checkpoint{}} {
		got, err := json.Marshal(of)
		if err != nil || !strings.Contains(string(got), text) {
			t.Errorf("%s, %v", got, err)
		}
		if _, checkpoint := of.(Checkpoint); checkpoint && strings.Contains(string(got), "version") {
			t.Errorf("%s", got)
		}
	}
	var s Summary
	if err := json.Unmarshal([]byte(`{"rows":3}`), &s); err != nil || s.Rows != 3 {
		t.Error(err, s.Rows)
	}
	if err := json.Unmarshal([]byte(`{"version":99,"rows":3}`), &s); err == nil {
		t.Error("a summary of another version is read")
	}
}
