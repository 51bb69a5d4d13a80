package main

import (
	"path/filepath"
	"testing"
)

// Each message of the table has one possible outcome.
func TestCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	cases := []struct {
		name  string
		marks []int
		fate  fate
		want  tally
	}{
		{"accepted and reported so", []int{markTaken, markOK}, fate{processed: 1, answered: true}, tally{Taken: 1, Accepted: 1}},
		{"accepted, twice", []int{markTaken, markOK}, fate{processed: 2}, tally{Taken: 1, Accepted: 1, Twice: 1}},
		{"never heard of again", []int{markTaken}, fate{}, tally{Taken: 1, Lost: 1}},
		{"accepted, and no report of it", []int{markTaken}, fate{processed: 1}, tally{Taken: 1, Accepted: 1, Silent: 1}},
		{"reported as accepted, and it was not", []int{markTaken, markOK}, fate{}, tally{Taken: 1, Lost: 1, Untrue: 1}},
		{"reported as accepted, it was refused", []int{markTaken, markOK}, fate{culprit: true}, tally{Taken: 1, Lost: 1, Untrue: 1}},
		{"reported failed, and refused", []int{markTaken, markFailed}, fate{culprit: true}, tally{Taken: 1, Failed: 1}},
		{"reported failed for others", []int{markTaken, markFailed}, fate{}, tally{Taken: 1, Failed: 1, Innocent: 1}},
		{"reported failed, and arrived", []int{markTaken, markFailed}, fate{processed: 1}, tally{Taken: 1, Accepted: 1, Failed: 1, Innocent: 1, Mistaken: 1}},
		{"handed back", []int{markTaken, markBack}, fate{}, tally{Taken: 1, Back: 1}},
		{"handed back, and it was refused", []int{markTaken, markBack}, fate{culprit: true}, tally{Taken: 1, Back: 1}},
		{"handed back, and had arrived", []int{markTaken, markBack}, fate{processed: 1}, tally{Taken: 1, Accepted: 1, Back: 1, Mistaken: 1}},
		{"handed back, and its acceptance had been answered", []int{markTaken, markBack}, fate{processed: 1, answered: true}, tally{Taken: 1, Accepted: 1, Back: 1, Mistaken: 1}},
		{"reported failed, and its acceptance had been answered", []int{markTaken, markFailed}, fate{processed: 1, answered: true}, tally{Taken: 1, Accepted: 1, Failed: 1, Innocent: 1, Mistaken: 1, Two: 1}},
		{"answered and never reported", []int{markTaken}, fate{processed: 1, answered: true}, tally{Taken: 1, Accepted: 1, Silent: 1}},
		{"refused by Enqueue", []int{markRefused}, fate{}, tally{Refused: 1}},
		{"never enqueued", nil, fate{}, tally{}},
		{"reported accepted twice", []int{markTaken, markOK, markOK}, fate{processed: 1}, tally{Taken: 1, Accepted: 1, Two: 1}},
		{"reported failed twice", []int{markTaken, markFailed, markFailed}, fate{culprit: true}, tally{Taken: 1, Failed: 1, Two: 1}},
		{"reported failed, then accepted", []int{markTaken, markFailed, markOK}, fate{processed: 1, culprit: true}, tally{Taken: 1, Accepted: 1, Failed: 1, Mistaken: 1, Two: 1}},
		{"reported as accepted and handed back", []int{markTaken, markOK, markBack}, fate{processed: 1}, tally{Taken: 1, Accepted: 1, Back: 1, Mistaken: 1, Two: 1}},
		{"reported as accepted and handed back, and neither arrived", []int{markTaken, markOK, markBack}, fate{}, tally{Taken: 1, Back: 1, Untrue: 1, Two: 1}},
		{"reported failed and handed back", []int{markTaken, markFailed, markBack}, fate{culprit: true}, tally{Taken: 1, Failed: 1, Back: 1, Two: 1}},
		{"handed back twice", []int{markTaken, markBack, markBack}, fate{}, tally{Taken: 1, Back: 1, Two: 1}},
	}
	for _, c := range cases {
		if err := createLedger(path, 1); err != nil {
			t.Fatal(err)
		}
		l, err := openLedger(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range c.marks {
			l.set(0, m)
		}
		if err := l.close(); err != nil {
			t.Fatal(err)
		}
		if l, err = openLedger(path); err != nil { // as another process reads it
			t.Fatal(err)
		}
		if got := count(l, []fate{c.fate}); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		l.close()
	}
}

func TestOpenLedgerOfNothing(t *testing.T) {
	if _, err := openLedger(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("opened a file that does not exist")
	}
}
