package outbox_test

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// runWithFault lets a child enqueue on a disk that fails, while nothing is sent. It compares the child's results with what is there afterwards.
func runWithFault(t *testing.T, name string, change func(*exec.Cmd), wrapper ...string) (failures int) {
	t.Helper()
	srv := emulator.New(emulator.Config{})
	web := httptest.NewServer(srv)
	defer web.Close()
	dir := filepath.Join(t.TempDir(), "box")
	cmd := command(t, childConfig{dir: dir, url: web.URL, run: "1", callers: 2, most: 12}, wrapper...)
	cmd.Env = append(cmd.Env, "CIOKIT_OUTBOX_LOCK=1")
	if change != nil {
		change(cmd)
	}
	text, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) { // 1 means that it could not open or close, and said so
		t.Fatalf("%s: %v: %s", name, err, text)
	}
	p := parsePrinted(string(text))
	if exit != nil && len(p.errs) == 0 {
		t.Fatalf("%s: the child ended and printed nothing: %s\n%s", name, text, exit.Stderr)
	}
	if _, err := os.Stat(dir); err != nil {
		return len(p.errs)
	}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
	flush(t, o)
	shut(t, o)
	if len(p.ids) > 0 {
		checkArrived(t, srv, p.ids)
	}
	there := arrived(t, srv)
	for id, reason := range p.failed {
		if there[id] > 0 && !strings.Contains(reason, outbox.ErrUncertain.Error()) {
			t.Errorf("%s: Enqueue of %s said %q, but it was sent", name, id, reason)
		}
	}
	if len(p.ids)+len(p.failed) < 24 && len(p.errs) == 0 {
		t.Errorf("%s: only %d and %d of 24 were reported", name, len(p.ids), len(p.failed))
	}
	return len(p.failed) + len(p.errs)
}

// TestFailingDisk lets each of the first writes and syncs fail in turn, once, or from then on.
func TestFailingDisk(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("strace makes system calls fail only on Linux")
	}
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed; it makes system calls fail")
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, "-e", "trace=none", "true").CombinedOutput(); err != nil {
		t.Skipf("strace does not work here: %v %s", err, out)
	}
	type fault struct {
		call, err, when string
	}
	var all []fault
	for n := 1; n <= 30; n++ {
		for _, f := range []fault{{"pwrite64", "EIO", ""}, {"pwrite64", "ENOSPC", ""}, {"pwrite64", "ENOSPC", "+"}, {"fsync,fdatasync", "EIO", ""}, {"fsync,fdatasync", "EIO", "+"}, {"ftruncate", "EIO", ""}} {
			if n <= 30 && (f.call == "pwrite64" || n <= 8) {
				all = append(all, fault{f.call, f.err, fmt.Sprint(n) + f.when})
			}
		}
	}
	step := max(1, len(all)/counted(3, 12, len(all)))
	failures := 0
	for i := 0; i < len(all); i += step {
		f := all[i]
		name := fmt.Sprintf("%s=%s from %s", f.call, f.err, f.when)
		failures += runWithFault(t, name, nil, strace, "-f", "-qq", "-o", os.DevNull, "-e", "trace="+f.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%s", f.call, f.err, f.when))
	}
	t.Logf("%d faults, %d failures were reported", (len(all)+step-1)/step, failures)
	if failures == 0 {
		t.Error("nothing failed")
	}
}

// TestShortWrites limits the size of files, so that a write is short and the next one fails.
func TestShortWrites(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the limit of the size of files is set as Linux has it")
	}
	failures := 0
	sizes := counted(2, 6, 60)
	for i := range sizes {
		size := 100 + i*120_000/sizes
		failures += runWithFault(t, fmt.Sprintf("files end at %d bytes", size), func(cmd *exec.Cmd) {
			cmd.Env = append(cmd.Env, fmt.Sprintf("CIOKIT_OUTBOX_FSIZE=%d", size))
		})
	}
	if failures == 0 {
		t.Error("nothing failed")
	}
}
