package load

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// loadFile is a job of a file of rows, in a directory of its own.
type loadFile struct {
	t      *testing.T
	dir    string
	client *fakeClient
}

func newLoadFile(t *testing.T, text string) *loadFile {
	t.Helper()
	f := &loadFile{t, t.TempDir(), &fakeClient{}}
	f.write("in.csv", text)
	return f
}

func (f *loadFile) path(name string) string { return filepath.Join(f.dir, name) }

func (f *loadFile) write(name, text string) {
	f.t.Helper()
	if err := os.WriteFile(f.path(name), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f *loadFile) read(name string) string {
	f.t.Helper()
	text, err := os.ReadFile(f.path(name))
	if err != nil {
		f.t.Fatal(err)
	}
	return string(text)
}

func (f *loadFile) job() Job {
	f.t.Helper()
	src, err := source.Open(f.path("in.csv"), source.Config{})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() { src.Close() })
	return Job{Source: src, Mapping: mustMapping(f.t, people), Client: f.client, RejectsFile: f.path("rejects.jsonl"), BatchBytes: 2000}
}

// stopAfter makes the client answer so many calls and then ends the context that it returns.
func (f *loadFile) stopAfter(calls int) context.Context {
	ctx, cancel := context.WithCancel(f.t.Context())
	f.t.Cleanup(cancel)
	from := f.client.calls
	f.client.send = func(ctx context.Context, call int, m []cio.Message) error {
		if call-from < calls {
			return nil
		}
		cancel()
		return all(len(m), cio.OutcomeUnknown, ctx.Err())
	}
	return ctx
}

// interrupted starts a load that is interrupted when something is settled, and returns its id.
func (f *loadFile) interrupted(change func(*Job)) string {
	f.t.Helper()
	ctx := f.stopAfter(120)
	job := f.job()
	if change != nil {
		change(&job)
	}
	l, err := Start(f.path("runs"), job)
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) || l.Last().Row == 0 || !l.CanResume() {
		f.t.Fatalf("%v, row %d", err, l.Last().Row)
	}
	f.client.send = nil
	return l.ID()
}

// Resume must get the same job as Start. The error names both values, and nothing is sent or written.
func TestResumeNamesWhatDiffers(t *testing.T) {
	t.Parallel()
	const other = "messages:\n  - identify: {userId: $id, traits: {m: =int(n)}}\n"
	for name, tt := range map[string]struct {
		start, resume func(*loadFile, *Job)
		what          string
		both          []string
	}{
		"mapping": {nil, func(f *loadFile, j *Job) {
			var err error
			if j.Mapping, err = mapping.Parse("other.yaml", []byte(other)); err != nil {
				t.Fatal(err)
			}
		}, MismatchMapping, []string{"map.yaml (", "other.yaml ("}},
		"input that changed": {nil, func(f *loadFile, j *Job) {
			f.write("in.csv", strings.Replace(f.read("in.csv"), "9", "8", 1))
			j.Source = f.job().Source
		}, MismatchInput, []string{"in.csv has changed (the hash was "}},
		"another input": {nil, func(f *loadFile, j *Job) {
			f.write("other.csv", f.read("in.csv"))
			src, err := source.Open(f.path("other.csv"), source.Config{})
			if err != nil {
				t.Fatal(err)
			}
			f.t.Cleanup(func() { src.Close() })
			j.Source = src
		}, MismatchInput, []string{"in.csv (", "other.csv ("}},
		"an input read in another way": {nil, func(f *loadFile, j *Job) {
			src, err := source.Open(f.path("in.csv"), source.Config{SkipLines: 1, Columns: []string{"id", "n"}})
			if err != nil {
				t.Fatal(err)
			}
			f.t.Cleanup(func() { src.Close() })
			j.Source = src
		}, MismatchInput, []string{"in.csv as CSV, and now", "in.csv as CSV, with the columns id, n --skip-rows 1;"}},
		"write key":     {nil, func(f *loadFile, j *Job) { j.Client = &fakeClient{key: "another"} }, MismatchKey, []string{"http://fake.test ("}},
		"workspace":     {nil, func(f *loadFile, j *Job) { j.Client = elsewhere{&fakeClient{}} }, MismatchWorkspace, []string{"http://fake.test", "http://elsewhere.test"}},
		"limit":         {func(_ *loadFile, j *Job) { j.Limit = 2900 }, nil, "limit", []string{"2900", "not set"}},
		"decimal comma": {nil, func(_ *loadFile, j *Job) { j.DecimalComma = true }, "decimal comma", []string{"not set", "true"}},
		"rejects":       {nil, func(f *loadFile, j *Job) { j.RejectsFile = f.path("other.jsonl") }, "rejects", []string{"rejects.jsonl", "other.jsonl"}},
		"no deny list": {func(f *loadFile, j *Job) {
			f.write("deny.txt", "nobody\n")
			var err error
			if j.Deny, err = ReadDenyList(f.path("deny.txt"), DenyConfig{}); err != nil {
				t.Fatal(err)
			}
		}, nil, "deny list", []string{"deny.txt", "not set"}},
		"no rejects": {nil, func(f *loadFile, j *Job) { j.RejectsFile = "" }, "rejects", []string{"rejects.jsonl", "not set"}},
		"snapshot":   {nil, func(f *loadFile, j *Job) { j.Changes.Snapshot = f.path("snapshot") }, "snapshot", []string{"not set", "snapshot"}},
		"mirror": {func(f *loadFile, j *Job) { j.Changes = ChangeOnly{Snapshot: f.path("s"), IDs: true} },
			func(f *loadFile, j *Job) {
				j.Changes = ChangeOnly{Snapshot: f.path("s"), IDs: true, Mirror: MirrorDelete}
			}, "mirror", []string{"not set", "delete"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLoadFile(t, mixedRows(3000))
			id := f.interrupted(func(j *Job) {
				if tt.start != nil {
					tt.start(f, j)
				}
			})
			rejects, calls := f.read("rejects.jsonl"), f.client.calls
			job := f.job()
			if tt.resume != nil {
				tt.resume(f, &job)
			}
			l, err := Resume(f.path("runs"), id, job)
			var other *MismatchError
			if !errors.As(err, &other) || other.What != tt.what || other.Run != id || other.Was == other.Is {
				t.Fatalf("%v, %v", l, err)
			}
			for _, want := range tt.both {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not name %q", err, want)
				}
			}
			if f.client.calls != calls || f.read("rejects.jsonl") != rejects {
				t.Error("something was sent or written")
			}
		})
	}
}

