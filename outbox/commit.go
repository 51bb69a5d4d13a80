package outbox

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/ciokit/cio"
)

// group has the messages of several callers, which one commit stores.
type group struct {
	calls []call
	size  int64
	taken bool
	done  chan struct{} // closed when err is set
	err   error
}

type call struct {
	messages []cio.Encoded // nil if the caller has withdrawn
	size     int64
}

// job is another task, in a transaction or between two transactions.
type job struct {
	do      func(*tx) error
	between func() error
	done    chan struct{}
	err     error
}

// tx is a transaction in progress.
type tx struct {
	d    *Disk // nil while a new file is made
	c    *conn
	s    state
	note bool // the row of the state must be written
	now  int64

	pack packer
}

const (
	maxGroupBytes = 4 << 20 // a group of this size gets no more callers
)

// Append implements Store.
func (d *Disk) Append(ctx context.Context, messages []cio.Encoded) error {
	var size int64
	for i := range messages {
		if messages[i].Len() == 0 {
			return fmt.Errorf("outbox: message %d is the zero Encoded", i)
		}
		size += int64(messages[i].Len())
	}
	if len(messages) == 0 {
		return nil
	}
	if size > d.cfg.MaxBytes {
		return fmt.Errorf("outbox: the messages (%d, with %d bytes in all) never fit into MaxBytes, %d: %w", len(messages), size, d.cfg.MaxBytes, cio.ErrTooLarge)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	d.mu.Lock()
	switch {
	case d.closed:
		d.mu.Unlock()
		return cio.ErrClosed
	case d.state.queuedBytes+d.state.deadBytes+d.bytes+size > d.cfg.MaxBytes:
		d.mu.Unlock()
		return cio.ErrQueueFull
	}
	d.bytes += size
	if n := len(d.groups); n == 0 || d.groups[n-1].size >= maxGroupBytes {
		d.groups = append(d.groups, &group{done: make(chan struct{})})
	}
	g := d.groups[len(d.groups)-1]
	i := len(g.calls)
	g.calls = append(g.calls, call{messages, size})
	g.size += size
	d.mu.Unlock()
	if i == 0 {
		d.stir()
	}
	select {
	case <-g.done:
		return g.err
	case <-ctx.Done():
	}
	if d.withdraw(g, i) {
		return context.Cause(ctx)
	}
	<-g.done // the group is being written, which does not take long
	return g.err
}

// withdraw takes a call out of a group, unless the group is being written.
func (d *Disk) withdraw(g *group, i int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if g.taken {
		return false
	}
	d.bytes -= g.calls[i].size
	g.size -= g.calls[i].size
	g.calls[i] = call{}
	return true
}

// write runs do in a transaction, together with the tasks of others, and returns when the transaction is committed.
func (d *Disk) write(ctx context.Context, do func(*tx) error) error {
	return d.add(ctx, &job{do: do, done: make(chan struct{})})
}

// between runs do on the committing goroutine, outside of a transaction.
func (d *Disk) between(ctx context.Context, do func() error) error {
	return d.add(ctx, &job{between: do, done: make(chan struct{})})
}

func (d *Disk) add(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	d.mu.Lock()
	if d.closed {
		d.mu.Unlock()
		return cio.ErrClosed
	}
	d.jobs = append(d.jobs, j)
	d.mu.Unlock()
	d.stir()
	<-j.done
	return j.err
}

func (d *Disk) stir() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// markEvery is how often the mark is written.
const markEvery = time.Second

// onCommitThread is for tests: it runs on the committing goroutine before that begins.
var onCommitThread = func() {}

// run commits groups and jobs until the Disk is closed and nothing is left.
func (d *Disk) run() {
	defer close(d.finished)
	onCommitThread()
	tick := time.NewTicker(markEvery)
	defer tick.Stop()
	last := 0
	for {
		g, jobs, closed := d.take(last > 1)
		if g == nil && len(jobs) == 0 {
			if closed {
				return
			}
			select {
			case <-d.wake:
			case <-tick.C:
				d.everySecond(true)
			}
			continue
		}
		jobs = slices.DeleteFunc(jobs, func(j *job) bool {
			if j.between != nil {
				j.err = storeError(j.between())
				close(j.done)
			}
			return j.between != nil
		})
		last = d.commit(g, jobs)
		select {
		case <-tick.C:
			d.everySecond(false)
		default:
		}
	}
}

// take returns what to commit next. If the last commit was for several callers, these callers will probably call again at once. So take yields the
// processor until no more of them come, and one commit is for all of them.
func (d *Disk) take(several bool) (g *group, jobs []*job, closed bool) {
	for n := -1; several; {
		runtime.Gosched()
		now := d.waitingCalls()
		several, n = now != n, now
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	jobs, d.jobs = d.jobs, nil
	if len(d.groups) > 0 {
		g = d.groups[0]
		g.taken = true
		d.groups = append(d.groups[:0], d.groups[1:]...)
	}
	return g, jobs, d.closed
}

func (d *Disk) waitingCalls() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.groups) == 0 {
		return 0
	}
	return len(d.groups[0].calls)
}

