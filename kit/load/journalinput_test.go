package load

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A resumed load reads its input as the journal says, or is refused with both ways. A program of another version can recognize another format in the
// same bytes: here the journal is changed to simulate that.
func TestResumeReadsAsTheJournalSays(t *testing.T) {
	rows := mixedRows(3000)
	for name, tt := range map[string]struct {
		change  func(*JournalHeader)
		refused string
	}{
		"the same":         {func(*JournalHeader) {}, ""},
		"an older journal": {func(h *JournalHeader) { h.Layouts = nil }, ""},
		"compression":      {func(h *JournalHeader) { h.Layouts[0].Compression = "gzip" }, "in.csv as gzip, CSV, and now it is"},
		"format":           {func(h *JournalHeader) { h.Layouts[0] = source.Layout{Format: source.FormatParquet} }, "in.csv as Parquet, and now it is"},
		"form of JSON": {func(h *JournalHeader) {
			h.Layouts[0] = source.Layout{Format: source.FormatJSONLines, JSON: source.JSONFormStream}
		}, "as JSON, a stream of objects, and now it is"},
		"encoding":          {func(h *JournalHeader) { h.Layouts[0].Encoding = "utf-16" }, "in.csv as CSV, in utf-16, and now it is"},
		"names of columns":  {func(h *JournalHeader) { h.Layouts[0].Columns = []string{"id", "n"} }, "as CSV, with the columns id, n, and now it is"},
		"another delimiter": {func(h *JournalHeader) { h.Dialects[0].Delimiter = ';' }, "no column"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLoadFile(t, rows)
			id := f.interrupted(nil)
			rewriteHeader(t, f.path("runs"), id, tt.change)
			l, err := Resume(f.path("runs"), id, f.job())
			if err == nil {
				defer l.Close()
				_, err = l.Run(t.Context())
			}
			if tt.refused == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.refused) {
				t.Errorf("%v, want %q", err, tt.refused)
			}
			var other *MismatchError
			if strings.Contains(tt.refused, "and now it is") && (!errors.As(err, &other) || other.What != MismatchInput || !strings.HasSuffix(other.Is, "in.csv as CSV")) {
				t.Errorf("%v", err)
			}
		})
	}
}

// rewriteHeader changes the header of a journal.
func rewriteHeader(t *testing.T, dir, id string, change func(*JournalHeader)) {
	t.Helper()
	name := filepath.Join(dir, id, journalFile)
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	sum := ""
	var all strings.Builder
	for i, line := range strings.SplitAfter(string(text), "\n") {
		if line == "" {
			break
		}
		var l journalLine
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		what, key := []byte(l.Checkpoint), "checkpoint"
		if i == 0 {
			var h JournalHeader
			if err := json.Unmarshal(l.Header, &h); err != nil {
				t.Fatal(err)
			}
			change(&h)
			if what, err = json.Marshal(h); err != nil {
				t.Fatal(err)
			}
			key = "header"
		}
		sum = chain(sum, what)
		all.WriteString(`{"sum":"` + sum + `","` + key + `":` + string(what) + "}\n")
	}
	if err := os.WriteFile(name, []byte(all.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A journal records how files of each format are read.
func TestJournalKeepsLayouts(t *testing.T) {
	for name, tt := range map[string]struct {
		text string
		cfg  source.Config
		want string
	}{
		"lines":  {`{"id":"a","n":"1"}` + "\n" + `{"id":"b","n":"2"}` + "\n", source.Config{Format: source.FormatJSONLines}, `[{"format":"jsonl","json":"lines"}]`},
		"a list": {`[{"id":"a","n":"1"}]`, source.Config{Format: source.FormatJSONLines}, `[{"format":"jsonl","json":"stream"}]`},
		"a path": {`{"data":[{"id":"a","n":"1"}]}`, source.Config{Format: source.FormatJSONLines, JSONPath: "data"}, `[{"format":"jsonl","json":"stream","json_path":"data"}]`},
		"CSV":    {"id,n\na,1\n", source.Config{}, `[{"format":"csv"}]`},
		"UTF-16": {inUTF16("id,n\na,1\n", false), source.Config{}, `[{"format":"csv","encoding":"utf-16"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLoadFile(t, tt.text)
			job := f.job()
			src, err := source.Open(f.path("in.csv"), tt.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			job.Source = src
			l, err := Start(f.path("runs"), job)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			got, err := json.Marshal(l.journal.header.Layouts)
			if err != nil || string(got) != tt.want {
				t.Errorf("%s, %v, want %s", got, err, tt.want)
			}
		})
	}
}
