package load

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Run loads everything that job says. The Summary says what happened, even if Run also returns an error.
//
// If one of the messages of a row cannot be made, none of them is sent. Messages of one person are sent in the order of their rows; with a
// Concurrency of 1, all messages are. A person is identified by the userId (an address in any case), otherwise by the anonymousId, otherwise by the
// trait email, otherwise by the groupId. Run returns when every message is settled. The error is nil if the input was read to its end, or its limit,
// and everything was sent; rejected rows and messages are in the Summary and are not an error. Otherwise the error is
//
//   - a *mapping.Error if the mapping does not fit the input's columns, a *source.FormatError if the input is not what it should be, or a
//     *SnapshotError or *PendingError if the snapshot cannot be used: nothing was sent;
//   - a *StopError for every later failure. When the key is refused, when the client gives up, or after more rejections than Job.MaxErrors, Run
//     sends nothing more, but reads the input to its end, so that the Summary covers all of it. When ctx ends, Run stops at once: it does not
//     read the rest of the input, and Summary.Complete is false. If there are several reasons, the error is the first of ErrInterrupted,
//     ErrKeyRefused, ErrGaveUp, ErrTooManyDeletes, ErrShrunk, ErrNotWhole, ErrTooManyErrors and ErrInputChanged. ErrSource, ErrRejects or
//     ErrSnapshot is joined to it if the input could not be read, or if the rejects or the snapshot could not be written.
//
// A message that is not known to be accepted can be loaded again: the same row makes the same message ids.
//
// A run that ends early can only be repeated from its first row. To resume a load, use Start.
func Run(ctx context.Context, job Job) (Summary, error) {
	job, err := job.withDefaults()
	if err != nil {
		return Summary{}, err
	}
	if err := job.CheckOutputs(); err != nil {
		return Summary{}, err
	}
	rejects, err := job.openRejects()
	if err != nil {
		return Summary{}, err
	}
	return job.runWith(ctx, rejects)
}

// openRejects opens the file of rejects, if the job has one.
func (j *Job) openRejects() (*rejectsFile, error) {
	if j.RejectsFile == "" {
		return nil, nil
	}
	return openRejects(j.RejectsFile)
}

// runWith runs the job with this file of rejects, which may be nil, and closes the file.
func (j Job) runWith(ctx context.Context, rejects *rejectsFile) (Summary, error) {
	if rejects != nil {
		j.Rejects, j.RejectsCSV = rejects, strings.EqualFold(filepath.Ext(j.RejectsFile), ".csv")
	}
	s, err := runJob(ctx, j)
	if closed := rejects.close(s.Rows > 0 || err == nil); closed != nil {
		err = errors.Join(err, &StopError{ErrRejects, closed})
	}
	if rejects != nil {
		s.RejectsNote = strings.Join(rejects.notes, " ")
	}
	return s, err
}

// runJob runs a job whose defaults are set.
func runJob(ctx context.Context, job Job) (Summary, error) {
	begun := time.Now()
	r, read, err := prepare(ctx, &job, begun)
	if err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, err
	}
	return r.pass(read)
}

