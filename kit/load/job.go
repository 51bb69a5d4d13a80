package load

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Client is what a run needs of a *cio.Client. The message that Encode is given lies in memory that the next one uses, and Send is given
// pointers to what Encode returned, which are void when it returns.
type Client interface {
	Encode(cio.Message) (cio.Encoded, error)
	Send(context.Context, ...cio.Message) error
	Stats() cio.Stats
}

// Job says what to load. Source and Mapping are required, and Client unless DryRun is set.
type Job struct {
	// Source is where the rows come from. Run reads it to the end and does not close it.
	Source source.Source
	// Mapping says which messages a row becomes.
	Mapping *Mapping
	// Client sends the messages. How long it retries, Config.MaxElapsed, is how long a run outlives an outage. Nothing else should use it
	// during the run, because the run's requests are counted by its Stats. In a dry run its rules check the messages; nil means those of
	// cio.Encode.
	Client Client

	// Rejects receives what was refused, as JSON Lines of Reject, in the order of the rows; default nowhere. It holds the rows themselves,
	// so treat it as the personal data that they are. A failure to write ends the run.
	Rejects io.Writer
	// RejectsCSV writes the rejects as CSV instead, for a Source of CSV: each row once, as it stands in the input, with two more columns,
	// _error and _line. Mended, it can be loaded with the same mapping. A row that is no CSV stands whole in the first column.
	RejectsCSV bool
	// MaxErrors is how many messages Customer.io may refuse before the run sends no more; default DefaultMaxErrors, negative for no limit.
	// However many it is, 1,000 refusals in a row for one reason, with nothing accepted between them, are too many; a negative value switches
	// that off too.
	MaxErrors int64
	// MaxDeletes is how many messages that delete or suppress people, devices, objects or relationships may be sent; default
	// DefaultMaxDeletes, negative for none. Before one more would be sent, the run sends no more.
	MaxDeletes int64
	// Concurrency is how many requests may be under way at once; default 1. Whatever it is, messages of one person keep their order.
	Concurrency int
	// DecimalComma has int, float and decimal read 12,50 where they read 12.50 otherwise, and refuse a point.
	DecimalComma bool
	// Limit is how many rows are read; default all.
	Limit int64
	// Journal, if set, keeps how far the run has come. If it holds a checkpoint already, the rows before that are read over, or passed over by
	// a Source that is a source.Resumer, and the counts go on from it; Source and Mapping must be those of the first run, which the caller
	// checks by the journal's header, and Rejects must append to what the first run wrote, cut to the checkpoint's RejectsBytes. Not for a dry
	// run.
	Journal *Journal
	// Changes has only those rows sent that have changed since an earlier run; default all.
	Changes ChangeOnly
	// DryRun reads, maps and checks every row and sends nothing.
	DryRun bool
	// BatchBytes is about how much is given to Client.Send at once, in bytes of messages; default DefaultBatchBytes. It should be at most the
	// client's Config.MaxBatchBytes less the envelope, so that a batch is one request.
	BatchBytes int

	// Recorder, if set, collects what a Report is made of; see NewRecorder.
	Recorder *Recorder
	// Progress, if set, is called with the state of the run every ProgressEvery, and a last time before Run returns. The calls do not overlap.
	Progress func(Progress)
	// ProgressEvery is the time between two calls of Progress; default 250 ms.
	ProgressEvery time.Duration
}

// The defaults of a Job.
const (
	DefaultMaxErrors  = 1000
	DefaultMaxDeletes = 100
	DefaultBatchBytes = 475_000 - 32 // one request of the default size
)

func (j Job) withDefaults() (Job, error) {
	switch {
	case j.Source == nil:
		return j, errors.New("load: Job.Source is missing; open one with source.Open")
	case j.Mapping == nil:
		return j, errors.New("load: Job.Mapping is missing; read one with ReadMapping")
	case j.Client == nil && !j.DryRun:
		return j, errors.New("load: Job.Client is missing; make one with cio.NewClient, or set DryRun")
	case j.Journal != nil && (j.DryRun || j.Journal.file == nil):
		return j, errors.New("load: Job.Journal must be one of CreateJournal or OpenJournal, and the run no dry run")
	case j.Limit < 0 || j.BatchBytes < 0 || j.ProgressEvery < 0 || j.Concurrency < 0:
		return j, errors.New("load: Job.Limit, Concurrency, BatchBytes and ProgressEvery must not be negative; give 0 for the default")
	}
	if err := j.Changes.check(&j); err != nil {
		return j, err
	}
	if j.MaxErrors == 0 {
		j.MaxErrors = DefaultMaxErrors
	}
	if j.MaxDeletes == 0 {
		j.MaxDeletes = DefaultMaxDeletes
	}
	if j.Concurrency == 0 {
		j.Concurrency = 1
	}
	if j.BatchBytes == 0 {
		j.BatchBytes = DefaultBatchBytes
	}
	if j.ProgressEvery == 0 {
		j.ProgressEvery = 250 * time.Millisecond
	}
	return j, nil
}

// Progress is the state of a run that is under way.
type Progress struct {
	// Summary holds the counts so far. Messages that are being sent are not in it yet, so that its sum always holds.
	Summary
	// Read is how many bytes of the input have been worked on, Size how many it has, 0 if that is not known.
	Read, Size int64
	// Queued is how many messages wait to be sent or for an answer. RateLimited is how many answers said 429.
	Queued, RateLimited int64
	// Failing is what requests fail with now and are tried again for; nil as long as they succeed.
	Failing error
	// Stopped is why nothing more is sent, nil as long as it is. The input is still read then, to count what is unsent.
	Stopped error
	// Done is set in the last call.
	Done bool
}

// The reasons why a run sent less than everything, for errors.Is on the error of Run.
var (
	// ErrInterrupted is a context that ended.
	ErrInterrupted = errors.New("load: interrupted")
	// ErrKeyRefused is a write key that Customer.io does not take.
	ErrKeyRefused = errors.New("load: the write key was refused")
	// ErrGaveUp is an API or a network that failed for too long, or in a way that trying again does not mend.
	ErrGaveUp = errors.New("load: gave up on sending")
	// ErrTooManyErrors is Job.MaxErrors reached.
	ErrTooManyErrors = errors.New("load: too many messages were refused by the API")
	// ErrTooManyDeletes is Job.MaxDeletes reached.
	ErrTooManyDeletes = errors.New("load: too many messages would delete or suppress something")
	// ErrShrunk is ChangeOnly.MaxShrink exceeded, or an input without any of the people of the snapshot.
	ErrShrunk = errors.New("load: too many people have left the input")
	// ErrSource is an input that could not be read to its end.
	ErrSource = errors.New("load: the input could not be read")
	// ErrJournal is a failure to write the journal.
	ErrJournal = errors.New("load: the journal could not be written")
	// ErrSnapshot is a failure to read the old snapshot or to write the new one.
	ErrSnapshot = errors.New("load: the snapshot could not be read or written")
	// ErrRejects is a failure to write the rejects.
	ErrRejects = errors.New("load: the rejects could not be written")
)

// StopError is why a run sent less than everything. errors.Is finds both its parts.
type StopError struct {
	// Reason is one of the sentinels of this package.
	Reason error
	// Cause is what happened; nil if Reason says it all.
	Cause error
}

func (e *StopError) Error() string {
	if e.Cause == nil {
		return e.Reason.Error()
	}
	return e.Reason.Error() + ": " + e.Cause.Error()
}

// Unwrap returns the reason and the cause.
func (e *StopError) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Reason}
	}
	return []error{e.Reason, e.Cause}
}
