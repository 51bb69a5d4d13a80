package load

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"hash/maphash"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// IdentityCount says what in an input falls together in Customer.io though it looks like several: it counts all messages that rows of the
// input become, those that are left out as unchanged included, and none of the rows that are rejected here. The counts are exact.
type IdentityCount struct {
	// Addresses are the e-mail addresses that identify messages give to two or more people. Customer.io keeps one person of an address: the
	// later message changes the id of the one before, or loses its address. An address is the trait email, without regard to case; people are
	// told apart by their userId. A userId that is the address itself, or none, is no other person.
	Addresses Shared `json:"addresses_with_several_ids"`
	// MessageIDs are the message ids that two or more messages have, so that Customer.io may ignore all but the first. Only ids from the mapping's
	// messageId can be.
	MessageIDs Shared `json:"repeated_message_ids"`
	// RowsBefore is how many rows at the beginning are not counted, because an earlier run of the load settled them and the source, a Parquet file,
	// does not hand them out again.
	RowsBefore int64 `json:"rows_before"`
	// NotCounted is why there are no counts; empty if there are.
	NotCounted string `json:"not_counted,omitempty"`
}

// Shared counts what several rows or messages share.
type Shared struct {
	// Count is how many addresses or message ids there are, Messages how many messages have one of them.
	Count    int64 `json:"count"`
	Messages int64 `json:"messages"`
	// First are the first of them, at most ten.
	First []SharedPlace `json:"first"`
}

// SharedPlace is where something shared occurs first, and where it occurs first for somebody else or in another message.
type SharedPlace struct {
	File       string `json:"file,omitempty"`
	Line       int64  `json:"line"`
	SecondFile string `json:"second_file,omitempty"`
	SecondLine int64  `json:"second_line"`
}

// Found reports whether anything is shared.
func (c *IdentityCount) Found() bool { return c != nil && c.Addresses.Count+c.MessageIDs.Count > 0 }

// firstShared is how many places a Shared names.
const firstShared = 10

// RuleNotAnAddress warns of an identify whose trait email is no e-mail address.
const RuleNotAnAddress = "not-an-email-address"

// RuleByAddress warns of an identify whose userId is empty, though the mapping gives it one, so that the trait email says who it is.
const RuleByAddress = "person-by-address"

const hintByAddress = "the userId is empty, so that the e-mail address says whose the row is; if there should be an id, look for a failed join, and leave such rows out"

// namedByAddress reports whether the mapping gives a userId and the row has none, nor another id.
func (p *messagePlan) namedByAddress(v *values) bool {
	return p.kind.typ == cio.TypeIdentify && v.text[fieldUserID] == "" && v.text[fieldAnonymousID] == "" &&
		slices.ContainsFunc(p.texts, func(t textPlan) bool { return t.field == fieldUserID })
}

const hintNotAnAddress = "the trait email is no e-mail address: nothing can be sent to it, and people who have the same may become one"

// identityCounter counts for an IdentityCount. It is used by the goroutine that reads.
type identityCounter struct {
	seeds     [3]maphash.Seed
	addresses *pairs
	ids       *pairs
	messages  uint64 // that have an id of the mapping's
	files     []fileStart
	last      uint64 // the largest place so far
	text      []byte // of the message at hand: its id, then its address
	user      []byte
	before    int64
	err       error // why counting was given up
}

// fileStart says that places behind at are lines of a file.
type fileStart struct {
	at   uint64
	name string
}

// newIdentityCounter returns a counter that keeps in dir what memory does not hold, empty for the usual place of temporary files. before is how
// many rows it will not see.
func newIdentityCounter(dir string, before int64) *identityCounter {
	c := &identityCounter{addresses: newPairs(dir), ids: newPairs(dir), before: before}
	for i := range c.seeds {
		c.seeds[i] = maphash.MakeSeed()
	}
	return c
}

// key is what something is told by, in 128 bits.
func (c *identityCounter) key(text []byte) [2]uint64 {
	return [2]uint64{maphash.Bytes(c.seeds[0], text), maphash.Bytes(c.seeds[1], text)}
}

// identified is what one message of a row says about who or what it is.
type identified struct {
	address bool // and who has it; else a message id
	key     [2]uint64
	other   uint64
}

// identify adds what the message at hand, which m has just made, says about who and what it is.
func (c *identityCounter) identify(said []identified, m *mapper, p *messagePlan) []identified {
	v := &m.values
	if p.id != nil || p.key != nil {
		c.text = append(c.text[:0], v.meta.MessageID...)
		said = append(said, identified{key: c.key(c.text)})
	}
	if p.kind.typ != cio.TypeIdentify {
		return said
	}
	text, given := m.emailTrait(p)
	if !given {
		return said
	}
	var ok bool
	if c.text, ok = appendAddress(c.text[:0], text); !ok {
		m.noAddress++
		return said
	}
	user := v.text[fieldUserID]
	if user == "" {
		return said
	}
	c.user, ok = c.user[:0], false
	if strings.IndexByte(user, '@') >= 0 { // else it is no address
		c.user, ok = appendAddress(c.user, user)
	}
	switch {
	case !ok:
		c.user = append(c.user, user...)
	case bytes.Equal(c.user, c.text):
		return said
	}
	return append(said, identified{true, c.key(c.text), maphash.Bytes(c.seeds[2], c.user)})
}

