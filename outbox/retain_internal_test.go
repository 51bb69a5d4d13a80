package outbox

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// A clock that was set shows nothing of the age of dead letters.
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

func TestOldDeadLettersAreDropped(t *testing.T) {
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
	// The first was rejected long ago.
	if err := d.write(t.Context(), func(x *tx) error {
		l, _, err := x.deadOf(1)
		if err != nil {
			return err
		}
		l.Rejected = l.Rejected.Add(-48 * time.Hour)
		return x.insertDead(l)
	}); err != nil {
		t.Fatal(err)
	}
	o := &Outbox{store: d, log: slog.New(slog.DiscardHandler), cfg: Config{KeepDead: 24 * time.Hour}, ctx: context.Background()}
	k := newClock()
	o.dropOld(k) // the first look at the clock
	if letters, err := d.Dead(t.Context(), 0, 10); err != nil || len(letters) != 2 {
		t.Fatalf("%v, %v", letters, err)
	}
	o.dropOld(k)
	if letters, err := d.Dead(t.Context(), 0, 10); err != nil || len(letters) != 1 || letters[0].Seq != 2 {
		t.Errorf("%v, %v", letters, err)
	}
	o.cfg.KeepDead = -1
	o.dropOld(k)
	if letters, err := d.Dead(t.Context(), 0, 10); err != nil || len(letters) != 1 {
		t.Errorf("%v, %v", letters, err)
	}
}
