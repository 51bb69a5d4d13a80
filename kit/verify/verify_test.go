package verify

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// workspace is an emulated workspace with a client for each of its APIs.
func workspace(t *testing.T) (*cio.Client, *appapi.Client) {
	t.Helper()
	hc := &http.Client{Transport: emulator.New(emulator.Config{}).Transport()}
	send, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: hc})
	if err != nil {
		t.Fatal(err)
	}
	read, err := appapi.NewClient(appapi.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: hc, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	return send, read
}

// open opens a file again: reading uses up a Source.
func open(t *testing.T, file string) source.Source {
	t.Helper()
	src, err := source.Open(file, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const peopleMapping = `
messages:
  - identify:
      userId: $id
      traits: {email: $email, plan: $plan, orders: =int(orders), spent: =decimal(spent)}
`

// people makes a file of n people and its mapping.
func people(t *testing.T, n int) (file string, m *mapping.Mapping) {
	t.Helper()
	var b strings.Builder
	b.WriteString("id,email,plan,orders,spent\n")
	for i := range n {
		fmt.Fprintf(&b, "p%d,P%d@Example.com,%s,%d,%d.50\n", i, i, []string{"pro", "basic", "ünder \"quotes\""}[i%3], i%7, i)
	}
	file = write(t, "people.csv", strings.ReplaceAll(b.String(), `ünder "quotes"`, `"ünder ""quotes"""`))
	m, err := mapping.Read(write(t, "people.yaml", peopleMapping))
	if err != nil {
		t.Fatal(err)
	}
	return file, m
}

// expected reads what the workspace should have.
func expected(t *testing.T, file string, m *mapping.Mapping, sample int, seed uint64) *Expectation {
	t.Helper()
	e, err := Expect(t.Context(), open(t, file), m, false, sample, seed)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// loadAll loads a file.
func loadAll(t *testing.T, client *cio.Client, file string, m *mapping.Mapping) {
	t.Helper()
	s, err := load.Run(t.Context(), load.Job{Source: open(t, file), Mapping: m, Client: client})
	if err != nil || s.Rejected > 0 {
		t.Fatalf("%+v, %v", s, err)
	}
}

// TestFindsExactlyWhoWasChanged loads people, and then changes five and deletes two directly in the workspace.
func TestFindsExactlyWhoWasChanged(t *testing.T) {
	t.Parallel()
	file, m := people(t, 500)
	findsSeven(t, file, m)
}

// TestFindsExactlyWhoWasChangedAmongCDNOW does it with real data.
func TestFindsExactlyWhoWasChangedAmongCDNOW(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("23,544 people are read")
	}
	dir := filepath.Join("..", "..", "..", "shared", "data")
	m, err := mapping.Read(filepath.Join(dir, "cdnow_people.yaml"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("cdnow_people is not here: the reference data is in ../shared beside the repository")
	}
	if err != nil {
		t.Fatal(err)
	}
	findsSeven(t, filepath.Join(dir, "cdnow_people.csv"), m)
}

func findsSeven(t *testing.T, file string, m *mapping.Mapping) {
	t.Helper()
	send, read := workspace(t)
	loadAll(t, send, file, m)
	e := expected(t, file, m, All, 0)
	r, err := Run(t.Context(), e.People, Config{App: read, AtOnce: true})
	if err != nil || len(r.Wrong()) != 0 || len(r.People) != len(e.People) || len(r.Counts) != 1 {
		t.Fatalf("%v, %d wrong, %v", err, len(r.Wrong()), r.Counts)
	}
	want := map[string]Status{}
	for i := range 7 {
		p := e.People[i*len(e.People)/7]
		var msg cio.Message = cio.DeletePerson{UserID: p.ID}
		want[p.ID] = StatusMissing
		if i < 5 {
			name := slices.Sorted(func(yield func(string) bool) {
				for name := range p.Attributes {
					if name != "email" && !yield(name) {
						return
					}
				}
			})[0]
			msg = cio.Identify{UserID: p.ID, Traits: map[string]any{name: "changed"}}
			want[p.ID] = StatusDifferent
		}
		if err := send.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	r, err = Run(t.Context(), e.People, Config{App: read, AtOnce: true, Sent: time.Now().Add(-time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]Status{}
	for _, p := range r.Wrong() {
		got[p.ID] = p.Status
		if p.Gone != (p.Status == StatusMissing) {
			t.Errorf("%+v", p)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v, want %v", got, want)
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Contains(string(text), "changed") {
		t.Errorf("the result has values, or %v", err)
	}
}

// The sample is of people and not of rows. It is the same for a seed in any order of the rows, and each seed has another one.
func TestSample(t *testing.T) {
	t.Parallel()
	file, m := people(t, 100)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	slices.Reverse(lines[1:])
	backwards := write(t, "backwards.csv", strings.Join(lines, "\n")+"\n")
	ids := func(e *Expectation) (list []string) {
		for _, p := range e.People {
			list = append(list, p.ID)
		}
		slices.Sort(list)
		return list
	}
	a := ids(expected(t, file, m, 50, 1))
	if len(a) != 50 || !slices.Equal(a, ids(expected(t, backwards, m, 50, 1))) {
		t.Errorf("a sample depends on the order: %v", a)
	}
	if slices.Equal(a, ids(expected(t, file, m, 50, 2))) {
		t.Error("two seeds give the same people")
	}
	if n := len(expected(t, file, m, 5000, 1).People); n != 100 {
		t.Errorf("%d of 100 people", n)
	}
	counts := map[string]int{}
	for seed := range uint64(100) {
		for _, id := range ids(expected(t, file, m, 50, seed)) {
			counts[id]++
		}
	}
	for id, n := range counts { // 50 each, and six standard deviations
		if n < 20 || n > 80 {
			t.Errorf("%s is in %d of 100 samples of a half", id, n)
		}
	}
	if len(counts) != 100 {
		t.Errorf("%d people are in any sample", len(counts))
	}
}

// Several rows of a person make one expectation: the last value counts.
func TestExpectsWhatTheLastRowSays(t *testing.T) {
	t.Parallel()
	m, err := mapping.Read(write(t, "m.yaml", "messages:\n  - identify:\n      userId: $id\n      traits: {plan: $plan, city: $city}\n"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "rows.csv", "id,plan,city\nann,basic,Rome\nbob,pro,Bonn\nann,pro,\n")
	send, read := workspace(t)
	loadAll(t, send, file, m)
	e := expected(t, file, m, All, 0)
	if len(e.People) != 2 || e.Rows != 3 || string(e.People[0].Attributes["plan"]) != `"pro"` || e.People[0].Line != 2 || e.People[0].LastLine != 4 || e.People[1].LastLine != 3 {
		t.Fatalf("%+v", e)
	}
	r, err := Run(t.Context(), e.People, Config{App: read, AtOnce: true})
	if err != nil || len(r.Wrong()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// A userId that is an address, or Customer.io's own id, identifies the person that the API identifies.
func TestFindsPeopleByWhatTheirIDsAre(t *testing.T) {
	t.Parallel()
	m, err := mapping.Read(write(t, "m.yaml", "messages:\n  - identify:\n      userId: $id\n      traits: {plan: $plan}\n"))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, "rows.csv", "id,plan\nann@example.com,basic\nAnn@Example.com,pro\nbob,pro\n")
	send, read := workspace(t)
	loadAll(t, send, file, m)
	e := expected(t, file, m, All, 0)
	r, err := Run(t.Context(), e.People, Config{App: read, AtOnce: true})
	if err != nil || len(e.People) != 2 || len(r.Wrong()) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	gone := []Expected{{ID: "cio_00ff"}, {ID: "eve@example.com"}, {Email: "eve@example.com"}}
	r, err = Run(t.Context(), gone, Config{App: read, AtOnce: true, Sent: time.Now().Add(-time.Hour)})
	if err != nil || len(r.Wrong()) != 3 {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestCompare(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, sent, text string
		there            bool
		want             Status
	}{
		{"plan", `"pro"`, "pro", true, StatusArrived},
		{"plan", `"pro"`, "Pro", true, StatusDifferent},
		{"plan", `"pro"`, "", false, StatusMissing},
		{"plan", `"pro"`, "", true, StatusDifferent},
		{"plan", `null`, "", false, StatusArrived},
		{"plan", `null`, "pro", true, StatusDifferent},
		{"plan", `""`, "", false, StatusArrived},
		{"plan", `""`, "x", true, StatusDifferent},
		{"email", `"Ann@Example.com"`, "ann@example.com", true, StatusArrived},
		{"email", `"Ann@Example.com"`, "bob@example.com", true, StatusDifferent},
		{"n", `3`, "3", true, StatusArrived},
		{"n", `3`, "3.0", true, StatusArrived},
		{"n", `3.50`, "3.5", true, StatusArrived},
		{"n", `1e2`, "100", true, StatusArrived},
		{"n", `3`, "4", true, StatusDifferent},
		{"n", `12345678901234567890`, "12345678901234567891", true, StatusDifferent},
		{"n", `1e999999999`, "1e999999998", true, StatusDifferent},
		{"zip", `"01234"`, "1234", true, StatusDifferent},
		{"at", `"1997-01-02T03:04:05Z"`, "852174245", true, StatusArrived},
		{"at", `"1997-01-02T03:04:05.678Z"`, "852174245", true, StatusArrived},
		{"at", `"1997-01-02T05:04:05+02:00"`, "852174245", true, StatusArrived},
		{"at", `"1997-01-02T05:04:05+0200"`, "852174245", true, StatusArrived},
		{"at", `"1997-01-02T03:04:05"`, "852174245", true, StatusArrived},
		{"at", `"1997-01-02T03:04"`, "852174240", true, StatusArrived},
		{"at", `"1997-01-02T05:04+02:00"`, "852174240", true, StatusArrived},
		{"at", `"1997-01-02"`, "852163200", true, StatusArrived},
		{"at", `"1997-01-02"`, "1997-01-02", true, StatusArrived},
		{"at", `"1997-01-02"`, "852163201", true, StatusDifferent},
		{"at", `"1997-02-30"`, "857260800", true, StatusDifferent},
		{"at", `"02.01.1997"`, "852163200", true, StatusDifferent},
		{"o", `{"a":"1997-01-02","b":1}`, `{"a":852163200,"b":1}`, true, StatusArrived},
		{"o", `{"a":"1997-01-02"}`, `{"a":852163201}`, true, StatusNotComparable},
		{"b", `true`, "true", true, StatusArrived},
		{"b", `true`, "false", true, StatusDifferent},
		{"b", `true`, "1", true, StatusDifferent},
		{"o", `{"a":1,"b":[2]}`, `{"b":[2.0],"a":1}`, true, StatusArrived},
		{"o", `{"a":1}`, `{"a":2}`, true, StatusNotComparable},
		{"o", `[1]`, `1`, true, StatusNotComparable},
		{"o", `[1]`, ``, false, StatusMissing},
	} {
		if got := compare(tc.name, json.RawMessage(tc.sent), tc.text, tc.there); got != tc.want {
			t.Errorf("%s: sent %s, read %q (%t): %s, want %s", tc.name, tc.sent, tc.text, tc.there, got, tc.want)
		}
	}
}

// late answers as the emulator does, but knows nobody before a given time.
type late struct {
	next  http.RoundTripper
	from  time.Time
	calls atomic.Int64
}

func (l *late) RoundTrip(r *http.Request) (*http.Response, error) {
	l.calls.Add(1)
	if time.Now().Before(l.from) {
		return &http.Response{StatusCode: 404, Body: io.NopCloser(strings.NewReader("{}")), Request: r}, nil
	}
	return l.next.RoundTrip(r)
}

// Run waits for late values. With AtOnce they are not yet there; after the wait they are missing.
func TestWaitsForWhatIsLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		file, m := people(t, 5)
		srv := emulator.New(emulator.Config{})
		send, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: srv.Transport()}})
		if err != nil {
			t.Fatal(err)
		}
		loadAll(t, send, file, m)
		through := &late{next: srv.Transport(), from: time.Now().Add(70 * time.Second)}
		read, err := appapi.NewClient(appapi.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: through}, RateLimit: -1})
		if err != nil {
			t.Fatal(err)
		}
		e := expected(t, file, m, All, 0)
		started := time.Now()
		r, err := Run(t.Context(), e.People, Config{App: read, AtOnce: true})
		if err != nil || len(r.Wrong()) != 5 || r.People[0].Status != StatusNotYet || !r.People[0].Gone || r.Counts[StatusNotYet] != 25-5 {
			t.Errorf("at once: %+v, %v", r, err)
		}
		r, err = Run(t.Context(), e.People, Config{App: read, Wait: 30 * time.Second})
		if err != nil || len(r.Wrong()) != 5 || r.People[0].Status != StatusMissing || time.Since(started) != 30*time.Second {
			t.Errorf("too short a wait: %+v, %v after %v", r, err, time.Since(started))
		}
		var seen []string
		r, err = Run(t.Context(), e.People, Config{App: read, Progress: func(read, arrived int) { seen = append(seen, fmt.Sprint(read, " ", arrived)) }})
		if err != nil || len(r.Wrong()) != 0 || time.Since(started) > 100*time.Second || seen[len(seen)-1] != "5 5" {
			t.Errorf("with a wait: %+v, %v after %v, %v", r, err, time.Since(started), seen)
		}
	})
}

func TestErrorsOfReadingEndIt(t *testing.T) {
	t.Parallel()
	file, m := people(t, 40)
	e := expected(t, file, m, All, 0)
	_, read := workspace(t)
	if _, err := Run(t.Context(), e.People, Config{}); err == nil {
		t.Error("no client is no error")
	}
	refused, err := appapi.NewClient(appapi.Config{APIKey: emulator.UnknownKey, BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: emulator.New(emulator.Config{}).Transport()}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), e.People, Config{App: refused, AtOnce: true}); !errors.Is(err, appapi.ErrUnauthorized) {
		t.Errorf("a key that is refused: %v", err)
	}
	if r, err := Run(t.Context(), nil, Config{App: read}); err != nil || len(r.People) != 0 {
		t.Errorf("nobody: %v, %v", r, err)
	}
}
