package load

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// mixedRows is CSV of good, bad and empty rows.
func mixedRows(n int) string {
	var b strings.Builder
	b.WriteString("id,n\n")
	for i := range n {
		switch i % 10 {
		case 3:
			b.WriteString("p,x\n")
		case 7:
			b.WriteString(",\n")
		default:
			b.WriteString("p" + strings.Repeat("9", i%5) + string(rune('a'+i%26)) + ",1\n")
		}
	}
	return b.String()
}

// idsOf returns the message ids of messages.
func idsOf(messages []string) map[string]int {
	ids := make(map[string]int)
	for _, m := range messages {
		_, rest, _ := strings.Cut(m, `"messageId":"`)
		id, _, _ := strings.Cut(rest, `"`)
		ids[id]++
	}
	return ids
}

// A run that is often interrupted and resumed has the same effect as one that is not. Its counts and its rejects are the same, and messages that were
// sent twice have the same id.
func TestResume(t *testing.T) {
	t.Parallel()
	in := mixedRows(20_000)
	refuse := func(m cio.Message) bool {
		data, _ := m.(*cio.Encoded).AppendJSON(nil)
		return bytes.Contains(data, []byte(`"userId":"p9999z"`))
	}
	answer := func(m []cio.Message) error {
		outcomes := make(map[int]cio.Failure)
		for i := range m {
			if refuse(m[i]) {
				outcomes[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}
			}
		}
		if len(outcomes) == 0 {
			return nil
		}
		return failures(len(m), outcomes)
	}
	whole := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error { return answer(m) }}
	var wantRejects bytes.Buffer
	want, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: whole, Rejects: &wantRejects, MaxErrors: Unlimited})
	if err != nil || want.RejectedByAPI == 0 || want.Rejected == 0 {
		t.Fatalf("%v, %s", err, counts(want))
	}

	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		dir := t.TempDir()
		j, err := createJournal(dir, JournalHeader{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		rejects, err := os.Create(filepath.Join(dir, "rejects"))
		if err != nil {
			t.Fatal(err)
		}
		defer rejects.Close()
		var arrived []string
		for try := 0; ; try++ {
			if try == 200 {
				t.Fatal("it never ends")
			}
			ctx, cancel := context.WithCancel(t.Context())
			good := 4 + rnd.IntN(60)
			client := &fakeClient{send: func(ctx context.Context, call int, m []cio.Message) error {
				if call < good {
					return answer(m)
				}
				cancel()
				return all(len(m), cio.OutcomeUnknown, ctx.Err())
			}}
			last := j.Last()
			if err := rejects.Truncate(last.RejectsBytes); err != nil {
				t.Fatal(err)
			}
			if _, err := rejects.Seek(last.RejectsBytes, 0); err != nil {
				t.Fatal(err)
			}
			s, err := Run(ctx, Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Rejects: rejects, journal: j, BatchBytes: 40_000,
				Concurrency: 1 + rnd.IntN(4), MaxErrors: Unlimited})
			cancel()
			checkSum(t, s)
			arrived = append(arrived, client.accepted...)
			if err := j.Close(); err != nil {
				t.Fatal(err)
			}
			if err == nil {
				if got := counts(s); got != counts(want) {
					t.Errorf("seed %d\ngot  %s\nwant %s", seed, got, counts(want))
				}
				break
			}
			if !errors.Is(err, ErrInterrupted) {
				t.Fatal(err)
			}
			if j, err = openJournal(dir, j.Header().ID); err != nil {
				t.Fatal(err)
			}
			if j.Last().End != ErrInterrupted.Error() || j.Last().Unsent != 0 {
				t.Fatalf("the last checkpoint is %+v", j.Last())
			}
		}
		got, all := idsOf(arrived), idsOf(whole.accepted)
		for id := range all {
			if got[id] == 0 {
				t.Fatalf("seed %d: message %s never arrived", seed, id)
			}
		}
		if len(got) != len(all) {
			t.Errorf("seed %d: %d distinct messages, want %d", seed, len(got), len(all))
		}
		text, err := os.ReadFile(rejects.Name())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(text, wantRejects.Bytes()) {
			t.Errorf("seed %d: the rejects differ: %d bytes, want %d", seed, len(text), wantRejects.Len())
		}
		back, err := ReadJournal(dir, j.Header().ID)
		if err != nil || back.Last().End != EndComplete || back.Last().Row != want.Rows {
			t.Errorf("seed %d: %v, %+v", seed, err, back.Last())
		}
	}
}

