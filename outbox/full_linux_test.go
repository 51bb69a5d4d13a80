package outbox_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// TestFullDisk fills a disk, while nothing is sent: what was accepted arrives when it is, its rows go, and there is room again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("a full disk is a small file system of its own, which root alone may mount")
	}
	at := t.TempDir()
	if err := run("mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", at); err != nil {
		t.Skipf("a full disk is a small file system of its own, which cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := run("umount", at); err != nil {
			t.Error(err)
		}
	})
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: filepath.Join(at, "box")})
	accepted := 0
	for ; ; accepted++ {
		err := o.Enqueue(t.Context(), track(accepted))
		if errors.Is(err, outbox.ErrDiskFull) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 { // it stays full
		if err := o.EnqueueAll(t.Context(), []cio.Message{track(1), track(2)}); !errors.Is(err, outbox.ErrDiskFull) {
			t.Errorf("EnqueueAll says %v", err)
		}
	}
	// Another takes the last of it.
	f, err := os.Create(filepath.Join(at, "other"))
	if err != nil {
		t.Fatal(err)
	}
	for b := make([]byte, 4096); err == nil; {
		_, err = f.Write(b)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	srv.ClearFaults()
	flush(t, o)
	if got := arrived(t, srv); len(got) != accepted {
		t.Errorf("%d were accepted and %d arrived", accepted, len(got))
	}
	if s := o.Stats(); s.Queued != 0 {
		t.Errorf("%+v", s)
	}
	enqueue(t, o, accepted, accepted+10)
	flush(t, o)
}
