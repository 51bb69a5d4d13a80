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
)

// cleanAtOnce is how many items are deleted together.
const cleanAtOnce = 100

// unseenPause separates the steps of cleaning in a real workspace where nobody can look whether a step is done.
const unseenPause = 10 * time.Second

// clean deletes what the ledger lists, and takes off it what is known to be gone: with an App API key what is not found any more, without one
// what the API accepted to delete.
func (w *workspace) clean(ctx context.Context, l *Ledger) error {
	items, err := l.inOrder()
	if err != nil {
		return err
	}
	patience := w.cfg.ReadFor
	var failed error
	for len(items) > 0 {
		some := items[:min(cleanAtOnce, len(items))]
		items = items[len(some):]
		if kind := some[0].Kind; kind == ItemKindObject || kind == ItemKindSuppressed { // somebody has to be seen before objects are deleted, and after people were let in
			marker := Item{Kind: ItemKindPerson, ID: w.marker()}
			if !slices.Contains(l.left, marker) {
				if err := l.add([]Item{marker}); err != nil {
					return err
				}
			}
			if !slices.Contains(some, marker) {
				some = slices.Concat([]Item{marker}, some)
			}
		}
		gone, err := w.remove(ctx, some, patience)
		if done := l.done(gone); done != nil {
			return done
		}
		var left *leftError
		switch {
		case errors.As(err, &left):
			failed, patience = err, 0 // who does not go is waited for once, and the rest is deleted
		case err != nil:
			return err
		}
	}
	return failed
}

// inOrder returns what is left: people first, because an anonymous id that belongs to one of them goes with them.
func (l *Ledger) inOrder() (items []Item, _ error) {
	for _, kind := range []ItemKind{ItemKindSuppressed, ItemKindPerson, ItemKindAnonymous, ItemKindObject} {
		for _, item := range l.left {
			if item.Kind == kind {
				items = append(items, item)
			}
		}
	}
	if len(items) < len(l.left) {
		return nil, fmt.Errorf("%s: it lists things that this version does not know", l.path)
	}
	return items, nil
}

// leftError is something that is still there after it was deleted, and was waited for.
type leftError struct {
	item Item
	err  error
}

func (e *leftError) Error() string { return e.item.ID + ": " + e.err.Error() }
func (e *leftError) Unwrap() error { return e.err }

// remove deletes the items, in steps each of which is seen before the next, and returns those that are gone. Each step would be in vain before
// the one in front of it has been applied: who is suppressed cannot be identified; who is not known cannot be deleted in a workspace that drops
// what is sent for unknown people; and an event that is still on its way would bring back whoever is deleted too early. Nothing else is seen of
// an anonymous id than the person who gets it.
func (w *workspace) remove(ctx context.Context, items []Item, patience time.Duration) (gone []Item, _ error) {
	var let, meet, kill []cio.Message
	var people []Item
	stamp := w.run + "-" + time.Now().UTC().Format("150405.000")
	for _, i := range items {
		if i.Kind == ItemKindSuppressed {
			let = append(let, cio.UnsuppressPerson{UserID: i.ID})
		}
		if i.Kind == ItemKindObject {
			kill = append(kill, cio.DeleteObject{TypeID: i.TypeID, ObjectID: i.ID})
			continue
		}
		people = append(people, i)
		meet = append(meet, i.identification(stamp))
		kill = append(kill, cio.DeletePerson{UserID: i.owner()})
	}
	if w.app == nil {
		return w.removeUnseen(ctx, items, let, kill)
	}
	if len(let) > 0 {
		if err := w.sendAll(ctx, let); err != nil {
			return nil, err
		}
		if err := w.mark(ctx); err != nil {
			return nil, err
		}
	}
	// Once, and not again if it takes long: the second would come after the deletion, and bring them back.
	if err := w.sendAll(ctx, meet); err != nil {
		return nil, err
	}
	strangers, err := w.lookUntil(ctx, people, patience, func(i Item) error {
		c, err := w.app.Customers().Attributes(ctx, i.customer())
		if err != nil {
			return err
		}
		return has(map[string]string{stampTrait: stamp})(c)
	})
	if err != nil {
		return nil, err
	}
	if err := w.sendAll(ctx, kill); err != nil {
		return nil, err
	}
	if len(strangers) == len(meet) {
		patience = 0 // what is not even there cannot be seen to go
	}
	still, err := w.lookUntil(ctx, items, patience, func(i Item) error { return w.isGone(ctx, i) })
	if err != nil {
		return nil, err
	}
	for item, err := range strangers { // that they are not there now proves nothing
		still[item] = fmt.Errorf("identified to be deleted, and not seen (is CUSTOMERIO_APP_API_KEY of the same workspace, and does it show data soon enough?): %w", err)
	}
	var left error
	for _, i := range items {
		if err := still[i]; err == nil {
			gone = append(gone, i)
		} else if left == nil {
			left = &leftError{i, err}
		}
	}
	return gone, left
}

