package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// StoreConfig says where a Store is. URL is required.
type StoreConfig struct {
	// URL is the database's address, postgres://..., or a DSN.
	URL string
	// Schema is the schema of the tables; default DefaultSchema.
	Schema string
	// MaxBytes is the limit for the bytes of all messages in the tables, which Append does not exceed. With a limit, each Append adds up all
	// messages. Default 0: no limit. A Queue has no limit.
	MaxBytes int64

	name string // the application_name, which the server shows
}

// Store is a complete outbox: all lanes, whoever holds them. Use it to inspect and repair an outbox, as ciokit outbox does. A program can also use it
// as the store of an outbox.Outbox. Then there must be only one such Outbox, and no Worker.
type Store struct {
	t        tables
	pool     *pgxpool.Pool
	key      int32
	maxBytes int64
	closed   atomic.Bool
	closing  sync.Once
	commits  atomic.Int64
}

var _ outbox.Store = (*Store)(nil)

// OpenStore connects to a database. Migrate must have created its tables, otherwise the error is ErrNotMigrated.
func OpenStore(ctx context.Context, cfg StoreConfig) (*Store, error) {
	if cfg.MaxBytes < 0 {
		return nil, errors.New("outbox/postgres: StoreConfig.MaxBytes is negative")
	}
	conn, err := parse(cfg.URL)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.ParseConfig(cfg.URL)
	if err != nil {
		return nil, errAddress
	}
	if cfg.name != "" {
		conn.RuntimeParams["application_name"] = cfg.name
	}
	pool.ConnConfig = conn
	pool.MaxConns, pool.MinConns = 4, 0
	pool.AfterConnect = plans
	s := &Store{t: tablesOf(cfg.Schema), maxBytes: cfg.MaxBytes}
	if s.pool, err = pgxpool.NewWithConfig(ctx, pool); err != nil {
		return nil, wrap(err)
	}
	if err = s.pool.QueryRow(ctx, "SELECT s.key FROM "+s.t.settings+" s, (SELECT max(version) AS v FROM "+s.t.schema+".migrations) m WHERE m.v >= $1", newest).Scan(&s.key); err != nil {
		s.pool.Close()
		if errors.Is(err, pgx.ErrNoRows) {
			err = ErrNotMigrated
		}
		return nil, wrap(err)
	}
	return s, nil
}

// plans makes the server use only the primary keys: its statistics are of no use for a table that is empty one moment and full the next. It also
// resets settings that a role or a database may have as defaults. With some of these, reads would end early, or see an older state.
func plans(ctx context.Context, c *pgx.Conn) error {
	if err := recent(c.PgConn()); err != nil {
		return err
	}
	if err := direct(ctx, c); err != nil {
		return err
	}
	_, err := c.PgConn().Exec(ctx, `SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_mergejoin = off; SET enable_hashjoin = off; SET jit = off;
SET default_transaction_isolation = 'read committed'; SET statement_timeout = 0; SET lock_timeout = 0`).ReadAll()
	return err
}

// use returns an error if the store is closed or the context has ended.
func (s *Store) use(ctx context.Context) error {
	if s.closed.Load() {
		return cio.ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// change runs f in a transaction.
func (s *Store) change(ctx context.Context, f func(tx pgx.Tx) error) error {
	if err := s.use(ctx); err != nil {
		return err
	}
	err := pgx.BeginFunc(ctx, s.pool, f)
	if err == nil {
		s.commits.Add(1)
	}
	return wrap(err)
}

// Append stores the messages in a transaction of its own.
func (s *Store) Append(ctx context.Context, messages []cio.Encoded) error {
	if err := s.use(ctx); err != nil || len(messages) == 0 {
		return err
	}
	lanes, bodies, err := columns(messages)
	if err != nil {
		return err
	}
	tx, err := s.pool.Begin(ctx)
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // it does nothing after a commit
	if err := s.room(ctx, tx, bodies); err != nil {
		return wrap(err)
	}
	if _, err := tx.Exec(ctx, s.t.insert(), lanes, bodies, s.t.channel); err != nil {
		return wrap(err)
	}
	if err := tx.Commit(ctx); err != nil {
		var pg *pgconn.PgError
		if errors.As(err, &pg) || errors.Is(err, pgx.ErrTxCommitRollback) {
			return wrap(err)
		}
		return fmt.Errorf("%w: the connection was lost: %w", outbox.ErrUncertain, err)
	}
	s.commits.Add(1)
	return nil
}

// room returns an error if the messages would exceed MaxBytes.
func (s *Store) room(ctx context.Context, tx pgx.Tx, bodies [][]byte) error {
	if s.maxBytes == 0 {
		return nil
	}
	size, there := int64(0), int64(0)
	for _, b := range bodies {
		size += int64(len(b))
	}
	if size > s.maxBytes {
		return fmt.Errorf("outbox/postgres: %d bytes of messages never fit into StoreConfig.MaxBytes %d", size, s.maxBytes)
	}
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1, $2)", s.key, keyRoom); err != nil {
		return err
	}
	err := tx.QueryRow(ctx, "SELECT coalesce((SELECT sum(octet_length(body)) FROM "+s.t.queue+"), 0)::bigint + coalesce((SELECT sum(octet_length(body)) FROM "+s.t.dead+"), 0)::bigint").Scan(&there)
	if err == nil && there+size > s.maxBytes {
		err = cio.ErrQueueFull
	}
	return err
}

