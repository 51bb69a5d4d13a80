package cio

import (
	"strings"

	"github.com/ciokit/cio/internal/wire"
)

// Identity says whom or what a message is about. Fields that the message does not have are empty.
type Identity struct {
	UserID      string
	AnonymousID string
	// Email is the trait email of an Identify, lower-cased: Customer.io takes addresses that differ in case for the same person.
	Email string
	// GroupID is the object of a Group.
	GroupID string
	// PreviousID is the other person of an Alias.
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

// orderKey names whose order a message belongs to: the userId, else the anonymousId, else the trait email in lower case, else the groupId.
func orderKey(id *Identity) string {
	text := id.UserID
	for _, other := range [...]string{id.AnonymousID, id.Email, id.GroupID} {
		if text == "" {
			text = other
		}
	}
	return text
}
