package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// firewall is an API behind a firewall that refuses every request with a message whose n is in refused and, until a given time, everything.
type firewall struct {
	refused map[int]bool
	status  int
	page    string
	until   time.Time                                        // until then everything is refused
	took    func() time.Duration                             // for an answer; nil: no time
	answer  func(at time.Time, messages []int) (int, string) // used instead, if its status is not 0

	mu       sync.Mutex
	accepted []int // in the order in which they came
	last     map[int]int
	requests int
}

const firewallPage = "<!DOCTYPE html><title>Attention Required!</title>"

func (f *firewall) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	req.Body.Close()
	if err != nil {
		return nil, err
	}
	var call struct {
		Batch  []json.RawMessage
		Traits struct{ N int }
	}
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	var numbers []int
	if call.Batch == nil {
		numbers = append(numbers, call.Traits.N)
	}
	for _, raw := range call.Batch {
		var m struct{ Traits struct{ N int } }
		if err := json.Unmarshal(raw, &m); err != nil {
			return nil, err
		}
		numbers = append(numbers, m.Traits.N)
	}
	if f.took != nil {
		<-time.After(f.took())
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests++
	status, text := http.StatusOK, "{}"
	if time.Now().Before(f.until) || slices.ContainsFunc(numbers, func(n int) bool { return f.refused[n] }) {
		status, text = f.status, f.page
	}
	if f.answer != nil {
		if s, t := f.answer(time.Now(), numbers); s != 0 {
			status, text = s, t
		}
	}
	if status == http.StatusOK {
		f.accepted = append(f.accepted, numbers...)
	} else {
		for _, n := range numbers {
			f.last[n] = len(f.accepted)
		}
	}
	return &http.Response{StatusCode: status, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader(text)), Request: req}, nil
}

// client returns a client that sends through the firewall.
func (f *firewall) client(t testing.TB, cfg cio.Config) *cio.Client {
	t.Helper()
	f.last = make(map[int]int)
	if f.status == 0 {
		f.status, f.page = http.StatusForbidden, firewallPage
	}
	cfg.APIKey, cfg.BaseURL, cfg.HTTPClient = "key", "http://api.test", &http.Client{Transport: f}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// rowsOf is CSV of a row for each person. n is the row's place from 0.
func rowsOf(people []string) string {
	var b strings.Builder
	b.WriteString("id,n\n")
	for i, id := range people {
		fmt.Fprintf(&b, "%s,%d\n", id, i)
	}
	return b.String()
}

// check compares the result of rowsOf(people) with what must happen. All messages that the firewall lets pass are accepted, once, in the order of
// each person. Messages that it refuses are rejected, or unsent if nothing was accepted after the last refusal. Messages after an unsent message of
// the same person are unsent too.
func (f *firewall) check(t *testing.T, name string, people []string, s Summary, err error, rejects string) {
	t.Helper()
	checkSum(t, s)
	accepted := make(map[int]int)
	came := make(map[string][]int)
	for _, n := range f.accepted {
		accepted[n]++
		came[people[n]] = append(came[people[n]], n)
	}
	rejected := make(map[int]bool)
	for line := range strings.Lines(rejects) {
		var r Reject
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		n := int(r.Line) - 2
		if rejected[n] || !f.refused[n] || !strings.Contains(r.Hint, "something answered "+strconv.Itoa(f.status)) || strings.Count(r.Hint, "instead of the API's answer") != 1 {
			t.Errorf("%s: row %d is rejected wrongly or twice: %s", name, n, line)
		}
		rejected[n] = true
	}
	unsent := 0
	behind := make(map[string]bool)
	for n, id := range people {
		switch {
		case behind[id] && accepted[n] == 0 && !rejected[n]:
			unsent++
		case !behind[id] && f.refused[n] && accepted[n] == 0 && (rejected[n] || f.last[n] == len(f.accepted)):
			if !rejected[n] {
				behind[id] = true
				unsent++
			}
		case !behind[id] && !f.refused[n] && !rejected[n] && accepted[n] == 1:
		default:
			t.Errorf("%s: row %d of %s: refused %t, rejected %t, accepted %d times, behind an unsent one %t", name, n, id, f.refused[n], rejected[n], accepted[n], behind[id])
		}
	}
	for id, order := range came {
		if !slices.IsSorted(order) {
			t.Errorf("%s: the rows of %s came as %v", name, id, order)
		}
	}
	if int(s.Accepted) != len(f.accepted) || int(s.RejectedByAPI) != len(rejected) || int(s.Unsent) != unsent {
		t.Errorf("%s: %s; the server took %d, %d are rejected, %d unsent", name, counts(s), len(f.accepted), len(rejected), unsent)
	}
	if unsent == 0 && err != nil || unsent > 0 && (!errors.Is(err, ErrGaveUp) || !strings.Contains(err.Error(), strconv.Itoa(f.status))) {
		t.Errorf("%s: it ended with %v", name, err)
	}
}

// eachOnce returns n people.
func eachOnce(n int) (people []string) {
	for i := range n {
		people = append(people, "p"+strconv.Itoa(i))
	}
	return people
}

// If a firewall refuses a message, only that message is rejected, with the firewall's answer, and later messages of its person are sent.
func TestFirewall(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		people  []string
		refused []int
		unsent  int // in one request: nothing shows them to be at fault, or they are behind such
	}{
		{"in the middle", eachOnce(20), []int{7}, 0},
		{"first", eachOnce(20), []int{0}, 0},
		{"last", eachOnce(20), []int{19}, 0},
		{"several", eachOnce(20), []int{0, 5, 6, 7, 19}, 0},
		{"alone", eachOnce(1), []int{0}, 1},
		{"all", eachOnce(5), []int{0, 1, 2, 3, 4}, 5},
		{"of one person, the first", []string{"a", "a", "a"}, []int{0}, 3},
		{"of one person, the last", []string{"a", "a", "a"}, []int{2}, 0},
		{"among the rows of the same person", []string{"a", "b", "a", "a", "b", "a"}, []int{2}, 0},
		{"two of one person", []string{"a", "b", "a", "a", "b", "a"}, []int{0, 3}, 0},
	}
	for _, tt := range tests {
		for _, concurrency := range []int{1, 8} {
			for _, bytes := range []int{150, 500, DefaultBatchBytes} {
				for status, page := range map[int]string{403: firewallPage, 400: "Bad Request", 413: "too long", 422: `{"detail":"no"}`} {
					t.Run(fmt.Sprintf("%s, %d at once, %d bytes, %d", tt.name, concurrency, bytes, status), func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							wall := &firewall{refused: make(map[int]bool), status: status, page: page}
							for _, n := range tt.refused {
								wall.refused[n] = true
							}
							in := rowsOf(tt.people)
							var rejects strings.Builder
							s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: wall.client(t, cio.Config{}), BatchBytes: bytes, Concurrency: concurrency, Rejects: &rejects})
							wall.check(t, "", tt.people, s, err, rejects.String())
							if many := bytes == DefaultBatchBytes; many && int(s.Unsent) != tt.unsent {
								t.Errorf("%d unsent: %v", s.Unsent, err)
							}
						})
					})
				}
			}
		}
	}
}

