package load

import (
	"fmt"
	"io"
	"net/http"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// shopRows generates CSV of ten columns without keeping it.
type shopRows struct {
	rows, at int
	rest     []byte
}

const shopHeader = "id,email,name,city,plan,orders,total,first_at,last_at,note\n"

func (r *shopRows) Read(p []byte) (int, error) {
	for len(r.rest) < len(p) && r.at < r.rows {
		if r.at == 0 {
			r.rest = append(r.rest, shopHeader...)
		}
		r.rest = fmt.Appendf(r.rest, "%08d,person%d@example.com,\"Ann, the %dth\",Berlin,pro,%d,%d.%02d,2021-01-%02d,2022-03-04 05:06:07,some text to carry\n", r.at, r.at, r.at, r.at%50, r.at%1000, r.at%100, r.at%28+1)
		r.at++
	}
	n := copy(p, r.rest)
	r.rest = append(r.rest[:0], r.rest[n:]...)
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

const shopMapping = `
messages:
  - identify:
      userId: $id
      traits: {email: $email, name: $name, city: $city, plan: $plan, orders: =int(orders), total: =decimal(total), first_at: =date(first_at), last_at: =date(last_at), note: $note}
`

// sink answers 200 to everything.
type sink struct{}

func (sink) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Header: make(http.Header), Body: http.NoBody, Request: r}, r.Body.Close()
}

func sinkClient(t testing.TB) *cio.Client {
	t.Helper()
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://sink.test", HTTPClient: &http.Client{Transport: sink{}}, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// TestMemory loads a stream that is far larger than the memory that it is allowed to use.
func TestMemory(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("memory is not measured in short tests and under the race detector")
	}
	rows := 200_000
	if deep() {
		rows = 10_000_000
	}
	src, err := source.New(&shopRows{rows: rows}, source.Config{Format: source.FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	debug.FreeOSMemory() // of the tests before
	sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64() - sample[1].Value.Uint64() // memory that they left in use
	peak := before
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, shopMapping), Client: sinkClient(t), Progress: func(Progress) {
		metrics.Read(sample)
		peak = max(peak, sample[0].Value.Uint64()-sample[1].Value.Uint64())
	}, ProgressEvery: 1e7})
	checkSum(t, s)
	if err != nil || s.Accepted != int64(rows) {
		t.Fatalf("%v, %s", err, counts(s))
	}
	t.Logf("%d rows in %.1f s, %d MiB at most, %d of them before", rows, s.Seconds, peak>>20, before>>20)
	peak -= before
	if peak > 64<<20 {
		t.Errorf("%d MiB of memory for %d rows, want at most 64", peak>>20, rows)
	}
}

func BenchmarkRun(b *testing.B) {
	src, err := source.New(&shopRows{rows: b.N}, source.Config{Format: source.FormatCSV})
	if err != nil {
		b.Fatal(err)
	}
	defer src.Close()
	client := sinkClient(b)
	b.ReportAllocs()
	b.ResetTimer()
	if s, err := Run(b.Context(), Job{Source: src, Mapping: mustMapping(b, shopMapping), Client: client}); err != nil || s.Accepted != int64(b.N) {
		b.Fatal(err, s)
	}
}
