package cio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// world is a server that keeps what the API accepted, in order, behind anything that answers in its place.
type world struct {
	t      testing.TB
	server server
	mu     sync.Mutex
	took   map[string]int      // by message id
	order  map[string][]string // message ids by user
	// instead returns the answer of whatever answers in the API's place; nil for the API's answer.
	instead func(n int, c call, ids []string) *http.Response
	delay   time.Duration
}

func newWorld(t testing.TB, instead func(n int, c call, ids []string) *http.Response) *world {
	w := &world{t: t, took: map[string]int{}, order: map[string][]string{}, instead: instead, delay: 50 * time.Millisecond}
	w.server.answer = func(n int, c call) (*http.Response, error) {
		time.Sleep(w.delay)
		ids := c.ids(t)
		if w.instead != nil {
			if resp := w.instead(n, c, ids); resp != nil {
				return resp, nil
			}
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		for _, id := range ids {
			w.took[id]++
			user, _, _ := strings.Cut(id, "-")
			w.order[user] = append(w.order[user], id)
		}
		return status(200, "{}"), nil
	}
	return w
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) { return w.server.RoundTrip(r) }

// answer is an answer given in the API's place.
type answer struct {
	code int
	body string
}

func (a answer) response() *http.Response { return status(a.code, a.body) }

// message is the n-th message of a user, as its id shows.
func message(user, n int, text string) cio.Track {
	return cio.Track{UserID: fmt.Sprint("u", user), Event: cio.Named("Thing Done", map[string]any{"text": text}), MessageID: fmt.Sprintf("u%d-%d", user, n)}
}

// check compares what was reported and handed back with what the API accepted. Only the messages in bad may be reported as rejected.
func (w *world) check(ids []string, rep *reports, closed error, bad map[string]bool) {
	w.t.Helper()
	back := make(map[string]bool)
	var left *cio.UnacceptedError
	if errors.As(closed, &left) {
		for _, m := range left.Messages {
			back[m.MessageID()] = true
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	rep.mu.Lock()
	defer rep.mu.Unlock()
	for _, id := range ids {
		r, reported := rep.byID[id]
		switch {
		case !reported && !back[id]:
			w.t.Errorf("%s is lost and not reported", id)
		case back[id] && reported && !errors.Is(r.Err, cio.ErrClosed):
			w.t.Errorf("%s was reported (%v) and handed back", id, r.Err)
		case reported && r.Err == nil && w.took[id] == 0:
			w.t.Errorf("%s is reported as accepted, and the API never took it", id)
		case reported && r.Err != nil && !back[id] && !bad[id]:
			w.t.Errorf("%s is reported as rejected, but the message is not the cause: %v", id, r.Err)
		}
	}
	if len(rep.byID) > len(ids) {
		w.t.Errorf("%d messages, %d reported", len(ids), len(rep.byID))
	}
	for user, got := range w.order {
		last := -1
		for _, id := range got {
			var n int
			fmt.Sscanf(id, user+"-%d", &n)
			if n < last {
				w.t.Errorf("%s: %v is out of order", user, got)
				break
			}
			last = n
		}
	}
}

const page = "<!DOCTYPE html><html><head><title>Attention Required!</title></head></html>"

// A stray 401 delays only its own lane, by at most a second, wherever it occurs and whoever sends it.
func TestAStrayRefusalOfTheKey(t *testing.T) {
	t.Parallel()
	for _, answer := range []answer{{401, ""}, {401, page}, {401, `{"message":"no"}`}, {403, ""}, {403, "Forbidden"}, {403, `{}`}} {
		for _, at := range []int{0, 1, 7} {
			for _, times := range []int{1, 2, 5} {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t, func(n int, _ call, _ []string) *http.Response {
						if n >= at && n < at+times {
							return answer.response()
						}
						return nil
					})
					rep := collect(t)
					b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add})
					var ids []string
					for i := range 400 {
						m := message(i, 0, "")
						ids = append(ids, m.MessageID)
						if err := b.Enqueue(t.Context(), m); err != nil {
							t.Fatal(err)
						}
					}
					start := time.Now()
					err := b.Flush(t.Context())
					if times > 2 { // these are no longer stray
						time.Sleep(time.Minute)
						start, err = time.Now(), nil
					}
					if took := time.Since(start); err != nil || took > 4*time.Second {
						t.Errorf("%d, %d times from call %d: %v after %v", answer.code, times, at, err, took)
					}
					if st := b.Stats(); st.Stopped != nil || st.Accepted != 400 {
						t.Errorf("%+v", st)
					}
					w.check(ids, rep, b.Close(t.Context()), nil)
				})
			}
		}
	}
}

