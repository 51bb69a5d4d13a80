package main

import (
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// A live run that is killed in any call leaves a ledger, and with it live clean empties the workspace.
func TestKilledLiveRunIsCleaned(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(11, 22))
	leftSomething := 0
	rounds := 6
	if os.Getenv("CIOKIT_FULL") == "1" {
		rounds = 20
	}
	for round := range rounds {
		var mu sync.Mutex
		calls, at := 0, 1+rnd.IntN(65)
		answered := rnd.IntN(2) == 0 // whether the child gets the answer to its last call before it is killed
		reached, killed := make(chan struct{}), make(chan struct{})
		srv := emulator.New(emulator.Config{OnRequest: func(emulator.Request) {
			mu.Lock()
			calls++
			now := calls == at
			mu.Unlock()
			if now {
				close(reached)
				if !answered {
					<-killed
				}
			}
		}})
		idle := newConnections()
		web := httptest.NewUnstartedServer(srv)
		web.Config.ConnState = idle.changed
		web.Start()
		dir := t.TempDir()
		env := append(os.Environ(), "CUSTOMERIO_API_KEY=key", "CUSTOMERIO_APP_API_KEY=key", "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		command := func(args ...string) (*exec.Cmd, *strings.Builder) {
			self, err := os.Executable()
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command(self)
			cmd.Args = append([]string{"ciokit"}, args...) // a program with this name is the command, see TestMain
			cmd.Dir, cmd.Env = dir, env
			var said strings.Builder
			cmd.Stdout, cmd.Stderr = &said, &said
			return cmd, &said
		}
		run, said := command("live", "run", "--to", web.URL, "--rate", "-1")
		if err := run.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- run.Wait() }()
		select {
		case <-reached:
			if err := run.Process.Kill(); err != nil {
				t.Log(err) // it ended just now
			}
			<-ended
		case err := <-ended:
			t.Fatalf("round %d: it ended before its call %d: %v\n%s", round, at, err, said)
		}
		close(killed)
		idle.wait() // a running call is processed

		if stats := statsOf(t, srv); stats != "" {
			leftSomething++
		}
		clean, said := command("live", "clean", "--to", web.URL, "--rate", "-1")
		if err := clean.Run(); err != nil {
			t.Errorf("round %d, killed in call %d: clean: %v\n%s", round, at, err, said)
		}
		if stats := statsOf(t, srv); stats != "" {
			t.Errorf("round %d, killed in call %d: left over: %s\n%s", round, at, stats, said)
		}
		if files, _ := filepath.Glob(filepath.Join(dir, "state", "ciokit", "live", "*")); len(files) > 0 {
			t.Errorf("round %d: ledgers are left: %v", round, files)
		}
		web.Close()
	}
	if leftSomething < rounds/2 {
		t.Errorf("only %d of %d killed runs had left something to clean", leftSomething, rounds)
	}
}

// statsOf returns the counts of the workspace; "" if it is empty.
func statsOf(t *testing.T, srv *emulator.Server) string {
	t.Helper()
	s, err := srv.Stats("key")
	if err != nil {
		t.Fatal(err)
	}
	if s.People+s.Events+s.Objects+s.Relationships+s.Devices+s.Suppressed == 0 {
		return ""
	}
	return fmt.Sprintf("%+v", s)
}

// connections waits until a server has none.
type connections struct {
	mu   sync.Mutex
	none *sync.Cond
	open map[net.Conn]bool
}

func newConnections() *connections {
	c := &connections{open: make(map[net.Conn]bool)}
	c.none = sync.NewCond(&c.mu)
	return c
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew:
		c.open[conn] = true
	case http.StateClosed, http.StateHijacked:
		delete(c.open, conn)
	}
	c.none.Broadcast()
}

func (c *connections) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.open) > 0 {
		c.none.Wait()
	}
}