// prepare makes a run and its reader, after it has checked everything that can be checked before the first row is read.
func prepare(ctx context.Context, job *Job, begun time.Time) (*run, *reader, error) {
	columns, err := job.Source.Columns(ctx)
	if err != nil {
		return nil, nil, beginError(ctx, err)
	}
	if err := job.checkRejects(); err != nil {
		return nil, nil, err
	}
	compiled, err := job.Mapping.Compile(columns, job.DecimalComma)
	if err != nil {
		return nil, nil, err
	}
	if err := job.Deny.checkFor(compiled); err != nil {
		return nil, nil, err
	}
	if err := job.Source.Select(compiled.Columns()); err != nil {
		return nil, nil, &StopError{ErrSource, err}
	}
	passed, err := job.goOn(ctx)
	if err != nil {
		return nil, nil, &StopError{ErrSource, err}
	}

	r := &run{job: job, ctx: ctx, encode: job.encoder(), rejects: newRejectWriter(job.Rejects), room: make(chan struct{}, 1)}
	info := job.Source.Info()
	if job.RejectsCSV && job.Rejects != nil {
		if columns == nil || info.Delimiter == 0 {
			return nil, nil, &source.FormatError{Problem: "rejects can be written as CSV only if the input is CSV", Hint: "write them as JSON Lines, into a file whose name ends in .jsonl"}
		}
		r.rejects.asCSV(columns, info.Delimiter)
	}
	r.rejects.comma, r.rejects.rowIDs = job.DecimalComma, compiled.RowIDs()
	r.tally = tally{reasons: make(map[string]int64), firstOf: make(map[string]Reject), begun: begun, size: info.Size}
	if job.Client != nil {
		r.before = job.Client.Stats()
	}
	if r.changes, err = openChanges(job, columns, compiled.Columns()); err != nil {
		return nil, nil, err
	}
	read := &reader{r: r, mapper: mapping.NewMapper(compiled, r.encode), counter: newIdentityCounter(job.spoolDir(), passed),
		perRow: int64(len(compiled.Messages())), count: passed}
	if job.journal != nil {
		last := job.journal.Last()
		r.resume(last)
		r.key = job.Client.KeyHash(job.journal.header.Salt)
		read.skip, read.before = last.Row, last.Who
	}
	return r, read, nil
}

// pass sends all rows through the stations, and returns the counts.
func (r *run) pass(read *reader) (Summary, error) {
	r.job.Recorder.begin(&r.tally)
	stopRecording := r.record()
	reading, stopReading := context.WithCancel(r.ctx)
	defer stopReading()
	r.stopReading = stopReading
	r.lanes = newLanes(r, r.job.Concurrency, r.job.BatchBytes)
	if r.job.Begun != nil {
		r.job.Begun()
	}
	finish := r.reportProgress()
	read.run(reading) // read and map; meanwhile the lanes send, settle and record
	r.lanes.close()   // now everything is settled
	r.countIdentity(read.counter)
	if errors.As(r.sourceErr, new(*source.ChangedError)) {
		r.note(ErrInputChanged, r.sourceErr)
	} else {
		r.note(ErrSource, inFile(r.job.Source.Info().Files, r.sourceErr))
	}
	r.checkInput()
	r.note(ErrSnapshot, remover{r}.finishChanges())
	r.note(ErrRejects, r.flushRejects())
	r.checkpointEnd()
	stopRecording()
	r.note(ErrSnapshot, r.changes.close(r.end() == EndComplete))
	finish()
	s := r.counts()
	s.Hints = r.tally.causes.HintsFor(r.job.Mapping, s.Rows-s.Unchanged, r.job.DecimalComma)
	return s, r.err()
}

// goesOn reports whether the job resumes an earlier run of the same load that has settled rows.
func (j *Job) goesOn() bool { return j.journal != nil && j.journal.Last().Row > 0 }

// goOn makes the source begin where the journal ends, if it can, and returns how many rows it will not return.
func (j *Job) goOn(ctx context.Context) (int64, error) {
	if !j.goesOn() {
		return 0, nil
	}
	last := j.journal.Last()
	src, ok := j.Source.(source.Resumer)
	if !ok && last.Mark != nil { // rows may have been added or removed before it, so their number is not enough
		return 0, errors.New("load: the Source is not a source.Resumer, but that of the run was; if it wraps another Source, pass Resume on to that")
	}
	if !ok {
		return 0, nil
	}
	if ok, err := src.Resume(ctx, last.Row, last.Mark); err != nil || !ok {
		return 0, err
	}
	return last.Row, nil
}

// beginError is why the columns could not be read.
func beginError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &StopError{ErrInterrupted, context.Cause(ctx)}
	}
	if isFormatError(err) {
		return err
	}
	return &StopError{ErrSource, err}
}

