package outbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
)

const (
	readAtOnce   = 1_000
	settleAtOnce = 5_000
	// gather is how long a settlement waits for others to share its commit.
	gather = 20 * time.Millisecond
	// again is the time before a retry.
	again = time.Second
	// fromTheStart is how often feed checks for records that were committed late.
	fromTheStart = 10 * time.Second
	// mostSettled is how many settlements can wait for the disk. If there are more, sending waits.
	mostSettled = 50_000
)

// feed hands the records of the store to the Batcher, in order.
func (o *Outbox) feed() {
	defer close(o.fed)
	var begun time.Time
	at := uint64(0) // all records up to this one were handed to the Batcher, unless they appeared late
	var ahead chan fetched
	for o.ctx.Err() == nil {
		o.watch()
		var f fetched
		if ahead != nil {
			f, ahead = <-ahead, nil
		} else {
			if o.feeder == nil && time.Since(begun) >= fromTheStart {
				begun = time.Now()
				if o.someAreNotSent(at) {
					at = 0
				}
			}
			f = o.fetch(at)
		}
		if f.err != nil {
			o.reading.met(o, "read", f.err)
			o.pause(again)
			continue
		}
		o.reading.over()
		at = max(at, f.last)
		if f.more { // read ahead, so that reading does not wait for sending
			ahead = make(chan fetched, 1)
			go func(at uint64, to chan<- fetched) { to <- o.fetch(at) }(at, ahead)
		}
		for i := range f.decoded {
			if !o.hand(f.records[i], &f.decoded[i]) {
				if ahead != nil {
					<-ahead
				}
				return
			}
		}
		if len(f.records) > 0 {
			o.changed.send()
		}
		if !f.more && o.feeder == nil {
			o.pause(again) // other processes may append without a signal
		}
	}
	if ahead != nil {
		<-ahead
	}
}

// fetched has the records of one read, without those that the Batcher has already.
type fetched struct {
	records []Record
	decoded []decoded
	last    uint64
	more    bool
	err     error
}

func (o *Outbox) fetch(after uint64) (f fetched) {
	var records []Record
	if o.feeder != nil {
		records, f.more, f.err = o.feeder.Next(o.ctx)
	} else {
		records, f.err = o.store.Read(o.ctx, after, readAtOnce)
		f.more = len(records) == readAtOnce
	}
	if f.err != nil || len(records) == 0 {
		return f
	}
	f.last = records[len(records)-1].Seq
	f.records = o.begin(records)
	f.decoded = decode(f.records)
	return f
}

// begin notes that the Batcher gets the records, and returns those that it does not have yet.
func (o *Outbox) begin(records []Record) []Record {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.DeleteFunc(records, func(r Record) bool {
		n := len(o.sent)
		o.sent[r.Seq] = true
		return len(o.sent) == n
	})
}

// pause waits for news, but at most for d.
func (o *Outbox) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-o.news:
	case <-t.C:
	case <-o.ctx.Done():
	}
}

// sleep waits for d, or until the Outbox is being closed.
func (o *Outbox) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-o.ctx.Done():
	}
}

// someAreNotSent reports whether the store has records that the Batcher did not get, although all records up to read were read.
func (o *Outbox) someAreNotSent(read uint64) bool {
	st, err := o.store.Stats(o.ctx)
	o.mu.Lock()
	defer o.mu.Unlock()
	return err == nil && st.Last <= read && st.Queued > int64(len(o.sent))
}

// decoded is the message of a record, or the error why it is not a message: this version may have other rules than the version that stored it.
type decoded struct {
	m   cio.Encoded
	err error
}

// decode reads the messages of records, on several processors.
func decode(records []Record) []decoded {
	all := make([]decoded, len(records))
	part := max(100, (len(records)+runtime.GOMAXPROCS(0)-1)/runtime.GOMAXPROCS(0))
	var parts sync.WaitGroup
	for lo := 0; lo < len(records); lo += part {
		parts.Go(func() {
			for i := lo; i < min(lo+part, len(records)); i++ {
				if !records[i].Damaged {
					all[i].err = all[i].m.UnmarshalJSON(records[i].Bytes)
				}
			}
		})
	}
	parts.Wait()
	return all
}

