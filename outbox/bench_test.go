package outbox_test

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
	_ "modernc.org/sqlite"
)

// These benchmarks measure ratios, because figures of one machine say little. They compare an Outbox with the least that could do the same work, on
// the same disk, in turns.

// bare is a loop that only commits the messages of its callers: no checks, no checksums, no counts.
type bare struct {
	db   *sql.Conn
	mu   sync.Mutex
	next *bareGroup
	wake chan struct{}
	done chan struct{}
}

type bareGroup struct {
	rows [][]byte
	done chan struct{}
}

func newBare(b testing.TB, dir string) *bare {
	b.Helper()
	db, err := sql.Open("sqlite", filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	c, err := db.Conn(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := c.ExecContext(context.Background(), "CREATE TABLE m (data BLOB)"); err != nil {
		b.Fatal(err)
	}
	l := &bare{db: c, next: &bareGroup{done: make(chan struct{})}, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go l.run(b)
	b.Cleanup(func() { close(l.done) })
	return l
}

func (l *bare) run(b testing.TB) {
	ctx := context.Background()
	insert, err := l.db.PrepareContext(ctx, "INSERT INTO m VALUES (?)")
	if err != nil {
		b.Error(err)
		return
	}
	for {
		select {
		case <-l.wake:
		case <-l.done:
			return
		}
		l.mu.Lock()
		g := l.next
		l.next = &bareGroup{done: make(chan struct{})}
		l.mu.Unlock()
		if len(g.rows) == 0 {
			continue
		}
		tx, err := l.db.BeginTx(ctx, nil)
		if err != nil {
			b.Error(err)
			return
		}
		in := tx.Stmt(insert)
		for _, r := range g.rows {
			if _, err := in.Exec(r); err != nil {
				b.Error(err)
			}
		}
		if err := tx.Commit(); err != nil {
			b.Error(err)
		}
		close(g.done)
	}
}

func (l *bare) append(row []byte) {
	l.mu.Lock()
	g := l.next
	g.rows = append(g.rows, row)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
	<-g.done
}

// rate lets callers call f for some time, and returns the calls in a second.
func rate(callers int, d time.Duration, f func(n int)) float64 {
	var n atomic.Int64
	begun := time.Now()
	var all sync.WaitGroup
	for range callers {
		all.Go(func() {
			for time.Since(begun) < d {
				f(int(n.Add(1)))
			}
		})
	}
	all.Wait()
	return float64(n.Load()) / time.Since(begun).Seconds()
}

// small is a message of 300 bytes.
func small(n int) cio.Track {
	return cio.Track{UserID: fmt.Sprintf("user-%06d", n%1000), Event: cio.Named("Order Completed", map[string]any{"n": n, "fill": strings.Repeat("x", 45)})}
}

// nowhere accepts every message.
type nowhere struct{}

func (nowhere) RoundTrip(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	_ = r.Body.Close()
	return &http.Response{StatusCode: 200, Status: "200 OK", Header: http.Header{}, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
}

// down accepts no message.
type down struct{}

func (down) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, io.ErrUnexpectedEOF
}

func quietClient(b testing.TB, transport http.RoundTripper) *cio.Client {
	return newClient(b, transport, func(cfg *cio.Config) { cfg.RateLimit, cfg.Logger = -1, slog.New(slog.DiscardHandler) })
}

// least is a Batcher that is soon full, so that sending takes no processor time.
var least = cio.BatcherConfig{Concurrency: 1, MaxBytes: 200_000, MaxBatchMessages: 100}

func BenchmarkEnqueue(b *testing.B) {
	for _, callers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			var ours, base float64
			rounds := 0
			e, err := cio.Encode(small(1))
			if err != nil {
				b.Fatal(err)
			}
			row, _ := e.AppendJSON(nil)
			for b.Loop() {
				dir := b.TempDir()
				l := newBare(b, dir)
				o, err := outbox.Open(quietClient(b, down{}), outbox.Config{Dir: filepath.Join(dir, "box"), Batcher: least})
				if err != nil {
					b.Fatal(err)
				}
				for range 4 {
					base += rate(callers, 250*time.Millisecond, func(int) { l.append(row) })
					ours += rate(callers, 250*time.Millisecond, func(n int) {
						if err := o.Enqueue(context.Background(), small(n)); err != nil {
							b.Error(err)
						}
					})
					rounds++
				}
				ctx, cancel := context.WithCancel(context.Background())
				cancel()
				if err := o.Close(ctx); err != nil {
					b.Error(err)
				}
			}
			b.ReportMetric(ours/float64(rounds), "enqueued/s")
			b.ReportMetric(base/float64(rounds), "bare/s")
			b.ReportMetric(ours/base, "of-bare")
		})
	}
}

