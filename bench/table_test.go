package main

import (
	"context"
	"errors"
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
	if got := multiple(3, 2); got != "1.50" {
		t.Error(got)
	}
	if got := multiple(3, 0); got != "" {
		t.Error(got)
	}
}

// broken takes a few events and then fails.
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

// A measurement of a client that fails is no measurement.
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