// Read returns records of all lanes.
func (s *Store) Read(ctx context.Context, after uint64, limit int) ([]outbox.Record, error) {
	return s.read(ctx, everyLane(), after, limit)
}

func (s *Store) read(ctx context.Context, of []int16, after uint64, limit int) ([]outbox.Record, error) {
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	// First the sequence numbers, then the bodies of only the rows that are wanted.
	rows, err := s.pool.Query(ctx, `SELECT q.seq, q.at, q.body FROM (
	SELECT l.lane, r.seq FROM unnest($1::smallint[]) AS l (lane) CROSS JOIN LATERAL (SELECT seq FROM `+s.t.queue+` WHERE lane = l.lane AND seq > $2 ORDER BY seq LIMIT $3) AS r
	ORDER BY r.seq LIMIT $3) AS k JOIN `+s.t.queue+` AS q ON q.lane = k.lane AND q.seq = k.seq ORDER BY q.seq`, of, seqOf(after), limit)
	if err != nil {
		return nil, wrap(err)
	}
	records, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r outbox.Record, err error) {
		var seq int64
		err = row.Scan(&seq, &r.At, &r.Bytes)
		r.Seq = uint64(seq)
		return r, err
	})
	return records, wrap(err)
}

// seqOf converts a sequence number to the server's type.
func seqOf(n uint64) int64 { return int64(min(n, math.MaxInt64)) }

func seqsOf(numbers []uint64) []int64 {
	all := make([]int64, len(numbers))
	for i, n := range numbers {
		all[i] = seqOf(n)
	}
	return all
}

// Settle removes records from the queue.
func (s *Store) Settle(ctx context.Context, settled []outbox.Settlement) error {
	return s.settle(ctx, settled, func(uint64) (int16, bool) { return 0, false })
}

// settle is Settle. laneOf returns the lanes of records for which they are known, so that the record can be deleted by its key.
func (s *Store) settle(ctx context.Context, settled []outbox.Settlement, laneOf func(uint64) (int16, bool)) error {
	var lanes []int16
	var accepted, rejected, unknown []int64
	var rejectedLanes []int16
	var reasons [][]byte
	for _, one := range settled {
		lane, known := laneOf(one.Seq)
		switch {
		case one.Reason != "" && known:
			rejected, rejectedLanes, reasons = append(rejected, seqOf(one.Seq)), append(rejectedLanes, lane), append(reasons, []byte(one.Reason))
		case one.Reason != "":
			for _, l := range everyLane() {
				rejected, rejectedLanes, reasons = append(rejected, seqOf(one.Seq)), append(rejectedLanes, l), append(reasons, []byte(one.Reason))
			}
		case known:
			accepted, lanes = append(accepted, seqOf(one.Seq)), append(lanes, lane)
		default:
			unknown = append(unknown, seqOf(one.Seq))
		}
	}
	return s.change(ctx, func(tx pgx.Tx) error {
		batch := &pgx.Batch{}
		if len(accepted) > 0 {
			batch.Queue("DELETE FROM "+s.t.queue+" AS q USING unnest($1::smallint[], $2::bigint[]) AS k (lane, seq) WHERE q.lane = k.lane AND q.seq = k.seq", lanes, accepted)
		}
		if len(unknown) > 0 {
			batch.Queue("DELETE FROM "+s.t.queue+" AS q USING unnest($1::smallint[]) AS l (lane), unnest($2::bigint[]) AS k (seq) WHERE q.lane = l.lane AND q.seq = k.seq", everyLane(), unknown)
		}
		if len(rejected) > 0 {
			batch.Queue(`WITH gone AS (DELETE FROM `+s.t.queue+` AS q USING unnest($1::smallint[], $2::bigint[], $3::bytea[]) AS k (lane, seq, reason)
	WHERE q.lane = k.lane AND q.seq = k.seq RETURNING q.seq, q.lane, q.at, q.body, k.reason)
INSERT INTO `+s.t.dead+` (seq, lane, at, body, reason) SELECT CASE WHEN EXISTS (SELECT FROM `+s.t.dead+` AS d WHERE d.seq = gone.seq) THEN nextval($4) ELSE seq END, lane, at, body, reason
FROM gone -- the number may be one that other code has given`, rejectedLanes, rejected, reasons, s.t.seq)
		}
		return tx.SendBatch(ctx, batch).Close()
	})
}

