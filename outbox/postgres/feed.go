package postgres

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/jackc/pgx/v5"
)

const (
	// fullScan is how often lanes are read from their beginning, whatever low says: other code than Queue and Store may have inserted a row.
	fullScan = 4 * time.Second
	// mostOfLane and fewOfLane are the limits of the rows of a lane that are read at once. The number doubles while reads are full, and halves
	// otherwise.
	mostOfLane, fewOfLane = 1000, 64
	// mostBytes is how many bytes of messages are read at once. One message of each lane may exceed it.
	mostBytes = 32 << 20
)

// bytesOf returns the part of mostBytes that each of the lanes has.
func bytesOf(lanes int) int64 { return mostBytes / int64(max(1, lanes)) }

// held is a Store of the lanes that a session holds. It is the store of an outbox.Outbox, which sends what Next returns.
type held struct {
	*Store
	news    *signal // something was enqueued
	removed func() int64
	poll    time.Duration
	owed    *owed

	mu      sync.Mutex
	lanes   map[int16]*heldLane
	of      map[uint64]int16 // the lanes of records that were handed out and are not settled
	during  map[uint64]bool  // records that were settled while Next reads; nil while it does not read
	stopped bool             // Next returns nothing more
	scanned time.Time
	counted counted
}

// heldLane is a lane that the session holds.
type heldLane struct {
	leaving bool // it is given up as soon as no message of it is being sent
	out     int  // records that were handed out and are not settled
	most    int
	// low is a bound. All messages up to it have been handed out, and no other can ever appear there: every transaction that could have a sequence
	// number up to it has ended, and a later snapshot was read.
	//
	// This is why it works. A transaction of Queue has its own number before it takes a sequence number. If a statement has seen the sequence number
	// seq, a transaction with a smaller sequence number has a transaction number below that of the statement. When all transactions below that number
	// have ended, nothing can appear at seq or below. The end of the snapshot is not such a bound: it only says which transactions have ended, and
	// open transactions may have numbers above it.
	//
	// This is not only about speed. If the worker read from the last row that it has seen, it would miss a row that was committed late, and find a
	// row of the same person that was enqueued after that commit.
	low int64
	// mark is the next value of low, as soon as all transactions below end have ended.
	mark, end int64
}

// row is a row that was read.
type row struct {
	lane int16
	outbox.Record
}

// Next returns records of the lanes that were not handed out yet. Records of one lane are in their order.
func (h *held) Next(ctx context.Context) (records []outbox.Record, more bool, err error) {
	news := h.news.wait()
	records, more, err = h.readNext(ctx)
	if err != nil || len(records) > 0 {
		return records, more, err
	}
	t := time.NewTimer(h.poll)
	defer t.Stop()
	select {
	case <-news:
	case <-t.C:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
	return h.readNext(ctx)
}

// reading has the parameters of one read.
type reading struct {
	lanes []int16
	lows  []int64
	most  []int32
	skip  []int64
	begun map[int16]*heldLane
	fully bool
}

func (h *held) begin() *reading {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := &reading{begun: map[int16]*heldLane{}, fully: time.Since(h.scanned) >= fullScan}
	if h.stopped {
		return r
	}
	least := make(map[int16]int64)
	for n, l := range h.lanes {
		if l.leaving {
			continue
		}
		low := l.low
		if r.fully {
			low = 0
		}
		r.lanes, r.lows, r.most = append(r.lanes, n), append(r.lows, low), append(r.most, int32(l.most))
		r.begun[n], least[n] = l, low
	}
	r.skip = make([]int64, 0, len(h.of))
	for seq, n := range h.of {
		if low, ok := least[n]; ok && int64(seq) > low {
			r.skip = append(r.skip, int64(seq))
		}
	}
	if len(r.lanes) > 0 {
		h.during = make(map[uint64]bool)
	}
	return r
}

func (h *held) readNext(ctx context.Context) (records []outbox.Record, more bool, err error) {
	if err := h.use(ctx); err != nil {
		return nil, false, err
	}
	r := h.begin()
	if len(r.lanes) == 0 {
		return nil, false, nil
	}
	rows, low, end, err := h.query(ctx, r)
	if err != nil {
		h.mu.Lock()
		h.during = nil
		h.mu.Unlock()
		return nil, false, err
	}
	return h.take(r, rows, low, end)
}

// next returns the statement that reads rows of lanes $1 above $2. It reads at most $3 rows of each lane, skips the sequence numbers in $4, and stops
// in a lane when its rows have $5 bytes. The subquery makes every version of the server use a hash for $4. With an array, the server would compare
// each row with all records that are being sent.
func (t tables) next() string {
	return `SELECT l.lane, r.seq, r.at, r.body, pg_snapshot_xmin(s)::text::bigint, pg_current_xact_id()::text::bigint
FROM pg_current_snapshot() AS s CROSS JOIN unnest($1::smallint[], $2::bigint[], $3::integer[]) AS l (lane, low, most)
LEFT JOIN LATERAL (SELECT seq, at, body, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
	FROM (SELECT seq, at, body FROM ` + t.queue + ` WHERE lane = l.lane AND seq > l.low AND seq NOT IN (SELECT unnest($4::bigint[])) ORDER BY seq LIMIT l.most) AS q
) AS r ON r.before < $5`
}

// query reads in one statement, so all rows are of one snapshot: if one transaction began after another had ended, a snapshot that sees the second
// also sees the first. low is the number of the oldest open transaction. end is the number of the statement's own transaction, which is above all
// numbers that were taken before the statement began.
func (h *held) query(ctx context.Context, r *reading) (all []row, low, end int64, err error) {
	rows, err := h.pool.Query(ctx, h.t.next(), r.lanes, r.lows, r.most, r.skip, bytesOf(len(r.lanes)))
	if err != nil {
		return nil, 0, 0, wrap(err)
	}
	var one row
	var seq *int64
	var at *time.Time
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&one.lane, &seq, &at, &body, &low, &end}, func() error {
		if seq != nil {
			all = append(all, row{one.lane, outbox.Record{Seq: uint64(*seq), At: *at, Bytes: body}})
		}
		return nil
	})
	return all, low, end, wrap(err)
}

