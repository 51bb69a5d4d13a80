package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/source"
)

// A server that refuses everything gets no more requests than were under way when the bound was reached: one message in each request.
func TestRefusalsBeyondTheBound(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		concurrency int
		most, want  int64
	}{{1, 20, 21}, {1, 1, 2}, {1, None, 1}, {8, None, 1}, {8, -7, 1}, {8, 20, 21}, {8, 300, 301}, {8, 0, sameRefusals}, {8, 100_000, sameRefusals}} {
		t.Run(fmt.Sprintf("%d of %d", tt.concurrency, tt.most), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := emulated(t, cio.Config{})
				if err := server.AddFault(emulator.Fault{Status: 400, DelayMS: 50}); err != nil {
					t.Fatal(err)
				}
				s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(20_000), source.Config{}), Mapping: mustMapping(t, people), Client: client, MaxErrors: tt.most, Concurrency: tt.concurrency})
				checkSum(t, s)
				if !errors.Is(err, ErrTooManyErrors) || s.RejectedByAPI < tt.want || s.RejectedByAPI > tt.want+int64(tt.concurrency)-1 || s.Unknown > 0 || s.Rows != 20_000 {
					t.Errorf("%v: %s", err, counts(s))
				}
				if tt.concurrency == 1 && strings.Contains(err.Error(), "on their way then") { // otherwise the requests that are under way could already be answered
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// Rejections in a row are those without an acceptance between them, also within a batch.
func TestAcceptedBetweenRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		srv := emulator.Config{Refuse: func(m emulator.Message) (string, bool) {
			return "no-such-luck", !strings.HasSuffix(m.UserID, "00")
		}}.InProcess(t)
		client, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
		if err != nil {
			t.Fatal(err)
		}
		var rows strings.Builder
		rows.WriteString("id,n\n")
		for i := range 3000 {
			fmt.Fprintf(&rows, "u%d,1\n", i)
		}
		s, err := Run(t.Context(), Job{Source: mustSource(t, rows.String(), source.Config{}), Mapping: mustMapping(t, people), Client: client, MaxErrors: 50_000, Concurrency: 4})
		checkSum(t, s)
		if err != nil || s.Accepted != 29 || s.RejectedByAPI != 2971 {
			t.Errorf("%v: %s", err, counts(s))
		}
	})
}

// A load gives up when nothing was accepted for Config.MaxElapsed, no matter when its requests began: not earlier, and not later because of a request
// that began late.
func TestGivesUpAfterTheLastAcceptance(t *testing.T) {
	t.Parallel()
	for _, concurrency := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			var mu sync.Mutex
			var last time.Time
			down := transportFunc(func(r *http.Request) (*http.Response, error) {
				io.Copy(io.Discard, r.Body)
				r.Body.Close()
				mu.Lock()
				defer mu.Unlock()
				status := http.StatusServiceUnavailable
				if time.Since(start) < 90*time.Second {
					status = http.StatusOK
				}
				last = time.Now()
				return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"300"}}, Body: http.NoBody, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r}, nil
			})
			client, err := cio.NewClient(cio.Config{APIKey: "k", BaseURL: "http://api.test", HTTPClient: &http.Client{Transport: down}, MaxElapsed: 10 * time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			input, feed := io.Pipe()
			go func() { // one row a minute: requests begin at different times
				fmt.Fprintln(feed, "id,n")
				for i := range 8 {
					fmt.Fprintf(feed, "u%d,1\n", i)
					time.Sleep(time.Minute)
				}
				feed.Close()
			}()
			src, err := source.New(input, source.Config{Format: source.FormatCSV})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), Client: client, Concurrency: concurrency})
			checkSum(t, s)
			// The rows of minutes 0 and 1 are accepted; the first request that fails is that of minute 2.
			gaveUp := last.Sub(start).Truncate(2 * time.Second)
			if !errors.Is(err, ErrGaveUp) || s.Accepted != 2 || gaveUp != 12*time.Minute || s.Unsent != 6 {
				t.Errorf("%d side by side: last try at %v: %v: %s", concurrency, last.Sub(start), err, counts(s))
			}
		})
	}
}

type transportFunc func(*http.Request) (*http.Response, error)

func (f transportFunc) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// The bounds of a journal keep the meaning that they had when it was written: max_errors was how many rejections end a load, -1 for none, and
// max_deletes how many deletions are allowed, -1 for none. Earlier programs can read what is written now.
func TestBoundsOfJournals(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want Bounds
	}{
		{`{"max_errors":-1,"max_deletes":-1}`, Bounds{MaxErrors: Unlimited, MaxDeletes: None}},
		{`{"max_errors":1,"max_deletes":100}`, Bounds{MaxErrors: None, MaxDeletes: 100}},
		{`{"max_errors":1001,"max_deletes":9223372036854775807,"max_shrink":20}`, Bounds{MaxErrors: 1000, MaxDeletes: Unlimited, MaxShrink: 20}},
		{`{"max_errors":2,"max_deletes":1,"expect_rows":{"Min":1,"Max":2}}`, Bounds{MaxErrors: 1, MaxDeletes: 1, ExpectRows: RowRange{1, 2}}},
	} {
		var got Bounds
		if err := json.Unmarshal([]byte(tt.text), &got); err != nil || got != tt.want {
			t.Errorf("%s: %+v, %v; want %+v", tt.text, got, err, tt.want)
		}
		if text, err := json.Marshal(got); err != nil || string(text) != tt.text {
			t.Errorf("%+v: %s, %v; want %s", got, text, err, tt.text)
		}
	}
}

// A resumed load without its own bounds has the bounds that it began with.
func TestResumedBounds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ given, want int64 }{{0, DefaultMaxErrors}, {None, None}, {-7, None}, {1, 1}, {Unlimited, Unlimited}} {
		f := newLoadFile(t, "id,n\n1,1\n")
		job := f.job()
		job.MaxErrors, job.MaxDeletes = tt.given, tt.given
		l, err := Start(f.dir, job)
		if err != nil {
			t.Fatal(err)
		}
		l.keep = true // as if it had been killed
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if l, err = Resume(f.dir, l.ID(), f.job()); err != nil {
			t.Fatal(err)
		}
		want := Bounds{MaxErrors: tt.want, MaxDeletes: tt.want}
		if tt.given == 0 {
			want.MaxDeletes = DefaultMaxDeletes
		}
		if got := l.job.bounds(); got.MaxErrors != want.MaxErrors || got.MaxDeletes != want.MaxDeletes {
			t.Errorf("%d: %+v, want %+v", tt.given, got, want)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
