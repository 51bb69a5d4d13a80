package load

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// jsonInputs write people in JSON forms whose rows do not end with their lines. cut says where each can be cut off so that the rest looks complete.
var jsonInputs = map[string]struct {
	before, between, after string
	cfg                    source.Config
}{
	"a list":                {"[", ",", "]", source.Config{}},
	"a list over lines":     {"[\n", ",\n", "\n]\n", source.Config{}},
	"objects over lines":    {"", "\n", "\n", source.Config{}},
	"rows within an object": {"{\"n\":[],\"data\":[", ",\n", "],\n\"next\":null}", source.Config{JSONPath: "data"}},
}

// writePeople writes people in a form of JSON.
func writePeople(people []string, before, between, after string) string {
	var b strings.Builder
	b.WriteString(before)
	for i, id := range people {
		if i > 0 {
			b.WriteString(between)
		}
		fmt.Fprintf(&b, "{\n  \"id\": \"%s\",\r\n  \"n\": %d\n}", id, i)
	}
	b.WriteString(after)
	return b.String()
}

func somePeople(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("p%d", i))
	}
	return ids
}

// A load of JSON whose rows span lines is resumed where it stopped: everybody is sent, and rejects keep their lines.
func TestResumeJSONOverLines(t *testing.T) {
	t.Parallel()
	for name, form := range jsonInputs {
		people := somePeople(1500)
		people[7], people[1400] = "", "" // two rows that are rejected
		text := writePeople(people, form.before, form.between, form.after)
		f := newLoadFile(t, text)
		open := func(j *Job) {
			cfg := form.cfg
			cfg.Format = source.FormatJSONLines
			src, err := source.Open(f.path("in.csv"), cfg)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { src.Close() })
			j.Source = src
		}
		id := f.interrupted(open)
		job := f.job()
		open(&job)
		l, err := Resume(f.path("runs"), id, job)
		if err != nil {
			t.Fatal(name, err)
		}
		s, err := l.Run(t.Context())
		if err != nil || s.Rows != 1500 || s.RowsRejected != 2 || s.Accepted != 1498 {
			t.Errorf("%s: %v, %s", name, err, counts(s))
		}
		sent := strings.Join(f.client.accepted, "\n")
		for _, who := range people {
			if who != "" && !strings.Contains(sent, `"userId":"`+who+`"`) {
				t.Errorf("%s: %s is missing", name, who)
			}
		}
		for _, at := range []int{7, 1400} {
			line := 1 + strings.Count(writePeople(people[:at], form.before, form.between, form.between), "\n")
			if !strings.Contains(f.read("rejects.jsonl"), fmt.Sprintf(`"line":%d,`, line)) {
				t.Errorf("%s: no reject of line %d: %s", name, line, f.read("rejects.jsonl"))
			}
		}
	}
}

// A mirror of JSON or of a compressed file that is cut off or broken anywhere deletes nobody, and reports the error.
func TestMirrorOfCutInputs(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"
	table := "id,n\n" + strings.Join(somePeople(40), ",1\n") + ",1\n"
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	io.WriteString(w, table)
	w.Close()
	type input struct {
		text string
		cfg  source.Config
	}
	inputs := map[string]input{"gzip": {packed.String(), source.Config{}}}
	for name, form := range jsonInputs {
		form.cfg.Format = source.FormatJSONLines
		if form.before != "" { // a sequence of objects can end anywhere
			inputs[name] = input{writePeople(somePeople(40), form.before, form.between, form.after), form.cfg}
		}
	}
	for name, in := range inputs {
		dir := t.TempDir()
		load := func(text string) (Summary, error) {
			file := filepath.Join(dir, "in")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			src, err := source.Open(file, in.cfg)
			if err != nil {
				return Summary{}, err
			}
			defer src.Close()
			return Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, yaml), Client: new(fakeClient), MaxDeletes: 100,
				Changes: ChangeOnly{Snapshot: filepath.Join(dir, "snapshot"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100}})
		}
		if s, err := load(in.text); err != nil || s.Accepted != 40 {
			t.Fatalf("%s: %v, %s", name, err, counts(s))
		}
		for at := 1; at < 10; at += 2 {
			cut := strings.TrimRight(in.text[:len(in.text)*at/10], " \r\n")
			broken := cut + "\x01" + in.text[len(cut):]
			if name == "gzip" {
				broken = cut // the damage is noticed only after invented rows
			}
			for _, text := range []string{cut, broken} {
				s, err := load(text)
				if err == nil || s.Removed != 0 || s.Left != 0 {
					t.Errorf("%s cut or broken at %d of %d bytes: %v, %s", name, len(cut), len(in.text), err, counts(s))
				}
			}
		}
		if s, err := load(in.text); err != nil || s.Removed != 0 {
			t.Errorf("%s, complete again: %v, %s", name, err, counts(s))
		}
	}
}

// If reading fails, the load ends with exact counts: the rows before are sent, and nothing is called complete.
func TestAccountsOfABrokenList(t *testing.T) {
	t.Parallel()
	text := writePeople(somePeople(5000), "[", ",\n", ",]")
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, text, source.Config{}), Mapping: mustMapping(t, people), Client: client})
	if !errors.Is(err, ErrSource) || !strings.Contains(err.Error(), "line 20000: there is a comma before") {
		t.Errorf("got %v", err)
	}
	if s.Complete || s.Rows != 5000 || s.Accepted != 5000 || len(client.accepted) != 5000 {
		t.Errorf("%s, %d were sent", counts(s), len(client.accepted))
	}
}
