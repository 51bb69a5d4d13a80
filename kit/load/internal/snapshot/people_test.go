package snapshot

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/extsort"
)

// Snapshots keep all kinds of ids, in an order in which they can be compared.
func TestPeopleAreRead(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		all := &listed{}
		want := make(map[string]string)
		for range rnd.IntN(30) {
			id := []string{"", "a", "A@x.org", "a@X.org", "b\x00", "b", strings.Repeat("l", 127), strings.Repeat("l", 128), strings.Repeat("l", 129), "Z@z"}[rnd.IntN(10)]
			from := []byte{PersonFresh, PersonFreshUnsure, PersonLeft, PersonLeftUnsure, PersonSure, PersonUnsure}[rnd.IntN(6)]
			all.all = append(all.all, AppendPerson(nil, from, uint64(rnd.IntN(3)), []byte(id)))
			key := address.Fold(id)
			if want[key] == "" || from == PersonFresh || from == PersonLeft || from == PersonSure {
				want[key] = fmt.Sprint(want[key] == "true" || from == PersonFresh || from == PersonLeft || from == PersonSure)
			}
		}
		slices.SortFunc(all.all, bytes.Compare)
		all.all = slices.CompactFunc(all.all, bytes.Equal)
		got := make(map[string]string)
		err := (&PeopleReader{From: all}).EachBut(extsort.None{}, func(p *Person) error {
			if _, twice := got[address.Fold(string(p.ID))]; twice {
				t.Errorf("%q comes twice", p.ID)
			}
			got[address.Fold(string(p.ID))] = fmt.Sprint(p.Sure)
			return nil
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v: %v, want %v", err, got, want)
		}
	}
}
