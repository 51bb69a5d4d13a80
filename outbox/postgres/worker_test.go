package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// TestCommittedAndRolledBack uses transactions of pgx and of database/sql: committed messages arrive, in order, and nothing else.
func TestCommittedAndRolledBack(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	ctx := t.Context()
	tx := p.begin(t)
	p.enqueue(t, tx, "u", "rolled back")
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	tx = p.begin(t)
	if err := p.queue.Enqueue(ctx, tx, track("u", "a"), track("u", "b"), track("v", "c")); err != nil {
		t.Fatal(err)
	}
	err := p.queue.Enqueue(ctx, tx, track("u", "not"), track("", "of nobody"))
	var rule *cio.MessageError
	if !errors.As(err, &rule) || rule.Index != 1 {
		t.Fatalf("a message of nobody: %v", err)
	}
	p.enqueue(t, tx, "u", "d") // the transaction can be used further
	commit(t, tx)
	db := openSQL(t, p.url)
	for _, id := range []string{"rolled back too", "e"} {
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.queue.EnqueueSQL(ctx, tx, track("u", id), track("u", id+"'\"\\ü")); err != nil {
			t.Fatal(err)
		}
		end := tx.Commit
		if id != "e" {
			end = tx.Rollback
		}
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	w := p.start(t, nil)
	ids := p.waitArrived(t, 6)
	p.empty(t)
	ofU := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return id == "c" })
	if got := strings.Join(ofU, " "); got != "a b d e e'\"\\ü" || len(ids) != 6 {
		t.Errorf("arrived: %q", ids)
	}
	if err := w.Close(ctx); err != nil {
		t.Error(err)
	}
	if st := w.Stats(); st.Accepted != 6 || st.Rejected != 0 {
		t.Errorf("stats %+v", st)
	}
}

// TestRejectedBlocksNothing rejects one message of a person: the person's next messages are sent.
func TestRejectedBlocksNothing(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	var mu sync.Mutex
	told := map[string]bool{}
	w := p.start(t, func(c *postgres.WorkerConfig) {
		c.Client.Guard = func(id cio.Identity) error {
			if id.UserID == "forgotten" {
				return errors.New("is forgotten")
			}
			return nil
		}
		c.Batcher.OnReport = func(r cio.Report) {
			mu.Lock()
			defer mu.Unlock()
			told[r.MessageID] = r.Err == nil
		}
	})
	tx := p.begin(t)
	p.enqueue(t, tx, "forgotten", "a")
	p.enqueue(t, tx, "u", "b")
	commit(t, tx)
	p.waitArrived(t, 1)
	p.empty(t)
	letters, err := w.Store().Dead(t.Context(), 0, 10)
	if err != nil || len(letters) != 1 || !strings.Contains(letters[0].Reason, "is forgotten") {
		t.Fatalf("dead letters %v, %v", letters, err)
	}
	mu.Lock()
	defer mu.Unlock()
	if a, ok := told["a"]; !ok || a || !told["b"] {
		t.Errorf("reports %v", told)
	}
}

