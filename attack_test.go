package cio_test

import (
	"context"
	"net/http"
	"slices"
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
