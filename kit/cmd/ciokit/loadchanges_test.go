package main

import (
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// A load with a snapshot is killed again and again. It sends every changed row, other loads are refused until it is resumed, and with its snapshot
// nothing is left to send.
func TestKilledLoadWithSnapshot(t *testing.T) {
	t.Parallel()
	const rows, changed, kills = 9_000, 6_000, 3
	server := &taker{ids: make(map[string]int)}
	web := httptest.NewServer(server)
	defer web.Close()
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table := func(changed int) string {
		var in strings.Builder
		in.WriteString("id,n\n")
		for i := range rows {
			n := 0
			if i%3 != 0 && changed > 0 {
				n, changed = 1, changed-1
			}
			fmt.Fprintf(&in, "u%d,%d\n", i, n)
		}
		return in.String()
	}
	write("in.csv", table(0))
	// The messages are long, so there are many requests and many moments for a kill.
	write("map.yaml", "messages:\n  - identify: {userId: $id, traits: {n: =int(n), note: "+strings.Repeat("x", 900)+"}, messageId: [$id, $n]}\n")
	start := func(args ...string) (*process, error) { return startCommand(dir, args...) }
	load := []string{"load", "in.csv", "--mapping", "map.yaml", "--to", web.URL, "--concurrency", "2", "--snapshot", "s", "--snapshot-ids"}
	whole := func(args []string, want string) {
		t.Helper()
		p, err := start(append(args, "--json")...)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Wait(); err != nil || !strings.Contains(p.said.String(), want) {
			t.Fatalf("%v: %s, want %s", err, &p.said, want)
		}
	}
	whole(load, fmt.Sprintf(`"accepted":%d,`, rows))

	write("in.csv", table(changed))
	server.mu.Lock()
	clear(server.ids)
	server.pause = 100 * time.Microsecond
	server.mu.Unlock()
	rnd := rand.New(rand.NewPCG(5, 5))
	args, id := load, ""
	ended := false
	for kill := 0; kill < kills && !ended; kill++ {
		reached := server.after(1 + rnd.IntN(changed/kills))
		p, err := start(args...)
		if err != nil {
			t.Fatal(err)
		}
		end := make(chan error, 1)
		go func() { end <- p.Wait() }()
		select {
		case <-reached:
			ended = p.Process.Kill() != nil // it ended just now
			if <-end; ended {
				continue
			}
		case err := <-end:
			if ended = true; err != nil || kill == 0 {
				t.Fatalf("kill %d: it has ended already: %v: %s", kill, err, &p.said)
			}
			continue
		}
		if id == "" {
			id = resumeID.FindStringSubmatch(p.said.String())[1]
		}
		args = []string{"load", "--resume", id}
		again, err := start(load...)
		if err != nil {
			t.Fatal(err)
		}
		if err := again.Wait(); err == nil || again.ProcessState.ExitCode() != exit.Usage || !strings.Contains(again.said.String(), "ciokit load --resume "+id) {
			t.Fatalf("a new load from the snapshot of a killed one: %v: %s", err, &again.said)
		}
	}
	if !ended {
		whole(args, fmt.Sprintf(`"unchanged":%d,`, rows-changed))
	}
	if len(server.ids) != changed {
		t.Errorf("%d distinct messages arrived, want %d", len(server.ids), changed)
	}
	whole(load, fmt.Sprintf(`"unchanged":%d,`, rows))
	if _, err := os.Stat(filepath.Join(dir, "s.pending")); err == nil {
		t.Error("the load is over, and said to be under way")
	}
	left, err := filepath.Glob(filepath.Join(dir, ".*ciokit*"))
	if err != nil || len(left) > 0 {
		t.Errorf("%v, files are left: %q", err, left)
	}
	spools, err := filepath.Glob(filepath.Join(dir, "state", "ciokit", "runs", "*", "*.spool"))
	if err != nil || len(spools) > 0 {
		t.Errorf("%v, files are left: %q", err, spools)
	}
}
