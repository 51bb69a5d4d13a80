package postgres

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
	"github.com/jackc/pgx/v5"
)

// QueueConfig says where a Queue stores messages. Its zero value is a good start.
type QueueConfig struct {
	// Schema is the schema of the tables; default DefaultSchema.
	Schema string
	// Silent leaves out the notification of workers. They then check for messages every WorkerConfig.Poll. Set it if many transactions of the
	// database notify at once, because the server commits those one after the other.
	Silent bool
}

// notifyEvery is the shortest time between two notifications of a Queue: a commit with a notification waits for others that have one.
const notifyEvery = 50 * time.Millisecond

// Queue stores messages in transactions of the service. It is safe for concurrent use.
type Queue struct {
	client   *cio.Client
	insert   string
	channel  string
	silent   bool
	notified atomic.Int64 // time of the last notification, in nanoseconds since started
}

var started = time.Now()

// NewQueue returns a Queue. The client encodes its messages, with the client's Context and Guard. A Queue sends nothing: a Worker does.
func NewQueue(client *cio.Client, cfg QueueConfig) (*Queue, error) {
	if client == nil {
		return nil, errors.New("outbox/postgres: NewQueue needs a Client")
	}
	t := tablesOf(cfg.Schema)
	return &Queue{client: client, insert: t.insert(), channel: t.channel, silent: cfg.Silent}, nil
}

// insert returns the statement that enqueues messages of lanes $1 with bodies $2, and notifies channel $3 if that is not empty.
//
// Workers rely on this: a transaction has its number before it takes a sequence number. See heldLane.low.
func (t tables) insert() string {
	return `WITH x AS MATERIALIZED (SELECT pg_current_xact_id() AS id, CASE WHEN $3::text <> '' THEN pg_notify($3::text, '')::text END AS told)
INSERT INTO ` + t.queue + ` (lane, seq, body)
SELECT m.lane, nextval('` + strings.ReplaceAll(t.seq, "'", "''") + `'), m.body
FROM x CROSS JOIN unnest($1::text::smallint[], $2::bytea[]) WITH ORDINALITY AS m (lane, body, n)
WHERE x.id IS NOT NULL AND x.told IS DISTINCT FROM 'x'
ORDER BY m.n`
}

// Enqueue checks and encodes messages, and stores them in the transaction. They are sent if the transaction is committed, and never if it is rolled
// back. Enqueue stores all of them or none.
//
// If the API would not accept a message, the error is a *cio.MessageError with the Index of the message, and the transaction is unchanged. Any other
// error comes from the database: roll the transaction back.
func (q *Queue) Enqueue(ctx context.Context, tx pgx.Tx, messages ...cio.Message) error {
	all, err := q.encode(messages)
	if err != nil || len(all) == 0 {
		return err
	}
	lanes, bodies, err := columns(all)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, q.insert, lanes, bodies, q.news())
	return wrap(err)
}

// EnqueueSQL is Enqueue in a transaction of database/sql, with any driver.
func (q *Queue) EnqueueSQL(ctx context.Context, tx *sql.Tx, messages ...cio.Message) error {
	all, err := q.encode(messages)
	if err != nil || len(all) == 0 {
		return err
	}
	lanes, bodies, err := columns(all)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, strings.Replace(q.insert, "$2::bytea[]", "$2::text::bytea[]", 1), lanes, arrayText(bodies), q.news())
	return wrap(err)
}

func (q *Queue) encode(messages []cio.Message) ([]cio.Encoded, error) {
	all := make([]cio.Encoded, len(messages))
	for i, m := range messages {
		e, err := q.client.Encode(m)
		if err != nil {
			var rule *cio.MessageError
			if errors.As(err, &rule) {
				own := *rule
				own.Index = i
				err = &own
			}
			return nil, err
		}
		all[i] = e
	}
	return all, nil
}

// news returns the channel to notify. It returns nothing if the Queue has notified a moment ago: workers poll, and find the rest.
func (q *Queue) news() string {
	now, last := int64(time.Since(started)), q.notified.Load()
	if q.silent || last != 0 && now-last < int64(notifyEvery) || !q.notified.CompareAndSwap(last, now) {
		return ""
	}
	return q.channel
}

// columns returns the lanes of messages, as the text of an array, and the messages' bytes.
func columns(messages []cio.Encoded) (lanes string, bodies [][]byte, err error) {
	var b strings.Builder
	b.WriteByte('{')
	bodies = make([][]byte, len(messages))
	for i, m := range messages {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Itoa(int(laneOf(m.Identity()))))
		if bodies[i], err = m.AppendJSON(nil); err != nil {
			return "", nil, err
		}
	}
	b.WriteByte('}')
	return b.String(), bodies, nil
}

// arrayText returns the text of an array of bytea.
func arrayText(all [][]byte) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, one := range all {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(`"\\x`)
		b.WriteString(hex.EncodeToString(one))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}
