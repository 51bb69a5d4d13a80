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
		want      tally
	}{
		{"accepted and told so", []int{markTaken, markOK}, 1, tally{Taken: 1, Accepted: 1}},
		{"accepted, twice", []int{markTaken, markOK}, 2, tally{Taken: 1, Accepted: 1, Twice: 1}},
		{"never heard of again", []int{markTaken}, 0, tally{Taken: 1, Lost: 1}},
		{"told accepted, and it was not", []int{markTaken, markOK}, 0, tally{Taken: 1, Lost: 1}},
		{"reported failed", []int{markTaken, markFailed}, 0, tally{Taken: 1, Failed: 1}},
		{"reported failed, and arrived", []int{markTaken, markFailed}, 1, tally{Taken: 1, Accepted: 1, Failed: 1, Mistaken: 1}},
		{"handed back", []int{markTaken, markBack}, 0, tally{Taken: 1, Back: 1}},
		{"refused by Enqueue", []int{markRefused}, 0, tally{Refused: 1}},
		{"never enqueued", nil, 0, tally{}},
		{"reported twice", []int{markTaken, markOK, markOK}, 1, tally{Taken: 1, Accepted: 1, Reports: 1}},
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
		if got := count(l, []uint8{c.processed}); got != c.want {
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
