package outbox_test

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

var quiet = slog.New(slog.DiscardHandler)

// outage returns an emulator that answers 503 until its faults are cleared.
func outage(t testing.TB) *emulator.Server {
	t.Helper()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503, Every: 1}); err != nil {
		t.Fatal(err)
	}
	return srv
}

var errFlaky = flaky{}

type flaky struct{}

func (flaky) Error() string   { return "try later" }
func (flaky) Temporary() bool { return true }

// If the guard's error means that there was no answer, sending waits, and no message becomes a dead letter. When the guard can decide again,
// everything is sent in order. Any other error is a refusal.
func TestAGuardThatCannotTell(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		answer func() error
		waits  bool
	}{
		{"ErrUndecided", func() error { return fmt.Errorf("the list is being loaded: %w", outbox.ErrUndecided) }, true},
		{"a timeout", func() error { return fmt.Errorf("ask the consent service: %w", context.DeadlineExceeded) }, true},
		{"a context that has ended", func() error { return context.Canceled }, true},
		{"a timeout of the system", func() error { return os.ErrDeadlineExceeded }, true},
		{"a refused connection", func() error {
			return &url.Error{Op: "Get", URL: "http://consent", Err: &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}}
		}, true},
		{"a connection that was cut", func() error { return &url.Error{Op: "Get", URL: "http://consent", Err: errors.New("EOF")} }, true},
		{"a name that is not found", func() error { return &net.DNSError{Err: "no such host", Name: "consent", IsNotFound: true} }, true},
		{"a database that is gone", func() error { return fmt.Errorf("consents: %w", driver.ErrBadConn) }, true},
		{"an error that says that it is temporary", func() error { return errFlaky }, true},
		{"a refusal", func() error { return errors.New("asked to be forgotten") }, false},
		{"a file that is not there", func() error { _, err := os.Stat("consents/jane@example.com"); return err }, false},
		{"a text that is not an address", func() error {
			return &url.Error{Op: "parse", URL: "http://[jane@example.com", Err: errors.New("invalid userinfo")}
		}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, Logger: quiet})
				enqueue(t, o, 0, 10)
				shut(t, o)
				srv.ClearFaults()
				var out bytes.Buffer
				var decided atomic.Bool
				o = open(t, newClient(t, srv.Transport(), func(cfg *cio.Config) {
					cfg.Guard = func(id cio.Identity) error {
						if decided.Load() || id.UserID != "u2" {
							return nil
						}
						return c.answer()
					}
				}), outbox.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&out, nil)), Batcher: cio.BatcherConfig{MaxDelay: -1}})
				time.Sleep(90 * time.Second)
				s := o.Stats()
				if c.waits != (s.Dead == 0) || c.waits != errors.Is(s.Stopped, outbox.ErrUndecided) {
					t.Errorf("%d dead letters; stopped: %v", s.Dead, s.Stopped)
				}
				if strings.Contains(out.String(), "jane@") || s.Stopped != nil && strings.Contains(s.Stopped.Error(), "jane@") {
					t.Errorf("the log or the error has what may name a person: %s %v", out.String(), s.Stopped)
				}
				if n := strings.Count(out.String(), "cannot decide"); c.waits != (n == 2) {
					t.Errorf("in 90 seconds the log has it %d times: %s", n, out.String())
				}
				if !c.waits {
					return
				}
				if err := o.Flush(t.Context()); !errors.Is(err, outbox.ErrUndecided) {
					t.Errorf("Flush says %v", err)
				}
				decided.Store(true)
				time.Sleep(2 * time.Second)
				flush(t, o)
				if got := order(t, srv); len(got) != 10 || slices.Index(got, "m2") > slices.Index(got, "m7") {
					t.Errorf("arrived: %v", got)
				}
				if s := o.Stats(); s.Stopped != nil || s.Accepted != 10 || s.Rejected > 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// If the Guard panics each time for a message, the message becomes a dead letter after some time, wherever the Guard is called. All others are sent.
