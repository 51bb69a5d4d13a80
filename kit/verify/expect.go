package verify

import (
	"cmp"
	"container/heap"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// All selects every person of the file.
const All = 0

// Expected is what the workspace should have for a person, after all rows of the file.
type Expected struct {
	// ID is the person's userId, Email the address if the file has no userId.
	ID, Email string
	// Attributes are the attributes that the file sets, as they are sent. Null says that the attribute should not exist.
	Attributes map[string]json.RawMessage
	// Line and LastLine are the lines of the person's first and last row. If the rows differ, the last one decides what is expected.
	Line, LastLine int64

	deleted bool // by the file itself, after its last attributes
	order   uint64
}

// Expectation is what the file says about a sample of its people.
type Expectation struct {
	People []Expected
	// Rows is how many rows there are, Unmade how many of them make no messages because they are rejected. People who are only in such rows are not
	// known.
	Rows, Unmade int64
}

// Expect reads all rows. sample is how many people to keep, All for all. The seed decides which: the same seed selects the same people in any order
// of the rows.
func Expect(ctx context.Context, src source.Source, m *mapping.Mapping, decimalComma bool, sample int, seed uint64) (*Expectation, error) {
	columns, err := src.Columns(ctx)
	if err != nil {
		return nil, err
	}
	compiled, err := m.Compile(columns, decimalComma)
	if err != nil {
		return nil, err
	}
	if err := src.Select(compiled.Columns()); err != nil {
		return nil, err
	}
	e := &expecting{mapper: mapping.NewMapper(compiled, func(msg cio.Message) (cio.Encoded, error) { return cio.Encode(msg) }), sample: sample, seed: seed, people: map[string]*Expected{}}
	var rows source.Batch
	for {
		err := src.Next(ctx, &rows)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for i := range rows.Rows {
			if err := e.row(&rows.Rows[i]); err != nil {
				return nil, err
			}
		}
	}
	for _, p := range e.people {
		e.out.People = append(e.out.People, *p)
	}
	slices.SortFunc(e.out.People, func(a, b Expected) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.ID, b.ID)) })
	return &e.out, nil
}

// expecting keeps the people with the smallest hashes: a person who is in the sample at the end was in it at each of their rows.
type expecting struct {
	mapper *mapping.Mapper
	sample int
	seed   uint64
	people map[string]*Expected
	heap   largest
	out    Expectation
}

func (e *expecting) row(r *source.Row) error {
	e.out.Rows++
	if r.Err != nil {
		e.out.Unmade++
		return nil
	}
	messages, bad := e.mapper.Map(r, uint64(r.Line))
	if bad != nil {
		e.out.Unmade++
		return nil
	}
	for _, m := range messages {
		if err := e.message(m, r.Line); err != nil {
			return err
		}
	}
	return nil
}

// wire is the part of a message that says what a person should have.
type wire struct {
	UserID string                     `json:"userId"`
	Event  string                     `json:"event"`
	Traits map[string]json.RawMessage `json:"traits"`
}

func (e *expecting) message(m cio.Encoded, line int64) error {
	text, err := m.AppendJSON(nil)
	if err != nil {
		return err
	}
	var w wire
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("line %d: %w", line, err)
	}
	var email string
	if raw, ok := w.Traits["email"]; ok {
		_ = json.Unmarshal(raw, &email) // another type is not an address
	}
	switch {
	case m.Type() == cio.TypeTrack && (w.Event == "User Deleted" || w.Event == "User Suppressed"):
		if p := e.person(w.UserID, "", line); p != nil {
			p.deleted, p.Attributes = true, nil
		}
	case m.Type() == cio.TypeIdentify:
		p := e.person(w.UserID, email, line)
		if p == nil {
			return nil
		}
		p.deleted = false
		if p.Attributes == nil {
			p.Attributes = make(map[string]json.RawMessage, len(w.Traits))
		}
		object := string(w.Traits["objectId"])
		relates := object != "" && object != "null" && object != `""`
		for name, value := range w.Traits {
			if !isAttribute(name, relates) {
				continue
			}
			p.Attributes[name] = slices.Clone(value)
		}
	}
	return nil
}

// person returns the person if they are in the sample so far, otherwise nil.
func (e *expecting) person(id, email string, line int64) *Expected {
	if id == "" && email == "" {
		return nil // an anonymous visitor, whom the App API does not show
	}
	key := keyOf(id, email)
	if p, ok := e.people[key]; ok {
		p.LastLine = line
		return p
	}
	order := hash(e.seed, key)
	if e.sample > 0 && len(e.heap.list) == e.sample {
		if order >= e.heap.list[0].order {
			return nil
		}
		gone := heap.Pop(&e.heap).(*Expected)
		delete(e.people, keyOf(gone.ID, gone.Email))
	}
	p := &Expected{ID: id, Line: line, LastLine: line, order: order}
	if id == "" {
		p.Email = email
	}
	e.people[key] = p
	if e.sample > 0 {
		heap.Push(&e.heap, p)
	}
	return p
}

// keyOf returns the key of a person, with the rule of Customer.io: a userId that is an address counts as the address.
func keyOf(id, email string) string {
	if id == "" || address.Is(id) {
		return "email\x00" + address.Fold(cmp.Or(id, email))
	}
	return "id\x00" + id
}

// hash gives people a random order, which is always the same for a seed.
func hash(seed uint64, key string) uint64 {
	h := fnv.New64a()
	var b [8]byte
	for i := range b {
		b[i] = byte(seed >> (8 * i))
	}
	h.Write(b[:])
	io.WriteString(h, key)
	x := h.Sum64() // its high bits hardly change with the last letters
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	return x ^ x>>33
}

// largest is a heap with the largest hash at its top.
type largest struct{ list []*Expected }

func (h *largest) Len() int           { return len(h.list) }
func (h *largest) Less(i, j int) bool { return h.list[i].order > h.list[j].order }
func (h *largest) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *largest) Push(p any)         { h.list = append(h.list, p.(*Expected)) }
func (h *largest) Pop() any {
	last := len(h.list) - 1
	p := h.list[last]
	h.list = h.list[:last]
	return p
}
