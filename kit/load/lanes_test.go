package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// However long each call takes, messages of one person arrive in the order of their rows, and calls run in parallel.
func TestOrderPerPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const persons, each, concurrency = 40, 50, 4
		var in strings.Builder
		in.WriteString("id,n\n")
		for n := range each {
			for p := range persons {
				fmt.Fprintf(&in, "p%d,%d\n", p, n)
			}
		}
		rnd := rand.New(rand.NewPCG(1, 2))
		pauses := make(chan time.Duration, 1)
		go func() {
			for {
				select {
				case pauses <- time.Duration(rnd.IntN(1000)) * time.Millisecond:
				case <-t.Context().Done():
					return
				}
			}
		}()
		var flying, most atomic.Int64
		client := &fakeClient{send: func(context.Context, int, []cio.Message) error {
			n := flying.Add(1)
			defer flying.Add(-1)
			for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
			}
			<-time.After(<-pauses)
			return nil
		}}
		s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 5_000, Concurrency: concurrency})
		checkSum(t, s)
		if err != nil || s.Accepted != persons*each {
			t.Fatalf("%v, %s", err, counts(s))
		}
		if most.Load() != concurrency {
			t.Errorf("%d calls at once, want %d", most.Load(), concurrency)
		}
		next := make(map[string]int)
		for _, text := range client.accepted {
			var m struct {
				UserID string
				Traits struct{ N int }
			}
			if err := json.Unmarshal([]byte(text), &m); err != nil {
				t.Fatal(err)
			}
			if m.Traits.N != next[m.UserID] {
				t.Fatalf("%s: %d arrived where %d was next", m.UserID, m.Traits.N, next[m.UserID])
			}
			next[m.UserID]++
		}
	})
}

// With parallel calls and refusals among them, the rejects are in the order of the rows and the counts add up.
func TestRejectsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	refusal := &cio.APIError{Status: 400}
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		outcomes := make(map[int]cio.Failure)
		for i := 0; i < len(m); i += 3 {
			outcomes[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: refusal}
		}
		return failures(len(m), outcomes)
	}}
	var rejects strings.Builder
	s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(3000), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 3000, Concurrency: 5, MaxErrors: Unlimited, Rejects: &rejects})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	d := json.NewDecoder(strings.NewReader(rejects.String()))
	last, n := int64(0), int64(0)
	for ; d.More(); n++ {
		var r Reject
		if err := d.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.Line <= last {
			t.Fatalf("line %d after line %d", r.Line, last)
		}
		last = r.Line
	}
	if n != s.RejectedByAPI || n < 1000 {
		t.Errorf("%d lines, %s", n, counts(s))
	}
}

// The message that would delete one too many is not sent, nor is any message after it.
func TestMaxDeletes(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - delete_person: {userId: $id}\n    when: =n == \"x\"\n  - identify: {userId: $id}\n    when: =n != \"x\"\n"
	const in = "id,n\n1,x\n2,\n3,x\n4,x\n5,\n"
	tests := []struct {
		max  int64
		want string
		err  error
	}{
		{0, "rows 5 bad 0 empty 0; messages 5 accepted 5 rejected 0 by API 0 unsent 0", nil},
		{3, "rows 5 bad 0 empty 0; messages 5 accepted 5 rejected 0 by API 0 unsent 0", nil},
		{Unlimited, "rows 5 bad 0 empty 0; messages 5 accepted 5 rejected 0 by API 0 unsent 0", nil},
		{None, "rows 5 bad 0 empty 0; messages 5 accepted 0 rejected 0 by API 0 unsent 5", ErrTooManyDeletes},
		{-7, "rows 5 bad 0 empty 0; messages 5 accepted 0 rejected 0 by API 0 unsent 5", ErrTooManyDeletes},
	}
	for _, tt := range tests {
		client := new(fakeClient)
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client, MaxDeletes: tt.max})
		checkSum(t, s)
		if got := counts(s); got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%d: %v\ngot  %s\nwant %s", tt.max, err, got, tt.want)
		}
	}
	client := new(fakeClient)
	_, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client, MaxDeletes: 2})
	if !errors.Is(err, ErrTooManyDeletes) || strings.Count(strings.Join(client.accepted, ""), "User Deleted") > 2 {
		t.Errorf("%v: %s", err, client.accepted)
	}
}

// Two spellings of one address are one person, and messages about an object are in order. The order is kept while a message is set aside, and with
// any number of parallel calls. Otherwise a deletion could arrive after later messages of the input.
func TestOrderOfDeletions(t *testing.T) {
	t.Parallel()
	const persons = "messages:\n  - delete_person: {userId: $id}\n    when: =n == \"gone\"\n  - identify: {userId: $id, traits: {n: $n}}\n    when: =n != \"gone\"\n"
	for _, tt := range []struct{ name, mapping, in string }{
		{"an address in other letters", persons, "Ann@x.org,gone\nz,1\nann@x.org,last\n"},
		{"an id and an address alone", "messages:\n  - delete_person: {userId: $id}\n    when: =n == \"gone\"\n  - identify: {traits: {email: $id, n: $n}}\n    when: =n != \"gone\"\n", "Ann@x.org,gone\nz@x.org,1\nANN@x.org,last\n"},
		{"an object", "messages:\n  - delete_object: {objectId: $id}\n    when: =n == \"gone\"\n  - set_object: {objectId: $id, attributes: {n: $n}}\n    when: =n != \"gone\"\n", "o,gone\nz,1\no,last\n"},
	} {
		for _, concurrency := range []int{1, 8} {
			for _, aside := range []bool{false, true} {
				synctest.Test(t, func(t *testing.T) {
					var refused atomic.Bool
					client := new(fakeClient)
					client.send = func(_ context.Context, _ int, m []cio.Message) error {
						lost := make(map[int]cio.Failure)
						for i := range m {
							switch deletes := strings.Contains(text(m[i]), " Deleted"); {
							case deletes && aside && refused.CompareAndSwap(false, true):
								lost[i] = cio.Failure{Outcome: cio.OutcomeUnsent, Err: cio.ErrNotAPI}
							case deletes:
								<-time.After(time.Second)
							}
						}
						if len(lost) == 0 {
							return nil
						}
						return failures(len(m), lost)
					}
					s, err := Run(t.Context(), Job{Source: mustSource(t, "id,n\n"+tt.in, source.Config{}), Mapping: mustMapping(t, tt.mapping), Client: client, BatchBytes: 1, Concurrency: concurrency})
					n := len(client.accepted)
					if err != nil || s.Unsent > 0 || n < 3 || aside != refused.Load() {
						t.Fatalf("%s, %d at once, aside %v: %v, %s, %q", tt.name, concurrency, aside, err, counts(s), client.accepted)
					}
					gone := slices.IndexFunc(client.accepted, func(m string) bool { return strings.Contains(m, " Deleted") })
					last := slices.IndexFunc(client.accepted, func(m string) bool { return strings.Contains(m, `"last"`) })
					if gone < 0 || last < gone {
						t.Errorf("%s, %d at once, aside %v: %q", tt.name, concurrency, aside, client.accepted)
					}
				})
			}
		}
	}
}
