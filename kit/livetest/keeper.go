package livetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Keeper keeps a ledger of what somebody else makes in a real workspace, such as a notebook, and deletes it.
type Keeper struct {
	*workspace

	reading sync.Mutex      // held while the App API is asked, and taken before mu
	surplus map[string]bool // names of attributes that were there beside those that were sent

	mu        sync.Mutex
	ledger    *Ledger // nil until something is noted
	known     map[Item]bool
	sent      time.Time // when the last call was noted
	appliedBy time.Time // what was sent before this has been applied, or never will be
}

// Keep makes sure that the workspace is the one that is meant, and returns a Keeper for it. It sends nothing. The caller closes it.
func Keep(ctx context.Context, cfg Config) (*Keeper, error) {
	w, err := cfg.dial(ctx)
	if err != nil {
		return nil, err
	}
	if w.confirmed, err = w.confirm(ctx); err != nil {
		return nil, err
	}
	return &Keeper{workspace: w, known: make(map[Item]bool), surplus: make(map[string]bool)}, nil
}

// Target is the address of the API.
func (k *Keeper) Target() string { return k.client.Target() }

// Where says which workspace it is, and how sure that is.
func (k *Keeper) Where() string { return k.confirmed }

// Prefix is what ids have to begin with to be noted.
func (k *Keeper) Prefix(area string) string { return idPrefix + area + "_" + k.run + "_" }

// Note puts into the ledger, and on disk, what a call of the API may make, as far as its id begins with the prefix. Nothing may be sent before
// it has returned.
func (k *Keeper) Note(header http.Header, body []byte, prefix string) error {
	items, err := itemsOf(header, body, prefix)
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.sent = time.Now()
	var fresh []Item
	for _, i := range items {
		if !k.known[i] {
			k.known[i] = true
			fresh = append(fresh, i)
		}
	}
	return k.add(fresh)
}

// add puts items into the ledger, which it begins if there is none. The caller holds mu.
func (k *Keeper) add(fresh []Item) (err error) {
	if len(fresh) == 0 {
		return nil
	}
	if k.ledger == nil {
		if k.ledger, err = createLedger(k.cfg.LedgerDir, LedgerHeader{Run: k.run, Target: k.client.Target(), Workspace: fingerprint(k.cfg.APIKey)}); err != nil {
			return fmt.Errorf("begin a ledger: %w", err)
		}
	}
	return k.ledger.add(fresh)
}

// Removed counts what a Clean has deleted.
type Removed struct{ People, Objects, Anonymous int }

// Clean deletes what was noted, in steps each of which is seen before the next where there is an App API key. What could not be deleted stays
// in the ledger.
func (k *Keeper) Clean(ctx context.Context) (Removed, error) {
	k.reading.Lock()
	defer k.reading.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ledger == nil {
		return Removed{}, nil
	}
	before := k.ledger.Left()
	err := k.clean(ctx, k.ledger)
	left := make(map[Item]bool)
	for _, i := range k.ledger.left {
		left[i] = true
	}
	ids := make(map[string]bool) // somebody who was suppressed is a person too
	var n Removed
	for _, i := range before {
		delete(k.known, i)
		switch {
		case left[i]:
			k.known[i] = true
		case i.Kind == ItemKindObject:
			n.Objects++
		case i.Kind == ItemKindAnonymous:
			n.Anonymous++
		case !ids[i.ID] && i.ID != k.marker():
			ids[i.ID] = true
			n.People++
		}
	}
	return n, err
}

// Close deletes what is left for as long as patience, and ends the work on the ledger. The error says what is left and how it is deleted.
func (k *Keeper) Close(patience time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	_, err := k.Clean(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ledger == nil {
		return nil
	}
	left := len(k.ledger.left)
	if closed := k.ledger.close(); err == nil {
		err = closed
	}
	k.ledger = nil
	if left > 0 {
		return fmt.Errorf("%d things are left in the workspace; delete them with: ciokit live clean: %w", left, err)
	}
	return err
}

// noted is what of a message makes something.
type noted struct {
	UserID      string `json:"userId"`
	AnonymousID string `json:"anonymousId"`
	PreviousID  string `json:"previousId"`
	GroupID     string `json:"groupId"`
	Event       string `json:"event"`
	Traits      struct {
		Email  string          `json:"email"`
		TypeID json.RawMessage `json:"objectTypeId"`
		Type   json.RawMessage `json:"object_type_id"`
	} `json:"traits"`
	Batch []json.RawMessage `json:"batch"`
}

// itemsOf returns what a call may make. A body that cannot be read makes nothing; it is the API's to refuse.
func itemsOf(header http.Header, body []byte, prefix string) (items []Item, _ error) {
	if strings.EqualFold(header.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, nil
		}
		const most = 16 << 20
		if body, err = io.ReadAll(io.LimitReader(z, most+1)); err != nil || len(body) > most {
			return nil, nil
		}
	}
	var whole noted
	if json.Unmarshal(body, &whole) != nil && len(whole.Batch) == 0 && whole.UserID+whole.AnonymousID+whole.GroupID+whole.Traits.Email == "" {
		return nil, nil
	}
	all := []noted{whole}
	for _, raw := range whole.Batch {
		var one noted
		json.Unmarshal(raw, &one) // what can be read of it counts
		all = append(all, one)
	}
	add := func(kind ItemKind, id, typeID string) {
		if strings.HasPrefix(id, prefix) {
			items = append(items, Item{kind, id, typeID})
		}
	}
	for _, m := range all {
		person := ItemKindPerson
		if m.Event == "User Suppressed" {
			person = ItemKindSuppressed
		}
		add(person, m.UserID, "")
		add(ItemKindPerson, m.PreviousID, "")
		add(ItemKindAnonymous, m.AnonymousID, "")
		typeID := strings.Trim(string(m.Traits.TypeID)+string(m.Traits.Type), `"`)
		if typeID == "" {
			typeID = defaultObjectType
		}
		add(ItemKindObject, m.GroupID, typeID)
		if !strings.HasPrefix(m.UserID, prefix) {
			add(ItemKindPerson, m.Traits.Email, "")
		}
	}
	return items, nil
}
