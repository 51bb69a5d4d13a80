package main

import (
	"path/filepath"
	"testing"
)

// Each message of the table stands for one way to end.
func TestCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger")
	cases := []struct {
		name      string
		marks     []int
		processed uint8
		culprit   bool // refused for its own sake
		want      tally
	}{
		{"accepted and told so", []int{markTaken, markOK}, 1, false, tally{Taken: 1, Accepted: 1}},
		{"accepted, twice", []int{markTaken, markOK}, 2, false, tally{Taken: 1, Accepted: 1, Twice: 1}},
		{"never heard of again", []int{markTaken}, 0, false, tally{Taken: 1, Lost: 1}},
		{"accepted, and no report of it", []int{markTaken}, 1, false, tally{Taken: 1, Accepted: 1}},
		{"told accepted, and it was not", []int{markTaken, markOK}, 0, false, tally{Taken: 1, Lost: 1, Untrue: 1}},
		{"told accepted, it was refused", []int{markTaken, markOK}, 0, true, tally{Taken: 1, Lost: 1, Untrue: 1}},
		{"reported failed, and refused", []int{markTaken, markFailed}, 0, true, tally{Taken: 1, Failed: 1}},
		{"reported failed for others", []int{markTaken, markFailed}, 0, false, tally{Taken: 1, Failed: 1, Innocent: 1}},
		{"reported failed, and arrived", []int{markTaken, markFailed}, 1, false, tally{Taken: 1, Accepted: 1, Failed: 1, Innocent: 1, Mistaken: 1}},
		{"handed back", []int{markTaken, markBack}, 0, false, tally{Taken: 1, Back: 1}},
		{"handed back, and it was refused", []int{markTaken, markBack}, 0, true, tally{Taken: 1, Back: 1}},
		{"handed back, and had arrived", []int{markTaken, markBack}, 1, false, tally{Taken: 1, Accepted: 1, Back: 1, Mistaken: 1}},
		{"refused by Enqueue", []int{markRefused}, 0, false, tally{Refused: 1}},
		{"never enqueued", nil, 0, false, tally{}},
		{"reported accepted twice", []int{markTaken, markOK, markOK}, 1, false, tally{Taken: 1, Accepted: 1, Two: 1}},
		{"reported failed twice", []int{markTaken, markFailed, markFailed}, 0, true, tally{Taken: 1, Failed: 1, Two: 1}},
		{"reported failed, then accepted", []int{markTaken, markFailed, markOK}, 1, true, tally{Taken: 1, Accepted: 1, Failed: 1, Mistaken: 1, Two: 1}},
		{"told accepted and handed back", []int{markTaken, markOK, markBack}, 1, false, tally{Taken: 1, Accepted: 1, Back: 1, Mistaken: 1, Two: 1}},
		{"told accepted and handed back, and neither arrived", []int{markTaken, markOK, markBack}, 0, false, tally{Taken: 1, Back: 1, Untrue: 1, Two: 1}},
		{"reported failed and handed back", []int{markTaken, markFailed, markBack}, 0, true, tally{Taken: 1, Failed: 1, Back: 1, Two: 1}},
		{"handed back twice", []int{markTaken, markBack, markBack}, 0, false, tally{Taken: 1, Back: 1, Two: 1}},
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
		if got := count(l, []uint8{c.processed}, []bool{c.culprit}); got != c.want {
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
