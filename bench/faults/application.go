package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/ciokit/cio/bench/internal/meter"
)

// outcome is what the application observed in addition to the ledger.
type outcome struct {
	Enqueuing time.Duration // from the first Enqueue to the last
	Enqueued  time.Time     // the last; zero if it is not known
	Closing   time.Duration
	CloseErr  string
	Peak      int64 // resident bytes
	Late      int64 // reports that were made after Close had returned
	// Surplus is by how much the client's own counts of outcomes, plus the messages that Close returned, exceed the messages that it
	// accepted.
	Surplus int
	// Blocked reports whether the row's callback blocked.
	Blocked bool
}

// application is a process that uses a client. It enqueues the row's messages, waits for Linger, and closes the client.
type application struct {
	Client string
	URL    string
	Ledger string
	Row    row
}

func (a application) run(ctx context.Context) (o outcome, err error) {
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM)
	defer stop()
	l, err := openLedger(a.Ledger)
	if err != nil {
		return o, err
	}
	defer func() { err = errors.Join(err, l.close()) }()
	var reports, whileClosing, late atomic.Int64
	var closing, closed atomic.Bool
	unblocked := make(chan struct{})
	changed := make(chan struct{}, 1)
	c, err := newClient(a.Client, a.URL, l, func() {
		if closed.Load() {
			late.Add(1)
		}
		reports.Add(1)
		select {
		case changed <- struct{}{}:
		default:
		}
		if a.Row.Block > 0 && closing.Load() && whileClosing.Add(1) == 100 {
			time.Sleep(a.Row.Block)
			close(unblocked)
		}
	})
	if err != nil {
		return o, err
	}
	if a.Row.RenewKey > 0 {
		t := time.AfterFunc(a.Row.RenewKey, func() { _ = c.renewKey(newKey) }) // not every client can; the name of the row says so
		defer t.Stop()
	}
	started := time.Now()
	var taken int64
	if a.Row.Race {
		return o, a.race(ctx, c, l)
	}
	taken = a.enqueue(ctx, c, l)
	o.Enqueued = time.Now()
	o.Enqueuing = o.Enqueued.Sub(started)

	linger := time.NewTimer(a.Row.Linger)
	defer linger.Stop()
	for lingering := true; lingering && reports.Load() < taken; {
		select {
		case <-changed:
		case <-linger.C:
			lingering = false
		case <-ctx.Done():
			lingering = false
		}
	}
	started = time.Now()
	closing.Store(true)
	o.Surplus, err = a.close(c)
	closed.Store(true)
	if err != nil {
		o.CloseErr = err.Error()
	}
	o.Closing = time.Since(started)
	if o.Blocked = whileClosing.Load() >= 100; o.Blocked {
		<-unblocked
		time.Sleep(lateReports)
	}
	o.Late = late.Load()
	_, o.Peak, err = meter.Memory()
	return o, err
}

// lateReports is how long the application waits, after a callback has returned, for reports that must not follow.
const lateReports = 300 * time.Millisecond

func (a application) close(c client) (surplus int, err error) {
	within := a.Row.CloseWithin
	if within == 0 {
		within = 30 * time.Second
	}
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	return c.close(ctx)
}

// enqueue returns how many messages the client accepted.
func (a application) enqueue(ctx context.Context, c client, l *ledger) (taken int64) {
	var pace *time.Ticker
	perTick := a.Row.Rate / 100
	if perTick > 0 {
		pace = time.NewTicker(10 * time.Millisecond)
		defer pace.Stop()
	}
	if c, ok := c.(*outboxed); ok && pace == nil {
		return c.enqueueAll(ctx, a, l)
	}
	for i := range a.Row.Messages {
		if pace != nil && i%perTick == 0 {
			<-pace.C
		}
		if ctx.Err() != nil {
			break
		}
		if a.put(c, l, i) {
			taken++
		}
	}
	return taken
}

func (a application) put(c client, l *ledger, i int) (taken bool) {
	properties := map[string]any{"seq": i, "plan": "premium", "amount": 12.5, "source": "web"}
	if n := a.Row.Large[i]; n > 0 {
		properties["text"] = text(n)
	}
	err := c.put(i, properties)
	if a.Row.Mutate {
		properties["seq"] = -1
		properties["late"] = true
	}
	if err != nil {
		l.set(i, markRefused)
		return false
	}
	l.set(i, markTaken)
	return true
}

// race closes the client while other goroutines enqueue.
func (a application) race(ctx context.Context, c client, l *ledger) error {
	var next atomic.Int64
	var closed atomic.Bool
	var running sync.WaitGroup
	going := make(chan struct{}, 8)
	for range 8 {
		running.Go(func() {
			for n := 0; !closed.Load() && ctx.Err() == nil; n++ {
				i := int(next.Add(1)) - 1
				if i >= a.Row.Messages || !a.put(c, l, i) {
					return
				}
				if n == 1000 {
					going <- struct{}{}
				}
			}
		})
	}
	for range 8 {
		<-going
	}
	_, err := a.close(c)
	closed.Store(true)
	running.Wait()
	return err
}

// exitCode says how a process ended.
func exitCode(p *os.ProcessState) string {
	if status, ok := p.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return status.Signal().String()
	}
	if p.ExitCode() == 0 {
		return ""
	}
	return p.String()
}
