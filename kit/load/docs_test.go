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

	"github.com/ciokit/cio/kit/mapping"
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

// Every mapping in the guide is valid, and makes the messages that follow it from the rows that follow it.
func TestGuide(t *testing.T) {
	t.Parallel()
	guideMakesWhatItShows(t, filepath.Join("..", "..", "docs", "load.md"), 3)
	guideMakesWhatItShows(t, filepath.Join("..", "..", "docs", "cleaning.md"), 1)
}

func guideMakesWhatItShows(t *testing.T, file string, least int) {
	t.Helper()
	blocks := fencedBlocks(t, file)
	mappings, shown := 0, 0
	for i, b := range blocks {
		if b.lang != "yaml" {
			continue
		}
		mappings++
		m, err := mapping.Parse(filepath.Base(file), []byte(b.text))
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
		src := mustSource(t, in.text, source.Config{Format: map[string]source.Format{"csv": source.FormatCSV, "jsonl": source.FormatJSONLines}[in.lang]})
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
	if mappings < least || shown < least {
		t.Errorf("the guide has %d mappings and shows the messages of %d", mappings, shown)
	}
}

// The guide to rejects shows what is written and what is read, step by step.
func TestRejectsGuide(t *testing.T) {
	t.Parallel()
	file := filepath.Join("..", "..", "docs", "rejects.md")
	var blocks []block
	for _, b := range fencedBlocks(t, file) {
		if slices.Contains([]string{"yaml", "csv", "jsonl", "json"}, b.lang) {
			blocks = append(blocks, b)
		}
	}
	if len(blocks) != 7 {
		t.Fatalf("%s has %d blocks of rows", file, len(blocks))
	}
	mapping, in, lines, mendedLines, messages, table, mendedTable := blocks[0], blocks[1], blocks[2], blocks[3], blocks[4], blocks[5], blocks[6]
	shown := strings.Split(strings.TrimSpace(messages.text), "\n")
	for _, form := range []struct{ rejects, mended block }{{lines, mendedLines}, {table, mendedTable}} {
		l := &loop{t: t, mapping: mapping.text, csv: form.rejects.lang == "csv"}
		rejects, _, _ := l.loadText(in.text)
		if rejects != form.rejects.text {
			t.Errorf("%s:%d: the rejects are\n%s", file, form.rejects.line, rejects)
		}
		again, sent, s := l.loadText(form.mended.text)
		if s.RowsRejected != 1 || len(sent) != len(shown) || !strings.HasSuffix(rejects, again[strings.LastIndexByte(strings.TrimSpace(again), '\n')+1:]) {
			t.Errorf("%s:%d: %+v\n%s", file, form.mended.line, s, again)
		}
		for _, message := range sent {
			for _, want := range shown {
				if id := want[:strings.Index(want, `"traits"`)]; strings.Contains(message, id[strings.Index(id, `"userId"`):]) {
					checkShown(t, message, want)
				}
			}
		}
	}
}

// checkShown compares a message with what a document shows, except the id, the time if it was not mapped, and the library.
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

// decodeObject decodes JSON and keeps its numbers as they are written.
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