// Dead returns dead letters.
func (s *Store) Dead(ctx context.Context, after uint64, limit int) ([]outbox.DeadLetter, error) {
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, "SELECT seq, at, body, rejected, reason FROM "+s.t.dead+" WHERE seq > $1 ORDER BY seq LIMIT $2", seqOf(after), limit)
	if err != nil {
		return nil, wrap(err)
	}
	letters, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l outbox.DeadLetter, err error) {
		var seq int64
		var reason []byte
		err = row.Scan(&seq, &l.At, &l.Bytes, &l.Rejected, &reason)
		l.Seq, l.Reason = uint64(seq), string(reason)
		return l, err
	})
	return letters, wrap(err)
}

// Retry puts dead letters back into the queue, in their order.
func (s *Store) Retry(ctx context.Context, seqs []uint64) (n int, err error) {
	err = s.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_current_xact_id(), pg_notify($1, '')", s.t.channel); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, "WITH back AS (DELETE FROM "+s.t.dead+" WHERE seq = ANY ($1) RETURNING seq, lane, at, body) INSERT INTO "+s.t.queue+" (lane, at, body) SELECT lane, at, body FROM back ORDER BY seq", seqsOf(seqs))
		n = int(done.RowsAffected())
		return err
	})
	if err != nil {
		n = 0
	}
	return n, err
}

// Drop removes dead letters.
func (s *Store) Drop(ctx context.Context, seqs []uint64) (n int, err error) {
	err = s.change(ctx, func(tx pgx.Tx) error {
		done, err := tx.Exec(ctx, "DELETE FROM "+s.t.dead+" WHERE seq = ANY ($1)", seqsOf(seqs))
		n = int(done.RowsAffected())
		return err
	})
	if err != nil {
		n = 0
	}
	return n, err
}

// purgeAtOnce is how many messages Purge reads at once.
const purgeAtOnce = 500

// Purge removes messages. Then it runs VACUUM, which removes their bytes from the pages of the tables. Rows that an open transaction can still see
// stay until that transaction has ended and autovacuum has run. The server's log and backups keep what they have.
func (s *Store) Purge(ctx context.Context, match func(bytes []byte) bool) (queued, dead int, err error) {
	for after := uint64(0); err == nil; {
		var records []outbox.Record
		if records, err = s.Read(ctx, after, purgeAtOnce); err != nil || len(records) == 0 {
			break
		}
		var gone []uint64
		for _, r := range records {
			after = r.Seq
			if match(r.Bytes) {
				gone = append(gone, r.Seq)
			}
		}
		var n int
		n, err = s.remove(ctx, s.t.queue, gone)
		queued += n
	}
	for after := uint64(0); err == nil; {
		var letters []outbox.DeadLetter
		if letters, err = s.Dead(ctx, after, purgeAtOnce); err != nil || len(letters) == 0 {
			break
		}
		var gone []uint64
		for _, l := range letters {
			after = l.Seq
			if match(l.Bytes) {
				gone = append(gone, l.Seq)
			}
		}
		var n int
		n, err = s.remove(ctx, s.t.dead, gone)
		dead += n
	}
	if err == nil && queued+dead > 0 {
		if _, err = s.pool.Exec(ctx, "VACUUM "+s.t.queue+", "+s.t.dead); err != nil {
			err = fmt.Errorf("outbox/postgres: the messages are removed, but VACUUM, which removes their bytes from the tables, has failed; run it yourself: %w", err)
		}
	}
	return queued, dead, err
}

