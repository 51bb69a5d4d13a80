package emulatordb_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/emulatordb"
)

// serveEnv makes this test binary a server with the file that it names. Another
// process kills it.
const serveEnv = "EMULATORDB_TEST_SERVE"

func TestMain(m *testing.M) {
	if path := os.Getenv(serveEnv); path != "" {
		serve(path)
		return
	}
	os.Exit(m.Run())
}

// serve prints its address, and serves until it is killed.
func serve(path string) {
	db, err := emulatordb.Open(path)
	if err != nil {
		panic(err)
	}
	srv, err := emulator.Open(emulator.Config{Store: db, MaxMessages: 1000})
	if err != nil {
		panic(err)
	}
	server := emulatorServer(srv)
	fmt.Println(server)
	select {}
}

func open(t *testing.T, path string, config emulator.Config) (*emulator.Server, *emulatordb.DB) {
	t.Helper()
	db, err := emulatordb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	config.Store = db
	srv, err := emulator.Open(config)
	if err != nil {
		t.Fatal(err)
	}
	return srv, db
}

func post(t *testing.T, client *http.Client, base, key, path, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, base+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(key, "")
	resp, err := client.Do(req)
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return 0
	}
	return resp.StatusCode
}

// everything is what a server returns about all its workspaces.
func everything(t *testing.T, srv *emulator.Server) string {
	t.Helper()
	var b strings.Builder
	for _, key := range append(srv.Keys(), emulator.UnknownKey) {
		stats, err := srv.Stats(key)
		if err != nil {
			t.Fatal(err)
		}
		records, err := srv.Messages(emulator.MessagesQuery{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		shapes, err := srv.EventShapes(emulator.EventShapesQuery{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		requests, err := srv.Requests(emulator.RequestsQuery{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		people, err := srv.People(emulator.PeopleQuery{Key: key})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s %+v\n%+v\n%+v\n%+v\n%+v\n", key, stats, records, shapes, requests, people)
		for _, p := range people.People {
			person, err := srv.Person(key, p.CustomerIOID)
			if err != nil {
				t.Fatal(err)
			}
			why, err := srv.Why(key, p.CustomerIOID)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&b, "%+v\n%+v\n", person, why)
		}
	}
	return b.String()
}

// calls are calls of every kind, in an order that matters.
var calls = []struct{ key, path, body string }{
	{"k", "/v1/track", `{"anonymousId":"a","event":"Seen","properties":{"html":"<b>&"}}`},
	{"k", "/v1/identify", `{"messageId":"m1","userId":"u","anonymousId":"a","traits":{"email":"U@x.example","plan":"<pro>","n":1.50}}`},
	{"k", "/v1/group", `{"userId":"u","groupId":"g","traits":{"name":"G","relationshipAttributes":{"role":"admin"}}}`},
	{"k", "/v1/group", `{"anonymousId":"b","groupId":"g"}`},
	{"k", "/v1/track", `{"userId":"u","event":"Device Created or Updated","properties":{"x":1},"context":{"device":{"token":"t","type":"ios"}}}`},
	{"k", "/v1/batch", `{"batch":[{"type":"identify","userId":"v","traits":{"id":"no"}},{"type":"track","userId":"refused"},{"type":"track"}],"sentAt":"2026-01-01T00:00:00Z"}`},
	{"k", "/v1/track", `{"userId":"s","event":"User Suppressed"}`},
	{"k", "/v1/identify", `{"userId":"s"}`},
	{"k", "/v1/track", `{"userId":"refused","event":"e"}`},
	{"k", "/v1/identify", `{"messageId":"m1","userId":"u","traits":{"plan":"again"}}`},
	{"k", "/v1/alias", `{"previousId":"v","userId":"u"}`},
	{"k", "/v1/identify", `{`},
	{"k", "/v1/identify", `{"userId":"big","traits":{"x":"` + strings.Repeat("x", 40_000) + `"}}`},
	{"other", "/v1/identify", `{"userId":"w","traits":{"gone":1}}`},
	{"other", "/v1/identify", `{"userId":"w","traits":{"gone":null,"email":"w@x.example"}}`},
	{"", "/v1/identify", `{"userId":"nobody"}`},
}

// TestReopen compares a server with one that loads its file, after every kind
// of call, a reset and a restore, with different switches.
func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "emulator.db")
	srv, db := open(t, path, emulator.Config{DedupWindow: time.Hour, MergeOnAlias: true, RateLimit: 100,
		Refuse: func(m emulator.Message) (string, bool) { return "not-today", m.UserID == "refused" }})
	client := &http.Client{Transport: srv.Transport()}
	for _, c := range calls {
		post(t, client, "http://emulator", c.key, c.path, c.body)
	}
	before := everything(t, srv)
	if !strings.Contains(before, "not-today") || !strings.Contains(before, "duplicate") {
		t.Fatalf("the calls do not do what they should: %s", before)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, db := open(t, path, emulator.Config{Strict: true})
	if after := everything(t, again); after != before {
		t.Errorf("after a restart:\n%s\nbefore:\n%s", after, before)
	}
	kept, err := again.Snapshot("k")
	if err != nil {
		t.Fatal(err)
	}
	if err := again.ResetWorkspace("k"); err != nil {
		t.Fatal(err)
	}
	if err := again.Restore("other", kept); err != nil {
		t.Fatal(err)
	}
	before = everything(t, again)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	third, _ := open(t, path, emulator.Config{})
	if after := everything(t, third); after != before {
		t.Errorf("after a reset, a restore and a restart:\n%s\nbefore:\n%s", after, before)
	}
}

// TestCompact writes a snapshot in the middle, and continues.
func TestCompact(t *testing.T) {
	t.Parallel()
	if raceDetector && os.Getenv("CIOKIT_DEEP") != "1" {
		t.Skip("64 MiB are too much for the race detector without CIOKIT_DEEP=1")
	}
	path := filepath.Join(t.TempDir(), "emulator.db")
	srv, db := open(t, path, emulator.Config{MaxMessages: 100, MaxEventsPerPerson: 3})
	client := &http.Client{Transport: srv.Transport()}
	large := strings.Repeat("x", 30_000)
	for i := range 160 { // 15 of these make a batch, 64 MiB a snapshot
		var batch []string
		for j := range 15 {
			batch = append(batch, fmt.Sprintf(`{"type":"track","userId":"u%d","event":"e","properties":{"x":"%s"}}`, j, large))
		}
		if status := post(t, client, "http://emulator", "k", "/v1/batch", `{"batch":[`+strings.Join(batch, ",")+`]}`); status != 200 {
			t.Fatalf("batch %d: status %d", i, status)
		}
	}
	before := everything(t, srv)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if mode := info.Mode().Perm(); mode != 0o600 {
		t.Errorf("mode %o", mode)
	}
	db, err = emulatordb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	snapshots, records := 0, 0
	err = db.Load(func([]byte) error { snapshots++; return nil }, func([]byte) error { records++; return nil })
	if err != nil || snapshots != 1 || records == 0 || records > 60 {
		t.Errorf("%d snapshots and %d records, %v", snapshots, records, err)
	}
	db.Close()
	again, _ := open(t, path, emulator.Config{MaxMessages: 100, MaxEventsPerPerson: 3})
	if after := everything(t, again); after != before {
		t.Error("after a snapshot and a restart the state differs")
	}
}

func TestOneProcessAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "emulator.db")
	_, db := open(t, path, emulator.Config{})
	if _, err := emulatordb.Open(path); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("a second open: %v", err)
	}
	db.Close()
	if err := db.Append([]byte("late"))(); !errors.Is(err, emulatordb.ErrClosed) {
		t.Errorf("append after close: %v", err)
	}
	if err := os.WriteFile(path, []byte("not a database, but long enough to be looked at"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := emulatordb.Open(path); err == nil {
		t.Error("a file of something else was opened")
	}
}

// TestKill kills a server in the middle of a load, ten times with
// CIOKIT_DEEP=1. Every call that was answered with 200 before must have its
// effect afterwards.
func TestKill(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "emulator.db")
	kills := 3
	if os.Getenv("CIOKIT_DEEP") == "1" {
		kills = 10
	}
	var mu sync.Mutex
	accepted := make(map[string]bool)
	for kill := range kills {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), serveEnv+"="+path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		base, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatalf("kill %d: the server did not start: %v", kill, err)
		}
		base = strings.TrimSpace(base)
		ctx, stop := context.WithCancel(t.Context())
		var answered atomic.Int64
		var writers sync.WaitGroup
		client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
		for w := range 8 {
			writers.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					id := fmt.Sprintf("%d-%d-%d", kill, w, i)
					if post(t, client, base, "k", "/v1/identify", `{"userId":"`+id+`"}`) == http.StatusOK {
						mu.Lock()
						accepted[id] = true
						mu.Unlock()
						if answered.Add(1) == int64(50+20*kill) {
							if err := cmd.Process.Kill(); err != nil {
								t.Error(err)
							}
							stop()
						}
					}
				}
			})
		}
		writers.Wait()
		stop()
		_ = cmd.Wait() // it was killed
		client.CloseIdleConnections()
	}
	srv, _ := open(t, path, emulator.Config{})
	missing := 0
	for id := range accepted {
		if _, err := srv.Person("k", id); err != nil {
			missing++
		}
	}
	if stats, err := srv.Stats("k"); missing > 0 || err != nil || stats.People < len(accepted) {
		t.Errorf("of %d accepted people %d are missing; %+v, %v", len(accepted), missing, stats, err)
	}
	t.Logf("%d kills, %d accepted, none lost", kills, len(accepted))
}
