package load

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Plan says what a run would do, judged by the first rows of its input. Estimates are proportional to the bytes read; they are exact if Complete is
// set.
type Plan struct {
	// Sampled is how many rows were read, Rejected how many of them would be rejected here, Empty how many have no messages.
	Sampled  int64 `json:"sampled"`
	Rejected int64 `json:"rejected"`
	Empty    int64 `json:"empty"`
	// Complete says that the input has no other rows.
	Complete bool `json:"complete"`
	// Rows, Requests and Bytes are estimates for the whole input, -1 if its size is not known.
	Rows     int64 `json:"rows"`
	Requests int64 `json:"requests"`
	Bytes    int64 `json:"bytes"`
	// Seconds is the least time that the load takes under the API's own limit of 1,000 requests a second, -1 if the size is not known.
	Seconds float64 `json:"seconds"`
	// Unchanged is how many rows of the sample would be left out because they have not changed since the snapshot.
	Unchanged int64 `json:"unchanged"`
	// Left is how many people of the snapshot are not in the input any more. To find out, the whole input is read. These people would be deleted or
	// suppressed, except LeftAlone and LeftRejected of them, as in a Summary.
	Left         int64 `json:"left"`
	LeftAlone    int64 `json:"left_alone"`
	LeftRejected int64 `json:"left_rejected"`
	// Kinds are the messages of the sample by their names in the mapping, in its order.
	Kinds []PlannedKind `json:"kinds"`
	// Deletes is how many messages of the sample delete or suppress something.
	Deletes int64 `json:"deletes"`
	// DenyList is how many ids the deny list has.
	DenyList int64 `json:"deny_list"`
	// LargestBytes is the size of the largest message of the sample, LargestLine the line of its row.
	LargestBytes int   `json:"largest_bytes"`
	LargestLine  int64 `json:"largest_line"`
	// Comparison compares the sampled rows with the snapshot; nil if there is none.
	Comparison *Comparison `json:"comparison,omitempty"`
	// Identity counts things of the sample that look different but are one in Customer.io.
	Identity *IdentityCount `json:"identity"`
	// First are the first rejections, at most ten, without the rows.
	First []Reject `json:"first,omitempty"`
	// Rejections counts the rejections by rule and column, the most frequent first, at most 100 kinds; Warnings are those of the messages that would
	// be sent.
	Rejections []PlannedRejection `json:"rejections,omitempty"`
	// Hints describe the cells that many rows would be rejected for, and the setting that would read them, as in a Summary.
	Hints    []string          `json:"hints,omitempty"`
	Warnings []mapping.Warning `json:"warnings,omitempty"`

	stop    *StopError
	causes  mapping.Causes
	content string // of the input, if all of it was read
	leavers string // identifies the people who would be deleted
}

// PlannedKind is one message of the mapping.
type PlannedKind struct {
	// Name is its name in the mapping, Count how many the sample has, Example the first of them. The example contains personal data.
	Name    string          `json:"name"`
	Count   int64           `json:"count"`
	Example json.RawMessage `json:"example,omitempty"`
}

// PlannedRejection is why rows would be rejected here.
type PlannedRejection struct {
	// Count is how many, Reject the first of them, without the row.
	Count int64 `json:"count"`
	Reject
}

// maxRefusals bounds the kinds of rejections that are counted separately.
const maxRefusals = 100

// refuse counts a rejection.
func (p *Plan) refuse(r Reject) {
	p.Rejected++
	if len(p.First) < firstRejects {
		p.First = append(p.First, r)
	}
	r.because(&p.causes)
	for i := range p.Rejections {
		if have := &p.Rejections[i]; have.Rule == r.Rule && have.Column == r.Column && have.Field == r.Field {
			have.Count++
			return
		}
	}
	if len(p.Rejections) < maxRefusals {
		p.Rejections = append(p.Rejections, PlannedRejection{1, r})
	}
}

// DefaultPlanRows is how many rows MakePlan reads by default.
const DefaultPlanRows = 10_000

// AllRows makes MakePlan read all of the input.
const AllRows = -1

