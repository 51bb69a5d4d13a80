package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio/outbox"
	"github.com/jackc/pgx/v5"
)

// ErrPooler says that there is a pooler between the program and the server, such as pgbouncer. A pooler gives one session to several clients, or may
// do so, and then a session's lock does not work.
var ErrPooler = errors.New("outbox/postgres: there is a pooler between the worker and the server; give WorkerConfig.URL the address of the server itself (Enqueue may go through the pooler)")

// session is a connection whose locks hold lanes, and the Outbox that sends what is in these lanes. If the connection is lost, the lanes are lost,
// and the Outbox ends.
type session struct {
	w       *Worker
	held    *held
	box     *outbox.Outbox
	workers atomic.Int64

	lost chan struct{}

	mu      sync.Mutex // guards the connection
	conn    *pgx.Conn
	pid     uint32
	checked time.Time // when the last successful check began
	err     error     // why the session was lost
}

// params make the server notice soon that a machine is gone, because nobody else can have its lanes before. They also keep an idle session open.
const params = `SELECT set_config(name, value, false) FROM (VALUES ('tcp_keepalives_idle', '5'), ('tcp_keepalives_interval', '5'), ('tcp_keepalives_count', '3'),
	('tcp_user_timeout', '15000'), ('idle_session_timeout', '0'), ('statement_timeout', '0'), ('lock_timeout', '0'), ('default_transaction_isolation', 'read committed'), ('jit', 'off')) AS v (name, value) WHERE name IN (SELECT name FROM pg_settings)`

// open first settles what the worker owes. Then it begins a session without lanes.
func (w *Worker) open(ctx context.Context) (*session, error) {
	bounded, cancel := context.WithTimeout(ctx, 2*lookTimeout)
	defer cancel()
	if err := w.owed.pay(bounded, w.store); err != nil {
		return nil, err
	}
	conn, err := pgx.ConnectConfig(bounded, w.conn)
	if err != nil {
		return nil, wrap(err)
	}
	s := &session{w: w, conn: conn, lost: make(chan struct{})}
	if err := s.begin(bounded); err != nil {
		_ = conn.Close(context.WithoutCancel(ctx)) // it holds no lanes yet
		return nil, wrap(err)
	}
	s.held = &held{Store: w.store, news: &w.news, removed: w.removed.Load, poll: w.cfg.Poll, owed: &w.owed, lanes: make(map[int16]*heldLane), of: make(map[uint64]int16)}
	w.mu.Lock()
	w.session = s
	w.mu.Unlock()
	s.box, err = outbox.Open(w.client, outbox.Config{Store: s.held, Batcher: w.cfg.Batcher, KeepDead: w.cfg.KeepDead, Logger: w.log})
	if err != nil {
		w.mu.Lock()
		w.session = nil
		w.mu.Unlock()
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return s, nil
}

// direct returns ErrPooler if the session is not the server's own. When a session begins, the server tells its process number. A pooler tells a
// number of its own, because the server's number can change. A pooler's session stays when the connection ends, so nothing must be set or locked in
// it: a setting would apply to other clients, and a lock that stays would count as a worker, and nobody would send that worker's lanes.
func direct(ctx context.Context, c *pgx.Conn) error {
	var pid uint32
	if err := c.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&pid); err != nil {
		return err
	}
	if pid != c.PgConn().PID() {
		return ErrPooler
	}
	return nil
}

// begin checks that the session is the server's own. Then it takes the lock by which workers are counted.
func (s *session) begin(ctx context.Context) error {
	if err := recent(s.conn.PgConn()); err != nil {
		return err
	}
	if err := direct(ctx, s.conn); err != nil {
		return err
	}
	s.pid = s.conn.PgConn().PID()
	if _, err := s.conn.Exec(ctx, params); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_lock_shared($1, $2)", s.w.store.key, keyWorker); err != nil {
		return err
	}
	_, workers, err := s.look(ctx)
	if err != nil {
		return err
	}
	if workers == 0 {
		return errors.New("outbox/postgres: the server has granted an advisory lock, but does not list it: it is a server like PostgreSQL whose advisory locks do not work")
	}
	s.workers.Store(int64(workers))
	return nil
}

