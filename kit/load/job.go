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

// Client is what a run needs of a *cio.Client. The message that Encode gets is in memory that is used again for the next one. Send gets pointers to
// what Encode returned; they are invalid when Send returns.
type Client interface {
	Encode(cio.Message) (cio.Encoded, error)
	Send(context.Context, ...cio.Message) error
	Stats() cio.Stats
	// Target is where the messages go. KeyHash identifies the write key without revealing it. With them, a load checks that it is resumed only with
	// the workspace that it began with, and that a snapshot is used only with its own workspace.
	Target() string
	KeyHash(salt []byte) []byte
}

// Job says what to load. Source and Mapping are required, and Client unless DryRun is set.
type Job struct {
	// Source has the rows. Run reads it to the end and does not close it.
	Source source.Source
	// Mapping says which messages a row becomes.
	Mapping *mapping.Mapping
	// Client sends the messages. Its Config.MaxElapsed is how long a run continues while nothing is accepted: its Sends are a cio.SendGroup. If you
	// wrap a *cio.Client, pass on the context of Send: MaxElapsed needs it, and MaxErrors needs it to count each rejection as soon as it is known. Do
	// not use the Client for other messages during the run, because its Stats count the run's requests. In a dry run its rules check the messages;
	// nil means the rules of cio.Encode.
	Client Client

	// Deny lists people for whom nothing is sent, not even a deletion: rows about them are rejected with RuleGuard of package cio. Default nobody. A
	// list that contains a placeholder (NULL), or a number that a spreadsheet has rewritten (1.2E+10), is an error, unless the mapping allows it.
	Deny *DenyList

	// RejectsFile is the file for rejects, as JSON Lines of Reject, in the order of the rows; default none. If its name ends in .csv, the rejects are
	// CSV, which needs a Source of CSV. Each row is then in the file once, exactly as in the input, followed by source.RejectColumns; a row that is
	// not valid CSV is in the column _row. After you fix the rows, the file can be loaded with the same mapping. The file contains the rows
	// themselves, so treat it as personal data. It has mode 0600, and is locked, so that two runs do not write it at once. Its earlier contents are
	// kept: when the run begins, an existing file is renamed to a name with a number, such as people.rejects.1.jsonl. A failure to write ends the
	// run.
	RejectsFile string
	// Rejects receives the rejects instead of a file; not for Start and Resume. If RejectsCSV is set, they are written as CSV.
	Rejects    io.Writer
	RejectsCSV bool
	// MaxErrors is the most messages that Customer.io can reject: one more ends the run. Default DefaultMaxErrors; None or any negative number for
	// none, Unlimited for no limit. Only requests that are under way at that moment are still finished. Each of them can add one rejection, because a
	// refused batch is halved until the message is found. So at most MaxErrors plus Concurrency messages are rejected. With any limit, 1,000
	// rejections one after the other for one reason, with nothing accepted between them, also end the run; Unlimited switches that off too.
	MaxErrors int64
	// MaxDeletes is the most messages that can be sent that delete or suppress people, devices, objects or relationships: one more ends the run and
	// is not sent. Default DefaultMaxDeletes; None or any negative number for none, Unlimited for no limit.
	MaxDeletes int64
	// Concurrency is how many requests can be under way at once; default 1. Messages of one person always keep their order.
	Concurrency int
	// DecimalComma makes int, float and decimal read 12,50 instead of 12.50, and refuse a point.
	DecimalComma bool
	// Limit is how many rows are read; default all.
	Limit int64
	// Fingerprint identifies the input of a Source that has no Fingerprint of its own, such as source.Rows. Change it when the input changes. A load
	// of such a Source can be resumed only with a Fingerprint, and must then get the same rows in the same order.
	Fingerprint string
	// NewKey allows Resume with another write key of the same workspace, if the old key was replaced.
	NewKey bool
	// Options are kept in the journal for the program that resumes the load and must make this Job again. They must not contain a key.
	Options json.RawMessage
	// Reads are files that the load reads besides those of its Source, Mapping and Deny, such as a file with the write key. Writes are files that the
	// program replaces when the run has ended, such as a report. If a file that is written is also read, or is written for another purpose, even
	// under another name, the error is a *PathError, before anything is sent.
	Reads, Writes []string
	// Changes makes the run send only rows that have changed since an earlier run; default all.
	Changes ChangeOnly
	// ExpectRows is how many rows the input must have before a Mirror deletes anybody; default any number. It is required for a Mirror if it is not
	// known whether the input is complete, such as a pipe. The run ends with ErrNotWhole if there are more or fewer rows.
	ExpectRows RowRange
	// Approved, if set, is the Plan that a person has approved. If the input has changed since then, or if other people would be deleted, the run
	// ends with ErrInputChanged, and a Mirror deletes nobody.
	Approved *Plan
	// DryRun reads, maps and checks every row and sends nothing. It ends with the error that Run would return if everything were accepted: the bounds
	// and ExpectRows are checked too.
	DryRun bool
	// BatchBytes is about how many bytes of messages are given to Client.Send at once; default DefaultBatchBytes. It should be at most the client's
	// Config.MaxBatchBytes without the envelope, so that a batch is one request.
	BatchBytes int

	// Recorder, if set, collects the data of a Report; see NewRecorder.
	Recorder *Recorder
	// Begun, if set, is called once, after everything that can be checked before the first row is read has been checked. If a check fails, Run
	// returns the error and Begun is not called.
	Begun func()
	// Progress, if set, is called with the state of the run every ProgressEvery, and a last time before Run returns. The calls do not overlap.
	Progress func(Progress)
	// ProgressEvery is the time between two calls of Progress; default 250 ms.
	ProgressEvery time.Duration

	// planned says that this is the plan of a run that sends, so the plan must be for the same workspace and key.
	planned bool
	// journal keeps how far the run has come; nil if it cannot be resumed. If it already has a checkpoint, the rows before it are read and ignored,
	// or skipped by a Source that is a source.Resumer, and the counts continue from it.
	journal *Journal
}

