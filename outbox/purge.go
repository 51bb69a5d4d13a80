package outbox

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio"
)

// Purge permanently deletes all messages of a person, queued or dead: those that name one of the ids, see [Of]. It returns how many of each kind
// there were. Let the client's Guard reject the person first, so that nothing new is stored. A message that is being sent at that moment may still
// arrive.
func (o *Outbox) Purge(ctx context.Context, ids ...string) (queued, dead int, err error) {
	queued, dead, err = o.store.Purge(ctx, Of(ids...))
	if queued > 0 && !o.markRemoved() && err == nil {
		err = fmt.Errorf("outbox: the messages are removed, but those that wait in memory may still be sent: %w", context.Cause(o.ctx))
	}
	o.changed.send() // there is room
	return queued, dead, err
}

// Of returns a func for Store.Purge that matches the messages of a person: those that name one of the ids as user id, anonymous id, previous id or
// group id, or as the trait email. Upper and lower case make no difference in an address. Bytes that are not a message never match.
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
