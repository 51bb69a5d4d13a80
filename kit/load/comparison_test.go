package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// An input is compared with the snapshot by the people that it names, with every kind of snapshot. Too great a difference is a reason to stop. New
// people alone are not, if nobody is gone.
func TestComparison(t *testing.T) {
	t.Parallel()
	const (
		people  = "messages:\n  - identify: {userId: $id, traits: {email: $email}}\n"
		deletes = people + "  - delete_person: {userId: $id}\n    when: =email == \"gone\"\n"
		events  = people + "  - track: {userId: $id, event: Seen, messageId: [$id]}\n"
	)
	rows := func(prefix string, from, to int, domain string) string {
		var b strings.Builder
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "%s%d,a%d@%s\n", prefix, i, i, domain)
		}
		return b.String()
	}
	hundred := rows("u", 0, 100, "x.example")
	for name, c := range map[string]struct {
		mapping, then string // then is the mapping of the second load, if it differs
		ids           bool
		old, now      string
		stop          string // text of the error; "" for none
		warned        bool
		known, gone   int64
	}{
		"the same":                              {people, "", false, hundred, hundred, "", false, 200, 0},
		"the same with ids":                     {people, "", true, hundred, hundred, "", false, 100, 0},
		"all ids are others":                    {people, "", false, hundred, rows("x", 0, 100, "x.example"), "100 of the 100 rows that identify somebody have ids that are not in", false, 200, 100},
		"all ids are others, addresses known":   {people, "", true, hundred, rows("x", 0, 100, "x.example"), "100 of the 100 rows that identify somebody have ids that are not in", false, 100, 0},
		"other people":                          {people, "", true, hundred, rows("x", 0, 100, "y.example"), "100 of the 100 people of the snapshot are not in the input, and 100 of the 100 rows of the input are new", false, 100, 100},
		"other people and events":               {events, "", false, hundred, rows("x", 0, 100, "y.example"), "the snapshot, which contains other ids", false, -1, -1},
		"over half are gone":                    {people, "", true, hundred, rows("u", 0, 49, "x.example"), "51 of the 100 people", false, 100, 51},
		"half are gone":                         {people, "", true, hundred, rows("u", 0, 50, "x.example"), "", false, 100, 50},
		"nearly all are new and nobody is gone": {people, "", true, rows("u", 0, 12, "x.example"), rows("u", 0, 1000, "x.example"), "", false, 12, 0},
		"a few rows that are all others":        {people, "", true, rows("u", 0, 10, "x.example"), rows("x", 0, 10, "y.example"), "", false, 10, 10},
		"another mapping, which deletes":        {people, deletes, false, hundred, hundred, "", true, -1, -1},
		"rows without a message are not gone":   {people, "messages:\n  - identify: {userId: $id, traits: {email: $email}}\n    when: =id == \"u1\"\n", true, hundred, hundred, "", false, 100, 0},
		"all say something else":                {people, "", true, hundred, rows("u", 0, 100, "y.example"), "", true, 100, 0},
		"a tenth does not":                      {people, "", true, hundred, rows("u", 0, 89, "y.example") + rows("u", 89, 100, "x.example"), "", false, 100, 0},
		"no row":                                {people, "", true, hundred, "", "100 of the 100 people of the snapshot are not in the input, because none of its rows identifies anybody: check if the export failed; if the input is wrong, correct it", false, 100, 100},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "s")
			job := Job{Source: mustSource(t, "id,email\n"+c.old, source.Config{}), Mapping: mustMapping(t, c.mapping), Client: new(fakeClient), Changes: ChangeOnly{Snapshot: file, IDs: c.ids}}
			if _, err := Run(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			if c.then != "" {
				job.Mapping = mustMapping(t, c.then)
			}
			plan := func() *Comparison {
				t.Helper()
				job.Source = mustSource(t, "id,email\n"+c.now, source.Config{})
				p, err := MakePlan(t.Context(), job, AllRows)
				if err != nil {
					t.Fatal(err)
				}
				return p.Comparison
			}
			got := plan()
			err := got.Stop()
			if (c.stop == "") != (err == nil) || err != nil && (!strings.Contains(err.Error(), c.stop) || !errors.Is(err, ErrDiffers)) {
				t.Errorf("got %v, want %q", err, c.stop)
			}
			if warned := got.Warning() != ""; warned != c.warned || got.Known != c.known || got.Gone != c.gone {
				t.Errorf("warns %t, %+v", warned, got)
			}
			for _, meant := range []ChangeOnly{{MaxShrink: 100}, {NewMapping: true}} {
				meant.Snapshot, meant.IDs = file, c.ids
				job.Changes = meant
				if err := plan().Stop(); err != nil {
					t.Errorf("%+v is not enough: %v", meant, err)
				}
			}
		})
	}
}

