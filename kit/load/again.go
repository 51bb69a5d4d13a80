package load

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/filelock"
	"github.com/ciokit/cio/kit/internal/places"
)

// Repeatable reports whether a load of rows that were sent before does no harm, whatever the input has become since: each ordinary event of the
// mapping has a messageId of its own, by which Customer.io knows the same one again. All other messages say what is, and may be said twice.
func (m *Mapping) Repeatable() bool {
	for _, s := range m.messages {
		if s.ordinary() && s.fields[fieldMessageID] == nil {
			return false
		}
	}
	return true
}

// ordinary reports whether the message is an event that is kept as one, and does nothing else.
func (s *messageSpec) ordinary() bool {
	event := s.kind.event
	if f := s.fields[fieldEvent]; f != nil && f.kind == specLiteral {
		event = f.text
	}
	return s.kind.ordinary(event)
}

// ordinary reports whether a message of the kind with this event is one.
func (k *kind) ordinary(event string) bool {
	return k.typ == cio.TypeTrack && !commands[event] || k.typ == cio.TypePage || k.typ == cio.TypeScreen
}

// EndedEarly reports whether the run was killed, was interrupted, gave up or failed on this machine, so that Resume may bring it to its end. A
// run that was stopped by a bound, or because its input changed, would be stopped again.
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

// Hold makes sure that this process alone is at work on the load of that name until release is called. Names are of
// the caller's making, and name a file below dir. The error is ErrRunning if another process has it.
func Hold(dir, name string) (release func() error, err error) {
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
