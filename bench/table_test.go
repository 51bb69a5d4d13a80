package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/bench/internal/sink"
)

func TestMedian(t *testing.T) {
	t.Parallel()
	r := &row{}
	for _, s := range []int{5, 1, 4, 2, 3} {
		r.results = append(r.results, result{Taken: 1_000_000, CPU: time.Duration(s) * time.Second, Wall: time.Second})
	}
	if got := r.median(cpuPerMillion); got != 3 {
		t.Errorf("got %v", got)
	}
	if got := r.median(perSecond); got != 1e6 {
		t.Errorf("%v events/s", got)
	}
}

func TestArrived(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		counts []sink.Counts
		want   string
	}{
		{[]sink.Counts{{Messages: 10, Distinct: 10}, {Messages: 10, Distinct: 10}}, "20"},
		{[]sink.Counts{{Messages: 10, Distinct: 10}, {Messages: 7, Distinct: 7}}, "17 (3 lost)"},
		{[]sink.Counts{{Messages: 12, Distinct: 10}, {Messages: 10, Distinct: 10}}, "20 (0 lost, 2 twice)"},
	} {
		if got := arrived(&row{counts: c.counts}, 10); got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
	}
}

func TestRatios(t *testing.T) {
	t.Parallel()
	if got := share(8, 2); got != "1/4.0" {
		t.Error(got)
	}
	if got := share(0, 2); got != "" {
		t.Error(got)
	}
	if got := multiple(3, 2); got != "1.500" {
		t.Error(got)
	}
	if got := multiple(3, 0); got != "" {
		t.Error(got)
	}
}

// broken accepts a few events and then fails.
type broken struct {
	takes    int
	closeErr error
}

var errBroken = errors.New("broken")

func (b *broken) Put(n int) error {
	if n >= b.takes {
		return errBroken
	}
	return nil
}

func (b *broken) Close(context.Context) error { return b.closeErr }

// A measurement of a client that fails does not count.
func TestMeasure(t *testing.T) {
	r, err := measure(&broken{takes: 100}, job{Events: 100})
	if err != nil || r.Taken != 100 || r.Peak == 0 || r.Wall <= 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := measure(&broken{takes: 3}, job{Events: 100}); !errors.Is(err, errBroken) {
		t.Errorf("a failing Put: %v", err)
	}
	if _, err := measure(&broken{takes: 100, closeErr: errBroken}, job{Events: 100}); !errors.Is(err, errBroken) {
		t.Errorf("a failing Close: %v", err)
	}
}

// With another executable, each of our clients is measured twice, and no other.
func TestRowsBefore(t *testing.T) {
	t.Parallel()
	var names []string
	for _, r := range newRows([]string{"ours-map", "segmentio"}, "other") {
		names = append(names, r.name())
		if (r.before == "other") != strings.HasSuffix(r.name(), ", before") {
			t.Errorf("%s is made by %q", r.name(), r.before)
		}
	}
	if want := []string{"ours-map, before", "ours-map", "segmentio"}; !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
	if got := newRows([]string{"ours-map", "segmentio"}, ""); len(got) != 2 {
		t.Errorf("%d rows without another executable", len(got))
	}
}

// Every round contains every row once. In every two rounds, of two rows each comes first once. Over all rounds every row begins once.
func TestOrder(t *testing.T) {
	t.Parallel()
	rows := newRows([]string{"ours-typed", "ours-map"}, "other")
	before, begins := map[string]int{}, map[*row]bool{}
	for round := range 2 * len(rows) {
		turn := order(rows, round)
		place := map[*row]int{}
		for i, r := range turn {
			place[r] = i
		}
		begins[turn[0]] = true
		if len(place) != len(rows) || len(turn) != len(rows) {
			t.Fatalf("round %d takes %d of %d rows", round, len(place), len(rows))
		}
		for i := 0; i < len(rows); i += 2 {
			if place[rows[i]] < place[rows[i+1]] {
				before[rows[i].client]++
			}
		}
	}
	for client, n := range before {
		if n != len(rows) {
			t.Errorf("%s came first in %d of %d rounds", client, n, 2*len(rows))
		}
	}
	if len(begins) != len(rows) {
		t.Errorf("%d of %d rows began a round", len(begins), len(rows))
	}
}

func TestPairwise(t *testing.T) {
	t.Parallel()
	cpu := func(seconds ...float64) *row {
		r := &row{}
		for _, s := range seconds {
			r.results = append(r.results, result{Taken: 1_000_000, CPU: time.Duration(s * float64(time.Second))})
		}
		return r
	}
	if got, want := pairwise(cpu(2, 3, 9), cpu(1, 3, 3)), []float64{1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
