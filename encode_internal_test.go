package cio

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestAppendMillis(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		at := time.UnixMilli(r.Int64N(253_402_300_800_000)) // 1970 to 9999
		if got, want := string(appendMillis(nil, at)), at.UTC().Format(`"2006-01-02T15:04:05.000Z"`); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	}
}
