package cio_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
)

// Messages that wait while nothing can be sent are checked again before they are sent. Messages that are withdrawn are reported with the reason and
// never sent; the others arrive in order.
func TestRecheckBeforeWhatHasWaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var up, withdrawn atomic.Bool
		s := &server{}
		s.answer = func(int, call) (*http.Response, error) {
			if !up.Load() {
				return status(401, `{"meta":{"error":"unauthorized"}}`), nil
			}
			return status(200, "{}"), nil
		}
		gone := errors.New("asked to be forgotten")
		reports := map[string]error{}
		b, err := cio.NewBatcher(newClient(t, s, nil), cio.BatcherConfig{
			Concurrency: 2,
			MaxBytes:    64 << 20,
			Recheck: func(m cio.Encoded) error {
				if withdrawn.Load() && strings.HasSuffix(m.Identity().UserID, "3") {
					return gone
				}
				return nil
			},
			OnReport: func(r cio.Report) { reports[r.MessageID] = r.Err },
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tracks(60) {
			if err := b.Enqueue(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(10 * time.Second)
		withdrawn.Store(true)
		up.Store(true)
		time.Sleep(time.Hour) // longer than the time between two tries of a key
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		var sent []string
		for _, c := range s.seen() {
			if c.at.Sub(s.seen()[0].at) >= 10*time.Second {
				sent = append(sent, c.ids(t)...)
			}
		}
		if len(sent) != 54 || slices.Contains(sent, "m13") {
			t.Errorf("%d were sent: %v", len(sent), sent)
		}
		for id, err := range reports {
			if want := strings.HasSuffix(id, "3"); errors.Is(err, gone) != want || !want && err != nil {
				t.Errorf("%s: %v", id, err)
			}
		}
		if st := b.Stats(); len(reports) != 60 || st.Accepted != 54 || st.Rejected != 6 || st.Queued != 0 {
			t.Errorf("%d reports, %+v", len(reports), st)
		}
	})
}

// A message that has not waited is not checked again: Enqueue has just checked it.
func TestNoRecheckOfWhatIsSentAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		asked := 0
		b, err := cio.NewBatcher(newClient(t, &server{}, nil), cio.BatcherConfig{Recheck: func(cio.Encoded) error { asked++; return nil }})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range tracks(100) {
			if err := b.Enqueue(context.Background(), m); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.Close(context.Background()); err != nil || asked > 0 {
			t.Errorf("%v, asked %d times", err, asked)
		}
	})
}

// A message that has waited for room in Enqueue is checked again too: it has waited as long as the messages in the queue.
func TestRecheckAfterWaitingForRoom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(int, call) (*http.Response, error) {
			time.Sleep(800 * time.Millisecond)
			return status(200, "{}"), nil
		}
		asked := 0
		b, err := cio.NewBatcher(newClient(t, s, nil), cio.BatcherConfig{Concurrency: 1, MaxBatchMessages: 1, MaxBytes: 1 << 20, MaxDelay: -1, Recheck: func(cio.Encoded) error { asked++; return nil }})
		if err != nil {
			t.Fatal(err)
		}
		late := 0
		for _, m := range tracks(60) {
			begun := time.Now()
			if err := b.Enqueue(context.Background(), m); err != nil {
				t.Fatal(err)
			}
			if time.Since(begun) > 0 {
				late++
			}
		}
		if err := b.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		// The first is sent at once, and the second after less than a second.
		if late == 0 || asked != 58 {
			t.Errorf("%d have waited for room; %d of 60 were asked about", late, asked)
		}
	})
}
