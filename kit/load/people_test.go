package load

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
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
			from := []byte{personFresh, personFreshUnsure, personLeft, personLeftUnsure, personSure, personUnsure}[rnd.IntN(6)]
			all.all = append(all.all, appendPerson(nil, from, uint64(rnd.IntN(3)), []byte(id)))
			key := foldID(id)
			if want[key] == "" || from == personFresh || from == personLeft || from == personSure {
				want[key] = fmt.Sprint(want[key] == "true" || from == personFresh || from == personLeft || from == personSure)
			}
		}
		slices.SortFunc(all.all, bytes.Compare)
		all.all = slices.CompactFunc(all.all, bytes.Equal)
		got := make(map[string]string)
		err := (&peopleReader{from: all}).eachBut(noRecords{}, func(p *person) error {
			if _, twice := got[foldID(string(p.id))]; twice {
				t.Errorf("%q comes twice", p.id)
			}
			got[foldID(string(p.id))] = fmt.Sprint(p.sure)
			return nil
		})
		if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("%v: %v, want %v", err, got, want)
		}
	}
}
