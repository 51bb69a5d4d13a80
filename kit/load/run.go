package load

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Run loads everything that job says and returns what became of it, whether or not it also returns an error.
//
// A row is all or nothing: if one of its messages cannot be made, none is sent. Messages of one person, told by the userId, an address in any case, else the
// anonymousId, else the trait email, else the groupId, are sent in the order of their rows; with a Concurrency of 1 all are. Run returns when
// every message is settled. The error is nil if the input was read to its end, or its limit, and everything was sent; rows and messages that
// were refused are in the Summary and not an error. Otherwise it is
//
//   - a *mapping.Error if the mapping does not fit the input's columns, a *source.FormatError if the input is not what it should be, or a
//     *SnapshotError or *PendingError for a snapshot that cannot be gone on from: nothing was sent;
//   - a *StopError for all that comes later. When the key is refused, when the client gives up, and after Job.MaxErrors refusals, nothing
//     more is sent, but the input is read to its end, so that the Summary covers all of it. When ctx ends, Run stops at once: the rest of
//     the input is not read, and Summary.Complete says so. Where several hold the error is the first of ErrInterrupted, ErrKeyRefused,
//     ErrGaveUp, ErrTooManyDeletes, ErrShrunk, ErrNotWhole, ErrTooManyErrors and ErrInputChanged, joined by ErrSource, ErrRejects or ErrSnapshot where the input could not be
//     read, or the rejects or the snapshot not be written.
//
// A message that is not known to be accepted can be loaded again: the same row repeats the same message ids.
//
// A run that ends early can only be repeated from its first row; one of Start can be resumed.
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

// openRejects opens the file of rejects, if there is to be one.
func (j *Job) openRejects() (*rejectsFile, error) {
	if j.RejectsFile == "" {
		return nil, nil
	}
	return openRejects(j.RejectsFile)
}

// runWith runs the job with this file of rejects, which may be nil, and closes it.
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

// runJob runs a job that has its defaults.
func runJob(ctx context.Context, job Job) (Summary, error) {
	begun := time.Now()
	columns, err := job.Source.Columns(ctx)
	if err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, beginError(ctx, err)
	}
	if err := job.checkRejects(); err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, err
	}
	plan, err := job.Mapping.Compile(columns, job.DecimalComma)
	if err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, err
	}
	if err := job.Deny.checkFor(plan); err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, err
	}
	if err := job.Source.Select(plan.Columns()); err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, &StopError{ErrSource, err}
	}

	passed, err := job.goOn(ctx)
	if err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, &StopError{ErrSource, err}
	}

	r := &run{job: &job, ctx: ctx, rejects: newRejectWriter(job.Rejects), room: make(chan struct{}, 1)}
	info := job.Source.Info()
	if job.RejectsCSV && job.Rejects != nil {
		if columns == nil || info.Delimiter == 0 {
			return Summary{}, &source.FormatError{Problem: "only the rejects of an input of CSV can be written as CSV", Hint: "write them as JSON Lines, into a file whose name ends in .jsonl"}
		}
		r.rejects.asCSV(columns, info.Delimiter)
	}
	r.rejects.comma, r.rejects.rowIDs = job.DecimalComma, plan.RowIDs()
	r.tally = tally{reasons: make(map[string]int64), firstOf: make(map[string]Reject), begun: begun, size: info.Size}
	encode := job.encoder()
	if job.Client != nil {
		r.before = job.Client.Stats()
	}

	if r.changes, err = openChanges(&job, columns, plan.Columns()); err != nil {
		return Summary{Seconds: time.Since(begun).Seconds()}, err
	}
	var skip int64
	var before string
	if job.journal != nil {
		last := job.journal.Last()
		r.resume(last)
		r.key = job.Client.KeyHash(job.journal.header.Salt)
		skip, before = last.Row, last.Who
	}
	r.encode = encode
	job.Recorder.begin(&r.tally)
	stopRecording := r.record()

	reading, stopReading := context.WithCancel(ctx)
	defer stopReading()
	r.stopReading = stopReading
	r.lanes = newLanes(r, job.Concurrency, job.BatchBytes)
	if job.Begun != nil {
		job.Begun()
	}
	finish := r.reportProgress()
	read := &reader{r: r, mapper: mapping.NewMapper(plan, encode), counter: newIdentityCounter(job.spoolDir(), passed), perRow: int64(len(plan.Messages())), skip: skip, before: before, count: passed}
	read.run(reading)
	r.lanes.close()
	r.countIdentity(read.counter)
	if errors.As(r.sourceErr, new(*source.ChangedError)) {
		r.note(ErrInputChanged, r.sourceErr)
	} else {
		r.note(ErrSource, inFile(r.job.Source.Info().Files, r.sourceErr))
	}
	r.checkInput()
	r.note(ErrSnapshot, r.finishChanges())
	r.note(ErrRejects, r.flushRejects())
	r.markEnd()
	stopRecording()
	r.note(ErrSnapshot, r.changes.close(r.end() == EndComplete))
	finish()
	s := r.snapshot()
	s.Hints = r.tally.causes.Hints(s.Rows-s.Unchanged, job.DecimalComma)
	return s, r.err()
}

