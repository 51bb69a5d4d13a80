package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// smallDisk returns a directory on a new disk of that size.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a full disk is a small file system, which only root can mount")
	}
	at := t.TempDir()
	if err := run("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", at); err != nil {
		t.Skipf("a full disk is a small file system of its own, which cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := run("umount", at); err != nil {
			t.Error(err)
		}
	})
	return at
}

// takeAll fills the free room of a disk, as another program might.
func takeAll(t *testing.T, at string) {
	t.Helper()
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
}

// TestFullDisk fills a disk while nothing is sent. When messages are sent again, all stored ones arrive, their rows are removed, and there is room.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	at := smallDisk(t, "1500k")
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
	for range 3 { // the disk stays full
		if err := o.EnqueueAll(t.Context(), []cio.Message{track(1), track(2)}); !errors.Is(err, outbox.ErrDiskFull) {
			t.Errorf("EnqueueAll says %v", err)
		}
	}
	// Another program fills the rest.
	takeAll(t, at)
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

// TestFullDiskOfLargeMessages fills a disk from several callers, with a log for which the database has no room, and restarts the service on it.
func TestFullDiskOfLargeMessages(t *testing.T) {
	t.Parallel()
	at := smallDisk(t, "6m")
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	c := newClient(t, srv.Transport(), nil)
	cfg := outbox.Config{Dir: filepath.Join(at, "box"), Logger: silent}
	o, err := outbox.Open(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.Repeat("x", 20_000)
	var accepted atomic.Int64
	var all sync.WaitGroup
	for person := range 8 {
		all.Go(func() {
			for full := 0; full < 20; {
				err := o.Enqueue(t.Context(), cio.Track{UserID: fmt.Sprint("u", person), Event: cio.Named("Thing Done", map[string]any{"fill": fill})})
				switch {
				case err == nil:
					accepted.Add(1)
				case errors.Is(err, outbox.ErrDiskFull) && !errors.Is(err, outbox.ErrUncertain):
					full++
				default:
					t.Errorf("Enqueue says %v", err)
					return
				}
			}
		})
	}
	all.Wait()
	takeAll(t, at)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ended); err != nil {
		t.Error(err)
	}
	srv.ClearFaults()
	o = open(t, c, cfg)
	flush(t, o)
	if s := o.Stats(); s.Queued != 0 || s.Damages != 0 {
		t.Errorf("%+v", s)
	}
	if got := arrived(t, srv); int64(len(got)) != accepted.Load() || len(got) < 20 {
		t.Errorf("%d were accepted and %d arrived", accepted.Load(), len(got))
	}
}
