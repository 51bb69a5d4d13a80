package livetest

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
)

// unlikelyType is a number that no workspace uses for a type of objects.
const unlikelyType = "98765432"

// answerDeviations are questions on which the documents contradict each other or say nothing, and which the status of the answer decides.
var answerDeviations = []Experiment{
	{ID: "double-slash", Question: "How does the API answer a path with two slashes one after the other?", Assumed: "strict 404, permissive 404",
		Behaviour: "A path with several slashes one after the other is wrong.",
		run: taken("join-slashes", func(s *scope) []call {
			return both(call{path: "/track", body: s.deletesNobody()})
		})},
	{ID: "key-without-colon", Question: "How does the API answer a key in Basic auth without its colon?", Assumed: "strict 401, permissive 401",
		Behaviour: "A key in Basic auth without a colon after it is refused: the answer is a 401 in both modes, and says why.",
		run: taken("take-bare-keys", func(s *scope) []call {
			return both(call{path: "track", body: s.deletesNobody(), authorization: "Basic " + base64.StdEncoding.EncodeToString([]byte(s.cfg.APIKey))})
		})},
	{ID: "bearer-key", Question: "How does the API answer a key that comes as a bearer token?", Assumed: "strict 401, permissive 401",
		Behaviour: "A key that is sent as a bearer token is refused: the answer is a 401 in both modes, and says why.",
		run: taken("take-bearer", func(s *scope) []call {
			return both(call{path: "track", body: s.deletesNobody(), authorization: "Bearer " + s.cfg.APIKey})
		})},
	{ID: "group-without-person", Question: "How does the API answer a batch with a group that names no person?", Assumed: "strict 200, permissive 200", needs: Case{objects: 1},
		Behaviour: "A group message can name a person or not, in a batch too.",
		run: rejected("require-group-person", func(s *scope) []call {
			return both(call{path: "batch", body: `{"batch":[{"type":"group","groupId":` + quoted(s.objects[0]) + `,"traits":{"objectTypeId":` + quoted(s.cfg.ObjectType) + `}}]}`})
		})},
	{ID: "report-without-person", Question: "How does the API answer a delivery report that names no person?", Assumed: "strict 200, permissive 200",
		Behaviour: "A delivery or content report can name a person or not.",
		run: rejected("require-report-person", func(s *scope) []call {
			return both(call{path: "track", body: `{"event":"Report Delivery Event","properties":{"deliveryId":` + quoted(s.nobody()) + `,"metric":"opened"}}`})
		})},
	{ID: "odd-object-type", Question: "How does the API answer an object type that is not a number?", Assumed: "strict 200, permissive 200",
		Behaviour: "An object type that is not a whole number is accepted unchanged, with a warning.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			object := s.nobody()
			seen, err := rejected("refuse-odd-object-types", func(s *scope) []call {
				return both(call{path: "group", body: `{"groupId":` + quoted(object) + `,"traits":{"objectTypeId":"ciokit"}}`})
			})(ctx, s, switches)
			return seen, errors.Join(err, s.forgetObject(ctx, "ciokit", object))
		}},
}

// taken observes calls that should be rejected. If both modes accept them, the switch makes the emulator do the same.
func taken(flag string, calls func(*scope) []call) func(context.Context, *scope, map[string]string) (string, error) {
	return switched(flag, "strict 200, permissive 200", calls)
}

// rejected observes calls that should be accepted. If strict mode rejects them, the switch makes the emulator do the same.
func rejected(flag string, calls func(*scope) []call) func(context.Context, *scope, map[string]string) (string, error) {
	return switched(flag, "strict 400, permissive 200", calls)
}

func switched(flag, observed string, calls func(*scope) []call) func(context.Context, *scope, map[string]string) (string, error) {
	return func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
		seen, err := answered(calls)(ctx, s, nil)
		if err == nil && seen == observed {
			switches[flag] = "true"
		}
		return seen, err
	}
}

