// Package wirewords replaces Go names in texts of package cio by the names in a message.
package wirewords

import "strings"

var fields = strings.NewReplacer(
	"set UserID or the trait email, or allow it by Config.AllowAnonymousIdentify", "give userId or the trait email",
	"set Event, for example to cio.Named", "give the event's name",
	"Config.Guard refuses to send", "the guard forbids sending",
	"set UserID", "give userId", "set GroupID", "give groupId", "set PreviousID", "give previousId", "set ObjectID", "give objectId",
	"UserID", "userId", "AnonymousID", "anonymousId", "GroupID", "groupId", "PreviousID", "previousId", "ObjectID", "objectId",
)

// Hint returns the hint of a cio.MessageError or a cio.Warning for a person who sees the message and not the program. verbatim is the name of the
// setting there that sends an event's name unchanged.
func Hint(hint, verbatim string) string {
	return fields.Replace(strings.Replace(hint, "cio.Verbatim s", verbatim+" s", 1))
}
