package cio

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/names"
)

// likeness is what a custom event's name has to do with a semantic one.
type likeness struct {
	right    string // the semantic event's name; empty for none
	rejected bool   // it can only be meant to be that one
}

// semantic has the right name by the folded one, also of names that only documents use. The name of a semantic event has to be exact: any
// other is stored as an ordinary event, which does nothing of what was wanted.
var semantic = func() map[string]string {
	folded := make(map[string]string)
	for _, m := range names.Misnomers {
		folded[fold(m.Wrong)] = m.Right
	}
	for _, name := range names.Semantic {
		folded[fold(name)] = name
	}
	return folded
}()

// likenesses remembers what was found of names that are in use; it is replaced as a whole, so that reading it takes no lock. Names are few
// where they are used as they should be; where they are not, the table stops growing.
var (
	likenesses   atomic.Pointer[map[string]likeness]
	likenessesMu sync.Mutex // of those who replace it
)

const maxLikenesses = 1_000

func init() {
	known := make(map[string]likeness, len(names.Semantic))
	for _, name := range names.Semantic {
		known[name] = likeness{}
	}
	likenesses.Store(&known)
}

// SemanticName returns the semantic event that a name stands for: the name itself, with exact true; the one that it can only be a misspelling
// of, or is one or two letters away from; or "" for a name of one's own.
func SemanticName(name string) (right string, exact bool) {
	name = strings.TrimSpace(name)
	if right = resembles(name).right; right == "" && slices.Contains(names.Semantic, name) {
		return name, true
	}
	return right, false
}

// resembles compares a name with the semantic ones.
func resembles(name string) likeness {
	if l, ok := (*likenesses.Load())[name]; ok {
		return l
	}
	l := compare(name)
	likenessesMu.Lock()
	defer likenessesMu.Unlock()
	if known := *likenesses.Load(); len(known) < maxLikenesses {
		more := maps.Clone(known)
		more[strings.Clone(name)] = l
		likenesses.Store(&more)
	}
	return l
}

func compare(name string) likeness {
	folded := fold(name)
	if right, ok := semantic[folded]; ok {
		return likeness{right, true}
	}
	for _, right := range names.Semantic {
		if withinTwo(folded, fold(right)) {
			return likeness{right: right}
		}
	}
	return likeness{}
}

// fold leaves the letters and digits of a name, in lower case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// withinTwo reports whether at most two letters must be inserted, removed or replaced to make one name of the other.
func withinTwo(a, b string) bool {
	const most = 2
	x, y := []rune(a), []rune(b)
	if len(x) > len(y) {
		x, y = y, x
	}
	if len(y)-len(x) > most || utf8.RuneCountInString(a) <= 2*most {
		return false
	}
	row := make([]int, len(x)+1)
	for i := range row {
		row[i] = i
	}
	for j := 1; j <= len(y); j++ {
		diagonal := row[0]
		row[0] = j
		for i := 1; i <= len(x); i++ {
			replaced := diagonal
			if x[i-1] != y[j-1] {
				replaced++
			}
			diagonal = row[i]
			row[i] = min(replaced, row[i-1]+1, row[i]+1)
		}
		if slices.Min(row) > most {
			return false
		}
	}
	return row[len(x)] <= most
}

// lint rejects a name that can only be a misspelt semantic one, and returns what another has to do with those. Generated events have the
// right name.
func lint(e Event, name string) (likeness, error) {
	switch e.(type) {
	case verbatimEvent, command:
		return likeness{}, nil
	}
	like := resembles(name)
	if like.rejected {
		return like, reject("event", RuleNearSemantic, "Customer.io would store it as an ordinary event; the semantic event is named "+quoted(like.right)+"; cio.Verbatim sends the name as it stands")
	}
	return like, nil
}

func quoted(s string) string { return `"` + s + `"` }
