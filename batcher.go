package cio

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// ErrQueueFull is what [Batcher.TryEnqueue] returns if Enqueue would wait.
var ErrQueueFull = errors.New("cio: the queue is full")

// Report is the outcome of one message.
type Report struct {
	MessageID string
	Tag       uint64
	// Attempts counts the tries of the request with this message, up to the one that decided the outcome.
	Attempts int
	// Err is nil if Customer.io accepted the message. It is an [*APIError] if the server rejected the message. It wraps [ErrClosed] if
	// Close handed the message back.
	Err error
	// Encoded is the message, so that you can store or inspect it. It is set only with an Err.
	Encoded Encoded
}

// BatcherStats is the state of a Batcher at one moment.
type BatcherStats struct {
	// Enqueued counts the messages whose Enqueue returned nil. Accepted and Rejected count those that were accepted or rejected. The others
	// are queued, or Close has handed them back. Each message counts once.
	Enqueued, Accepted, Rejected int64
	// Queued is how many messages wait or are being sent. QueuedBytes is their size.
	Queued, QueuedBytes int64
	// Oldest is how long the oldest message has waited; 0 if none waits.
	Oldest time.Duration
	// InFlight is how many batches are being sent.
	InFlight int
	// Stopped is why some or all messages are not being sent; nil if nothing is stopped. A request that fails and is retried at once does
	// not count as stopped: see [Client.Stats].
	Stopped error
}

// Batcher sends messages to Customer.io in the background. Enqueue returns as soon as a message is encoded and in memory. If the process
// dies, queued messages are lost; Close sends them or hands them back. A Batcher is safe for concurrent use.
//
// # Order
//
// The server accepts the messages of one identity in the order in which they were enqueued, also across retries and rejections. For this
// the Batcher sends in lanes, BatcherConfig.Concurrency of them. A lane is a queue that sends one batch after the other, and all messages
// of one identity are in the same lane. The identity is the userId, else the anonymousId, else the trait email in lower case, else the
// groupId. No order is promised between the messages of the anonymous id and the messages of the user id of one person. If several people
// change one object, the order of their messages is not promised either. An Alias has the identity of its userId, so it may overtake
// messages of the previous id, and they may overtake it. If that matters, call Flush before and after it.
//
// # Trouble
//
// If a server fails, the Batcher retries until it succeeds; memory stays bounded and Enqueue waits. If the server rejects one message, the
// Batcher reports it and sends the rest of its batch, as [Client.Send] does.
//
// If everything is refused, the Batcher pauses, keeps everything, and says so in Stats. It does so in three cases: the key is refused (401,
// or 403 without a page); three answers, one after the other, are not the API's; ten messages or two batches, one after the other, are
// refused in a form that the API does not use. One lane then tries a single message after two seconds. The time between two tries then
// grows to at most a minute, or 15 minutes for a key. The pause ends when anything is accepted. If the key was refused, [Client.SetAPIKey]
// ends it too.
//
// If one message is refused in a form that the API does not use, while others are accepted, it is reported as rejected. If nothing else is
// sent, the message waits, and all identities in its lane wait too. Any other answer that a retry does not fix, such as a redirect, stops
// only the lane of its messages; the lane retries every 30 seconds.
//
// Flush and Close wait as long as anything can still be sent. If the queue is full, Enqueue waits in the same way. All three give up and
// return the reason in four cases: a key that was never accepted was refused again after the pause; a key that was accepted before has been
// refused for about 15 seconds; a pause for any other reason has lasted for over a minute; all remaining messages are stopped.
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
	changed   signal // a message ended, or the Batcher paused or resumed
	closed    atomic.Bool

	running sync.WaitGroup

	closing  sync.Once
	closeCtx context.Context // ends when some Close does not want to wait any longer
	giveUp   context.CancelCauseFunc
	finished chan struct{} // closed once closeErr is there
	closeErr error

	paused   atomic.Pointer[pause] // why no lane sends; nil while they do
	notice   notice
	pressed  atomic.Bool // an Enqueue waits for room: batches go before they are full
	enqueued atomic.Int64
	accepted atomic.Int64
	rejected atomic.Int64
	unsaid   rejections // without OnReport
}

