package load

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ciokit/cio/kit/internal/filelock"
	"github.com/ciokit/cio/kit/internal/places"
)

// EndedEarly reports whether the run was killed, was interrupted, gave up or failed on this machine, so that Resume can finish it. It is false for a
// run that a bound or a changed input stopped, because that would stop it again.
func (j *Journal) EndedEarly() bool {
	if j.bad != nil {
		return true
	}
	switch j.last.End {
	case EndComplete, ErrTooManyDeletes.Error(), ErrShrunk.Error(), ErrNotWhole.Error(), ErrTooManyErrors.Error(), ErrInputChanged.Error():
		return false
	}
	return true
}

// Lock locks the load of that name for this process until release is called. The caller chooses the name; it names a file below dir. The error is
// ErrRunning if another process has locked it.
func Lock(dir, name string) (release func() error, err error) {
	if dir, err = orJournalDir(dir); err != nil {
		return nil, err
	}
	if err := places.MakeState(dir); err != nil {
		return nil, err
	}
	lock, err := filelock.Take(filepath.Join(dir, name), "")
	if errors.Is(err, filelock.ErrInUse) {
		return nil, fmt.Errorf("load: %w", underWay(err))
	}
	if err != nil {
		return nil, err
	}
	return lock.Release, nil
}
