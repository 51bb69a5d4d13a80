package verify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/internal/address"
)

// DefaultWait is how long after a load its values may still be on their way.
const DefaultWait = 2 * time.Minute

// Config says how people are read back. App is required.
type Config struct {
	App *appapi.Client
	// Sent is when the file was loaded, if that is known; the zero value means now.
	Sent time.Time
	// Wait is how long after Sent a value may still be on its way; default DefaultWait.
	Wait time.Duration
	// AtOnce makes Run read everybody only once. If Wait is not over then, everything that has not arrived is StatusNotYet. Otherwise Run reads
	// people whose data has not arrived again, until Wait is over.
	AtOnce bool
	// If the address of a person is not as the file says, Run can also look up who has the address that the file gives. Addresses is for how many
	// people it does this, in the order of the file; each costs one more request. Zero means nobody, a negative number all.
	Addresses int
	// Progress, if it is not nil, is called with how many people were read and how many are as the file says.
	Progress func(read, arrived int)
}

// Attribute is the result for one attribute.
type Attribute struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
}

// Person is the result for one person of the file. It has no values, because they are personal data.
type Person struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email,omitempty"`
	// Line and LastLine are the lines of the person's first and last row. If the rows differ, the last one decides what is expected.
	Line     int64 `json:"line"`
	LastLine int64 `json:"last_line"`
	// Status is StatusArrived if every attribute has arrived or is not comparable; otherwise the worst status of an attribute. It is StatusMissing if
	// there is no such person.
	Status Status `json:"status"`
	// Gone says that there is no such person.
	Gone bool `json:"gone,omitempty"`
	// AddressOf are the ids of other people who now have the address that the file gives this person, or the cio_id of a person without an id. It is
	// empty if nobody else has it, if the person has it, or if Config.Addresses did not include the person.
	AddressOf []string `json:"address_of,omitempty"`
	// Attributes are the attributes that are not StatusArrived.
	Attributes []Attribute `json:"attributes,omitempty"`
}

// Result is the result for all people.
type Result struct {
	// Counts counts the attributes by their statuses. The attributes of a person who does not exist are missing.
	Counts map[Status]int64 `json:"attributes"`
	// People are all people that were read, in the order of the file.
	People []Person `json:"people"`
}

// Wrong returns the people whose data is not as the file says.
func (r *Result) Wrong() []Person {
	var list []Person
	for _, p := range r.People {
		if p.Status != StatusArrived {
			list = append(list, p)
		}
	}
	return list
}

// readers is how many requests to the App API are under way at once: enough for its limit of 10 requests a second, which appapi obeys.
const readers = 8

// Pauses before reading people again whose data is not as the file says.
const (
	firstPause = 2 * time.Second
	lastPause  = 20 * time.Second
)

// Run reads the people and compares them with the file. The error is one that happened while it read.
func Run(ctx context.Context, people []Expected, cfg Config) (*Result, error) {
	if cfg.App == nil {
		return nil, errors.New("verify: Config.App is nil")
	}
	if cfg.Wait == 0 {
		cfg.Wait = DefaultWait
	}
	if cfg.Sent.IsZero() {
		cfg.Sent = time.Now()
	}
	r := &reading{cfg: cfg, people: people, found: make([]finding, len(people))}
	all := make([]int, len(people))
	for i := range all {
		all[i] = i
	}
	for pause := firstPause; ; pause = min(lastPause, pause*2) {
		if err := r.read(ctx, all); err != nil {
			return nil, err
		}
		all = slices.DeleteFunc(all, func(i int) bool { return !r.found[i].short() })
		left := time.Until(cfg.Sent.Add(cfg.Wait))
		if len(all) == 0 || cfg.AtOnce || left <= 0 {
			if err := r.findAddresses(ctx, all); err != nil {
				return nil, err
			}
			return r.result(left > 0), nil
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(min(pause, left)):
		}
	}
}

type reading struct {
	cfg    Config
	people []Expected
	mu     sync.Mutex
	found  []finding

	seen, arrived int
}

// finding is what was read about one person.
type finding struct {
	read, gone bool
	wanted     int
	attributes []Attribute
	addressOf  []string
}

// short reports whether something that is not as the file says may still arrive.
func (f *finding) short() bool {
	return f.gone || slices.ContainsFunc(f.attributes, func(a Attribute) bool { return a.Status != StatusNotComparable })
}

// read reads some of the people, several at a time.
func (r *reading) read(ctx context.Context, which []int) error {
	return each(ctx, which, func(ctx context.Context, i int) error {
		f, err := r.look(ctx, &r.people[i])
		if err == nil {
			r.keep(i, f)
		}
		return err
	})
}

