package main

import (
	"bytes"
	"debug/elf"
	"errors"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// TestBareMachine runs the static program in a root directory that contains only the program and its input, as docs/platforms.md says.
func TestBareMachine(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if program, err := elf.Open(self); err != nil {
		t.Fatal(err)
	} else if libraries, err := program.ImportedLibraries(); err != nil || len(libraries) > 0 {
		t.Skip("a test with CGO_ENABLED=0 runs it, as bash .ci/platforms does: this program needs ", libraries, err)
	}
	if os.Getuid() != 0 {
		t.Skip("only root may use chroot")
	}
	root := t.TempDir()
	if text, err := os.ReadFile(self); err != nil {
		t.Fatal(err)
	} else if err := os.WriteFile(filepath.Join(root, "ciokit"), text, 0o755); err != nil { // a program with this name is the command, see TestMain
		t.Fatal(err)
	}
	for name, text := range map[string]string{"in.csv": "id,email\n1,a@example.com\n", "m.yaml": "messages:\n  - identify: {userId: $id, traits: {email: $email}}\n"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	srv := emulator.New(emulator.Config{Keys: []string{"test-key"}})
	server := httptest.NewServer(srv)
	t.Cleanup(server.Close)
	command := func(env string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.Command("/ciokit", args...)
		cmd.Dir, cmd.Env = "/", []string{"CUSTOMERIO_API_KEY=test-key"}
		if env != "" {
			cmd.Env = append(cmd.Env, env)
		}
		cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: root, Cloneflags: syscall.CLONE_NEWPID}
		out := new(bytes.Buffer)
		cmd.Stdout, cmd.Stderr = out, out
		return cmd, out
	}
	load := []string{"load", "/in.csv", "--mapping", "/m.yaml", "--to", server.URL, "--yes"}
	check := func(code int, says, env string, args ...string) {
		t.Helper()
		cmd, out := command(env, args...)
		err := cmd.Run()
		if errors.Is(err, syscall.EPERM) {
			t.Skip("this machine does not allow namespaces: ", err)
		}
		if cmd.ProcessState == nil || cmd.ProcessState.ExitCode() != code || !strings.Contains(out.String(), says) {
			t.Errorf("%v with %q: %v, want exit code %d and %q:\n%s", args, env, err, code, says, out)
		}
	}
	check(exit.OK, "XDG_STATE_HOME", "", load...)
	check(exit.Local, "XDG_STATE_HOME", "", "runs", "list")
	check(exit.Local, "TMPDIR", "", "demo")
	check(exit.OK, "--resume", "XDG_STATE_HOME=/state", load...)
	check(exit.OK, "complete", "XDG_STATE_HOME=/state", "runs", "list")

	if err := srv.AddFault(emulator.Fault{DelayMS: 60_000}); err != nil {
		t.Fatal(err)
	}
	cmd, out := command("", load...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for srv.Faults()[0].Seen == 0 && syscall.Kill(cmd.Process.Pid, 0) == nil { // a process that waits for an answer cannot send a signal
		runtime.Gosched()
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exit.Terminated {
		t.Errorf("as the first process, ended by SIGTERM: %v\n%s", cmd.ProcessState, out)
	}
	srv.ClearFaults()

	if err := syscall.Mount(root, root, "", syscall.MS_BIND, ""); err != nil {
		t.Skip("this machine gives no read-only root: ", err)
	}
	defer syscall.Unmount(root, syscall.MNT_DETACH)
	if err := syscall.Mount("", root, "", syscall.MS_BIND|syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Skip("this machine gives no read-only root: ", err)
	}
	check(exit.OK, "XDG_STATE_HOME", "HOME=/", load...)
	check(exit.Local, "XDG_STATE_HOME", "HOME=/", append(load, "--continue")...)
}
