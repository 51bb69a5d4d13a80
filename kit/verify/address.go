package verify

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
)

// findAddresses asks who has the addresses of people who are not as the file says. which is in the order of the file.
func (r *reading) findAddresses(ctx context.Context, which []int) error {
	which = slices.DeleteFunc(slices.Clone(which), func(i int) bool { return r.lacksAddress(i) == "" })
	if most := r.cfg.Addresses; most >= 0 && len(which) > most {
		which = which[:most]
	}
	return each(ctx, which, func(ctx context.Context, i int) error {
		people, err := r.cfg.App.Customers().ByEmail(ctx, r.lacksAddress(i))
		if err != nil {
			return err
		}
		for _, p := range people {
			if id := cmp.Or(p.ID, cioPrefix+p.CIOID); id != r.people[i].ID {
				r.found[i].addressOf = append(r.found[i].addressOf, id) // no other call has this person
			}
		}
		slices.Sort(r.found[i].addressOf)
		return nil
	})
}

// lacksAddress returns the address that the file gives a person, or nothing if the person has it or the file gives none. A person without a userId,
// and one whose userId is an address, was already looked up by the address.
func (r *reading) lacksAddress(i int) string {
	f := &r.found[i]
	if !slices.ContainsFunc(f.attributes, func(a Attribute) bool { return a.Name == "email" }) {
		return ""
	}
	var email string
	if json.Unmarshal(r.people[i].Attributes["email"], &email) != nil {
		return ""
	}
	return email
}
