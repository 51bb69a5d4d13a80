package cio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"sync"
	"sync/atomic"
	"time"
)

// ErrQueueFull is what TryEnqueue returns where Enqueue would wait.
var ErrQueueFull = errors.New("cio: the queue is full")

// Defaults of a BatcherConfig.
const (
	defaultConcurrency   = 8
	defaultQueueBytes    = 16 << 20
	defaultBatchMessages = 2_500
	defaultMaxDelay      = 500 * time.Millisecond
)

// BatcherConfig says how a Batcher works. The zero value is a good start.
type BatcherConfig struct {
	// Concurrency is how many batches may be on their way at once; default 8. What it takes to keep the API's limit of 1,000 requests a
	// second busy depends on the round-trip time, connections being kept open:
	//
	//	round trip   8 in flight      32 in flight     150 in flight
	//	  1 ms       8,000 req/s      (the limit)      (the limit)
	//	 20 ms         400 req/s      1,600 req/s      (the limit)
	//	150 ms          53 req/s        213 req/s      1,000 req/s
	//
	// A request carries up to 475,000 bytes, about 1,500 small events.
	Concurrency int
	// MaxBytes bounds the memory that messages take, from Enqueue until they are settled, batches on their way included; default 16 MiB. It
	// must hold two batches for each of Concurrency; batches are made smaller where it does not.
	MaxBytes int
	// MaxBatchMessages bounds the messages of one batch; default 2,500.
	MaxBatchMessages int
	// MaxDelay is how long a message waits for others to share its request; default 500 ms; negative: not at all.
	MaxDelay time.Duration
	// Compress sends bodies gzipped, which Customer.io's own SDKs for Python and Android do and no document mentions (api-facts 1.6). It
	// takes 1.4 to 2.8 ms of CPU per 500 KB, more than everything else about a batch together: for slow uplinks only.
	Compress bool
	// OnReport, if set, is told what became of every message whose Enqueue returned nil: exactly once each, one at a time, and never after
	// Close has returned. It runs on the Batcher's own goroutines and holds up delivery. It may call TryEnqueue, and nothing else of the
	// Batcher. Without it, messages that the server refuses are logged by their id, counted, and named by the error of Close.
	OnReport func(Report)
}

// Report is what became of one message.
type Report struct {
	MessageID string
	Tag       uint64
	// Attempts is how often the request that settled it was made.
	Attempts int
	// Err is nil if Customer.io accepted the message. A message that the server refused has an *APIError. One that Close left behind has an
	// error that wraps ErrClosed.
	Err error
	// Encoded is the message, to be stored or looked at; only set with an Err.
	Encoded Encoded
}

// Batcher brings messages to Customer.io in the background: Enqueue returns as soon as a message is encoded and in memory. What was
// enqueued and is not settled is lost when the process dies; Close brings it out or hands it back. It is safe for concurrent use.
//
// # Order
//
// Messages of one identity are accepted by the server in the order in which they were enqueued, also across retries and refusals. The
// identity is the userId, else the anonymousId, else the trait email in lower case, else the groupId. No order is promised between a
// person's anonymous id and their user id, nor for one object that is changed through many people. An Alias goes by its userId, so it may
// overtake messages of the previous id or be overtaken by them: Flush before and after it where that matters.
//
// # Trouble
//
// A server that fails is tried again for as long as it takes; memory stays bounded and Enqueue waits. A message that the server alone
// refuses is reported and the rest of its batch goes on, as in Client.Send. When the key is refused (401, 403) the Batcher pauses and keeps
// everything; Flush, and Enqueue when the queue is full, return that error, and Client.SetAPIKey resumes. Any other answer that trying again
// does not mend, such as a redirect, holds up the identities that share a lane with the message, and is tried again every 30 seconds.
type Batcher struct {
	c     *Client
	cfg   BatcherConfig
	pool  *pool
	lanes []*lane
	seed  maphash.Seed // spreads identities over the lanes

	// ctx ends when Close gives up on delivery.
	ctx  context.Context
	stop context.CancelFunc

	// reporting is a lock, as a channel, so that a callback that waits does not hide from testing/synctest.
	reporting chan struct{}
	changed   signal // something was settled, or the Batcher paused or resumed
	closed    atomic.Bool
	abandoned atomic.Bool // Close has taken what was left: nothing is reported any more
	running   sync.WaitGroup

	closing  sync.Once
	closeCtx context.Context // ends when some Close does not want to wait any longer
	giveUp   context.CancelCauseFunc
	finished chan struct{} // closed once closeErr is there
	closeErr error

	stopped  atomic.Pointer[stoppage] // the key was refused; nil while it is not
	pressed  atomic.Bool              // somebody waits for room: batches go before they are full
	enqueued atomic.Int64
	accepted atomic.Int64
	refused  atomic.Int64
	unsaid   refusals // without OnReport
}

