package outbox_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio/outbox"
)

// If any byte of the database's header is wrong, all messages are saved.
func TestEachByteOfTheHeader(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 10)
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	db, mark := read("outbox.db"), read("mark")
	bits := []byte{1, 2, 4, 8, 16, 32, 64, 128}
	for at := range 100 {
		if version := at == 47 || at == 60 || at == 63; !version && at%counted(12, 2, 1) != 0 {
			continue
		}
		step := counted(8, 4, 1)
		for i := at % step; i < len(bits); i += step {
			b := bytes.Clone(db)
			b[at] ^= bits[i]
			two := t.TempDir()
			for name, text := range map[string][]byte{"outbox.db": b, "mark": mark} {
				if err := os.WriteFile(filepath.Join(two, name), text, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: two, Logger: silent})
			if err != nil {
				t.Errorf("bit %d of byte %d: %v", bits[i], at, err)
				continue
			}
			if st, err := d.Stats(t.Context()); err != nil || st.Queued+st.Dead != 10 {
				t.Errorf("bit %d of byte %d: %+v, %v, %v", bits[i], at, st, err, d.Damages())
			}
			closeDisk(t, d)
		}
	}
}

// A database of a newer version is not a damaged one: it is not changed.
func TestANewerVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 3)
	outbox.SetVersion(t, dir, 3)
	before, err := os.ReadFile(filepath.Join(dir, "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Logger: silent}); err == nil || !bytes.Contains([]byte(err.Error()), []byte("version 3 of the format")) {
		t.Errorf("OpenDisk says %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(dir, "outbox.db")); err != nil || !bytes.Equal(before, after) {
		t.Errorf("it was changed, %v", err)
	}
}