// commit runs everything in one transaction and tells the result to those who wait. It returns how many wait.
func (d *Disk) commit(g *group, jobs []*job) int {
	n := len(jobs)
	if g != nil {
		n += len(g.calls)
		if err := d.readyFor(g); err != nil {
			d.tellGroup(g, storeError(err))
			g = nil
		}
	}
	if g == nil && len(jobs) == 0 {
		return n
	}
	err := d.inTurn(func() error { return d.attempt(g, jobs) })
	if codeOf(err) == codeFull && len(jobs) > 0 && d.makeRoom() { // a job that removes messages makes room
		if g != nil {
			d.tellGroup(g, storeError(err))
			g = nil
		}
		err = d.attempt(nil, jobs)
	}
	if slices.ContainsFunc(jobs, func(j *job) bool { return j.err != nil }) && (g != nil || len(jobs) > 1) { // the error of one job must not affect the others
		for _, j := range jobs {
			d.finish(nil, []*job{j}, d.inTurn(func() error { return d.attempt(nil, []*job{j}) }))
		}
		if g != nil {
			d.finish(g, nil, d.inTurn(func() error { return d.attempt(g, nil) }))
		}
		return n
	}
	d.finish(g, jobs, err)
	return n
}

// finish tells the result of a transaction to those who wait.
func (d *Disk) finish(g *group, jobs []*job, err error) {
	err = storeError(err)
	d.mu.Lock()
	d.state = d.now
	d.mu.Unlock()
	for _, j := range jobs {
		j.err = err
		close(j.done)
	}
	if g != nil {
		d.tellGroup(g, err)
	}
}

// readyFor makes the files ready for a group. If it returns an error, nothing of the group is stored.
func (d *Disk) readyFor(g *group) error {
	if d.reserve == 0 && d.lock != nil {
		_ = d.recoverRoom() // if it fails, the next step fails too
	}
	if d.doubtful {
		if err := d.inTurn(d.emptyLog); err != nil {
			return err
		}
		d.failed, d.doubtful = false, false
	}
	return d.keepReserve(g.growth())
}

// growth is an upper bound for the growth of the database when the group is stored.
func (g *group) growth() int64 {
	n := 2*g.size + 2*databasePageSize // a page has at least one message, or is half full
	for i := range g.calls {
		n += 64 * int64(len(g.calls[i].messages))
	}
	return n
}

// tellGroup tells the result to the callers of a group.
func (d *Disk) tellGroup(g *group, err error) {
	d.mu.Lock()
	d.bytes -= g.size
	d.mu.Unlock()
	g.err = err
	close(g.done)
}

// attempt runs everything in one transaction, or nothing.
func (d *Disk) attempt(g *group, jobs []*job) error {
	t, err := d.begin()
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if j.err = j.do(t); j.err != nil {
			return d.end(t, j.err)
		}
	}
	if g != nil {
		err = t.store(g)
	}
	return d.end(t, err)
}

// begin begins a transaction.
func (d *Disk) begin() (*tx, error) {
	if _, err := d.w.exec("BEGIN IMMEDIATE"); err != nil {
		return nil, err
	}
	if err := d.hear(); err != nil {
		_, _ = d.w.exec("ROLLBACK") // the first error says what happened
		return nil, err
	}
	d.tx = tx{d: d, c: d.w, s: d.now, now: time.Now().UnixMilli(), pack: packer{data: d.tx.pack.data[:0]}}
	return &d.tx, nil
}