// emailJSON returns the trait email of the identify at hand as it stands in the message, nil where there is none.
func (m *mapper) emailJSON(p *messagePlan) []byte {
	switch p.email {
	case emailAbsent:
		return nil
	case emailNamed:
		return m.body[m.row.email[0]:m.row.email[1]]
	}
	value, _ := wire.Lookup(m.values.bodyJSON(), "email")
	return value
}

// emailTrait returns the trait email of the identify at hand, without the spaces around. It returns false where there is none, or one that is
// empty.
func (m *mapper) emailTrait(p *messagePlan) ([]byte, bool) {
	value := m.emailJSON(p)
	switch {
	case len(value) == 0 || string(value) == "null":
		return nil, false
	case value[0] != '"':
		return value, true
	case bytes.IndexByte(value, '\\') < 0:
		value = value[1 : len(value)-1]
	default:
		text, _ := wire.Text(value)
		value = []byte(text)
	}
	value = bytes.TrimSpace(value)
	return value, len(value) > 0
}

// bodyJSON is the body of the message at hand, nil for none.
func (v *values) bodyJSON() []byte {
	switch b := v.body.(type) {
	case json.RawMessage:
		return b
	case *wire.Checked:
		return *b
	}
	return nil
}

// Where an identify's trait email comes from.
const (
	emailAbsent = iota
	emailNamed  // the mapping names it
	emailHidden // it may be among members that only the row names
)

// emailValue is the trait email of an identify.
type emailValue struct{ value }

func (e emailValue) appendJSON(dst []byte, r *row) ([]byte, bool, *valueError) {
	out, ok, err := e.value.appendJSON(dst, r)
	r.email = [2]int{len(dst), len(out)}
	return out, ok, err
}

// findEmail notes in the plan of an identify where its trait email is.
func (p *messagePlan) findEmail() {
	o, ok := p.body.(object)
	if !ok && p.body != nil {
		p.email = emailHidden
	}
	for i, name := range o.names {
		_, several := o.items[i].(everyMember)
		switch {
		case name == "email" && o.items[i] != nil:
			o.items[i], p.email = emailValue{o.items[i]}, emailNamed
			return
		case several:
			p.email = emailHidden
		}
	}
}

// row counts what a row says.
func (c *identityCounter) row(r *source.Row, said []identified) {
	if c.err != nil || len(said) == 0 {
		return
	}
	at := c.place(r.File, r.Line)
	for _, s := range said {
		to, other := c.addresses, s.other
		if !s.address {
			to, other = c.ids, c.messages
			c.messages++
		}
		if err := to.add(pair{s.key, other, at}); err != nil {
			c.fail(err)
			return
		}
	}
}

// fail gives up counting, which does not hold up a load.
func (c *identityCounter) fail(err error) { c.err = errors.Join(err, c.close()) }

func (c *identityCounter) close() error { return errors.Join(c.addresses.close(), c.ids.close()) }

// place returns a number for a line; those of lines that follow are larger.
func (c *identityCounter) place(file string, line int64) uint64 {
	if n := len(c.files); n == 0 || c.files[n-1].name != file || c.files[n-1].at+uint64(line) < c.last {
		c.files = append(c.files, fileStart{c.last, file})
	}
	at := c.files[len(c.files)-1].at + uint64(line)
	c.last = max(c.last, at)
	return at
}

// lineOf is the line that place returned a number for.
func (c *identityCounter) lineOf(at uint64) (file string, line int64) {
	i, _ := slices.BinarySearchFunc(c.files, at, func(f fileStart, at uint64) int { return cmp.Compare(f.at, at) })
	i = max(i-1, 0)
	return c.files[i].name, int64(at - c.files[i].at)
}

// count ends the counting. complete says that the input was read to its end.
func (c *identityCounter) count(complete bool) *IdentityCount {
	out := &IdentityCount{RowsBefore: c.before}
	if !complete {
		out.NotCounted = "the input was not read to its end"
	} else if c.err == nil {
		for _, s := range []struct {
			from *pairs
			to   *Shared
		}{{c.addresses, &out.Addresses}, {c.ids, &out.MessageIDs}} {
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

// spoolDir is where hashes are kept that memory does not hold: beside the journal, else where temporary files are.
func (j *Job) spoolDir() string {
	if j.journal != nil {
		return j.journal.dir
	}
	return ""
}

// countIdentity ends the counting.
func (r *run) countIdentity(c *identityCounter) {
	r.mu.Lock()
	complete := r.tally.Complete
	r.mu.Unlock()
	count := c.count(complete)
	r.mu.Lock()
	r.tally.Identity = count
	r.mu.Unlock()
}
