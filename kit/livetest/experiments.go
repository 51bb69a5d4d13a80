package livetest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
)

// answerExperiments are the experiments that the status of the answer decides.
var answerExperiments = []Experiment{
	{ID: "success-body", Question: "Which body does a successful answer have?", Assumed: "empty, or one JSON value without an error", run: successBody},
	{ID: "strict-error-body", Question: "What does strict mode answer to a call without a required field?", Assumed: "400, with code, message, meta.errors",
		Behaviour: "The body of an error has its texts in meta.errors, and also has code and message.", needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			status, shape, err := s.post(ctx, call{path: "track", body: `{"userId":` + quoted(s.people[0]) + `}`})
			return fmt.Sprintf("%d, with %s", status, shape), err
		}},
	{ID: "permissive-missing-field", Question: "What does permissive mode answer to a call without a required field?", Assumed: "permissive 200", needs: Case{people: 1},
		run: answered(func(s *scope) []call {
			return []call{{path: "track", body: `{"userId":` + quoted(s.people[0]) + `}`, permissive: true}}
		})},
	{ID: "malformed-body", Question: "How does the API answer a body that is not JSON?", Assumed: "strict 400, permissive 400",
		Behaviour: "A body that is not a JSON object in UTF-8, or a corrupt gzip body, is answered with 400 in both modes.",
		run:       answered(func(*scope) []call { return both(call{path: "track", body: `{"userId":`}) })},
	{ID: "no-key", Question: "How does the API answer a call without a key?", Assumed: "strict 401, permissive 401",
		Behaviour: "A call without a key is answered with 401 in both modes.",
		run: answered(func(s *scope) []call {
			return both(call{path: "track", body: s.deletesNobody(), key: new("")})
		})},
	{ID: "unknown-key", Question: "How does the API answer a key that does not exist?", Assumed: "strict 401, permissive 200",
		Behaviour: "A call with an unknown key is answered with 200 and dropped in permissive mode, and answered with 401 in strict mode.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			seen, err := answered(func(s *scope) []call {
				return both(call{path: "track", body: s.deletesNobody(), key: new("ciokit0test0no0key00")})
			})(ctx, s, switches)
			if err == nil && seen == "strict 200, permissive 200" && !s.real() {
				err = notObservable("this server accepts every key")
			}
			return seen, err
		}},
	{ID: "empty-batch", Question: "How does the API answer an empty batch?", Assumed: "strict 200, permissive 200", Behaviour: "An empty batch is answered with 200.",
		run: answered(func(*scope) []call { return both(call{path: "batch", body: `{"batch":[]}`}) })},
	{ID: "anonymous-identify", Question: "How does the API answer an identify with only an anonymousId?", Assumed: "strict 200, permissive 200", needs: Case{anonymous: 1},
		Behaviour: "An identify with an anonymousId alone is answered with 200 and ignored, in strict mode too.",
		run: answered(func(s *scope) []call {
			return both(call{path: "identify", body: `{"anonymousId":` + quoted(s.anonymous[0]) + `,"traits":{"plan":"pro"}}`})
		})},
	{ID: "timestamp-text", Question: "How does the API answer a timestamp that is not a time?", Assumed: "strict 400, permissive 200", needs: Case{people: 1},
		Behaviour: "A timestamp that is not ISO 8601 counts as an invalid field; an integer is read as milliseconds, with a warning.",
		run: answered(func(s *scope) []call {
			return both(call{path: "track", body: `{"userId":` + quoted(s.people[0]) + `,"event":"Ciokit Test Time","timestamp":"yesterday"}`})
		})},
	{ID: "device-without-type", Question: "How does the API answer a device without a type?", Assumed: "strict 200, permissive 200", needs: Case{people: 1},
		Behaviour: "A device without a type of ios or android is accepted with a warning.",
		run: answered(func(s *scope) []call {
			return both(call{path: "track", body: `{"userId":` + quoted(s.people[0]) + `,"event":"Device Created or Updated","context":{"device":{"token":` + quoted(s.people[0]+"_token") + `}}}`})
		})},
	{ID: "suppressed-person", Question: "What does strict mode answer to a call for a suppressed person?", Assumed: "strict 200", needs: Case{suppressed: 1},
		Behaviour: "Suppression covers the id, the email and the cio_id of the person; messages for them are answered with 200 and dropped, in strict mode too.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id := s.suppressed[0]
			if err := s.step(ctx, id, has(nil), cio.Identify{UserID: id}); err != nil {
				return "", err
			}
			if err := s.after(ctx, func() error { return s.gone(ctx, appapi.ByID(id)) }, cio.SuppressPerson{UserID: id}); err != nil {
				return "", err
			}
			seen, err := answered(func(s *scope) []call {
				return []call{{path: "identify", body: `{"userId":` + quoted(id) + `}`}}
			})(ctx, s, nil)
			if seen == "strict 400" {
				switches["reject-suppressed"] = "true"
			}
			return seen, err
		}},
}