// remove deletes messages and notifies workers, which may have some of them in memory.
func (s *Store) remove(ctx context.Context, table string, seqs []uint64) (n int, err error) {
	if len(seqs) == 0 {
		return 0, nil
	}
	err = s.change(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_notify($1, 'removed')", s.t.channel); err != nil {
			return err
		}
		done, err := tx.Exec(ctx, "DELETE FROM "+table+" AS q USING unnest($1::smallint[]) AS l (lane), unnest($2::bigint[]) AS k (seq) WHERE q.lane = l.lane AND q.seq = k.seq", everyLane(), seqsOf(seqs))
		n = int(done.RowsAffected())
		return err
	})
	if err != nil {
		n = 0
	}
	return n, err
}

// Stats counts everything in the tables. This takes a while if there is much.
func (s *Store) Stats(ctx context.Context) (outbox.StoreStats, error) {
	st, _, err := s.stats(ctx, everyLane())
	return st, err
}

// stats counts the messages in the given lanes. waiting has the lanes in which something waits.
func (s *Store) stats(ctx context.Context, of []int16) (st outbox.StoreStats, waiting []Lane, err error) {
	if err := s.use(ctx); err != nil {
		return st, nil, err
	}
	var last int64
	err = s.pool.QueryRow(ctx, `SELECT d.n, d.bytes, (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM `+s.t.seq+`), pg_total_relation_size($2::text::regclass) + pg_total_relation_size($3::text::regclass)
FROM (SELECT count(*) AS n, coalesce(sum(octet_length(body)), 0)::bigint AS bytes FROM `+s.t.dead+` WHERE lane = ANY ($1)) AS d`, of, s.t.queue, s.t.dead).
		Scan(&st.Dead, &st.DeadBytes, &last, &st.FileBytes)
	if err != nil {
		return st, nil, wrap(err)
	}
	rows, err := s.pool.Query(ctx, "SELECT lane, count(*), sum(octet_length(body))::bigint, min(at) FROM "+s.t.queue+" WHERE lane = ANY ($1) GROUP BY lane ORDER BY lane", of)
	if err != nil {
		return st, nil, wrap(err)
	}
	var l Lane
	var bytes int64
	_, err = pgx.ForEachRow(rows, []any{&l.Number, &l.Queued, &bytes, &l.Oldest}, func() error {
		waiting = append(waiting, l)
		st.Queued += l.Queued
		st.QueuedBytes += bytes
		if st.Oldest.IsZero() || l.Oldest.Before(st.Oldest) {
			st.Oldest = l.Oldest
		}
		return nil
	})
	st.Last, st.Commits = uint64(last), s.commits.Load()
	return st, waiting, wrap(err)
}

// Lane is the state of one lane.
type Lane struct {
	Number int `json:"lane"`
	// Queued is how many messages wait. Oldest is when the oldest of them was stored; the zero time if none waits.
	Queued int64     `json:"queued"`
	Oldest time.Time `json:"oldest,omitzero"`
	// Worker names the worker that holds the lane: the Name of its WorkerConfig, or the program, and the address that it connects from. It is empty
	// if nobody holds the lane.
	Worker string `json:"worker,omitempty"`
}

// Lanes returns the state of all lanes, ordered by number.
func (s *Store) Lanes(ctx context.Context) ([]Lane, error) {
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	rows, err := s.pool.Query(ctx, `SELECT l.lane, coalesce(q.n, 0), q.oldest, coalesce(a.application_name || ' at ' || coalesce(a.client_addr::text, 'this machine'), '')
FROM unnest($1::smallint[]) AS l (lane) LEFT JOIN LATERAL (SELECT count(*) AS n, min(at) AS oldest FROM `+s.t.queue+` WHERE lane = l.lane) AS q ON true
LEFT JOIN pg_locks AS k ON k.locktype = 'advisory' AND k.database = (SELECT oid FROM pg_database WHERE datname = current_database())
	AND k.classid = $2::bigint::oid AND k.objid = l.lane::bigint::oid AND k.objsubid = 2 AND k.granted
LEFT JOIN pg_stat_activity AS a ON a.pid = k.pid ORDER BY l.lane`, everyLane(), int64(s.key))
	if err != nil {
		return nil, wrap(err)
	}
	all, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l Lane, err error) {
		var oldest *time.Time
		err = row.Scan(&l.Number, &l.Queued, &oldest, &l.Worker)
		if oldest != nil {
			l.Oldest = *oldest
		}
		return l, err
	})
	return all, wrap(err)
}

// Close closes the connections.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.closing.Do(s.pool.Close)
	return nil
}
