package livetest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
)

// cleanAtOnce is how many items are deleted with one call.
const cleanAtOnce = 100

// clean deletes what the ledger lists, and takes off it what is known to be gone: what the API accepted to delete, and, with an App API key,
// what is not found any more.
func (w *workspace) clean(ctx context.Context, l *Ledger) error {
	// People first: an anonymous id that belongs to one of them goes with them.
	var items []Item
	for _, kind := range []ItemKind{SuppressedItem, PersonItem, AnonymousItem, ObjectItem} {
		for _, item := range l.left {
			if item.Kind == kind {
				items = append(items, item)
			}
		}
	}
	if len(items) < len(l.left) {
		return fmt.Errorf("%s: it lists things that this version does not know", l.path)
	}
	patient := true // one person who does not go is waited for, not all
	for len(items) > 0 {
		n := min(cleanAtOnce, len(items))
		some := items[:n]
		items = items[n:]
		var msgs []cio.Message
		for _, item := range some {
			msgs = append(msgs, item.deletion()...)
		}
		if err := w.strict.Send(ctx, msgs...); err != nil {
			return fmt.Errorf("delete: %w", err)
		}
		var sure []Item
		var failed error
		for _, item := range some {
			if err := w.verify(ctx, item, patient); err != nil {
				failed, patient = err, false
			} else {
				sure = append(sure, item)
			}
		}
		if err := errors.Join(l.done(sure), failed); err != nil {
			return err
		}
	}
	return nil
}

// deletion returns what deletes the item. It can be sent again and again.
func (i Item) deletion() []cio.Message {
	switch i.Kind {
	case SuppressedItem:
		return []cio.Message{cio.UnsuppressPerson{UserID: i.ID}, cio.DeletePerson{UserID: i.ID}}
	case ObjectItem:
		return []cio.Message{cio.DeleteObject{ObjectID: i.ID}}
	case AnonymousItem:
		// Nothing deletes what is kept of an anonymous id. But a person gets it, and takes it along.
		return []cio.Message{cio.Identify{UserID: i.owner(), AnonymousID: i.ID}, cio.DeletePerson{UserID: i.owner()}}
	}
	return []cio.Message{cio.DeletePerson{UserID: i.ID}}
}

// owner is the person who is made to take an anonymous id along.
func (i Item) owner() string { return i.ID + "_owner" }

// verify looks whether the item is gone, and waits for it if patient. Objects cannot be looked for.
func (w *workspace) verify(ctx context.Context, i Item, patient bool) error {
	id := appapi.ByID(i.ID)
	switch {
	case i.Kind == ObjectItem:
		return nil
	case i.Kind == AnonymousItem:
		id = appapi.ByID(i.owner())
	case strings.Contains(i.ID, "@"):
		id = appapi.ByEmail(i.ID)
	}
	if w.app == nil {
		return nil
	}
	look := func() error { return w.notThere(ctx, id) }
	err := look()
	if patient && errors.Is(err, errStillThere) {
		err = w.await(ctx, look)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", i.ID, err)
	}
	return nil
}

// ErrOtherWorkspace is a ledger of another workspace, or of the same one under another key.
var ErrOtherWorkspace = errors.New("the ledger is of another workspace, or was written with another write key")

// Clean deletes what the ledger lists, and removes the ledger when nothing is left. It refuses a ledger of another address with
// ErrOtherWorkspace, and one of another write key unless anyKey says that the key was changed.
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
		w, err := cfg.open(ctx)
		if err != nil {
			return err
		}
		return w.clean(ctx, l)
	}()
	return errors.Join(err, l.close())
}