// successBody checks what the API answers to calls that it accepts: a single call and a batch, in both modes. For the client, only an answer that the
// API can give means success (docs/rules.md#hosts-keys-regions).
func successBody(ctx context.Context, s *scope, _ map[string]string) (string, error) {
	nobody := s.nobody()
	one := `{"userId":` + quoted(nobody) + `,"event":"User Deleted"}`
	seen := "empty, or one JSON value without an error"
	for _, path := range []string{"track", "batch"} {
		body := one
		if path == "batch" {
			body = `{"batch":[` + strings.TrimSuffix(one, "}") + `,"type":"track"}]}`
		}
		for _, c := range both(call{path: path, body: body}) {
			a, err := s.answer(ctx, c)
			if err != nil {
				return "", err
			}
			mode := map[bool]string{false: "strict", true: "permissive"}[c.permissive]
			s.observe(path+", "+mode, "%d, Content-Type %q, body %s", a.status, a.contentType, s.shown(a.body, nobody))
			text := bytes.TrimSpace(a.body)
			var failed struct {
				Success       *bool
				Error, Errors any
			}
			switch {
			case a.status != http.StatusOK && a.status != http.StatusCreated && a.status != http.StatusAccepted && a.status != http.StatusNoContent:
				seen = fmt.Sprintf("status %d", a.status)
			case len(text) == 0:
			case !json.Valid(text):
				seen = "a body that is neither empty nor JSON"
			case json.Unmarshal(text, &failed) == nil && (failed.Success != nil && !*failed.Success || failed.Error != nil || failed.Errors != nil):
				seen = "a body with an error"
			}
		}
	}
	return seen, nil
}

// maxShown bounds the part of an answer that a report shows.
const maxShown = 200

// shown returns the beginning of an answer, unless it repeats the key or the id of the call.
func (s *scope) shown(body []byte, nobody string) string {
	if bytes.Contains(body, []byte(s.cfg.APIKey)) || bytes.Contains(body, []byte(nobody)) {
		return fmt.Sprintf("of %d bytes, which repeats the call and is not shown", len(body))
	}
	if len(body) > maxShown {
		return fmt.Sprintf("%q ... of %d bytes", body[:maxShown], len(body))
	}
	return fmt.Sprintf("%q", body)
}

// deletesNobody returns a call that changes nothing.
func (s *scope) deletesNobody() string {
	return `{"userId":` + quoted(s.nobody()) + `,"event":"User Deleted"}`
}