// NewBatcher returns a Batcher that sends through c and shares its limits, its rate and its connections. Close it.
func NewBatcher(c *Client, cfg BatcherConfig) (*Batcher, error) {
	if cfg.Concurrency < 0 || cfg.MaxBytes < 0 || cfg.MaxBatchMessages < 0 {
		return nil, errors.New("cio: BatcherConfig.Concurrency, MaxBytes and MaxBatchMessages must not be negative")
	}
	cfg.Concurrency = orDefault(cfg.Concurrency, defaultConcurrency)
	cfg.MaxBytes = orDefault(cfg.MaxBytes, defaultQueueBytes)
	cfg.MaxBatchMessages = orDefault(cfg.MaxBatchMessages, defaultBatchMessages)
	if cfg.MaxDelay == 0 {
		cfg.MaxDelay = defaultMaxDelay
	}
	pool, err := newPool(c.cfg, cfg)
	if err != nil {
		return nil, err
	}
	b := &Batcher{c: c, cfg: cfg, pool: pool, seed: maphash.MakeSeed(), reporting: make(chan struct{}, 1), finished: make(chan struct{})}
	b.ctx, b.stop = context.WithCancel(context.Background())
	b.closeCtx, b.giveUp = context.WithCancelCause(context.Background())
	for range cfg.Concurrency {
		b.lanes = append(b.lanes, newLane(b))
	}
	for _, l := range b.lanes {
		b.running.Go(l.run)
	}
	return b, nil
}

func orDefault(n, def int) int {
	if n == 0 {
		return def
	}
	return n
}

// Enqueue checks and encodes m and puts it into the queue. It returns nil once the message is there, with its id and time fixed; from then
// on it will be reported. If the queue is full it waits for room until ctx ends. Other errors are a *MessageError for a message that the
// API would not take, ErrClosed, and, while the queue is full, the error that sending has stopped for. Nothing of m is kept: its maps may
// be changed when Enqueue returns.
//
// The caller who wants the id encodes first, by Client.Encode, and enqueues the Encoded.
func (b *Batcher) Enqueue(ctx context.Context, m Message) error { return b.put(ctx, m, true) }

// TryEnqueue is Enqueue without waiting: if the queue is full it returns ErrQueueFull at once.
func (b *Batcher) TryEnqueue(m Message) error { return b.put(context.Background(), m, false) }