// A journal is valid up to its last line end, private, and belongs to one process at a time.
func TestJournalFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := createJournal(dir, JournalHeader{Source: "a.csv", Mapping: "m.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	id := j.Header().ID
	for row := range int64(3) {
		if err := j.write(Checkpoint{Row: row + 1, Summary: Summary{Rows: row + 1, Accepted: row + 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := openJournal(dir, id); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("the journal was opened twice: %v", err)
	}
	if list, err := ListJournals(dir); err != nil || len(list) != 1 || !list[0].Running() {
		t.Errorf("%v, %v", list, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, id, journalFile)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%v, %v", err, info.Mode())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// If it is cut anywhere after its first line, the journal has its complete lines, and continues after them.
	first := bytes.IndexByte(text, '\n') + 1
	for cut := range len(text) + 1 {
		if err := os.WriteFile(file, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := openJournal(dir, id)
		if cut < first {
			if bad := new(JournalError); !errors.As(err, &bad) || !strings.Contains(err.Error(), "before it began") {
				t.Fatalf("cut to %d bytes: %v", cut, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(bytes.Count(text[:cut], []byte("\n")) - 1); j.Last().Row != want || j.Last().Accepted != want {
			t.Fatalf("cut to %d bytes: row %d, want %d", cut, j.Last().Row, want)
		}
		if err := j.write(Checkpoint{Row: 9}); err != nil {
			t.Fatal(err)
		}
		j.Close()
		if j, err = ReadJournal(dir, id); err != nil || j.Last().Row != 9 {
			t.Fatalf("cut to %d bytes: %v, %+v", cut, err, j.Last())
		}
	}
	for _, bad := range []string{"", "..", "../x", ".", "no-such"} {
		if _, err := ReadJournal(dir, bad); err == nil {
			t.Errorf("the id %q was accepted", bad)
		}
	}
}

// A changed byte, or a line that was removed, moved or doubled, is an error that names the line.
func TestJournalIsDamaged(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := createJournal(dir, JournalHeader{Source: "a.csv", Mapping: "m.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	for row := range int64(4) {
		if err := j.write(Checkpoint{Row: 100 * (row + 1)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, j.header.ID, journalFile)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, text []byte, line int) {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := openJournal(dir, j.header.ID)
		var bad *JournalError
		if !errors.As(err, &bad) || bad.Line != line || bad.File != file || bad.Hint == "" {
			t.Errorf("%s: %v, want an error of line %d", name, err, line)
		}
		if _, read := ReadJournal(dir, j.header.ID); read == nil || read.Error() != err.Error() {
			t.Errorf("%s: reading says %v", name, read)
		}
	}
	line := 1
	for i, c := range whole {
		if c == '\n' {
			line++
			continue
		}
		if c < '0' || c > '9' || line == 1 && bytes.HasSuffix(whole[:i], []byte(`"version":`)) {
			continue
		}
		text := bytes.Clone(whole)
		text[i] = '0' + (c-'0'+1)%10
		check("a digit at "+strconv.Itoa(i), text, line)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	join := func(n ...int) (text []byte) {
		for _, i := range n {
			text = append(text, lines[i]...)
		}
		return text
	}
	check("line 3 is missing", join(0, 1, 3, 4), 3)
	check("line 2 and 3 have changed places", join(0, 2, 1, 3, 4), 2)
	check("line 3 is there twice", join(0, 1, 2, 2, 3, 4), 4)
	check("the first line is missing", join(1, 2, 3, 4), 1)
	check("an empty line", append(join(0, 1), "\n"...), 3)
	check("a line of another kind", append(join(0, 1), "garbage\n"...), 3)
	check("zeros", append(join(0, 1), "\x00\x00\n"...), 3)
}

// The rest of a failed write is cut off before the next line, so no incomplete line is in the middle of the file.
func TestJournalMendsATornLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	j, err := createJournal(dir, JournalHeader{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := j.file.WriteAt([]byte(`{"sum":"0123456789abcdef","checkpoint":{"row":12345678901234567890, a long one that was not written whole`), j.whole); err != nil {
		t.Fatal(err)
	}
	j.torn = true
	if err := j.write(Checkpoint{Row: 7}); err != nil {
		t.Fatal(err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j, err = ReadJournal(dir, j.header.ID); err != nil || j.Last().Row != 7 {
		t.Errorf("%v, %+v", err, j.Last())
	}
}

// A journal of the first version can be read but not resumed. One of a later version is refused, with its version.
func TestJournalOfAnotherVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old := filepath.Join(dir, "20260101-000000-abcdef")
	if err := os.Mkdir(old, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		headerFile1:   `{"version":1,"id":"20260101-000000-abcdef","started":"2026-01-01T00:00:00Z","source":"/a.csv","fingerprint":"x","mapping":"m.yaml","mapping_hash":"y","target":"http://t"}`,
		progressFile1: "{\"row\":3,\"rows\":3}\n{\"row\":4,\"rows\":4,\"left_refused\":2}\n{\"ro",
	} {
		if err := os.WriteFile(filepath.Join(old, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	j, err := ReadJournal(dir, filepath.Base(old))
	if err != nil || j.Header().Source != "/a.csv" || j.Last().Row != 4 || j.Last().LeftRejected != 2 || j.Running() {
		t.Errorf("%v, %+v", err, j)
	}
	if list, err := ListJournals(dir); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := openJournal(dir, filepath.Base(old)); err == nil || !strings.Contains(err.Error(), "version 1") {
		t.Errorf("version 1: %v", err)
	}
	if err := os.WriteFile(filepath.Join(old, journalFile), []byte(`{"sum":"new","header":{"version":99}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadJournal(dir, filepath.Base(old)); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("version 99: %v", err)
	}
}

// FuzzJournal checks that reading any file ends in a checkpoint of the file or an error.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"sum\":\"x\",\"header\":{\"version\":2}}\n"))
	f.Add([]byte("null\n[]\n"))
	dir := f.TempDir()
	j, err := createJournal(dir, JournalHeader{Source: "a"})
	if err != nil {
		f.Fatal(err)
	}
	if err := errors.Join(j.write(Checkpoint{Row: 1}), j.write(Checkpoint{Row: 2, End: EndComplete}), j.Close()); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(j.dir, journalFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:len(whole)-2])
	f.Fuzz(func(t *testing.T, data []byte) {
		var j Journal
		if err := j.replay(bytes.NewReader(data)); err != nil {
			if bad := new(JournalError); !errors.As(err, &bad) {
				t.Fatalf("%q: %v", data, err)
			}
			return
		}
		if j.whole == 0 || j.whole > int64(len(data)) || data[j.whole-1] != '\n' || j.torn != (int64(len(data)) > j.whole) {
			t.Fatalf("%d bytes are complete of %q", j.whole, data)
		}
		var again Journal
		if err := again.replay(bytes.NewReader(data[:j.whole])); err != nil || again.whole != j.whole || again.last.Row != j.last.Row || again.sum != j.sum {
			t.Fatalf("the complete part reads differently: %v", err)
		}
	})
}

// Removing a journal removes all its files, but not while a process is running it. Other files are not removed.
func TestRemoveJournals(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	running, err := createJournal(dir, JournalHeader{Source: "a.csv"})
	if err != nil {
		t.Fatal(err)
	}
	defer running.Close()
	done, err := createJournal(dir, JournalHeader{Source: "b.csv"})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(done.write(Checkpoint{Row: 1}), done.Close(), os.WriteFile(filepath.Join(done.dir, snapshot.SpoolFile), []byte("ids"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"20260101-000000-abcdef", "notes", "20260231-000000-abcdef/deep"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	list, err := ListJournals(dir)
	if err != nil || len(list) != 4 {
		t.Fatalf("%v, %d journals", err, len(list))
	}
	for _, j := range list {
		bytes, ids, err := j.Usage()
		if err != nil || bytes == 0 != (j.Problem() != nil) || ids != (j.header.ID == done.header.ID) {
			t.Errorf("%s: %v, %d bytes, ids %v, %v", j.header.ID, err, bytes, ids, j.Problem())
		}
		err = j.Remove()
		if (j.header.ID == running.header.ID) != errors.Is(err, ErrRunning) {
			t.Errorf("%s: %v", j.header.ID, err)
		}
		if j.header.ID == done.header.ID {
			if _, err := openJournal(dir, j.header.ID); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("it was removed, and opened: %v", err)
			}
		}
	}
	if err := running.write(Checkpoint{Row: 1}); err != nil {
		t.Error(err)
	}
	entries, err := filepath.Glob(filepath.Join(dir, "*"))
	entries = slices.DeleteFunc(entries, func(name string) bool { return strings.HasPrefix(filepath.Base(name), ".") }) // the lock of the running load
	if err != nil || len(entries) != 2 {
		t.Errorf("%v, %v", err, entries)
	}
}
