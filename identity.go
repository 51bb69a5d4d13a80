package cio

import (
	"strings"

	"github.com/ciokit/cio/internal/wire"
)

// Identity says which person or object a message is about. Fields that the message does not have are empty.
type Identity struct {
	UserID      string
	AnonymousID string
	// Email is the trait email of an [Identify], in lower case: addresses that differ only in upper and lower case are one person to
	// Customer.io.
	Email string
	// GroupID is the object of a [Group].
	GroupID string
	// PreviousID is the other person of an [Alias].
	PreviousID string
}

// emailTrait returns the trait email of encoded traits, lower-cased.
func emailTrait(traits []byte) string {
	v, ok := wire.Lookup(traits, "email")
	if !ok {
		return ""
	}
	s, _ := wire.Text(v)
	return strings.ToLower(s)
}

// orderKey returns the text by which messages are put in order: the userId, else the anonymousId, else the trait email in lower case, else
// the groupId.
func orderKey(id *Identity) string {
	text := id.UserID
	for _, other := range [...]string{id.AnonymousID, id.Email, id.GroupID} {
		if text == "" {
			text = other
		}
	}
	return text
}
