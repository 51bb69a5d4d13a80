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

// group is what several callers want to have stored, which one commit does for all of them.
type group struct {
	calls []call
	size  int64
	taken bool
	done  chan struct{} // closed when err is there
	err   error
}

type call struct {
	messages []cio.Encoded // nil if the caller has gone
	size     int64
}

// job is something else to be done, in a transaction or between two.
type job struct {
	do      func(*tx) error
	between func() error
	done    chan struct{}
	err     error
}

// tx is a transaction under way.
type tx struct {
	d    *Disk // nil while a new file is made
	c    *conn
	s    state
	note bool // the row must say so
	now  int64

	pack packer
}

const (
	maxGroupBytes = 4 << 20 // after which a commit takes no more callers
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
		return fmt.Errorf("outbox: %d messages of %d bytes together are more than MaxBytes, %d, allows at all: %w", len(messages), size, d.cfg.MaxBytes, cio.ErrTooLarge)
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
	<-g.done // it is being written, which does not take long
	return g.err
}

// withdraw takes a call out of a group, unless it is being written.
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

// write has do run in a transaction, with what others want to have done, and returns when that is committed.
func (d *Disk) write(ctx context.Context, do func(*tx) error) error {
	return d.add(ctx, &job{do: do, done: make(chan struct{})})
}

// between has do run on the committing goroutine outside of a transaction.
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

// onCommitThread is what a test has done on the goroutine that commits, before it begins.
var onCommitThread = func() {}

// run commits what is wanted until the Disk is closed and nothing is left.
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

// take returns what is to be committed next. Where the last commit was of several callers, they are about to come again: they get the processor
// until no more of them come, so that the next one is theirs together.
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

// commit does all of it in one transaction and tells who waits. It returns how many that were.
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
	if codeOf(err) == codeFull && len(jobs) > 0 && d.makeRoom() { // what takes messages away makes room, too
		if g != nil {
			d.tellGroup(g, storeError(err))
			g = nil
		}
		err = d.attempt(nil, jobs)
	}
	if slices.ContainsFunc(jobs, func(j *job) bool { return j.err != nil }) && (g != nil || len(jobs) > 1) { // which is no matter of the others
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

// finish tells all what became of a transaction.
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

// readyFor makes the files ready to take in a group. The error says that nothing of it is stored.
func (d *Disk) readyFor(g *group) error {
	if d.reserve == 0 && d.lock != nil {
		_ = d.recoverRoom() // if it fails, so does what follows
	}
	if d.doubtful {
		if err := d.inTurn(d.emptyLog); err != nil {
			return err
		}
		d.failed, d.doubtful = false, false
	}
	return d.keepReserve(g.growth())
}

// growth is a bound of how much the database grows by what is stored.
func (g *group) growth() int64 {
	n := 2*g.size + 2*databasePageSize // a page has at least one message, or is half full
	for i := range g.calls {
		n += 64 * int64(len(g.calls[i].messages))
	}
	return n
}

// tellGroup tells the callers of a group what became of it.
func (d *Disk) tellGroup(g *group, err error) {
	d.mu.Lock()
	d.bytes -= g.size
	d.mu.Unlock()
	g.err = err
	close(g.done)
}

// attempt does all of it in one transaction, or nothing.
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

// hear takes up what other processes have changed.
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
		d.room = -1 // what others have stored needs some of it
		d.changes.Add(1)
	}
	return nil
}

// noteEvery is how many messages are appended before the row is written that counts them.
const noteEvery = 1_000

// end commits what was done, or undoes it for an error. A commit of which the sync fails has written all of its pages into the log before: they would
// count after the process has been killed. So the log is emptied; where that fails too, nobody knows. One of which a write fails does not count, as
// the page that ends it is the last; what is left of it in the log goes later.
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

// emptyLog brings the log into the database and makes it empty.
func (c *conn) emptyLog() error {
	row, err := c.one("PRAGMA wal_checkpoint(TRUNCATE)")
	if err == nil && row[0] != int64(0) {
		err = errors.New("outbox: the log is in use")
	}
	return err
}

const insertOne = "INSERT INTO messages (seq, data) VALUES (?,?)"

// store appends what the callers of a group want to have stored.
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

// insertDead puts a dead letter in its place, instead of one that is there.
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
