// Package outboxtest tests implementations of outbox.Store.
package outboxtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
)

// Place is a place in which a Store keeps its messages. Each call of Open opens the same place.
type Place struct {
	// Open opens the store, with the limit maxBytes unless that is 0. The store that was opened before has been closed.
	Open func(t testing.TB, maxBytes int64) outbox.Store
}

// Run tests stores. newPlace returns a fresh place for each test.
func Run(t *testing.T, newPlace func(t testing.TB) Place) {
	for _, c := range []struct {
		name string
		test func(t *testing.T, p Place)
	}{
		{"what is appended is read in its order", appendRead},
		{"what is closed is there after opening", reopen},
		{"callers at the same time", together},
		{"settled records are gone", settle},
		{"rejected records are dead letters", bury},
		{"dead letters are retried", retry},
		{"dead letters are dropped", drop},
		{"purge", purge},
		{"the bound", bound},
		{"contexts that have ended", ended},
		{"after Close", closed},
		{"sequence numbers are never used again", numbers},
	} {
		t.Run(c.name, func(t *testing.T) { c.test(t, newPlace(t)) })
	}
}

// Message returns message n, with the message id "m" and the number, for the person u.
func Message(t testing.TB, n int, u string) cio.Encoded {
	t.Helper()
	e, err := cio.Encode(cio.Track{UserID: u, Event: cio.Named("Thing Done", map[string]any{"n": n}), MessageID: fmt.Sprintf("m%d", n)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func messages(t testing.TB, from, to int) (all []cio.Encoded) {
	t.Helper()
	for n := from; n < to; n++ {
		all = append(all, Message(t, n, fmt.Sprintf("u%d", n%3)))
	}
	return all
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// All returns all records of the queue.
func All(t testing.TB, s outbox.Store) (all []outbox.Record) {
	t.Helper()
	for after := uint64(0); ; {
		some, err := s.Read(context.Background(), after, 7)
		must(t, err)
		if len(some) == 0 {
			return all
		}
		for _, r := range some {
			if r.Seq <= after {
				t.Fatalf("record %d comes after %d", r.Seq, after)
			}
			after = r.Seq
		}
		all = append(all, some...)
	}
}

// IDs returns the message ids of records, separated by spaces.
func IDs(t testing.TB, records []outbox.Record) string {
	t.Helper()
	var ids []string
	for _, r := range records {
		var e cio.Encoded
		must(t, e.UnmarshalJSON(r.Bytes))
		ids = append(ids, e.MessageID())
	}
	return strings.Join(ids, " ")
}

func deadIDs(t testing.TB, s outbox.Store) (string, []uint64) {
	t.Helper()
	letters, err := s.Dead(context.Background(), 0, 1000)
	must(t, err)
	var records []outbox.Record
	var seqs []uint64
	for _, l := range letters {
		records = append(records, l.Record)
		seqs = append(seqs, l.Seq)
	}
	return IDs(t, records), seqs
}

func equal(t testing.TB, what, got, want string) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: got %q, want %q", what, got, want)
	}
}

func appendRead(t *testing.T, p Place) {
	s := p.Open(t, 0)
	before := time.Now().Add(-time.Second)
	must(t, s.Append(t.Context(), messages(t, 0, 3)))
	must(t, s.Append(t.Context(), nil))
	must(t, s.Append(t.Context(), messages(t, 3, 20)))
	all := All(t, s)
	equal(t, "ids", IDs(t, all), "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9 m10 m11 m12 m13 m14 m15 m16 m17 m18 m19")
	for i, r := range all {
		want, _ := Message(t, i, fmt.Sprintf("u%d", i%3)).AppendJSON(nil)
		// The timestamps differ, because the messages were encoded at different times.
		if i == 0 && len(r.Bytes) != len(want) || r.Damaged {
			t.Errorf("record %d has other bytes: %s", i, r.Bytes)
		}
		if r.At.Before(before) || r.At.After(time.Now().Add(time.Second)) {
			t.Errorf("record %d was stored at %v", i, r.At)
		}
	}
	st, err := s.Stats(t.Context())
	must(t, err)
	if st.Queued != 20 || st.Last != all[19].Seq || st.QueuedBytes < 20*100 || st.Dead != 0 || st.Oldest.Before(before) {
		t.Errorf("stats %+v", st)
	}
	must(t, s.Close())
}

func reopen(t *testing.T, p Place) {
	s := p.Open(t, 0)
	sent := messages(t, 0, 5)
	must(t, s.Append(t.Context(), sent))
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: All(t, s)[4].Seq, Reason: "no"}}))
	must(t, s.Close())
	s = p.Open(t, 0)
	all := All(t, s)
	equal(t, "ids", IDs(t, all), "m0 m1 m2 m3")
	for i, r := range all {
		if want, _ := sent[i].AppendJSON(nil); !bytes.Equal(r.Bytes, want) {
			t.Errorf("record %d has other bytes: %s", i, r.Bytes)
		}
	}
	ids, _ := deadIDs(t, s)
	equal(t, "dead", ids, "m4")
	must(t, s.Append(t.Context(), messages(t, 5, 6)))
	equal(t, "ids", IDs(t, All(t, s)), "m0 m1 m2 m3 m5")
	must(t, s.Close())
}