// NewBatcher returns a [Batcher] that sends through c. It shares the limits, the rate and the connections of c. Close it when you are done.
func NewBatcher(c *Client, cfg BatcherConfig) (*Batcher, error) {
	if c == nil {
		return nil, errors.New("cio: NewBatcher needs a Client, and got nil")
	}
	if cfg.Concurrency < 0 || cfg.MaxBytes < 0 || cfg.MaxBatchMessages < 0 || cfg.PauseAfterRejections < 0 {
		return nil, errors.New("cio: BatcherConfig.Concurrency, MaxBytes, MaxBatchMessages and PauseAfterRejections must not be negative")
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

// Enqueue checks and encodes m and puts it into the queue. It returns nil once the message is there, with its id and time fixed; from then
// on the message will be reported. If the queue is full, Enqueue waits for room until ctx ends. Other errors are a [*MessageError] for a
// message that the API would not accept, and [ErrClosed]. If the queue is full and sending has stopped for a lasting reason, Enqueue
// returns that reason. Enqueue keeps nothing of m: you can change the maps of m when Enqueue has returned.
//
// If you want the id, encode first with [Client.Encode] and enqueue the [Encoded].
func (b *Batcher) Enqueue(ctx context.Context, m Message) error { return b.put(ctx, m, true) }

// TryEnqueue does the same as Enqueue, but does not wait: if the queue is full, it returns [ErrQueueFull] at once.
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
	err := l.add(s.data, &s.head, time.Time{})
	var begun time.Time
	for err == ErrQueueFull && wait {
		if begun.IsZero() {
			begun = time.Now()
		}
		room, changed := b.pool.room.wait(), b.changed.wait()
		if err = l.add(s.data, &s.head, begun); err != ErrQueueFull {
			break
		}
		if stuck := b.stuck(); stuck != nil {
			return stuck
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

// stuck returns why nothing that is queued is sent, unless that will pass soon by itself.
func (b *Batcher) stuck() (why error) {
	for _, l := range b.lanes {
		if l.idle() {
			continue
		}
		stuck := l.stuck()
		if stuck == nil {
			return nil
		}
		why = cmp.Or(why, stuck)
	}
	return why
}

// press lets all lanes send what they have, full or not, because the memory is needed.
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
	return b.lanes[maphash.String(b.seed, orderKey(id))%uint64(len(b.lanes))]
}

// Flush returns when every message that was enqueued before the call has been accepted or rejected. It returns early, with an error, if ctx
// ends, or if none of these messages can be sent for a lasting reason, such as a refused key. No message is lost then. If Close hands back
// any of them, the error is an [ErrClosed].
func (b *Batcher) Flush(ctx context.Context) error {
	targets := make([]uint64, len(b.lanes))
	for i, l := range b.lanes {
		targets[i] = l.flush()
	}
	for {
		over := b.over()
		changed, recovered := b.changed.wait(), b.c.ledger.recovered.wait()
		var stuck error
		done, going := true, false
		for i, l := range b.lanes {
			if l.handedBack(targets[i]) {
				return errHandedBack
			}
			if l.finishedTo() < targets[i] {
				done = false
				why := l.stuck()
				going = going || why == nil
				stuck = cmp.Or(stuck, why)
			}
		}
		if done || over {
			return nil
		}
		if !going {
			return stuck
		}
		select {
		case <-b.finished:
		case <-changed:
		case <-recovered:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

var errHandedBack = fmt.Errorf("%w before everything was accepted; Close has handed the rest back", ErrClosed)

// over reports whether Close is done.
func (b *Batcher) over() bool {
	select {
	case <-b.finished:
		return true
	default:
		return false
	}
}

// Stats returns the state of the Batcher. It is cheap: you can call it every second.
func (b *Batcher) Stats() BatcherStats {
	s := BatcherStats{Enqueued: b.enqueued.Load(), Accepted: b.accepted.Load(), Rejected: b.rejected.Load()}
	now := time.Now()
	var stopped error
	for _, l := range b.lanes {
		l.addStats(&s, now)
		stopped = cmp.Or(stopped, l.stopReason())
	}
	s.Stopped = stopped
	return s
}

// abandonAfter is how long Close waits for the transport after it has told it to stop, and then as long again for OnReport.
const abandonAfter = time.Second

// Close accepts no more messages, sends what is queued, and returns when every message has been accepted or rejected. It stops early if ctx
// ends, or if none of the remaining messages can be sent for a lasting reason, such as a refused key. It then returns an
// [*UnacceptedError] with the messages that were not accepted or rejected. It waits at most one second more for a transport that does not
// stop, and one second more for an OnReport that does not return. After Close nothing is reported and nothing is kept.
//
// Every Close returns the same. If several run at a time, the context that ends first counts.
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
	left := &UnacceptedError{Err: why}
	reasons := make(counts)
	for _, l := range b.lanes {
		reason := why
		if own := l.stopReason(); own != nil {
			reason = own
		}
		messages := l.handBack()
		if len(messages) > 0 && reason != nil {
			reasons.add(reasonOf(reason), int64(len(messages)))
		}
		left.Messages = append(left.Messages, messages...)
	}
	if report {
		b.reportLeft(left)
		<-b.reporting // a lane that comes late finds nothing to report, and ends
	}
	b.unsaid.into(left, reasons)
	left.Reasons = reasons.sorted()
	if len(left.Messages) > 0 || left.Rejected > 0 {
		b.closeErr = left
	}
	b.giveUp(nil)
	close(b.finished)
}

// reportLeft reports what is handed back, for as long as OnReport returns.
func (b *Batcher) reportLeft(left *UnacceptedError) {
	if b.cfg.OnReport == nil || len(left.Messages) == 0 {
		return
	}
	err := error(ErrClosed)
	if left.Err != nil {
		err = fmt.Errorf("%w; the message was not accepted before: %w", ErrClosed, left.Err)
	}
	var begun atomic.Int64
	var hush atomic.Bool
	done := make(chan struct{})
	go func() {
		defer close(done)
		tell(len(left.Messages), func(i int) bool {
			if hush.Load() {
				return false
			}
			m := left.Messages[i]
			b.tellOne(Report{MessageID: m.MessageID(), Tag: m.Tag(), Err: err, Encoded: m})
			begun.Add(1)
			return true
		})
	}()
	t := time.NewTicker(abandonAfter)
	defer t.Stop()
	for last := int64(-1); ; {
		select {
		case <-done:
			return
		case <-t.C:
			if now := begun.Load(); now == last {
				hush.Store(true)
				return
			} else {
				last = now
			}
		}
	}
}

// lockReports prevents further reports. It returns false if a report does not end.
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

// tell calls f with 0 to n-1 until it returns false. It does so on another goroutine. If f ends that goroutine, as the end of a test does,
// tell starts a new one.
func tell(n int, f func(i int) bool) {
	for next := 0; next < n; {
		done := make(chan struct{})
		go func() {
			defer close(done)
			for next < n {
				next++
				if !f(next - 1) {
					next = n
				}
			}
		}()
		<-done
	}
}

// tellOne makes a report.
func (b *Batcher) tellOne(r Report) {
	defer func() {
		if p := recover(); p != nil {
			b.c.alarm().Error("OnReport panicked; its message counts as reported", "messageId", r.MessageID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		}
	}()
	b.cfg.OnReport(r)
}

// keepRejected keeps the ids and reasons of rejected messages if there is no OnReport.
func (b *Batcher) keepRejected(buf *batch, lo, hi int, err error) {
	for i := lo; i < hi && err != nil; i++ {
		id := buf.id(i)
		b.unsaid.add(id, err)
		b.c.log.Error("a message was rejected; set BatcherConfig.OnReport to handle it", "messageId", id, "error", err)
	}
}

// pause makes all lanes wait, because of what the lane met.
func (b *Batcher) pause(l *lane, end *stop, key *apiKey) {
	p := &pause{since: b.c.ledger.tick(), delay: firstProbe, next: time.Now().Add(firstProbe), tries: make(map[*lane]int)}
	p.met(l, end, key)
	if !b.paused.CompareAndSwap(nil, p) {
		if before := b.paused.Load(); before != nil {
			before.met(l, end, key)
		}
		return
	}
	b.notice.stopped(b.c.alarm(), end.APIError)
	b.changed.send()
}

// waits returns the pause that keeps lanes from sending; nil for none. It ends a pause that is over.
func (b *Batcher) waits() *pause {
	p := b.paused.Load()
	if p == nil || !b.c.ledger.acceptedSince(p.since) && !p.renewed(b.c.key.Load()) {
		return p
	}
	if b.paused.CompareAndSwap(p, nil) {
		b.goesOn()
	}
	return b.paused.Load()
}

// goesOn notes that lanes may send again because one reason to stop has ended. When the last one has ended, it is logged.
func (b *Batcher) goesOn() {
	quiet := b.paused.Load() != nil
	for _, l := range b.lanes {
		quiet = quiet || l.halted() != nil
	}
	if !quiet {
		b.notice.goesOn(b.c.alarm())
	}
	b.changed.send()
}

// tried notes that the lane's try is over and did not end the pause.
func (b *Batcher) tried(p *pause, l *lane) {
	p.mu.Lock()
	p.trying = false
	p.failed++
	p.tries[l]++
	p.delay = min(2*p.delay, p.most)
	p.next = time.Now().Add(p.delay)
	p.mu.Unlock()
	b.notice.still(b.c.alarm(), p.reason())
	p.over.send()
	b.changed.send()
}
