package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// The plan of a query says where its rows are stored.
func TestPlanOfAQuery(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_STATE_HOME", dir)
	t.Setenv("CUSTOMERIO_API_KEY", "k")
	writeSQLite(t, "in.db", 100)
	if err := os.WriteFile("map.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	code, said := runCommand(t, "load", "sqlite:in.db", "--query", "SELECT id, n FROM people", "--mapping", "map.yaml", "--to", "http://workspace.invalid")
	if want := "up to 8.0 GB of them wait in a temporary file in " + os.TempDir(); code != exit.Guard || !strings.Contains(said, want) {
		t.Errorf("code %d, want %q: %s", code, want, said)
	}
}

// If 50 rows were added to a table and 50 removed, before the place where its load ended, the load is not resumed, and says what to do.
func TestResumedQueryOfATableThatChanged(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	t.Setenv("CUSTOMERIO_API_KEY", "k")
	writeSQLite(t, "in.db", 30_000)
	if err := os.WriteFile("map.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	workspace := emulator.New(emulator.Config{Keys: []string{"k"}})
	var requests, most atomic.Int64
	most.Store(3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && requests.Add(1) > most.Load() {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		workspace.ServeHTTP(w, r)
	}))
	defer server.Close()
	code, said := runCommand(t, "load", "sqlite:in.db", "--query", "SELECT id, n FROM people", "--order-by", "n", "--mapping", "map.yaml", "--to", server.URL, "--concurrency", "1", "--yes", "--give-up-after", "30s") // this also limits the silence of a database
	id := resumeID.FindStringSubmatch(said)
	if code != exit.Key || id == nil {
		t.Fatalf("code %d: %s", code, said)
	}
	most.Store(1 << 40)
	before, err := workspace.Stats("k")
	if err != nil {
		t.Fatal(err)
	}
	writeTable(t, "sqlite", "in.db", "DELETE FROM people WHERE n BETWEEN 100 AND 149", "INSERT INTO people SELECT 'new' || n, n - 30000 FROM people WHERE n < 50")
	code, said = runCommand(t, "load", "--resume", id[1], "--yes")
	after, err := workspace.Stats("k")
	if err != nil {
		t.Fatal(err)
	}
	if code != exit.Changed || after.Messages != before.Messages || !strings.Contains(said, "the query had 30000 rows then and has 30000 now") || !strings.Contains(said, "new load") || strings.Contains(said, "Resume with") {
		t.Errorf("code %d, %+v before and %+v after: %s", code, before.Messages, after.Messages, said)
	}
}
