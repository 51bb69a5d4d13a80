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

// Hint returns the hint of a cio.MessageError or a cio.Warning for a person who sees the message and not the program. verbatim says what to do there
// to send an event's name unchanged.
func Hint(hint, verbatim string) string {
	return fields.Replace(strings.NewReplacer("cio.Verbatim sends the name unchanged", "to send the name unchanged, "+verbatim,
		"cio.Verbatim says that the name is right", "if the name is right, "+verbatim).Replace(hint))
}
