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
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// workspaceOfNights is an emulator that counts deletions, and can be silent until the command is killed.
type workspaceOfNights struct {
	*emulator.Server
	mu      sync.Mutex
	deletes int
	silent  chan struct{} // closed by the next call, which is then not answered; nil: all are
}

func (w *workspaceOfNights) ServeHTTP(to http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	w.mu.Lock()
	w.deletes += bytes.Count(body, []byte("User Deleted")) + bytes.Count(body, []byte("User Suppressed"))
	silent := w.silent
	if silent != nil && r.Method == http.MethodPost {
		close(silent)
		w.silent = nil
		w.mu.Unlock()
		<-r.Context().Done()
		return
	}
	w.mu.Unlock()
	r.Body = io.NopCloser(bytes.NewReader(body))
	w.Server.ServeHTTP(to, r)
}

func (w *workspaceOfNights) deleted() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.deletes
}

// beSilent makes the next call stay without an answer; the channel is closed when the call comes.
func (w *workspaceOfNights) beSilent() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.silent = make(chan struct{})
	return w.silent
}

const (
	nightlyView = `DROP VIEW IF EXISTS export; CREATE VIEW export AS `
	goodView    = nightlyView + `SELECT id, email, plan FROM customers`
)

// Seven nights with an error, and one on which nearly everything has changed, end as docs/load.md says, with cron's own command. Nobody in the
// table is deleted, nobody else is created, and the next good night needs no help.
func TestSevenNights(t *testing.T) {
	t.Parallel()
	const explicit, everything = "traits: {email: $email, plan: $plan}", "traits: {$all: {except: [id]}}"
	for _, mode := range []struct {
		name, traits string
		flags        []string
		renamed      int // the exit code
	}{
		{"upsert", explicit, []string{"--snapshot", "s"}, exit.Usage},
		{"upsert of all columns", everything, []string{"--snapshot", "s"}, exit.Guard},
		{"upsert with ids", explicit, []string{"--snapshot", "s", "--snapshot-ids"}, exit.Usage},
		{"mirror", explicit, []string{"--snapshot", "s", "--snapshot-ids", "--mode", "mirror"}, exit.Usage},
		{"mirror of all columns", everything, []string{"--snapshot", "s", "--snapshot-ids", "--mode", "mirror"}, exit.Usage},
	} {
		t.Run(mode.name, func(t *testing.T) {
			t.Parallel()
			if mode.name != "mirror" && mode.name != "upsert of all columns" && os.Getenv("CIOKIT_DEEP") != "1" {
				t.Skip("set CIOKIT_DEEP=1 for it")
			}
			dir := t.TempDir()
			workspace := &workspaceOfNights{Server: emulator.New(emulator.Config{Keys: []string{"key"}})}
			web := httptest.NewServer(workspace)
			defer web.Close()
			db := func(statements ...string) {
				t.Helper()
				writeTable(t, "sqlite", filepath.Join(dir, "shop.db"), statements...)
			}
			writeText(t, filepath.Join(dir, "map.yaml"), "messages:\n  - identify: {userId: $id, "+mode.traits+"}\n")
			args := append([]string{"sqlite:shop.db", "--query", "SELECT * FROM export", "--order-by", "id", "--mapping", "map.yaml", "--to", web.URL, "--yes", "--continue"}, mode.flags...)
			sent := func(want int, part string, flags ...string) {
				t.Helper()
				said, code := night(t, dir, append(args, flags...)...)
				if code != want || !regexp.MustCompile(part).MatchString(said) {
					t.Fatalf("exit %d, want %d with %q: %s", code, want, part, said)
				}
				if n := workspace.deleted(); n != 0 {
					t.Fatalf("%d people were deleted", n)
				}
			}
			people := func(n int) {
				t.Helper()
				stats, err := workspace.Stats("key")
				if err != nil {
					t.Fatal(err)
				}
				if stats.People != n {
					t.Fatalf("there are %d people, and %d in the table", stats.People, n)
				}
			}
			messages := func() int64 {
				stats, err := workspace.Stats("key")
				if err != nil {
					t.Fatal(err)
				}
				return int64(stats.Messages.Accepted)
			}
			db("CREATE TABLE customers (id INTEGER, email TEXT, plan TEXT)",
				"WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 200) INSERT INTO customers SELECT n, 'c' || n || '@shop.example', 'free' FROM c",
				"CREATE TABLE orders (id INTEGER, customer INTEGER)", "INSERT INTO orders SELECT id + 70000, id FROM customers", goodView)
			sent(exit.OK, `200 +accepted`)
			people(200)

			for _, bad := range []struct {
				name, view, said string
				code             int
			}{
				{"a bad join", `SELECT o.id, email, plan FROM customers c JOIN orders o ON o.customer = c.id`, `(200 of the 200 people|200 of the 400 ids and addresses|ids that are not in the snapshot).*nothing was sent`, exit.Guard},
				{"a view of half", `SELECT id, email, plan FROM customers WHERE id <= 60`, `14\d of the 200 people|28\d of the 400 ids and addresses`, exit.Guard},
				{"a view of nothing", `SELECT id, email, plan FROM customers WHERE 0`, `not in the input.*nothing was sent`, exit.Guard},
				{"a view that fails", `SELECT id, email, plan, no_such(id) AS n FROM customers`, `no such function|no_such`, exit.Usage},
				{"a restored backup", `SELECT id, email, 'trial' AS plan FROM customers WHERE id <= 40`, `not in the input.*nothing was sent`, exit.Guard},
				{"a renamed column", `SELECT id, email, plan AS tier FROM customers`, `plan|another set of columns`, mode.renamed},
				{"ids that all changed", `SELECT id + 1000000 AS id, email, plan FROM customers`, `ids that are not in the snapshot|not in the input`, exit.Guard},
				{"doubled rows", `SELECT id, email, plan FROM customers UNION ALL SELECT id, email, plan FROM customers`, `400 rows have only 200 different values of id`, exit.Usage},
			} {
				before := messages()
				db(nightlyView + bad.view)
				t.Log(bad.name)
				sent(bad.code, bad.said)
				if n := messages(); n != before {
					t.Fatalf("%s: %d messages were sent", bad.name, n-before)
				}
			}
			db(goodView)
			sent(exit.OK, `200 +unchanged`)
			people(200)

			// Killed, and the table changes: a row before the place where the load ended, and a row after it.
			db("UPDATE customers SET plan = 'paid'")
			reached := workspace.beSilent()
			p, err := startCommand(dir, append([]string{"load"}, args...)...)
			if err != nil {
				t.Fatal(err)
			}
			<-reached
			if err := p.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = p.Wait() // it was killed
			if !strings.Contains(p.said.String(), "Warning: 200 of the 200 rows") {
				t.Errorf("nothing warns of what changed: %s", p.said.String())
			}
			db("INSERT INTO customers VALUES (0, 'c0@shop.example', 'new')", "INSERT INTO customers VALUES (999, 'c999@shop.example', 'new')")
			sent(exit.OK, `(?s)(Resuming run|Beginning this load anew).*202 +accepted`)
			people(202)
			for id := range 201 {
				if _, err := workspace.Person("key", fmt.Sprint(id)); err != nil {
					t.Errorf("person %d: %v", id, err)
				}
			}
			sent(exit.OK, `202 +unchanged`)

			// A column with the time of the export is reported, and changes everybody if the mapping uses it.
			db(nightlyView + `SELECT id, email, plan, datetime('now') AS synced_at FROM customers`)
			named := `(?s)Warning: the input has 1 column that the last load did not have: "synced_at"`
			if mode.traits == everything {
				sent(exit.OK, named+`; 202 of the 202 rows that identify somebody have other values.*202 +accepted`)
			} else {
				sent(exit.OK, named+`.*202 +unchanged`)
			}
			people(202)
		})
	}
}
