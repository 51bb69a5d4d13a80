package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Client is what a run needs of a *cio.Client. The message that Encode is given lies in memory that the next one uses, and Send is given
// pointers to what Encode returned, which are void when it returns.
type Client interface {
	Encode(cio.Message) (cio.Encoded, error)
	Send(context.Context, ...cio.Message) error
	Stats() cio.Stats
	// Target is where the messages go, and KeyHash tells the write key from others without giving it away. By them a load is not resumed, nor a
	// snapshot used, with another workspace.
	Target() string
	KeyHash(salt []byte) []byte
}

// Job says what to load. Source and Mapping are required, and Client unless DryRun is set.
type Job struct {
	// Source is where the rows come from. Run reads it to the end and does not close it.
	Source source.Source
	// Mapping says which messages a row becomes.
	Mapping *mapping.Mapping
	// Client sends the messages. Its Config.MaxElapsed is how long a run goes on without anything being accepted: its Sends are a cio.SendGroup. A
	// wrapper of a *cio.Client must pass on the context of Send for that, and for MaxErrors to count each rejection as soon as it is known. Nothing else should use it
	// during the run, because the run's requests are counted by its Stats. In a dry run its rules check the messages; nil means those of
	// cio.Encode.
	Client Client

	// Deny lists people for whom nothing is sent, deletions included: rows about them are rejected, RuleGuard of package cio. Default nobody. A
	// list with placeholders or rewritten numbers is an error, unless the mapping allows them.
	Deny *DenyList

	// RejectsFile is the file for what was rejected, as JSON Lines of Reject, in the order of the rows; default none. If its name ends in .csv,
	// which needs a Source of CSV, it is CSV: each row once, as it stands in the input, with source.RejectColumns behind; a row that is no CSV
	// stands whole in the column _row. Mended, it can be loaded with the same mapping. It holds the rows themselves, so treat it as the
	// personal data that they are; it has mode 0600, and is locked, so that two runs do not write it at once. What it held before is kept: when the
	// run begins it gets a name with a number, such as people.rejects.1.jsonl. A failure to write ends the run.
	RejectsFile string
	// Rejects receives the rejects instead of a file; not for Start and Resume. RejectsCSV has them written as CSV.
	Rejects    io.Writer
	RejectsCSV bool
	// MaxErrors is how many messages Customer.io may reject at most: the one that exceeds it ends the run. Default DefaultMaxErrors, None or any negative
	// number for none, Unlimited for no limit. Only the requests that are being made then are finished, so that no more than Concurrency messages are
	// rejected beyond it. However many it is, 1,000 rejections in a row for one reason, with nothing accepted between them, are too many; Unlimited
	// switches that off too.
	MaxErrors int64
	// MaxDeletes is how many messages may be sent at most that delete or suppress people, devices, objects or relationships: the one that would exceed
	// it ends the run and is not sent. Default DefaultMaxDeletes, None or any negative number for none, Unlimited for no limit.
	MaxDeletes int64
	// Concurrency is how many requests may be under way at once; default 1. Whatever it is, messages of one person keep their order.
	Concurrency int
	// DecimalComma has int, float and decimal read 12,50 where they read 12.50 otherwise, and refuse a point.
	DecimalComma bool
	// Limit is how many rows are read; default all.
	Limit int64
	// Fingerprint tells the input of a Source that has no Fingerprint of its own, such as source.Rows, from others and from itself after a change. A
	// load of such a Source needs it to be resumed, and must then be given the same rows in the same order.
	Fingerprint string
	// NewKey allows Resume with another write key, of the same workspace: one that was replaced.
	NewKey bool
	// Options are kept in the journal for the program that resumes the load and has to make this Job again. They must hold no key.
	Options json.RawMessage
	// Reads are files that the load reads beside those of its Source, Mapping and Deny, such as one with the write key, Writes those that the program replaces
	// when the run has ended, such as a report. No file that is written may be one that is read, or written for something else, by whatever name:
	// that is a *PathError, before anything is sent.
	Reads, Writes []string
	// Changes has only those rows sent that have changed since an earlier run; default all.
	Changes ChangeOnly
	// ExpectRows is how many rows the input must have for a Mirror to delete anybody; default any number. An input of which nobody can tell whether
	// it is whole, such as a pipe, needs it for that. The run ends with ErrNotWhole if there are more or fewer.
	ExpectRows RowRange
	// Approved, if set, is the Plan that a person has seen. The run ends with ErrInputChanged, and a Mirror deletes nobody, if the input is
	// another by then or if others would be deleted.
	Approved *Plan
	// DryRun reads, maps and checks every row and sends nothing. It ends with the error that Run would end with if everything were accepted: the
	// bounds and ExpectRows are checked too.
	DryRun bool
	// BatchBytes is about how much is given to Client.Send at once, in bytes of messages; default DefaultBatchBytes. It should be at most the
	// client's Config.MaxBatchBytes less the envelope, so that a batch is one request.
	BatchBytes int

	// Recorder, if set, collects what a Report is made of; see NewRecorder.
	Recorder *Recorder
	// Begun, if set, is called once, when all that can be checked before the first row is read has been: what is wrong by then is the error of Run,
	// and nothing has begun.
	Begun func()
	// Progress, if set, is called with the state of the run every ProgressEvery, and a last time before Run returns. The calls do not overlap.
	Progress func(Progress)
	// ProgressEvery is the time between two calls of Progress; default 250 ms.
	ProgressEvery time.Duration

	// planned says that this is the plan of a run that sends, so that it must be to its workspace and with its key.
	planned bool
	// journal keeps how far the run has come; nil if it cannot be resumed. If it holds a checkpoint already, the rows before that are read over,
	// or passed over by a Source that is a source.Resumer, and the counts go on from it.
	journal *Journal
}