// run is a Run under way. Each row passes these stations:
//
//	read    reader.run takes it from the Source
//	map     reader.row makes messages of it, or rejects it
//	send    run.send hands them to the lanes, and sender.deliver sends them to Customer.io
//	settle  run.conclude records the result of each message, and run.account counts the rows in the order of the input
//	record  checkpointer.run writes to the journal up to which row everything is settled
type run struct {
	job         *Job
	ctx         context.Context
	before      cio.Stats
	stopReading context.CancelFunc
	encode      func(cio.Message) (cio.Encoded, error)
	changes     *changes // nil without snapshots
	lanes       *lanes
	deletes     int64         // handed to the lanes
	room        chan struct{} // signals that there may be room for rows
	acceptances atomic.Int64  // how often something was accepted
	group       cio.SendGroup // all Sends

	mu      sync.Mutex // guards all fields below
	tally   tally
	rejects *rejectWriter
	refused int64 // messages that the server refused, including chunks that are not counted yet
	// refusalSaid is the reason of the last refusal, sameRefusal how many in a row had that reason.
	refusalSaid string
	sameRefusal int
	failing     error    // the failure that the run waits out
	chunks      []*chunk // not counted yet, oldest first
	free        []*chunk
	raw         int          // bytes of the rows in chunks, and of their data for a snapshot
	stops       []*StopError // in their order

	deleted      int64   // messages that delete or suppress something, in counted chunks
	bounds       *Bounds // of the load; nil without a journal
	base         Summary // of earlier runs of the same journal, what the client counts
	key          []byte  // the client's KeyHash, for the journal
	checkpoint   Checkpoint
	checkpointer *checkpointer // nil without a journal

	sourceErr error // why the input was not read to its end; the rows before that are sent
}

// note records why the run stopped, if err is not nil.
func (r *run) note(reason, err error) {
	if err != nil {
		r.stop(&StopError{reason, err})
	}
}

// stop records why nothing more is sent. Each reason is recorded once.
func (r *run) stop(e *StopError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopLocked(e)
}

func (r *run) stopLocked(e *StopError) {
	for _, s := range r.stops {
		if s.Reason == e.Reason {
			return
		}
	}
	r.stops = append(r.stops, e)
	if e.Reason == ErrRejects || e.Reason == ErrJournal || e.Reason == ErrSnapshot {
		r.stopReading()
	}
	if r.tally.stopped == nil {
		r.tally.stopped = e
	}
}

// setFailing records the failure that the run waits out, nil for none.
func (r *run) setFailing(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = err
}

// stopped reports whether the run has stopped sending.
func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.stops) > 0
}

