package livetest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/plural"
)

// fillerTime makes the size of a message independent of the clock.
var fillerTime = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

var objectCases = []Case{
	{Area: "objects", Name: "an object without people", objects: 1, run: func(ctx context.Context, s *scope) error {
		object := s.objects[0]
		set := func(attributes map[string]any) cio.SetObject {
			return cio.SetObject{TypeID: s.cfg.ObjectType, ObjectID: object, Attributes: attributes}
		}
		if err := s.marked(ctx, set(map[string]any{"name": "Acme", "employees": 329})); err != nil || s.app == nil {
			return err
		}
		// Documents disagree on whether a person must be sent with it.
		err := s.noObject(ctx, s.cfg.ObjectType, object)
		if err == nil {
			s.observe("an object without people", "it does not appear%s", s.typeHint(ctx))
			return nil
		}
		if !errors.Is(err, errObjectStillThere) {
			return err
		}
		s.observe("an object without people", "it appears")
		if err := s.object(ctx, object, hasText("employees", "329")); err != nil {
			return err
		}
		err = s.after(ctx, func() error { return s.object(ctx, object, hasText("employees", "")) }, set(map[string]any{"employees": nil}))
		if err != nil {
			return err
		}
		return s.object(ctx, object, hasText("name", "Acme"))
	}},
	{Area: "objects", Name: "a relationship with attributes, and its end", people: 1, met: true, objects: 2, run: func(ctx context.Context, s *scope) error {
		id, stays, goes := s.people[0], s.objects[0], s.objects[1]
		err := s.send(ctx,
			cio.Relate{UserID: id, TypeID: s.cfg.ObjectType, ObjectID: stays, Attributes: map[string]any{"role": "admin"}},
			cio.Relate{UserID: id, TypeID: s.cfg.ObjectType, ObjectID: goes},
		)
		if err != nil {
			return err
		}
		err = s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
			if r, ok := all[stays]; !ok || string(r.Attributes["role"]) != `"admin"` || len(all) != 2 {
				return fmt.Errorf("the person has %s, want 2, one with the role admin", plural.Count(len(all), "relationship", "relationships"))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("%w%s", err, s.typeHint(ctx))
		}
		if err := s.send(ctx, cio.DeleteRelationship{UserID: id, TypeID: s.cfg.ObjectType, ObjectID: goes}); err != nil {
			return err
		}
		return s.relates(ctx, id, func(all map[string]appapi.Relationship) error {
			if _, ok := all[goes]; ok || len(all) != 1 {
				return fmt.Errorf("the person has %s, want 1", plural.Count(len(all), "relationship", "relationships"))
			}
			return nil
		})
	}},
	{Area: "objects", Name: "the deletion of an object", people: 1, met: true, objects: 1, run: func(ctx context.Context, s *scope) error {
		id, object := s.people[0], s.objects[0]
		related := func(want int) func(map[string]appapi.Relationship) error {
			return func(all map[string]appapi.Relationship) error {
				if len(all) != want {
					return fmt.Errorf("the person has %s, want %d", plural.Count(len(all), "relationship", "relationships"), want)
				}
				return nil
			}
		}
		err := s.send(ctx, cio.Group{UserID: id, GroupID: object, Traits: map[string]any{"name": "Acme", "objectTypeId": s.cfg.ObjectType}})
		if err != nil {
			return err
		}
		if err := errors.Join(s.object(ctx, object, hasText("name", "Acme")), s.relates(ctx, id, related(1))); err != nil {
			return err
		}
		if err := s.send(ctx, cio.DeleteObject{TypeID: s.cfg.ObjectType, ObjectID: object}); err != nil {
			return err
		}
		return errors.Join(s.objectGone(ctx, s.cfg.ObjectType, object), s.relates(ctx, id, related(0)))
	}},
	{Area: "objects", Name: "an anonymous person's relationship", anonymous: 1, objects: 1, run: func(ctx context.Context, s *scope) error {
		object := s.objects[0]
		err := s.marked(ctx, cio.Relate{AnonymousID: s.anonymous[0], TypeID: s.cfg.ObjectType, ObjectID: object})
		if err != nil || s.app == nil {
			return err
		}
		// No document says whether the object is made before the person is known.
		switch err := s.noObject(ctx, s.cfg.ObjectType, object); {
		case err == nil:
			s.observe("an object of an anonymous person", "it does not appear%s", s.typeHint(ctx))
		case !errors.Is(err, errObjectStillThere):
			return err
		default:
			s.observe("an object of an anonymous person", "it appears")
		}
		return nil
	}},
}

