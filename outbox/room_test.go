package outbox_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// If dead letters fill the outbox, a caller that finds no room gets an error that says so. It waits only while sending can make room.
func TestFullOfDeadLetters(t *testing.T) {
	t.Parallel()
	const most = 2000
	dir := func(t *testing.T, d string) outbox.Config { return outbox.Config{Dir: d, MaxBytes: most} }
	store := func(t *testing.T, d string) outbox.Config {
		disk, err := outbox.OpenDisk(outbox.DiskConfig{Dir: d, MaxBytes: most, Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		return outbox.Config{Store: struct{ outbox.Store }{disk}}
	}
	enqueue := func(o *outbox.Outbox, n int) error { return o.Enqueue(context.Background(), track(n)) }
	for _, c := range []struct {
		name string
		cfg  func(*testing.T, string) outbox.Config
		fail bool
		put  func(*outbox.Outbox, int) error
	}{
		{"Enqueue", dir, false, enqueue},
		{"Enqueue that fails when full", dir, true, enqueue},
		{"TryEnqueue", dir, false, func(o *outbox.Outbox, n int) error { return o.TryEnqueue(track(n)) }},
		{"EnqueueAll", dir, false, func(o *outbox.Outbox, n int) error {
			return o.EnqueueAll(context.Background(), []cio.Message{track(n)})
		}},
		{"Enqueue into another Store", store, false, enqueue},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			at := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := emulator.New(emulator.Config{Refuse: func(emulator.Message) (string, bool) { return "test-refuses", true }})
				cfg := c.cfg(t, at)
				cfg.Logger, cfg.FailWhenFull, cfg.Batcher = quiet, c.fail, cio.BatcherConfig{MaxDelay: -1}
				o := open(t, newClient(t, srv.Transport(), nil), cfg)
				n := 0
				var err error
				for ; err == nil && n < 100; n++ {
					err = c.put(o, n)
					time.Sleep(time.Second) // the message is rejected
				}
				if !errors.Is(err, outbox.ErrFullOfDeadLetters) || !errors.Is(err, cio.ErrQueueFull) || n < 5 {
					t.Fatalf("after %d messages: %v", n, err)
				}
				if s := o.Stats(); cfg.Store == nil && !errors.Is(s.Failing, outbox.ErrFullOfDeadLetters) || s.Queued > 0 || int(s.Dead) != n-1 {
					t.Errorf("%+v", s)
				}
				letters, err := o.Store().Dead(t.Context(), 0, 1)
				if err != nil {
					t.Fatal(err)
				}
				if dropped, err := o.Store().Drop(t.Context(), []uint64{letters[0].Seq}); err != nil || dropped != 1 {
					t.Fatalf("%d were dropped, %v", dropped, err)
				}
				if s := o.Stats(); s.Failing != nil {
					t.Errorf("%+v", s)
				}
				if err := c.put(o, 0); err != nil {
					t.Errorf("when one was dropped: %v", err)
				}
			})
		})
	}
}

// Dead letters that leave room for the new messages are not a reason to fail: sending makes room.
func TestFullOfMessagesAndDeadLetters(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "test-refuses", m.MessageID == "m0" }})
		o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, MaxBytes: 2000, Logger: quiet})
		enqueue(t, o, 0, 1)
		flush(t, o)
		if err := srv.AddFault(emulator.Fault{Status: 503, Every: 1}); err != nil {
			t.Fatal(err)
		}
		n := 1
		var err error
		for ; err == nil; n++ {
			err = o.TryEnqueue(track(n))
		}
		if !errors.Is(err, cio.ErrQueueFull) || errors.Is(err, outbox.ErrFullOfDeadLetters) {
			t.Errorf("TryEnqueue says %v", err)
		}
		waited := make(chan error, 1)
		go func() { waited <- o.Enqueue(context.Background(), track(n)) }()
		time.Sleep(30 * time.Second)
		select {
		case err := <-waited:
			t.Errorf("Enqueue says %v", err)
		default:
		}
		srv.ClearFaults()
		if err := <-waited; err != nil {
			t.Errorf("Enqueue says %v", err)
		}
		flush(t, o)
	})
}

// OnReport can enqueue, if it does not wait for room: a full outbox returns an error at once.
func TestOnReportEnqueues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		srv := outage(t)
		var o *outbox.Outbox
		stored, full := 0, 0
		o = open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, MaxBytes: 2000, Logger: quiet, Batcher: cio.BatcherConfig{OnReport: func(r cio.Report) {
			if r.MessageID[0] != 'm' {
				return
			}
			switch err := o.TryEnqueue(cio.Track{UserID: "u", Event: cio.Named("Follow Up", nil), MessageID: "f" + r.MessageID}); {
			case err == nil:
				stored++
			case errors.Is(err, cio.ErrQueueFull):
				full++
			default:
				t.Errorf("TryEnqueue says %v", err)
			}
		}}})
		n := 0
		for o.TryEnqueue(track(n)) == nil {
			n++
		}
		srv.ClearFaults()
		flush(t, o)
		flush(t, o) // the messages that were enqueued meanwhile
		if got := arrived(t, srv); len(got) != n+stored || stored+full != n || full == 0 {
			t.Errorf("of %d messages %d had room and %d had not; arrived: %v", n, stored, full, got)
		}
	})
}
