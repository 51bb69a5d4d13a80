package main

import (
	"errors"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// loadError adds the exit code to the reason why a load did not begin.
func loadError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, load.ErrSameFile), errors.Is(err, load.ErrComplete), errors.Is(err, load.ErrRunning):
		return exit.With(exit.Usage, err)
	}
	return loadExit(load.Summary{}, err)
}

// notWholeHint says what a load did whose input may not be whole, which it finds out only at the end.
func notWholeHint(s load.Summary) string {
	said := ""
	switch accepted := plural.Count(s.Accepted, "message was", "messages were") + " accepted"; {
	case s.Accepted > 0 && s.Unsent == 0:
		said = ". The rows are counted at the end, so all of them were sent: " + accepted
	case s.Accepted > 0:
		said = ". The rows are counted at the end: " + accepted + " before that"
	}
	if s.Left > 0 {
		said += ". Nobody who is missing from the input was deleted"
	}
	return said
}

// removedBefore says whom a load had deleted, because they left the input, when it noticed that the input had changed.
func removedBefore(s load.Summary) string {
	if s.Removed > 0 {
		return plural.Count(s.Removed, "person who had left was", "people who had left were") + " deleted before the change was noticed, and nobody after it"
	}
	return "nobody who had left was deleted"
}

// loadExit turns the outcome into the exit code and the last line on standard error.
func loadExit(s load.Summary, err error) error {
	var mapping *mapping.Error
	var format *source.FormatError
	changed := exit.Changed
	if s.Guarded > 0 {
		changed = exit.Guard
	}
	switch {
	case errors.Is(err, exit.ErrTerminated):
		return exit.With(exit.Terminated, err)
	case errors.Is(err, load.ErrInterrupted):
		return exit.With(exit.Interrupted, err)
	case errors.Is(err, load.ErrKeyRefused):
		return exit.With(exit.Key, err)
	case errors.Is(err, load.ErrGaveUp):
		return exit.With(exit.Unavailable, err)
	case errors.Is(err, load.ErrTooManyDeletes):
		return exit.Fail(exit.Guard, "%w; if these deletions are right, raise --max-deletes", err)
	case errors.Is(err, load.ErrDiffers):
		return exit.Fail(exit.Guard, "%w; nothing was sent", err)
	case errors.Is(err, load.ErrShrunk):
		return exit.Fail(exit.Guard, "%w; %s", err, changesHint(err))
	case errors.Is(err, load.ErrNotWhole):
		return exit.Fail(exit.Guard, "%w%s", err, notWholeHint(s))
	case errors.As(err, new(*load.PendingError)):
		return exit.Fail(exit.Usage, "%w: %s", err, changesHint(err))
	case errors.As(err, new(*load.SnapshotError)):
		return exit.With(exit.Usage, err)
	case errors.Is(err, load.ErrTooManyErrors):
		return exit.Fail(exit.Guard, "%w; check the first rejections, or raise --max-errors; --max-errors unlimited switches off this check, and also the check for 1,000 rejections one after the other for the same reason", err)
	case errors.As(err, new(*source.ChangedError)):
		return exit.With(changed, err)
	case errors.Is(err, load.ErrInputChanged):
		return exit.Fail(changed, "%w; every row that was read is counted, and %s. Load the input again when no program writes to it", err, removedBefore(s))
	case errors.As(err, &mapping), errors.As(err, &format):
		return exit.With(exit.Usage, err)
	case err != nil:
		return exit.With(exit.Local, err)
	case s.Guarded > 0:
		return exit.With(exit.Guard, nil)
	case s.Rejected+s.RejectedByAPI+s.RowsRejected > 0:
		return exit.With(exit.Rejects, nil)
	}
	return nil
}

// blankExit says that no row became a message although no condition skipped the rows: the mapping or the input is the wrong one.
func blankExit(s load.Summary, m *mapping.Mapping) error {
	if s.Rows == 0 || s.RowsBlank < s.Rows {
		return nil
	}
	reads := ""
	if names := m.Columns(); len(names) > 0 {
		reads = " (" + strings.Join(names, ", ") + ")"
	}
	return exit.Fail(exit.Rejects, "no row became a message: none of %s has a value in the columns that the mapping reads%s; check that the mapping belongs to this input", plural.Count(s.Rows, "row", "rows"), reads)
}