// goesOn reports whether the job takes up what an earlier run of the same load has settled.
func (j *Job) goesOn() bool { return j.journal != nil && j.journal.Last().Row > 0 }

// goOn has the source begin where the journal ends, where it can do that, and returns how many rows it will not hand out.
func (j *Job) goOn(ctx context.Context) (int64, error) {
	if !j.goesOn() {
		return 0, nil
	}
	last := j.journal.Last()
	src, ok := j.Source.(source.Resumer)
	if !ok && last.Mark != nil { // rows may have come or gone before it, so that their number says nothing
		return 0, errors.New("load: the Source is no source.Resumer, and that of the run was one; if it wraps another, have it pass on Resume")
	}
	if !ok {
		return 0, nil
	}
	if ok, err := src.Resume(ctx, last.Row, last.Mark); err != nil || !ok {
		return 0, err
	}
	return last.Row, nil
}

// beginError is why not even the columns could be read.
func beginError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &StopError{ErrInterrupted, context.Cause(ctx)}
	}
	if isFormatError(err) {
		return err
	}
	return &StopError{ErrSource, err}
}

// run is a Run under way.
type run struct {
	job         *Job
	ctx         context.Context
	before      cio.Stats
	stopReading context.CancelFunc
	encode      func(cio.Message) (cio.Encoded, error)
	changes     *changes // nil without snapshots
	lanes       *lanes
	deletes     int64         // handed to the lanes
	room        chan struct{} // there may be room for rows
	acceptances atomic.Int64  // how often something was accepted
	group       cio.SendGroup // all Sends

	mu      sync.Mutex // guards all that follows
	tally   tally
	rejects *rejectWriter
	refused int64 // messages, by the server, in chunks that may not be accounted for yet
	// refusalSaid is what the last of them was refused for, sameRefusal how many were in a row.
	refusalSaid string
	sameRefusal int
	failing     error    // what the run waits for to pass
	chunks      []*chunk // not accounted for, oldest first
	free        []*chunk
	raw         int          // bytes of the rows in chunks, and of what is kept of them for a snapshot
	stops       []*StopError // in the order in which they came

	deleted    int64   // messages in chunks that are accounted for, which delete or suppress something
	bounds     *Bounds // of the load; nil without a journal
	base       Summary // of earlier runs of the same journal, what the client counts
	key        []byte  // the client's KeyHash, for the journal
	checkpoint Checkpoint
	recorder   *recorder // nil without a journal

	sourceErr error // why the input was not read to its end; what was read before is sent
}

// note remembers why the run stopped, if err is not nil.
func (r *run) note(reason, err error) {
	if err != nil {
		r.stop(&StopError{reason, err})
	}
}

// stop remembers why nothing more is sent. A reason counts once.
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

// setFailing says what the run waits for, nil for nothing.
func (r *run) setFailing(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failing = err
}

// stopped reports whether anything keeps messages from being sent.
func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.stops) > 0
}

// err returns why the run sent less than everything: the most important reason, and what went wrong on this machine.
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

func (r *run) flushRejects() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rejects.flush()
}

// syncRejects brings the rejects to disk.
func (r *run) syncRejects() error {
	r.mu.Lock()
	err := r.rejects.flush()
	unsynced := r.rejects.unsynced()
	r.mu.Unlock()
	if err == nil && unsynced != nil {
		err = unsynced.Sync()
	}
	return err
}

// snapshot returns the counts so far.
func (r *run) snapshot() Summary {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshotLocked()
}

func (r *run) snapshotLocked() Summary {
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

// reportProgress calls Job.Progress until the function that it returns is called, and a last time then.
func (r *run) reportProgress() (finish func()) {
	if r.job.Progress == nil {
		return func() {}
	}
	report := func(done bool) {
		p := Progress{Summary: r.snapshot(), Done: done}
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
