package postgres

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/jackc/pgx/v5"
)

// WorkerConfig says from where a Worker takes messages and how it sends them. URL and Client are required; the zero value of everything else is a
// good start.
type WorkerConfig struct {
	// URL is the database's address, postgres://..., or a DSN. It must lead to the server itself: a session's locks hold the lanes, and a pooler such
	// as pgbouncer gives the session to other clients. With several hosts, the worker uses the one that can be written to.
	URL string
	// Schema is the schema of the tables; default DefaultSchema.
	Schema string
	// Client is the configuration for the requests. All workers of the schema share RateLimit and RateWindow, and must have the same values. Together
	// they make three quarters as many requests as the limit allows, so that no window exceeds it. Admit is called after that.
	Client cio.Config
	// Batcher says how messages are sent, as in outbox.Config. If a message is sent again, OnReport is called for it again.
	Batcher cio.BatcherConfig
	// Name is the name that others see, as in ciokit outbox status; default the program and the machine.
	Name string
	// Poll is how often lanes are read if no notification comes; default 500 ms.
	Poll time.Duration
	// KeepDead is how long dead letters are kept; default 30 days; negative: until somebody drops them.
	KeepDead time.Duration
	// Logger logs what keeps the worker from sending, and messages that were rejected; default slog.Default. Personal data is never logged.
	Logger *slog.Logger
}

const (
	defaultPoll = 500 * time.Millisecond
	// lookTimeout is how long the server may take to answer that a session is there.
	lookTimeout = 5 * time.Second
	// balanceEvery is how often a worker checks for lanes that are free, or that other workers should have.
	balanceEvery = time.Second
	// again is how long a worker waits before it tries to begin a session again.
	again = time.Second
)

// Worker sends the messages of committed transactions. Any number of workers can run, in any number of processes. A Worker is safe for concurrent
// use.
type Worker struct {
	cfg    WorkerConfig
	conn   *pgx.ConnConfig
	store  *Store
	client *cio.Client
	budget *budget
	log    *slog.Logger

	ctx      context.Context // ends when Close begins
	stop     context.CancelFunc
	closing  sync.Once
	closeCtx context.Context
	hurry    context.CancelFunc
	ended    chan struct{}
	running  sync.WaitGroup
	closeErr error

	news    signal
	removed atomic.Int64
	owed    owed

	mu      sync.Mutex
	session *session
	before  cio.OutboxStats // the counters of earlier sessions
	failing error
	said    time.Time
}