// each calls do for some numbers, several at a time, until one call fails or the context ends.
func each(ctx context.Context, which []int, do func(ctx context.Context, i int) error) error {
	outer := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var all sync.WaitGroup
	for range min(readers, len(which)) {
		all.Go(func() {
			for i := range next {
				if err := do(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, i := range which {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	all.Wait()
	if outer.Err() != nil {
		return context.Cause(outer)
	}
	return context.Cause(ctx)
}

func (r *reading) keep(i int, f finding) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := &r.found[i]
	if !before.read {
		r.seen++
	}
	if (!before.read || before.short()) && !f.short() {
		r.arrived++
	}
	f.read = true
	r.found[i] = f
	if r.cfg.Progress != nil {
		r.cfg.Progress(r.seen, r.arrived)
	}
}

// errOtherPerson is an answer about a person who was not asked for.
var errOtherPerson = errors.New("verify: the App API answered with another person than was asked for")

func (r *reading) look(ctx context.Context, want *Expected) (finding, error) {
	var got appapi.Customer
	var err error
	for _, id := range want.names() {
		if got, err = r.cfg.App.Customers().Attributes(ctx, id); !errors.Is(err, appapi.ErrNotFound) {
			break
		}
	}
	switch {
	case errors.Is(err, appapi.ErrNotFound):
		return want.gone(), nil
	case err != nil:
		return finding{}, err
	case want.ID != "" && !isOther(want.ID) && got.Identifiers.ID != "" && got.Identifiers.ID != want.ID:
		return finding{}, errOtherPerson
	}
	f := finding{wanted: len(want.Attributes)}
	if want.deleted {
		return finding{wanted: 1, attributes: []Attribute{{"", StatusDifferent}}}, nil
	}
	for _, name := range slices.Sorted(maps.Keys(want.Attributes)) {
		text, there := kept(got.Attributes, name)
		if s := compare(name, want.Attributes[name], text, there); s != StatusArrived {
			f.attributes = append(f.attributes, Attribute{name, s})
		}
	}
	return f, nil
}

// names are the ids to ask for the person by, the likeliest first. Customer.io treats a userId that is an address as an address, and one that begins
// with cio_ as its own id.
func (e *Expected) names() []appapi.CustomerID {
	switch {
	case e.ID == "":
		return []appapi.CustomerID{appapi.ByEmail(e.Email)}
	case address.Is(e.ID):
		return []appapi.CustomerID{appapi.ByEmail(e.ID), appapi.ByID(e.ID)}
	case strings.HasPrefix(e.ID, cioPrefix):
		return []appapi.CustomerID{appapi.ByCIOID(e.ID), appapi.ByID(e.ID)}
	}
	return []appapi.CustomerID{appapi.ByID(e.ID)}
}

const cioPrefix = "cio_"

// isOther reports whether a userId can be the address or the cio_id of a person with another id.
func isOther(id string) bool { return address.Is(id) || strings.HasPrefix(id, cioPrefix) }

// gone is the finding for a person who does not exist.
func (e *Expected) gone() finding {
	if e.deleted {
		return finding{wanted: 1}
	}
	f := finding{gone: true, wanted: len(e.Attributes)}
	for _, name := range slices.Sorted(maps.Keys(e.Attributes)) {
		f.attributes = append(f.attributes, Attribute{name, StatusMissing})
	}
	return f
}

// worst is the order in which the statuses of attributes decide the status of a person.
var worst = []Status{StatusDifferent, StatusMissing, StatusNotYet}

// result counts the findings; early says that missing values may still arrive.
func (r *reading) result(early bool) *Result {
	out := &Result{Counts: map[Status]int64{}}
	for i := range r.people {
		f, want := &r.found[i], &r.people[i]
		p := Person{ID: want.ID, Email: want.Email, Line: want.Line, LastLine: want.LastLine, Status: StatusArrived, Gone: f.gone, AddressOf: f.addressOf, Attributes: f.attributes}
		for k := range p.Attributes {
			if a := &p.Attributes[k]; early && a.Status != StatusNotComparable {
				a.Status = StatusNotYet
			}
			out.Counts[p.Attributes[k].Status]++
		}
		out.Counts[StatusArrived] += int64(f.wanted - len(f.attributes))
		for _, s := range worst {
			if slices.ContainsFunc(p.Attributes, func(a Attribute) bool { return a.Status == s }) {
				p.Status = s
				break
			}
		}
		if p.Gone {
			p.Status = StatusMissing
			if early {
				p.Status = StatusNotYet
			}
		}
		out.People = append(out.People, p)
	}
	return out
}
