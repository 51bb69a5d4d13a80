package outbox_test

import (
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
