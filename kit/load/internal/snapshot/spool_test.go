package snapshot

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/internal/extsort"
)

// A spool is read as it was written, and a damaged one is an error.
func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := CreateSpool(dir, "spool", [16]byte{1}, [16]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	rows := []Spooled{{What: RowSent, Entry: Entry{1, 2}, People: []Mention{{How: NamedIdentified, ID: []byte("ann"), Address: 7}, {How: NamedOnly, ID: []byte{}}}},
		{What: RowUnchanged, Entry: Entry{3, 4}}, {What: RowLost, Entry: Entry{5, 6}, People: []Mention{{How: NamedUnsure, ID: []byte(strings.Repeat("x", 5000))}}}}
	var ends []int64
	for _, r := range rows {
		if err := s.Add(r.What, r.Entry, r.People); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, s.written)
	}
	read := func(s *Spool) (got []string, err error) {
		err = s.Each(func(r *Spooled) error {
			text := fmt.Sprintf("%c %v", r.What, r.Entry)
			for _, one := range r.People {
				text += fmt.Sprintf(" %c %q %d", one.How, one.ID, one.Address)
			}
			got = append(got, text)
			return nil
		})
		return got, err
	}
	all, err := read(s)
	if err != nil || len(all) != 3 || all[0] != `a {1 2} i "ann" 7 m "" 0` || all[1] != `u {3 4}` {
		t.Fatal(err, all)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := OpenSpool(dir, "spool", ends[1]) // rows after the checkpoint do not count
	if err != nil || again.base != [16]byte{1} || again.salt != [16]byte{2} {
		t.Fatal(err)
	}
	if got, err := read(again); err != nil || !slices.Equal(got, all[:2]) {
		t.Error(err, got)
	}
	if err := again.Add(RowSent, Entry{7, 8}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := read(again); err != nil || len(got) != 3 || got[2] != `a {7 8}` {
		t.Error(err, got)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	for _, bytes := range []int64{0, 5, spoolHead + 9999} {
		if _, err := OpenSpool(dir, "spool", bytes); err == nil {
			t.Errorf("a spool of %d bytes was opened", bytes)
		}
	}
	torn, err := OpenSpool(dir, "spool", ends[0]-1)
	if err != nil {
		t.Fatal(err)
	}
	defer torn.Close()
	if _, err := read(torn); !errors.Is(err, extsort.ErrRecord) {
		t.Error(err)
	}
}

// Any contents of a spool are rows or an error.
func FuzzSpool(f *testing.F) {
	head := append([]byte(spoolMagic), make([]byte, 32)...)
	row := append([]byte{RowSent}, make([]byte, 16)...)
	f.Add(slices.Concat(head, row, []byte{1, 12, NamedOnly, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'n', 'n'}, row, []byte{0}))
	f.Add(slices.Concat(head, row, []byte{0xff, 0xff, 0xff, 0xff, 0xff}))
	f.Add([]byte(spoolMagic))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "spool"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenSpool(dir, "spool", int64(len(data)))
		if err != nil {
			return
		}
		defer s.Close()
		bytes := spoolHead
		err = s.Each(func(r *Spooled) error {
			bytes += 18
			for _, id := range r.People {
				bytes += 1 + int64(9+len(id.ID))
			}
			return nil
		})
		if err == nil && bytes > int64(len(data)) || err != nil && !errors.Is(err, extsort.ErrRecord) {
			t.Errorf("%v: rows of %d bytes in %d", err, bytes, len(data))
		}
	})
}
