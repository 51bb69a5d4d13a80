package show

import (
	"fmt"
	"strings"
)

// Claim is something that should hold: What in words, the value expected, and the value found.
type Claim struct {
	What            string
	Expected, Found any
	Holds           bool
}

// Equal claims that found is want.
func Equal[T comparable](what string, found, want T) Claim {
	return Claim{What: what, Expected: want, Found: found, Holds: found == want}
}

// True claims that holds is true.
func True(what string, holds bool) Claim { return Equal(what, holds, true) }

// Verify shows the claims as a table, and ends the cell if one of them does not hold.
func Verify(claims ...Claim) {
	t := Table{Columns: []string{"what", "expected", "found", "holds"}, Limit: -1}
	var broken []string
	for _, c := range claims {
		t.Rows = append(t.Rows, []any{c.What, c.Expected, c.Found, c.Holds})
		if !c.Holds {
			broken = append(broken, fmt.Sprintf("%s: found %s, expected %s", c.What, cell(c.Found), cell(c.Expected)))
		}
	}
	t.Show()
	if len(broken) > 0 {
		fatal("does not hold: %s", strings.Join(broken, "; "))
	}
}