// storeExperiments are the experiments for which the stored data must be read.
var storeExperiments = []Experiment{
	{ID: "bad-item-strict", Question: "What happens to the rest of a batch with one invalid message, in strict mode?", Assumed: "400, the others are not applied", looks: true, needs: Case{people: 2},
		Behaviour: "In strict mode a whole batch is rejected if one of its messages is invalid.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			seen, err := s.badItem(ctx, false)
			if seen == "400, the others are applied" {
				switches["refuse-items"] = "true"
			}
			return seen, err
		}},
	{ID: "bad-item-permissive", Question: "What happens to the rest of a batch with one invalid message, in permissive mode?", Assumed: "200, the others are applied", looks: true, needs: Case{people: 2},
		Behaviour: "If a message lacks a required field, permissive mode drops this one message, and applies the rest of its batch.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			return s.badItem(ctx, true)
		}},
	{ID: "duplicate-message-id", Question: "What happens to an event with a messageId that was sent before?", Assumed: "it is stored again", looks: true, needs: Case{people: 1},
		Behaviour: "A message whose messageId was seen before is processed again.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			id := s.people[0]
			event := cio.Track{UserID: id, Event: cio.Named("Ciokit Test Twice", nil), MessageID: "ciokit-test-" + s.run}
			if err := s.step(ctx, id, has(nil), cio.Identify{UserID: id}); err != nil {
				return "", err
			}
			for range 2 {
				if err := s.strict.Send(ctx, event); err != nil {
					return "", err
				}
			}
			n := 0
			_, err := s.eventually(ctx, func() (bool, error) {
				names, err := s.names(ctx, id, appapi.ActivityEvent)
				n = len(names)
				return n >= 2, err
			})
			if n == 1 {
				switches["dedup-window"] = "24h"
			}
			return map[int]string{0: "it never appeared", 1: "it is ignored", 2: "it is stored again"}[n], err
		}},
	{ID: "alias-in-batch", Question: "Is an alias accepted in a batch, and does it merge people?", Assumed: "200, nobody is merged", looks: true, needs: Case{people: 2},
		Behaviour: "alias is accepted and merges nobody. With the switch it merges previousId into userId, and the traits of userId win.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			previous, id := s.people[0], s.people[1]
			if err := s.strict.Send(ctx, cio.Identify{UserID: previous}, cio.Identify{UserID: id}); err != nil {
				return "", err
			}
			for _, p := range s.people {
				if came, err := s.there(ctx, p); err != nil || !came {
					return "the people never appeared", err
				}
			}
			status, _, err := s.post(ctx, call{path: "batch", body: `{"batch":[{"type":"alias","userId":` + quoted(id) + `,"previousId":` + quoted(previous) + `}]}`})
			if err != nil {
				return "", err
			}
			merged, err := s.eventually(ctx, func() (bool, error) {
				_, err := s.app.Customers().Attributes(ctx, appapi.ByID(previous))
				if errors.Is(err, appapi.ErrNotFound) {
					return true, nil
				}
				return false, err
			})
			switches["merge-on-alias"] = strconv.FormatBool(merged)
			return strconv.Itoa(status) + map[bool]string{false: ", nobody is merged", true: ", the previous person is merged"}[merged], err
		}},
	{ID: "unknown-person", Question: "What happens to an event for a person who does not exist?", Assumed: "200, the person is created", looks: true, needs: Case{people: 1},
		Behaviour: "An event, device or relationship of an unknown person creates the person.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			status, _, err := s.post(ctx, call{path: "track", body: `{"userId":` + quoted(s.people[0]) + `,"event":"Ciokit Test Unknown"}`})
			if err != nil {
				return "", err
			}
			came, err := s.there(ctx, s.people[0])
			switches["drop-unknown-people"] = strconv.FormatBool(!came)
			return strconv.Itoa(status) + map[bool]string{false: ", no person appears", true: ", the person is created"}[came], err
		}},
	{ID: "batch-context", Question: "Which context counts, the batch's or the message's?", Assumed: "the message's", looks: true, needs: Case{people: 1},
		Behaviour: "If a message and its batch both have a context, each member of the message's context replaces the member of the same name in the batch's context.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			id := s.people[0]
			if err := s.step(ctx, id, has(nil), cio.Identify{UserID: id}); err != nil {
				return "", err
			}
			device := func(of string) string { return `{"device":{"token":` + quoted(id+"_"+of) + `,"type":"ios"}}` }
			_, _, err := s.post(ctx, call{path: "batch", body: `{"context":` + device("batch") + `,"batch":[{"type":"track","userId":` + quoted(id) +
				`,"event":"Device Created or Updated","context":` + device("message") + `}]}`})
			if err != nil {
				return "", err
			}
			seen := "no device appears"
			_, err = s.eventually(ctx, func() (bool, error) {
				c, err := s.app.Customers().Attributes(ctx, appapi.ByID(id))
				if errors.Is(err, appapi.ErrNotFound) {
					return false, nil
				}
				for _, d := range c.Devices {
					seen = map[string]string{id + "_batch": "the batch's", id + "_message": "the message's"}[d.Token]
				}
				return len(c.Devices) > 0, err
			})
			return seen, err
		}},
	{ID: "old-timestamp", Question: "What happens to the time of an event that happened years ago?", Assumed: "200, it is kept", looks: true, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			at := time.Date(2011, 3, 1, 12, 0, 0, 0, time.UTC)
			return s.timestamp(ctx, quoted(at.Format(time.RFC3339)), at)
		}},
	{ID: "future-timestamp", Question: "What happens to the time of an event that is a year in the future?", Assumed: "200, it is kept", looks: true, needs: Case{people: 1},
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			at := time.Now().AddDate(1, 0, 0).UTC().Truncate(time.Second)
			return s.timestamp(ctx, quoted(at.Format(time.RFC3339)), at)
		}},
	{ID: "integer-timestamp", Question: "Is an integer read as milliseconds?", Assumed: "200, it is kept", looks: true, needs: Case{people: 1},
		Behaviour: "A timestamp that is not ISO 8601 counts as an invalid field; an integer is read as milliseconds, with a warning.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
			return s.timestamp(ctx, strconv.FormatInt(at.UnixMilli(), 10), at)
		}},
	{ID: "dates", Question: "What happens to ISO 8601 text in traits?", Assumed: "unix seconds", looks: true, needs: Case{people: 1},
		Behaviour: "ISO 8601 strings in attributes, also in nested objects, become unix seconds. In event properties they stay text.",
		run: func(ctx context.Context, s *scope, switches map[string]string) (string, error) {
			const text = "2026-01-31T12:00:00Z"
			value, err := s.trait(ctx, text)
			switches["keep-dates"] = strconv.FormatBool(value == text)
			seen, known := map[string]string{text: "as it was sent", "1769860800": "unix seconds"}[value]
			if !known {
				seen = fmt.Sprintf("it is read back as %q", value)
			}
			return seen, err
		}},
	{ID: "null-removes", Question: "Does null remove an attribute?", Assumed: "it is gone", looks: true, needs: Case{people: 1},
		Behaviour: "null and the empty string remove an attribute.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			return s.removal(ctx, nil)
		}},
	{ID: "empty-text-removes", Question: "Does the empty text remove an attribute?", Assumed: "it is gone", looks: true, needs: Case{people: 1},
		Behaviour: "null and the empty string remove an attribute.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			return s.removal(ctx, "")
		}},
	{ID: "email-of-another-id", Question: "What happens to a person when a new id arrives with their email address?", Assumed: "they get the new id", looks: true, needs: Case{people: 2, emails: 1},
		Behaviour: "A new id with the email of a known person gives that person the new id, even if they had another id.",
		run: func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
			old, fresh, email := s.people[0], s.people[1], s.emails[0]
			if err := s.strict.Send(ctx, cio.Identify{UserID: old, Traits: map[string]any{cio.TraitEmail: email}}); err != nil {
				return "", err
			}
			if came, err := s.there(ctx, old); err != nil || !came {
				return "the person never appeared", err
			}
			if err := s.strict.Send(ctx, cio.Identify{UserID: fresh, Traits: map[string]any{cio.TraitEmail: email}}); err != nil {
				return "", err
			}
			came, err := s.there(ctx, fresh)
			if err != nil || !came {
				return "nobody has the new id", err
			}
			people, err := s.app.Customers().ByEmail(ctx, email)
			if err != nil {
				return "", err
			}
			if len(people) == 1 && people[0].ID == fresh {
				return "they get the new id", nil
			}
			return fmt.Sprintf("there is a person with the new id, and %d have the address", len(people)), nil
		}},
}