// take records what was read, and returns the records to send.
func (h *held) take(r *reading, rows []row, low, end int64) (records []outbox.Record, more bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if r.fully {
		h.scanned = time.Now()
	}
	count, size, last := make(map[int16]int), make(map[int16]int64), make(map[int16]int64)
	for _, one := range rows {
		count[one.lane]++
		size[one.lane] += int64(len(one.Bytes))
		last[one.lane] = max(last[one.lane], int64(one.Seq))
		l := h.lanes[one.lane]
		if l == nil || l != r.begun[one.lane] || l.leaving || h.stopped || h.during[one.Seq] {
			continue // another worker has the lane by now, or the record was settled after this statement had begun
		}
		if _, out := h.of[one.Seq]; out {
			continue
		}
		h.of[one.Seq] = one.lane
		l.out++
		records = append(records, one.Record)
	}
	for n, l := range r.begun {
		if h.lanes[n] != l {
			continue
		}
		full := count[n] >= l.most || size[n] >= bytesOf(len(r.lanes))
		more = more || full
		l.raise(last[n], low, end, full)
		if full {
			l.most = min(2*l.most, mostOfLane)
		} else {
			l.most = max(l.most/2, fewOfLane)
		}
	}
	h.during = nil
	slices.SortFunc(records, func(a, b outbox.Record) int {
		if a.Seq < b.Seq {
			return -1
		}
		return 1
	})
	return records, more, nil
}

// raise moves low up after a read. The read has seen the lane up to last, or up to its end if it was not full.
func (l *heldLane) raise(last, low, end int64, full bool) {
	if l.mark > 0 && low >= l.end {
		if !full || last >= l.mark {
			l.low, l.mark = max(l.low, l.mark), 0
		}
	}
	if l.mark == 0 && last > l.low {
		l.mark, l.end = last, end
	}
}

// settleTimeout limits a settlement, because a server that does not answer must not keep a session from ending.
const settleTimeout = 15 * time.Second

// Settle removes records from the queue, by their keys. If that fails, the worker owes these settlements until they succeed.
func (h *held) Settle(ctx context.Context, settled []outbox.Settlement) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	h.mu.Lock()
	of := make(map[uint64]int16, len(settled))
	for _, s := range settled {
		if n, ok := h.of[s.Seq]; ok {
			of[s.Seq] = n
		}
	}
	h.mu.Unlock()
	h.owed.add(settled, of)
	err := h.settle(ctx, settled, func(seq uint64) (int16, bool) { n, ok := of[seq]; return n, ok })
	if err != nil {
		return err
	}
	h.owed.remove(settled)
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range settled {
		if n, ok := h.of[s.Seq]; ok {
			delete(h.of, s.Seq)
			if l := h.lanes[n]; l != nil {
				l.out--
			}
		}
		if h.during != nil {
			h.during[s.Seq] = true
		}
	}
	return nil
}