// For every set of messages that a firewall refuses and any number of parallel calls: all other messages are accepted, once, in the order of each
// person. Refused messages are rejected, unless nothing was accepted after the last refusal.
func TestFirewallModel(t *testing.T) {
	t.Parallel()
	seeds := uint64(60)
	if os.Getenv("CIOKIT_FULL") == "1" {
		seeds = 400
	}
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(seed, 11))
			rows := 1 + rnd.IntN(200)
			persons := 1 + rnd.IntN(rows)
			var ids []string
			for range rows {
				ids = append(ids, "p"+strconv.Itoa(rnd.IntN(persons)))
			}
			wall := &firewall{refused: make(map[int]bool)}
			if rnd.IntN(2) == 0 {
				wall.status, wall.page = 400, "Bad Request"
			}
			if rnd.IntN(2) == 0 {
				pauses := rand.New(rand.NewPCG(seed, 12))
				var mu sync.Mutex
				wall.took = func() time.Duration {
					mu.Lock()
					defer mu.Unlock()
					return time.Duration(pauses.IntN(300)) * time.Millisecond
				}
			}
			share := []int{200, 50, 10, 4, 2}[rnd.IntN(5)]
			for i := range rows {
				wall.refused[i] = rnd.IntN(share) == 0
			}
			in := rowsOf(ids)
			job := Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: wall.client(t, cio.Config{MaxElapsed: 10 * time.Minute}),
				BatchBytes: []int{1, 300, 1000, 3000, DefaultBatchBytes}[rnd.IntN(5)], Concurrency: []int{1, 2, 8}[rnd.IntN(3)]}
			var rejects strings.Builder
			job.Rejects = &rejects
			begun := time.Now()
			s, err := Run(t.Context(), job)
			wall.check(t, fmt.Sprint("seed ", seed), ids, s, err, rejects.String())
			if t.Failed() || testing.Verbose() {
				t.Logf("seed %d: rows %d persons %d share 1/%d bytes %d concurrency %d: %v, %s, after %v, %d requests", seed, rows, persons, share, job.BatchBytes, job.Concurrency, err, counts(s), time.Since(begun), wall.requests)
			}
		})
	}
}