// elsewhere is a Client of another workspace.
type elsewhere struct{ *fakeClient }

func (elsewhere) Target() string { return "http://elsewhere.test" }

// A key can differ if the caller says that it belongs to the same workspace, and before anything was settled, as after a key that was refused.
func TestResumeWithAnotherKey(t *testing.T) {
	t.Parallel()
	f := newLoadFile(t, mixedRows(3000))
	id := f.interrupted(nil)
	for i, key := range []string{"new", "newer"} {
		f.client.key = key
		if _, err := Resume(f.path("runs"), id, f.job()); err == nil {
			t.Fatal("another key was accepted")
		}
		ctx := f.stopAfter(3 - 3*i)
		job := f.job()
		job.NewKey = true
		l, err := Resume(f.path("runs"), id, job)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
	}
	f.client.send = nil
	l, err := Resume(f.path("runs"), id, f.job()) // with the key of the run before
	if err != nil {
		t.Fatal(err)
	}
	if s, err := l.Run(t.Context()); err != nil || s.Rows != 3000 {
		t.Fatal(err, counts(s))
	}

	f = newLoadFile(t, mixedRows(3000))
	f.client.key = "wrong"
	f.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 401})
	}
	if l, err = Start(f.path("runs"), f.job()); err != nil {
		t.Fatal(err)
	}
	if s, err := l.Run(t.Context()); !errors.Is(err, ErrKeyRefused) || s.Accepted != 0 || !l.CanResume() {
		t.Fatal(err, counts(s))
	}
	f.client.key, f.client.send = "right", nil
	if l, err = Resume(f.path("runs"), l.ID(), f.job()); err != nil {
		t.Fatal(err)
	}
	if s, err := l.Run(t.Context()); err != nil || s.Rows != 3000 || s.Unsent != 0 {
		t.Fatal(err, counts(s))
	}
}

