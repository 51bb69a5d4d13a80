package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
)

// Outbox stores messages on disk and sends them to Customer.io. It is safe for concurrent use. The package comment says what it promises.
type Outbox struct {
	cfg     Config
	client  *cio.Client
	batcher *cio.Batcher
	store   Store
	feeder  feeder // the store, if it is a feeder
	log     *slog.Logger

	ctx     context.Context // ends when Close has begun, and no more is handed to the Batcher
	stop    context.CancelFunc
	running sync.WaitGroup
	news    chan struct{} // there may be something to send
	changed signal        // records were settled, or handed to the Batcher

	mu      sync.Mutex
	sent    map[uint64]bool // records that were read for the Batcher, and are still in the store
	gone    map[uint64]bool // those of them that somebody else has removed from the store
	settled []Settlement    // settlements that wait for the store, in the order of the reports

	telling  chan struct{} // the lock of OnReport; it is a channel, so that testing/synctest sees who waits
	toSettle chan struct{}
	noMore   chan struct{} // closed when the Batcher makes no more reports
	fed      chan struct{} // closed when feed has ended
	holds    holds

	closed   atomic.Bool
	closing  sync.Once
	closeErr error
	left     uint64 // the first record that is in the store at the end; 0 if there is none
	finished chan struct{}

	enqueued, accepted, rejected atomic.Int64
	stuck                        atomic.Pointer[error] // why nothing is sent, if that will not pass soon
	reading, settling, cleaning  trouble
	wanted                       atomic.Int64 // the size of messages for which dead letters left no room; 0 if there is room
	flushing                     atomic.Int64 // how many callers wait in Flush
	stoppedSince                 atomic.Int64 // when sending stopped, by the process's own clock, in nanoseconds; 0 while messages are sent
}

// Stats is the state of an Outbox at one moment.
type Stats = cio.OutboxStats

// Open opens a directory, creates it if it does not exist, and begins to send the messages in it. The error is an *InUseError if another Outbox uses
// it.
//
// Open reads the whole directory before it returns. If the files are damaged, it reports the damage and still opens the directory: see [Damage].
func Open(client *cio.Client, cfg Config) (*Outbox, error) {
	if client == nil {
		return nil, errors.New("outbox: Open needs a Client")
	}
	cfg, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	o := &Outbox{cfg: cfg, client: client, store: cfg.Store, log: cfg.Logger, news: make(chan struct{}, 1), telling: make(chan struct{}, 1), toSettle: make(chan struct{}, 1),
		noMore: make(chan struct{}), fed: make(chan struct{}), finished: make(chan struct{}), sent: make(map[uint64]bool), gone: make(map[uint64]bool)}
	b := cfg.Batcher
	b.OnReport, b.Recheck = o.report, o.recheck
	if o.batcher, err = cio.NewBatcher(client, b); err != nil {
		return nil, err
	}
	if o.store == nil {
		o.store, err = OpenDisk(DiskConfig{Dir: cfg.Dir, MaxBytes: cfg.MaxBytes, Logger: cfg.Logger, OnDamage: cfg.OnDamage})
		if err != nil {
			return nil, errors.Join(err, o.batcher.Close(context.Background()))
		}
	}
	o.feeder, _ = o.store.(feeder)
	o.ctx, o.stop = context.WithCancel(context.Background())
	go o.feed()
	o.running.Go(o.settle)
	o.running.Go(o.retain)
	o.running.Go(o.missRemoved)
	return o, nil
}

// Enqueue checks and encodes m and stores it. It returns nil only when the message is synced to disk, with its id and time fixed. From then on the
// message will be sent. If MaxBytes leaves no room, Enqueue waits for room until ctx ends. It keeps no reference to m: the caller can change the maps
// of m after Enqueue has returned.
//
// An error means that the message is not stored, except for ErrUncertain. The error is a *cio.MessageError if the API would not accept the message.
// It can also be cio.ErrClosed, ErrDiskFull, another error of the disk, or the end of ctx. If there is no room, it can also be ErrFullOfDeadLetters,
// the error that stopped sending, or, with Config.FailWhenFull, cio.ErrQueueFull.
//
// To know the id, encode the message first with Client.Encode, and enqueue the Encoded.
func (o *Outbox) Enqueue(ctx context.Context, m cio.Message) error {
	e, err := o.encode(m)
	if err != nil {
		return err
	}
	return o.append(ctx, []cio.Encoded{e}, !o.cfg.FailWhenFull)
}

// TryEnqueue does the same as Enqueue, but does not wait for room: if there is no room, it returns cio.ErrQueueFull at once. It waits for the disk.
func (o *Outbox) TryEnqueue(m cio.Message) error {
	e, err := o.encode(m)
	if err != nil {
		return err
	}
	return o.append(context.Background(), []cio.Encoded{e}, false)
}

