package load

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// emulated returns a client and the workspace that it sends to, without a socket.
func emulated(t testing.TB, cfg cio.Config) (*cio.Client, *emulator.Server) {
	t.Helper()
	server := emulator.New(emulator.Config{})
	cfg.APIKey, cfg.BaseURL, cfg.HTTPClient = "key", "http://emulator.test", &http.Client{Transport: server.Transport()}
	client, err := cio.NewClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client, server
}

// sharedJob opens a file of the reference data and its mapping.
func sharedJob(t testing.TB, name string) Job {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data")
	m, err := mapping.Read(filepath.Join(dir, name+".yaml"))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("%s is not here: the reference data is in ../shared beside the repository", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.Open(filepath.Join(dir, name+".csv"), source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return Job{Source: src, Mapping: m}
}

// checkShop checks that all orders and people are there, to the cent.
func checkShop(t *testing.T, server *emulator.Server) {
	t.Helper()
	stats, err := server.Stats("")
	if err != nil {
		t.Fatal(err)
	}
	if stats.People != 23_544 || stats.Events != 69_659 || stats.Messages.Dropped != 0 || stats.Messages.Rejected != 0 {
		t.Errorf("the workspace has %+v", stats)
	}
	ids, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "data", "cdnow_people.csv"))
	if err != nil {
		t.Fatal(err)
	}
	sum := new(big.Rat)
	for _, line := range strings.Split(strings.TrimSpace(string(ids)), "\n")[1:] {
		id, _, _ := strings.Cut(line, ",")
		person, err := server.Person("", id)
		if err != nil {
			t.Fatal(err)
		}
		for _, event := range person.Events {
			var properties struct{ Total json.Number }
			if err := json.Unmarshal(event.Properties, &properties); err != nil {
				t.Fatal(err)
			}
			total, ok := new(big.Rat).SetString(properties.Total.String())
			if !ok {
				t.Fatalf("the total of an order is %q", properties.Total)
			}
			sum.Add(sum, total)
		}
	}
	if got := sum.FloatString(2); got != "2500315.63" {
		t.Errorf("the sum of all orders is %s, want 2500315.63", got)
	}
}

// deep reports whether to run the long tests.
func deep() bool { return os.Getenv("CIOKIT_DEEP") == "1" }

func TestLoadShop(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		faults []emulator.Fault
		often  bool // runs without CIOKIT_FULL; TestLoadWithFaults has all of them with fewer rows
	}{
		{"no faults", nil, true},
		{"a failure every third call", []emulator.Fault{{Every: 3, Status: 500}}, false},
		{"told to wait ten times", []emulator.Fault{{Count: 10, Status: 429, RetryAfter: 1}}, false},
		{"connections cut", []emulator.Fault{{Count: 12, Every: 2, Reset: true}}, false},
		{"a call that hangs", []emulator.Fault{{Count: 1, DelayMS: 30_000}}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if !tt.often && os.Getenv("CIOKIT_FULL") != "1" && !(deep() && tt.name == "connections cut") {
				t.Skip("set CIOKIT_FULL=1 for it")
			}
			synctest.Test(t, func(t *testing.T) {
				client, server := emulated(t, cio.Config{})
				for _, f := range tt.faults {
					if err := server.AddFault(f); err != nil {
						t.Fatal(err)
					}
				}
				for _, load := range []struct {
					name string
					want string
				}{
					{"cdnow_people", "rows 23544 bad 0 empty 0; messages 23544 accepted 23544 rejected 0 by API 0 unsent 0"},
					{"cdnow_orders", "rows 69659 bad 0 empty 0; messages 69659 accepted 69659 rejected 0 by API 0 unsent 0"},
					{"cdnow_people", "rows 23544 bad 0 empty 0; messages 23544 accepted 23544 rejected 0 by API 0 unsent 0"},
				} {
					job := sharedJob(t, load.name)
					job.Client = client
					s, err := Run(t.Context(), job)
					checkSum(t, s)
					if err != nil || counts(s) != load.want || !s.Complete {
						t.Fatalf("%s: %v, %s", load.name, err, counts(s))
					}
					if err := job.Source.Close(); err != nil {
						t.Fatal(err)
					}
				}
				checkShop(t, server)
			})
		})
	}
}

// Faults in a small load, produced by the emulator and the client: everything arrives once, or the run says why not.
func TestLoadWithFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		fault  emulator.Fault
		reason error
	}{
		{"a failure every third call", emulator.Fault{Every: 3, Status: 500}, nil},
		{"told to wait ten times", emulator.Fault{Count: 10, Status: 429, RetryAfter: 1}, nil},
		{"connections cut", emulator.Fault{Count: 12, Every: 2, Reset: true}, nil},
		{"a call that hangs", emulator.Fault{Count: 1, DelayMS: 30_000}, nil},
		{"the key is refused now and then", emulator.Fault{Every: 4, Status: 401}, nil},
		{"the key is refused after a while", emulator.Fault{Status: 401}, ErrKeyRefused},
		{"a page with success for a while", emulator.Fault{Count: 10, Status: 200, Body: "<html>"}, nil},
		{"a page with success for good", emulator.Fault{Status: 200, Body: "<html>"}, ErrGaveUp},
		{"down for good", emulator.Fault{Status: 503}, ErrGaveUp},
		{"refuses everything", emulator.Fault{Status: 400}, ErrTooManyErrors},
		{"redirects", emulator.Fault{Status: 302}, ErrGaveUp},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const rows = 2000
				client, server := emulated(t, cio.Config{MaxBatchBytes: 40_000, MaxElapsed: 10 * time.Minute})
				if tt.name == "the key is refused after a while" {
					if err := server.AddFault(emulator.Fault{Count: 3, DelayMS: 1}); err != nil {
						t.Fatal(err)
					}
				}
				if err := server.AddFault(tt.fault); err != nil {
					t.Fatal(err)
				}
				var rejects strings.Builder
				job := Job{Source: mustSource(t, personRows(rows), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 40_000 - 32, MaxErrors: 50, Rejects: &rejects}
				s, err := Run(t.Context(), job)
				checkSum(t, s)
				stats, statsErr := server.Stats("")
				if statsErr != nil {
					t.Fatal(statsErr)
				}
				if tt.reason == ErrKeyRefused && s.Accepted == 0 {
					t.Error("nothing was accepted before the key was refused")
				}
				if s.Rows != rows || s.Messages != rows || !s.Complete || int64(stats.People) != s.Accepted {
					t.Errorf("%s; the workspace has %d people", counts(s), stats.People)
				}
				if tt.reason == nil && (err != nil || s.Accepted != rows || s.Retried == 0) || !errors.Is(err, tt.reason) {
					t.Errorf("%v: %s, %d retries", err, counts(s), s.Retried)
				}
				if int64(strings.Count(rejects.String(), "\n")) != s.RejectedByAPI {
					t.Errorf("%d lines of rejects, %d refusals", strings.Count(rejects.String(), "\n"), s.RejectedByAPI)
				}
			})
		})
	}
}
