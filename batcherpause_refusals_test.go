package cio_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// A message that is refused again and again while nothing else is sent counts as one message, and shows nothing about others.
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
		for range 20 { // another message is sent
			client.Send(t.Context(), message(2, 0, ""))
			time.Sleep(time.Minute)
		}
		for user := range 20 {
			if err := b.Enqueue(t.Context(), message(100+user, 0, "")); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Second)
		if st := b.Stats(); st.Accepted != 20 || st.Rejected != 1 || st.Stopped != nil {
			t.Errorf("%+v", st)
		}
		b.Close(t.Context())
	})
}

// If something was accepted before a batch was refused again, the API may have worked better then. If the refusals last some seconds, that acceptance
// proves nothing against the messages of the batch.
func TestBetterTimesBeforeARefusalProveNothing(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]answer{"400 in text": {400, "bad gateway"}, "403 with a page": {403, page}} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			w := newWorld(t, func(n int, _ call, _ []string) *http.Response {
				if n == 1 || time.Since(start) > 5*time.Second { // 1: the first half of the refused batch
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
		w := newWorld(t, func(int, call, []string) *http.Response { return status(400, rejection) })
		rep := collect(t)
		b := newBatcher(t, newClient(t, w, nil), cio.BatcherConfig{OnReport: rep.add, Concurrency: 2, MaxBatchMessages: 1, MaxBytes: 64 << 20, PauseAfterRejections: 10})
		for i := range 100 {
			if err := b.Enqueue(t.Context(), message(i, 0, "")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if st := b.Stats(); st.Rejected > 16 || !errors.Is(st.Stopped, cio.ErrInvalid) {
			t.Errorf("%+v", st)
		}
		err := b.Close(t.Context())
		var left *cio.UnacceptedError
		if !errors.As(err, &left) {
			t.Fatal(err)
		}
		if _, failed := rep.count(); failed != 100 {
			t.Errorf("%d reported, %v", failed, err)
		}
	})
}

// The reason for a pause changes while it lasts. Stats name the current reason, and a new key counts at once.
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

// A second key is retried like the first, and the first key does not appear in errors.
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
