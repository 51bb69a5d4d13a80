package erasure

import "errors"

// Sentinels for errors.Is.
var (
	// ErrUntrusted is a note that no key on the keyring has signed.
	ErrUntrusted = errors.New("erasure: signed by nobody who is trusted here")
	// ErrAltered is a note that is not what was signed.
	ErrAltered = errors.New("erasure: altered after it was signed")
	// ErrNotApproved is a plan without the second signature.
	ErrNotApproved = errors.New("erasure: the plan is not approved")
	// ErrExpired is a plan whose time is over.
	ErrExpired = errors.New("erasure: the plan has expired; make a new one")
	// ErrOtherPeople are targets that are not those of the plan.
	ErrOtherPeople = errors.New("erasure: these are not the people of the plan")
	// ErrOtherKey is a secret key, or a workspace, that the plan was not made with.
	ErrOtherKey = errors.New("erasure: the plan was made with another key")
	// ErrTooMany is a plan for more people than a run may act on.
	ErrTooMany = errors.New("erasure: more people than allowed")
	// ErrInUse is a receipt that another process writes.
	ErrInUse = errors.New("erasure: another process writes this receipt; wait for it to end")
	// ErrDamaged is a receipt that does not hold what was written.
	ErrDamaged = errors.New("erasure: the receipt is not as it was written")
)
