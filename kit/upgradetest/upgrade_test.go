package upgradetest

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/emulatordb"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/outbox"
)

// With -write the tests write the files of this version into a directory, instead of reading those of earlier versions:
//
//	go test ./kit/upgradetest -write testdata/0.2
//
// This is done once, when a version is released, and the files are never changed: files that other code than that version has written are not a
// sample of it.
var write = flag.String("write", "", "directory for the files of this version")

// versions are those whose files are kept.
func versions(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("testdata/*")
	if err != nil || len(dirs) == 0 {
		t.Fatal("there are no files of earlier versions:", err)
	}
	return dirs
}

// each calls read with a copy of the files that each version has left under a name, or calls make with the directory for them.
func each(t *testing.T, name string, make func(t *testing.T, dir string), read func(t *testing.T, dir string)) {
	if *write != "" {
		dir := filepath.Join(*write, name)
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		make(t, dir)
		return
	}
	for _, version := range versions(t) {
		t.Run(filepath.Base(version), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(filepath.Join(version, name))); err != nil {
				t.Fatal(err)
			}
			read(t, dir)
		})
	}
}

func client(t *testing.T, srv *emulator.Server) *cio.Client {
	t.Helper()
	c, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: srv.Transport()}, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	people = 2000
	stop   = 1200 // rows that the load of the sample had read when its process ended
)

// rows returns the people of a table. If the number of a person is divisible by ten, the person has another plan in the second night.
func rows(night, until int, ended func()) iter.Seq2[source.Values, error] {
	return func(yield func(source.Values, error) bool) {
		for i := range people {
			if i == until {
				ended()
				return
			}
			plan := "free"
			if night > 1 && i%10 == 0 {
				plan = "pro"
			}
			if !yield(source.Values{fmt.Sprintf("u%d", i), plan}, nil) {
				return
			}
		}
	}
}