// badItem sends a batch of a valid message and one without a name, and checks whether the first was applied.
func (s *scope) badItem(ctx context.Context, permissive bool) (string, error) {
	good, bad := s.people[0], s.people[1]
	status, _, err := s.post(ctx, call{path: "batch", permissive: permissive,
		body: `{"batch":[{"type":"identify","userId":` + quoted(good) + `},{"type":"track","userId":` + quoted(bad) + `}]}`})
	if err != nil {
		return "", err
	}
	came, err := s.there(ctx, good)
	return strconv.Itoa(status) + map[bool]string{false: ", the others are not applied", true: ", the others are applied"}[came], err
}

// timestamp sends an event with the raw time, and reads the time of the event in the log.
func (s *scope) timestamp(ctx context.Context, raw string, at time.Time) (string, error) {
	id := s.people[0]
	if err := s.step(ctx, id, has(nil), cio.Identify{UserID: id}); err != nil {
		return "", err
	}
	status, _, err := s.post(ctx, call{path: "track", body: `{"userId":` + quoted(id) + `,"event":"Ciokit Test Time","timestamp":` + raw + `}`})
	if err != nil {
		return "", err
	}
	seen := "the event does not appear"
	_, err = s.eventually(ctx, func() (bool, error) {
		for a, err := range s.app.Customers().Activities(ctx, appapi.ByID(id), appapi.ActivityQuery{Type: appapi.ActivityEvent}) {
			switch {
			case errors.Is(err, appapi.ErrNotFound):
				return false, nil
			case err != nil:
				return false, err
			case a.At.Equal(at):
				seen = "it is kept"
			case time.Since(a.At).Abs() < time.Hour:
				seen = "the log has the time of receipt"
			default:
				seen = "the log has " + a.At.Format(time.RFC3339)
			}
			return true, nil
		}
		return false, nil
	})
	return strconv.Itoa(status) + ", " + seen, err
}

