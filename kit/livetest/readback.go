package livetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ciokit/cio/appapi"
)

// Pauses between looks at what is not there yet.
const (
	firstPause = 200 * time.Millisecond
	maxPause   = 3 * time.Second
)

// await looks until look returns nil, or what was sent has had its time; then it returns what look said last. The emulator has applied what it
// has answered, so there one look is enough.
func (w *workspace) await(ctx context.Context, look func() error) error {
	started := time.Now()
	for pause := firstPause; ; pause = min(2*pause, maxPause) {
		err := look()
		var api *appapi.APIError
		if err == nil || !w.real() || errors.As(err, &api) && !errors.Is(err, appapi.ErrNotFound) {
			return err
		}
		if time.Since(started)+pause > w.cfg.ReadFor {
			return fmt.Errorf("after %v: %w", w.cfg.ReadFor, err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// reads waits until the person is as check says. Without an App API key it does nothing.
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

// has makes a check that attributes have the values, and that those with an empty value are not there.
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

// gone waits until the person is not there.
func (w *workspace) gone(ctx context.Context, id appapi.CustomerID) error {
	if w.app == nil {
		return nil
	}
	return w.await(ctx, func() error { return w.notThere(ctx, id) })
}

var errStillThere = errors.New("the person is still there")

// notThere looks once.
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

// relates waits until the person's relationships are as check says, by object.
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
			all[r.ObjectID] = r
		}
		return check(all)
	})
}

// logs waits until the person's activities of the type have the names, in whatever order.
func (s *scope) logs(ctx context.Context, id, typ string, want ...string) error {
	if s.app == nil {
		return nil
	}
	slices.Sort(want)
	return s.await(ctx, func() error {
		got, err := s.names(ctx, id, typ)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("the activity log has %d activities of type %s, or others than the %d that were sent", len(got), typ, len(want))
		}
		return err
	})
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
