package cio_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// A batch that is settled goes back to the pool while a later one of its lane waits with a message set aside. Whoever gets it next must not
// touch what the lane remembers of its messages.
func TestASettledBatchIsNobodysAnyMore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *cio.Client
		times := 0 // that the first disliked message was sent
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			switch {
			case slices.Contains(ids, "u1-1"): // to make room for several spans
				return status(400, refusal)
			case slices.Contains(ids, "u1-3"):
				if times++; times == 2 { // others are accepted just then
					if err := client.Send(context.Background(), message(2, 0, "")); err != nil {
						t.Error(err)
					}
				}
				return status(403, page)
			case slices.Contains(ids, "u1-4"):
				return status(403, page)
			}
			return nil
		})
		client = newClient(t, w, nil)
		rep := collect(t)
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, Concurrency: 32})
		ids := []string{}
		enqueue := func(user, n int) {
			m := message(user, n, "")
			ids = append(ids, m.MessageID)
			if err := b.Enqueue(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		for n := range 3 {
			enqueue(1, n)
		}
		if err := b.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		enqueue(1, 3)
		time.Sleep(time.Second) // it is set aside
		enqueue(1, 4)
		time.Sleep(1200 * time.Millisecond) // the first is refused and its batch given back, the second is set aside
		if st := b.Stats(); st.Refused != 2 || st.Queued != 1 {
			t.Fatalf("%+v", st)
		}
		for user := range 20 {
			enqueue(100+user, 0)
		}
		time.Sleep(time.Minute)
		if st := b.Stats(); st.Queued != 0 || st.Refused != 3 {
			t.Errorf("%+v", st)
		}
		w.check(ids, rep, b.Close(t.Context()), map[string]bool{"u1-1": true, "u1-3": true, "u1-4": true})
		for id, n := range w.took {
			if n != 1 {
				t.Errorf("%s arrived %d times", id, n)
			}
		}
	})
}

// A message that is refused again and again while nothing else is sent is one message, which says nothing of the others.
func TestOneDislikedMessageIsOneHoweverOftenItIsTried(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			if slices.Contains(ids, "u1-0") || slices.Contains(ids, "u2-0") {
				return status(403, page)
			}
			return nil
		})
		client := newClient(t, w, nil)
		b := newBatcher(t, client, cio.BatcherConfig{})
		if err := b.Enqueue(t.Context(), message(1, 0, "")); err != nil {
			t.Fatal(err)
		}
		for range 20 { // somebody sends another one
			client.Send(t.Context(), message(2, 0, ""))
			time.Sleep(time.Minute)
		}
		for user := range 20 {
			if err := b.Enqueue(t.Context(), message(100+user, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		if st := b.Stats(); st.Accepted != 20 || st.Refused != 1 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		b.Close(t.Context())
	})
}

// What was accepted before a batch was refused again may have been accepted in better times, and proves nothing against its messages if the bad
// ones last for some seconds.
func TestBetterTimesBeforeARefusalProveNothing(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answer{"400 in text": {400, "bad gateway"}, "403 with a page": {403, page}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			w := newWorld(t, func(n int, _ call, _ []string) *http.Response {
				if n == 1 || time.Since(start) > 5*time.Second { // 1: the first half of what was refused
					return nil
				}
				return answer.response()
			})
			if err := newClient(t, w, nil).Send(t.Context(), tracks(8)...); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

// A batch of one message counts as well.
func TestPauseAfterRefusalsOfBatchesOfOne(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(int, call, []string) *http.Response { return status(400, refusal) })
		rep := collect(t)
		b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add, Concurrency: 2, MaxBatchMessages: 1, MaxBytes: 64 << 20, PauseAfterRefusals: 10})
		for i := range 100 {
			if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if st := b.Stats(); st.Refused > 16 || !errors.Is(st.Stopped, cio.ErrInvalid) {
			t.Errorf("%+v", st)
		}
		err := b.Close(t.Context())
		var left *cio.UndeliveredError
		if !errors.As(err, &left) {
			t.Fatal(err)
		}
		if _, failed := rep.count(); failed != 100 {
			t.Errorf("%d reported, %v", failed, err)
		}
	})
}

// A transport that does not stop delivers its answer after Close. Its lane ends all the same.
func TestALateAnswerAfterClose(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		rt := roundTripper(func(r *http.Request) (*http.Response, error) {
			r.Body.Close()
			time.Sleep(5 * time.Second) // deaf to the context
			return status(200, "{}"), nil
		})
		rep := collect(t)
		client := newClient(t, rt, func(c *cio.Config) { c.AcceptAny2xx = true })
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add, MaxDelay: -1})
		if err := b.Enqueue(t.Context(), message(1, 0, "")); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := b.Close(ctx); err == nil {
			t.Error("no error")
		}
		time.Sleep(10 * time.Second)
		// synctest panics if a goroutine is left behind.
	})
}