func TestAGuardThatPanics(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		inLane  bool
		panics  int // how often it panics
		accepts int
	}{
		{"when messages are read, always", false, 1000, 8},
		{"when messages have waited, always", true, 1000, 8},
		{"when messages are read, for some time", false, 8, 10},
		{"when messages have waited, for some time", true, 8, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				var out bytes.Buffer
				var broken atomic.Bool
				var asked atomic.Int64
				client := newClient(t, srv.Transport(), func(cfg *cio.Config) {
					cfg.Guard = func(id cio.Identity) error {
						if broken.Load() && id.UserID == "u2" && asked.Add(1) <= int64(c.panics) {
							panic("jane@example.com")
						}
						return nil
					}
				})
				cfg := outbox.Config{Dir: dir, Logger: slog.New(slog.NewTextHandler(&out, nil)), Batcher: cio.BatcherConfig{MaxDelay: time.Minute}}
				o := open(t, client, cfg)
				enqueue(t, o, 0, 10)
				if c.inLane {
					synctest.Wait()
				} else {
					shut(t, o)
				}
				broken.Store(true)
				srv.ClearFaults()
				if !c.inLane {
					o = open(t, client, cfg)
				}
				time.Sleep(3 * time.Minute)
				flush(t, o)
				letters, err := o.Store().Dead(t.Context(), 0, 10)
				if err != nil || len(letters) != 10-c.accepts {
					t.Errorf("%d dead letters, %v", len(letters), err)
				}
				for _, l := range letters {
					if !strings.Contains(l.Reason, "the Guard panicked") {
						t.Errorf("the reason is %q", l.Reason)
					}
				}
				if got := arrived(t, srv); len(got) != c.accepts {
					t.Errorf("arrived: %v", got)
				}
				if s := o.Stats(); s.Stopped != nil || s.Queued != 0 {
					t.Errorf("%+v", s)
				}
				shut(t, o)
				if strings.Contains(out.String(), "jane@") || !strings.Contains(out.String(), "it panicked") {
					t.Errorf("the log: %s", out.String())
				}
			})
		})
	}
}

// Messages that are rejected before the Batcher gets them are reported like those rejected later. An OnReport that panics blocks nothing.
func TestWhatIsRejectedBeforeItIsSentIsReported(t *testing.T) {
	t.Parallel()
	for _, panics := range []bool{false, true} {
		t.Run(fmt.Sprint("OnReport panics ", panics), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, Logger: quiet})
				enqueue(t, o, 0, 10)
				shut(t, o)
				srv.ClearFaults()
				var mu sync.Mutex
				told := map[string]int{}
				o = open(t, newClient(t, srv.Transport(), func(cfg *cio.Config) {
					cfg.Guard = func(id cio.Identity) error {
						if id.UserID == "u2" {
							return errors.New("asked to be forgotten")
						}
						return nil
					}
				}), outbox.Config{Dir: dir, Logger: quiet, Batcher: cio.BatcherConfig{OnReport: func(r cio.Report) {
					mu.Lock()
					defer mu.Unlock()
					if r.Err != nil && r.Encoded.MessageID() == r.MessageID {
						told[r.MessageID]++
					}
					if panics {
						panic("OnReport")
					}
				}}})
				flush(t, o)
				if s := o.Stats(); s.Dead != 2 || s.Accepted != 8 || len(told) != 2 || told["m2"] != 1 || told["m7"] != 1 {
					t.Errorf("%+v; reported: %v", s, told)
				}
			})
		})
	}
}

// order returns the ids of the accepted messages, in order.
func order(t testing.TB, srv *emulator.Server) (ids []string) {
	t.Helper()
	page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range page.Messages {
		ids = append([]string{m.MessageID}, ids...)
	}
	return ids
}

// The guard is called again for messages that have waited in memory. While it cannot decide, they wait there, with the other messages of the same
// person.
func TestAGuardThatCannotTellLater(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		srv := outage(t)
		var down atomic.Bool
		o := open(t, newClient(t, srv.Transport(), func(cfg *cio.Config) {
			cfg.Guard = func(id cio.Identity) error {
				if down.Load() && id.UserID == "u2" {
					return context.DeadlineExceeded
				}
				return nil
			}
		}), outbox.Config{Dir: dir, Logger: quiet, Batcher: cio.BatcherConfig{MaxDelay: time.Minute}})
		enqueue(t, o, 0, 20) // the batch waits a minute for more messages
		down.Store(true)
		srv.ClearFaults()
		time.Sleep(3 * time.Minute)
		if s := o.Stats(); s.Dead > 0 || s.Accepted == 0 || !errors.Is(s.Stopped, outbox.ErrUndecided) {
			t.Errorf("%+v", s)
		}
		if err := o.Flush(t.Context()); !errors.Is(err, outbox.ErrUndecided) {
			t.Errorf("Flush says %v", err)
		}
		begun := time.Now()
		shut(t, o)
		if d := time.Since(begun); d > 8*time.Second {
			t.Errorf("Close takes %v", d)
		}
		down.Store(false)
		o = open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, Logger: quiet})
		flush(t, o)
		if got := arrived(t, srv); len(got) != 20 || got["m2"] != 1 || got["m17"] != 1 {
			t.Errorf("arrived: %v", got)
		}
	})
}