// TestOrder runs many transactions for few people, open for different times, and checks the order of arrival: a message that was committed before
// another was enqueued must arrive before it.
func TestOrder(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	type span struct {
		person           string
		enqueued, commit time.Time
	}
	var mu sync.Mutex
	spans := map[string]span{}
	for range 2 {
		p.start(t, nil)
	}
	var all sync.WaitGroup
	for c := range 8 {
		r := rand.New(rand.NewPCG(uint64(c), 1))
		all.Go(func() {
			for i := range counted(15, 100, 1000) {
				id, person := fmt.Sprintf("%d-%d", c, i), fmt.Sprint("u", r.IntN(3))
				tx, err := p.pool.Begin(context.Background())
				if err != nil {
					t.Error(err)
					return
				}
				begun := time.Now()
				if err := p.queue.Enqueue(context.Background(), tx, track(person, id)); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Duration(r.IntN(30)) * time.Millisecond * time.Duration(r.IntN(2)))
				if r.IntN(8) == 0 {
					_ = tx.Rollback(context.Background()) // it is gone in any case
					continue
				}
				if err := tx.Commit(context.Background()); err != nil {
					t.Error(err)
				}
				mu.Lock()
				spans[id] = span{person, begun, time.Now()}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	p.empty(t)
	ids := p.arrived()
	if len(ids) != len(spans) {
		t.Errorf("%d arrived of %d that were committed", len(ids), len(spans))
	}
	held := 0
	for i, later := range ids {
		b, ok := spans[later]
		if !ok {
			t.Fatalf("%s was not committed, and arrived", later)
		}
		for _, sooner := range ids[i+1:] {
			switch a := spans[sooner]; {
			case a.person != b.person:
			case a.commit.Before(b.enqueued):
				t.Errorf("%s was committed %v before %s was enqueued, and arrived behind it", sooner, b.enqueued.Sub(a.commit), later)
			case b.commit.Before(a.enqueued):
				held++
			}
		}
	}
	t.Logf("%d messages, %d pairs in their order", len(ids), held)
}

// TestLateCommit keeps a transaction open while messages of the same person and of another person are sent.
func TestLateCommit(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.start(t, nil)
	late := p.begin(t)
	p.enqueue(t, late, "u", "late")
	tx := p.begin(t)
	p.enqueue(t, tx, "u", "concurrent")
	commit(t, tx)
	p.waitArrived(t, 1)
	commit(t, late)
	tx = p.begin(t)
	p.enqueue(t, tx, "u", "after")
	commit(t, tx)
	if got := strings.Join(p.waitArrived(t, 3), " "); got != "concurrent late after" {
		t.Errorf("arrived %s", got)
	}
}

// TestLateCommitOfALaterNumber keeps a transaction open while an older one, which enqueues after it, is committed and sent.
func TestLateCommitOfALaterNumber(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	p.start(t, nil)
	older := p.begin(t)
	if _, err := older.Exec(t.Context(), "SELECT pg_current_xact_id()"); err != nil { // as after an UPDATE by the service
		t.Fatal(err)
	}
	late := p.begin(t)
	p.enqueue(t, late, "u", "late")
	p.enqueue(t, older, "u", "concurrent")
	commit(t, older)
	p.waitArrived(t, 1)
	for n := range 4 { // the worker reads again and again
		tx := p.begin(t)
		p.enqueue(t, tx, fmt.Sprint("v", n), "between")
		commit(t, tx)
		p.waitArrived(t, 2+n)
	}
	commit(t, late)
	tx := p.begin(t)
	p.enqueue(t, tx, "u", "after")
	commit(t, tx)
	if got := strings.Join(p.waitArrived(t, 7), " "); got != "concurrent between between between between late after" {
		t.Errorf("arrived %s", got)
	}
}

// TestKills kills workers, and the server's ends of their connections, while transactions are committed and rolled back.
func TestKills(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	kills := counted(2, 12, 100)
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 2))
	var mu sync.Mutex
	committed := map[string]bool{}
	enqueuing, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	children := []func(){}
	begin := func() {
		cmd := startChild(t, p.schema, p.web.URL)
		var once sync.Once
		kill := func() { once.Do(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) } // the test kills it
		t.Cleanup(kill)
		children = append(children, kill)
	}
	begin()
	address, err := url.Parse(p.url)
	if err != nil {
		t.Fatal(err)
	}
	query := address.Query()
	query.Set("application_name", "outbox test "+p.schema)
	address.RawQuery = query.Encode()
	if p.pool, err = pgxpool.New(t.Context(), address.String()); err != nil { // its connections are killed, too
		t.Fatal(err)
	}
	t.Cleanup(p.pool.Close)
	operator, err := pgxpool.New(t.Context(), p.url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(operator.Close)
	p.start(t, func(c *postgres.WorkerConfig) { c.Name = "outbox test " + p.schema })
	for person := range 6 {
		all.Go(func() {
			for n := 0; enqueuing.Err() == nil; n++ {
				id := fmt.Sprintf("%d-%d", person, n)
				tx, err := p.pool.Begin(context.Background())
				if err != nil { // this connection was killed: nothing was stored
					continue
				}
				err = p.queue.Enqueue(context.Background(), tx, track(fmt.Sprint("person", person), id))
				if n%5 == 4 || err != nil {
					_ = tx.Rollback(context.Background()) // it is gone in any case
				} else if tx.Commit(context.Background()) == nil {
					mu.Lock()
					committed[id] = true
					mu.Unlock()
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
	for n := range kills {
		time.Sleep(time.Duration(r.IntN(300)) * time.Millisecond)
		if n%2 == 0 {
			children[len(children)-1]()
			begin()
		} else if _, err := operator.Exec(context.Background(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1 AND random() < 0.7", "outbox test "+p.schema); err != nil {
			t.Error(err)
		}
	}
	stop()
	all.Wait()
	p.empty(t)
	seen, last, twice := map[string]bool{}, map[string]int{}, 0
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
		last[person] = n
		if n%5 == 4 {
			t.Errorf("%s was rolled back, and arrived", id)
		}
	}
	for id := range committed {
		if !seen[id] {
			t.Errorf("%s was committed, and has not arrived", id)
		}
	}
	t.Logf("%d kills, %d messages, %d of them twice", kills, len(seen), twice)
}

// TestLanesAreShared starts and stops workers.
func TestLanesAreShared(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	a := p.start(t, func(c *postgres.WorkerConfig) { c.Name = "worker a" })
	waitFor(t, "one has all lanes", func() bool { return len(a.Lanes()) == 64 })
	b := p.start(t, nil)
	waitFor(t, "each has half of them", func() bool { return len(a.Lanes()) == 32 && len(b.Lanes()) == 32 })
	all := append(a.Lanes(), b.Lanes()...)
	slices.Sort(all)
	if all = slices.Compact(all); len(all) != 64 {
		t.Errorf("some lanes are held twice: %v", all)
	}
	states, err := a.Store().Lanes(t.Context())
	if err != nil || len(states) != 64 || !slices.ContainsFunc(states, func(l postgres.Lane) bool { return strings.HasPrefix(l.Worker, "worker a at ") }) {
		t.Errorf("lanes %v, %v", states, err)
	}
	if err := b.Close(t.Context()); err != nil {
		t.Error(err)
	}
	waitFor(t, "one has all lanes again", func() bool { return len(a.Lanes()) == 64 })
}

// TestPurge removes messages of a person, queued and dead.
func TestPurge(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	tx := p.begin(t)
	p.enqueue(t, tx, "u", "purged")
	p.enqueue(t, tx, "v", "kept")
	p.enqueue(t, tx, "u", "rejected")
	commit(t, tx)
	s, err := postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: p.url, Schema: p.schema})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() }) // nothing is open
	if err := s.Settle(t.Context(), []outbox.Settlement{{Seq: 3, Reason: "no"}}); err != nil {
		t.Fatal(err)
	}
	queued, dead, err := s.Purge(t.Context(), outbox.Of("u"))
	if err != nil || queued != 1 || dead != 1 {
		t.Fatalf("%d queued and %d dead were purged, %v", queued, dead, err)
	}
	p.start(t, nil)
	p.empty(t)
	if got := strings.Join(p.waitArrived(t, 1), " "); got != "kept" {
		t.Errorf("arrived %s", got)
	}
}

// TestPooler puts a proxy in between that reports its own process number, as poolers do.
func TestPooler(t *testing.T) {
	t.Parallel()
	address, schema := fresh(t)
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }() // the test is over
	behind := u.Host
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", behind)
			if err != nil {
				_ = client.Close()
				return
			}
			go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
			go func() { copyKey(client, server); _ = client.Close() }()
		}
	}()
	u.Host = listener.Addr().String()
	_, err = postgres.Start(t.Context(), config(u.String(), schema, "http://127.0.0.1:1"))
	if !errors.Is(err, postgres.ErrPooler) {
		t.Errorf("through a pooler: %v", err)
	}
}

