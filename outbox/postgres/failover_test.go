package postgres_test

import (
	"context"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5/pgxpool"
)

// installation has PostgreSQL's programs, and runs them as a user who can run a server.
type installation struct {
	bin, dir string
	as       []string
}

func findInstallation(t testing.TB) *installation {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is right
	if runtime.GOOS != "linux" || len(found) == 0 {
		t.Skip("PostgreSQL's initdb is not in /usr/lib/postgresql")
	}
	in := &installation{bin: found[len(found)-1]}
	var err error
	if in.dir, err = os.MkdirTemp("/tmp", "ciokit-failover"); err != nil { // a short name: it contains sockets
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(in.dir) }) // it is in the directory for temporary files
	if os.Getuid() == 0 {
		if _, err := user.Lookup("postgres"); err != nil {
			t.Skip("there is no user postgres to run a server as")
		}
		in.as = []string{"setpriv", "--reuid", "postgres", "--regid", "postgres", "--clear-groups"}
		if out, err := exec.Command("chown", "postgres:", in.dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return in
}

// command returns the words of a command of the installation.
func (in *installation) command(name string, args ...string) []string {
	return append(append(slices.Clone(in.as), filepath.Join(in.bin, name)), args...)
}

// end ends a server, if it runs.
func (in *installation) end(data string) {
	all := in.command("pg_ctl", "-D", data, "-m", "immediate", "stop")
	_ = exec.Command(all[0], all[1:]...).Run() // it can have ended already
}

// run runs a program of the installation to its end.
func (in *installation) run(t testing.TB, name string, args ...string) {
	t.Helper()
	all := in.command(name, args...)
	log, err := os.OpenFile(filepath.Join(in.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }() // it is for this error only
	cmd := exec.Command(all[0], all[1:]...)
	cmd.Stdout, cmd.Stderr = log, log // the server would keep a pipe open
	if err := cmd.Run(); err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("%s %v: %v: %s", name, args, err, text)
	}
}

func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String()) // it is an address
	return port
}

func (in *installation) start(t testing.TB, data, port string, more ...string) {
	t.Helper()
	options := "-p " + port + " -c listen_addresses=127.0.0.1 -c unix_socket_directories=" + in.dir + " -c fsync=off " + strings.Join(more, " ")
	in.run(t, "pg_ctl", "-D", data, "-l", data+".log", "-w", "-t", "120", "-o", options, "start")
}

// TestRestartAndFailOver restarts the server under load as after a crash. Then a synchronous replica takes its place.
func TestRestartAndFailOver(t *testing.T) {
	if !deep {
		t.Skip("CIOKIT_DEEP is not set")
	}
	t.Parallel()
	in := findInstallation(t)
	first, second := filepath.Join(in.dir, "first"), filepath.Join(in.dir, "second")
	a, b := freePort(t), freePort(t)
	in.run(t, "initdb", "-D", first, "-U", "ciokit", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
	in.start(t, first, a)
	t.Cleanup(func() { in.end(first) })
	in.run(t, "pg_basebackup", "-h", "127.0.0.1", "-p", a, "-U", "ciokit", "-D", second, "-R", "-c", "fast", "-N")
	in.start(t, second, b)
	t.Cleanup(func() { in.end(second) })
	primary := fmt.Sprintf("postgres://ciokit@127.0.0.1:%s/postgres?sslmode=disable", a)
	both := fmt.Sprintf("postgres://ciokit@127.0.0.1:%s,127.0.0.1:%s/postgres?sslmode=disable&target_session_attrs=read-write&connect_timeout=5", a, b)
	execute(t, primary, "ALTER SYSTEM SET synchronous_standby_names = '*'")
	execute(t, primary, "SELECT pg_reload_conf()")
	waitFor(t, "the replica is synchronous", func() bool {
		pool, err := pgxpool.New(context.Background(), primary)
		if err != nil {
			return false
		}
		defer pool.Close()
		var n int
		return pool.QueryRow(context.Background(), "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'").Scan(&n) == nil && n == 1
	})
	if err := postgres.Migrate(t.Context(), both, ""); err != nil {
		t.Fatal(err)
	}
	p := &place{url: both, schema: postgres.DefaultSchema, sink: emulator.New(emulator.Config{})}
	p.web = httptest.NewServer(p.sink)
	defer p.web.Close()
	client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: p.web.URL})
	if err != nil {
		t.Fatal(err)
	}
	if p.queue, err = postgres.NewQueue(client, postgres.QueueConfig{}); err != nil {
		t.Fatal(err)
	}
	if p.pool, err = pgxpool.New(t.Context(), both); err != nil {
		t.Fatal(err)
	}
	defer p.pool.Close()
	workers := []*postgres.Worker{p.start(t, nil), p.start(t, nil)}
	var mu sync.Mutex
	committed := map[string]bool{}
	enqueuing, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	for person := range 4 {
		all.Go(func() {
			for n := 0; enqueuing.Err() == nil; n++ {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
				tx, err := p.pool.Begin(ctx)
				if err == nil {
					id := fmt.Sprintf("%d-%d", person, n)
					err = p.queue.Enqueue(ctx, tx, track(fmt.Sprint("person", person), id))
					if n%5 == 4 || err != nil {
						_ = tx.Rollback(ctx) // it is gone in any case
					} else if tx.Commit(ctx) == nil {
						mu.Lock()
						committed[id] = true
						mu.Unlock()
					}
				}
				cancel()
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	more := func() {
		before := len(p.arrived())
		waitFor(t, "messages arrive", func() bool { return len(p.arrived()) > before+50 })
	}
	more()
	in.run(t, "pg_ctl", "-D", first, "-m", "immediate", "-w", "stop")
	in.start(t, first, a)
	more()
	in.run(t, "pg_ctl", "-D", first, "-m", "immediate", "-w", "stop")
	in.run(t, "pg_ctl", "-D", second, "-w", "promote")
	more()
	stop()
	all.Wait()
	seen, last, twice := map[string]bool{}, map[string]int{}, 0
	check := func() (missing int) {
		mu.Lock()
		defer mu.Unlock()
		there := map[string]bool{}
		for _, id := range p.arrived() {
			there[id] = true
		}
		for id := range committed {
			if !there[id] {
				missing++
			}
		}
		return missing
	}
	waitFor(t, "all that was committed arrives", func() bool { return check() == 0 })
	for _, id := range p.arrived() {
		person, number, _ := strings.Cut(id, "-")
		n := 0
		_, _ = fmt.Sscan(number, &n)
		if seen[id] {
			twice++
			continue
		}
		seen[id] = true
		if at, ok := last[person]; ok && n < at {
			t.Errorf("%s came behind %d", id, at)
		}
		if last[person] = n; n%5 == 4 {
			t.Errorf("%s was rolled back, and arrived", id)
		}
	}
	for _, w := range workers {
		if err := w.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d committed, %d arrived, %d of them twice", len(committed), len(seen), twice)
}