func together(t *testing.T, p Place) {
	s := p.Open(t, 0)
	const callers, each = 16, 20
	var all sync.WaitGroup
	for c := range callers {
		all.Go(func() {
			for i := range each {
				if err := s.Append(context.Background(), []cio.Encoded{Message(t, c*each+i, fmt.Sprintf("u%d", c))}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	next := make([]int, callers)
	for _, r := range All(t, s) {
		var e cio.Encoded
		must(t, e.UnmarshalJSON(r.Bytes))
		var c, n int
		_, _ = fmt.Sscanf(e.MessageID()+" "+e.Identity().UserID, "m%d u%d", &n, &c)
		if n != c*each+next[c] {
			t.Fatalf("of caller %d came %d, not %d", c, n, c*each+next[c])
		}
		next[c]++
	}
	for c, n := range next {
		if n != each {
			t.Errorf("of caller %d came %d", c, n)
		}
	}
	must(t, s.Close())
}

func settle(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 10)))
	all := All(t, s)
	var some []outbox.Settlement
	for _, i := range []int{0, 1, 2, 5, 7, 8} {
		some = append(some, outbox.Settlement{Seq: all[i].Seq})
	}
	must(t, s.Settle(t.Context(), some))
	must(t, s.Settle(t.Context(), some)) // again, as after a commit whose result was lost
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[9].Seq + 100}, {Seq: all[9].Seq + 101, Reason: "never there"}}))
	equal(t, "ids", IDs(t, All(t, s)), "m3 m4 m6 m9")
	must(t, s.Close())
	s = p.Open(t, 0)
	equal(t, "ids", IDs(t, All(t, s)), "m3 m4 m6 m9")
	st, err := s.Stats(t.Context())
	must(t, err)
	if st.Queued != 4 || st.Dead != 0 {
		t.Errorf("stats %+v", st)
	}
	must(t, s.Close())
}

func bury(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 4)))
	all := All(t, s)
	const reason = "cio: track: 400 Bad Request: the name isn't known, 'é' \"\x00\""
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[0].Seq}, {Seq: all[1].Seq, Reason: reason}, {Seq: all[3].Seq, Reason: "b"}}))
	equal(t, "ids", IDs(t, All(t, s)), "m2")
	letters, err := s.Dead(t.Context(), 0, 10)
	must(t, err)
	if len(letters) != 2 || letters[0].Seq != all[1].Seq || letters[0].Reason != reason || !bytes.Equal(letters[0].Bytes, all[1].Bytes) ||
		!letters[0].At.Equal(all[1].At) || time.Since(letters[0].Rejected).Abs() > time.Minute || letters[1].Reason != "b" || letters[0].Damaged {
		t.Fatalf("%+v", letters)
	}
	if rest, err := s.Dead(t.Context(), letters[0].Seq, 10); err != nil || len(rest) != 1 || rest[0].Seq != letters[1].Seq {
		t.Errorf("behind the first: %v, %v", rest, err)
	}
	if first, err := s.Dead(t.Context(), 0, 1); err != nil || len(first) != 1 || first[0].Seq != letters[0].Seq {
		t.Errorf("the first: %v, %v", first, err)
	}
	must(t, s.Close())
}