// trait sends a value and returns the value that is read back.
func (s *scope) trait(ctx context.Context, value any) (string, error) {
	if err := s.strict.Send(ctx, cio.Identify{UserID: s.people[0], Traits: map[string]any{"probe": value}}); err != nil {
		return "", err
	}
	text := ""
	_, err := s.eventually(ctx, func() (bool, error) {
		c, err := s.app.Customers().Attributes(ctx, appapi.ByID(s.people[0]))
		if errors.Is(err, appapi.ErrNotFound) {
			return false, nil
		}
		text = c.Attributes["probe"]
		return text != "", err
	})
	return text, err
}

// removal sets an attribute, then sends the value for it, and checks whether the attribute is gone.
func (s *scope) removal(ctx context.Context, value any) (string, error) {
	if text, err := s.trait(ctx, "there"); err != nil || text == "" {
		return "the attribute never appeared", err
	}
	if err := s.strict.Send(ctx, cio.Identify{UserID: s.people[0], Traits: map[string]any{"probe": value}}); err != nil {
		return "", err
	}
	seen := ""
	gone, err := s.eventually(ctx, func() (bool, error) {
		c, err := s.app.Customers().Attributes(ctx, appapi.ByID(s.people[0]))
		_, there := c.Attributes["probe"]
		seen = map[bool]string{false: "it keeps its value", true: "it is empty"}[c.Attributes["probe"] == ""]
		return !there, err
	})
	if gone {
		seen = "it is gone"
	}
	return seen, err
}
