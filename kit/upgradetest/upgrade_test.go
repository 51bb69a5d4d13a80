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

// With -write the tests write the files of this version into a directory, in place of reading those of earlier ones:
//
//	go test ./kit/upgradetest -write testdata/0.2
//
// It is done once, when a version is released, and never changed: what is written by other code than that of the version is no sample of it.
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

// each calls read with a copy of what each version has left under a name, or make with the place for it.
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

// rows are the people of a table. Those whose number divides by ten have another plan in the second night.
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

// mirror is a job with a snapshot, whose place a journal remembers.
func mirror(t *testing.T, srv *emulator.Server, dir string, night, until int) load.Job {
	j := job(t, srv, night, rows(night, until, func() {}))
	j.Changes = load.ChangeOnly{Snapshot: filepath.Join(dir, "people.snapshot"), IDs: true, Mirror: load.MirrorDelete}
	j.MaxDeletes, j.Changes.MaxShrink = 10, 1
	j.ExpectRows = load.RowRange{Min: int64(until), Max: int64(until)}
	return j
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

// A load that an earlier version began is resumed where it was, and accounts for every row.
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

// A load compares its rows with the snapshot that an earlier version made, and deletes who has left since.
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

// The database of an emulator has what was sent to it.
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

// What an earlier version has taken into an outbox is sent by this one, in its order, with its ids. Dead letters are still there.
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
			t.Log(err) // what waits is on disk
		}
		if err := os.Remove(filepath.Join(dir, "reserve")); err != nil { // nothing but zeros
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
		slices.Reverse(page.Messages) // the newest is the first
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

// The samples hold no path of the machine that made them.
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
			for _, place := range []string{"/home/", "/root/", "/tmp/", "/work/", "/Users/", `C:\`} {
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