// One of two servers does not know the key. No lane waits longer than until the next try, nothing is rejected, and the log stays short.
func TestOneOfTwoServersRefusesTheKey(t *testing.T) {
	t.Parallel()
	for _, lanes := range []int{1, 2, 32} {
		for seed := range uint64(2) { // the first refuses every second request
			synctest.Test(t, func(t *testing.T) {
				r := rand.New(rand.NewPCG(seed, 2))
				var mu sync.Mutex
				w := newWorld(t, func(n int, _ call, _ []string) *http.Response {
					mu.Lock()
					defer mu.Unlock()
					if seed == 0 && n%2 == 0 || seed > 0 && r.IntN(2) == 0 {
						return status(401, `{"code":"unauthorized","message":"unknown key"}`)
					}
					return nil
				})
				var log bytes.Buffer
				rep := collect(t)
				client := newClient(t, w, func(c *cio.Config) { c.Logger = slog.New(slog.NewTextHandler(&log, nil)) })
				b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, Concurrency: lanes})
				var ids []string
				var oldest time.Duration
				start := time.Now()
				for round := range 300 {
					for i := range 20 {
						m := message(i, round, "")
						ids = append(ids, m.MessageID)
						if err := b.Enqueue(t.Context(), m); err != nil {
							t.Fatal(err)
						}
					}
					time.Sleep(2 * time.Second)
					oldest = max(oldest, b.Stats().Oldest)
				}
				minutes := int(time.Since(start) / time.Minute)
				lines := strings.Count(log.String(), "\n")
				for range 900 { // the last messages wait for their turn
					if b.Stats().Queued == 0 {
						break
					}
					time.Sleep(time.Second)
				}
				if st := b.Stats(); st.Accepted != int64(len(ids)) || oldest > time.Minute && lanes >= 8 {
					t.Errorf("%d lanes, seed %d: %+v, the oldest waited %v", lanes, seed, st, oldest)
				}
				if lines > minutes+5 {
					t.Errorf("%d lanes, seed %d: %d lines in %d minutes:\n%s", lanes, seed, lines, minutes, log.String())
				}
				w.check(ids, rep, b.Close(t.Context()), nil)
			})
		}
	}
}

// A firewall refuses some messages. These are reported, whatever messages are around them, and no others are. All others arrive.
func TestAFirewallDislikesSomeMessages(t *testing.T) {
	t.Parallel()
	answers := []answer{{403, page}, {400, "bad request"}, {400, `{"message":"Bad Request"}`}, {413, page}, {422, ""}, {400, "{}"}}
	seeds := uint64(40)
	if os.Getenv("CIOKIT_FULL") == "1" {
		seeds = 150
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 3))
			answer := answers[r.IntN(len(answers))]
			bad := make(map[string]bool)
			w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
				if slices.ContainsFunc(ids, func(id string) bool { return bad[id] }) {
					return answer.response()
				}
				return nil
			})
			rep := collect(t)
			b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add, Concurrency: 1 + r.IntN(8), MaxBatchMessages: 1 + r.IntN(50)})
			people, share := 5+r.IntN(100), 8+r.IntN(40)
			var msgs []cio.Track
			for n := range 300 {
				m := message(r.IntN(people), n, "")
				bad[m.MessageID] = r.IntN(share) == 0
				msgs = append(msgs, m)
			}
			var ids []string
			for _, m := range msgs {
				ids = append(ids, m.MessageID)
				if err := b.Enqueue(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				if r.IntN(30) == 0 {
					time.Sleep(time.Duration(r.IntN(2000)) * time.Millisecond)
				}
			}
			// The service continues.
			for n := range 100 {
				m := message(1000+n, 0, "")
				ids = append(ids, m.MessageID)
				if err := b.Enqueue(t.Context(), m); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Duration(r.IntN(5)) * time.Second)
			}
			if err := b.Flush(t.Context()); err != nil {
				t.Errorf("seed %d: %v, %+v", seed, err, b.Stats())
			}
			closed := b.Close(t.Context())
			w.check(ids, rep, closed, bad)
			for _, id := range ids {
				if got := rep.byID[id]; bad[id] != (got.Err != nil) || bad[id] && (!errors.Is(got.Err, cio.ErrNotAPI) || !errors.Is(got.Err, cio.ErrInvalid) || cio.Retryable(got.Err)) {
					t.Errorf("seed %d: %s, bad %t: %v", seed, id, bad[id], got.Err)
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d: %d of 300 bad, %+v", seed, len(bad), b.Stats())
			}
		})
	}
}