// While a gateway refuses everything, the load waits, even if it has few rows, and completes when that is over.
func TestGatewayRefusesEverythingForAWhile(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 2, 5, 9, 10, 11, 12, 100, 3000} {
		for _, concurrency := range []int{1, 8} {
			for _, bytes := range []int{1, 2000, DefaultBatchBytes} {
				t.Run(fmt.Sprintf("%d rows, %d at once, %d bytes", rows, concurrency, bytes), func(t *testing.T) {
					if rows == 3000 && bytes == 1 {
						t.Skip("a request for each of 3,000 rows")
					}
					synctest.Test(t, func(t *testing.T) {
						wall := &firewall{status: 400, page: "Bad Request", until: time.Now().Add(5 * time.Second)}
						in := rowsOf(eachOnce(rows))
						begun := time.Now()
						s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: wall.client(t, cio.Config{}), BatchBytes: bytes, Concurrency: concurrency})
						checkSum(t, s)
						if err != nil || s.Accepted != int64(rows) || len(wall.accepted) != rows {
							t.Errorf("%v after %v: %s", err, time.Since(begun), counts(s))
						}
						if took := time.Since(begun); took > time.Minute {
							t.Errorf("it took %v", took)
						}
					})
				})
			}
		}
	}
}

// A gateway that refuses everything for good ends the load after the client has tried for its full time, with everything unsent.
func TestGatewayRefusesEverythingForGood(t *testing.T) {
	t.Parallel()
	for _, rows := range []int{1, 5, 100, 20_000} {
		synctest.Test(t, func(t *testing.T) {
			wall := &firewall{status: 400, page: "Bad Request", until: time.Now().Add(1000 * time.Hour)}
			in := rowsOf(eachOnce(rows))
			begun := time.Now()
			s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: wall.client(t, cio.Config{MaxElapsed: 10 * time.Minute}), BatchBytes: 20_000, Concurrency: 4})
			checkSum(t, s)
			if !errors.Is(err, ErrGaveUp) || !errors.Is(err, cio.ErrNotAPI) || s.Unsent != int64(rows) || !s.Complete {
				t.Errorf("%v: %s", err, counts(s))
			}
			if took := time.Since(begun); took > 11*time.Minute {
				t.Errorf("%d rows: it took %v", rows, took)
			}
		})
	}
}

// Messages after a message that is set aside fill the room for rows. Then it is decided, and the load continues. The test uses a real client and a
// file with one person.
func TestAsideDoesNotBlock(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wall := &firewall{refused: map[int]bool{0: true}}
		var in strings.Builder
		in.WriteString("id,n\n")
		long := strings.Repeat(" ", 1000)
		const rows = 10_000
		for i := range rows {
			fmt.Fprintf(&in, "a,%d%s\n", i, long)
		}
		yaml := "messages:\n  - identify: {userId: $id, traits: {n: '=int(trim(n))'}}\n"
		s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, yaml), Client: wall.client(t, cio.Config{}), BatchBytes: 20_000, Concurrency: 2})
		checkSum(t, s)
		if !errors.Is(err, ErrGaveUp) || s.Unsent != rows || !s.Complete || len(wall.accepted) > 0 {
			t.Errorf("%v: %s", err, counts(s))
		}
	})
}

// An interrupted load returns the messages that are set aside as unsent.
func TestInterruptedWhileSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		wall := &firewall{refused: map[int]bool{0: true}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		in := rowsOf([]string{"a", "a"})
		s, err := Run(ctx, Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: wall.client(t, cio.Config{})})
		checkSum(t, s)
		if !errors.Is(err, ErrInterrupted) || s.Unsent != 2 {
			t.Errorf("%v: %s", err, counts(s))
		}
	})
}

// Rejections by the API for one reason end a load after 1,000 in a row, for any MaxErrors except Unlimited.
func TestOneReasonForAll(t *testing.T) {
	t.Parallel()
	refusal := func(why string) error { return &cio.APIError{Status: 400, Message: why} }
	tests := []struct {
		name string
		most int64
		why  func(n int) string
		good func(n int) bool
		want error
	}{
		{"one reason", 50_000, func(int) string { return "no such trait" }, func(int) bool { return false }, ErrTooManyErrors},
		{"one reason, no limit", Unlimited, func(int) string { return "no such trait" }, func(int) bool { return false }, nil},
		{"others are accepted", 50_000, func(int) string { return "no such trait" }, func(n int) bool { return n%900 == 0 }, nil},
		{"each its own reason", 50_000, strconv.Itoa, func(int) bool { return false }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := 0
			client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
				outcomes := make(map[int]cio.Failure)
				for i := range m {
					if n++; !tt.good(n) {
						outcomes[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: refusal(tt.why(n))}
					}
				}
				return failures(len(m), outcomes)
			}}
			s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(5000), source.Config{}), Mapping: mustMapping(t, people), Client: client, MaxErrors: tt.most, BatchBytes: 5000})
			checkSum(t, s)
			if !errors.Is(err, tt.want) || tt.want == nil && (err != nil || s.Unsent > 0) {
				t.Errorf("%v: %s", err, counts(s))
			}
			if tt.want != nil && (!strings.Contains(err.Error(), "no such trait") || s.Unsent == 0 || s.RejectedByAPI < sameRefusals || s.RejectedByAPI > 2*sameRefusals) {
				t.Errorf("%v: %s", err, counts(s))
			}
		})
	}
}