func BenchmarkEnqueueAll(b *testing.B) {
	o, err := outbox.Open(quietClient(b, down{}), outbox.Config{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	some := make([]cio.Message, 100)
	n := 0
	for b.Loop() {
		for i := range some {
			some[i] = small(n)
			n++
		}
		if err := o.EnqueueAll(context.Background(), some); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "enqueued/s")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := o.Close(ctx); err != nil {
		b.Error(err)
	}
}

// sink returns a client whose messages go to an emulator, to one behind a server of HTTP on this machine, or to nobody, and a function that stops the
// server.
func sink(b *testing.B, to string) (c *cio.Client, stop func()) {
	fresh := emulator.New(emulator.Config{MaxMessages: 10})
	switch to {
	case "nobody":
		return quietClient(b, nowhere{}), func() {}
	case "emulator":
		return quietClient(b, fresh.Transport()), func() {}
	}
	srv := httptest.NewServer(fresh)
	c, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: srv.URL, RateLimit: -1, Logger: silent})
	if err != nil {
		b.Fatal(err)
	}
	return c, srv.Close
}

// BenchmarkDrain compares how long it takes to send the messages of a directory with how long a Batcher takes for the same messages.
func BenchmarkDrain(b *testing.B) {
	for _, to := range []string{"loopback", "emulator", "nobody"} {
		b.Run("to="+to, func(b *testing.B) {
			var ours, batcher, oursBusy, batcherBusy time.Duration
			all := make([]cio.Encoded, 50_000)
			for i := range all {
				var err error
				if all[i], err = cio.Encode(small(i)); err != nil {
					b.Fatal(err)
				}
			}
			round := func() {
				dir := b.TempDir()
				fill(b, dir, all)
				c, stop := sink(b, to)
				runtime.GC() // neither side pays for the other's garbage
				taken, busy := drain(b, c, dir)
				ours, oursBusy = ours+taken, oursBusy+busy
				stop()
				c, stop = sink(b, to)
				runtime.GC()
				before := processorTime()
				batcher += batchAll(b, c, all)
				batcherBusy += processorTime() - before
				stop()
			}
			round() // the first round pays for the memory that the others use again
			ours, batcher, oursBusy, batcherBusy = 0, 0, 0, 0
			for b.Loop() {
				round()
			}
			many := float64(len(all) * b.N)
			b.ReportMetric(many/ours.Seconds(), "drained/s")
			b.ReportMetric(many/batcher.Seconds(), "batcher/s")
			b.ReportMetric(batcher.Seconds()/ours.Seconds(), "of-batcher")
			if oursBusy > 0 { // other work on the machine changes this less
				b.ReportMetric(float64(oursBusy.Microseconds())/many, "µs-busy/message")
				b.ReportMetric(batcherBusy.Seconds()/oursBusy.Seconds(), "busy-of-batcher")
			}
		})
	}
}

// fill stores messages in a directory, and reports how large its file is compared with them.
func fill(b *testing.B, dir string, all []cio.Encoded) {
	d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	size := 0
	for part := range slices.Chunk(all, 500) {
		for _, e := range part {
			size += e.Len()
		}
		if err := d.Append(context.Background(), part); err != nil {
			b.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "outbox.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/float64(size), "file/messages")
}

// drain sends the messages of a directory, and returns how long that takes, and how much processor time.
func drain(b *testing.B, c *cio.Client, dir string) (taken, busy time.Duration) {
	o, err := outbox.Open(c, outbox.Config{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	begun, before := time.Now(), processorTime()
	if err := o.Flush(context.Background()); err != nil {
		b.Fatal(err)
	}
	taken, busy = time.Since(begun), processorTime()-before
	if err := o.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	return taken, busy
}

// batchAll sends messages with a Batcher, and returns how long that takes.
func batchAll(b *testing.B, c *cio.Client, all []cio.Encoded) time.Duration {
	begun := time.Now()
	batch, err := cio.NewBatcher(c, cio.BatcherConfig{})
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range all {
		if err := batch.Enqueue(context.Background(), e); err != nil {
			b.Fatal(err)
		}
	}
	if err := batch.Close(context.Background()); err != nil {
		b.Fatal(err)
	}
	return time.Since(begun)
}
