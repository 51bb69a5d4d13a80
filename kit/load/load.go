package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Load is a load that keeps a journal, so that another process can resume it after this one ended for whatever reason.
type Load struct {
	job     Job
	journal *Journal
	rejects *rejectsFile // nil if there is none, and after it has run
	started bool         // by this process
	ran     bool
	keep    bool // keep the journal, because the load may be resumed
	gone    bool // there is nothing to resume
}

// ErrReadOnce says that the input can be read only once, so its load cannot be resumed.
var ErrReadOnce = errors.New("load: the input can be read only once, so a load of it cannot be resumed; use Run, or set Job.Fingerprint if the same rows can be read again")

// Start begins a load that can be resumed. It keeps the journal below dir, default JournalDir. It first checks that every output of the load can be
// written and is not a file that the load reads. It sends nothing; Load.Run does.
//
// The error is one that Run returns before anything is sent, ErrReadOnce, a *PathError, or a *StopError with ErrJournal if no journal can be kept.
func Start(dir string, job Job) (*Load, error) {
	job, header, err := job.session()
	if err != nil {
		return nil, err
	}
	if dir, err = orJournalDir(dir); err != nil {
		return nil, &StopError{ErrJournal, err}
	}
	if err := header.readAs(&job); err != nil {
		return nil, err
	}
	l := &Load{job: job, started: true}
	if l.rejects, err = job.openRejects(); err != nil {
		return nil, err
	}
	header.Salt = make([]byte, 16)
	rand.Read(header.Salt) // never fails
	if l.journal, err = createJournal(dir, header); err != nil {
		return nil, errors.Join(&StopError{ErrJournal, err}, l.rejects.close(false))
	}
	l.job.journal = l.journal
	return l, nil
}

// Resume continues a load of Start where it stopped, as its journal below dir says. The job must be the same as for Start: the same mapping, input,
// workspace and write key, and the same settings that decide what a row becomes. Rows that are settled are not sent again. The counts and the file of
// rejects continue from there. Messages that were on their way when the load ended are sent again, with the same message ids. Concurrency, BatchBytes
// and everything that only reports can differ. So can the bounds MaxErrors, MaxDeletes, ChangeOnly.MaxShrink and ExpectRows: they count over all runs
// of the load. A bound that the job does not set keeps its old value; a new value applies to the whole load.
//
// The error is a *MismatchError if the job differs, a *JournalError if the journal is damaged or of another version, an error that wraps ErrComplete
// if there is nothing to resume, or one that Start returns.
func Resume(dir, id string, job Job) (*Load, error) {
	given := job
	job, now, err := job.session()
	if err != nil {
		return nil, err
	}
	if dir, err = orJournalDir(dir); err != nil {
		return nil, err
	}
	j, err := openJournal(dir, id)
	if err != nil {
		return nil, err
	}
	l := &Load{job: job, journal: j}
	l.job.journal = j
	l.job.goOnWith(j.Bounds(), given)
	if j.last.End == EndComplete {
		return nil, errors.Join(fmt.Errorf("load: run %s %w", id, ErrComplete), j.Close())
	}
	if err := j.fits(now, job.Client.KeyHash(j.header.Salt), job.NewKey); err != nil {
		return nil, errors.Join(j.explained(err, &job), j.Close())
	}
	if err := j.readAgain(&job); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if l.rejects, err = job.openRejects(); err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if l.rejects != nil {
		if err := l.rejects.goOn(j.last.RejectsBytes, j.last.RejectsSum); err != nil {
			return nil, errors.Join(&StopError{ErrRejects, err}, l.rejects.close(false), j.Close())
		}
	}
	return l, nil
}

// bounds returns the bounds of the job.
func (j *Job) bounds() Bounds {
	return Bounds{j.MaxErrors, j.MaxDeletes, j.Changes.MaxShrink, j.ExpectRows}
}