// err returns why the run sent less than everything: the most important reason, together with errors of this machine.
func (r *run) err() error {
	var errs []error
	for _, group := range [][]error{{ErrInterrupted, ErrKeyRefused, ErrGaveUp, ErrTooManyDeletes, ErrShrunk, ErrNotWhole, ErrTooManyErrors, ErrInputChanged}, {ErrSource}, {ErrRejects}, {ErrSnapshot}, {ErrJournal}} {
	search:
		for _, reason := range group {
			for _, s := range r.stops {
				if s.Reason == reason {
					errs = append(errs, s)
					break search
				}
			}
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// counts returns the counts so far.
func (r *run) counts() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.countsLocked()
}

func (r *run) countsLocked() Summary {
	s := r.tally.summary()
	s.DenyList = int64(r.job.Deny.Len())
	if r.changes != nil {
		s.NewColumns = r.changes.fresh
	}
	if r.job.Client != nil {
		now := r.job.Client.Stats()
		s.Requests = r.base.Requests + now.Requests - r.before.Requests
		s.Retried = r.base.Retried + now.Retries - r.before.Retries
		s.Bytes = r.base.Bytes + now.Bytes - r.before.Bytes
	}
	return s
}

// checkContext stops the run if its context has ended.
func (r *run) checkContext() {
	if r.ctx.Err() != nil {
		r.stop(&StopError{ErrInterrupted, context.Cause(r.ctx)})
	}
}

// send gives the messages of a row to the lanes, or settles them as unsent if sending has stopped.
func (r *run) send(c *chunk, first int, messages []cio.Encoded, m *mapping.Mapper) {
	if m.Deletes() > 0 {
		c.deletes += int64(m.Deletes())
		if r.deletes += int64(m.Deletes()); r.deletes > atMost(r.job.MaxDeletes) {
			r.stop(&StopError{ErrTooManyDeletes, fmt.Errorf("the load would delete or suppress more than %d", atMost(r.job.MaxDeletes))})
		}
	}
	if !r.job.DryRun && !r.stopped() {
		r.lanes.add(c, first, messages, m.Identities())
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range messages {
		c.settle(first+i, fate{outcome: cio.OutcomeUnsent})
	}
}

// checkInput checks that the input has not changed since it was read, and that it has the expected number of rows.
func (r *run) checkInput() {
	if r.ctx.Err() != nil {
		return
	}
	r.lookAgain()
	r.mu.Lock()
	rows, complete := r.tally.Rows, r.tally.Complete
	r.mu.Unlock()
	if a := r.job.Approved; complete && a != nil && a.Complete && a.content != "" && a.content != r.job.Source.Info().Content {
		r.stop(&StopError{ErrInputChanged, errors.New("it has changed since it was approved")})
	}
	if want := r.job.ExpectRows; complete && want != (RowRange{}) && (rows < want.Min || rows > want.Max) {
		r.stop(&StopError{ErrNotWhole, fmt.Errorf("it has %s, but %s expected; correct the input, or give the right number of rows with ExpectRows (--expect-rows)", plural.Count(rows, "row", "rows"), want.was())})
	}
}

// lookAgain stops the run if the input has changed since it was read.
func (r *run) lookAgain() {
	switch why, err := r.job.Source.Changed(r.ctx); {
	case r.ctx.Err() != nil:
	case err != nil:
		r.stop(&StopError{ErrSource, err})
	case why != "":
		r.stop(&StopError{ErrInputChanged, errors.New(why)})
	}
}

// inFile adds the file to an error of reading it. If there are several files, their source has already named the file.
func inFile(files []string, err error) error {
	if err == nil || len(files) != 1 || strings.Contains(err.Error(), printed.Line(files[0])) {
		return err
	}
	return fmt.Errorf("%s: %w", printed.Line(files[0]), err)
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

// stoppedBy reports whether the run was stopped for that reason; the caller must hold the lock.
func (r *run) stoppedBy(reason error) bool {
	return slices.ContainsFunc(r.stops, func(s *StopError) bool { return s.Reason == reason })
}

func isFormatError(err error) bool {
	var format *source.FormatError
	return errors.As(err, &format)
}

// reportProgress calls Job.Progress repeatedly until the function that it returns is called, and once more then.
func (r *run) reportProgress() (finish func()) {
	if r.job.Progress == nil {
		return func() {}
	}
	report := func(done bool) {
		p := Progress{Summary: r.counts(), Done: done}
		r.mu.Lock()
		p.Read, p.Size, p.Stopped = r.tally.read, r.tally.size, r.tally.stopped
		p.Failing = r.failing
		for _, c := range r.chunks {
			if c.sealed {
				p.Queued += int64(c.messages - c.settled)
			}
		}
		r.mu.Unlock()
		if r.job.Client != nil {
			stats := r.job.Client.Stats()
			p.RateLimited = stats.RateLimited - r.before.RateLimited
			if p.Failing == nil {
				p.Failing = stats.Failing
			}
		}
		r.job.Progress(p)
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(r.job.ProgressEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				report(false)
			case <-quit:
				report(true)
				return
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}