// What keeps everything waiting changes meanwhile. Stats name what it is now, and a new key counts at once.
func TestAPauseNamesWhatItMeets(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		var client *cio.Client
		w := newWorld(t, func(_ int, c call, _ []string) *http.Response {
			switch {
			case time.Since(start) < time.Minute:
				return status(400, "bad gateway")
			case strings.Contains(c.header.Get("Authorization"), "azN5LXMzY3JldDo="):
				return status(401, "")
			}
			return nil
		})
		client = newClient(t, w, nil)
		b := newBatcher(t, client, cio.BatcherConfig{})
		for i := range 100 {
			if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Minute)
		if st := b.Stats(); st.Stopped == nil || !strings.Contains(st.Stopped.Error(), "401") {
			t.Errorf("%+v", st)
		}
		if err := client.SetAPIKey("another-key"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if st := b.Stats(); st.Accepted != 100 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		b.Close(t.Context())
	})
}

// What an Observer was handed is its own: nobody changes it later.
func TestAnErrorIsNotChangedOnceSomebodyHasIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var seen []*cio.APIError
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			switch ids[0] {
			case "u1-0":
				return status(503, "")
			case "u2-0":
				return status(403, page)
			}
			return nil
		})
		client := newClient(t, w, func(c *cio.Config) {
			c.Observer = observerFunc(func(i cio.RequestInfo) {
				if i.Err != nil {
					seen = append(seen, i.Err)
				}
			})
		})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if err := client.Send(ctx, message(1, 0, "")); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if err := client.Send(t.Context(), message(2, 0, ""), message(3, 0, "")); !errors.Is(err, cio.ErrInvalid) {
			t.Error(err)
		}
		for _, err := range seen {
			if err.Err != nil || errors.Is(err, cio.ErrInvalid) {
				t.Errorf("%v was changed: %v", err, err.Err)
			}
		}
	})
}

type observerFunc func(cio.RequestInfo)

func (f observerFunc) ObserveRequest(i cio.RequestInfo) { f(i) }

// A second key is asked for again like the first, and the first stays out of errors.
func TestAKeyThatIsChangedWhileItIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var client *cio.Client
		var said []string
		w := newWorld(t, func(n int, c call, _ []string) *http.Response {
			switch n {
			case 0:
				if err := client.SetAPIKey("second-key"); err != nil {
					t.Error(err)
				}
				return status(401, "the key "+testKey+" is unknown")
			case 1:
				go func() {
					time.Sleep(100 * time.Millisecond)
					if err := client.SetAPIKey("third-key"); err != nil {
						t.Error(err)
					}
				}()
				return status(401, "")
			case 2:
				return status(401, "a stray one")
			}
			return nil
		})
		client = newClient(t, w, func(c *cio.Config) {
			c.Observer = observerFunc(func(i cio.RequestInfo) {
				if i.Err != nil {
					said = append(said, i.Err.Error())
				}
			})
		})
		if err := client.Send(t.Context(), message(1, 0, "")); err != nil {
			t.Error(err)
		}
		if all := strings.Join(said, "\n"); strings.Contains(all, testKey) || len(said) != 3 {
			t.Error(all)
		}
	})
}

// A refusal that lists what is wrong with each message of a large batch is the API's, however long it is.
func TestALongRefusal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, func(_ int, _ call, ids []string) *http.Response {
			return status(400, `{"meta":{"errors":["`+strings.Repeat(`messages: a reason that takes some room","`, 80*len(ids))+`"]}}`, "Content-Type", "application/json")
		})
		rep := collect(t)
		b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add})
		for i := range 100 {
			if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(20 * time.Second)
		if st := b.Stats(); st.Refused != 100 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		b.Close(t.Context())
	})
}

// An Observer that panics costs nobody a message.
func TestAnObserverThatPanics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, nil)
		rep := collect(t)
		client := newClient(t, w, func(c *cio.Config) { c.Observer = observerFunc(func(cio.RequestInfo) { panic("its own fault") }) })
		b := newBatcher(t, client, cio.BatcherConfig{OnReport: rep.add})
		if err := b.Enqueue(t.Context(), message(1, 0, "")); err != nil {
			t.Fatal(err)
		}
		if err := b.Close(t.Context()); err != nil || len(rep.byID) != 1 {
			t.Error(err)
		}
	})
}

// Answers that quote the request stay out of errors.
func TestAnswersThatQuote(t *testing.T) {
	t.Parallel()
	for _, code := range []int{200, 400, 401, 403, 404, 413, 422, 503} {
		for _, body := range []string{
			`blocked: {"userId":"jane"}`, `blocked: {"userId" : "jane"}`, `blocked: {'userId': 'jane'}`, `{&quot;userId&quot;:&quot;jane&quot;}`, `blocked jane@example.com`,
			`<html><title>blocked jane@example.com</title>`, `<html><title>{'userId': 'jane'}</title>`, `{"message":"blocked jane@example.com"}`, `{"message":"blocked {'userId': 'jane'}"}`,
			`{"error":"blocked jane@example.com"}`, `blocked userId=jane&email=jane%40example.com`, `{"meta":{"errors":["bad {\"userId\": \"jane\"}"]}}`, `{\"userId\": \"jane\"}`,
		} {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, func(int, call, []string) *http.Response { return status(code, body) })
				err := newClient(t, w, impatient).Send(t.Context(), message(1, 0, ""))
				if err != nil && strings.Contains(err.Error(), "jane") {
					t.Errorf("%d %s: %v", code, body, err)
				}
			})
		}
	}
}
