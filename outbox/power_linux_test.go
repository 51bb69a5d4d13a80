package outbox_test

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// disk is a file system in a file. The file has the content that a disk would have if the power failed.
type disk struct {
	image, at string
}

func run(name string, args ...string) error {
	if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

func mount(image, at string) error { return run("mount", "-o", "loop", image, at) }

// newDisk mounts a fresh file system, or skips.
func newDisk(t *testing.T) disk {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a power cut is simulated on a separate file system, which only root can mount")
	}
	dir := t.TempDir()
	d := disk{filepath.Join(dir, "image"), filepath.Join(dir, "at")}
	f, err := os.Create(d.image)
	if err == nil {
		err = f.Truncate(256 << 20)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(d.at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := run("mkfs.ext4", "-q", d.image); err != nil {
		t.Skipf("a power cut is played on ext4, which cannot be made here: %v", err)
	}
	if err := mount(d.image, d.at); err != nil {
		t.Skipf("a power cut is played on a file system of its own, which cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		for range 50 { // a killed process can still use it
			if run("umount", d.at) == nil {
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
		t.Errorf("%s cannot be unmounted", d.at)
	})
	return d
}

// cut copies the disk in its present state, and returns where the copy is mounted.
func (d disk) cut(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	image, at := filepath.Join(dir, "image"), filepath.Join(dir, "at")
	if err := run("cp", "--sparse=always", d.image, image); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(at, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mount(image, at); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := run("umount", at); err != nil {
			t.Error(err)
		}
	})
	return at
}

// stopped waits until no thread of a process runs: a sync that is under way ends first.
func stopped(t *testing.T, pid int) {
	t.Helper()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		running := 0
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				continue // the thread has ended
			}
			if fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:])); fields[0] != "T" {
				running++
			}
		}
		if running == 0 && len(paths) > 0 {
			return
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the process does not stop")
		}
	}
}

// TestPowerCuts cuts the power while a process enqueues: each message for which Enqueue returned nil is in the copy of the disk.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	srv := emulator.New(emulator.Config{})
	web := httptest.NewServer(srv)
	defer web.Close()
	r := rand.New(rand.NewPCG(18, 30))
	cuts := counted(1, 4, 30)
	told := 0
	for i := range cuts {
		box := filepath.Join(d.at, fmt.Sprint(i), "box") // its parent is new too
		var out lockedBuffer
		cmd := command(t, childConfig{dir: box, url: "http://127.0.0.1:1", run: "1", callers: 8})
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for begun := time.Now(); strings.Count(out.String(), "\nid") < 1+r.IntN(60); time.Sleep(time.Millisecond) {
			if time.Since(begun) > 2*time.Minute {
				t.Fatalf("the child does not enqueue: %s", out.String())
			}
		}
		time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond) // the test is about this moment
		// A copy takes longer than a power cut. Nothing must be synced meanwhile: otherwise the copy could have data that was synced late without
		// data that was synced before, as no disk has.
		if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		stopped(t, cmd.Process.Pid)
		printed := out.String()
		at := d.cut(t)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		ids := parsePrinted(printed).ids
		told += len(ids)
		if err := srv.Reset(); err != nil {
			t.Fatal(err)
		}
		o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: filepath.Join(at, fmt.Sprint(i), "box")})
		flush(t, o)
		if n := o.Stats().Damages; n > 0 {
			t.Logf("cut %d: %d reports", i, n)
		}
		shut(t, o)
		checkArrived(t, srv, ids)
	}
	t.Logf("%d cuts, %d messages were reported as stored", cuts, told)

	// The control: without sync some messages must be lost, or the test would show nothing.
	lost := 0
	for i := range 3 {
		dir := filepath.Join(d.at, fmt.Sprintf("control%d", i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		disk, err := outbox.OpenUnsynced(dir)
		if err != nil {
			t.Fatal(err)
		}
		for n := range 50 {
			if err := disk.Append(t.Context(), outbox.Encode(t, n)); err != nil {
				t.Fatal(err)
			}
		}
		at := filepath.Join(d.cut(t), fmt.Sprintf("control%d", i))
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(at); err != nil {
			lost += 50
			continue
		}
		copied, err := openDisk(t, at, &[]outbox.Damage{})
		if err != nil {
			lost += 50
			continue
		}
		queue, _ := contents(t, copied)
		lost += 50 - len(queue)
		if err := copied.Close(); err != nil {
			t.Error(err)
		}
	}
	if lost == 0 {
		t.Error("without sync nothing is lost: the copies show nothing")
	}
	t.Logf("without sync %d of 150 are lost", lost)
}
