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

// likeness says how a custom event's name resembles a semantic one.
type likeness struct {
	right    string // the semantic event's name; empty for none
	rejected bool   // it can only be meant to be that one
}

// semantic maps a folded name to the right name. It also has the names that only documents use. The name of a semantic event must be exact:
// any other name is stored as an ordinary event, which does nothing.
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

// likenesses remembers what was found for the names in use. It is replaced as a whole, so that reading takes no lock. A program should have
// few names; if it has many, the table stops growing.
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

// SemanticName returns the semantic event that a name stands for. If the name is a semantic event, it returns the name itself, with exact
// true. If the name can only be a misspelt semantic event, or differs from one by one or two letters, it returns that event. For any other
// name it returns "".
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

// fold keeps only the letters and digits of a name, in lower case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// withinTwo reports whether one name becomes the other by at most two letters inserted, removed or replaced.
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

// lint rejects a name that can only be a misspelt semantic one. For any other name it returns how it resembles one. Generated events have
// the right name.
func lint(e Event, name string) (likeness, error) {
	switch e.(type) {
	case verbatimEvent, command:
		return likeness{}, nil
	}
	like := resembles(name)
	if like.rejected {
		return like, reject("event", RuleNearSemantic, "Customer.io would store this name as an ordinary event; the semantic event is named "+quoted(like.right)+"; cio.Verbatim sends the name unchanged")
	}
	return like, nil
}

func quoted(s string) string { return `"` + s + `"` }