// If columns that the mapping has read are gone or have another type, that is a reason to stop. New columns and another order are not.
func TestComparisonOfColumns(t *testing.T) {
	t.Parallel()
	const all = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id]}}}\n"
	file := filepath.Join(t.TempDir(), "s")
	job := Job{Source: mustSource(t, "id,email,plan\n1,a@x.example,free\n", source.Config{}), Mapping: mustMapping(t, all), Client: new(fakeClient), Changes: ChangeOnly{Snapshot: file}}
	if _, err := Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	for in, tt := range map[string]struct{ want, warning string }{
		"id,email,plan\n1,a,b\n":           {"", ""},
		"plan,id,email\n1,a,b\n":           {"", ""},
		"id,email,plan,synced_at\n1,,,x\n": {"", `the input has 1 column that the last load did not have: "synced_at"`},
		"id,email,tier\n1,a,b\n":           {`it no longer has the column "plan"`, `"tier"`},
	} {
		job.Source = mustSource(t, in, source.Config{})
		p, err := MakePlan(t.Context(), job, AllRows)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Comparison.Stop(); (tt.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %v, want %q", in, err, tt.want)
		}
		if warning := p.Comparison.Warning(); (tt.warning == "") != (warning == "") || !strings.Contains(warning, tt.warning) {
			t.Errorf("%q: warned %q, want %q", in, warning, tt.warning)
		}
	}
	retyped := newComparingOf([]snapshot.TableColumn{{Name: "id", Type: "INTEGER", Read: true}, {Name: "n", Type: "TEXT", Read: true}, {Name: "other", Type: "TEXT"}, {Name: "made", Type: "TEXT", Read: true}},
		[]snapshot.TableColumn{{Name: "id", Type: "TEXT", Read: true}, {Name: "n", Type: "TEXT", Read: true}, {Name: "other", Type: "DATE"}, {Name: "made", Read: true}}, "id", "n", "made")
	if err := retyped.Stop(); err == nil || !strings.Contains(err.Error(), `other types: "id" was INTEGER and is TEXT;`) {
		t.Errorf("got %v", err)
	}
}

func newComparingOf(was, now []snapshot.TableColumn, reads ...string) *comparing {
	c := &changes{old: &snapshot.Snapshot{}}
	c.old.Info.Table, c.info.Table = was, now
	k := &comparing{changes: c}
	k.columns(reads)
	return k
}

// A new column does not stop a load, and its name is reported. This includes a mirror, which still deletes people who have left, and files with
// different columns.
func TestLoadWithANewColumn(t *testing.T) {
	t.Parallel()
	const first, second = "id,n\na,1\nb,1\nc,1\n", "synced_at,id,n\nx,a,1\nx,b,1\n"
	for _, mirror := range []Mirror{"", MirrorDelete} {
		for name, files := range map[string][2][]string{
			"one file":     {{first}, {second}},
			"two files":    {{first, "id,n,k\nd,1,1\n"}, {second, "id,n,k\nd,1,1\n"}},
			"one of two":   {{first, "id,n\nd,1\n"}, {"id,n\na,1\nb,1\n", "id,n,synced_at\nd,1,x\n"}},
			"back and new": {{first}, {"id,n,synced_at\na,1,x\nb,1,x\n"}},
		} {
			client := new(fakeClient)
			snapshot := filepath.Join(t.TempDir(), "s")
			load := func(texts []string) Summary {
				t.Helper()
				var names []string
				for i, text := range texts {
					names = append(names, filepath.Join(t.TempDir(), fmt.Sprintf("%d.csv", i)))
					if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				src, err := source.OpenFiles(names, source.Config{})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), Client: client, Changes: ChangeOnly{Snapshot: snapshot, IDs: true, Mirror: mirror, MaxShrink: 100}})
				if err != nil {
					t.Fatalf("%s, mirror %q: %v", name, mirror, err)
				}
				return s
			}
			if s := load(files[0]); len(s.NewColumns) > 0 {
				t.Errorf("%s: %v are new at first", name, s.NewColumns)
			}
			s := load(files[1])
			if fmt.Sprint(s.NewColumns) != "[synced_at]" || mirror != "" && s.Removed != 1 {
				t.Errorf("%s, mirror %q: %v are new, %d removed", name, mirror, s.NewColumns, s.Removed)
			}
			if s := load(files[1]); len(s.NewColumns) > 0 || s.Left != 0 {
				t.Errorf("%s, mirror %q: %v are new, %d left the second time", name, mirror, s.NewColumns, s.Left)
			}
		}
	}
}

// With a mirror, a MaxShrink of 100 deletes the missing people and NewMapping deletes nobody. The error says which does what.
func TestStopOfAMirrorSaysWhatDeletes(t *testing.T) {
	t.Parallel()
	const both = "MaxShrink (--max-shrink 100) or NewMapping (--new-mapping)"
	for _, people := range []int64{0, 20} {
		c := Comparison{People: people, New: people, Known: 40, Gone: 40, ids: true, wanted: ChangeOnly{MaxShrink: 20}}
		if err := c.Stop(); err == nil || !strings.Contains(err.Error(), both) {
			t.Errorf("%d rows: %v", people, err)
		}
		c.wanted.Mirror = MirrorDelete
		if err := c.Stop(); err == nil || strings.Contains(err.Error(), both) || !strings.Contains(err.Error(), "to remove nobody, load once with NewMapping") {
			t.Errorf("%d rows of a mirror: %v", people, err)
		}
	}
}
