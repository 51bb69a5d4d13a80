package livetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
)

// fillerTime keeps the size of a message from depending on the clock.
var fillerTime = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

var objectCases = []Case{
	{Area: "objects", Name: "an object without people", objects: 1, run: func(ctx context.Context, s *scope) error {
		return s.send(ctx,
			cio.SetObject{ObjectID: s.objects[0], Attributes: map[string]any{"name": "Acme", "employees": 329}},
			cio.SetObject{ObjectID: s.objects[0], Attributes: map[string]any{"employees": nil}},
		)
	}},
	{Area: "objects", Name: "a relationship with attributes, and its end", people: 1, objects: 2, run: func(ctx context.Context, s *scope) error {
		id, stays, goes := s.people[0], s.objects[0], s.objects[1]
		err := s.send(ctx,
			cio.Identify{UserID: id},
			cio.Relate{UserID: id, ObjectID: stays, Attributes: map[string]any{"role": "admin"}},
			cio.Relate{UserID: id, ObjectID: goes},
		)
		if err != nil {
			return err
		}
		err = s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
			if r, ok := all[stays]; !ok || string(r.Attributes["role"]) != `"admin"` || len(all) != 2 {
				return fmt.Errorf("the person has %d relationships, want 2, one with the role admin", len(all))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.send(ctx, cio.DeleteRelationship{UserID: id, ObjectID: goes}); err != nil {
			return err
		}
		return s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
			if _, ok := all[goes]; ok || len(all) != 1 {
				return fmt.Errorf("the person has %d relationships, want 1", len(all))
			}
			return nil
		})
	}},
	{Area: "objects", Name: "an object is deleted", people: 1, objects: 1, run: func(ctx context.Context, s *scope) error {
		id, object := s.people[0], s.objects[0]
		if err := s.send(ctx, cio.Identify{UserID: id}, cio.Relate{UserID: id, ObjectID: object}, cio.DeleteObject{ObjectID: object}); err != nil {
			return err
		}
		return s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
			if len(all) != 0 {
				return errors.New("the relationship is still there")
			}
			return nil
		})
	}},
	{Area: "objects", Name: "an anonymous person's relationship", anonymous: 1, objects: 1, run: func(ctx context.Context, s *scope) error {
		return s.send(ctx, cio.Relate{AnonymousID: s.anonymous[0], ObjectID: s.objects[0]})
	}},
}

var deviceCases = []Case{
	{Area: "devices", Name: "a device comes, changes and goes", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		token := id + "_token"
		err := s.send(ctx,
			cio.Identify{UserID: id},
			cio.SetDevice{UserID: id, Token: token, Platform: cio.IOS, AppID: "com.example.shop", Attributes: map[string]any{"device_model": "iPhone17,1", "app_version": "2.0"}},
			cio.SetDevice{UserID: id, Token: token, Platform: cio.IOS, AppID: "com.example.shop", Attributes: map[string]any{"app_version": "2.1"}},
		)
		if err != nil {
			return err
		}
		err = s.reads(ctx, appapi.ByID(id), func(c appapi.Customer) error {
			if len(c.Devices) != 1 || c.Devices[0].Token != token || c.Devices[0].Platform != "ios" || c.Devices[0].Attributes["app_version"] != "2.1" {
				return fmt.Errorf("the person has %d devices, want the one that was sent, with app_version 2.1", len(c.Devices))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.send(ctx, cio.DeleteDevice{UserID: id, Token: token, Platform: cio.IOS}); err != nil {
			return err
		}
		return s.reads(ctx, appapi.ByID(id), func(c appapi.Customer) error {
			if len(c.Devices) != 0 {
				return errors.New("the device is still there")
			}
			return nil
		})
	}},
}

var gdprCases = []Case{
	{Area: "gdpr", Name: "a person is deleted, and may come back", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		if err := s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}}); err != nil {
			return err
		}
		if err := s.reads(ctx, appapi.ByID(id), has(map[string]string{"plan": "pro"})); err != nil {
			return err
		}
		if err := errors.Join(s.send(ctx, cio.DeletePerson{UserID: id}), s.gone(ctx, appapi.ByID(id))); err != nil {
			return err
		}
		if err := s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{"again": "yes"}}); err != nil {
			return err
		}
		return s.reads(ctx, appapi.ByID(id), has(map[string]string{"again": "yes", "plan": ""}))
	}},
	{Area: "gdpr", Name: "a person is suppressed, and let in again", suppressed: 1, run: func(ctx context.Context, s *scope) error {
		id := s.suppressed[0]
		if err := s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}}); err != nil {
			return err
		}
		if err := errors.Join(s.send(ctx, cio.SuppressPerson{UserID: id}), s.gone(ctx, appapi.ByID(id))); err != nil {
			return err
		}
		err := s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}})
		switch {
		case errors.Is(err, cio.ErrInvalid):
			s.observe("a call for a suppressed person", "refused")
		case err != nil:
			return err
		default:
			s.observe("a call for a suppressed person", "accepted")
		}
		if err := s.gone(ctx, appapi.ByID(id)); err != nil {
			return fmt.Errorf("suppressed, and identified again: %w", err)
		}
		if err := s.send(ctx, cio.UnsuppressPerson{UserID: id}, cio.Identify{UserID: id, Traits: map[string]any{"again": "yes"}}); err != nil {
			return err
		}
		return s.reads(ctx, appapi.ByID(id), has(map[string]string{"again": "yes", "plan": ""}))
	}},
}

var aliasCases = []Case{
	{Area: "aliases", Name: "alone, and in a batch", people: 4, run: func(ctx context.Context, s *scope) error {
		for i, name := range []string{"alone", "in a batch"} {
			previous, id := s.people[2*i], s.people[2*i+1]
			if err := s.send(ctx, cio.Identify{UserID: previous, Traits: map[string]any{"from": "previous"}}, cio.Identify{UserID: id}); err != nil {
				return err
			}
			msgs := []cio.Message{cio.Alias{UserID: id, PreviousID: previous}}
			if name != "alone" {
				msgs = append(msgs, cio.Identify{UserID: id, Traits: map[string]any{"after": "yes"}})
			}
			if err := s.send(ctx, msgs...); err != nil {
				return fmt.Errorf("an alias %s: %w", name, err)
			}
			if s.app == nil {
				continue
			}
			_, err := s.app.Customers().Attributes(ctx, appapi.ByID(previous))
			switch {
			case errors.Is(err, appapi.ErrNotFound):
				s.observe("the previous id of an alias "+name+", at the first look", "not there")
			case err != nil:
				return err
			default:
				s.observe("the previous id of an alias "+name+", at the first look", "still there")
			}
		}
		return nil
	}},
}