// EnqueueAll does the same as Enqueue for several messages, in one commit: all of them are stored, in their order, or none. A *cio.MessageError has
// the Index of the message that it is about. EnqueueAll is much faster than many calls of Enqueue in sequence.
func (o *Outbox) EnqueueAll(ctx context.Context, messages []cio.Message) error {
	encoded := make([]cio.Encoded, len(messages))
	for i, m := range messages {
		e, err := o.encode(m)
		if err != nil {
			var rule *cio.MessageError
			if errors.As(err, &rule) {
				own := *rule
				own.Index = i
				err = &own
			}
			return err
		}
		encoded[i] = e
	}
	return o.append(ctx, encoded, !o.cfg.FailWhenFull)
}

func (o *Outbox) encode(m cio.Message) (cio.Encoded, error) {
	if o.closed.Load() {
		return cio.Encoded{}, cio.ErrClosed
	}
	return o.client.Encode(m)
}

// lookAgain is how often a caller that waits for room checks for it without a signal.
const lookAgain = time.Second

func (o *Outbox) append(ctx context.Context, messages []cio.Encoded, wait bool) error {
	if o.closed.Load() {
		return cio.ErrClosed
	}
	err := o.store.Append(ctx, messages)
	for looks := 1; errors.Is(err, cio.ErrQueueFull); looks++ {
		changed := o.changed.wait()
		if full := o.fullOfDead(ctx, messages, looks); full != nil {
			return full
		}
		if !wait {
			break
		}
		if err = o.store.Append(ctx, messages); !errors.Is(err, cio.ErrQueueFull) {
			break
		}
		if stuck := o.stuckFor(); stuck != nil {
			return stuck
		}
		timer := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return context.Cause(ctx)
		}
		timer.Stop()
		if o.closed.Load() {
			return cio.ErrClosed
		}
	}
	if err == nil {
		o.enqueued.Add(int64(len(messages)))
		o.wanted.Store(0)
		stir(o.news)
	}
	return err
}

// fullOfDead returns an error if sending cannot make room for the messages, because dead letters take the room.
func (o *Outbox) fullOfDead(ctx context.Context, messages []cio.Encoded, looks int) error {
	st, err := o.store.Stats(ctx)
	if err != nil || looks == 1 && o.cfg.MaxBytes == 0 { // a message that is being stored may be neither queued nor dead yet
		return nil
	}
	size := int64(0)
	for i := range messages {
		size += int64(messages[i].Len())
	}
	err = o.noRoom(st, size)
	if err != nil {
		o.wanted.Store(size)
	}
	return err
}

// noRoom returns an error if dead letters leave no room for size bytes. The limit of another Store is not known: such a store is full if noRoom is
// called, and noRoom returns an error if it has only dead letters.
func (o *Outbox) noRoom(st StoreStats, size int64) error {
	if most := o.cfg.MaxBytes; st.Dead == 0 || most > 0 && st.DeadBytes+size <= most || most == 0 && st.Queued > 0 {
		return nil
	}
	return fmt.Errorf("%w: there are %d, of %d bytes; retry or drop them, for example with ciokit outbox dead: %w", ErrFullOfDeadLetters, st.Dead, st.DeadBytes, cio.ErrQueueFull)
}

// Stats returns the Outbox's state. It is cheap enough to call every second. If the store cannot be read, the store's numbers are 0, and Failing says
// why.
func (o *Outbox) Stats() Stats {
	b := o.batcher.Stats()
	s := Stats{Enqueued: o.enqueued.Load(), Accepted: o.accepted.Load(), Rejected: o.rejected.Load(), InFlight: b.InFlight, Stopped: b.Stopped}
	if s.Stopped == nil {
		s.Stopped = o.held(0, false)
	}
	for _, t := range []*trouble{&o.cleaning, &o.reading, &o.settling} {
		if err := t.err.Load(); err != nil {
			s.Failing = *err
		}
	}
	st, err := o.store.Stats(context.Background())
	if err != nil {
		s.Failing = err
		return s
	}
	s.Queued, s.QueuedBytes, s.Dead, s.DeadBytes, s.Commits, s.FileBytes = st.Queued, st.QueuedBytes, st.Dead, st.DeadBytes, st.Commits, st.FileBytes
	if size := o.wanted.Load(); size > 0 && o.cfg.MaxBytes > 0 && s.Failing == nil {
		s.Failing = o.noRoom(st, size)
	}
	if !st.Oldest.IsZero() {
		s.Oldest = max(0, time.Since(st.Oldest)) // the clock may have been set back
	}
	if d, ok := o.store.(*Disk); ok {
		s.Damages = len(d.Damages())
	}
	return s
}

// Store returns the store of the messages. Use it to list, retry or drop dead letters.
func (o *Outbox) Store() Store { return o.store }

// stir wakes whoever waits for the channel.
func stir(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// signal wakes all callers that wait for it.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

// wait returns a channel that is closed when send is called the next time.
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
