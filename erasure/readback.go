package erasure

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/ciokit/cio/appapi"
)

// readers is how many requests to the App API are in progress at once. It is enough to use the App API's 10 requests a second, the limit that appapi
// keeps.
const readers = 8

// inParallel calls do for 0 to n-1, several at a time. It returns the first error, and begins no other call after it.
func inParallel(ctx context.Context, n int, do func(ctx context.Context, i int) error) error {
	outer := ctx
	ctx, cancel := context.WithCancelCause(outer)
	defer cancel(nil)
	var all sync.WaitGroup
	var next atomic.Int64
	for range min(n, readers) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	all.Wait()
	if err := outer.Err(); err != nil {
		return fmt.Errorf("erasure: stopped: %w", err)
	}
	return context.Cause(ctx)
}

// errOtherPerson says that an answer is about another person. Acting on it could erase somebody who was not named.
var errOtherPerson = errors.New("the App API answered with another person than the one asked for")

// same reports whether two texts are the same identifier.
func same(a, b string) bool {
	_, x := canonical(nil, a)
	_, y := canonical(nil, b)
	return string(x) == string(y)
}

// profileOf returns the profile with exactly that identifier, or nil. It takes id as an id, whatever it looks like, unless it is a cio_id.
func profileOf(ctx context.Context, app *appapi.Client, id string) (*appapi.Identifiers, error) {
	by := appapi.ByID(id)
	if KindOf(id) == KindCIOID {
		by = appapi.ByCIOID(id)
	}
	c, err := app.Customers().Attributes(ctx, by)
	if errors.Is(err, appapi.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	got := c.Identifiers
	if KindOf(id) == KindCIOID && got.CIOID != "" && !same(cioID(got), id) || KindOf(id) != KindCIOID && got.ID != "" && got.ID != id {
		return nil, errOtherPerson
	}
	return &got, nil
}

// cioID returns the cio_id in the form that a userId has, empty for none.
func cioID(p appapi.Identifiers) string {
	if p.CIOID == "" {
		return ""
	}
	return cioPrefix + strings.TrimPrefix(p.CIOID, cioPrefix)
}

// profilesAt returns the profiles that have the address, and the profile that has the same text as its id.
func profilesAt(ctx context.Context, app *appapi.Client, email string) ([]appapi.Identifiers, error) {
	found, err := app.Customers().ByEmail(ctx, email)
	if err != nil {
		return nil, err
	}
	for _, p := range found {
		if !same(p.Email, email) {
			return nil, errOtherPerson
		}
	}
	p, err := profileOf(ctx, app, email)
	if err != nil || p == nil {
		return found, err
	}
	for _, other := range found {
		if other == *p || other.CIOID != "" && other.CIOID == p.CIOID {
			return found, nil
		}
	}
	return append(found, *p), nil
}

// profiles returns all profiles that an identifier names.
func profiles(ctx context.Context, app *appapi.Client, id string) ([]appapi.Identifiers, error) {
	if KindOf(id) == KindEmail {
		return profilesAt(ctx, app, id)
	}
	p, err := profileOf(ctx, app, id)
	if p == nil {
		return nil, err
	}
	return []appapi.Identifiers{*p}, err
}

// readError says why reading from the App API failed. It contains no text of the server.
func readError(err error) error {
	var api *appapi.APIError
	_ = errors.As(err, &api)
	switch {
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("erasure: stopped: %w", context.Canceled)
	case errors.Is(err, appapi.ErrUnauthorized):
		return fmt.Errorf("%w (status %d): check that it is an App API key of the workspace, and of its region", appapi.ErrUnauthorized, api.Status)
	case errors.Is(err, appapi.ErrRateLimited):
		return fmt.Errorf("%w, again and again: check who else uses the workspace's App API", appapi.ErrRateLimited)
	case api != nil && api.Status != 0 && errors.Is(err, appapi.ErrUnavailable):
		return fmt.Errorf("%w (status %d)", appapi.ErrUnavailable, api.Status)
	case errors.Is(err, appapi.ErrUnavailable):
		return appapi.ErrUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("erasure: stopped: %w", context.DeadlineExceeded)
	case errors.Is(err, errOtherPerson):
		return fmt.Errorf("erasure: %w", errOtherPerson)
	case api != nil && api.Status == 200:
		return errors.New("erasure: the App API's answer is not the documented JSON; check for a proxy in between")
	case api != nil:
		return fmt.Errorf("erasure: the App API refused to read a person (status %d)", api.Status)
	}
	return errors.New("erasure: the request to the App API failed")
}

// otherWorkspace is the number of a known person who is not there, counted from 1. errors.Is reports it as ErrOtherKey.
type otherWorkspace int

func (n otherWorkspace) Error() string {
	return fmt.Sprintf("erasure: known person %d is not in the workspace that the App API reads; the App API key probably belongs to another workspace, in which everybody would seem to be gone; nobody else was looked up", int(n))
}

func (otherWorkspace) Is(target error) bool { return target == ErrOtherKey }

// knownPeople returns ErrOtherKey if one of the people is not in the workspace that app reads.
func knownPeople(ctx context.Context, app *appapi.Client, known []string) error {
	for i, id := range known {
		if err := checkID(id); err != nil {
			return fmt.Errorf("erasure: known person %d has no valid identifier: %w", i+1, err)
		}
		found, err := profiles(ctx, app, id)
		if err != nil {
			return readError(err)
		}
		if len(found) == 0 {
			return otherWorkspace(i + 1)
		}
	}
	return nil
}