// Close does not wait for a Guard that does not return, wherever the Guard is called.
func TestAGuardThatDoesNotReturn(t *testing.T) {
	t.Parallel()
	for _, later := range []bool{false, true} {
		t.Run(fmt.Sprint("later ", later), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				release := make(chan struct{})
				var hangs atomic.Bool
				guarded := newClient(t, srv.Transport(), func(cfg *cio.Config) {
					cfg.Guard = func(cio.Identity) error {
						if hangs.Load() {
							<-release
						}
						return nil
					}
				})
				o := open(t, guarded, outbox.Config{Dir: dir, Logger: quiet, Batcher: cio.BatcherConfig{MaxDelay: time.Minute}})
				enqueue(t, o, 0, 1)
				if !later {
					shut(t, o)
				} else {
					synctest.Wait()
				}
				hangs.Store(true)
				srv.ClearFaults()
				if !later {
					o = open(t, guarded, outbox.Config{Dir: dir, Logger: quiet})
				}
				time.Sleep(2 * time.Minute)
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				begun := time.Now()
				if err := o.Close(ctx); err != nil || time.Since(begun) > 5*time.Second {
					t.Errorf("Close says %v after %v", err, time.Since(begun))
				}
				hangs.Store(false)
				close(release)
				synctest.Wait()
				if got := arrived(t, srv); len(got) > 0 {
					t.Errorf("after Close there arrived %v", got)
				}
				o = open(t, guarded, outbox.Config{Dir: dir, Logger: quiet})
				flush(t, o)
				if got := arrived(t, srv); len(got) != 1 || got["m0"] != 1 {
					t.Errorf("arrived: %v", got)
				}
			})
		})
	}
}

// The text of a guard or of the API is kept with the dead letter, and not logged, because it could name a person.
func TestReasonsInTheLog(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name         string
		guard        func(cio.Identity) error
		recheck      func(cio.Encoded) error
		stored, told string
		fault        *emulator.Fault
	}{
		{"the Guard", func(cio.Identity) error { return errors.New("jane@example.com is on the list") }, nil, "jane@example.com is on the list", string(cio.RuleGuard), nil},
		{"Recheck", nil, func(cio.Encoded) error { return errors.New("jane@example.com is on the list") }, "jane@example.com is on the list", "Recheck", nil},
		{"the API", nil, nil, "Jane Doe is suppressed", "track: 400 Bad Request", &emulator.Fault{Status: 400, Body: `{"errors":[{"message":"Jane Doe is suppressed"}]}`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, Logger: quiet})
				enqueue(t, o, 0, 1)
				shut(t, o)
				srv.ClearFaults()
				if c.fault != nil {
					if err := srv.AddFault(*c.fault); err != nil {
						t.Fatal(err)
					}
				}
				var out bytes.Buffer
				log := slog.New(slog.NewTextHandler(&out, nil))
				o = open(t, newClient(t, srv.Transport(), func(cfg *cio.Config) { cfg.Guard, cfg.Logger = c.guard, log }),
					outbox.Config{Dir: dir, Logger: log, Batcher: cio.BatcherConfig{MaxDelay: time.Minute, Recheck: c.recheck}})
				time.Sleep(2 * time.Minute)
				letters, err := o.Store().Dead(t.Context(), 0, 10)
				if err != nil || len(letters) != 1 || !strings.Contains(letters[0].Reason, c.stored) {
					t.Errorf("%+v, %v", letters, err)
				}
				shut(t, o)
				if strings.Contains(strings.ToLower(out.String()), "jane") || !strings.Contains(out.String(), c.told) {
					t.Errorf("the log: %s", out.String())
				}
			})
		})
	}
}

// If the Outbox is closed while a caller waits in Flush, Flush says whether everything was settled.
func TestFlushBesideClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		up   bool
		when string
	}{
		{"during an outage, begun before", false, "before"},
		{"during an outage, begun meanwhile", false, "meanwhile"},
		{"during an outage, begun after", false, "after"},
		{"everything is accepted, begun before", true, "before"},
		{"everything is accepted, begun meanwhile", true, "meanwhile"},
		{"everything is accepted, begun after", true, "after"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				srv := outage(t)
				o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir, Logger: quiet, Batcher: cio.BatcherConfig{MaxDelay: time.Second}})
				enqueue(t, o, 0, 10)
				synctest.Wait()
				if c.up {
					srv.ClearFaults()
				}
				var all sync.WaitGroup
				flushed := func() {
					for range 3 {
						all.Go(func() {
							if err := o.Flush(context.Background()); c.up && err != nil || !c.up && !errors.Is(err, cio.ErrClosed) {
								t.Errorf("Flush says %v", err)
							}
						})
					}
				}
				if c.when == "before" {
					flushed()
					synctest.Wait()
				}
				ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
				defer cancel()
				all.Go(func() {
					if err := o.Close(ctx); err != nil {
						t.Errorf("Close says %v", err)
					}
				})
				if c.when == "meanwhile" {
					flushed()
				}
				all.Wait()
				if c.when == "after" {
					flushed()
				}
				all.Wait()
			})
		})
	}
}
