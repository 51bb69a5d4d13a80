package erasure

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ciokit/cio/appapi"
)

// ResolveConfig says how identifiers are resolved.
type ResolveConfig struct {
	// Shared takes all profiles of an address that several have. Default: such an address is a *SharedError, since those who share it may be several people.
	Shared bool
	// Known are identifiers of people who are in the workspace and are not among the targets. If one is not there, app reads another workspace: the error is ErrOtherKey then.
	// Default none.
	Known []string
	// OnProgress, if set, is told how many of the targets have been looked up. Calls may overlap.
	OnProgress func(done, all int)
}

// Resolved is what Resolve found.
type Resolved struct {
	// Named is how many targets were given, and Targets how many people they are.
	Named   int `json:"named"`
	Targets int `json:"targets"`
	// Gone counts those whom the workspace does not have. They stay targets as they were named.
	Gone int `json:"gone"`
	// Doubles counts targets that named somebody again.
	Doubles int `json:"doubles"`
	// Shared counts addresses that several profiles have.
	Shared int `json:"shared"`
	// ByCIOID counts people who have no id that could name them, and are named by their cio_id. That Pipelines deletes by it is inferred, and not documented.
	ByCIOID int `json:"by_cio_id"`
	// Kept counts addresses that somebody has too who is not erased. They are left out of Also, so that the guard does not keep that person from being sent.
	Kept int `json:"kept"`
	// Odd counts identifiers of profiles that no message could carry, such as one with a line end. The guard does not know them.
	Odd int `json:"odd"`
}

// SharedError is addresses that several profiles have. It holds none of them.
type SharedError struct {
	// Addresses is how many are shared, Profiles how many profiles they have together.
	Addresses, Profiles int
	// Indexes are their places among the targets, from 0.
	Indexes []int
}

func (e *SharedError) Error() string {
	var places []string
	for i, at := range e.Indexes {
		if i == 10 {
			places = append(places, "...")
			break
		}
		places = append(places, fmt.Sprint(at+1))
	}
	return fmt.Sprintf("erasure: %d of the named addresses have several profiles, %d together (target %s): they may be several people. Name those who are meant by their ids, or ask for all profiles of shared addresses",
		e.Addresses, e.Profiles, strings.Join(places, ", "))
}

// Resolve finds the profiles that targets name, in the workspace that app reads: all that have an address, the one that has an id or a cio_id. Each profile becomes
// one target. An address that one profile has stays the ID of the target: an app of another workspace cannot make somebody else the target by an id that both workspaces
// have. Else the ID is the profile's id, or its cio_id where that is missing or written like an address or a cio_id. Also has the other identifiers of the profile. Those in Also of a given target are not looked up: they stay with the person for the guard.
//
// Somebody whom the workspace does not have stays a target as named. Who is named twice, by whichever identifiers, is one target. The order is that in which
// people were named first. The error is a *SharedError for an address that several profiles have, unless cfg allows it; else it is of the App API. No error holds an
// identifier or a text of the server.
func Resolve(ctx context.Context, app *appapi.Client, targets []Target, cfg ResolveConfig) ([]Target, Resolved, error) {
	sum := Resolved{Named: len(targets)}
	if app == nil {
		return nil, sum, errors.New("erasure: no Client for the App API")
	}
	for i, id := range cfg.Known {
		if slices.ContainsFunc(targets, func(t Target) bool { return same(t.ID, id) }) {
			return nil, sum, fmt.Errorf("erasure: known person %d is one of the targets: name somebody who stays", i+1)
		}
	}
	if err := knownPeople(ctx, app, cfg.Known); err != nil {
		return nil, sum, err
	}
	found := make([]lookup, len(targets))
	var done atomic.Int64
	err := inParallel(ctx, len(targets), func(ctx context.Context, i int) (err error) {
		if err := checkID(targets[i].ID); err != nil {
			return &TargetError{i, err}
		}
		if found[i], err = look(ctx, app, targets[i].ID); err != nil {
			return fmt.Errorf("target %d: %w", i+1, readError(err))
		}
		if cfg.OnProgress != nil {
			cfg.OnProgress(int(done.Add(1)), len(targets))
		}
		return nil
	})
	if err != nil {
		return nil, sum, err
	}
	shared := &SharedError{}
	for i := range found {
		if n := len(found[i].profiles); n > 1 {
			shared.Addresses++
			shared.Profiles += n
			shared.Indexes = append(shared.Indexes, i)
		}
	}
	sum.Shared = shared.Addresses
	if shared.Addresses > 0 && !cfg.Shared {
		return nil, sum, shared
	}
	r := resolution{places: make(map[string]int), sum: sum}
	for i, t := range targets {
		if err := r.add(t, found[i].profiles); err != nil {
			return nil, r.sum, &TargetError{i, err}
		}
	}
	for i := range found {
		r.keep(found[i].sharing)
	}
	r.sum.Targets = len(r.targets)
	return r.targets, r.sum, nil
}

