// Package wirewords says in the words of a message what package cio says of its Go fields.
package wirewords

import "strings"

var fields = strings.NewReplacer(
	"set UserID or the trait email, or allow it by Config.AllowAnonymousIdentify", "give userId or the trait email",
	"set Event, for example to cio.Named", "give the event's name",
	"Config.Guard does", "the client's guard does",
	"set UserID", "give userId", "set GroupID", "give groupId", "set PreviousID", "give previousId", "set ObjectID", "give objectId",
	"UserID", "userId", "AnonymousID", "anonymousId", "GroupID", "groupId", "PreviousID", "previousId", "ObjectID", "objectId",
)

// Hint is the hint of a cio.MessageError or a cio.Warning for who sees the message and not the program; verbatim is what says there that an
// event's name is meant as it stands.
func Hint(hint, verbatim string) string {
	return fields.Replace(strings.Replace(hint, "cio.Verbatim s", verbatim+" s", 1))
}
