package erasure

import (
	"errors"
	"fmt"
)

// Sentinels for errors.Is.
var (
	// ErrUntrusted says that no key on the keyring has signed a note.
	ErrUntrusted = errors.New("erasure: not signed by any key that is trusted here")
	// ErrAltered says that a note was changed after it was signed.
	ErrAltered = errors.New("erasure: altered after it was signed")
	// ErrNotApproved says that a plan has no second signature.
	ErrNotApproved = errors.New("erasure: the plan is not approved")
	// ErrExpired says that a plan has expired.
	ErrExpired = errors.New("erasure: the plan has expired; make a new one")
	// ErrOtherPeople says that the targets are not those of the plan.
	ErrOtherPeople = errors.New("erasure: these are not the people of the plan")
	// ErrOtherKey says that the plan was made with another secret key, or for another workspace.
	ErrOtherKey = errors.New("erasure: the plan was made with another key")
	// ErrTooMany says that a plan has more people than a run may act on.
	ErrTooMany = errors.New("erasure: more people than allowed")
	// ErrInUse says that another process writes the receipt.
	ErrInUse = errors.New("erasure: another process writes this receipt; wait for it to end")
	// ErrDamaged says that the content of a receipt is not what was written.
	ErrDamaged = errors.New("erasure: the receipt is not as it was written")
)

// cause is an error with its own words: the words of its kind fit only one of several causes.
type cause struct {
	error
	kind error
}

func (c *cause) Is(target error) bool { return target == c.kind }

// because returns an error that errors.Is reports as kind.
func because(kind error, format string, args ...any) error {
	return &cause{fmt.Errorf("erasure: "+format, args...), kind}
}
