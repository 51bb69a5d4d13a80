package load

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/mapping"
)

// Comparison compares an input with the snapshot of an earlier load, before anything is sent.
type Comparison struct {
	// People is how many of the rows that were compared identify somebody. The first id of a row's first identify decides who that is. New is how
	// many of these people the snapshot does not contain; Changed is how many it contains with other values.
	People  int64 `json:"people"`
	New     int64 `json:"new"`
	Changed int64 `json:"changed"`
	// Known is how many people the snapshot contains, and Gone is how many of them are not in the input. If the snapshot has no ids, both count ids
	// and addresses. Both are -1 if they cannot be counted: the input was not read to its end, or the snapshot has no ids, and it also contains
	// things other than people or was made with another mapping.
	Known int64 `json:"known"`
	Gone  int64 `json:"gone"`
	// Added are columns that the load of the snapshot did not have, including columns that the mapping does not read. They stop nothing.
	Added []string `json:"added,omitempty"`
	// Missing are columns that the mapping read when the snapshot was made, and that the input no longer has. Retyped are columns that the mapping
	// reads and that now have another type. Both are empty if columns have no names or no types.
	Missing []string `json:"missing,omitempty"`
	Retyped []string `json:"retyped,omitempty"`

	ids    bool  // Known counts people
	moved  int64 // people of the snapshot who are in the input only by an address, under another id
	alike  bool  // unchanged rows can be recognized
	wanted ChangeOnly
}

// ErrDiffers says that the input differs so much from that of the snapshot that it is probably a mistake.
var ErrDiffers = errors.New("load: the input is not like that of the snapshot")

const (
	// fewPeople is how many people can be new, gone or changed without a warning or a stop, whatever their share: a first try has few rows.
	fewPeople = 10
	// nearlyAll is a percentage.
	nearlyAll = 90
)

// Stop returns why the load should not begin: a *StopError with ErrDiffers. It returns nil if the load can begin. ChangeOnly.NewMapping allows every
// difference; a MaxShrink of 100 allows that people are new or gone.
func (c *Comparison) Stop() error {
	if c == nil || c.wanted.NewMapping {
		return nil
	}
	stop := func(format string, args ...any) error {
		return &StopError{ErrDiffers, fmt.Errorf(format, args...)}
	}
	const meant = "; if that is intended, load once with "
	allow := "; if the input is wrong, correct it; if it is right, load once with MaxShrink (--max-shrink 100) or NewMapping (--new-mapping), which also removes the missing people from the snapshot"
	if c.wanted.Mirror != "" { // the two do the opposite
		allow = "; if the input is wrong, correct it; to remove the missing people, load once with MaxShrink (--max-shrink 100); to remove nobody, load once with NewMapping (--new-mapping)"
	}
	switch share := int64(c.wanted.MaxShrink); {
	case len(c.Missing) > 0:
		return stop("it no longer has the column %s, which was loaded before%sNewMapping (--new-mapping)", quotedNames(c.Missing), meant)
	case len(c.Retyped) > 0:
		return stop("columns have other types: %s%sNewMapping (--new-mapping)", strings.Join(c.Retyped, ", "), meant)
	case share >= 100:
	case c.Gone > fewPeople && c.Gone*100 > c.Known*max(50, share) && c.People == 0:
		return stop("%s of the %s of the snapshot %s not in the input, because none of its rows identifies anybody: check if the export failed%s",
			plural.Grouped(c.Gone), c.known(), plural.Form(c.Gone, "is", "are"), allow)
	case c.Gone > fewPeople && c.Gone*100 > c.Known*max(50, share):
		return stop("%s of the %s of the snapshot %s not in the input, and %s of the %s of the input %s new%s", plural.Grouped(c.Gone), c.known(), plural.Form(c.Gone, "is", "are"),
			plural.Grouped(c.New), plural.Count(c.People, "row", "rows"), plural.Form(c.New, "is", "are"), allow)
	case c.New > fewPeople && c.New*100 >= c.People*nearlyAll && (c.Gone < 0 || (c.Gone+c.moved)*100 > c.Known*(100-nearlyAll)):
		return stop("%s of the %s that identify somebody have ids that are not in the snapshot, which contains %s%s", plural.Grouped(c.New), plural.Count(c.People, "row", "rows"),
			c.known(), allow)
	}
	return nil
}

