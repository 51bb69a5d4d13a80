package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// night starts the command as cron does, and returns what it said and its exit code.
func night(t *testing.T, dir string, args ...string) (said string, code int) {
	t.Helper()
	p, err := startCommand(dir, append([]string{"load"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Wait() // the code tells
	return p.said.String(), p.ProcessState.ExitCode()
}

// killedNight starts the command and kills it once so many messages have come.
func killedNight(t *testing.T, dir string, server *taker, messages int, args ...string) {
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
		if err := p.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-ended
	case err := <-ended:
		t.Fatalf("it ended before it was killed: %v, %s", err, p.said.String())
	}
}

// As long as a load is under way another with --continue is refused, whether or not the first was begun so; once it was killed it is gone on with.
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
			if said, code := night(t, dir, append(args, "--continue", "--json")...); code != exitUsage || !strings.Contains(said, "is under way in another process") || !strings.Contains(said, `"did":"refused"`) {
				t.Errorf("exit %d: %s", code, said)
			}
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = first.Wait() // it was killed
			close(answer)
			if said, code := night(t, dir, append(args, "--continue", "--json")...); code != exitOK || !strings.Contains(said, `"rows":12000,`) || !strings.Contains(said, `"did":"resumed"`) {
				t.Errorf("exit %d: %s", code, said)
			}
			if len(server.ids) != 12_000 {
				t.Errorf("%d messages came", len(server.ids))
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