// A load that did not begin leaves no journal, and keeps the rejects of the earlier load; a complete load cannot be resumed; a Load runs once.
func TestLoadsThatDoNotBegin(t *testing.T) {
	t.Parallel()
	f := newLoadFile(t, mixedRows(50))
	runs := func() int {
		list, err := ListJournals(f.path("runs"))
		if err != nil {
			t.Fatal(err)
		}
		return len(list)
	}
	f.write("rejects.jsonl", "of before\n")
	l, err := Start(f.path("runs"), f.job())
	if err != nil || runs() != 1 {
		t.Fatal(err, runs())
	}
	if err := l.Close(); err != nil || runs() != 0 || l.CanResume() {
		t.Errorf("a load that was not run: %v, %d journals", err, runs())
	}
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("a load that was closed ran")
	}
	job := f.job()
	job.Mapping = mustMapping(t, "messages:\n  - identify: {userId: $idd}\n")
	if l, err = Start(f.path("runs"), job); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(t.Context()); !errors.As(err, new(*mapping.Error)) || runs() != 0 || l.CanResume() {
		t.Errorf("a mapping that does not fit: %v, %d journals", err, runs())
	}
	if f.read("rejects.jsonl") != "of before\n" {
		t.Error("the rejects of the load before are gone")
	}

	if l, err = Start(f.path("runs"), f.job()); err != nil {
		t.Fatal(err)
	}
	if _, err := Resume(f.path("runs"), l.ID(), f.job()); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("a load was begun twice: %v", err)
	}
	if s, err := l.Run(t.Context()); err != nil || l.CanResume() || strings.Contains(f.read("rejects.jsonl"), "before") || s.Rejected == 0 {
		t.Error(err, counts(s))
	}
	if _, err := l.Run(t.Context()); err == nil {
		t.Error("a load ran twice")
	}
	if _, err := Resume(f.path("runs"), l.ID(), f.job()); !errors.Is(err, ErrComplete) {
		t.Errorf("a load that is complete: %v", err)
	}

	for name, job := range map[string]Job{
		"read once": {Source: mustSource(t, "id,n\n1,1\n", source.Config{}), Mapping: mustMapping(t, people), Client: f.client},
		"dry run":   {Source: f.job().Source, Mapping: mustMapping(t, people), DryRun: true},
		"a writer":  {Source: f.job().Source, Mapping: mustMapping(t, people), Client: f.client, Rejects: new(bytes.Buffer)},
	} {
		if l, err := Start(f.path("runs"), job); err == nil {
			t.Errorf("%s: %v", name, l.ID())
		}
	}
	if runs() != 1 {
		t.Errorf("%d journals", runs())
	}
}

