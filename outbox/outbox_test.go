package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

func newClient(t testing.TB, transport http.RoundTripper, change func(*cio.Config)) *cio.Client {
	t.Helper()
	cfg := cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: transport}}
	if change != nil {
		change(&cfg)
	}
	c, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func open(t testing.TB, c *cio.Client, cfg outbox.Config) *outbox.Outbox {
	t.Helper()
	o, err := outbox.Open(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { shut(t, o) })
	return o
}

func shut(t testing.TB, o *outbox.Outbox) {
	t.Helper()
	if err := o.Close(context.Background()); err != nil {
		t.Errorf("Close says %v", err)
	}
}

func track(n int) cio.Track {
	return cio.Track{UserID: fmt.Sprintf("u%d", n%5), Event: cio.Named("Thing Done", map[string]any{"n": n}), MessageID: fmt.Sprintf("m%d", n)}
}

func enqueue(t testing.TB, o *outbox.Outbox, from, to int) {
	t.Helper()
	for n := from; n < to; n++ {
		if err := o.Enqueue(t.Context(), track(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func flush(t testing.TB, o *outbox.Outbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := o.Flush(ctx); err != nil {
		t.Fatalf("Flush says %v", err)
	}
}

// arrived returns how often each message id was accepted.
func arrived(t testing.TB, srv *emulator.Server) map[string]int {
	t.Helper()
	page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey})
	if err != nil && !errors.Is(err, emulator.ErrNotFound) {
		t.Fatal(err)
	}
	ids := map[string]int{}
	for _, m := range page.Messages {
		if m.Verdict == emulator.VerdictAccepted {
			ids[m.MessageID]++
		}
	}
	return ids
}

func TestWhatIsEnqueuedArrives(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: filepath.Join(t.TempDir(), "new")})
	enqueue(t, o, 0, 20)
	all := make([]cio.Message, 50)
	for i := range all {
		all[i] = track(20 + i)
	}
	if err := o.EnqueueAll(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	if err := o.TryEnqueue(track(70)); err != nil {
		t.Fatal(err)
	}
	flush(t, o)
	if got := arrived(t, srv); len(got) != 71 {
		t.Errorf("%d arrived", len(got))
	}
	if s := o.Stats(); s.Enqueued != 71 || s.Accepted != 71 || s.Queued != 0 || s.Oldest != 0 || s.Commits == 0 {
		t.Errorf("%+v", s)
	}
}

func TestWhatIsNotSentIsSentAfterTheNextOpen(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503, Every: 1}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := newClient(t, srv.Transport(), nil)
	o := open(t, c, outbox.Config{Dir: dir})
	enqueue(t, o, 0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); err != nil {
		t.Errorf("Close says %v", err)
	}
	if err := o.Enqueue(t.Context(), track(1)); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("after Close Enqueue says %v", err)
	}
	srv.ClearFaults()
	o = open(t, c, outbox.Config{Dir: dir})
	if s := o.Stats(); s.Queued+s.Accepted < 10 {
		t.Errorf("%+v", s)
	}
	flush(t, o)
	if got := arrived(t, srv); len(got) != 10 {
		t.Errorf("arrived: %v", got)
	}
}

func TestRejectedMessagesAreDeadLetters(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "test-refuses", m.MessageID == "m3" }})
	var mu sync.Mutex
	reports := map[string]error{}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: t.TempDir(), Batcher: cio.BatcherConfig{OnReport: func(r cio.Report) {
		mu.Lock()
		defer mu.Unlock()
		reports[r.MessageID] = r.Err
	}}})
	enqueue(t, o, 0, 10)
	flush(t, o)
	if got := arrived(t, srv); len(got) != 9 || got["m3"] != 0 {
		t.Errorf("arrived: %v", got)
	}
	letters, err := o.Store().Dead(t.Context(), 0, 10)
	if err != nil || len(letters) != 1 || !strings.Contains(letters[0].Reason, "400") || !strings.Contains(string(letters[0].Bytes), `"m3"`) {
		t.Errorf("dead letters: %+v, %v", letters, err)
	}
	if s := o.Stats(); s.Rejected != 1 || s.Accepted != 9 || s.Dead != 1 {
		t.Errorf("%+v", s)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(reports) != 10 || reports["m2"] != nil || !errors.Is(reports["m3"], cio.ErrInvalid) {
		t.Errorf("reports: %v", reports)
	}
}

func TestARefusedKeyPausesAndKeeps(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{Keys: []string{emulator.TestKey}})
	c := newClient(t, srv.Transport(), func(cfg *cio.Config) { cfg.APIKey = "another-k3y" })
	o := open(t, c, outbox.Config{Dir: t.TempDir()})
	enqueue(t, o, 0, 10)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := o.Flush(ctx); !errors.Is(err, cio.ErrUnauthorized) {
		t.Errorf("Flush says %v", err)
	}
	if s := o.Stats(); s.Queued != 10 || s.Dead != 0 || s.Stopped == nil {
		t.Errorf("%+v", s)
	}
	if err := c.SetAPIKey(emulator.TestKey); err != nil {
		t.Fatal(err)
	}
	flush(t, o)
	if got := arrived(t, srv); len(got) != 10 {
		t.Errorf("arrived: %v", got)
	}
}