// The defaults of a Job.
const (
	DefaultMaxErrors  = 1000
	DefaultMaxDeletes = 100
	DefaultBatchBytes = 475_000 - 32 // one request of the default size
)

// Special values of Job.MaxErrors and Job.MaxDeletes. 0 means the default.
const (
	None      int64 = -1
	Unlimited int64 = math.MaxInt64
)

// atMost returns the number that MaxErrors or MaxDeletes stands for.
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

// boundOr returns a bound, or its default if it is 0.
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
	// Summary has the counts so far. It does not include messages that are being sent, so its sums are always right.
	Summary
	// Read is how many bytes of the input have been processed, Size how many it has, 0 if that is not known.
	Read, Size int64
	// Queued is how many messages wait to be sent or for an answer. RateLimited is how many answers said 429.
	Queued, RateLimited int64
	// Failing is the error for which requests are being retried; nil while they succeed.
	Failing error
	// Stopped is why nothing more is sent; nil while messages are sent. The run then still reads the input, to count what is unsent.
	Stopped error
	// Done is set in the last call.
	Done bool
}

// RowRange is a number of rows from Min to Max. The zero value is any number.
type RowRange struct{ Min, Max int64 }

// was returns the range with its verb, as in 3 to 5 were.
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
	// ErrInterrupted says that the context ended.
	ErrInterrupted = errors.New("load: interrupted")
	// ErrKeyRefused says that Customer.io does not accept the write key.
	ErrKeyRefused = errors.New("load: the write key was refused")
	// ErrGaveUp says that the API or the network failed for too long, or with an error that a retry does not fix.
	ErrGaveUp = errors.New("load: gave up on sending")
	// ErrTooManyErrors says that Customer.io rejected more messages than Job.MaxErrors allows, or too many one after the other for one reason.
	ErrTooManyErrors = errors.New("load: too many messages were refused by the API")
	// ErrTooManyDeletes says that one more message would exceed Job.MaxDeletes.
	ErrTooManyDeletes = errors.New("load: too many messages would delete or suppress something")
	// ErrShrunk says that more people have left the input than ChangeOnly.MaxShrink allows, or that nobody of the snapshot is in the input.
	ErrShrunk = errors.New("load: too many people have left the input")
	// ErrNotWhole says that the input does not have Job.ExpectRows rows, or that it is not known whether the input is complete. A run finds this out
	// after it has sent the rows, and then deletes nobody who has left.
	ErrNotWhole = errors.New("load: the input may not be whole")
	// ErrInputChanged says that the input has changed since it was read or approved. Everything that was read is counted.
	ErrInputChanged = errors.New("load: the input changed")
	// ErrSource says that the input could not be read to its end.
	ErrSource = errors.New("load: the input could not be read")
	// ErrJournal says that the journal could not be written.
	ErrJournal = errors.New("load: the journal could not be written")
	// ErrSnapshot says that the old snapshot could not be read, or the new one could not be written.
	ErrSnapshot = errors.New("load: the snapshot could not be read or written")
	// ErrRejects says that the rejects could not be written.
	ErrRejects = errors.New("load: the rejects could not be written")
)

// StopError says why a run sent less than everything. errors.Is finds both its parts.
type StopError struct {
	// Reason is one of the sentinels of this package.
	Reason error
	// Cause is what happened; nil if Reason says everything.
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
