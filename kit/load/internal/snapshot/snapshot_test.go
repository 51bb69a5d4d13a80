package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/internal/extsort"
)

const someID = "00112233445566778899aabbccddeeff"

// listed are records in memory.
type listed struct {
	all [][]byte
	at  int
}

func (l *listed) Next() ([]byte, error) {
	if l.at == len(l.all) {
		return extsort.None{}.Next()
	}
	l.at++
	return l.all[l.at-1], nil
}

func entryOf(m Entry) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, m.About), m.Says)
}

// encoded returns a snapshot of these marks and ids.
func encodedSnapshot(t testing.TB, marks []Entry, ids []string) []byte {
	t.Helper()
	var entries, people listed
	for _, m := range marks {
		entries.all = append(entries.all, entryOf(m))
	}
	slices.SortFunc(entries.all, bytes.Compare)
	for _, id := range ids {
		people.all = append(people.all, AppendPerson(nil, PersonSure, 0, []byte(id)))
	}
	slices.SortFunc(people.all, bytes.Compare)
	var out bytes.Buffer
	info := Info{ID: someID, HasIDs: ids != nil, Salt: make([]byte, 16)}
	if err := encode(&out, info, &entries, &people); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestSnapshotFinds(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 1))
	var marks []Entry
	for range 3000 {
		marks = append(marks, Entry{rnd.Uint64(), rnd.Uint64()})
	}
	for range 9000 { // more with one beginning than are read at once
		marks = append(marks, Entry{7<<48 | rnd.Uint64()>>16, rnd.Uint64()})
	}
	twice := Entry{marks[0].About, marks[0].Says + 1}
	data := encodedSnapshot(t, append(marks, twice), []string{"a", "b", "long" + strings.Repeat("g", 300)})
	s, err := newSnapshot(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range marks {
		same, err := s.Has(m)
		if err != nil || same != (i > 0) {
			t.Fatalf("mark %d: %v, %v", i, same, err)
		}
		if same, err := s.Has(Entry{m.About, m.Says ^ 1}); err != nil || same && i > 0 {
			t.Fatalf("mark %d with something else to say: %v, %v", i, same, err)
		}
		if same, err := s.Has(Entry{m.About ^ 1, m.Says}); err != nil || same {
			t.Fatalf("mark %d about something else: %v, %v", i, same, err)
		}
	}
	if got := readAll(t, s.People()); len(got) != 3 || !strings.HasSuffix(got[1], "b") || len(got[2]) != 2*304+2+9 {
		t.Errorf("ids %q", got)
	}
	if got := readAll(t, s.Entries()); len(got) != len(marks)+1 || !slices.IsSorted(got) {
		t.Errorf("%d entries", len(got))
	}
}

// A changed byte or a missing end is detected before anything is sent.
func TestDamagedSnapshot(t *testing.T) {
	t.Parallel()
	data := encodedSnapshot(t, []Entry{{1, 2}, {3, 4}, {5, 6}}, []string{"ann", "bob"})
	open := func(b []byte) error {
		_, err := newSnapshot(bytes.NewReader(b), int64(len(b)))
		return err
	}
	if err := open(data); err != nil {
		t.Fatal(err)
	}
	var bad *Error
	for n := range data {
		if err := open(data[:n]); !errors.As(err, &bad) {
			t.Fatalf("the first %d bytes: %v", n, err)
		}
		changed := bytes.Clone(data)
		changed[n] ^= 1
		if err := open(changed); !errors.As(err, &bad) || bad.Problem == "" || bad.Hint == "" {
			t.Fatalf("byte %d changed: %v", n, err)
		}
	}
	file := filepath.Join(t.TempDir(), "people.snapshot")
	if err := os.WriteFile(file, append([]byte("ciosnap1"), data[8:]...), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadInfo(file); !errors.As(err, &bad) || bad.File != file || !strings.Contains(err.Error(), "another version") {
		t.Error(err)
	}
}

// After a failure there is the old snapshot and no other file.
func TestSnapshotIsReplacedAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "s")
	nothing := func() error { return nil }
	if err := Write(file, Info{ID: someID, Salt: make([]byte, 16)}, &listed{all: [][]byte{entryOf(Entry{1, 1})}}, extsort.None{}, nothing); err != nil {
		t.Fatal(err)
	}
	broken := &listed{all: [][]byte{entryOf(Entry{1, 2}), []byte("short")}}
	if err := Write(file, Info{ID: someID, Salt: make([]byte, 16)}, broken, extsort.None{}, nothing); err == nil {
		t.Error("a broken snapshot was written")
	}
	s, err := Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if same, err := s.Has(Entry{1, 1}); !same || err != nil {
		t.Error(same, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("%v: %v", err, entries)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 && runtime.GOOS != "windows" {
		t.Errorf("%v: %v", err, info.Mode())
	}
}

// Any contents of a file are a snapshot or an error, and need no more memory than the file is long. The checksum is corrected, so that the parts
// behind it are reached.
func FuzzSnapshot(f *testing.F) {
	f.Add(encodedSnapshot(f, []Entry{{1, 2}, {3, 4}}, []string{"ann"}))
	f.Add(encodedSnapshot(f, nil, nil))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		if n := len(data) - sha256.Size; n > 0 {
			sum := sha256.Sum256(data[:n])
			data = append(bytes.Clone(data[:n]), sum[:]...)
		}
		s, err := newSnapshot(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			var bad *Error
			if !errors.As(err, &bad) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		for _, e := range readAll(t, s.Entries()) {
			m := Entry{binary.BigEndian.Uint64([]byte(e)), binary.BigEndian.Uint64([]byte(e[8:]))}
			if _, err := s.Has(m); err != nil {
				t.Fatal(err)
			}
		}
		if n := int64(len(readAll(t, s.People()))); n != s.Info.IDs {
			t.Fatalf("%d ids, %d are named", n, s.Info.IDs)
		}
	})
}

func readAll(t testing.TB, r extsort.Records) (all []string) {
	t.Helper()
	for {
		record, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(record))
	}
}