// hand gives a record to the Batcher, or settles one that cannot be sent. It returns false if the Outbox is being closed.
func (o *Outbox) hand(r Record, d *decoded) bool {
	if r.Damaged {
		d.err = errDamagedRecord
	}
	d.m = d.m.WithTag(r.Seq)
	for n := panics(0); o.ctx.Err() == nil; {
		switch settled, gone := o.backlog(r.Seq); {
		case gone:
			o.settleLater(Settlement{Seq: r.Seq})
			return true
		case settled >= mostSettled:
			o.pause(again)
			continue
		case d.err != nil:
			o.refuse(d.m, r.Seq, d.err)
			return true
		}
		err := protect(func() error { return ofGuard(o.batcher.Enqueue(o.ctx, &d.m)) })
		if err == nil {
			if o.stuck.Load() != nil {
				o.stuck.Store(nil)
			}
			return true
		}
		if o.ctx.Err() != nil || errors.Is(err, cio.ErrClosed) {
			return false
		}
		var rule *cio.MessageError
		var wait *undecided
		switch {
		case errors.As(err, &wait):
			defer o.letGo(r.Seq)
			o.hold(r.Seq, wait, false)
			if n.enough(wait) {
				o.refuse(d.m, r.Seq, errPanic)
				return true
			}
			o.changed.send()
			o.sleep(again)
			continue
		case errors.As(err, &rule):
			o.refuse(d.m, r.Seq, err)
			return true
		}
		o.stuck.Store(&err)
		o.changed.send()
		o.watch()
		o.pause(again)
	}
	return false
}

var errDamagedRecord = errors.New("its bytes are not those that were stored")

// report gets the outcome of a message from the Batcher.
func (o *Outbox) report(r cio.Report) {
	switch {
	case r.Err == nil:
		o.accepted.Add(1)
		o.settleLater(Settlement{Seq: r.Tag})
	case errors.Is(r.Err, ErrRemoved): // the store has removed it already
		o.settleLater(Settlement{Seq: r.Tag})
	case errors.Is(r.Err, cio.ErrClosed): // it stays in the store, and is sent after the next Open
		return
	default:
		o.reject(r.Tag, r.Err)
	}
	o.tell(r)
}

// tell calls OnReport.
func (o *Outbox) tell(r cio.Report) {
	if told := o.cfg.Batcher.OnReport; told != nil {
		o.telling <- struct{}{}
		defer func() { <-o.telling }()
		r.Tag = 0
		told(r)
	}
}

// refuse makes a record a dead letter without giving it to the Batcher, and reports it as the Batcher would.
func (o *Outbox) refuse(m cio.Encoded, seq uint64, why error) {
	o.reject(seq, why)
	r := cio.Report{MessageID: m.MessageID(), Err: why, Encoded: m.WithTag(0)}
	var p *undecided
	if errors.As(protect(func() error { o.tell(r); return nil }), &p) {
		o.log.Error("OnReport panicked; the message counts as reported", "sequence", seq, "stack", p.stack)
	}
}

// reject makes a record a dead letter.
func (o *Outbox) reject(seq uint64, why error) {
	if o.rejected.Add(1) == 1 {
		o.log.Error("a message was rejected, and is a dead letter now (logged once; Stats counts them)", "sequence", seq, "reason", inLog(why))
	}
	o.settleLater(Settlement{Seq: seq, Reason: cmp.Or(why.Error(), "rejected")})
}

func (o *Outbox) settleLater(s Settlement) {
	o.mu.Lock()
	o.settled = append(o.settled, s)
	n, sent := len(o.settled), len(o.sent)
	o.mu.Unlock()
	if n == 1 || n >= min(settleAtOnce, sent) { // otherwise settle is awake already, and waits for more
		stir(o.toSettle)
	}
}

