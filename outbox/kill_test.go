package outbox_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// lockedBuffer gets the output of a child.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// checkArrived compares the messages that a server got with the printed ids: all are there, those of each person in order, and repeats have the same
// bytes.
func checkArrived(t testing.TB, srv *emulator.Server, ids []string) (twice int) {
	t.Helper()
	page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey})
	if err != nil {
		t.Fatal(err)
	}
	all := page.Messages
	slices.Reverse(all) // the newest come first
	bodies := map[string]string{}
	type place struct{ run, n int }
	last := map[string]place{}
	for _, m := range all {
		if m.Verdict != emulator.VerdictAccepted {
			t.Errorf("%s: %s %s", m.MessageID, m.Verdict, m.Rule)
			continue
		}
		if before, ok := bodies[m.MessageID]; ok {
			if twice++; before != string(m.Raw) {
				t.Errorf("%s came twice with different bytes", m.MessageID)
			}
			continue
		}
		bodies[m.MessageID] = string(m.Raw)
		parts := strings.Split(m.MessageID, "-")
		run, _ := strconv.Atoi(parts[0])
		n, _ := strconv.Atoi(parts[2])
		if at := last[m.UserID]; run < at.run || run == at.run && n <= at.n && at != (place{}) {
			t.Errorf("for %s, %s came after %d-%d", m.UserID, m.MessageID, at.run, at.n)
		}
		last[m.UserID] = place{run, n}
	}
	missing := 0
	for _, id := range ids {
		if _, ok := bodies[id]; !ok {
			if missing++; missing < 5 {
				t.Errorf("%s was accepted by Enqueue and never arrived", id)
			}
		}
	}
	if missing > 0 {
		t.Errorf("%d of %d are missing", missing, len(ids))
	}
	return twice
}

// TestKilled kills a process again and again while it enqueues and sends, from one directory.
func TestKilled(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{MaxMessages: 5_000_000})
	web := httptest.NewServer(srv)
	defer web.Close()
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 18))
	var ids []string
	kills := counted(3, 10, 100)
	for run := range kills {
		var out lockedBuffer
		cmd := command(t, childConfig{dir: dir, url: web.URL, run: fmt.Sprint(run + 1), callers: 8})
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// The process is killed at any moment, mostly while it works: after it has printed a number of ids, however fast the machine is.
		if r.IntN(10) > 0 {
			wanted := 1 + r.IntN(300)
			for begun := time.Now(); strings.Count(out.String(), "\n") <= wanted; time.Sleep(time.Millisecond) {
				if time.Since(begun) > 2*time.Minute {
					t.Fatalf("the child does not continue: %s", out.String())
				}
			}
		}
		time.Sleep(time.Duration(r.IntN(10)) * time.Millisecond) // the test is about this moment
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
		p := parsePrinted(out.String())
		if len(p.failed) > 0 || len(p.errs) > 0 {
			t.Errorf("run %d: %v failed, %v", run, p.failed, p.errs)
		}
		if strings.Contains(out.String(), "damaged") {
			t.Errorf("run %d: a kill is reported as damage: %s", run, out.String())
		}
		ids = append(ids, p.ids...)
	}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, OnDamage: func(d outbox.Damage) { t.Errorf("damage: %v", d) }})
	flush(t, o)
	shut(t, o)
	twice := checkArrived(t, srv, ids)
	t.Logf("%d kills: %d accepted by Enqueue, all arrived, %d twice", kills, len(ids), twice)
	if len(ids) < 20*kills {
		t.Errorf("only %d messages were enqueued", len(ids))
	}
}
