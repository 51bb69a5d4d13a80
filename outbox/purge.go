package outbox

import (
	"slices"
	"strings"

	"github.com/ciokit/cio"
)

// Of returns a func for Store.Purge that matches the messages of a person: those that name one of the ids as user id, anonymous id, previous id or
// group id, or as the trait email, whatever its case. Bytes that are no message match nothing.
func Of(ids ...string) func(bytes []byte) bool {
	return func(bytes []byte) bool {
		var m cio.Encoded
		if m.UnmarshalJSON(bytes) != nil {
			return false
		}
		id := m.Identity()
		return slices.ContainsFunc(ids, func(who string) bool {
			return who != "" && (who == id.UserID || who == id.AnonymousID || who == id.PreviousID || who == id.GroupID || id.Email != "" && strings.EqualFold(who, id.Email) || strings.Contains(who, "@") && strings.EqualFold(who, id.UserID))
		})
	}
}