// For a while everything is refused, or answered by something other than the API: everything is kept, and all of it arrives afterwards, in order.
func TestEverythingIsRefusedForAWhile(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func() *http.Response{
		"400 in text":      func() *http.Response { return status(400, "bad gateway", "Content-Type", "text/plain") },
		"400 empty":        func() *http.Response { return status(400, "") },
		"400 of a gateway": func() *http.Response { return status(400, `{"message":"Bad Request"}`) },
		"413 with a page":  func() *http.Response { return status(413, page) },
		"422 in text":      func() *http.Response { return status(422, "no") },
		"403 with a page":  func() *http.Response { return status(403, page) },
		"401":              func() *http.Response { return status(401, "") },
		"403":              func() *http.Response { return status(403, "Forbidden") },
		"200 with a page":  func() *http.Response { return status(200, page, "Content-Type", "text/html") },
		"200 that says no": func() *http.Response { return status(200, `{"success":false}`) },
		"207":              func() *http.Response { return status(207, `{"errors":[]}`) },
		"200 that breaks":  func() *http.Response { return broken(status(200, "")) },
		"503":              func() *http.Response { return status(503, "") },
	} {
		for _, lasts := range []time.Duration{500 * time.Millisecond, 5 * time.Second, 10 * time.Minute} {
			for _, lanes := range []int{1, 8} {
				t.Run(fmt.Sprint(name, " for ", lasts, " and ", lanes, " lanes"), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						start := time.Now()
						from := time.Duration(lanes) * 300 * time.Millisecond // some begin while requests are accepted
						w := newWorld(t, func(int, call, []string) *http.Response {
							if at := time.Since(start); at >= from && at < from+lasts {
								return answer()
							}
							return nil
						})
						rep := collect(t)
						client := newClient(t, w, nil)
						b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, Concurrency: lanes, MaxBatchMessages: 50})
						var ids []string
						enqueue := func(n int) {
							for user := range 30 {
								m := message(user, n, "")
								ids = append(ids, m.MessageID)
								if err := b.Enqueue(t.Context(), m); err != nil {
									t.Fatal(err)
								}
							}
							time.Sleep(200 * time.Millisecond)
						}
						for n := range 40 {
							enqueue(n)
						}
						if lasts > 30*time.Second {
							time.Sleep(lasts - 20*time.Second)
							if requests := client.Stats().Requests; requests > 800 && name != "503" {
								t.Errorf("%d requests while nothing was accepted", requests)
							}
							if want := name != "503"; (b.Stats().Stopped != nil) != want {
								t.Errorf("stopped: %v", b.Stats().Stopped)
							}
							time.Sleep(16 * time.Minute) // at most a quarter of an hour passes between two tries
						}
						time.Sleep(20 * time.Second)
						if st := b.Stats(); st.Stopped != nil || st.Accepted != int64(len(ids)) {
							t.Errorf("%+v", st)
						}
						w.check(ids, rep, b.Close(t.Context()), nil)
						if got := client.Stats(); got.Failing != nil || got.Rejected != 0 {
							t.Errorf("%+v", got)
						}
					})
				})
			}
		}
	}
}