func TestTheGuardIsAskedAgain(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	dir := t.TempDir()
	if err := srv.AddFault(emulator.Fault{Status: 503, Every: 1}); err != nil {
		t.Fatal(err)
	}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
	enqueue(t, o, 0, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); err != nil {
		t.Fatal(err)
	}
	srv.ClearFaults()
	gone := errors.New("asked to be forgotten")
	o = open(t, newClient(t, srv.Transport(), func(cfg *cio.Config) {
		cfg.Guard = func(id cio.Identity) error {
			if id.UserID == "u2" {
				return gone
			}
			return nil
		}
	}), outbox.Config{Dir: dir})
	if err := o.Enqueue(t.Context(), track(2)); !errors.Is(err, gone) {
		t.Errorf("Enqueue says %v", err)
	}
	flush(t, o)
	if got := arrived(t, srv); len(got) != 8 || got["m2"] != 0 || got["m7"] != 0 {
		t.Errorf("arrived: %v", got)
	}
	if s := o.Stats(); s.Dead != 2 {
		t.Errorf("%+v", s)
	}
}

func TestOneOutboxHasADirectory(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	c := newClient(t, srv.Transport(), nil)
	dir := t.TempDir()
	open(t, c, outbox.Config{Dir: dir})
	_, err := outbox.Open(c, outbox.Config{Dir: dir})
	var used *outbox.InUseError
	if !errors.As(err, &used) || !errors.Is(err, outbox.ErrInUse) || used.Owner.PID == 0 || !strings.Contains(err.Error(), "process") {
		t.Errorf("Open says %v", err)
	}
}

func TestEnqueueAllIsAllOrNothing(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: t.TempDir()})
	err := o.EnqueueAll(t.Context(), []cio.Message{track(0), track(1), cio.Track{UserID: "42"}})
	var rule *cio.MessageError
	if !errors.As(err, &rule) || rule.Index != 2 {
		t.Errorf("EnqueueAll says %v", err)
	}
	if s := o.Stats(); s.Enqueued != 0 || s.Commits != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFullOutbox(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503, Every: 1}); err != nil {
		t.Fatal(err)
	}
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: t.TempDir(), MaxBytes: 2000})
	var err error
	n := 0
	for ; err == nil; n++ {
		err = o.TryEnqueue(track(n))
	}
	if !errors.Is(err, cio.ErrQueueFull) || n < 5 {
		t.Fatalf("after %d messages TryEnqueue says %v", n, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := o.Enqueue(ctx, track(n)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Enqueue says %v", err)
	}
	done := make(chan error)
	go func() { done <- o.Enqueue(context.Background(), track(n)) }()
	srv.ClearFaults()
	if err := <-done; err != nil {
		t.Errorf("Enqueue says %v", err)
	}
	flush(t, o)
}

// If a message is removed while the Batcher has it and cannot send it, it is not sent later, and does not become a dead letter.
func TestWhatIsRemovedMeanwhileIsNotSent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{Keys: []string{emulator.TestKey}})
		c := newClient(t, srv.Transport(), func(cfg *cio.Config) { cfg.APIKey = "another-k3y" })
		dir := t.TempDir()
		o := open(t, c, outbox.Config{Dir: dir, Batcher: cio.BatcherConfig{MaxDelay: -1}})
		enqueue(t, o, 0, 20)
		time.Sleep(20 * time.Second) // a request with a refused key is made twice before it waits
		if o.Stats().Stopped == nil {
			t.Fatal("it does not stop")
		}
		d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Shared: true})
		if err != nil {
			t.Fatal(err)
		}
		queued, _, err := d.Purge(t.Context(), outbox.Of("u3"))
		if err != nil || queued != 4 {
			t.Fatalf("%d were purged, %v", queued, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(3 * time.Second) // the service checks once a second
		if err := c.SetAPIKey(emulator.TestKey); err != nil {
			t.Fatal(err)
		}
		flush(t, o)
		got := arrived(t, srv)
		if len(got) != 16 || got["m3"]+got["m8"]+got["m13"]+got["m18"] != 0 {
			t.Errorf("arrived: %v", got)
		}
		if s := o.Stats(); s.Dead != 0 || s.Queued != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// The names of directories are not part of an address.
func TestNamesOfDirectories(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	for _, name := range []string{"a b", "100%", "a?b=c&d", "a#b", "é%20", "'q'", "[x]"} {
		if runtime.GOOS == "windows" && strings.ContainsAny(name, "?") {
			continue
		}
		dir := filepath.Join(t.TempDir(), name)
		o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
		enqueue(t, o, 0, 2)
		flush(t, o)
		if _, err := os.Stat(filepath.Join(dir, "outbox.db")); err != nil {
			t.Error(err)
		}
	}
}

// Purge removes queued messages and dead letters, and the Batcher does not send the messages that it has.
func TestPurge(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.New(emulator.Config{Keys: []string{emulator.TestKey}})
		c := newClient(t, srv.Transport(), func(cfg *cio.Config) { cfg.APIKey = "another-k3y" })
		o := open(t, c, outbox.Config{Dir: t.TempDir(), Batcher: cio.BatcherConfig{MaxDelay: -1}})
		enqueue(t, o, 0, 20)
		time.Sleep(20 * time.Second) // a request with a refused key is made twice before it waits
		if o.Stats().Stopped == nil {
			t.Fatal("it does not stop")
		}
		if queued, dead, err := o.Purge(t.Context(), "u1", "U2@example.com"); err != nil || queued != 4 || dead != 0 {
			t.Errorf("%d, %d, %v", queued, dead, err)
		}
		if err := c.SetAPIKey(emulator.TestKey); err != nil {
			t.Fatal(err)
		}
		flush(t, o)
		if got := arrived(t, srv); len(got) != 16 || got["m1"] != 0 {
			t.Errorf("arrived: %v", got)
		}
	})
}

