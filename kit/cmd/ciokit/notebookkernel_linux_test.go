package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// standIn replaces GoNB: it reports its start and its arguments through a named pipe, keeps another one open while it runs, and waits.
const standIn = `#!/bin/sh
exec 3>"$2.life"
echo "$$ $CIOKIT_NOTEBOOK_EMULATOR $CIOKIT_NOTEBOOK_FILES $CIOKIT_NOTEBOOK_RECORDER $CIOKIT_NOTEBOOK_PREFIX" >"$2.begun"
exec sleep 600
`

// kernel is ciokit notebook kernel with the stand-in.
type kernel struct {
	cmd             *exec.Cmd
	gonb            int // its process
	emulator, files string
	recorder        string // it and prefix, the prefix of ids, are set if a real workspace is allowed
	prefix          string
	life            io.ReadCloser // ends when GoNB does
	ended           chan struct{}
}

func startKernel(t *testing.T, env ...string) *kernel {
	t.Helper()
	dir := t.TempDir()
	connection, tools := filepath.Join(dir, "connection"), filepath.Join(dir, "bin")
	if err := os.Mkdir(tools, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(tools, "gonb"), []byte(standIn), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, pipe := range []string{".life", ".begun"} {
		if err := syscall.Mkfifo(connection+pipe, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	k := &kernel{cmd: exec.Command("ciokit", "notebook", "kernel", "--checkout", filepath.Join("..", "..", ".."), "--tools", tools, connection)}
	k.cmd.Env = append(os.Environ(), "CUSTOMERIO_API_KEY=a-key", "CUSTOMERIO_REGION=eu", "CIOKIT_LIVE=", "TMPDIR="+dir) // a key alone changes nothing
	k.cmd.Env = append(k.cmd.Env, env...)
	k.cmd.Stderr = t.Output()
	if err := k.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	k.ended = make(chan struct{})
	go func() {
		defer close(k.ended)
		k.cmd.Wait()
		for _, pipe := range []string{".life", ".begun"} { // for a test that still waits for a stand-in that does not start
			if f, err := os.OpenFile(connection+pipe, os.O_WRONLY|syscall.O_NONBLOCK, 0); err == nil {
				f.Close()
			}
		}
	}()
	t.Cleanup(func() {
		k.cmd.Process.Kill()
		<-k.ended
	})
	life, err := os.Open(connection + ".life") // waits for the stand-in
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { life.Close() })
	k.life = life
	select {
	case <-k.ended:
		t.Fatal("the kernel has ended")
	default:
	}
	begun, err := os.ReadFile(connection + ".begun")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(begun), &k.gonb, &k.emulator, &k.files); err != nil {
		t.Fatalf("the stand-in says %q: %v", begun, err)
	}
	if fields := strings.Fields(string(begun)); len(fields) == 5 {
		k.recorder, k.prefix = fields[3], fields[4]
	}
	if (k.recorder != "") != (len(env) > 0) {
		t.Fatalf("it has the recorder %q", k.recorder)
	}
	if k.recorder == "" {
		k.send(t)
	}
	return k
}

// send identifies somebody in the emulator, as a cell does.
func (k *kernel) send(t *testing.T) {
	t.Helper()
	req, err := http.NewRequest("POST", k.emulator+"/v1/identify", strings.NewReader(`{"userId":"ann"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("notebook-key", "")
	req.Header.Set("X-Strict-Mode", "1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		t.Fatalf("the emulator answers %s", resp.Status)
	}
}

// gone checks that nothing of the kernel is left. It waits for both processes.
func (k *kernel) gone(t *testing.T) {
	t.Helper()
	if _, err := io.Copy(io.Discard, k.life); err != nil {
		t.Error(err)
	}
	<-k.ended
	if resp, err := http.Get(k.emulator + "/_emulator/health"); err == nil {
		resp.Body.Close()
		t.Error("the emulator still answers")
	}
}

// However the kernel ends, GoNB and the emulator end with it.
func TestKernelEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end   func(*kernel) error
		files bool // whether the directory can be left behind
	}{
		"the kernel is killed":  {func(k *kernel) error { return k.cmd.Process.Kill() }, true},
		"the kernel is ended":   {func(k *kernel) error { return k.cmd.Process.Signal(syscall.SIGTERM) }, false},
		"GoNB is killed":        {func(k *kernel) error { return syscall.Kill(k.gonb, syscall.SIGKILL) }, false},
		"GoNB ends first":       {func(k *kernel) error { return syscall.Kill(k.gonb, syscall.SIGTERM) }, false},
		"a kill of the session": {func(k *kernel) error { return errors.Join(k.cmd.Process.Kill(), syscall.Kill(k.gonb, syscall.SIGKILL)) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := startKernel(t)
			if err := test.end(k); err != nil {
				t.Fatal(err)
			}
			k.gone(t)
			if _, err := os.Stat(k.files); err == nil && !test.files {
				t.Error("its files are left")
			}
		})
	}
}

// Two notebooks have separate emulators, and the end of one does not affect the other.
func TestKernelsAreApart(t *testing.T) {
	t.Parallel()
	one, two := startKernel(t), startKernel(t)
	if one.emulator == two.emulator || one.files == two.files {
		t.Errorf("they share %s or %s", one.emulator, one.files)
	}
	if err := one.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	one.gone(t)
	two.send(t)
}

// Everything that a notebook creates in a real workspace is in a ledger before it is sent, so that live clean can delete it after a kill.
func TestKilledKernelIsCleaned(t *testing.T) {
	t.Parallel()
	rounds := 2
	if os.Getenv("CIOKIT_FULL") == "1" {
		rounds = 20
	}
	for round := range rounds {
		srv := emulator.New(emulator.Config{Keys: []string{"key"}, DropUnknownPeople: true})
		web := httptest.NewServer(srv)
		state := t.TempDir()
		env := []string{"CIOKIT_LIVE=1", "CIOKIT_LIVE_WORKSPACE=Tests", "CUSTOMERIO_API_KEY=key", "CUSTOMERIO_APP_API_KEY=key", "CUSTOMERIO_BASE_URL=" + web.URL, "XDG_STATE_HOME=" + state}
		k := startKernel(t, env...)
		client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: k.recorder})
		if err != nil {
			t.Fatal(err)
		}
		for n := range 1 + round%4 {
			name := fmt.Sprintf("%sp%d", k.prefix, n)
			if err := client.Send(t.Context(), cio.Identify{UserID: name}, cio.Page{AnonymousID: name + "_v", Name: "Home"}, cio.SetObject{ObjectID: name + "_o"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := k.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-k.ended
		if statsOf(t, srv) == "" {
			t.Fatal("nothing is left to clean")
		}
		clean := exec.Command("ciokit", "live", "clean", "--to", web.URL, "--rate", "-1")
		clean.Env, clean.Dir = append(os.Environ(), env...), t.TempDir()
		if said, err := clean.CombinedOutput(); err != nil {
			t.Errorf("round %d: clean: %v\n%s", round, err, said)
		}
		if stats := statsOf(t, srv); stats != "" {
			t.Errorf("round %d: left over: %s", round, stats)
		}
		web.Close()
	}
}

// If a real workspace is allowed but not named, a kernel ends and says what is missing.
func TestKernelWantsTheNameOfTheWorkspace(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("ciokit", "notebook", "kernel", "--checkout", filepath.Join("..", "..", ".."), "--tools", t.TempDir(), "connection")
	cmd.Env = append(os.Environ(), "CIOKIT_LIVE=1", "CIOKIT_LIVE_WORKSPACE=", "CUSTOMERIO_API_KEY=a-key", "CUSTOMERIO_REGION=eu")
	if said, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(said), "CIOKIT_LIVE_WORKSPACE") {
		t.Errorf("%v: %s", err, said)
	}
}
