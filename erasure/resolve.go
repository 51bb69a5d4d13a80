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
	// Shared makes targets of all profiles that share an address. Default: if several profiles have an address, the error is a *SharedError, because
	// they may be several people.
	Shared bool
	// Known are identifiers of people who are in the workspace and are not among the targets. If one is not there, app reads another workspace, and
	// the error is ErrOtherKey. Default none.
	Known []string
	// OnProgress, if set, is called with how many of the targets have been looked up. Calls may overlap.
	OnProgress func(done, all int)
}

// Resolved is what Resolve found.
type Resolved struct {
	// Named is how many targets were given. Targets is how many people they are.
	Named   int `json:"named"`
	Targets int `json:"targets"`
	// Gone counts people who are not in the workspace. They stay targets as they were named.
	Gone int `json:"gone"`
	// Doubles counts targets that named a person again.
	Doubles int `json:"doubles"`
	// Shared counts addresses that several profiles have.
	Shared int `json:"shared"`
	// ByCIOID counts people who are named by their cio_id, because they have no id that could name them. It is inferred, and not documented, that
	// Pipelines deletes by a cio_id.
	ByCIOID int `json:"by_cio_id"`
	// Kept counts addresses that a person who is not erased has too. They are left out of Also, so that the guard does not reject data of that
	// person.
	Kept int `json:"kept"`
	// Odd counts identifiers of profiles that no message could contain, such as one with a line end. The guard does not know them.
	Odd int `json:"odd"`
}

// SharedError says that several profiles have one address. It contains no address.
type SharedError struct {
	// Addresses is how many addresses are shared. Profiles is how many profiles have one of them.
	Addresses, Profiles int
	// Indexes are the indexes of these addresses among the targets, from 0.
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
	return fmt.Sprintf("erasure: %d of the named addresses have several profiles, %d together (target %s), which may be several people. Name the people you mean by their ids, or ask for all profiles of shared addresses",
		e.Addresses, e.Profiles, strings.Join(places, ", "))
}

// Resolve finds the profiles that targets name, in the workspace that app reads. For an address it finds all profiles that have it. For an id or a
// cio_id it finds the profile that has it. Each profile becomes one target.
//
// If exactly one profile has a named address, the address stays the ID of the target. So an app of another workspace cannot make somebody else the
// target through an id that both workspaces have. Otherwise the ID is the profile's id. It is the profile's cio_id if the id is missing, or looks
// like an address or a cio_id. Also has the other identifiers of the profile. Resolve does not look up the identifiers in Also of a given target:
// they stay with the person, for the guard.
//
// A person who is not in the workspace stays a target as named. A person who is named twice, by whatever identifiers, becomes one target. The targets
// are in the order in which people were first named. The error is a *SharedError if several profiles have a named address, unless cfg allows it.
// Other errors come from the App API. No error contains an identifier or a text of the server.
func Resolve(ctx context.Context, app *appapi.Client, targets []Target, cfg ResolveConfig) ([]Target, Resolved, error) {
	sum := Resolved{Named: len(targets)}
	if app == nil {
		return nil, sum, errors.New("erasure: the client of the App API is missing")
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
	// sharing has, for each address of these profiles that several profiles have, all profiles with it.
	sharing [][]appapi.Identifiers
}

func look(ctx context.Context, app *appapi.Client, id string) (l lookup, err error) {
	if l.profiles, err = profiles(ctx, app, id); err != nil {
		return l, err
	}
	for _, p := range l.profiles {
		if KindOf(p.Email) != KindEmail || same(p.Email, id) {
			continue // all profiles with the named address are among these already
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
	places  map[string]int // indexes of targets, by a key that is unique to a person
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

// keyOf returns a key that is unique to a profile.
func keyOf(p appapi.Identifiers, id string) string {
	if p.CIOID != "" {
		return "profile " + cioID(p)
	}
	_, text := canonical(nil, id)
	return "named " + string(text)
}

// keep removes addresses from Also that a person has too who is not a target.
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

// put adds a target and returns true. If the target is there already, put adds its names to that one and returns false.
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

// as returns the target with the given identifier as its ID. The identifier must name only this profile.
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

// targetOf returns a target that names this profile and nobody else. odd counts identifiers of the profile that no message can contain.
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
		return t, odd, errors.New("its profile has no identifier that names only this person")
	}
	for _, id := range others {
		t.addName(id)
	}
	return t, odd, nil
}