// After a backlog the directory is small again.
func TestTheFileShrinks(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{MaxMessages: 10})
	if err := srv.AddFault(emulator.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
	all := make([]cio.Message, 500)
	for n := range 12 {
		for i := range all {
			all[i] = cio.Track{UserID: "u", Event: cio.Named("Thing Done", map[string]any{"n": n, "fill": strings.Repeat("x", 400)})}
		}
		if err := o.EnqueueAll(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
	before := o.Stats()
	if before.QueuedBytes < 3<<20 {
		t.Fatalf("%+v", before)
	}
	srv.ClearFaults()
	flush(t, o)
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if now := o.Stats().FileBytes; now < 300_000 {
			break
		} else if time.Since(begun) > time.Minute {
			t.Fatalf("it takes %d bytes after it took %d", now, before.FileBytes)
		}
	}
}

func TestFilesAreTheirOwnersAlone(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes are Unix's")
	}
	srv := emulator.New(emulator.Config{})
	dir := filepath.Join(t.TempDir(), "box")
	o := open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
	enqueue(t, o, 0, 5)
	n := 0
	if err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if n++; info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return nil
	}); err != nil || n < 5 {
		t.Errorf("%d files, %v", n, err)
	}
}

// Close is quick during an outage, whatever its context.
func TestCloseDuringAnOutage(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	if err := srv.AddFault(emulator.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	c := newClient(t, srv.Transport(), nil)
	o := open(t, c, outbox.Config{Dir: dir})
	enqueue(t, o, 0, 5)
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var closers sync.WaitGroup
	for range 3 {
		closers.Go(func() {
			if err := o.Close(ctx); err != nil {
				t.Errorf("Close says %v", err)
			}
		})
	}
	closers.Wait()
	if err := o.TryEnqueue(track(9)); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("TryEnqueue says %v", err)
	}
	if err := o.EnqueueAll(t.Context(), []cio.Message{track(9)}); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("EnqueueAll says %v", err)
	}
	srv.ClearFaults()
	o = open(t, c, outbox.Config{Dir: dir})
	flush(t, o)
	if got := arrived(t, srv); len(got) != 5 {
		t.Errorf("arrived: %v", got)
	}
}

// A message that today's rules reject, although it was valid when it was stored, becomes a dead letter and blocks nothing.
func TestRulesThatHaveChanged(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	dir := t.TempDir()
	lenient := newClient(t, srv.Transport(), func(cfg *cio.Config) { cfg.AllowAnonymousIdentify = true })
	if err := srv.AddFault(emulator.Fault{Status: 503}); err != nil {
		t.Fatal(err)
	}
	o := open(t, lenient, outbox.Config{Dir: dir})
	enqueue(t, o, 0, 2)
	if err := o.Enqueue(t.Context(), cio.Identify{AnonymousID: "a", MessageID: "anonymous"}); err != nil {
		t.Fatal(err)
	}
	enqueue(t, o, 2, 4)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := o.Close(ctx); err != nil {
		t.Fatal(err)
	}
	srv.ClearFaults()
	o = open(t, newClient(t, srv.Transport(), nil), outbox.Config{Dir: dir})
	flush(t, o)
	letters, err := o.Store().Dead(t.Context(), 0, 10)
	if err != nil || len(letters) != 1 || !strings.Contains(letters[0].Reason, string(cio.RuleAnonymousIdentify)) {
		t.Errorf("%+v, %v", letters, err)
	}
	if got := arrived(t, srv); len(got) != 4 {
		t.Errorf("arrived: %v", got)
	}
}