// backlog returns how many settlements wait for the disk, and whether the record was removed from the store meanwhile.
func (o *Outbox) backlog(seq uint64) (settled int, gone bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.settled), o.gone[seq]
}

func (o *Outbox) unsettled() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.settled)
}

// moreToCome reports whether a commit of settlements should wait for more of them. It should not wait if the commit is large, or if somebody waits in
// Flush and no other message is being sent.
func (o *Outbox) moreToCome() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.settled) < settleAtOnce && (o.flushing.Load() == 0 || len(o.settled) < len(o.sent))
}

// settle passes settlements to the store, until the Batcher makes no more reports. It commits them in the order of the reports. For each identity
// that is the order of its messages, so a message is never sent again after one that was enqueued later.
func (o *Outbox) settle() {
	for last := false; ; {
		if !last {
			select {
			case <-o.toSettle:
				for begun := time.Now(); time.Since(begun) < gather && o.moreToCome(); {
					t := time.NewTimer(gather)
					select {
					case <-t.C:
					case <-o.toSettle:
					case <-o.noMore:
						begun = time.Time{}
					}
					t.Stop()
				}
			case <-o.noMore:
				last = true
			}
		}
		err := o.settleSome()
		for err == nil && o.unsettled() > 0 {
			err = o.settleSome()
		}
		if last {
			if err != nil {
				o.closeErr = fmt.Errorf("outbox: settled messages (%d) are still in the store, and may be sent again: %w", o.unsettled(), err)
			}
			return
		}
		if err != nil {
			o.settling.met(o, "settle", err)
			t := time.NewTimer(again)
			select {
			case <-t.C:
			case <-o.noMore:
			}
			t.Stop()
			stir(o.toSettle)
		}
	}
}

func (o *Outbox) settleSome() error {
	o.mu.Lock()
	n := min(len(o.settled), settleAtOnce)
	some := slices.Clone(o.settled[:n])
	o.mu.Unlock()
	if n == 0 {
		return nil
	}
	slices.SortFunc(some, func(a, b Settlement) int { return cmp.Compare(a.Seq, b.Seq) })
	if err := o.store.Settle(context.Background(), some); err != nil {
		return err
	}
	o.settling.over()
	o.mu.Lock()
	o.settled = append(o.settled[:0], o.settled[n:]...)
	for _, s := range some {
		delete(o.sent, s.Seq)
		delete(o.gone, s.Seq)
	}
	o.mu.Unlock()
	o.changed.send()
	return nil
}

// trouble is the error of the store in one of its tasks.
type trouble struct {
	err  atomic.Pointer[error]
	said time.Time // when it was last logged; only one goroutine uses it
}

// met records the error, and logs it at most once a minute.
func (t *trouble) met(o *Outbox, doing string, err error) {
	if o.ctx.Err() != nil {
		return
	}
	t.err.Store(&err)
	if time.Since(t.said) >= time.Minute {
		t.said = time.Now()
		o.log.Error("the outbox's store fails; the outbox retries every second", "doing", doing, "error", err)
	}
}

func (t *trouble) over() { t.err.Store(nil) }

// stuckAfter is how long sending must have stopped before callers that wait for room get the reason as an error.
const stuckAfter = time.Minute

var started = time.Now()

// watch records when sending stopped.
func (o *Outbox) watch() {
	if o.batcher.Stats().Stopped == nil {
		o.stoppedSince.Store(0)
	} else {
		o.stoppedSince.CompareAndSwap(0, max(1, int64(time.Since(started))))
	}
}

// stuckFor returns why nothing is sent, if that will not pass soon.
func (o *Outbox) stuckFor() error {
	if err := o.stuck.Load(); err != nil {
		return *err
	}
	if err := o.held(stuckAfter, true); err != nil {
		return err
	}
	since := o.stoppedSince.Load()
	if since == 0 || time.Since(started)-time.Duration(since) < stuckAfter {
		return nil
	}
	return o.batcher.Stats().Stopped
}