// removeUnseen does the same where nobody can look: only an anonymous id needs somebody who is identified before.
func (w *workspace) removeUnseen(ctx context.Context, items []Item, let, kill []cio.Message) ([]Item, error) {
	var meet []cio.Message
	for _, i := range items {
		if i.Kind == ItemKindAnonymous {
			meet = append(meet, i.identification(""))
		}
	}
	for _, step := range [][]cio.Message{let, meet} {
		if len(step) == 0 {
			continue
		}
		if err := w.sendAll(ctx, step); err != nil {
			return nil, err
		}
		if w.real() {
			if err := pause(ctx, unseenPause); err != nil {
				return nil, err
			}
		}
	}
	if err := w.sendAll(ctx, kill); err != nil {
		return nil, err
	}
	return items, nil
}

func (w *workspace) sendAll(ctx context.Context, msgs []cio.Message) error {
	if len(msgs) == 0 {
		return nil
	}
	if err := w.strict.Send(ctx, msgs...); err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// lookUntil looks at each of the items until look returns nil for it, or their time is over, and returns what it said last of the others. The
// error is one that every look would meet.
func (w *workspace) lookUntil(ctx context.Context, items []Item, patience time.Duration, look func(Item) error) (map[Item]error, error) {
	open := make(map[Item]error)
	for _, i := range items {
		open[i] = nil
	}
	started := time.Now()
	for wait := firstPause; ; wait = min(2*wait, maxPause) {
		for _, i := range items {
			if _, pending := open[i]; !pending {
				continue
			}
			err := look(i)
			var api *appapi.APIError
			switch {
			case err == nil:
				delete(open, i)
			case errors.As(err, &api) && !errors.Is(err, appapi.ErrNotFound), ctx.Err() != nil:
				return nil, err
			default:
				open[i] = err
			}
		}
		if len(open) == 0 || w.emulated || time.Since(started)+wait > patience {
			return open, nil
		}
		if err := pause(ctx, wait); err != nil {
			return nil, err
		}
	}
}

// stampTrait is what a person is identified with before they are deleted.
const stampTrait = "ciokit_test_deleted_by"

// identification returns what makes the item's person known, in this very moment, and gives them the anonymous id if that is what it is about.
func (i Item) identification(stamp string) cio.Identify {
	m := cio.Identify{UserID: i.owner(), Traits: map[string]any{stampTrait: stamp}}
	if i.Kind == ItemKindAnonymous {
		m.AnonymousID = i.ID
	}
	return m
}

// owner is the person whom the item is, or who is made to take an anonymous id along: nothing deletes what is kept of one.
func (i Item) owner() string {
	if i.Kind == ItemKindAnonymous {
		return i.ID + "_owner"
	}
	return i.ID
}

// customer is how the App API knows the item's person.
func (i Item) customer() appapi.CustomerID {
	if id := i.owner(); strings.Contains(id, "@") {
		return appapi.ByEmail(id)
	}
	return appapi.ByID(i.owner())
}

// isGone looks once.
func (w *workspace) isGone(ctx context.Context, i Item) error {
	if i.Kind == ItemKindObject {
		typeID := i.TypeID
		if typeID == "" {
			typeID = defaultObjectType
		}
		return w.noObject(ctx, typeID, i.ID)
	}
	return w.notThere(ctx, i.customer())
}

// ErrOtherWorkspace is a ledger of another workspace, or of the same one under another key.
var ErrOtherWorkspace = errors.New("the ledger is of another workspace, or was written with another write key")

// Clean deletes what the ledger lists, and removes the ledger when nothing is left. It refuses a ledger of another address with
// ErrOtherWorkspace, and one of another write key unless anyKey says that the key was changed. Nobody has to name the workspace: the ledger
// knows it.
func Clean(ctx context.Context, cfg Config, l *Ledger, anyKey bool) error {
	if err := l.reopen(); err != nil {
		return err
	}
	err := func() error {
		if len(l.left) == 0 {
			return nil
		}
		client, err := cio.NewClient(cio.Config{APIKey: cfg.APIKey, Region: cfg.Region, BaseURL: cfg.BaseURL})
		if err != nil {
			return err
		}
		if h := l.header; h.Target != client.Target() || h.Workspace != fingerprint(cfg.APIKey) && !anyKey {
			return fmt.Errorf("%s, of a run on %s: %w", l.path, h.Target, ErrOtherWorkspace)
		}
		w, err := cfg.dial(ctx)
		if err != nil {
			return err
		}
		if err := w.knock(ctx); err != nil {
			return err
		}
		return w.clean(ctx, l)
	}()
	return errors.Join(err, l.close())
}
