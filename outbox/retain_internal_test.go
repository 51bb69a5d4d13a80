package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// If the clock was set, it shows nothing about the age of dead letters.
func TestClockThatWasSet(t *testing.T) {
	t.Parallel()
	start := time.Now()
	hour := start.Add(time.Hour)
	for _, c := range []struct {
		name  string
		shown time.Time
		even  bool
	}{
		{"an hour later", hour, true},
		{"set by a minute", hour.Add(time.Minute), true},
		{"set to next year", hour.AddDate(1, 0, 0), false},
		{"set back", hour.Add(-24 * time.Hour), false},
	} {
		if got := evenTimes(start, hour, c.shown); got != c.even {
			t.Errorf("%s: %t", c.name, got)
		}
	}
	k := newClock()
	if k.even(start) {
		t.Error("the first look shows nothing")
	}
	if !k.even(hour) {
		t.Error("an hour later")
	}
}

// Open drops dead letters that were too old in an earlier run and are too old now: only one clock, which may be wrong, shows nothing.
func TestOldDeadLettersAreDropped(t *testing.T) {
	t.Parallel()
	now := time.Now()
	day := 24 * time.Hour
	for _, c := range []struct {
		name          string
		earlier       time.Time
		keep          time.Duration
		first, second int // how many are left after the first check, and after another hour
	}{
		{"an earlier run saw that it is old", now.Add(-time.Minute), day, 1, 1},
		{"it was young in the earlier run", now.Add(-47 * time.Hour), day, 2, 1},
		{"the clock of the earlier run was ahead", now.Add(1000 * day), day, 1, 1},
		{"there was no earlier run", time.Time{}, day, 2, 1},
		{"both are young", now.Add(-time.Minute), 30 * day, 2, 2},
		{"nothing is ever dropped", now.Add(-time.Minute), -1, 2, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, err := OpenDisk(DiskConfig{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}()
			if err := d.Append(t.Context(), []cio.Encoded{testMessage(t, 1), testMessage(t, 2)}); err != nil {
				t.Fatal(err)
			}
			if err := d.Settle(t.Context(), []Settlement{{Seq: 1, Reason: "a"}, {Seq: 2, Reason: "b"}}); err != nil {
				t.Fatal(err)
			}
			if err := d.write(t.Context(), func(x *tx) error { // the first was rejected two days ago
				l, _, err := x.deadOf(1)
				if err != nil {
					return err
				}
				l.Rejected = now.Add(-2 * day)
				return x.insertDead(l)
			}); err != nil {
				t.Fatal(err)
			}
			ended, end := context.WithCancel(t.Context())
			end()
			o := &Outbox{store: d, log: slog.New(slog.DiscardHandler), cfg: Config{KeepDead: c.keep}, ctx: ended}
			check := func(when string, want int) {
				letters, err := d.Dead(t.Context(), 0, 10)
				if err != nil || len(letters) != want || letters[len(letters)-1].Seq != 2 {
					t.Errorf("%s: %v, %v", when, letters, err)
				}
			}
			d.used = c.earlier
			o.retain() // it ends after the first check, because the context has ended
			check("the first look", c.first)
			if c.keep > 0 {
				o.dropOld(now)
			}
			check("an hour later", c.second)
		})
	}
}

// A program that runs for less than an hour also drops old dead letters, at its next start, whoever opens the store.
func TestOldDeadLettersOfAShortProgram(t *testing.T) {
	t.Parallel()
	for _, own := range []bool{false, true} {
		t.Run(fmt.Sprint("a Store of its own ", own), func(t *testing.T) {
			t.Parallel()
			shortProgram(t, own)
		})
	}
}

func shortProgram(t *testing.T, own bool) {
	dir := t.TempDir()
	for run := range 2 {
		d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		if run == 0 {
			err = errors.Join(d.Append(t.Context(), []cio.Encoded{testMessage(t, 1)}), d.Settle(t.Context(), []Settlement{{Seq: 1, Reason: "a"}}))
		}
		if err := errors.Join(err, d.Close()); err != nil {
			t.Fatal(err)
		}
	}
	c, err := cio.NewClient(cio.Config{APIKey: "k", BaseURL: "http://127.0.0.1:1"})
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{Dir: dir, KeepDead: time.Nanosecond, Logger: slog.New(slog.DiscardHandler)}
	if own {
		if cfg.Store, err = OpenDisk(DiskConfig{Dir: dir, Logger: cfg.Logger}); err != nil {
			t.Fatal(err)
		}
		cfg.Dir = ""
	}
	o, err := Open(c, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Close(t.Context()); err != nil { // after the first check
		t.Fatal(err)
	}
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if letters, err := d.Dead(t.Context(), 0, 1); err != nil || len(letters) > 0 {
		t.Errorf("%v, %v", letters, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