// goOnWith sets the bounds to those of the load, except those that the caller set anew.
func (j *Job) goOnWith(b Bounds, given Job) {
	if given.MaxErrors == 0 {
		j.MaxErrors = b.MaxErrors
	}
	if given.MaxDeletes == 0 {
		j.MaxDeletes = b.MaxDeletes
	}
	if given.Changes.MaxShrink == 0 {
		j.Changes.MaxShrink = b.MaxShrink
	}
	if given.ExpectRows == (RowRange{}) {
		j.ExpectRows = b.ExpectRows
	}
}

// ErrComplete says that a run has nothing left to resume.
var ErrComplete = errors.New("is complete: there is nothing to resume")

func orJournalDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return JournalDir()
}

// session checks a job that can be resumed, and returns its header.
func (j Job) session() (Job, JournalHeader, error) {
	var h JournalHeader
	j, err := j.withDefaults()
	switch {
	case err != nil:
	case j.DryRun:
		err = errors.New("load: a dry run cannot be resumed, because it sends nothing; use Run")
	case j.Rejects != nil:
		err = errors.New("load: Job.Rejects cannot be truncated when the load is resumed; set RejectsFile instead")
	default:
		err = j.CheckOutputs()
	}
	if err != nil {
		return j, h, err
	}
	fingerprint, err := j.Source.Fingerprint()
	if err != nil {
		return j, h, &StopError{ErrSource, err}
	}
	switch {
	case fingerprint == "" && j.Fingerprint == "":
		return j, h, ErrReadOnce
	case fingerprint == "":
		fingerprint = j.Fingerprint
	}
	h = JournalHeader{Source: j.Source.Info().Name, Fingerprint: fingerprint, Mapping: j.Mapping.Name(), MappingHash: j.Mapping.Hash(), Target: j.Client.Target(), Options: j.Options, Bounds: j.bounds()}
	h.Settings, err = j.settings()
	return j, h, err
}

// settings are the parts of the job, besides its Source, Mapping and Client, that must be the same when it is resumed. Settings with their default
// are left out.
func (j *Job) settings() (map[string]string, error) {
	set := make(map[string]string)
	if j.DecimalComma {
		set["decimal comma"] = "true"
	}
	if j.Limit > 0 {
		set["limit"] = strconv.FormatInt(j.Limit, 10)
	}
	deny := ""
	if j.Deny != nil { // the list may be longer now
		deny = j.Deny.file
	}
	for name, path := range map[string]string{"deny list": deny, "rejects": j.RejectsFile, "snapshot": j.Changes.Snapshot, "snapshot to compare with": j.Changes.DiffWith} {
		if path == "" {
			continue
		}
		full, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		set[name] = full
	}
	if j.Changes.IDs {
		set["snapshot ids"] = "true"
	}
	if j.Changes.Full {
		set["full"] = "true"
	}
	if j.Changes.NewMapping {
		set["new mapping"] = "true"
	}
	if j.Changes.Query != "" {
		set["query"] = j.Changes.Query
	}
	if j.Changes.Mirror != "" {
		set["mirror"] = string(j.Changes.Mirror)
	}
	return set, nil
}

// MismatchError says that a job differs from the load that it should resume.
type MismatchError struct {
	// Run is the id of the load.
	Run string
	// What differs, such as mapping; Was is the load's, Is the job's. For the input and the mapping these are the names, each with the first digits
	// of the hash that distinguishes it from others with that name.
	What, Was, Is string
}

func (e *MismatchError) Error() string {
	differs := fmt.Sprintf("its %s was %s, and now it is %s", e.What, e.Was, e.Is)
	at := strings.LastIndex(e.Was, hashMark) // a name can contain it too
	if at >= 0 && len(e.Was) == len(e.Is) && e.Was[:at+len(hashMark)] == e.Is[:at+len(hashMark)] && (e.What == MismatchInput || e.What == MismatchMapping) {
		differs = fmt.Sprintf("its %s %s has changed (the hash was %s, and now it is %s)", e.What, e.Was[:at],
			strings.TrimSuffix(e.Was[at+len(hashMark):], ")"), strings.TrimSuffix(e.Is[at+len(hashMark):], ")"))
	}
	return fmt.Sprintf("load: run %s cannot be resumed: %s; restore it and resume again, or begin a new load", e.Run, differs)
}