// hear checks whether other processes have changed the database, and if so reads the state again.
func (d *Disk) hear() error {
	version, err := d.w.one("PRAGMA data_version")
	if err != nil {
		return err
	}
	if v := version[0].(int64); v != d.version {
		s, noted, err := readState(d.w)
		if err != nil {
			return err
		}
		d.now, d.noted, d.version = s, noted, v
		d.forgetBlocks()
		d.room = -1 // messages of others need some of it
		d.changes.Add(1)
	}
	return nil
}

// noteEvery is how many messages are appended before the row that counts them is written.
const noteEvery = 1_000

// end commits the transaction, or undoes it if there is an error. If the sync of a commit fails, all of its pages are already in the log, and they
// would count after the process has been killed. So end empties the log. If that fails too, nobody knows whether the commit counts. If a write fails,
// the commit does not count, because the page that ends it comes last. Its other pages are removed from the log later.
func (d *Disk) end(t *tx, err error) error {
	note := t.note || t.s.last-d.noted >= noteEvery
	if err == nil && note {
		err = writeState(d.w, &t.s)
	}
	if err != nil {
		d.forgetBlocks()
		_, _ = d.w.exec("ROLLBACK")
		return err
	}
	if _, err = d.w.exec("COMMIT"); err == nil {
		if d.now = t.s; note {
			d.noted = t.s.last
		}
		d.commits.Add(1)
		return nil
	}
	d.forgetBlocks()
	_, _ = d.w.exec("ROLLBACK")
	d.failed = true
	if codeOf(err) == codeFull || extendedCodeOf(err) == codeIOWrite {
		return err
	}
	d.doubtful = d.emptyLog() != nil
	if d.failed = d.doubtful; d.failed {
		err = fmt.Errorf("%w (%w)", ErrUncertain, err)
	}
	return err
}

func (d *Disk) emptyLog() error { return d.w.emptyLog() }

// emptyLog copies the log into the database and empties the log.
func (c *conn) emptyLog() error {
	row, err := c.one("PRAGMA wal_checkpoint(TRUNCATE)")
	if err == nil && row[0] != int64(0) {
		err = errors.New("outbox: the log is in use")
	}
	return err
}

const insertOne = "INSERT INTO messages (seq, data) VALUES (?,?)"

// store appends the messages of a group.
func (t *tx) store(g *group) error {
	p := &t.pack
	p.alone = t.c.version < 2
	p.put = func(first int64, data []byte) error {
		_, err := t.c.exec(insertOne, first, data)
		return err
	}
	for i := range g.calls {
		for _, m := range g.calls[i].messages {
			t.s.last++
			t.s.addQueued(1, int64(m.Len()), t.s.last)
			if err := p.add(t.s.last, t.now, m.Len(), func(b []byte) []byte {
				b, _ = m.AppendJSON(b) // cannot fail
				return b
			}); err != nil {
				return err
			}
		}
	}
	return p.flush()
}

// insert puts a record into the queue under its own number.
func (t *tx) insert(r Record) error {
	t.note = true
	t.s.addQueued(1, int64(len(r.Bytes)), int64(r.Seq))
	t.s.last = max(t.s.last, int64(r.Seq))
	data := appendSealed(nil, r.Seq, r.At.UnixMilli(), func(b []byte) []byte { return append(b, r.Bytes...) })
	_, err := t.c.exec(insertOne, int64(r.Seq), data)
	return err
}

// insertDead writes a dead letter under its own number. It replaces one that is there.
func (t *tx) insertDead(l DeadLetter) error {
	if err := t.removeDead(int64(l.Seq)); err != nil {
		return err
	}
	at, died, damaged := l.At.UnixMilli(), l.Rejected.UnixMilli(), int64(0)
	if l.Damaged {
		damaged = 1
	}
	sum := int64(deadSumOf(l.Seq, at, died, l.Damaged, l.Reason, l.Bytes))
	t.note = true
	t.s.addDead(1, int64(len(l.Bytes)), int64(l.Seq))
	t.s.last = max(t.s.last, int64(l.Seq))
	_, err := t.c.exec("INSERT INTO dead (seq, at, died, sum, damaged, reason, data) VALUES (?,?,?,?,?,?,?)", int64(l.Seq), at, died, sum, damaged, []byte(l.Reason), l.Bytes)
	return err
}