// forgetObject deletes an object of a type that the ledger does not know. It ignores the answer, because there may be no such object.
func (s *scope) forgetObject(ctx context.Context, typeID, object string) error {
	_, _, err := s.post(ctx, call{path: "track", permissive: true,
		body: `{"anonymousId":` + quoted(object) + `,"event":"Object Deleted","properties":{"objectId":` + quoted(object) + `,"objectTypeId":` + quoted(typeID) + `}}`})
	return err
}

// storeDeviations are the deviations for which the stored data must be read.
var storeDeviations = []Experiment{
	{ID: "id-by-cio-id", Question: "Does traits.id change the id of a person who is identified by their cio_id?", Assumed: "they get the new id", looks: true, needs: Case{people: 2},
		Behaviour: "If a person has no id, or is identified by cio_id, the value of traits.id becomes the id of the person; cio_id in traits is ignored.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			old, fresh := s.people[0], s.people[1]
			cioID, err := s.cioID(ctx, old, nil)
			if err != nil || cioID == "" {
				return "the person never appeared", err
			}
			if err := s.marked(ctx, cio.Identify{UserID: "cio_" + cioID, Traits: map[string]any{"id": fresh}}); err != nil {
				return "", err
			}
			came, err := s.there(ctx, fresh)
			if err == nil && !came {
				switches["keep-ids"] = "true"
				// A workspace that reads a cio_id as an ordinary id has created a person who is in no ledger.
				err = s.strict.Send(ctx, cio.DeletePerson{UserID: "cio_" + cioID})
			}
			return map[bool]string{false: "they keep their id", true: "they get the new id"}[came], err
		}},
	{ID: "delete-by-cio-id", Question: "Does User Deleted delete the person whose cio_id it names?", Assumed: "they are gone", looks: true, needs: Case{people: 1},
		Behaviour: "In User Deleted, User Suppressed and User Unsuppressed, a userId that starts with cio_ is a cio_id.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id := s.people[0]
			cioID, err := s.cioID(ctx, id, nil)
			if err != nil || cioID == "" {
				return "the person never appeared", err
			}
			if err := s.marked(ctx, cio.DeletePerson{UserID: "cio_" + cioID}); err != nil {
				return "", err
			}
			stays, err := s.there(ctx, id)
			if stays {
				switches["plain-cio-ids"] = "true"
			}
			return map[bool]string{false: "they are gone", true: "they are there"}[stays], err
		}},
	{ID: "email-by-id", Question: "Does an identify by id change the email address that a person has?", Assumed: "they keep it", looks: true, needs: Case{people: 1, emails: 2},
		Behaviour: "An identify by cio_id changes the email address of a person. An identify by id does not change the address and gets a warning, unless a setting of the workspace allows the change.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id, old, fresh := s.people[0], s.emails[0], s.emails[1]
			cioID, err := s.cioID(ctx, id, map[string]any{cio.TraitEmail: old})
			if err != nil || cioID == "" {
				return "the person never appeared", err
			}
			if err := s.marked(ctx, cio.Identify{UserID: id, Traits: map[string]any{cio.TraitEmail: fresh}}); err != nil {
				return "", err
			}
			email, err := s.attribute(ctx, id, "email")
			if email == fresh {
				switches["change-emails"] = "true"
			}
			return s.which(email, map[string]string{old: "they keep it", fresh: "they get the new one"}), err
		}},
	{ID: "older-identify", Question: "Which of two identifies counts, the one that arrives last or the one with the later timestamp?", Assumed: "the one that arrives last", looks: true, needs: Case{people: 1},
		Behaviour: "The message that arrives last is used, even if its timestamp is older.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id, now := s.people[0], time.Now()
			for i, at := range []time.Time{now, now.Add(-time.Hour)} {
				if err := s.marked(ctx, cio.Identify{UserID: id, Timestamp: at, Traits: map[string]any{"probe": []string{"newer", "older"}[i]}}); err != nil {
					return "", err
				}
			}
			value, err := s.attribute(ctx, id, "probe")
			if value == "newer" {
				switches["order-by-timestamp"] = "true"
			}
			return s.which(value, map[string]string{"older": "the one that arrives last", "newer": "the one with the later timestamp"}), err
		}},
	{ID: "integrations-off", Question: "What happens to a message whose integrations switch everything off?", Assumed: "it is ignored", looks: true, needs: Case{people: 1},
		Behaviour: "If the integrations of a message switch off all destinations, or a destination whose name begins with Customer.io, the message is answered with 200 and dropped.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id := s.people[0]
			err := s.marked(ctx, cio.Identify{UserID: id, Traits: map[string]any{"there": "yes"}},
				cio.Identify{UserID: id, Traits: map[string]any{"probe": "taken"}, Integrations: map[string]any{"All": false}})
			if err != nil {
				return "", err
			}
			value, err := s.attribute(ctx, id, "probe")
			switches["ignore-integrations"] = strconv.FormatBool(value == "taken")
			return s.which(value, map[string]string{"": "it is ignored", "taken": "it is still applied"}), err
		}},
	{ID: "unknown-object-type", Question: "What happens to an object of a type that the workspace does not have?", Assumed: "it is made", looks: true, needs: Case{people: 1},
		Behaviour: "An object can have any type.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id, object := s.people[0], s.nobody()
			err := s.marked(ctx, cio.Identify{UserID: id}, cio.Relate{UserID: id, TypeID: unlikelyType, ObjectID: object})
			if err != nil {
				return "", err
			}
			n := 0
			err = s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
				n = len(all)
				return nil
			})
			switches["drop-unknown-object-types"] = strconv.FormatBool(n == 0)
			return map[bool]string{false: "it is made", true: "it does not appear"}[n == 0], errors.Join(err, s.forgetObject(ctx, unlikelyType, object))
		}},
	{ID: "page-name", Question: "Which name does a page get that was sent without a name?", Assumed: "its URL", looks: true, needs: Case{people: 1},
		Behaviour: "A page without a name gets its properties.url as its name; a page with a name keeps it.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			const url = "https://example.com/ciokit-test"
			id := s.people[0]
			if err := s.marked(ctx, cio.Identify{UserID: id}); err != nil {
				return "", err
			}
			if err := s.marked(ctx, cio.Page{UserID: id, Properties: map[string]any{"url": url}}); err != nil {
				return "", err
			}
			name, seen := "", false
			for a, err := range s.app.Customers().Activities(ctx, appapi.ByID(id), appapi.ActivityQuery{Type: appapi.ActivityPage}) {
				if err != nil {
					return "", err
				}
				name, seen = a.Name, true
			}
			switch {
			case !seen:
				return "the page does not appear", nil
			case name == "":
				switches["keep-page-names"] = "true"
			}
			return s.which(name, map[string]string{url: "its URL", "": "the log has no name"}), nil
		}},
}

// cioID identifies a person and returns their cio_id, or nothing if the person never appeared.
func (s *scope) cioID(ctx context.Context, id string, traits map[string]any) (string, error) {
	if err := s.marked(ctx, cio.Identify{UserID: id, Traits: traits}); err != nil {
		return "", err
	}
	return s.attribute(ctx, id, "cio_id")
}

// attribute reads one attribute of a person, after it had time to appear.
func (s *scope) attribute(ctx context.Context, id, name string) (string, error) {
	c, err := s.app.Customers().Attributes(ctx, appapi.ByID(id))
	if errors.Is(err, appapi.ErrNotFound) {
		return "", nil
	}
	value := c.Attributes[name]
	if name == "cio_id" && value == "" {
		value = c.Identifiers.CIOID
	}
	return strings.TrimPrefix(value, "cio_"), err
}

// which returns what a value means in words, or the value itself.
func (s *scope) which(value string, means map[string]string) string {
	if text, known := means[value]; known {
		return text
	}
	return fmt.Sprintf("%q is read back", value)
}
