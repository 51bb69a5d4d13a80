package main

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

// try runs an experiment within the test's own process.
func try(t *testing.T, name string, r row, limits bool) (tally, *server, outcome) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "ledger")
	if err := createLedger(path, r.Messages); err != nil {
		t.Fatal(err)
	}
	s := newServer(r.Messages, r.fault, limits)
	address, stop, err := s.start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	o, err := application{name, "http://" + address, path, r}.run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stop()
	l, err := openLedger(path)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	return count(l, s.fates), s, o
}

// Without a fault, every client delivers every message, and the counts agree.
func TestNoFault(t *testing.T) {
	for _, name := range clientNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, s, o := try(t, name, row{Messages: 1000, Linger: 10 * time.Second}, true)
			if want := (tally{Taken: 1000, Accepted: 1000}); got != want || s.changed != 0 || o.Late != 0 || o.Surplus != 0 || o.Enqueued.IsZero() {
				t.Errorf("got %+v, %d changed, %+v", got, s.changed, o)
			}
		})
	}
}

// A callback that blocks delays every client. A client that waits for it still delivers every message.
func TestBlockedCallback(t *testing.T) {
	for _, name := range clientNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, o := try(t, name, row{Messages: 1000, Block: 200 * time.Millisecond, fault: always(action{delay: 50 * time.Millisecond})}, true)
			if want := (tally{Taken: 1000, Accepted: 1000}); got != want || !o.Blocked || o.Closing < 200*time.Millisecond || o.Late != 0 || o.Surplus != 0 {
				t.Errorf("got %+v, %+v", got, o)
			}
		})
	}
}

// A client that treats any 2xx as acceptance reports an untrue result, and the counts show it.
func TestPageTakenForAcceptance(t *testing.T) {
	t.Parallel()
	got, s, _ := try(t, "segmentio", row{Messages: 500, Linger: 10 * time.Second, fault: always(action{status: http.StatusOK, body: signInPage})}, true)
	if want := (tally{Taken: 500, Untrue: 500, Lost: 500}); got != want || s.refused != s.requests {
		t.Errorf("got %+v, %d of %d requests refused", got, s.refused, s.requests)
	}
}

func TestOursUnderFaults(t *testing.T) {
	for _, c := range []struct {
		row  row
		want tally
	}{
		{row{Name: "one message refused", Messages: 200, Linger: 10 * time.Second, fault: refuse(77, action{status: http.StatusBadRequest})}, tally{Taken: 200, Accepted: 199, Failed: 1}},
		{row{Name: "closed during an outage", Messages: 200, CloseWithin: 100 * time.Millisecond, fault: always(action{status: 500})}, tally{Taken: 200, Back: 200}},
		{row{Name: "too large", Messages: 20, Linger: 10 * time.Second, Large: map[int]int{3: 40 << 10, 5: 600 << 10}}, tally{Taken: 18, Accepted: 18, Refused: 2}},
		{row{Name: "another key", Messages: 200, Linger: 10 * time.Second, RenewKey: 300 * time.Millisecond, fault: func(r request) action {
			if r.key != newKey {
				return action{status: http.StatusUnauthorized}
			}
			return action{}
		}}, tally{Taken: 200, Accepted: 200}},
		{row{Name: "maps changed", Messages: 200, Mutate: true, Linger: 10 * time.Second}, tally{Taken: 200, Accepted: 200}},
	} {
		t.Run(c.row.Name, func(t *testing.T) {
			t.Parallel()
			got, s, _ := try(t, "ours", c.row, true)
			if got != c.want || s.changed != 0 {
				t.Errorf("got %+v, want %+v; %d changed", got, c.want, s.changed)
			}
		})
	}
}

// Enqueue during Close: accepted messages arrive, whatever the moment.
func TestOursRace(t *testing.T) {
	t.Parallel()
	got, _, _ := try(t, "ours", row{Messages: 500_000, Race: true}, true)
	if got.Taken < 8000 || got.Accepted != got.Taken || got.Lost != 0 || got.Failed != 0 || got.Twice != 0 || got.Refused > 8 {
		t.Errorf("%+v", got)
	}
}

func TestUnknownClient(t *testing.T) {
	if _, err := newClient("nobody", "", nil, nil); err == nil {
		t.Error("a client that does not exist was made")
	}
}
