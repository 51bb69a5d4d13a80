package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"
)

var (
	// ErrDiskFull says that the disk has no room. The new messages are not stored. Messages that were stored before are not lost.
	ErrDiskFull = errors.New("outbox: the disk is full")
	// ErrFullOfDeadLetters says that dead letters take so much of MaxBytes that sending cannot make room. Retry or drop them. The error wraps
	// cio.ErrQueueFull too.
	ErrFullOfDeadLetters = errors.New("outbox: dead letters leave no room below MaxBytes")
	// ErrInUse says that another Outbox uses the directory. The error that wraps it is an *InUseError, which names the owner.
	ErrInUse = errors.New("in use")
	// ErrDamaged says that a file is not what was written.
	ErrDamaged = errors.New("the file is damaged")
	// ErrRemoved is the error that OnReport gets for a message that somebody removed from the store while it was being sent, for example with Purge.
	ErrRemoved = errors.New("outbox: the message was removed from the store")
	// ErrUncertain says that the disk failed while a message was being stored. The message may be stored or not. Enqueue the same cio.Encoded again:
	// it has the same message id, so Customer.io can recognise a repeat.
	ErrUncertain = errors.New("outbox: the disk failed while it was stored; it may be stored or not")
)

// InUseError says which process uses a directory.
type InUseError struct {
	Dir   string
	Owner Owner // the zero value if it is not known
}

func (e *InUseError) Error() string {
	if e.Owner == (Owner{}) {
		return fmt.Sprintf("outbox: %s is in use by another process", e.Dir)
	}
	return fmt.Sprintf("outbox: %s is in use by %s; only one Outbox at a time can use a directory", e.Dir, e.Owner)
}

// Is reports whether target is ErrInUse.
func (e *InUseError) Is(target error) bool { return target == ErrInUse }

// missingError is a directory or an outbox that does not exist. It is fs.ErrNotExist.
type missingError string

func (e missingError) Error() string        { return string(e) }
func (e missingError) Is(target error) bool { return target == fs.ErrNotExist }

// Owner is the process that uses a directory.
type Owner struct {
	PID   int       `json:"pid"`
	Host  string    `json:"host"`
	Since time.Time `json:"since"`
	Name  string    `json:"name,omitempty"` // the name of the program
}

func (o Owner) String() string {
	name := o.Name
	if name == "" {
		name = "a program"
	}
	return fmt.Sprintf("%s, process %d on %s since %s", name, o.PID, o.Host, o.Since.Local().Format(time.DateTime))
}

// storeError turns an error of the disk into one of this package.
func storeError(err error) error {
	switch {
	case err == nil:
		return nil
	case codeOf(err) == codeFull && !errors.Is(err, ErrUncertain) && !errors.Is(err, ErrDiskFull):
		return fmt.Errorf("%w (%w)", ErrDiskFull, err)
	}
	if strings.HasPrefix(err.Error(), "outbox: ") {
		return err
	}
	return fmt.Errorf("outbox: %w", err)
}