// hasText makes a check that an attribute of an object has the value; empty: that it does not exist.
func hasText(name, want string) func(map[string]string) error {
	return func(attributes map[string]string) error {
		if got := attributes[name]; got != want {
			return fmt.Errorf("the object's attribute %s is read back as %q, want %q", name, got, want)
		}
		return nil
	}
}

// hasDevice makes a check that the person has only this device, with an attribute of this value.
func hasDevice(token, name, want string) func(appapi.Customer) error {
	return func(c appapi.Customer) error {
		if len(c.Devices) != 1 || c.Devices[0].Token != token || c.Devices[0].Attributes[name] != want {
			return fmt.Errorf("the person has %s, want only the one that was sent, %s %s", plural.Count(len(c.Devices), "device", "devices"), name, want)
		}
		return nil
	}
}

var deviceCases = []Case{
	{Area: "devices", Name: "a device is added, changed and removed", people: 1, met: true, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		token := id + "_token"
		device := cio.SetDevice{UserID: id, Token: token, Platform: cio.PlatformIOS, AppID: "com.example.shop", Attributes: map[string]any{"device_model": "iPhone17,1", "app_version": "2.0"}}
		if err := s.step(ctx, id, hasDevice(token, "app_version", "2.0"), device); err != nil {
			return err
		}
		device.Attributes = map[string]any{"app_version": "2.1"}
		if err := s.step(ctx, id, hasDevice(token, "app_version", "2.1"), device); err != nil {
			return err
		}
		return s.step(ctx, id, func(c appapi.Customer) error {
			if len(c.Devices) != 0 {
				return errors.New("the device is still there")
			}
			return nil
		}, cio.DeleteDevice{UserID: id, Token: token, Platform: cio.PlatformIOS})
	}},
}

var gdprCases = []Case{
	{Area: "gdpr", Name: "a person is deleted, and can be created again", people: 1, run: func(ctx context.Context, s *scope) error {
		id := s.people[0]
		err := s.step(ctx, id, has(map[string]string{"plan": "pro"}), cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}})
		if err != nil {
			return err
		}
		if err := s.after(ctx, func() error { return s.gone(ctx, appapi.ByID(id)) }, cio.DeletePerson{UserID: id}); err != nil {
			return err
		}
		return s.step(ctx, id, has(map[string]string{"again": "yes", "plan": ""}), cio.Identify{UserID: id, Traits: map[string]any{"again": "yes"}})
	}},
	{Area: "gdpr", Name: "a person is suppressed, and unsuppressed", suppressed: 1, run: func(ctx context.Context, s *scope) error {
		id := s.suppressed[0]
		err := s.step(ctx, id, has(map[string]string{"plan": "pro"}), cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}})
		if err != nil {
			return err
		}
		if err := s.after(ctx, func() error { return s.gone(ctx, appapi.ByID(id)) }, cio.SuppressPerson{UserID: id}); err != nil {
			return err
		}
		err = s.send(ctx, cio.Identify{UserID: id, Traits: map[string]any{"plan": "pro"}})
		switch {
		case errors.Is(err, cio.ErrInvalid):
			s.observe("a call for a suppressed person", "rejected")
		case err != nil:
			return err
		default:
			s.observe("a call for a suppressed person", "accepted")
		}
		if err := s.staysAway(ctx, appapi.ByID(id)); err != nil {
			return fmt.Errorf("suppressed, and identified again: %w", err)
		}
		if err := s.marked(ctx, cio.UnsuppressPerson{UserID: id}); err != nil {
			return err
		}
		return s.step(ctx, id, has(map[string]string{"again": "yes", "plan": ""}), cio.Identify{UserID: id, Traits: map[string]any{"again": "yes"}})
	}},
}

var aliasCases = []Case{
	{Area: "aliases", Name: "an alias alone, and in a batch", people: 4, met: true, run: func(ctx context.Context, s *scope) error {
		for i, name := range []string{"alone", "in a batch"} {
			previous, id := s.people[2*i], s.people[2*i+1]
			msgs := []cio.Message{cio.Alias{UserID: id, PreviousID: previous}}
			if name != "alone" {
				msgs = append(msgs, cio.Identify{UserID: id, Traits: map[string]any{"after": "yes"}})
			}
			if err := s.send(ctx, msgs...); err != nil {
				return fmt.Errorf("an alias %s: %w", name, err)
			}
		}
		if s.app == nil {
			return nil
		}
		if err := s.mark(ctx); err != nil {
			return err
		}
		for i, name := range []string{"alone", "in a batch"} {
			switch err := s.notThere(ctx, appapi.ByID(s.people[2*i])); {
			case errors.Is(err, errStillThere):
				s.observe("the previous id of an alias "+name, "still there")
			case err != nil:
				return err
			default:
				s.observe("the previous id of an alias "+name, "not there")
			}
		}
		return nil
	}},
}