// MakePlan reads the first rows of the job's Source, at most as many as rows says, 0 for DefaultPlanRows, AllRows for all. It returns what Run would
// do with them. It sends nothing. It uses up the Source: open another one for Run. The errors are those that Run returns before anything is sent.
func MakePlan(ctx context.Context, job Job, rows int64) (Plan, error) {
	job.planned = !job.DryRun && job.Client != nil
	job.DryRun, job.journal = true, nil
	job, err := job.withDefaults()
	if err != nil {
		return Plan{}, err
	}
	switch {
	case rows < 0:
		rows = math.MaxInt64
	case rows == 0:
		rows = DefaultPlanRows
	}
	if job.Limit > 0 {
		rows = min(rows, job.Limit)
	}
	if job.Changes.Mirror != "" {
		rows = math.MaxInt64
	}
	columns, err := job.Source.Columns(ctx)
	if err != nil {
		return Plan{}, beginError(ctx, err)
	}
	if err := job.checkRejects(); err != nil {
		return Plan{}, err
	}
	compiled, err := job.Mapping.Compile(columns, job.DecimalComma)
	if err != nil {
		return Plan{}, err
	}
	if err := job.Deny.checkFor(compiled); err != nil {
		return Plan{}, err
	}
	if err := job.Source.Select(compiled.Columns()); err != nil {
		return Plan{}, &StopError{ErrSource, err}
	}
	changes, err := openChanges(&job, columns, compiled.Columns())
	if err != nil {
		return Plan{}, err
	}
	defer changes.close(true)
	s := &sampling{mapper: mapping.NewMapper(compiled, job.encoder()), counter: newIdentityCounter("", 0), changes: changes, now: time.Now()}
	s.comparing = newComparing(changes, compiled)
	s.plan.DenyList = int64(job.Deny.Len())
	defer s.counter.close()
	for _, m := range compiled.Messages() {
		s.plan.Kinds = append(s.plan.Kinds, PlannedKind{Name: m.Name()})
	}
	var b source.Batch
	for s.plan.Sampled < rows {
		err := job.Source.Next(ctx, &b)
		if errors.Is(err, io.EOF) {
			s.plan.Complete = true
			s.plan.content = job.Source.Info().Content
			break
		}
		if err != nil {
			return s.plan, beginError(ctx, err)
		}
		n := int(min(int64(len(b.Rows)), rows-s.plan.Sampled))
		for i := range b.Rows[:n] {
			if err := s.row(&b.Rows[i]); err != nil {
				return s.plan, &StopError{ErrSnapshot, err}
			}
		}
		s.read += (b.Offset - s.read) * int64(n) / int64(len(b.Rows))
	}
	if err := s.look(&job); err != nil {
		return s.plan, &StopError{ErrSnapshot, err}
	}
	s.plan.Identity = s.counter.count(true)
	s.plan.Warnings, _ = s.warned.Sorted()
	s.plan.Hints = s.plan.causes.HintsFor(job.Mapping, s.plan.Sampled, job.DecimalComma)
	slices.SortStableFunc(s.plan.Rejections, func(a, b PlannedRejection) int { return cmp.Compare(b.Count, a.Count) })
	info := job.Source.Info()
	s.estimate(info.Size, info.Rows, job.Limit, int64(job.BatchBytes))
	s.plan.bound(&job)
	return s.plan, nil
}

// Stop returns why a bound of the job will stop the load before it has deleted or suppressed everything that it should: a *StopError with
// ErrTooManyDeletes, or, for people who have left, also ErrShrunk or ErrNotWhole. It returns nil if the sampled rows show no such reason.
func (p *Plan) Stop() error {
	if p.stop == nil {
		return nil
	}
	return p.stop
}

// bound checks whether the rows, or probably all of the input, delete or suppress more than the limit.
func (p *Plan) bound(job *Job) {
	most, deletes, about := atMost(job.MaxDeletes), p.Deletes, ""
	if deletes <= most && p.Rows > p.Sampled && p.Sampled > 0 {
		deletes, about = int64(float64(deletes)*float64(p.Rows)/float64(p.Sampled)), "estimated from these rows: about "
	}
	if p.Deletes > most || p.stop == nil && deletes > most { // rows stop a load before it looks for people who have left
		p.stop = &StopError{ErrTooManyDeletes, fmt.Errorf("%s%s something, and the limit is %s", about, plural.Count(deletes, "message deletes or suppresses", "messages delete or suppress"), plural.Grouped(most))}
	}
}

// sampling is a Plan being made.
type sampling struct {
	plan    Plan
	mapper  *mapping.Mapper
	counter *identityCounter
	bytes   int64
	read    int64 // bytes of the input
	warned  mapping.Warnings
	now     time.Time

	changes   *changes
	comparing *comparing // with the snapshot; nil for none
	chunk     chunk      // of the current row, for its entries
}

