package postgres_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
)

// TestRowsOfOtherCode inserts rows that no Queue has written, before and between messages. Each row becomes a dead letter with a reason, or is sent,
// or the table rejects it. The messages behind these rows in their lane are sent.
func TestRowsOfOtherCode(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	queue := pgx.Identifier{p.schema, "queue"}.Sanitize()
	var lane int16
	tx := p.begin(t)
	p.enqueue(t, tx, "u", "before")
	if err := tx.QueryRow(t.Context(), "SELECT lane FROM "+queue).Scan(&lane); err != nil {
		t.Fatal(err)
	}
	commit(t, tx)
	insert := func(columns, values string, args ...any) error {
		_, err := p.pool.Exec(t.Context(), "INSERT INTO "+queue+" ("+columns+") VALUES ("+values+")", args...)
		return err
	}
	execute(t, p.url, "ALTER TABLE "+queue+" ADD COLUMN theirs text NOT NULL DEFAULT 'x'")
	bad := 0
	for n, body := range []string{"", "{", "null", "[]", "\x00\xff", `"text"`, "{}", `{"type":"track"}`, `{"type":"unknown","userId":"u","messageId":"x"}`, `{"type":"track","userId":"u","event":5}`,
		strings.Repeat("[", 200_000), `{"type":"track","userId":"u","event":"E","properties":{"fill":"` + strings.Repeat("x", 9_000_000) + `"}}`} {
		if err := insert("lane, body, theirs", "$1, $2, 'y'", lane, []byte(body)); err != nil {
			t.Fatalf("body %d: %v", n, err)
		}
		bad++
	}
	// One row has a number that another lane has, and one has the number of a dead letter.
	if err := insert("lane, seq, body", "$1, 1, 'x'", (lane+1)%64); err != nil {
		t.Fatal(err)
	}
	if err := insert("lane, seq, body", "$1, 2, 'x'", (lane+2)%64); err != nil {
		t.Fatal(err)
	}
	bad += 2
	for _, refused := range []struct{ columns, values string }{
		{"lane, body", "64, ''"}, {"lane, body", "-1, ''"}, {"lane, seq, body", "1, 0, ''"}, {"lane, seq, body", "1, -5, ''"}, {"lane, body", "1, NULL"},
		{"lane, at, body", "1, 'infinity', ''"}, {"lane, at, body", "1, '-infinity', ''"}, {"lane, at, body", "1, '4000-01-01 BC', ''"}, {"lane, body", "1, repeat('x', 10000001)::bytea"},
	} {
		if err := insert(refused.columns, refused.values); err == nil {
			t.Errorf("the table takes %s of %s", refused.values, refused.columns)
		}
	}
	// A message of a person in another person's lane.
	e, err := cio.Encode(track("v", "in another lane"))
	if err != nil {
		t.Fatal(err)
	}
	text, err := e.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := insert("lane, body", "$1, $2", lane, text); err != nil {
		t.Fatal(err)
	}
	tx = p.begin(t)
	p.enqueue(t, tx, "u", "behind")
	commit(t, tx)
	a := p.start(t, nil)
	p.start(t, nil)
	p.empty(t)
	got := p.waitArrived(t, 3) // a number that another row has breaks the order
	if slices.Sort(got); strings.Join(got, ", ") != "before, behind, in another lane" {
		t.Errorf("arrived %q", got)
	}
	letters, err := a.Store().Dead(t.Context(), 0, 100)
	if err != nil || len(letters) != bad {
		t.Fatalf("%d dead letters of %d, %v", len(letters), bad, err)
	}
	for _, l := range letters {
		if l.Reason == "" {
			t.Errorf("letter %d has no reason", l.Seq)
		}
	}
}

// gate is a server that makes requests wait, and records what arrived, in order.
type gate struct {
	*httptest.Server
	wait   func(body string)
	answer func(body string) (status int, text string)

	mu    sync.Mutex
	ids   []string // of messages
	bytes map[string]map[string]bool
}

func newGate(t *testing.T) *gate {
	g := &gate{bytes: map[string]map[string]bool{}}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body) // it is on loopback
		body := string(b)
		g.mu.Lock()
		for part := range strings.SplitSeq(body, `"messageId":"`) {
			if id, _, ok := strings.Cut(part, `"`); ok && !strings.Contains(id, "{") {
				g.ids = append(g.ids, id)
				if g.bytes[id] == nil {
					g.bytes[id] = map[string]bool{}
				}
				g.bytes[id][body] = true
			}
		}
		g.mu.Unlock()
		if g.wait != nil {
			g.wait(body)
		}
		status, text := 200, `{"success":true}`
		if g.answer != nil {
			status, text = g.answer(body)
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // the client can be gone
	}))
	t.Cleanup(g.Close)
	return g
}

