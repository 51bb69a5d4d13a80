package load

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

func rejecting(t *testing.T, file, rows string) (Summary, error) {
	t.Helper()
	return Run(t.Context(), Job{Source: mustSource(t, "id,n\n"+rows, source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient), RejectsFile: file})
}

// dirOf returns the contents of the files of a directory, by their names; of rejects only the rows.
func dirOf(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var rows []string
		for line := range strings.Lines(string(text)) {
			if _, row, ok := strings.Cut(line, `"row":"`); ok {
				line, _, _ = strings.Cut(row, `"`)
			}
			rows = append(rows, strings.TrimSpace(line))
		}
		out = append(out, e.Name()+"="+strings.Join(rows, ";"))
	}
	return strings.Join(out, " ")
}

// The contents of a rejects file are never overwritten, whatever other files exist.
func TestRejectsFileIsKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "r.jsonl")
	for _, row := range []string{"a,x", "b,x", "", "c,x"} {
		if row == "c,x" {
			if err := os.WriteFile(filepath.Join(dir, "r.3.jsonl"), []byte("mine\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := rejecting(t, file, row+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if moved := row == "b,x" || row == ""; moved != (s.RejectsNote != "") {
			t.Errorf("%q: %q", row, s.RejectsNote)
		}
	}
	if _, err := rejecting(t, file, "d,x\n"); err != nil {
		t.Fatal(err)
	}
	if got, want := dirOf(t, dir), "r.1.jsonl=a,x r.2.jsonl=b,x r.3.jsonl=mine r.4.jsonl=c,x r.jsonl=d,x"; got != want {
		t.Errorf("there is %s\nwant %s", got, want)
	}
	if runtime.GOOS == "windows" {
		return
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	if _, err := rejecting(t, link, "e,x\n"); err != nil {
		t.Fatal(err)
	}
	if got, want := dirOf(t, dir), "r.1.jsonl=a,x r.2.jsonl=b,x r.3.jsonl=mine r.4.jsonl=c,x r.5.jsonl=d,x r.jsonl=e,x"; got != want {
		t.Errorf("there is %s\nwant %s", got, want)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is %v, %v", info, err)
	}
}

// Of two loads into one file, one is refused, and nothing of the other is lost, whenever they meet.
func TestRejectsFileIsLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "r.jsonl")
	for range 20 {
		var wg sync.WaitGroup
		var mu sync.Mutex
		want := make(map[string]bool)
		for i := range 8 {
			wg.Go(func() {
				row := fmt.Sprintf("p%d", i)
				s, err := rejecting(t, file, row+",x\n"+row+",y\n")
				var path *PathError
				switch {
				case err == nil && s.RowsRejected == 2:
					mu.Lock()
					defer mu.Unlock()
					want[row] = true
				case !errors.Is(err, ErrInUse) || !errors.As(err, &path):
					t.Errorf("%v, %+v", err, s)
				}
			})
		}
		wg.Wait()
		got := dirOf(t, dir)
		for row := range want {
			if !strings.Contains(got, row+",x;"+row+",y") {
				t.Errorf("the rejects of %s are not complete in %s", row, got)
			}
		}
		// On Windows, the owner file of a lock can remain if another load has it open. It is hidden and does no harm.
		if files, err := filepath.Glob(filepath.Join(dir, "r*.jsonl")); err != nil || len(files) != len(want) {
			t.Errorf("%d files for %d loads: %s, %v", len(files), len(want), got, err)
		}
		entries, _ := os.ReadDir(dir)
		for _, e := range entries {
			if err := os.Remove(filepath.Join(dir, e.Name())); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A resumed load continues its file if the file has not changed; a file that another load or a person has changed is kept.
func TestRejectsFileOfAResumedLoad(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		between func(t *testing.T, file string)
		want    string
		note    string
	}{
		"nothing":       {func(*testing.T, string) {}, "r.jsonl=a,x;b,x;c,x", ""},
		"another load":  {func(t *testing.T, file string) { rejecting(t, file, "z,x\n") }, "r.1.jsonl=a,x r.2.jsonl=z,x r.jsonl=b,x;c,x", "no longer in r.jsonl"},
		"fixed by hand": {func(t *testing.T, file string) { edit(t, file, "a,x", "a,12345") }, "r.1.jsonl=a,12345 r.jsonl=b,x;c,x", "The earlier contents of"},
		"removed":       {func(t *testing.T, file string) { os.Remove(file) }, "r.jsonl=b,x;c,x", "no longer in r.jsonl"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, journals := t.TempDir(), t.TempDir()
			file, in := filepath.Join(dir, "r.jsonl"), filepath.Join(t.TempDir(), "in.csv")
			rows := "id,n\na,x\n" + strings.Repeat("p,1\n", 600) + "b,x\nc,x\n"
			if err := os.WriteFile(in, []byte(rows), 0o600); err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			job := func(send func(context.Context, int, []cio.Message) error) Job {
				src, err := source.Open(in, source.Config{})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { src.Close() })
				return Job{Source: src, Mapping: mustMapping(t, people), Client: &fakeClient{send: send}, RejectsFile: file, BatchBytes: 20_000}
			}
			l, err := Start(journals, job(func(_ context.Context, call int, m []cio.Message) error {
				if call == 3 {
					cancel()
					return ctx.Err()
				}
				return nil
			}))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Run(ctx); !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			if l.Last().RejectsBytes == 0 {
				t.Fatal("no rejects were settled")
			}
			id := l.ID()
			l.Close()
			tt.between(t, file)
			if l, err = Resume(journals, id, job(nil)); err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			s, err := l.Run(t.Context())
			if err != nil || s.RowsRejected != 3 {
				t.Fatalf("%v, %+v", err, s)
			}
			if got := dirOf(t, dir); got != tt.want {
				t.Errorf("there is %s\nwant %s", got, tt.want)
			}
			if !strings.Contains(s.RejectsNote, tt.note) || tt.note == "" && s.RejectsNote != "" {
				t.Errorf("said %q", s.RejectsNote)
			}
		})
	}
}

func edit(t *testing.T, file, old, now string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, []byte(strings.Replace(string(text), old, now, 1)), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