// look finds the people who have left the input.
func (s *sampling) look(job *Job) error {
	c := s.changes
	if c == nil {
		return nil
	}
	if s.comparing != nil {
		s.plan.Comparison = &s.comparing.Comparison
	}
	var gone *leavers
	compared := s.comparing != nil && s.plan.Complete
	if mirror := c.cfg.Mirror != ""; mirror || compared && s.comparing.ids {
		var err error
		if gone, err = c.leavers(); err != nil {
			return err
		}
		defer gone.close()
		if mirror {
			if err := s.lookAt(gone, job); err != nil {
				return err
			}
		}
		if c.old == nil || !c.old.Info.HasIDs {
			gone = nil
		}
	}
	if !compared {
		return nil
	}
	aside := s.plan.Rejected
	if c.cfg.Mirror == "" { // a mirror knows whom they are about
		aside += s.plan.Empty
	}
	return s.comparing.finish(gone, aside)
}

// lookAt finds out who would be removed.
func (s *sampling) lookAt(gone *leavers, job *Job) error {
	c := s.changes
	if gone.n > 0 && !c.cfg.NewMapping {
		s.plan.stop = job.mayMirror(gone, s.plan.Deletes)
	}
	s.plan.Left, s.plan.leavers = gone.n, gone.ids
	if c.cfg.NewMapping || c.nameless > 0 {
		s.plan.LeftAlone = gone.n
		return nil
	}
	return gone.each(func(p *snapshot.Person) error {
		if c.whyKept(p, s.mapper.Encode) != nil {
			s.plan.LeftRejected++
		}
		return nil
	})
}

// keep keeps for the snapshot what the row is, and reports whether the row would be left out.
func (s *sampling) keep(r *source.Row, messages []cio.Encoded) (same bool, err error) {
	if s.changes == nil {
		return false, nil
	}
	s.chunk.reset()
	switch {
	case len(messages) == 0:
		s.changes.unsent(&s.chunk, r, s.mapper)
	default:
		same = s.changes.skip(&s.chunk, r, messages, s.mapper)
		err = s.comparing.row(same)
	}
	s.chunk.rows = append(s.chunk.rows, chunkRow{})
	return same, errors.Join(err, s.changes.record(&s.chunk))
}

func (s *sampling) row(r *source.Row) error {
	p := &s.plan
	p.Sampled++
	if r.Err != nil {
		p.refuse(unreadable(r.Line, r.Err).of(r.File))
		_, err := s.keep(r, nil)
		return err
	}
	messages, err := s.mapper.Map(r, 0)
	if err != nil {
		p.refuse(newReject(r.Line, err).of(r.File))
		_, err := s.keep(r, nil)
		return err
	}
	if len(messages) == 0 {
		p.Empty++
		_, err := s.keep(r, []cio.Encoded{})
		return err
	}
	s.counter.row(r, s.mapper.Said())
	if same, err := s.keep(r, messages); same || err != nil {
		p.Unchanged++
		return err
	}
	s.warned.AddRow(r, messages, s.mapper, s.now)
	p.Deletes += int64(s.mapper.Deletes())
	for i, m := range messages {
		s.bytes += int64(m.Len() + 1)
		if m.Len() > p.LargestBytes {
			p.LargestBytes, p.LargestLine = m.Len(), r.Line
		}
		k := &p.Kinds[s.mapper.Made(i).Place()]
		if k.Count++; k.Example == nil {
			k.Example, _ = m.MarshalJSON() // never fails
		}
	}
	return nil
}

// estimate sets the estimates for the whole input.
func (s *sampling) estimate(size, rows, limit, batch int64) {
	p := &s.plan
	p.Rows, p.Bytes, p.Requests, p.Seconds = -1, -1, -1, -1
	factor := 1.0
	switch {
	case p.Complete, limit > 0 && p.Sampled == limit:
		p.Complete = true
	case size > 0 && s.read > 0:
		factor = max(float64(size)/float64(s.read), 1)
	default:
		return
	}
	if limit > 0 {
		factor = min(factor, float64(limit)/float64(max(p.Sampled, 1)))
	}
	p.Rows = int64(float64(p.Sampled) * factor)
	if rows > 0 && !p.Complete {
		p.Rows = rows
		if limit > 0 {
			p.Rows = min(rows, limit)
		}
	}
	p.Bytes = int64(float64(s.bytes) * factor)
	p.Requests = (p.Bytes + batch - 1) / batch
	p.Seconds = float64(p.Requests) / 1000
}
