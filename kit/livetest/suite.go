package livetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/internal/plural"
)

// idPrefix is the beginning of every identifier; nothing without it is ever deleted.
const idPrefix = "ciokit_test_"

// Case is one test.
type Case struct {
	// Area is the subject, in one word: people, events, batches and so on. Name says in a few words what is tested.
	Area, Name string

	// What it needs; the ledger has the identifiers before run is called.
	people, emails, suppressed, objects, anonymous int
	// met: the people are identified, and seen, before run is called. Nothing is sent for a person whom the workspace does not know, because it may
	// drop that.
	met bool

	run func(ctx context.Context, s *scope) error
}

// Observation is something that was observed and is neither right nor wrong.
type Observation struct {
	What string `json:"what"`
	Seen string `json:"seen"`
}

// Result is the result of a Case.
type Result struct {
	Area string `json:"area"`
	Name string `json:"name"`
	// Err is nil if everything was as it must be.
	Err error `json:"-"`
	// Skipped cases were not run, because an earlier case met an error that all would meet.
	Skipped      bool          `json:"skipped,omitempty"`
	Observations []Observation `json:"observations,omitempty"`
	Took         time.Duration `json:"-"`
}

// Suite runs cases against one workspace, one after another.
type Suite struct {
	*workspace
	ledger  *Ledger
	numbers map[string]int // of identifiers, by area
	fatal   error
}

// Open checks that the workspace is the intended one, and that it accepts the key: it asks to delete a person who does not exist. It returns a Suite,
// which the caller closes. The error is one that every case would meet; ErrNoWorkspace, ErrAnotherWorkspace and ErrOwnMemory are returned before
// anything is sent.
func Open(ctx context.Context, cfg Config) (*Suite, error) {
	w, err := cfg.open(ctx)
	if err != nil {
		return nil, err
	}
	return &Suite{workspace: w, numbers: make(map[string]int)}, nil
}

// Cases returns all cases, in the best order to run them.
func Cases() []Case {
	var all []Case
	for _, cases := range [][]Case{peopleCases, eventCases, batchCases, objectCases, deviceCases, ecommerceCases, videoCases, gdprCases, aliasCases, pageCases} {
		all = append(all, cases...)
	}
	return all
}

// Areas returns the areas of Cases, in their order.
func Areas() []string {
	var all []string
	for _, c := range Cases() {
		if len(all) == 0 || all[len(all)-1] != c.Area {
			all = append(all, c.Area)
		}
	}
	return all
}

// Target is the address of the API.
func (s *Suite) Target() string { return s.client.Target() }

// Where says where the suite sends, which workspace that is and how that is known, and where it reads.
func (s *Suite) Where() string {
	region := ""
	if s.cfg.Region != "" {
		region = " (region " + string(s.cfg.Region) + ")"
	}
	reads := "Nothing is read back, because CUSTOMERIO_APP_API_KEY is not set"
	if s.app != nil {
		reads = "What was sent is read back from " + s.app.Target()
	}
	return fmt.Sprintf("Sending to %s%s: %s. %s.", s.Target(), region, s.confirmed, reads)
}

// Real reports whether the messages of the suite may reach a real workspace.
func (s *Suite) Real() bool { return s.real() }

// RunID is part of every identifier of the run.
func (s *Suite) RunID() string { return s.run }

// ReadsBack reports whether there is an App API key to read back with.
func (s *Suite) ReadsBack() bool { return s.app != nil }

// Run runs one case. If ctx ends it early, it has the context's error.
func (s *Suite) Run(ctx context.Context, c Case) Result {
	r := Result{Area: c.Area, Name: c.Name}
	if s.fatal != nil || ctx.Err() != nil {
		r.Skipped = true
		return r
	}
	started := time.Now()
	scope, err := s.prepare(c)
	if err == nil && c.met {
		err = scope.meet(ctx)
	}
	if err == nil {
		err = c.run(ctx, scope)
		r.Observations = scope.seen
	}
	r.Err, r.Took = err, time.Since(started)
	if errors.Is(err, cio.ErrUnauthorized) || errors.Is(err, appapi.ErrUnauthorized) || errors.Is(err, cio.ErrUnavailable) {
		s.fatal = err
	}
	return r
}

// prepare makes the case's identifiers and adds them to the ledger.
func (s *Suite) prepare(c Case) (*scope, error) {
	if s.ledger == nil {
		l, err := createLedger(s.cfg.LedgerDir, LedgerHeader{Run: s.run, Target: s.Target(), Workspace: fingerprint(s.cfg.APIKey)})
		if err != nil {
			return nil, fmt.Errorf("begin a ledger: %w", err)
		}
		s.ledger = l
		if err := l.add([]Item{{Kind: ItemKindPerson, ID: s.marker()}}); err != nil {
			return nil, err
		}
	}
	scope := &scope{workspace: s.workspace, area: c.Area}
	var items []Item
	take := func(kind ItemKind, n int, suffix string) (ids []string) {
		for range n {
			id := fmt.Sprintf("%s%s_%s_%d", idPrefix, c.Area, s.run, s.numbers[c.Area])
			s.numbers[c.Area]++
			ids = append(ids, id+suffix)
			item := Item{Kind: kind, ID: id + suffix}
			if kind == ItemKindObject {
				item.TypeID = s.cfg.ObjectType
			}
			items = append(items, item)
		}
		return ids
	}
	scope.people = take(ItemKindPerson, c.people, "")
	scope.emails = take(ItemKindPerson, c.emails, "@example.com")
	scope.suppressed = take(ItemKindSuppressed, c.suppressed, "")
	scope.objects = take(ItemKindObject, c.objects, "")
	scope.anonymous = take(ItemKindAnonymous, c.anonymous, "")
	return scope, s.ledger.add(items)
}

// cleanSteps is how many times cleaning waits, each time as long as data may take to appear.
const cleanSteps = 4

// Close deletes what the run created, even if cases failed or ctx has ended. Items that could not be deleted stay in the ledger, and the error says
// where it is.
func (s *Suite) Close(ctx context.Context) error {
	if s.ledger == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Minute+cleanSteps*s.cfg.ReadFor)
	defer cancel()
	err := s.clean(ctx, s.ledger)
	left, path := len(s.ledger.left), s.ledger.path
	if err = errors.Join(err, s.ledger.close()); err != nil && left > 0 {
		return fmt.Errorf("%s left in the workspace (%w); the list is in %s; delete them with: ciokit live clean", plural.Count(left, "thing is", "things are"), err, path)
	}
	return err
}

// scope is what a case works with.
type scope struct {
	*workspace
	area                                           string
	people, emails, suppressed, objects, anonymous []string

	mu   sync.Mutex
	seen []Observation
}

// observe records an observation.
func (s *scope) observe(what, format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, Observation{what, fmt.Sprintf(format, args...)})
}

func (s *scope) send(ctx context.Context, msgs ...cio.Message) error {
	return s.client.Send(ctx, msgs...)
}