// Close without a deadline waits as long as the cause can be temporary, and gives up otherwise, with the reasons.
func TestCloseWhileEverythingIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func() *http.Response
		within time.Duration
		said   string
	}{
		"400 in text":     {func() *http.Response { return status(400, "bad gateway") }, 5 * time.Minute, "bad gateway"},
		"200 with a page": {func() *http.Response { return status(200, page) }, 5 * time.Minute, "Attention Required!"},
		"401":             {func() *http.Response { return status(401, "") }, 10 * time.Second, "write key"},
	} {
		for _, n := range []int{1, 3, 3000} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(int, call, []string) *http.Response { return c.answer() })
				b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{})
				for i := range n {
					if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
						t.Fatal(err)
					}
				}
				start := time.Now()
				err := b.Close(context.Background())
				var left *cio.UnacceptedError
				if !errors.As(err, &left) || len(left.Messages) != n || left.Rejected != 0 || time.Since(start) > c.within || !strings.Contains(err.Error(), c.said) {
					t.Fatalf("%s: %v after %v", name, err, time.Since(start))
				}
				total := int64(0)
				for _, r := range left.Reasons {
					total += r.Messages
				}
				if total != int64(n) {
					t.Errorf("%s: %d messages, reasons %+v", name, n, left.Reasons)
				}
				if cio.Retryable(err) != (name != "401") {
					t.Errorf("%s: Retryable is %t", name, !cio.Retryable(err))
				}
			})
		}
	}
}