func (b *Batcher) put(ctx context.Context, m Message, wait bool) error {
	if b.closed.Load() {
		return ErrClosed
	}
	s := newScratch()
	defer s.free()
	if err := b.c.rules.wire(s, m); err != nil {
		return err
	}
	l := b.laneOf(&s.head.identity)
	err := l.add(s.data, &s.head)
	for err == ErrQueueFull && wait {
		room, changed := b.pool.room.wait(), b.changed.wait()
		if err = l.add(s.data, &s.head); err != ErrQueueFull {
			break
		}
		if stopped := l.stopReason(); stopped != nil {
			return stopped
		}
		select {
		case <-room:
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if err == nil {
		b.enqueued.Add(1)
		b.c.warn(s.head.warnings)
	}
	return err
}

// press lets all lanes send what they have, full or not, because the memory is wanted.
func (b *Batcher) press() {
	if b.pressed.Swap(true) {
		return
	}
	for _, l := range b.lanes {
		l.stir()
	}
}

// laneOf returns the lane of an identity.
func (b *Batcher) laneOf(id *Identity) *lane {
	text := id.UserID
	for _, other := range [...]string{id.AnonymousID, id.Email, id.GroupID} {
		if text == "" {
			text = other
		}
	}
	return b.lanes[maphash.String(b.seed, text)%uint64(len(b.lanes))]
}

// Flush returns when everything that was enqueued before has been settled, whether accepted or refused. It returns early when ctx ends, and
// when sending has stopped for a reason that trying again does not mend, with that error; nothing is lost by that.
func (b *Batcher) Flush(ctx context.Context) error {
	targets := make([]uint64, len(b.lanes))
	for i, l := range b.lanes {
		targets[i] = l.flush()
	}
	for {
		changed := b.changed.wait()
		done := true
		var stopped error
		for i, l := range b.lanes {
			if l.settledTo() < targets[i] {
				done = false
				stopped = cmp.Or(stopped, l.stopReason())
			}
		}
		if done || stopped != nil {
			return stopped
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// abandonAfter is how long Close waits, after it has told the transport to stop, for the transport to do so, and as long again for OnReport.
const abandonAfter = time.Second

// Close takes no more messages, sends what is queued, and returns when all of it is settled. If ctx ends before, or sending has stopped for
// a reason that trying again does not mend, it stops sending and returns an *UndeliveredError that holds every message not known to be
// accepted; a transport that does not stop, and an OnReport that does not return, are waited for no longer than a second more each. After
// Close nothing is reported and nothing is kept.
//
// Every Close returns the same. Where several are under way the context that ends first counts.
func (b *Batcher) Close(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { b.giveUp(context.Cause(ctx)) })()
	b.closing.Do(func() { go b.finish() })
	<-b.finished
	return b.closeErr
}

func (b *Batcher) finish() {
	b.closed.Store(true)
	for _, l := range b.lanes {
		l.close()
	}
	b.changed.send() // who waits for room hears that it is closed
	why := b.Flush(b.closeCtx)
	b.stop()
	b.waitForLanes()

	report := b.lockReports()
	b.abandoned.Store(true)
	undelivered := &UndeliveredError{Err: why}
	for _, l := range b.lanes {
		l.handBack(undelivered, why, report)
	}
	if report {
		<-b.reporting
	}
	undelivered.Refused, undelivered.RefusedIDs = b.unsaid.take()
	if len(undelivered.Messages) > 0 || undelivered.Refused > 0 {
		b.closeErr = undelivered
	}
	b.giveUp(nil)
	close(b.finished)
}

// lockReports keeps reports from being made. It returns false if one under way does not end.
func (b *Batcher) lockReports() bool {
	t := time.NewTimer(abandonAfter)
	defer t.Stop()
	select {
	case b.reporting <- struct{}{}:
		return true
	case <-t.C:
		return false
	}
}

func (b *Batcher) waitForLanes() {
	stopped := make(chan struct{})
	go func() {
		b.running.Wait()
		close(stopped)
	}()
	t := time.NewTimer(abandonAfter)
	defer t.Stop()
	select {
	case <-stopped:
	case <-t.C:
	}
}

// report tells of the messages from lo to hi of a batch; the lock must be held.
func (b *Batcher) report(buf *batch, lo, hi, attempts int, err error) {
	switch {
	case err == nil:
		b.accepted.Add(int64(hi - lo))
	default:
		b.refused.Add(int64(hi - lo))
	}
	for i := lo; i < hi && (b.cfg.OnReport != nil || err != nil) && !b.abandoned.Load(); i++ {
		r := Report{MessageID: buf.id(i), Tag: buf.entries[i].tag, Attempts: attempts, Err: err}
		if err != nil {
			r.Encoded = buf.encoded(i)
		}
		if b.cfg.OnReport != nil {
			b.cfg.OnReport(r)
		} else {
			b.unsaid.add(r.MessageID)
			b.c.log.Error("a message was refused; set BatcherConfig.OnReport to handle it", "messageId", r.MessageID, "error", err)
		}
	}
}

// UndeliveredError is what Close could not bring to acceptance.
type UndeliveredError struct {
	// Messages holds every message that is not known to be accepted, in the order of each identity. They can be stored, by
	// Encoded.MarshalJSON, and enqueued again in another process; they keep their ids. Some may have arrived, if no answer came.
	Messages []Encoded
	// Refused counts the messages that the server refused earlier and that nobody was told of, because there was no OnReport; RefusedIDs has
	// the ids of the first hundred.
	Refused    int64
	RefusedIDs []string
	// Err is why Close did not go on: the context's end, or what sending had stopped for.
	Err error
}

func (e *UndeliveredError) Error() string {
	s := fmt.Sprintf("cio: %d messages were not delivered and are handed back", len(e.Messages))
	if e.Refused > 0 {
		s += fmt.Sprintf("; %d were refused by the server", e.Refused)
	}
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

func (e *UndeliveredError) Unwrap() error { return e.Err }

// refusals remembers what nobody was told of.
type refusals struct {
	mu  sync.Mutex
	n   int64
	ids []string
}

const maxRefusals = 100

func (r *refusals) add(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; len(r.ids) < maxRefusals {
		r.ids = append(r.ids, id)
	}
}

func (r *refusals) take() (int64, []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n, r.ids
}
