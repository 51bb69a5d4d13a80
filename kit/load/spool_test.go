package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What a spool holds is read as it was written, and a damaged one is an error.
func TestSpool(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := createSpool(dir, "spool", [16]byte{1}, [16]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	rows := []spooled{{what: rowSent, mark: mark{1, 2}, people: []mention{{how: namedIdentified, id: []byte("ann"), address: 7}, {how: namedOnly, id: []byte{}}}},
		{what: rowUnchanged, mark: mark{3, 4}}, {what: rowLost, mark: mark{5, 6}, people: []mention{{how: namedUnsure, id: []byte(strings.Repeat("x", 5000))}}}}
	var ends []int64
	for _, r := range rows {
		if err := s.add(r.what, r.mark, r.people); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, s.written)
	}
	read := func(s *spool) (got []string, err error) {
		err = s.each(func(r *spooled) error {
			text := fmt.Sprintf("%c %v", r.what, r.mark)
			for _, one := range r.people {
				text += fmt.Sprintf(" %c %q %d", one.how, one.id, one.address)
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
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
	again, err := openSpool(dir, "spool", ends[1]) // what came after the checkpoint does not count
	if err != nil || again.base != [16]byte{1} || again.salt != [16]byte{2} {
		t.Fatal(err)
	}
	if got, err := read(again); err != nil || !slices.Equal(got, all[:2]) {
		t.Error(err, got)
	}
	if err := again.add(rowSent, mark{7, 8}, nil); err != nil {
		t.Fatal(err)
	}
	if got, err := read(again); err != nil || len(got) != 3 || got[2] != `a {7 8}` {
		t.Error(err, got)
	}
	if err := again.close(); err != nil {
		t.Fatal(err)
	}
	for _, bytes := range []int64{0, 5, spoolHead + 9999} {
		if _, err := openSpool(dir, "spool", bytes); err == nil {
			t.Errorf("a spool of %d bytes was opened", bytes)
		}
	}
	torn, err := openSpool(dir, "spool", ends[0]-1)
	if err != nil {
		t.Fatal(err)
	}
	defer torn.close()
	if _, err := read(torn); !errors.Is(err, errRecord) {
		t.Error(err)
	}
}

// Whatever a spool holds, it is rows or an error.
func FuzzSpool(f *testing.F) {
	head := append([]byte(spoolMagic), make([]byte, 32)...)
	row := append([]byte{rowSent}, make([]byte, 16)...)
	f.Add(slices.Concat(head, row, []byte{1, 12, namedOnly, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'n', 'n'}, row, []byte{0}))
	f.Add(slices.Concat(head, row, []byte{0xff, 0xff, 0xff, 0xff, 0xff}))
	f.Add([]byte(spoolMagic))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(filepath.Join(dir, "spool"), data, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := openSpool(dir, "spool", int64(len(data)))
		if err != nil {
			return
		}
		defer s.close()
		bytes := spoolHead
		err = s.each(func(r *spooled) error {
			bytes += 18
			for _, id := range r.people {
				bytes += 1 + int64(9+len(id.id))
			}
			return nil
		})
		if err == nil && bytes > int64(len(data)) || err != nil && !errors.Is(err, errRecord) {
			t.Errorf("%v: rows of %d bytes in %d", err, bytes, len(data))
		}
	})
}