func job(t *testing.T, srv *emulator.Server, night int, rows iter.Seq2[source.Values, error]) load.Job {
	t.Helper()
	m, err := mapping.Parse("people.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {plan: $plan}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return load.Job{Source: source.Rows([]string{"id", "plan"}, rows), Mapping: m, Client: client(t, srv), Fingerprint: fmt.Sprintf("night %d", night), BatchBytes: 5_000}
}

// mirror returns a job with a snapshot, whose path is in the journal.
func mirror(t *testing.T, srv *emulator.Server, dir string, night, until int) load.Job {
	j := job(t, srv, night, rows(night, until, func() {}))
	j.Changes = load.ChangeOnly{Snapshot: filepath.Join(dir, "people.snapshot"), IDs: true, Mirror: load.MirrorDelete}
	j.MaxDeletes, j.Changes.MaxShrink = 10, 1
	j.ExpectRows = load.RowRange{Min: int64(until), Max: int64(until)}
	return j
}

// ids returns the ids of all people in an emulator.
func ids(t *testing.T, srv *emulator.Server) []string {
	t.Helper()
	page, err := srv.People(emulator.PeopleQuery{Key: "key"})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, p := range page.People {
		list = append(list, p.ID)
	}
	return list
}

func run(t *testing.T, l *load.Load, err error) load.Summary {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	summary, err := l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// A load of an earlier version is resumed at the right place, and reports every row.
func TestJournal(t *testing.T) {
	each(t, "journal", func(t *testing.T, dir string) {
		ctx, end := context.WithCancel(t.Context())
		l, err := load.Start(dir, job(t, emulator.New(emulator.Config{}), 1, rows(1, stop, end)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Run(ctx); err == nil {
			t.Fatal("the load came to its end")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, dir string) {
		srv := emulator.New(emulator.Config{})
		journals, err := load.ListJournals(dir)
		if err != nil || len(journals) != 1 {
			t.Fatalf("%d journals: %v", len(journals), err)
		}
		if err := journals[0].Problem(); err != nil || !journals[0].CanResume() {
			t.Fatal("it cannot be resumed:", err)
		}
		before := journals[0].Last()
		if before.Row == 0 || before.Row > stop {
			t.Fatalf("the load is at row %d", before.Row)
		}
		l, err := load.Resume(dir, journals[0].Header().ID, job(t, srv, 1, rows(1, people, func() {})))
		if s := run(t, l, err); s.Rows != people || s.Accepted != people {
			t.Errorf("%+v", s)
		}
		if page, err := srv.People(emulator.PeopleQuery{Key: "key"}); err != nil || int64(len(page.People)) != people-before.Row {
			t.Errorf("%d people were sent behind row %d: %v", len(page.People), before.Row, err)
		}
	})
}

// A load with a snapshot of an earlier version is resumed: it compares the remaining rows with the old snapshot, and deletes people who have left.
func TestJournalWithSnapshot(t *testing.T) {
	each(t, "journal-snapshot", func(t *testing.T, dir string) {
		if s, err := load.Run(t.Context(), mirror(t, emulator.New(emulator.Config{}), dir, 1, people)); err != nil || s.Accepted != people {
			t.Fatalf("%+v: %v", s, err)
		}
		ctx, end := context.WithCancel(t.Context())
		srv := emulator.New(emulator.Config{})
		job := mirror(t, srv, dir, 2, people-5)
		job.Source = source.Rows([]string{"id", "plan"}, rows(2, stop, end))
		l, err := load.Start(filepath.Join(dir, "runs"), job)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Run(ctx); err == nil {
			t.Fatal("the load came to its end")
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		relocate(t, dir, dir, place)
		if err := os.WriteFile(filepath.Join(dir, "accepted"), []byte(strings.Join(ids(t, srv), "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, dir string) {
		relocate(t, dir, place, dir)
		journals, err := load.ListJournals(filepath.Join(dir, "runs"))
		if err != nil || len(journals) != 1 || !journals[0].CanResume() {
			t.Fatalf("%d journals: %v", len(journals), err)
		}
		before := journals[0].Last()
		if before.Accepted == 0 || before.Row > stop {
			t.Fatalf("%+v", before)
		}
		srv := emulator.New(emulator.Config{})
		l, err := load.Resume(filepath.Join(dir, "runs"), journals[0].Header().ID, mirror(t, srv, dir, 2, people-5))
		if s := run(t, l, err); s.Rows != people-5 || s.Accepted+s.Unchanged != people || s.Removed != 5 {
			t.Errorf("%+v", s)
		}
		text, err := os.ReadFile(filepath.Join(dir, "accepted"))
		if err != nil {
			t.Fatal(err)
		}
		changed := append(strings.Split(string(text), "\n"), ids(t, srv)...)
		slices.Sort(changed)
		if n := len(slices.Compact(changed)); n != people/10 {
			t.Errorf("the two halves have sent %d of the %d people who have changed", n, people/10)
		}
		if s, err := load.Run(t.Context(), mirror(t, srv, dir, 3, people-5)); err != nil || s.Accepted != 0 || s.Unchanged != people-5 {
			t.Errorf("the night after: %+v: %v", s, err)
		}
	})
}

// A load compares its rows with the snapshot of an earlier version, and deletes people who have left since.
func TestSnapshot(t *testing.T) {
	each(t, "snapshot", func(t *testing.T, dir string) {
		if s, err := load.Run(t.Context(), mirror(t, emulator.New(emulator.Config{}), dir, 1, people)); err != nil || s.Accepted != people {
			t.Fatalf("%+v: %v", s, err)
		}
	}, func(t *testing.T, dir string) {
		srv := emulator.New(emulator.Config{})
		for i, want := range []load.Summary{{Accepted: people/10 + 5, Unchanged: people*9/10 - 5, Removed: 5}, {Unchanged: people - 5}} {
			night := 2 + i
			s, err := load.Run(t.Context(), mirror(t, srv, dir, night, people-5))
			if err != nil || s.Accepted != want.Accepted || s.Unchanged != want.Unchanged || s.Removed != want.Removed {
				t.Errorf("night %d: %+v: %v", night, s, err)
			}
		}
	})
}

// Rejected rows of an earlier version are loaded after they are fixed. Rows that are not fixed are rejected again.
func TestRejects(t *testing.T) {
	rejects := func(t *testing.T, srv *emulator.Server, input, file string) load.Summary {
		in, err := source.Open(input, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		j := job(t, srv, 1, nil)
		j.Source, j.RejectsFile, j.Fingerprint = in, file, ""
		s, err := load.Run(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	each(t, "rejects", func(t *testing.T, dir string) {
		input := filepath.Join(t.TempDir(), "people.csv")
		if err := os.WriteFile(input, []byte("id,plan\nu1,free\nNULL,pro\nu3,pro\nN/A,free\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if s := rejects(t, emulator.New(emulator.Config{}), input, filepath.Join(dir, "rejects.jsonl")); s.Rejected != 2 || s.Accepted != 2 {
			t.Fatalf("%+v", s)
		}
	}, func(t *testing.T, dir string) {
		name := filepath.Join(dir, "rejects.jsonl")
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(strings.Replace(string(text), `"NULL,`, `"u2,`, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		srv := emulator.New(emulator.Config{})
		if s := rejects(t, srv, name, filepath.Join(dir, "again.jsonl")); s.Rejected != 1 || s.Accepted != 1 {
			t.Errorf("%+v", s)
		}
		if p, err := srv.Person("key", "u2"); err != nil || string(p.Traits["plan"]) != `"pro"` {
			t.Errorf("u2 is %+v: %v", p, err)
		}
	})
}

// The database of an emulator of an earlier version has the data that was sent to it.
func TestEmulator(t *testing.T) {
	open := func(t *testing.T, dir string) (*emulator.Server, *emulatordb.DB) {
		db, err := emulatordb.Open(filepath.Join(dir, "shop.db"))
		if err != nil {
			t.Fatal(err)
		}
		srv, err := emulator.Open(emulator.Config{Store: db})
		if err != nil {
			t.Fatal(err)
		}
		return srv, db
	}
	messages := []cio.Message{
		cio.Identify{UserID: "u1", Traits: map[string]any{"plan": "pro"}, MessageID: "m1"},
		cio.Track{UserID: "u1", Event: cio.Named("Trial Started", map[string]any{"n": 1}), MessageID: "m2"},
		cio.Group{UserID: "u1", GroupID: "acme", Traits: map[string]any{"name": "Acme"}, MessageID: "m3"},
		cio.SuppressPerson{UserID: "u2", MessageID: "m4"},
	}
	each(t, "emulator", func(t *testing.T, dir string) {
		srv, db := open(t, dir)
		if err := client(t, srv).Send(t.Context(), messages...); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, dir string) {
		srv, db := open(t, dir)
		defer db.Close()
		if p, err := srv.Person("key", "u1"); err != nil || string(p.Traits["plan"]) != `"pro"` {
			t.Errorf("u1 is %+v: %v", p, err)
		}
		if page, err := srv.Messages(emulator.MessagesQuery{Key: "key"}); err != nil || len(page.Messages) != len(messages) {
			t.Errorf("%d messages: %v", len(page.Messages), err)
		}
	})
}

// Messages that an earlier version has stored in an outbox are sent by this one, in their order, with their ids. Dead letters are still there.
func TestOutbox(t *testing.T) {
	const waiting = 40
	config := func(dir string) outbox.Config {
		return outbox.Config{Dir: dir, KeepDead: -1, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}
	}
	each(t, "outbox", func(t *testing.T, dir string) {
		srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "test", m.UserID == "refused" }})
		o, err := outbox.Open(client(t, srv), config(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(o.Enqueue(t.Context(), cio.Identify{UserID: "refused"}), o.Flush(t.Context()), o.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
		if err := srv.AddFault(emulator.Fault{Every: 1, Status: 503}); err != nil {
			t.Fatal(err)
		}
		if o, err = outbox.Open(client(t, srv), config(dir)); err != nil {
			t.Fatal(err)
		}
		for i := range waiting {
			m := cio.Track{UserID: fmt.Sprint("u", i%4), Event: cio.Named("Ordered", map[string]any{"n": i}), MessageID: fmt.Sprint("m", i)}
			if err := o.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if s := o.Stats(); s.Queued != waiting || s.Dead != 1 {
			t.Fatalf("%+v", s)
		}
		ctx, end := context.WithCancel(t.Context())
		end()
		if err := o.Close(ctx); err != nil {
			t.Log(err) // waiting messages are on disk
		}
		if err := os.Remove(filepath.Join(dir, "reserve")); err != nil { // it contains only zeros
			t.Fatal(err)
		}
	}, func(t *testing.T, dir string) {
		srv := emulator.New(emulator.Config{})
		o, err := outbox.Open(client(t, srv), config(dir))
		if err != nil {
			t.Fatal(err)
		}
		if err := o.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := o.Stats(); s.Queued != 0 || s.Dead != 1 {
			t.Errorf("%+v", s)
		}
		if err := o.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		last, n := map[string]float64{}, 0
		page, err := srv.Messages(emulator.MessagesQuery{Key: "key", Limit: 2 * waiting})
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(page.Messages) // the newest comes first
		for _, r := range page.Messages {
			var m struct {
				UserID, MessageID string
				Properties        struct{ N float64 }
			}
			if err := json.Unmarshal(r.Raw, &m); err != nil {
				t.Fatal(err)
			}
			if m.MessageID != fmt.Sprint("m", m.Properties.N) || last[m.UserID] > m.Properties.N {
				t.Errorf("%s came as %v, after %v", m.MessageID, m.Properties.N, last[m.UserID])
			}
			last[m.UserID], n = m.Properties.N, n+1
		}
		if n != waiting {
			t.Errorf("%d messages arrived, and not %d", n, waiting)
		}
	})
}

// The samples contain no path of the machine that made them.
func TestSamplesNameNoMachine(t *testing.T) {
	if *write != "" {
		t.Skip("they are being made")
	}
	for _, version := range versions(t) {
		err := filepath.WalkDir(version, func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			for _, place := range []string{"/home/", "/tmp/", "/Users/", `C:\`} {
				if strings.Contains(string(text), place) {
					t.Errorf("%s names %s", path, place)
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