// check asks the server whether the session is still there. Callers share an answer if its query began after they called.
func (s *session) check() error {
	asked := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil || s.checked.After(asked) {
		return s.err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	var pid uint32
	err := s.conn.QueryRow(ctx, "SELECT pg_backend_pid()").Scan(&pid)
	if err == nil && pid != s.pid {
		err = ErrPooler
	}
	if err != nil {
		return s.lose(err)
	}
	s.checked = began
	return nil
}

// lose ends the session. The caller must hold s.mu.
func (s *session) lose(err error) error {
	if s.err == nil {
		s.err = fmt.Errorf("outbox/postgres: the session that holds the lanes was lost: %w", err)
		close(s.lost)
	}
	return s.err
}

// work holds lanes until the session is lost, or the worker is closed.
func (s *session) work() error {
	tick := time.NewTicker(balanceEvery)
	defer tick.Stop()
	for {
		if err := s.balance(); err != nil {
			return s.end(err)
		}
		select {
		case <-tick.C:
		case <-s.lost:
			return s.end(s.check())
		case <-s.w.ctx.Done():
			return s.end(nil)
		}
	}
}

// end gives up the lanes. If they are lost, it does so at once, otherwise after the requests in progress have ended.
func (s *session) end(why error) error {
	s.held.stop()
	ctx := s.w.closeCtx
	if why != nil {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		ctx = ended
	}
	if err := s.box.Close(ctx); err != nil {
		s.w.log.Warn("messages that were accepted are not deleted yet; the worker will try again", "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	bounded, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	_ = s.conn.Close(bounded) // the server frees the locks with the connection
	if s.err == nil {
		s.err = errors.New("outbox/postgres: the session has ended")
	}
	return why
}

// balance takes free lanes, up to this worker's share, and gives up lanes beyond its share.
func (s *session) balance() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), lookTimeout)
	defer cancel()
	began := time.Now()
	taken, workers, err := s.look(ctx)
	if err != nil {
		return s.lose(err)
	}
	s.checked = began
	s.workers.Store(int64(workers))
	if workers == 0 { // the lock by which this worker is counted is gone
		return s.lose(errors.New("the server does not have its lock any more"))
	}
	mine := s.held.numbers()
	share := (lanes + workers - 1) / workers
	switch {
	case len(mine) > share:
		if gone := s.held.leave(len(mine) - share); len(gone) > 0 {
			if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_unlock($1, l) FROM unnest($2::integer[]) AS l", s.w.store.key, wide(gone)); err != nil {
				return s.lose(err)
			}
		}
		return nil
	case len(mine) == share:
		s.held.stay()
		return nil
	}
	s.held.stay()
	var free []int32
	for _, n := range rand.Perm(lanes) { // so workers that begin together do not try to take the same lanes
		if !taken[int32(n)] && len(free) < share-len(mine) {
			free = append(free, int32(n))
		}
	}
	return s.lock(ctx, free)
}

// look returns which lanes are locked, and how many workers there are.
func (s *session) look(ctx context.Context) (taken map[int32]bool, workers int, err error) {
	rows, err := s.conn.Query(ctx, `SELECT objid::bigint::integer, count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND classid = $1::bigint::oid AND objsubid = 2 AND granted GROUP BY objid`, int64(s.w.store.key))
	if err != nil {
		return nil, 0, err
	}
	taken, workers = make(map[int32]bool), 0
	var number int32
	var count int
	_, err = pgx.ForEachRow(rows, []any{&number, &count}, func() error {
		if number == keyWorker {
			workers = count
		}
		taken[number] = true
		return nil
	})
	return taken, workers, err
}

func (s *session) lock(ctx context.Context, free []int32) error {
	if len(free) == 0 {
		return nil
	}
	rows, err := s.conn.Query(ctx, "SELECT l FROM unnest($2::integer[]) AS l WHERE pg_try_advisory_lock($1, l)", s.w.store.key, free)
	if err != nil {
		return s.lose(err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[int32])
	if err != nil {
		return s.lose(err)
	}
	for _, n := range got {
		s.held.add(int16(n))
	}
	return nil
}

func wide(numbers []int16) []int32 {
	all := make([]int32, len(numbers))
	for i, n := range numbers {
		all[i] = int32(n)
	}
	return all
}
