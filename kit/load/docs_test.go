package load

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// block is a fenced block of a Markdown document.
type block struct {
	line       int
	lang, text string
}

func fencedBlocks(t *testing.T, file string) (blocks []block) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var open *block
	for i, line := range strings.Split(string(data), "\n") {
		fence, ok := strings.CutPrefix(line, "```")
		switch {
		case ok && open == nil:
			open = &block{line: i + 1, lang: fence}
		case ok:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line + "\n"
		}
	}
	if open != nil {
		t.Fatalf("%s:%d: the block is not closed", file, open.line)
	}
	return blocks
}

// Every mapping in the guide is one, and makes of the rows that follow it the messages that follow those.
func TestGuide(t *testing.T) {
	file := filepath.Join("..", "..", "docs", "load.md")
	blocks := fencedBlocks(t, file)
	mappings, shown := 0, 0
	for i, b := range blocks {
		if b.lang != "yaml" {
			continue
		}
		mappings++
		m, err := ParseMapping("load.md", []byte(b.text))
		if err != nil {
			t.Errorf("%s:%d: %v", file, b.line, err)
			continue
		}
		if i+2 >= len(blocks) || blocks[i+2].lang != "json" {
			continue
		}
		shown++
		in, out := blocks[i+1], blocks[i+2]
		client := new(fakeClient)
		src := mustSource(t, in.text, source.Config{Format: map[string]source.Format{"csv": source.CSV, "jsonl": source.JSONLines}[in.lang]})
		s, err := Run(t.Context(), Job{Source: src, Mapping: m, Client: client})
		if err != nil || s.RowsRejected > 0 {
			t.Errorf("%s:%d: %v, %+v", file, in.line, err, s.First)
			continue
		}
		lines := strings.Split(strings.TrimSpace(out.text), "\n")
		if len(lines) != len(client.accepted) {
			t.Errorf("%s:%d: %d messages are shown, these were made:\n%s", file, out.line, len(lines), strings.Join(client.accepted, "\n"))
			continue
		}
		for n, line := range lines {
			checkShown(t, client.accepted[n], line)
		}
	}
	if mappings < 3 || shown < 3 {
		t.Errorf("the guide has %d mappings and shows the messages of %d", mappings, shown)
	}
}

// checkShown compares a message with what a document shows of it: all but the id, the time where it was not mapped, and the library.
func checkShown(t *testing.T, message, shown string) {
	t.Helper()
	got, want := decodeObject(t, message), decodeObject(t, shown)
	if context, ok := got["context"].(map[string]any); ok {
		if delete(context, "library"); len(context) == 0 {
			delete(got, "context")
		}
	}
	for _, name := range []string{"messageId", "timestamp"} {
		if _, ok := want[name]; !ok {
			delete(got, name)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("shown %s\nmade  %s\nmembers %v", shown, message, slices.Sorted(maps.Keys(got)))
	}
}

// decodeObject decodes JSON with its numbers as they are written.
func decodeObject(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return v
}
