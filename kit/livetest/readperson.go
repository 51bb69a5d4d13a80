package livetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
)

// FromCustomerIO and FromRecorder are the sources of the people and objects that a Keeper returns.
const (
	FromCustomerIO = "from Customer.io (App API)"
	FromRecorder   = "from the recorder of this kernel"
)

// Read is a result that was read, with its source.
type Read[T any] struct {
	Value T    `json:"value"`
	Found bool `json:"found"`
	// Source is FromCustomerIO or FromRecorder. Note is a remark about it, or empty.
	Source string `json:"source"`
	Note   string `json:"note,omitempty"`
}

// ReadPerson checks in the App API whether the person is as account says. The person is identified by name, an id or an email address; known says
// whether account has the person at all. It waits until the person is as expected, or until the time for the data to appear is over. Values that
// Customer.io confirms are returned as they were sent, because the App API shows values as text and times to the second. Different values are
// returned as Customer.io has them, and values that it does not have are left out. Without an App API key, or if it fails, the account is returned,
// with a Source that says so.
func (k *Keeper) ReadPerson(ctx context.Context, name string, account emulator.Person, known bool) Read[emulator.Person] {
	own := Read[emulator.Person]{Value: account, Found: known, Source: FromRecorder}
	if k.app == nil {
		return own
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	if !known || account.Suppressed {
		switch err := k.absent(ctx, customer(name)); {
		case errors.Is(err, errStillThere):
			known, account = false, emulator.Person{} // Customer.io decides who that is
		case err != nil:
			return own.because(err)
		default:
			own.Source = FromCustomerIO
			return own
		}
	}
	id := customer(name)
	if account.ID != "" {
		id = appapi.ByID(account.ID)
	}
	var seen view
	err := k.awaitFor(ctx, k.patience(), func() (err error) {
		if seen, err = k.view(ctx, id); err != nil {
			return err
		}
		return k.difference(seen, account, known)
	})
	if err != nil && seen.customer.Attributes == nil && !errors.Is(err, appapi.ErrNotFound) {
		return own.because(err)
	}
	out := Read[emulator.Person]{Source: FromCustomerIO}
	if errors.Is(err, appapi.ErrNotFound) {
		if known {
			out.Note = fmt.Sprintf("it differs from what was sent: it does not have %s", name)
		}
		return out
	}
	var older int
	out.Found = true
	out.Value, older = seen.person(account)
	if older > 0 {
		out.Note = fmt.Sprintf("its log keeps 30 days; earlier events are %s", FromRecorder)
	}
	if err != nil {
		for n := range seen.customer.Attributes {
			if _, sent := account.Traits[n]; !sent {
				k.surplus[n] = true
			}
		}
		out.Note = fmt.Sprintf("it differs from what was sent: %s: %v", name, err)
	}
	return out
}

// because returns the account, with the reason why the data is not from Customer.io.
func (r Read[T]) because(err error) Read[T] {
	r.Note = fmt.Sprintf("Customer.io could not be read: %v", err)
	return r
}

// customer returns the App API's identifier for a person, from the name that was given.
func customer(name string) appapi.CustomerID {
	if strings.Contains(name, "@") {
		return appapi.ByEmail(name)
	}
	return appapi.ByID(name)
}

// patience is the rest of the time that the last call has to appear. So if a person is not as expected, it waits for the person once, and not again
// until more is sent.
func (k *Keeper) patience() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(0, time.Until(k.sent.Add(k.cfg.ReadFor)))
}

// absent checks that the person does not exist, and will not appear later.
func (k *Keeper) absent(ctx context.Context, id appapi.CustomerID) error {
	k.mu.Lock()
	applied := k.emulated || !k.appliedBy.Before(k.sent)
	var err error
	if !applied {
		err = k.markNoted()
	}
	k.mu.Unlock()
	if err != nil {
		return err
	}
	if !applied {
		now := time.Now()
		if err := k.mark(ctx); err != nil {
			return err
		}
		k.mu.Lock()
		k.appliedBy = now
		k.mu.Unlock()
	}
	return k.awaitFor(ctx, k.patience(), func() error { return k.notThere(ctx, id) })
}

// markNoted adds the marker to the ledger.
func (k *Keeper) markNoted() error {
	marker := Item{Kind: ItemKindPerson, ID: k.marker()}
	if k.known[marker] {
		return nil
	}
	k.known[marker] = true
	return k.add([]Item{marker})
}

// ReadObjects does for objects what ReadPerson does for a person. The number of people of each object is from the account, because the App API does
// not list them here.
func (k *Keeper) ReadObjects(ctx context.Context, account []emulator.Object) Read[[]emulator.Object] {
	own := Read[[]emulator.Object]{Value: account, Found: true, Source: FromRecorder}
	if k.app == nil {
		return own
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	out := Read[[]emulator.Object]{Found: true, Source: FromCustomerIO, Note: "the number of people of an object is " + FromRecorder}
	var differ []string
	for _, o := range account {
		var seen appapi.Object
		err := k.awaitFor(ctx, k.patience(), func() (err error) {
			if seen, err = k.app.Objects().Attributes(ctx, appapi.ID(o.TypeID), o.ID); err == nil && !hasTexts(o.Attributes, seen.Attributes) {
				err = errors.New("an attribute is missing, or has another value")
			}
			return err
		})
		switch {
		case errors.Is(err, appapi.ErrNotFound):
			differ = append(differ, "it does not have "+o.ID)
			continue
		case err != nil && seen.Attributes == nil:
			return own.because(err)
		case err != nil:
			differ = append(differ, o.ID+": "+err.Error())
		}
		values := texts(seen.Attributes, o.Attributes)
		for name := range values {
			if _, sent := o.Attributes[name]; !sent && objectIdentifiers[name] {
				delete(values, name)
			}
		}
		o.Attributes = values
		out.Value = append(out.Value, o)
	}
	if len(differ) > 0 {
		out.Note += "; it differs from what was sent: " + strings.Join(differ, "; ")
	}
	return out
}

// objectIdentifiers are attributes that the App API shows of every object.
var objectIdentifiers = map[string]bool{"object_id": true, "object_type_id": true, "cio_object_id": true}