// lookup is what the App API has of one identifier.
type lookup struct {
	profiles []appapi.Identifiers
	// sharing are the profiles that have the addresses of those.
	sharing [][]appapi.Identifiers
}

func look(ctx context.Context, app *appapi.Client, id string) (l lookup, err error) {
	if l.profiles, err = profiles(ctx, app, id); err != nil {
		return l, err
	}
	for _, p := range l.profiles {
		if KindOf(p.Email) != KindEmail || same(p.Email, id) {
			continue // who has the address that was named is among the profiles
		}
		all, err := app.Customers().ByEmail(ctx, p.Email)
		if err != nil {
			return l, err
		}
		if len(all) > 1 {
			l.sharing = append(l.sharing, all)
		}
	}
	return l, nil
}

// resolution collects targets, each person once.
type resolution struct {
	targets []Target
	places  map[string]int // of the targets, by what is one person's alone
	sum     Resolved
}

func (r *resolution) add(named Target, found []appapi.Identifiers) error {
	if len(found) == 0 {
		_, text := canonical(nil, named.ID)
		if r.put("named "+string(text), named) {
			r.sum.Gone++
		}
		return nil
	}
	for _, p := range found {
		t, odd, err := targetOf(p, len(found) == 1)
		if err != nil {
			return err
		}
		key := keyOf(p, t.ID)
		if len(found) == 1 && KindOf(named.ID) == KindEmail && same(p.Email, named.ID) {
			t = t.as(named.ID)
		}
		others := named.Also
		if KindOf(named.ID) == KindEmail {
			others = append([]string{named.ID}, others...)
		}
		for _, id := range others {
			t.addName(id)
		}
		if r.put(key, t) {
			r.sum.Odd += odd
			if KindOf(t.ID) == KindCIOID {
				r.sum.ByCIOID++
			}
		}
	}
	return nil
}

// keyOf tells profiles apart.
func keyOf(p appapi.Identifiers, id string) string {
	if p.CIOID != "" {
		return "profile " + cioID(p)
	}
	_, text := canonical(nil, id)
	return "named " + string(text)
}

// keep leaves addresses out that somebody has too who is no target.
func (r *resolution) keep(sharing [][]appapi.Identifiers) {
	for _, all := range sharing {
		stays := slices.ContainsFunc(all, func(p appapi.Identifiers) bool {
			_, erased := r.places[keyOf(p, p.ID)]
			return !erased
		})
		for _, p := range all {
			at, erased := r.places[keyOf(p, p.ID)]
			if !stays || !erased {
				continue
			}
			also := r.targets[at].Also
			r.targets[at].Also = slices.DeleteFunc(also, func(id string) bool { return same(id, p.Email) })
			r.sum.Kept += len(also) - len(r.targets[at].Also)
		}
	}
}

// put adds a target, or gives its other names to the one that is there, and reports which.
func (r *resolution) put(key string, t Target) (added bool) {
	at, there := r.places[key]
	if !there {
		r.places[key] = len(r.targets)
		t.Also = slices.Clone(t.Also)
		r.targets = append(r.targets, t)
		return true
	}
	r.sum.Doubles++
	for _, id := range append([]string{t.ID}, t.Also...) {
		r.targets[at].addName(id)
	}
	return false
}

// as is the target by the identifier that was given, which names this profile alone.
func (t Target) as(given string) Target {
	out := Target{ID: given}
	for _, id := range append([]string{t.ID}, t.Also...) {
		out.addName(id)
	}
	return out
}

// addName adds another name of the person, once.
func (t *Target) addName(id string) {
	for _, there := range append([]string{t.ID}, t.Also...) {
		if same(there, id) {
			return
		}
	}
	t.Also = append(t.Also, id)
}

// targetOf returns the target that names a profile and nobody else. odd counts its identifiers that cannot be named.
func targetOf(p appapi.Identifiers, addressIsUnique bool) (t Target, odd int, err error) {
	var others []string
	choose := func(id string, alone bool) {
		switch {
		case id == "":
		case checkID(id) != nil:
			odd++
		case t.ID == "" && alone:
			t.ID = id
		default:
			others = append(others, id)
		}
	}
	choose(p.ID, KindOf(p.ID) == KindID)
	choose(cioID(p), true)
	choose(p.Email, addressIsUnique && KindOf(p.Email) == KindEmail)
	if t.ID == "" {
		return t, odd, errors.New("its profile has no identifier that is nobody else's")
	}
	for _, id := range others {
		t.addName(id)
	}
	return t, odd, nil
}
