package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// night starts the command as cron does, and returns its output and its exit code.
func night(t *testing.T, dir string, args ...string) (said string, code int) {
	t.Helper()
	p, err := startCommand(dir, append([]string{"load"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the exit code shows it
	return p.said.String(), p.ProcessState.ExitCode()
}

// endedNight starts the command and ends it by a signal after this many messages have arrived.
func endedNight(t *testing.T, dir string, server *taker, messages int, signal os.Signal, args ...string) {
	t.Helper()
	reached := server.after(messages)
	p, err := startCommand(dir, append([]string{"load"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- p.Wait() }()
	select {
	case <-reached:
		if err := p.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		<-ended
	case err := <-ended:
		t.Fatalf("it ended by itself: %v, %s", err, p.said.String())
	}
}

// While a load runs, another one with --continue is refused, even if the first one has no --continue. After a kill, the load is resumed.
func TestContinueIsAloneAtItsLoad(t *testing.T) {
	t.Parallel()
	for name, flags := range map[string][]string{"both with --continue": {"--continue"}, "the first without": nil} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server := &taker{ids: make(map[string]int)}
			came, answer := make(chan struct{}, 100), make(chan struct{})
			web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodOptions { // what listens there?
					server.ServeHTTP(w, r)
					return
				}
				body, err := io.ReadAll(r.Body)
				if err != nil {
					return // the client is gone
				}
				came <- struct{}{}
				select {
				case <-answer:
					r.Body = io.NopCloser(bytes.NewReader(body))
					server.ServeHTTP(w, r)
				case <-r.Context().Done():
				}
			}))
			defer web.Close()
			writeCSV(t, filepath.Join(dir, "in.csv"), 12_000)
			writeText(t, filepath.Join(dir, "map.yaml"), "messages:\n  - identify: {userId: $id, traits: {n: =float(n)}}\n")
			args := []string{"in.csv", "--mapping", "map.yaml", "--to", web.URL}
			first, err := startCommand(dir, append(append([]string{"load"}, args...), flags...)...)
			if err != nil {
				t.Fatal(err)
			}
			<-came
			if said, code := night(t, dir, append(args, "--continue", "--json")...); code != exit.Usage || !strings.Contains(said, "is under way in another process") || !strings.Contains(said, `"did":"refused"`) {
				t.Errorf("exit %d: %s", code, said)
			}
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = first.Wait() // it was killed
			close(answer)
			if said, code := night(t, dir, append(args, "--continue", "--json")...); code != exit.OK || !strings.Contains(said, `"rows":12000,`) || !strings.Contains(said, `"did":"resumed"`) {
				t.Errorf("exit %d: %s", code, said)
			}
			server.mu.Lock()
			defer server.mu.Unlock()
			if len(server.ids) != 12_000 {
				t.Errorf("%d messages came", len(server.ids))
			}
		})
	}
}

// If rows of a query have changed before the place where a load ended, a new load starts, unless events could arrive twice.
func TestContinueOfAChangedTable(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("needs signals")
	}
	const rows = 12_000
	for name, c := range map[string]struct {
		message, said string
		code          int
	}{
		"people":                     {"identify: {userId: $id, traits: {n: =float(n)}}", `"rows":12001,.*"accepted":12001,.*"did":"anew".*the last run of this input cannot be resumed: `, exit.OK},
		"events with a messageId":    {"track: {userId: $id, event: Seen, messageId: [$n]}", `"rows":12001,.*"did":"anew"`, exit.OK},
		"events without a messageId": {"track: {userId: $id, event: Seen, properties: {n: =float(n)}}", `"did":"refused"`, exit.Changed},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			server := &taker{ids: make(map[string]int), pause: 200 * time.Microsecond}
			web := server.listen()
			defer web.Close()
			writeTable(t, "sqlite", filepath.Join(dir, "in.db"), "CREATE TABLE people (id TEXT, n INTEGER)",
				fmt.Sprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < %d) INSERT INTO people SELECT 'u' || n, n + 1700000000 FROM c", rows))
			writeText(t, filepath.Join(dir, "map.yaml"), "messages:\n  - "+c.message+"\n")
			args := []string{"sqlite:in.db", "--query", "SELECT id, n FROM people", "--order-by", "n", "--mapping", "map.yaml", "--to", web.URL, "--concurrency", "1", "--continue", "--json"}
			// The second request has come, so that the answer to the first is in the journal.
			endedNight(t, dir, server, 3000, syscall.SIGTERM, args...)
			writeTable(t, "sqlite", filepath.Join(dir, "in.db"), "INSERT INTO people VALUES ('u0', 1700000000)")
			before := server.settle()
			server.mu.Lock()
			server.pause = 0
			server.mu.Unlock()
			said, code := night(t, dir, args...)
			if code != c.code || !regexp.MustCompile(c.said).MatchString(said) {
				t.Errorf("exit %d: %s", code, said)
			}
			sent := server.settle() - before
			if code != exit.OK && sent != 0 {
				t.Errorf("%d messages were sent", sent)
			}
		})
	}
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
