package livetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/plural"
)

// Pauses between checks of data that has not appeared yet.
const (
	firstPause = 200 * time.Millisecond
	maxPause   = 3 * time.Second
)

// await calls look until it returns nil, or until the time for the data to appear is over; then it returns the last error of look. The emulator has
// applied a message when it answers, so one call is enough there.
func (w *workspace) await(ctx context.Context, look func() error) error {
	return w.awaitFor(ctx, w.cfg.ReadFor, look)
}

// awaitFor is await with another time.
func (w *workspace) awaitFor(ctx context.Context, patience time.Duration, look func() error) error {
	started := time.Now()
	for wait := firstPause; ; wait = min(2*wait, maxPause) {
		err := look()
		var api *appapi.APIError
		if err == nil || !w.real() || errors.As(err, &api) && !errors.Is(err, appapi.ErrNotFound) {
			return err
		}
		if time.Since(started)+wait > patience {
			return fmt.Errorf("after %v: %w", w.cfg.ReadFor, err)
		}
		if err := pause(ctx, wait); err != nil {
			return err
		}
	}
}

// reads waits until check accepts the person. Without an App API key it does nothing.
func (s *scope) reads(ctx context.Context, id appapi.CustomerID, check func(appapi.Customer) error) error {
	if s.app == nil {
		return nil
	}
	return s.await(ctx, func() error {
		c, err := s.app.Customers().Attributes(ctx, id)
		if err != nil {
			return err
		}
		return check(c)
	})
}

// has makes a check that attributes have the values, and that attributes with an empty value do not exist.
func has(want map[string]string) func(appapi.Customer) error {
	return func(c appapi.Customer) error {
		for name, value := range want {
			if got := c.Attributes[name]; got != value {
				return fmt.Errorf("the attribute %s is read back as %q, want %q", name, got, value)
			}
		}
		return nil
	}
}

// meet identifies the scope's people, and waits until all are seen.
func (s *scope) meet(ctx context.Context) error {
	var msgs []cio.Message
	for _, id := range s.people {
		msgs = append(msgs, cio.Identify{UserID: id})
	}
	if err := s.send(ctx, msgs...); err != nil {
		return fmt.Errorf("identify: %w", err)
	}
	for _, id := range s.people {
		if err := s.reads(ctx, appapi.ByID(id), has(nil)); err != nil {
			return fmt.Errorf("identified, but not seen: %w", err)
		}
	}
	return nil
}

// step sends messages and waits for their effect before the next messages depend on it: a workspace may apply messages in another order.
func (s *scope) step(ctx context.Context, id string, check func(appapi.Customer) error, msgs ...cio.Message) error {
	return s.after(ctx, func() error { return s.reads(ctx, appapi.ByID(id), check) }, msgs...)
}

// after sends messages, and then calls wait.
func (s *scope) after(ctx context.Context, wait func() error, msgs ...cio.Message) error {
	if err := s.send(ctx, msgs...); err != nil {
		return err
	}
	return wait()
}

// marked sends messages, and returns when they have been applied, or never will be.
func (s *scope) marked(ctx context.Context, msgs ...cio.Message) error {
	return s.after(ctx, func() error { return s.mark(ctx) }, msgs...)
}

// marker is the person whom mark changes.
func (w *workspace) marker() string { return idPrefix + "marker_" + w.run + "_0" }

