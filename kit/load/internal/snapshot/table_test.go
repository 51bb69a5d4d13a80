package snapshot

import (
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A column counts as new only if no column can have been renamed, for all files and everything that is known of the earlier ones.
func TestNewColumns(t *testing.T) {
	t.Parallel()
	sets := func(list ...string) (all [][]string) {
		for _, set := range list {
			all = append(all, strings.Split(set, ","))
		}
		return all
	}
	for _, tt := range []struct {
		was, now [][]string
		names    string
		wider    bool
	}{
		{sets("a,b"), sets("a,b"), "", true},
		{sets("a,b"), sets("b,c,a"), "c", true},
		{sets("a,b"), sets("a,c"), "c", false},
		{sets("a,b"), sets("a"), "", false},
		{sets("a,b"), sets("a,b", "a,b,c"), "c", true},
		{sets("a,b"), sets("a,b", "a,c"), "c", false},
		{sets("a,b", "a,c"), sets("a,b", "a,c,d"), "d", true},
		{sets("a,b", "a,c"), sets("a,b,c"), "", true},
		{sets("a,b", "a,c"), sets("a,b,d"), "d", false},
		{sets("a,b", "a,c"), sets("a,b,c,d", "a,b"), "d", true},
		{nil, sets("a,b"), "", false},
		{sets("a,b"), nil, "", false},
	} {
		names, wider := NewColumns(tt.was, tt.now)
		if strings.Join(names, ",") != tt.names || wider != tt.wider {
			t.Errorf("from %v to %v: got %v, %t", tt.was, tt.now, names, wider)
		}
	}
}

// The names of columns are separated in the hash, and one file always has the same hash.
func TestHashOfColumns(t *testing.T) {
	t.Parallel()
	of := func(names ...string) (columns []source.Column) {
		for _, name := range names {
			columns = append(columns, source.Column{Name: name})
		}
		return columns
	}
	if a, b := hashColumns(of("n", "id"), nil), hashColumns(of("x"), [][]string{{"id", "n"}}); a != b || a != HashText("\x02id\x01n") {
		t.Error(a, b)
	}
	if hashColumns(nil, nil) != "" {
		t.Error("rows that name their own columns have a set")
	}
	var all []string
	for _, headers := range [][][]string{{{"a", "b"}}, {{"ab"}}, {{"a"}, {"b"}}, {{"a", "b"}, {"a"}}, {{"a", "b"}, {"b"}}, {{"a", "a"}, {"b"}}, {{"a"}}, {{""}}, {{"", ""}}, {{""}, {"", ""}}} {
		all = append(all, hashColumns(nil, headers))
	}
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("%d names of %d", n, len(all))
	}
}

// hashColumns returns a hash of the columns of an input in any order. For several files it is a hash of their sets of columns, headers, in any order
// of the files and with any number of files for each set. It is empty if each row has its own columns.
func hashColumns(columns []source.Column, headers [][]string) string {
	return HashSets(ColumnSets(columns, headers))
}