// What differs in a MismatchError, besides settings.
const (
	MismatchInput     = "input"
	MismatchMapping   = "mapping"
	MismatchWorkspace = "workspace"
	MismatchKey       = "write key"
)

// fits returns a *MismatchError if the load is not the one that now describes, or if it goes to another workspace.
func (j *Journal) fits(now JournalHeader, key []byte, newKey bool) error {
	was := j.header
	differs := func(what, before, is string) error { return &MismatchError{j.header.ID, what, before, is} }
	switch {
	case was.Fingerprint != now.Fingerprint:
		return differs(MismatchInput, named(was.Source, was.Fingerprint), named(now.Source, now.Fingerprint))
	case was.MappingHash != now.MappingHash:
		return differs(MismatchMapping, named(was.Mapping, was.MappingHash), named(now.Mapping, now.MappingHash))
	case was.Target != now.Target:
		return differs(MismatchWorkspace, was.Target, now.Target)
	case j.last.Row > 0 && !newKey && !bytes.Equal(j.last.Key, key):
		return differs(MismatchKey, fmt.Sprintf("%s (%x)", was.Target, j.last.Key), fmt.Sprintf("%s (%x)", now.Target, key))
	}
	for _, name := range slices.Sorted(maps.Keys(merged(was.Settings, now.Settings))) {
		if was.Settings[name] != now.Settings[name] {
			return differs(name, orNone(was.Settings[name]), orNone(now.Settings[name]))
		}
	}
	return nil
}

func merged(a, b map[string]string) map[string]string {
	all := maps.Clone(a)
	if all == nil {
		all = make(map[string]string)
	}
	maps.Copy(all, b)
	return all
}

// hashMark is between a name and its hash.
const hashMark = " ("

// named returns a name with the first digits of the hash that distinguishes it from others with that name.
func named(name, hash string) string {
	if r := []rune(name); len(r) > 200 { // of many files
		name = string(r[:200]) + "..."
	}
	return fmt.Sprintf("%s%s%.8s)", name, hashMark, hash)
}

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// ID identifies the load; pass it to Resume.
func (l *Load) ID() string { return l.journal.header.ID }

// Last returns how far the load has come. Do not call it while Run is under way.
func (l *Load) Last() Checkpoint { return l.journal.last }

// Run runs the load and closes its files. It can be called once. It returns what the function Run returns, with the counts of all runs of the load.
func (l *Load) Run(ctx context.Context) (Summary, error) {
	if l.ran || l.journal.file == nil {
		return Summary{}, errors.New("load: a Load can run only once; continue it with Resume")
	}
	l.ran = true
	s, err := l.job.runWith(ctx, l.rejects)
	l.rejects = nil
	l.gone = errors.Is(err, ErrSuperseded) || errors.Is(err, ErrInputChanged)
	// An error in the mapping, the input or a snapshot would happen again. A query may report it only when its first row is read.
	l.keep = (l.journal.used || errors.As(err, new(*StopError))) && (s.Rows > 0 || !isFormatError(err))
	if closed := l.Close(); closed != nil {
		err = errors.Join(err, closed)
	}
	return s, err
}

// CanResume reports whether Resume can continue the load.
func (l *Load) CanResume() bool {
	return !l.gone && l.journal.last.End != EndComplete
}

// Close closes what Start or Resume has opened. A load that was started but did not begin leaves no journal.
func (l *Load) Close() error {
	if l.journal.file == nil {
		return nil
	}
	err := l.rejects.close(false)
	l.rejects = nil
	if l.started && !l.keep {
		l.gone = true
		return errors.Join(err, l.journal.discard())
	}
	return errors.Join(err, l.journal.Close())
}