// mark sends a message and waits until it is seen, and then as long again. Messages that were sent before have then been applied, or never will be.
// Only after that does the absence of data prove anything.
func (w *workspace) mark(ctx context.Context) error {
	if w.app == nil {
		return nil
	}
	w.marks++
	value, sent := strconv.Itoa(w.marks), time.Now()
	err := w.strict.Send(ctx, cio.Identify{UserID: w.marker(), Traits: map[string]any{"mark": value}})
	if err != nil {
		return err
	}
	err = w.await(ctx, func() error {
		c, err := w.app.Customers().Attributes(ctx, appapi.ByID(w.marker()))
		if err != nil {
			return err
		}
		return has(map[string]string{"mark": value})(c)
	})
	if err != nil {
		return fmt.Errorf("a marker: %w", err)
	}
	if w.emulated {
		return nil
	}
	return pause(ctx, time.Since(sent))
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// gone waits until the person, who was seen before, no longer exists.
func (w *workspace) gone(ctx context.Context, id appapi.CustomerID) error {
	if w.app == nil {
		return nil
	}
	return w.await(ctx, func() error { return w.notThere(ctx, id) })
}

// staysAway checks that the person does not appear.
func (w *workspace) staysAway(ctx context.Context, id appapi.CustomerID) error {
	if w.app == nil {
		return nil
	}
	if err := w.mark(ctx); err != nil {
		return err
	}
	return w.notThere(ctx, id)
}

var errStillThere = errors.New("the person is still there")

// notThere checks once.
func (w *workspace) notThere(ctx context.Context, id appapi.CustomerID) error {
	_, err := w.app.Customers().Attributes(ctx, id)
	switch {
	case errors.Is(err, appapi.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return errStillThere
}

// relates waits until check accepts the person's relationships, by object.
func (s *scope) relates(ctx context.Context, id string, check func(map[string]appapi.Relationship) error) error {
	if s.app == nil {
		return nil
	}
	return s.await(ctx, func() error {
		all := make(map[string]appapi.Relationship)
		for r, err := range s.app.Customers().Relationships(ctx, appapi.ByID(id)) {
			if err != nil {
				return err
			}
			all[r.Object.ID] = r
		}
		return check(all)
	})
}

// object waits until check accepts the object.
func (s *scope) object(ctx context.Context, id string, check func(map[string]string) error) error {
	if s.app == nil {
		return nil
	}
	err := s.await(ctx, func() error {
		o, err := s.app.Objects().Attributes(ctx, appapi.ID(s.cfg.ObjectType), id)
		if err != nil {
			return err
		}
		return check(o.Attributes)
	})
	if errors.Is(err, appapi.ErrNotFound) {
		return fmt.Errorf("%w%s", err, s.typeHint(ctx))
	}
	return err
}

// typeHint names the likely cause if an object does not appear.
func (w *workspace) typeHint(ctx context.Context) string {
	types, err := w.app.Objects().Types(ctx)
	if err != nil {
		return "; the workspace may drop objects of a type that it does not have: does it have the type " + w.cfg.ObjectType + "? " + typeAdvice
	}
	var all []string
	for _, t := range types {
		if string(t.ID) == w.cfg.ObjectType && t.Enabled {
			return ""
		}
		all = append(all, string(t.ID))
	}
	if len(all) == 0 {
		all = []string{"none"}
	}
	return fmt.Sprintf("; the workspace does not have the type %s, or the type is not enabled (it has: %s). %s", w.cfg.ObjectType, strings.Join(all, ", "), typeAdvice)
}

const typeAdvice = "Create one in the settings of custom objects in Customer.io, or name another with --object-type"

// objectGone waits until the object, which was seen before, no longer exists.
func (w *workspace) objectGone(ctx context.Context, typeID, id string) error {
	if w.app == nil {
		return nil
	}
	return w.await(ctx, func() error { return w.noObject(ctx, typeID, id) })
}

// noObject checks once.
func (w *workspace) noObject(ctx context.Context, typeID, id string) error {
	_, err := w.app.Objects().Attributes(ctx, appapi.ID(typeID), id)
	switch {
	case errors.Is(err, appapi.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return errObjectStillThere
}

var errObjectStillThere = errors.New("the object is still there")

// logs waits until the person's activities of the type have the names, in any order. If the log has no names, the activities are counted.
func (s *scope) logs(ctx context.Context, id, typ string, want ...string) error {
	if s.app == nil {
		return nil
	}
	slices.Sort(want)
	nameless := 0
	err := s.await(ctx, func() error {
		got, err := s.names(ctx, id, typ)
		if err != nil {
			return err
		}
		nameless = 0
		for len(got) > nameless && got[nameless] == "" { // sorted, they come first
			nameless++
		}
		if len(got) != len(want) || len(missing(got[nameless:], want)) > 0 {
			return fmt.Errorf("the activity log has %s of type %s, want the %d that %s sent", plural.Count(len(got), "activity", "activities"), typ, len(want), plural.Form(len(want), "was", "were"))
		}
		return nil
	})
	if err == nil && nameless > 0 {
		s.observe("the activity log", "%d of %s of type %s %s no name; they were counted", nameless, plural.Count(len(want), "activity", "activities"), typ, plural.Form(nameless, "has", "have"))
	}
	return err
}

// missing returns the elements of got that are not in want. Both are sorted.
func missing(got, want []string) (list []string) {
	for _, name := range got {
		for len(want) > 0 && want[0] < name {
			want = want[1:]
		}
		if len(want) == 0 || want[0] != name {
			list = append(list, name)
			continue
		}
		want = want[1:]
	}
	return list
}

// names returns the sorted names of the person's activities of the type.
func (w *workspace) names(ctx context.Context, id, typ string) (list []string, _ error) {
	for a, err := range w.app.Customers().Activities(ctx, appapi.ByID(id), appapi.ActivityQuery{Type: typ}) {
		if err != nil {
			return nil, err
		}
		list = append(list, a.Name)
	}
	slices.Sort(list)
	return list, nil
}