// owed has settlements that were reported, but could not be written to the queue before the session ended.
type owed struct {
	mu  sync.Mutex
	all map[uint64]debt
}

type debt struct {
	outbox.Settlement
	lane  int16
	known bool
}

func (o *owed) add(settled []outbox.Settlement, of map[uint64]int16) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.all == nil {
		o.all = make(map[uint64]debt)
	}
	for _, s := range settled {
		n, ok := of[s.Seq]
		o.all[s.Seq] = debt{s, n, ok}
	}
}

func (o *owed) remove(settled []outbox.Settlement) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, s := range settled {
		delete(o.all, s.Seq)
	}
}

func (o *owed) any() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.all) > 0
}

// pay settles what is owed.
func (o *owed) pay(ctx context.Context, s *Store) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.all) == 0 {
		return nil
	}
	var settled []outbox.Settlement
	for _, d := range o.all {
		settled = append(settled, d.Settlement)
	}
	err := s.settle(ctx, settled, func(seq uint64) (int16, bool) { d := o.all[seq]; return d.lane, d.known })
	if err == nil {
		clear(o.all)
	}
	return err
}

// Read returns records of the lanes.
func (h *held) Read(ctx context.Context, after uint64, limit int) ([]outbox.Record, error) {
	return h.read(ctx, h.numbers(), after, limit)
}

// Changes counts the notifications that messages were removed.
func (h *held) Changes() int64 { return h.removed() }

func (h *held) numbers() []int16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	all := make([]int16, 0, len(h.lanes))
	for n := range h.lanes {
		all = append(all, n)
	}
	slices.Sort(all)
	return all
}

// counted is the last count. It is not repeated at once, because counting takes longer if there are more messages.
type counted struct {
	stats outbox.StoreStats
	lanes []Lane // in which something waits
	until time.Time
	busy  bool
}

// countEvery is the shortest time between two counts of a worker. A worker spends at most a twentieth of its time on counting.
const countEvery = 5 * time.Second

// Stats counts the messages in the lanes. The result may be some seconds old.
func (h *held) Stats(ctx context.Context) (outbox.StoreStats, error) {
	h.mu.Lock()
	if h.counted.busy || time.Now().Before(h.counted.until) {
		defer h.mu.Unlock()
		return h.counted.stats, nil
	}
	h.counted.busy = true
	h.mu.Unlock()
	begun := time.Now()
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	st, waiting, err := h.stats(ctx, h.numbers())
	h.mu.Lock()
	defer h.mu.Unlock()
	h.counted.busy = false
	if err == nil {
		h.counted.lanes = waiting
		h.counted.stats, h.counted.until = st, time.Now().Add(max(countEvery, 20*time.Since(begun)))
	}
	return st, err
}

// waiting returns the lanes in which something waits, from the last count of Stats.
func (h *held) waiting() (all []cio.OutboxLane) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.counted.lanes {
		all = append(all, cio.OutboxLane{Number: l.Number, Queued: l.Queued, Oldest: max(0, time.Since(l.Oldest))})
	}
	return all
}

// Close does nothing: the connections belong to the worker.
func (h *held) Close() error { return nil }

// stop makes Next return nothing more. Stats then returns what it returned last.
func (h *held) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.counted.until = time.Now().Add(time.Hour)
}

// add adds a lane that the session has locked.
func (h *held) add(n int16) {
	h.mu.Lock()
	h.lanes[n] = &heldLane{most: fewOfLane}
	h.counted.until = time.Time{}
	h.mu.Unlock()
	h.news.send()
}

// leave stops reading n lanes, idle lanes first. It removes and returns the lanes of which no message is being sent.
func (h *held) leave(n int) (gone []int16) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lanes {
		if l.leaving {
			n--
		}
	}
	for _, idle := range []bool{true, false} {
		for _, l := range h.lanes {
			if n > 0 && !l.leaving && (l.out == 0) == idle {
				l.leaving = true
				n--
			}
		}
	}
	for number, l := range h.lanes {
		if l.leaving && l.out == 0 {
			gone = append(gone, number)
			delete(h.lanes, number)
		}
	}
	return gone
}

// stay resumes reading lanes that were to be given up and are still held.
func (h *held) stay() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.lanes {
		l.leaving = false
	}
}

// signal wakes all who wait for it.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

// wait returns a channel that the next send closes.
func (s *signal) wait() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c = make(chan struct{})
	}
	return s.c
}

func (s *signal) send() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c != nil {
		close(s.c)
		s.c = nil
	}
}
