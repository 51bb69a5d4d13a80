package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
)

// If several exit codes apply to a load, it ends with the first in the list that ciokit exit-codes and docs/load.md show.
func TestFirstExitCode(t *testing.T) {
	rejected, guarded := load.Summary{Rejected: 1}, load.Summary{Rejected: 1, Guarded: 1}
	stopped := func(reason error) error { return &load.StopError{Reason: reason, Cause: errors.New("why")} }
	local, format, changed := errors.New("the disk is full"), &source.FormatError{Problem: "a problem"}, stopped(load.ErrInputChanged)
	for _, c := range []struct {
		want    int
		summary load.Summary
		err     error
	}{
		{exit.Terminated, guarded, errors.Join(exit.ErrTerminated, load.ErrInterrupted, load.ErrKeyRefused)},
		{exit.Interrupted, guarded, errors.Join(stopped(load.ErrInterrupted), stopped(load.ErrKeyRefused))},
		{exit.Key, guarded, errors.Join(stopped(load.ErrGaveUp), stopped(load.ErrKeyRefused))},
		{exit.Unavailable, guarded, errors.Join(stopped(load.ErrTooManyErrors), stopped(load.ErrGaveUp))},
		{exit.Guard, rejected, errors.Join(changed, stopped(load.ErrTooManyErrors))},
		{exit.Guard, rejected, errors.Join(changed, stopped(load.ErrShrunk), format)},
		{exit.Changed, rejected, errors.Join(local, format, changed)},
		{exit.Guard, guarded, errors.Join(local, format, changed)},
		{exit.Usage, guarded, errors.Join(local, format)},
		{exit.Local, guarded, local},
		{exit.Guard, guarded, nil},
		{exit.Rejects, rejected, nil},
		{exit.OK, load.Summary{}, nil},
	} {
		if code := exit.CodeOf(loadExit(c.summary, c.err)); code != c.want {
			t.Errorf("exit code %d, not %d, for %v and %d rejected by a guard", code, c.want, c.err, c.summary.Guarded)
		}
	}
}

// If the input has changed, the last line says how many people had been deleted before that.
func TestChangedInputSaysWhoWasDeleted(t *testing.T) {
	err := &load.StopError{Reason: load.ErrInputChanged, Cause: errors.New("why")}
	for want, s := range map[string]load.Summary{
		"nobody who had left was deleted": {Left: 5},
		"1 person who had left was deleted before the change was noticed, and nobody after it":  {Left: 5, Removed: 1},
		"2 people who had left were deleted before the change was noticed, and nobody after it": {Left: 5, Removed: 2, Guarded: 1},
	} {
		if got := loadExit(s, err).Error(); !strings.Contains(got, want) {
			t.Errorf("%+v: %s; want %q", s, got, want)
		}
	}
}
