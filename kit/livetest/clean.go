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

// unseenPause separates the steps of cleaning in a real workspace if there is no way to check that a step is done.
const unseenPause = 10 * time.Second

// clean deletes the items of the ledger, and removes from the ledger what is known to be gone: with an App API key what is no longer found, without
// one what the API accepted to delete.
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
		if kind := some[0].Kind; kind == ItemKindObject || kind == ItemKindSuppressed { // a person must be seen before objects are deleted, and after people were unsuppressed
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
			failed, patience = err, 0 // wait only once for an item that does not disappear, and delete the rest
		case err != nil:
			return err
		}
	}
	return failed
}

// inOrder returns what is left: people first, because an anonymous id that belongs to a person is deleted with the person.
func (l *Ledger) inOrder() (items []Item, _ error) {
	for _, kind := range []ItemKind{ItemKindSuppressed, ItemKindPerson, ItemKindAnonymous, ItemKindObject} {
		for _, item := range l.left {
			if item.Kind == kind {
				items = append(items, item)
			}
		}
	}
	if len(items) < len(l.left) {
		return nil, fmt.Errorf("%s: it lists kinds of items that this version does not know", l.path)
	}
	return items, nil
}

// leftError says that an item still exists after it was deleted and waited for.
type leftError struct {
	item Item
	err  error
}

func (e *leftError) Error() string { return e.item.ID + ": " + e.err.Error() }
func (e *leftError) Unwrap() error { return e.err }

// remove deletes the items in steps, and returns those that are gone. It waits until each step is visible before the next, because a step has no
// effect before the previous one was applied. A suppressed person cannot be identified. In a workspace that drops messages for unknown people, a
// person who is not known cannot be deleted. An event that is still on its way would create a person again who is deleted too early. Of an anonymous
// id, only the person who gets it can be seen.
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
	// Only once, even if it takes long: a second identify would arrive after the deletion and create them again.
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
		patience = 0 // nobody was ever seen, so nobody can be seen to disappear
	}
	still, err := w.lookUntil(ctx, items, patience, func(i Item) error { return w.isGone(ctx, i) })
	if err != nil {
		return nil, err
	}
	for item, err := range strangers { // their absence now proves nothing
		still[item] = fmt.Errorf("identified before the deletion, but not seen (does CUSTOMERIO_APP_API_KEY belong to the same workspace, and does the App API show data soon enough?): %w", err)
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

// removeUnseen does the same without an App API key: only for an anonymous id must a person be identified first.
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

// lookUntil checks each of the items until look returns nil for it or the time is over, and returns the last error for each of the others. The
// returned error is one that every check would meet.
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

// stampTrait is the trait with which a person is identified before the deletion.
const stampTrait = "ciokit_test_deleted_by"

// identification returns an identify that makes the item's person known now. If the item is an anonymous id, the person gets it.
func (i Item) identification(stamp string) cio.Identify {
	m := cio.Identify{UserID: i.owner(), Traits: map[string]any{stampTrait: stamp}}
	if i.Kind == ItemKindAnonymous {
		m.AnonymousID = i.ID
	}
	return m
}

// owner is the person that the item is, or a person who is made to get an anonymous id: nothing else deletes the data of an anonymous id.
func (i Item) owner() string {
	if i.Kind == ItemKindAnonymous {
		return i.ID + "_owner"
	}
	return i.ID
}

// customer returns the item's person for the App API.
func (i Item) customer() appapi.CustomerID {
	if id := i.owner(); strings.Contains(id, "@") {
		return appapi.ByEmail(id)
	}
	return appapi.ByID(i.owner())
}

// isGone checks once.
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

// ErrOtherWorkspace says that a ledger is of another workspace, or of the same workspace with another key.
var ErrOtherWorkspace = errors.New("the ledger belongs to another workspace, or was written with another write key")

// Clean deletes the items of the ledger, and removes the ledger when nothing is left. It refuses a ledger of another address with ErrOtherWorkspace.
// It also refuses one of another write key, unless anyKey says that the key was changed. The caller need not name the workspace, because the ledger
// contains it.
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
