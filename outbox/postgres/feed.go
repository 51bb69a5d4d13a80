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
	// fullScan is how often lanes are read from their beginning, whatever low says: a row that came in another way than by Queue and Store may be there.
	fullScan = 4 * time.Second
	// mostOfLane and fewOfLane are how many rows of a lane are read at once, when it had as many before, and when not.
	mostOfLane, fewOfLane = 1000, 64
	// mostBytes is how many bytes of messages are read at once, and one message of each lane beyond that.
	mostBytes = 32 << 20
)

// bytesOf is the part of mostBytes that one of so many lanes has.
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
	during  map[uint64]bool  // what was settled while Next reads; nil while it does not
	stopped bool             // Next returns nothing any more
	scanned time.Time
	counted counted
}

// heldLane is one that the session holds.
type heldLane struct {
	leaving bool // it is given to another worker once nothing of it is under way
	out     int  // records that were handed out and are not settled
	most    int
	// low is a bound below which there is nothing that was not handed out, now or ever: every transaction that could have a sequence number up to it has
	// ended, and a later snapshot was read. A transaction of Queue has its own number before it takes a sequence number. So where seq was seen by a
	// statement, who has a smaller one had a number below the one that the statement took for itself; once all of those have ended nothing appears at seq or
	// below. The end of the snapshot is no such bound: it is that of the transactions that have ended, and some that are open may be above it.
	//
	// It is not a matter of speed alone. Reading from the last row that was seen would pass over one that was committed late, and find one of the same
	// person that was enqueued after that commit.
	low int64
	// mark is what low becomes when all transactions below end have ended.
	mark, end int64
}

// row is one that was read.
type row struct {
	lane int16
	outbox.Record
}

// Next returns records of the lanes that were not handed out yet, those of each lane in their order.
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

// reading is what a read begins with.
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

// next returns the statement that reads rows of lanes $1 above $2, at most $3 of each, but for those of $4, and no more of a lane once they have $5 bytes.
// What is left out is a hash, whatever version plans the statement: with an array each row is held against all that is under way.
func (t tables) next() string {
	return `SELECT l.lane, r.seq, r.at, r.body, pg_snapshot_xmin(s)::text::bigint, pg_current_xact_id()::text::bigint
FROM pg_current_snapshot() AS s CROSS JOIN unnest($1::smallint[], $2::bigint[], $3::integer[]) AS l (lane, low, most)
LEFT JOIN LATERAL (SELECT seq, at, body, sum(octet_length(body)) OVER (ORDER BY seq) - octet_length(body) AS before
	FROM (SELECT seq, at, body FROM ` + t.queue + ` WHERE lane = l.lane AND seq > l.low AND seq NOT IN (SELECT unnest($4::bigint[])) ORDER BY seq LIMIT l.most) AS q
) AS r ON r.before < $5`
}

// query reads in one statement, so that all it sees is of one snapshot: of two transactions of which one began after the other had ended, whoever sees the
// second sees the first. low is the oldest transaction that is open, and end the statement's own, which is above all that had a number when it began.
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

// take notes what was read, and returns what of it is to be sent.
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
			continue // it is another's by now, or was settled after this statement had begun
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

// raise moves low up after a read that has seen the lane up to last, or to its end if it was not full.
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

// settleTimeout bounds a settlement: a server that does not answer must not keep a session from ending.
const settleTimeout = 15 * time.Second

// Settle takes records out of the queue, by their keys. What it cannot, the worker owes until it can.
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

// owed is what was reported, and could not be taken out of the queue before the session ended.
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

// Changes counts how often somebody said that messages were removed.
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

// counted is what was counted last, which is not done again at once: counting takes longer the more there is.
type counted struct {
	stats outbox.StoreStats
	lanes []Lane // in which something waits
	until time.Time
	busy  bool
}

// countEvery is how often at most a worker counts; and it spends a twentieth of its time on that.
const countEvery = 5 * time.Second

// Stats counts what is in the lanes, as it was some seconds ago.
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

// waiting returns the lanes in which something waits, as Stats counted it last.
func (h *held) waiting() (all []cio.OutboxLane) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, l := range h.counted.lanes {
		all = append(all, cio.OutboxLane{Number: l.Number, Queued: l.Queued, Oldest: max(0, time.Since(l.Oldest))})
	}
	return all
}

// Close leaves the connections to the worker.
func (h *held) Close() error { return nil }

// stop makes Next return nothing more, and Stats what it returned last.
func (h *held) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	h.counted.until = time.Now().Add(time.Hour)
}

// add takes a lane that the session has locked.
func (h *held) add(n int16) {
	h.mu.Lock()
	h.lanes[n] = &heldLane{most: fewOfLane}
	h.counted.until = time.Time{}
	h.mu.Unlock()
	h.news.send()
}

// leave stops reading so many lanes, idle ones before others, and returns those of which nothing is under way: they are given up.
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

// stay takes lanes back that are not given up yet.
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
