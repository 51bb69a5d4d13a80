package outbox_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/outboxtest"
)

func TestDiskIsAStore(t *testing.T) {
	t.Parallel()
	outboxtest.Run(t, func(t testing.TB) outboxtest.Place {
		dir := t.TempDir()
		return outboxtest.Place{Open: func(t testing.TB, maxBytes int64) outbox.Store {
			t.Helper()
			d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, MaxBytes: maxBytes, OnDamage: func(d outbox.Damage) { t.Errorf("damage: %v", d) }})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = d.Close() })
			return d
		}}
	})
}

// A command that only reads must not create an outbox: the name may be misspelt, and "nothing waits" would be wrong.
func TestNoOutboxIsMadeByLooking(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Shared: true}); err == nil || !strings.Contains(err.Error(), "there is no outbox in "+dir) {
		t.Errorf("%v, %v", d, err)
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Errorf("%v, %v", all, err)
	}
}