// copyKey copies the server's answers, with another process number for the session.
func copyKey(to io.Writer, from io.Reader) {
	head := make([]byte, 5)
	for {
		if _, err := io.ReadFull(from, head); err != nil {
			return
		}
		body := make([]byte, int(head[1])<<24|int(head[2])<<16|int(head[3])<<8|int(head[4])-4)
		if _, err := io.ReadFull(from, body); err != nil {
			return
		}
		if head[0] == 'K' {
			body[0]++
		}
		if _, err := to.Write(append(slices.Clone(head), body...)); err != nil {
			return
		}
	}
}

// TestMigrate migrates from several programs at once. One of them finds the tables of a newer version.
func TestMigrate(t *testing.T) {
	t.Parallel()
	address := server(t)
	schema := fmt.Sprintf("outbox_m_%d", time.Now().UnixNano())
	if _, err := postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: address, Schema: schema}); !errors.Is(err, postgres.ErrNotMigrated) {
		t.Errorf("without tables: %v", err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if err := postgres.Migrate(t.Context(), address, schema); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	quoted := pgx.Identifier{schema}.Sanitize()
	defer execute(t, address, "DROP SCHEMA "+quoted+" CASCADE")
	execute(t, address, "INSERT INTO "+quoted+".migrations (version) VALUES (1000)")
	if err := postgres.Migrate(t.Context(), address, schema); err != nil {
		t.Error(err)
	}
	s, err := postgres.OpenStore(t.Context(), postgres.StoreConfig{URL: address, Schema: schema})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