func (g *gate) came() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ids)
}

// TestOldRequest ends the connections of a worker while it makes a request. Another worker sends the same message, with the same bytes. Messages that
// were not in that request are sent once.
func TestOldRequest(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	g := newGate(t)
	open := make(chan struct{})
	release := sync.OnceFunc(func() { close(open) })
	t.Cleanup(release)
	var first atomic.Bool
	g.wait = func(string) {
		if first.CompareAndSwap(false, true) {
			<-open
		}
	}
	single := func(c *postgres.WorkerConfig) { c.Client.BaseURL, c.Batcher.MaxBatchMessages = g.URL, 1 }
	p.start(t, func(c *postgres.WorkerConfig) { single(c); c.Name = "loses " + p.schema })
	tx := p.begin(t)
	for _, id := range []string{"a", "b", "c"} {
		p.enqueue(t, tx, "u", id)
	}
	commit(t, tx)
	waitFor(t, "a request is under way", func() bool { return len(g.came()) == 1 })
	p.start(t, single)
	execute(t, p.url, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loses "+p.schema+"'")
	p.empty(t)
	release() // the old request is answered now, and does not count
	if got := strings.Join(g.came(), " "); got != "a a b c" {
		t.Errorf("came %s", got)
	}
	if len(g.bytes["a"]) != 1 {
		t.Errorf("a came with other bytes: %v", g.bytes["a"])
	}
}

// TestRejectedByTheAPI rejects messages while workers run: they become dead letters, and the other messages of their lane are sent.
func TestRejectedByTheAPI(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.sink = emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "test-refuses", strings.HasPrefix(m.MessageID, "bad") }})
	p.web = httptest.NewServer(p.sink)
	t.Cleanup(p.web.Close)
	w := p.start(t, nil)
	p.start(t, nil)
	tx := p.begin(t)
	var want []string
	for n := range 40 {
		id := fmt.Sprint("m", n)
		if n%8 == 3 {
			id = fmt.Sprint("bad", n)
		} else {
			want = append(want, id)
		}
		p.enqueue(t, tx, "u", id)
	}
	commit(t, tx)
	p.empty(t)
	if got := p.waitArrived(t, len(want)); !slices.Equal(got, want) {
		t.Errorf("arrived %v", got)
	}
	letters, err := w.Store().Dead(t.Context(), 0, 100)
	if err != nil || len(letters) != 5 {
		t.Fatalf("dead letters %v, %v", letters, err)
	}
	for _, l := range letters {
		if !strings.Contains(string(l.Bytes), `"bad`) || !strings.Contains(l.Reason, "400") {
			t.Errorf("dead is %s for %s", l.Bytes, l.Reason)
		}
	}
}

// TestPurgeBesideWorkers purges a person while workers have that person's messages in memory: these are never sent, and all others are.
func TestPurgeBesideWorkers(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	g := newGate(t)
	var healthy atomic.Bool
	g.answer = func(string) (int, string) {
		if healthy.Load() {
			return 200, `{"success":true}`
		}
		return 503, "later"
	}
	single := func(c *postgres.WorkerConfig) { c.Client.BaseURL, c.Batcher.MaxBatchMessages = g.URL, 1 }
	w := p.start(t, single)
	p.start(t, single)
	waitFor(t, "lanes are shared", func() bool { return len(w.Lanes()) == 32 })
	tx := p.begin(t)
	for n := range 200 {
		p.enqueue(t, tx, fmt.Sprint("u", n%10), fmt.Sprintf("m%d of u%d.", n, n%10))
	}
	commit(t, tx)
	waitFor(t, "all people's first messages are tried", func() bool { return len(g.came()) >= 10 })
	queued, _, err := w.Store().Purge(t.Context(), outbox.Of("u3"))
	if err != nil || queued != 20 {
		t.Fatalf("%d were purged, %v", queued, err)
	}
	time.Sleep(2 * time.Second) // the requests in progress are retried, and the workers have the notification
	before := len(g.came())
	healthy.Store(true)
	p.empty(t)
	seen := map[string]bool{}
	for _, id := range g.came()[before:] {
		seen[id] = true
		if strings.HasSuffix(id, "of u3.") && id != "m3 of u3." {
			t.Errorf("%s was purged, and sent; before: %v; then: %v", id, g.came()[:before], g.came()[before:])
		}
	}
	if len(seen) < 180 {
		t.Errorf("%d of 180 came", len(seen))
	}
}
