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

	"github.com/ciokit/cio/kit/internal/plural"
)

// Keeper keeps a ledger of what another program, such as a notebook, makes in a real workspace, and deletes it.
type Keeper struct {
	*workspace

	reading sync.Mutex      // held during requests to the App API, and locked before mu
	surplus map[string]bool // names of attributes that existed besides those that were sent

	mu        sync.Mutex
	ledger    *Ledger // nil until something is noted
	known     map[Item]bool
	sent      time.Time // when the last call was noted
	appliedBy time.Time // messages that were sent before this time have been applied, or never will be
}

// Keep checks that the workspace is the intended one, and returns a Keeper for it. It sends nothing. The caller closes it.
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

// Where says which workspace it is, and how that is known.
func (k *Keeper) Where() string { return k.confirmed }

// Prefix is the prefix of the ids that are noted.
func (k *Keeper) Prefix(area string) string { return idPrefix + area + "_" + k.run + "_" }

// Note writes to the ledger on disk what a call of the API may make, if its id begins with the prefix. Send the call only after Note has returned.
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

// add adds items to the ledger, and begins a ledger if there is none. The caller holds mu.
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

// Clean deletes what was noted, in steps. If there is an App API key, it waits until each step is visible before the next. Items that could not be
// deleted stay in the ledger.
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
	ids := make(map[string]bool) // a suppressed person is also a person
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

// Close deletes what is left, for at most patience, and closes the ledger. The error says what is left and how to delete it.
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
		return fmt.Errorf("%s left in the workspace (%w); delete them with: ciokit live clean", plural.Count(left, "thing is", "things are"), err)
	}
	return err
}

// noted is the part of a message that makes something.
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

// itemsOf returns what a call may make. An unreadable body makes nothing; the API refuses it.
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
		json.Unmarshal(raw, &one) // use what can be read
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