func retry(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 4)))
	all := All(t, s)
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[0].Seq, Reason: "a"}, {Seq: all[1].Seq, Reason: "b"}}))
	n, err := s.Retry(t.Context(), []uint64{all[0].Seq, all[3].Seq, 1 << 40})
	must(t, err)
	if n != 1 {
		t.Errorf("%d were retried", n)
	}
	equal(t, "ids", IDs(t, All(t, s)), "m2 m3 m0")
	ids, _ := deadIDs(t, s)
	equal(t, "dead", ids, "m1")
	must(t, s.Close())
}

func drop(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 4)))
	all := All(t, s)
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[0].Seq, Reason: "a"}, {Seq: all[1].Seq, Reason: "b"}}))
	n, err := s.Drop(t.Context(), []uint64{all[1].Seq, all[2].Seq})
	must(t, err)
	if n != 1 {
		t.Errorf("%d were dropped", n)
	}
	equal(t, "ids", IDs(t, All(t, s)), "m2 m3")
	ids, _ := deadIDs(t, s)
	equal(t, "dead", ids, "m0")
	must(t, s.Close())
}

func purge(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 9))) // of u0, u1, u2
	all := All(t, s)
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[0].Seq, Reason: "a"}, {Seq: all[1].Seq, Reason: "b"}}))
	queued, dead, err := s.Purge(t.Context(), func(b []byte) bool {
		var e cio.Encoded
		return e.UnmarshalJSON(b) == nil && e.Identity().UserID == "u0"
	})
	must(t, err)
	if queued != 2 || dead != 1 {
		t.Errorf("%d queued and %d dead ones were purged", queued, dead)
	}
	equal(t, "ids", IDs(t, All(t, s)), "m2 m4 m5 m7 m8")
	ids, _ := deadIDs(t, s)
	equal(t, "dead", ids, "m1")
	must(t, s.Close())
}

func bound(t *testing.T, p Place) {
	size := int64(Message(t, 1, "u0").Len())
	s := p.Open(t, 10*size+size/2)
	for n := range 10 {
		must(t, s.Append(t.Context(), []cio.Encoded{Message(t, n, "u0")}))
	}
	if err := s.Append(t.Context(), []cio.Encoded{Message(t, 11, "u0")}); !errors.Is(err, cio.ErrQueueFull) {
		t.Fatalf("the store takes more than its bound: %v", err)
	}
	if err := s.Append(t.Context(), messages(t, 0, 30)); err == nil || errors.Is(err, cio.ErrQueueFull) {
		t.Fatalf("what never fits: %v", err)
	}
	all := All(t, s)
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[0].Seq, Reason: "dead letters count"}}))
	if err := s.Append(t.Context(), []cio.Encoded{Message(t, 11, "u0")}); !errors.Is(err, cio.ErrQueueFull) {
		t.Fatalf("dead letters do not count: %v", err)
	}
	must(t, s.Settle(t.Context(), []outbox.Settlement{{Seq: all[1].Seq}}))
	must(t, s.Append(t.Context(), []cio.Encoded{Message(t, 11, "u0")}))
	must(t, s.Close())
}

func ended(t *testing.T, p Place) {
	s := p.Open(t, 0)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Append(ctx, messages(t, 0, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("Append says %v", err)
	}
	equal(t, "ids", IDs(t, All(t, s)), "")
	must(t, s.Close())
}

func closed(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 1)))
	must(t, s.Close())
	must(t, s.Close())
	if err := s.Append(t.Context(), messages(t, 1, 2)); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("Append says %v", err)
	}
	if _, err := s.Read(t.Context(), 0, 1); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("Read says %v", err)
	}
	if err := s.Settle(t.Context(), []outbox.Settlement{{Seq: 1}}); !errors.Is(err, cio.ErrClosed) {
		t.Errorf("Settle says %v", err)
	}
}

func numbers(t *testing.T, p Place) {
	s := p.Open(t, 0)
	must(t, s.Append(t.Context(), messages(t, 0, 3)))
	last := uint64(0)
	for range 3 {
		all := All(t, s)
		var done []outbox.Settlement
		for _, r := range all {
			if r.Seq <= last {
				t.Fatalf("%d is used again", r.Seq)
			}
			last = r.Seq
			done = append(done, outbox.Settlement{Seq: r.Seq})
		}
		must(t, s.Settle(t.Context(), done))
		must(t, s.Close())
		s = p.Open(t, 0)
		must(t, s.Append(t.Context(), messages(t, 0, 3)))
	}
	must(t, s.Close())
}