// Start begins to send. It returns an error if the first session cannot begin: the address is wrong, the tables are missing, or there is a pooler in
// between. If a session is lost later, the worker replaces it.
func Start(ctx context.Context, cfg WorkerConfig) (*Worker, error) {
	if cfg.Poll < 0 {
		return nil, errors.New("outbox/postgres: WorkerConfig.Poll is negative")
	}
	if cfg.Poll == 0 {
		cfg.Poll = defaultPoll
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Name == "" {
		host, _ := os.Hostname() // it is only shown
		cfg.Name = filepath.Base(os.Args[0]) + "@" + host
	}
	w := &Worker{cfg: cfg, log: cfg.Logger, ended: make(chan struct{})}
	var err error
	if w.conn, err = parse(cfg.URL); err != nil {
		return nil, err
	}
	w.conn.RuntimeParams["application_name"] = cfg.Name
	own := cfg.Client
	own.Admit = w.admit
	if w.client, err = cio.NewClient(own); err != nil {
		return nil, err
	}
	limit, window := limits(cfg.Client)
	if w.store, err = OpenStore(ctx, StoreConfig{URL: cfg.URL, Schema: cfg.Schema, name: cfg.Name}); err != nil {
		return nil, err
	}
	if w.budget, err = newBudget(limit, window, w.store.leaseFrom, w.workers); err != nil {
		return nil, errors.Join(err, w.store.Close())
	}
	w.ctx, w.stop = context.WithCancel(context.Background())
	w.closeCtx, w.hurry = context.WithCancel(context.Background())
	s, err := w.open(ctx)
	if err != nil {
		w.stop()
		w.hurry()
		return nil, errors.Join(err, w.store.Close())
	}
	w.running.Go(func() { w.run(s) })
	w.running.Go(w.listen)
	return w, nil
}

// limits returns the limit that workers share: the one in the Config, or else the API's.
func limits(c cio.Config) (limit int, window time.Duration) {
	limit, window = c.RateLimit, c.RateWindow
	if limit == 0 {
		limit = 3000
	}
	if window == 0 {
		window = 3 * time.Second
	}
	return limit, window
}

// admit returns as soon as a request can be made: the budget has a request left, and according to the server the session still has its lanes.
func (w *Worker) admit(ctx context.Context) error {
	for {
		until := time.Now().Add(time.Hour)
		if w.budget != nil {
			var err error
			if until, err = w.budget.wait(ctx); err != nil {
				return err
			}
		}
		s := w.current()
		if s == nil || s.check() != nil {
			<-ctx.Done() // the session was lost, and its Batcher is being closed
			return ctx.Err()
		}
		if own := w.cfg.Client.Admit; own != nil {
			if err := own(ctx); err != nil {
				return err
			}
		}
		if time.Now().Before(until) {
			return nil
		}
	}
}

func (w *Worker) current() *session {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.session
}

// workers returns how many workers share the budget, as far as this worker knows.
func (w *Worker) workers() int {
	if s := w.current(); s != nil {
		return int(s.workers.Load())
	}
	return 1
}

// run runs one session after the other.
func (w *Worker) run(s *session) {
	for {
		if s != nil {
			err := s.work()
			w.end(s)
			w.failed(err)
		}
		if w.ctx.Err() != nil {
			return
		}
		var err error
		if s, err = w.open(w.ctx); err != nil {
			w.failed(err)
			sleep(w.ctx, again)
		} else {
			w.failed(nil)
		}
	}
}

// end adds the counters of a session to those of earlier sessions.
func (w *Worker) end(s *session) {
	st := s.box.Stats()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.session = nil
	w.before.Accepted += st.Accepted
	w.before.Rejected += st.Rejected
	w.before.Dead, w.before.DeadBytes, w.before.Queued, w.before.QueuedBytes = 0, 0, 0, 0
}

// failed records what keeps the worker from having a session, and logs it at most once a minute.
func (w *Worker) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failing = err
	if err == nil || w.ctx.Err() != nil || !w.said.IsZero() && time.Since(w.said) < time.Minute {
		return
	}
	w.said = time.Now()
	w.log.Error("the worker has lost its session with the database; it will begin another as soon as it can", "error", err)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// listen receives notifications of enqueued and of removed messages. Without notifications the worker finds both later.
func (w *Worker) listen() {
	for w.ctx.Err() == nil {
		_ = w.listenOnce() // if the server is gone, the session is lost too, and reports it
		sleep(w.ctx, again)
	}
}

func (w *Worker) listenOnce() error {
	conn, err := pgx.ConnectConfig(w.ctx, w.conn)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }() // nothing on this connection can be lost
	if _, err := conn.Exec(w.ctx, "LISTEN "+pgx.Identifier{w.store.t.channel}.Sanitize()); err != nil {
		return err
	}
	w.removed.Add(1) // messages may have been removed before it listened
	for {
		w.news.send()
		n, err := conn.WaitForNotification(w.ctx)
		if err != nil {
			return err
		}
		if n.Payload == "removed" {
			w.removed.Add(1)
		}
	}
}

// Stats returns the worker's state, for the lanes that it holds now. The sum over all workers is the whole outbox. Counts may be some seconds old.
// Enqueued is 0, because others enqueue.
func (w *Worker) Stats() cio.OutboxStats {
	w.mu.Lock()
	s, before, failing := w.session, w.before, w.failing
	w.mu.Unlock()
	if s == nil {
		before.Failing = failing
		return before
	}
	st := s.box.Stats()
	st.Accepted += before.Accepted
	st.Rejected += before.Rejected
	st.Lanes = s.held.waiting()
	return st
}

// Store returns the complete outbox, to inspect lanes and dead letters, and to retry or drop dead letters. The worker closes it.
func (w *Worker) Store() *Store { return w.store }

// Lanes returns the numbers of the lanes that the worker holds now.
func (w *Worker) Lanes() []int16 {
	if s := w.current(); s != nil {
		return s.held.numbers()
	}
	return nil
}

// Close takes no more messages from the tables, waits for requests in progress, and gives up the lanes. It waits at most until ctx ends, and at most
// five seconds. Messages that are not accepted by then stay in the tables, and another worker sends them. Close returns an error if an accepted
// message could not be deleted. That message is sent again with the same id.
func (w *Worker) Close(ctx context.Context) error {
	defer context.AfterFunc(ctx, w.hurry)()
	w.closing.Do(func() {
		w.stop()
		go func() {
			defer close(w.ended)
			w.running.Wait()
			if w.owed.any() {
				w.closeErr = wrap(w.owed.pay(w.closeCtx, w.store))
			}
			w.closeErr = errors.Join(w.closeErr, w.store.Close())
			w.hurry()
		}()
	})
	<-w.ended
	return w.closeErr
}

var _ outbox.Store = (*held)(nil)
