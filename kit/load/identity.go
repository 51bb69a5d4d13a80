package load

import (
	"cmp"
	"errors"
	"slices"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// IdentityCount counts things of the input that look different but are one in Customer.io. It counts all messages that rows of the input become,
// including those that are left out as unchanged, but not the rows that are rejected here. The counts are exact.
type IdentityCount struct {
	// Addresses are the email addresses that identify messages give to two or more people. Customer.io keeps one person for each address: the later
	// message changes the id of the earlier person, or loses its address. The address is the trait email, compared without its case. Two people are
	// different if their userIds differ; a userId that is the address itself, or an empty one, does not count as another person.
	Addresses Shared `json:"addresses_with_several_ids"`
	// People are those to whom identify messages give two or more email addresses. Customer.io keeps the first address of a person, or the one that
	// it already had, unless a setting of the workspace lets an identify change it. There is no way to ask for that setting.
	People Shared `json:"ids_with_several_addresses"`
	// MessageIDs are the message ids that two or more messages have. Customer.io may ignore all these messages except the first. Only ids that the
	// mapping's messageId sets can be repeated.
	MessageIDs Shared `json:"repeated_message_ids"`
	// RowsBefore is how many rows at the beginning are not counted, because an earlier run of the load settled them and the source, a Parquet file,
	// does not return them again.
	RowsBefore int64 `json:"rows_before"`
	// NotCounted is why there are no counts; empty if there are counts.
	NotCounted string `json:"not_counted,omitempty"`
}

// Shared counts what several rows or messages share.
type Shared struct {
	// Count is how many addresses, people or message ids there are; Messages is how many messages have one of them.
	Count    int64 `json:"count"`
	Messages int64 `json:"messages"`
	// First are the first of them, at most ten.
	First []SharedPlace `json:"first"`
}

// SharedPlace is where something shared occurs first, and where it first occurs for somebody else or in another message.
type SharedPlace struct {
	File       string `json:"file,omitempty"`
	Line       int64  `json:"line"`
	SecondFile string `json:"second_file,omitempty"`
	SecondLine int64  `json:"second_line"`
}

// Found reports whether any count is above zero.
func (c *IdentityCount) Found() bool {
	return c != nil && c.Addresses.Count+c.People.Count+c.MessageIDs.Count > 0
}

// firstShared is the most places in a Shared.
const firstShared = 10

// identityCounter counts for an IdentityCount. It is used by the goroutine that reads.
type identityCounter struct {
	addresses *pairs
	people    *pairs
	ids       *pairs
	messages  uint64 // that have an id from the mapping
	files     []fileStart
	last      uint64 // the largest place so far
	before    int64
	err       error // why counting stopped
}

// fileStart says that places after at are lines of a file.
type fileStart struct {
	at   uint64
	name string
}

// newIdentityCounter returns a counter that keeps in dir what does not fit into memory; empty for the usual directory of temporary files. before is
// how many rows it will not get.
func newIdentityCounter(dir string, before int64) *identityCounter {
	return &identityCounter{addresses: newPairs(dir), people: newPairs(dir), ids: newPairs(dir), before: before}
}

// row counts a row.
func (c *identityCounter) row(r *source.Row, said []mapping.Said) {
	if c.err != nil || len(said) == 0 {
		return
	}
	at := c.place(r.File, r.Line)
	for _, s := range said {
		to, other := c.ids, c.messages
		switch {
		case s.Address:
			to, other = c.addresses, s.Other
		case s.Person:
			to, other = c.people, s.Other
		default:
			c.messages++
		}
		if err := to.add(pair{s.Key, other, at}); err != nil {
			c.fail(err)
			return
		}
	}
}

// fail stops the counting. The load continues.
func (c *identityCounter) fail(err error) { c.err = errors.Join(err, c.close()) }

func (c *identityCounter) close() error {
	return errors.Join(c.addresses.close(), c.people.close(), c.ids.close())
}

// place returns a number for a line; later lines have larger numbers.
func (c *identityCounter) place(file string, line int64) uint64 {
	if n := len(c.files); n == 0 || c.files[n-1].name != file || c.files[n-1].at+uint64(line) < c.last {
		c.files = append(c.files, fileStart{c.last, file})
	}
	at := c.files[len(c.files)-1].at + uint64(line)
	c.last = max(c.last, at)
	return at
}

// lineOf returns the line for which place returned a number.
func (c *identityCounter) lineOf(at uint64) (file string, line int64) {
	i, _ := slices.BinarySearchFunc(c.files, at, func(f fileStart, at uint64) int { return cmp.Compare(f.at, at) })
	i = max(i-1, 0)
	return c.files[i].name, int64(at - c.files[i].at)
}

// count ends the counting. complete says that the whole input was read.
func (c *identityCounter) count(complete bool) *IdentityCount {
	out := &IdentityCount{RowsBefore: c.before}
	if !complete {
		out.NotCounted = "the input was not read to its end"
	} else if c.err == nil {
		for _, s := range []struct {
			from *pairs
			to   *Shared
		}{{c.addresses, &out.Addresses}, {c.people, &out.People}, {c.ids, &out.MessageIDs}} {
			keys, of, first, err := s.from.sharedPairs(firstShared)
			if err != nil {
				c.fail(err)
				break
			}
			*s.to = Shared{keys, of, []SharedPlace{}}
			for _, f := range first {
				var p SharedPlace
				p.File, p.Line = c.lineOf(f.first)
				p.SecondFile, p.SecondLine = c.lineOf(f.second)
				s.to.First = append(s.to.First, p)
			}
			s.from.close()
		}
	}
	if c.err != nil {
		*out = IdentityCount{RowsBefore: c.before, NotCounted: c.err.Error()}
	}
	c.close()
	return out
}

// spoolDir is the directory for hashes that do not fit into memory: the journal's, or else that of temporary files.
func (j *Job) spoolDir() string {
	if j.journal != nil {
		return j.journal.dir
	}
	return ""
}