// While a key is refused, a message of another lane is tried alone, after two seconds and then at growing intervals. The first accepted message wakes
// all lanes.
func TestTriesWhileTheKeyIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var good atomic.Bool
		w := newWorld(t, func(int, call, []string) *http.Response {
			if good.Load() {
				return nil
			}
			return status(401, "")
		})
		w.delay = 0
		b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{MaxDelay: -1})
		for i := range 20 { // in one lane
			if err := b.Enqueue(t.Context(), message(7, i, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(1500 * time.Millisecond)
		first := len(w.server.seen())
		if st := b.Stats(); !errors.Is(st.Stopped, cio.ErrUnauthorized) || first > 2 {
			t.Fatalf("%+v after %d requests", st, first)
		}
		for i := range 50 { // other lanes have messages now
			if err := b.Enqueue(t.Context(), message(100+i, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		tries := w.server.seen()[first:]
		var gaps []time.Duration
		lanes := map[string]bool{}
		for i, c := range tries {
			if ids := c.ids(t); len(ids) != 1 {
				t.Errorf("%d messages were tried at once", len(ids))
			} else {
				lanes[ids[0]] = true
			}
			if i > 0 {
				gaps = append(gaps, c.at.Sub(tries[i-1].at))
			}
		}
		if want := "[4s 8s 16s 32s 1m4s 2m8s 4m16s 8m32s 15m0s 15m0s]"; fmt.Sprint(gaps) != want {
			t.Errorf("tries %v apart, want %s", gaps, want)
		}
		if u7 := lanes["u7-0"]; len(lanes) < 7 || u7 && tries[0].ids(t)[0] == "u7-0" {
			t.Errorf("tried %v", lanes)
		}
		good.Store(true)
		time.Sleep(15 * time.Minute)
		if st := b.Stats(); st.Accepted != 70 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		if err := b.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A thousand rejections by the API for one reason are logged, and stop a Batcher that is configured to stop.
func TestTheAPIRefusesMessageAfterMessage(t *testing.T) {
	t.Parallel()
	for _, most := range []int{0, 100} {
		synctest.Test(t, func(t *testing.T) {
			var mended atomic.Bool
			w := newWorld(t, func(int, call, []string) *http.Response {
				if !mended.Load() {
					return status(400, rejection)
				}
				return nil
			})
			var log bytes.Buffer
			rep := collect(t)
			client := newClient(t, w, func(c *cio.Config) { c.Logger, c.RateLimit = slog.New(slog.NewTextHandler(&log, nil)), -1 })
			b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, PauseAfterRejections: most, Concurrency: 2})
			for i := range 1500 {
				if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Minute)
			st := b.Stats()
			if most == 0 && (st.Rejected != 1500 || strings.Count(log.String(), "message after message") != 1 || st.Stopped != nil) {
				t.Errorf("%+v\n%s", st, log.String())
			}
			if most > 0 && (st.Rejected < 100 || st.Rejected > 130 || !errors.Is(st.Stopped, cio.ErrInvalid)) {
				t.Errorf("%+v\n%s", st, log.String())
			}
			mended.Store(true)
			time.Sleep(2 * time.Minute)
			if st := b.Stats(); st.Accepted+st.Rejected != 1500 || st.Stopped != nil {
				t.Errorf("%+v", st)
			}
			if err := b.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// A Send of a message that a firewall refuses: it is unsent as long as nothing shows that the message is the cause, and then rejected.
func TestSendOfADislikedMessage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			if slices.Contains(ids, "u1-0") {
				return status(403, page)
			}
			return nil
		})
		client := newClient(t, w, nil)
		outcome := func(err error, id string) cio.Outcome {
			var failed *cio.SendError
			if errors.As(err, &failed) {
				for _, f := range failed.Failures {
					if f.MessageID == id {
						return f.Outcome
					}
				}
			}
			return 0
		}
		for range 3 {
			err := client.Send(t.Context(), message(1, 0, ""))
			if outcome(err, "u1-0") != cio.OutcomeUnsent || !cio.Retryable(err) || !errors.Is(err, cio.ErrNotAPI) {
				t.Fatalf("alone: %v", err)
			}
		}
		// The other messages of the Send are sent, those of the same person after this one is settled.
		err := client.Send(t.Context(), message(1, 0, ""), message(1, 1, ""), message(2, 0, ""), message(3, 0, ""))
		if outcome(err, "u1-0") != cio.OutcomeRejected || outcome(err, "u1-1")+outcome(err, "u2-0")+outcome(err, "u3-0") != 0 || cio.Retryable(err) || !errors.Is(err, cio.ErrInvalid) {
			t.Errorf("with others: %v", err)
		}
		if fmt.Sprint(w.took) != "map[u1-1:1 u2-0:1 u3-0:1]" {
			t.Errorf("%v", w.took)
		}
		// Two bad messages at the end are rejected although no message after them could be accepted, because messages before them were.
		start := time.Now()
		client = newClient(t, w, nil)
		err = client.Send(t.Context(), message(5, 0, ""), message(6, 0, ""), message(1, 0, ""), message(1, 0, "again"))
		var failed *cio.SendError
		if !errors.As(err, &failed) || failed.Accepted != 2 || len(failed.Failures) != 2 || failed.Failures[0].Outcome != cio.OutcomeRejected || failed.Failures[1].Outcome != cio.OutcomeRejected || time.Since(start) > 20*time.Second {
			t.Errorf("two at the end: %v after %v", err, time.Since(start))
		}
		// A Send remembers a message that another Send gave up.
		client = newClient(t, w, nil)
		if err := client.Send(t.Context(), message(1, 0, "")); outcome(err, "u1-0") != cio.OutcomeUnsent {
			t.Error(err)
		}
		if err := client.Send(t.Context(), message(4, 0, "")); err != nil {
			t.Error(err)
		}
		if err := client.Send(t.Context(), message(1, 0, "")); outcome(err, "u1-0") != cio.OutcomeRejected {
			t.Error(err)
		}
	})
}

// A Send to a gateway that refuses everything for a while waits, and names the reason when it gives up.
func TestSendWhileEverythingIsRefused(t *testing.T) {
	t.Parallel()
	for _, lasts := range []time.Duration{5 * time.Second, time.Hour} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			w := newWorld(t, func(int, call, []string) *http.Response {
				if time.Since(start) < lasts {
					return status(400, "bad gateway")
				}
				return nil
			})
			err := newClient(t, w, nil).Send(t.Context(), tracks(500)...)
			var failed *cio.SendError
			switch {
			case lasts < time.Minute && err != nil:
				t.Error(err)
			case lasts > time.Minute && (!errors.As(err, &failed) || len(failed.Failures) != 500 || failed.Failures[499].Outcome != cio.OutcomeUnsent || !cio.Retryable(err) || time.Since(start).Truncate(time.Second) != 2*time.Minute || !strings.Contains(err.Error(), "bad gateway")):
				t.Errorf("%v after %v", err, time.Since(start))
			}
			if n := len(w.server.seen()); n > 60 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
