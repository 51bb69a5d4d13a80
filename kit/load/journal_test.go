package load

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
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

// A run that is interrupted again and again, and resumed each time, brings what one that is not brings; its counts and its rejects are
// the same, and what was sent twice has the same id.
func TestResume(t *testing.T) {
	in := mixedRows(20_000)
	refuse := func(m cio.Message) bool {
		data, _ := m.(*cio.Encoded).AppendJSON(nil)
		return bytes.Contains(data, []byte(`"userId":"p9999z"`))
	}
	answer := func(m []cio.Message) error {
		outcomes := make(map[int]cio.Failure)
		for i := range m {
			if refuse(m[i]) {
				outcomes[i] = cio.Failure{Outcome: cio.Refused, Err: &cio.APIError{Status: 400}}
			}
		}
		if len(outcomes) == 0 {
			return nil
		}
		return failures(len(m), outcomes)
	}
	whole := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error { return answer(m) }}
	var wantRejects bytes.Buffer
	want, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: whole, Rejects: &wantRejects, MaxErrors: -1})
	if err != nil || want.RejectedByAPI == 0 || want.Rejected == 0 {
		t.Fatalf("%v, %s", err, counts(want))
	}

	for seed := range uint64(4) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		dir := t.TempDir()
		j, err := CreateJournal(dir, JournalHeader{Source: "test"})
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
				return all(len(m), cio.Unknown, ctx.Err())
			}}
			last := j.Last()
			if err := rejects.Truncate(last.RejectsBytes); err != nil {
				t.Fatal(err)
			}
			if _, err := rejects.Seek(last.RejectsBytes, 0); err != nil {
				t.Fatal(err)
			}
			s, err := Run(ctx, Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Rejects: rejects, Journal: j, BatchBytes: 40_000,
				Concurrency: 1 + rnd.IntN(4), MaxErrors: -1})
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
			if j, err = OpenJournal(dir, j.Header().ID); err != nil {
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

// A journal is whole up to its last line end, private, and belongs to one process at a time.
func TestJournalFiles(t *testing.T) {
	dir := t.TempDir()
	j, err := CreateJournal(dir, JournalHeader{Source: "a.csv", Mapping: "m.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	id := j.Header().ID
	for row := range int64(3) {
		if err := j.write(Checkpoint{Row: row + 1, Summary: Summary{Rows: row + 1, Accepted: row + 1}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenJournal(dir, id); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("the journal was opened twice: %v", err)
	}
	if list, err := ListJournals(dir); err != nil || len(list) != 1 || !list[0].Running() {
		t.Errorf("%v, %v", list, err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{headerFile, progressFile} {
		info, err := os.Stat(filepath.Join(dir, id, name))
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", name, err, info.Mode())
		}
	}
	file := filepath.Join(dir, id, progressFile)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// Cut anywhere, the journal says what its whole lines say, and goes on behind them.
	for cut := range len(text) + 1 {
		if err := os.WriteFile(file, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := OpenJournal(dir, id)
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(bytes.Count(text[:cut], []byte("\n"))); j.Last().Row != want || j.Last().Accepted != want {
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
			t.Errorf("the id %q was taken", bad)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, id, headerFile), []byte(`{"version":99}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadJournal(dir, id); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("version 99: %v", err)
	}
}

// FuzzJournal checks that whatever the files hold, reading them ends in a checkpoint of theirs or an error.
func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"row\":1,\"rows\":1}\n{\"row\":2}\n{\"ro"))
	f.Add([]byte("null\n[]\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var j Journal
		whole, err := j.replay(bytes.NewReader(data))
		if err != nil || whole > int64(len(data)) || whole > 0 && data[whole-1] != '\n' {
			t.Fatalf("%d bytes are whole of %q, %v", whole, data, err)
		}
		var again Journal
		if n, _ := again.replay(bytes.NewReader(data[:whole])); n != whole || again.last.Row != j.last.Row {
			t.Fatalf("what is whole reads differently")
		}
	})
}