// A load of a program's rows can be resumed if the program says that they are the same.
func TestResumeRowsOfAProgram(t *testing.T) {
	t.Parallel()
	client := &fakeClient{}
	job := func(fingerprint string) Job {
		rows := source.Rows([]string{"id", "n"}, func(yield func(source.Values, error) bool) {
			for i := range 3000 {
				if !yield(source.Values{"u" + string(rune('a'+i%26)), i}, nil) {
					return
				}
			}
		})
		t.Cleanup(func() { rows.Close() })
		return Job{Source: rows, Mapping: mustMapping(t, people), Client: client, Fingerprint: fingerprint, BatchBytes: 2000}
	}
	dir := t.TempDir()
	if _, err := Start(dir, job("")); !errors.Is(err, ErrReadOnce) {
		t.Errorf("rows that nobody says are the same: %v", err)
	}
	l, err := Start(dir, job("2026-01-31"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	client.send = func(ctx context.Context, call int, m []cio.Message) error {
		if call < 5 {
			return nil
		}
		cancel()
		return all(len(m), cio.OutcomeUnknown, ctx.Err())
	}
	if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) {
		t.Fatal(err)
	}
	client.send = nil
	if _, err := Resume(dir, l.ID(), job("2026-02-01")); err == nil || !strings.Contains(err.Error(), "2026-01-") {
		t.Errorf("rows of another day: %v", err)
	}
	if l, err = Resume(dir, l.ID(), job("2026-01-31")); err != nil {
		t.Fatal(err)
	}
	if s, err := l.Run(t.Context()); err != nil || s.Accepted != 3000 || len(idsOf(client.accepted)) != 3000 {
		t.Error(err, counts(s), len(client.accepted))
	}
}

// If a Source hides that it can resume after a mark, its rows are not read and skipped instead, because that would skip new rows.
func TestResumeNeedsAResumerBehindAMark(t *testing.T) {
	t.Parallel()
	j := &Journal{last: Checkpoint{Row: 3, Mark: []byte(`["3"]`)}}
	job := Job{Source: mustSource(t, "id,n\n1,1\n", source.Config{}), journal: j}
	if _, err := job.goOn(t.Context()); err == nil {
		t.Error("it was read over")
	}
}

// No output is allowed to be an input or another output, under any name, and all outputs must be writable. That is checked before anything is sent.
func TestOutputsAndInputs(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		link   func(f *loadFile) error
		change func(f *loadFile, j *Job)
		ok     bool
	}{
		"rejects are the input":    {nil, func(f *loadFile, j *Job) { j.RejectsFile = f.path("in.csv") }, false},
		"by a path with dots":      {nil, func(f *loadFile, j *Job) { j.RejectsFile = f.dir + "/./x/../in.csv" }, false},
		"by a symbolic link":       {func(f *loadFile) error { return os.Symlink("in.csv", f.path("link")) }, func(f *loadFile, j *Job) { j.RejectsFile = f.path("link") }, false},
		"by a hard link":           {func(f *loadFile) error { return os.Link(f.path("in.csv"), f.path("link")) }, func(f *loadFile, j *Job) { j.RejectsFile = f.path("link") }, false},
		"a report, by a directory": {func(f *loadFile) error { return os.Symlink(".", f.path("link")) }, func(f *loadFile, j *Job) { j.Writes = []string{f.path("link/in.csv")} }, false},
		"a report is the mapping": {nil, func(f *loadFile, j *Job) {
			f.write("m.yaml", people)
			j.Mapping, _ = mapping.Read(f.path("m.yaml"))
			j.Writes = []string{f.path("m.yaml")}
		}, false},
		"a report is read": {nil, func(f *loadFile, j *Job) {
			f.write("deny", "x\n")
			j.Reads, j.Writes = []string{f.path("deny")}, []string{f.path("deny")}
		}, false},
		"a report is the deny list": {nil, func(f *loadFile, j *Job) {
			f.write("deny", "x\n")
			j.Deny, _ = ReadDenyList(f.path("deny"), DenyConfig{})
			j.Writes = []string{f.path("deny")}
		}, false},
		"the snapshot is the input":            {nil, func(f *loadFile, j *Job) { j.Changes.Snapshot = f.path("in.csv") }, false},
		"the snapshot's word is the input":     {func(f *loadFile) error { return os.Symlink("in.csv", f.path("s.pending")) }, func(f *loadFile, j *Job) { j.Changes.Snapshot = f.path("s") }, false},
		"two outputs, neither there":           {func(f *loadFile) error { return os.Symlink(".", f.path("link")) }, func(f *loadFile, j *Job) { j.RejectsFile, j.Writes = f.path("out"), []string{f.path("link/out")} }, false},
		"two outputs, one a link to the other": {func(f *loadFile) error { return os.Symlink("out", f.path("link")) }, func(f *loadFile, j *Job) { j.RejectsFile, j.Writes = f.path("out"), []string{f.path("link")} }, false},
		"two reports":                          {nil, func(f *loadFile, j *Job) { j.Writes = []string{f.path("out"), f.path("out")} }, false},
		"rejects are the snapshot":             {nil, func(f *loadFile, j *Job) { j.Changes.Snapshot, j.RejectsFile = f.path("s"), f.path("s") }, false},
		"a report is the snapshot compared with": {nil, func(f *loadFile, j *Job) {
			f.write("old", "x")
			j.Changes.DiffWith, j.Writes = f.path("old"), []string{f.path("old")}
		}, false},
		"no directory of the rejects": {nil, func(f *loadFile, j *Job) { j.RejectsFile = f.path("none/out") }, false},
		"no directory of a report":    {nil, func(f *loadFile, j *Job) { j.Writes = []string{f.path("none/out")} }, false},
		"a report is a directory":     {func(f *loadFile) error { return os.Mkdir(f.path("out"), 0o700) }, func(f *loadFile, j *Job) { j.Writes = []string{f.path("out")} }, false},
		"a snapshot is a directory":   {func(f *loadFile) error { return os.Mkdir(f.path("out"), 0o700) }, func(f *loadFile, j *Job) { j.Changes.Snapshot = f.path("out") }, false},
		"a link to itself":            {func(f *loadFile) error { return os.Symlink("loop", f.path("loop")) }, func(f *loadFile, j *Job) { j.RejectsFile = f.path("loop") }, false},

		"rejects that are kept in a directory where nothing can be made": {func(f *loadFile) error {
			if os.Getuid() == 0 {
				return errors.New("root may write anywhere")
			}
			return os.Mkdir(f.path("ro"), 0o700)
		}, func(f *loadFile, j *Job) {
			f.write("ro/rejects", "of before\n")
			if err := os.Chmod(f.path("ro"), 0o500); err != nil {
				t.Fatal(err)
			}
			j.RejectsFile = f.path("ro/rejects")
		}, false},

		"a device": {nil, func(f *loadFile, j *Job) {
			j.RejectsFile, j.Reads, j.Writes = os.DevNull, []string{os.DevNull}, nil
		}, true},
		"all different": {nil, func(f *loadFile, j *Job) {
			j.Changes.Snapshot, j.Writes = f.path("s"), []string{f.path("a"), f.path("b")}
		}, true},
		"a copy":            {nil, func(f *loadFile, j *Job) { f.write("copy", f.read("in.csv")); j.Writes = []string{f.path("copy")} }, true},
		"a link to nothing": {func(f *loadFile) error { return os.Symlink("nothing", f.path("link")) }, func(f *loadFile, j *Job) { j.RejectsFile = f.path("link") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			f := newLoadFile(t, mixedRows(100))
			if tt.link != nil {
				if err := tt.link(f); err != nil {
					t.Skip(err)
				}
			}
			job := f.job()
			tt.change(f, &job)
			before := contents(t, f.dir)
			l, err := Start(f.path("runs"), job)
			if tt.ok {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := l.Run(t.Context()); err != nil {
					t.Error(err)
				}
				return
			}
			var bad *PathError
			if !errors.As(err, &bad) || bad.Path == "" {
				t.Fatalf("%v, %v", l, err)
			}
			if _, err := Run(t.Context(), job); !errors.As(err, &bad) {
				t.Errorf("Run: %v", err)
			}
			if after := contents(t, f.dir); !maps.Equal(before, after) {
				t.Errorf("files have changed:\n%v\n%v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
			if f.client.calls > 0 {
				t.Error("something was sent")
			}
		})
	}
}

// contents returns the contents of the files in a directory.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			all[e.Name()] = "unreadable"
			continue
		}
		all[e.Name()] = string(text)
	}
	return all
}