// Warning says what may be a mistake but stops nothing; empty if there is nothing to report.
func (c *Comparison) Warning() string {
	if c == nil {
		return ""
	}
	var said []string
	if n := int64(len(c.Added)); n > 0 {
		said = append(said, fmt.Sprintf("the input has %s that the last load did not have: %s", plural.Count(n, "column", "columns"), someNames(c.Added)))
	}
	if c.alike && !c.wanted.Full && c.Changed > fewPeople && c.Changed*100 >= c.People*nearlyAll {
		said = append(said, fmt.Sprintf("%s of the %s that identify somebody have other values than in the last load; values written in another format, or a column with the time of the export, may be the cause",
			plural.Grouped(c.Changed), plural.Count(c.People, "row", "rows")))
	}
	return strings.Join(said, "; ")
}

// someNames lists names, only the first if there are many.
func someNames(names []string) string {
	const most = 10
	if len(names) <= most {
		return quotedNames(names)
	}
	return quotedNames(names[:most]) + " and " + plural.Count(int64(len(names)-most), "other", "others")
}

func (c *Comparison) known() string {
	switch {
	case c.Known < 0:
		return "other ids"
	case c.ids:
		return plural.Count(c.Known, "person", "people")
	}
	return plural.Count(c.Known, "id and address", "ids and addresses")
}

func quotedNames(names []string) string {
	var quoted []string
	for _, name := range names {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	return strings.Join(quoted, ", ")
}

// comparing is a Comparison being made.
type comparing struct {
	Comparison
	changes *changes
	met     []uint64 // a bit for each entry of the snapshot, set if a row of the input is about it; nil if they are not counted
}

// newComparing begins a comparison of rows that the plan maps; it returns nil without a snapshot.
func newComparing(c *changes, p *mapping.Compiled) *comparing {
	if c == nil || c.old == nil || c.old.Info.Entries == 0 {
		return nil
	}
	k := &comparing{changes: c, Comparison: Comparison{Known: -1, Gone: -1, wanted: c.cfg, alike: true}}
	states := true // the mapping has only messages about people
	for _, m := range p.Messages() {
		k.alike = k.alike && !m.Ordinary()
		states = states && m.Plain() && m.Type() == cio.TypeIdentify
	}
	k.ids = c.cfg.IDs && c.old.Info.HasIDs
	if !k.ids && states && c.old.Info.MappingHash == c.job.Mapping.Hash() {
		k.met = make([]uint64, (c.old.Info.Entries+63)/64)
	}
	k.Added = c.fresh
	k.columns(p.Columns())
	return k
}

// columns compares the columns that the mapping reads.
func (k *comparing) columns(selected []string) {
	now := make(map[string]string)
	for _, col := range k.changes.info.Table {
		now[col.Name] = col.Type
	}
	if len(now) == 0 {
		return
	}
	reads := make(map[string]bool)
	for _, name := range selected {
		reads[name] = true
	}
	for _, was := range k.changes.old.Info.Table {
		typ, there := now[was.Name]
		switch {
		case !there && was.Read:
			k.Missing = append(k.Missing, was.Name)
		case there && reads[was.Name] && was.Read && typ != was.Type && typ != "" && was.Type != "": // a database does not know the type of every expression
			k.Retyped = append(k.Retyped, fmt.Sprintf("%q was %s and is %s", was.Name, was.Type, typ))
		}
	}
}

// row counts a row whose messages the entryMaker has just read. same says that the row has not changed.
func (k *comparing) row(same bool) error {
	if k == nil {
		return nil
	}
	m := &k.changes.maker
	for _, one := range m.entries {
		if k.met == nil {
			break
		}
		at, page, err := k.changes.old.At(one.About)
		if err != nil {
			return err
		}
		if len(page) > 0 {
			k.met[at/64] |= 1 << (at % 64)
		}
	}
	if m.first == "" {
		return nil
	}
	k.People++
	known := false
	for _, kind := range [...]byte{'p', 'p' - ('a' - 'A')} { // the second is for a mapping that deletes
		_, page, err := k.changes.old.At(m.about(kind, []byte(m.first)))
		if err != nil {
			return err
		}
		known = known || len(page) > 0
	}
	switch {
	case !known:
		k.New++
	case !same:
		k.Changed++
	}
	return nil
}

// finish counts who is gone, after the whole input was read. aside is how many rows had no messages; each may be about anybody.
func (k *comparing) finish(gone *leavers, aside int64) error {
	switch {
	case gone != nil:
		k.Known, k.Gone, k.moved = gone.before, max(gone.n-aside, 0), gone.moved
	case k.met != nil:
		var last uint64
		k.Known = 0
		entries := k.changes.old.Entries()
		for {
			entry, err := entries.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return err
			}
			if about := binary.BigEndian.Uint64(entry); k.Known == 0 || about != last {
				k.Known++
				last = about
			}
		}
		met := 0
		for _, word := range k.met {
			met += bits.OnesCount64(word)
		}
		k.Gone = max(k.Known-int64(met)-2*aside, 0) // an id and an address
	}
	return nil
}
