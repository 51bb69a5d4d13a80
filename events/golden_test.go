package events_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// wireForm is what an event adds to a track call, formatted for readers.
func wireForm(t *testing.T, e event) []byte {
	t.Helper()
	b := append([]byte(`{"event":"`+e.EventName()+`","properties":`), appendJSON(t, e)...)
	if c, ok := e.(contextual); ok {
		if ctx := c.EventContext(); ctx != nil {
			b = append(b, `,"context":`...)
			b = append(b, appendJSON(t, ctx.(appender))...)
		}
	}
	b = append(b, '}')
	var compact, indented bytes.Buffer
	if err := json.Compact(&compact, b); err != nil {
		t.Fatalf("%s: %v in %s", e.EventName(), err, b)
	}
	if !bytes.Equal(compact.Bytes(), b) {
		t.Errorf("%s: there is white space in %s", e.EventName(), b)
	}
	if err := json.Indent(&indented, b, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(indented.Bytes(), '\n')
}

func TestGolden(t *testing.T) {
	dir := filepath.Join("testdata", "golden")
	known := map[string]bool{}
	for _, e := range all {
		for kind, v := range map[string]event{"none": e, "all": filled(e).(event)} {
			name := strings.ReplaceAll(strings.ToLower(e.EventName()), " ", "_") + "." + kind + ".json"
			known[name] = true
			path := filepath.Join(dir, name)
			got := wireForm(t, v)
			if *update {
				if err := os.MkdirAll(dir, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v; go test ./events -update writes it", err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is not what is sent now:\n%s", path, got)
			}
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !known[entry.Name()] {
			t.Errorf("%s belongs to no event", filepath.Join(dir, entry.Name()))
		}
	}
}

// TestRoundTrip decodes the appended bytes into the struct again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, e := range all {
		full := filled(e)
		back := reflect.New(reflect.TypeOf(e))
		if err := json.Unmarshal(appendJSON(t, full.(event)), back.Interface()); err != nil {
			t.Errorf("%T: %v", e, err)
			continue
		}
		// The test compares what they send, because the time has another zone after decoding.
		if got, want := appendJSON(t, back.Elem().Interface().(event)), appendJSON(t, full.(event)); !bytes.Equal(got, want) {
			t.Errorf("%T: came back as %s, went out as %s", e, got, want)
		}
	}
}
