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

// FromCustomerIO and FromRecorder are the sources of what a Keeper says about people and objects.
const (
	FromCustomerIO = "from Customer.io (App API)"
	FromRecorder   = "from the recorder of this kernel"
)

// Read is something that was read, and where.
type Read[T any] struct {
	Value T    `json:"value"`
	Found bool `json:"found"`
	// Source is FromCustomerIO or FromRecorder, and Note what else there is to say about that, or empty.
	Source string `json:"source"`
	Note   string `json:"note,omitempty"`
}

// ReadPerson looks in the App API whether the person is as account has them, who was asked for by the name, an id or an email address; known
// says whether account has them at all. It waits until they are, or what was sent has had its time. What Customer.io confirms is as it was
// sent, since the App API shows values as text and times to the second; what it has otherwise is as Customer.io has it, and what it does not
// have is not there. Without an App API key, or where it fails, the account is returned, with a Source that says so.
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
			known, account = false, emulator.Person{} // it is Customer.io's turn to say who that is
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
		out.Note = fmt.Sprintf("its log keeps 30 days; what happened before is %s", FromRecorder)
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

// because returns the account, and why it is not Customer.io's.
func (r Read[T]) because(err error) Read[T] {
	r.Note = fmt.Sprintf("Customer.io could not be read: %v", err)
	return r
}

// customer is how the App API knows a person by what they were asked for.
func customer(name string) appapi.CustomerID {
	if strings.Contains(name, "@") {
		return appapi.ByEmail(name)
	}
	return appapi.ByID(name)
}

// patience is what is left of the time that the last call has to appear. Whoever is not as expected is so waited for once, and not again
// until more is sent.
func (k *Keeper) patience() time.Duration {
	k.mu.Lock()
	defer k.mu.Unlock()
	return max(0, time.Until(k.sent.Add(k.cfg.ReadFor)))
}

// absent makes sure that nobody is there: not any more, and not later either.
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

// markNoted puts the marker into the ledger.
func (k *Keeper) markNoted() error {
	marker := Item{Kind: ItemKindPerson, ID: k.marker()}
	if k.known[marker] {
		return nil
	}
	k.known[marker] = true
	return k.add([]Item{marker})
}

// ReadObjects does for objects what ReadPerson does for a person, but how many people each has is the account's: the App API does not list
// them here.
func (k *Keeper) ReadObjects(ctx context.Context, account []emulator.Object) Read[[]emulator.Object] {
	own := Read[[]emulator.Object]{Value: account, Found: true, Source: FromRecorder}
	if k.app == nil {
		return own
	}
	k.reading.Lock()
	defer k.reading.Unlock()
	out := Read[[]emulator.Object]{Found: true, Source: FromCustomerIO, Note: "how many people an object has is " + FromRecorder}
	var differ []string
	for _, o := range account {
		var seen appapi.Object
		err := k.awaitFor(ctx, k.patience(), func() (err error) {
			if seen, err = k.app.Objects().Attributes(ctx, appapi.ID(o.TypeID), o.ID); err == nil && !hasTexts(o.Attributes, seen.Attributes) {
				err = errors.New("an attribute is not there, or has another value")
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