// The defaults of a Job.
const (
	DefaultMaxErrors  = 1000
	DefaultMaxDeletes = 100
	DefaultBatchBytes = 475_000 - 32 // one request of the default size
)

// Values of Job.MaxErrors and Job.MaxDeletes beside numbers; 0 is the default.
const (
	None      int64 = -1
	Unlimited int64 = math.MaxInt64
)

// atMost is the number that MaxErrors or MaxDeletes stands for.
func atMost(bound int64) int64 { return max(bound, 0) }

// sends reports whether the job sends, or is the plan of one that does.
func (j *Job) sends() bool { return !j.DryRun || j.planned }

func (j Job) withDefaults() (Job, error) {
	switch {
	case j.Source == nil:
		return j, errors.New("load: Job.Source is missing; open one with source.Open")
	case j.Mapping == nil:
		return j, errors.New("load: Job.Mapping is missing; read one with mapping.Read")
	case j.Client == nil && !j.DryRun:
		return j, errors.New("load: Job.Client is missing; make one with cio.NewClient, or set DryRun")
	case j.RejectsFile != "" && j.Rejects != nil:
		return j, errors.New("load: Job.Rejects and RejectsFile are both set; give one")
	case j.Limit < 0 || j.BatchBytes < 0 || j.ProgressEvery < 0 || j.Concurrency < 0:
		return j, errors.New("load: Job.Limit, Concurrency, BatchBytes and ProgressEvery must not be negative; give 0 for the default")
	}
	if r := j.ExpectRows; r.Min < 0 || r.Max < r.Min {
		return j, errors.New("load: Job.ExpectRows is a number of rows from Min to Max")
	}
	if err := j.Changes.check(&j); err != nil {
		return j, err
	}
	j.MaxErrors = boundOr(j.MaxErrors, DefaultMaxErrors)
	j.MaxDeletes = boundOr(j.MaxDeletes, DefaultMaxDeletes)
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

// boundOr is a bound, or its default where it is 0.
func boundOr(bound, otherwise int64) int64 {
	switch {
	case bound == 0:
		return otherwise
	case bound < 0:
		return None
	}
	return bound
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

// RowRange is a number of rows from Min to Max. The zero value is any.
type RowRange struct{ Min, Max int64 }

// was is the range with its verb, as in 3 to 5 were.
func (r RowRange) was() string {
	if r == (RowRange{1, 1}) {
		return "1 was"
	}
	return r.String() + " were"
}

func (r RowRange) String() string {
	if r.Min == r.Max {
		return strconv.FormatInt(r.Min, 10)
	}
	return fmt.Sprintf("%d to %d", r.Min, r.Max)
}

// The reasons why a run sent less than everything, for errors.Is on the error of Run.
var (
	// ErrInterrupted is a context that ended.
	ErrInterrupted = errors.New("load: interrupted")
	// ErrKeyRefused is a write key that Customer.io does not take.
	ErrKeyRefused = errors.New("load: the write key was refused")
	// ErrGaveUp is an API or a network that failed for too long, or in a way that trying again does not mend.
	ErrGaveUp = errors.New("load: gave up on sending")
	// ErrTooManyErrors is Job.MaxErrors exceeded.
	ErrTooManyErrors = errors.New("load: too many messages were refused by the API")
	// ErrTooManyDeletes is a message that would exceed Job.MaxDeletes.
	ErrTooManyDeletes = errors.New("load: too many messages would delete or suppress something")
	// ErrShrunk is ChangeOnly.MaxShrink exceeded, or an input without any of the people of the snapshot.
	ErrShrunk = errors.New("load: too many people have left the input")
	// ErrNotWhole is an input that does not have Job.ExpectRows, or of which nobody knows whether it is whole, so that nobody was deleted.
	ErrNotWhole = errors.New("load: the input may not be whole")
	// ErrInputChanged is an input that is not what was read, or not what was approved. All that was read is accounted for.
	ErrInputChanged = errors.New("load: the input changed")
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