// A snapshot serves one load at a time, under every name.
func TestSnapshotIsHeldByAnyName(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(f *loadFile) (string, error){
		"of the file":                func(f *loadFile) (string, error) { return f.path("link"), os.Symlink("s", f.path("link")) },
		"of the file, not there yet": func(f *loadFile) (string, error) { return f.path("link"), os.Symlink("s", f.path("link")) },
		"of the directory":           func(f *loadFile) (string, error) { return f.path("link/s"), os.Symlink(".", f.path("link")) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newLoadFile(t, mixedRows(100))
			other, err := link(f)
			if err != nil {
				t.Skip(err)
			}
			if info, err := os.Lstat(f.path("link")); err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Skip("wine makes links that are none: ", err)
			}
			job := f.job()
			job.RejectsFile, job.Changes.Snapshot = "", f.path("s")
			if !strings.Contains(name, "not there") {
				if _, err := Run(t.Context(), job); err != nil {
					t.Fatal(err)
				}
			}
			tried := false
			f.client.send = func(context.Context, int, []cio.Message) error {
				second := f.job()
				second.RejectsFile, second.Client, second.Changes = "", &fakeClient{}, ChangeOnly{Snapshot: other, Full: true}
				_, err := Run(t.Context(), second)
				var pending *snapshot.PendingError
				if tried = true; !errors.As(err, &pending) || !pending.Running {
					t.Errorf("a second load with it: %v", err)
				}
				return nil
			}
			job.Source, job.Changes.Full = f.job().Source, true
			if _, err := Run(t.Context(), job); err != nil || !tried {
				t.Fatal(err, tried)
			}
			// The link stays a link, and a load with it renews the file that it leads to.
			job.Source, job.Changes.Snapshot, f.client.send = f.job().Source, other, nil
			if s, err := Run(t.Context(), job); err != nil || s.Messages == 0 {
				t.Fatal(err, counts(s))
			}
			info, err := os.Lstat(f.path("link"))
			if err != nil || info.Mode()&os.ModeSymlink == 0 {
				t.Errorf("%v, %v", err, info.Mode())
			}
		})
	}
}
