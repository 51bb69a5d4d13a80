package livetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/plural"
)

var peopleCases = []Case{
	{Area: "people", Name: "attributes of every JSON type", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		err := s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{
			"text": "Zo\u00eb \u4f60\u597d", "whole": 3, "fraction": 2.5, "large": int64(9007199254740993), "yes": true, "list": []string{"a", "b"},
			"nested": map[string]any{"city": "Ghent"}, "absent": nil, "empty": "",
		}})
		if err != nil {
			return err
		}
		return s.reads(ctx, appapi.ByID(id), has(map[string]string{
			"id": id, "text": "Zo\u00eb \u4f60\u597d", "whole": "3", "fraction": "2.5", "yes": "true", "absent": "", "empty": "",
		}))
	}},
	{Area: "people", Name: "an update keeps attributes that it does not name, and null removes them", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		err := s.step(ctx, id, has(map[string]string{"plan": "basic", "kept": "yes", "removed": "soon"}),
			cio.Identify{UserID: id, Traits: map[string]any{"plan": "basic", "kept": "yes", "removed": "soon"}})
		if err != nil {
			return err
		}
		return s.step(ctx, id, has(map[string]string{"plan": "pro", "kept": "yes", "removed": ""}),
			cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro", "removed": nil}})
	}},
	{Area: "people", Name: "an email address instead of an id", emails: 2, run: func(ctx context.Context, s *scope) error {
		byTrait, byUserID := s.emails[0], s.emails[1]
		err := s.send(ctx,
			cio.Identify{Traits: map[string]any{cio.TraitEmail: byTrait, "plan": "pro"}},
			cio.Identify{UserID: byUserID, Traits: map[string]any{"plan": "basic"}},
		)
		if err != nil {
			return err
		}
		return errors.Join(
			s.reads(ctx, appapi.ByEmail(byTrait), has(map[string]string{"plan": "pro"})),
			s.reads(ctx, appapi.ByEmail(byUserID), has(map[string]string{"plan": "basic"})),
		)
	}},
	{Area: "people", Name: "created_at and subscription preferences", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		preferences, created := cio.SubscriptionPreferences{Channels: map[cio.Channel]bool{cio.ChannelSMS: false}}, ""
		err := s.step(ctx, id, func(c appapi.Customer) error {
			created = c.Attributes["created_at"]
			if !c.Unsubscribed {
				return errors.New("the person is not unsubscribed")
			}
			return nil
		}, cio.Identify{UserID: id, Traits: map[string]any{cio.TraitCreatedAt: time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), cio.TraitUnsubscribed: true}})
		if err != nil {
			return err
		}
		if s.app != nil {
			s.observe("created_at sent as 2024-02-29T12:00:00Z is read back as", "%q", created)
		}
		return s.send(ctx, cio.Identify{UserID: id, Traits: preferences.Update()})
	}},
	{Area: "people", Name: "events of an anonymous person who is identified", people: 1, anonymous: 1, run: func(ctx context.Context, s *scope) error {
		id, anonymous := s.people[0], s.anonymous[0]
		if err := s.marked(ctx, cio.Track{AnonymousID: anonymous, Event: cio.Named("Ciokit Test Before", nil)}); err != nil {
			return err
		}
		err := s.step(ctx, id, has(map[string]string{"plan": "pro"}), cio.Identify{UserID: id, AnonymousID: anonymous, Traits: map[string]any{"plan": "pro"}})
		if err != nil {
			return err
		}
		const after = "Ciokit Test After"
		err = s.marked(ctx, cio.Track{UserID: id, Event: cio.Named(after, nil)})
		if err != nil || s.app == nil {
			return err
		}
		var names []string
		err = s.await(ctx, func() (err error) {
			names, err = s.names(ctx, id, appapi.ActivityEvent)
			if err == nil && !slices.Contains(names, after) && !slices.Contains(names, "") { // the log may have no names of activities
				err = fmt.Errorf("the activity log lacks %q, which was sent after the person was identified", after)
			}
			return err
		})
		s.observe("events of a person who was anonymous before", "%s", strings.Join(names, ", "))
		return err
	}},
}

var pageCases = []Case{
	{Area: "pages", Name: "pages and screens", people: 1, met: true, anonymous: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		url := "https://shop.example/?run=" + s.run
		err := s.send(ctx,
			cio.Page{UserID: id, Name: "Home", Category: "Shop", Properties: map[string]any{"url": url, "title": "Home", "referrer": "https://example.com/"}},
			cio.Screen{UserID: id, Name: "Cart", Category: "Shop", Properties: map[string]any{"items": 2}},
			cio.Page{AnonymousID: s.anonymous[0], Properties: map[string]any{"url": url}},
			cio.Screen{AnonymousID: s.anonymous[0], Name: "Start"},
		)
		if err != nil {
			return err
		}
		return errors.Join(s.happened(ctx, id, appapi.ActivityPage, 1), s.happened(ctx, id, appapi.ActivityScreen, 1))
	}},
	{Area: "pages", Name: "each by its own endpoint", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		for _, m := range []cio.Message{cio.Page{UserID: id, Properties: map[string]any{"url": "https://shop.example/"}}, cio.Screen{UserID: id, Name: "Start"}} {
			if err := s.send(ctx, m); err != nil {
				return err
			}
		}
		return errors.Join(s.happened(ctx, id, appapi.ActivityPage, 1), s.happened(ctx, id, appapi.ActivityScreen, 1))
	}},
}

// happened waits until the person has so many activities of the type.
func (s *scope) happened(ctx context.Context, id, typ string, want int) error {
	if s.app == nil {
		return nil
	}
	return s.await(ctx, func() error {
		names, err := s.names(ctx, id, typ)
		if err == nil && len(names) != want {
			err = fmt.Errorf("the activity log has %s of type %s, want %d", plural.Count(len(names), "activity", "activities"), typ, want)
		}
		return err
	})
}
