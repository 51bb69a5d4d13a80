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
)

// Load is a load that keeps a journal, so that another process can go on with it after whatever ended this one.
type Load struct {
	job     Job
	journal *Journal
	rejects *rejectsFile // nil for none, and once it has run
	started bool         // by this process
	ran     bool
	keep    bool // the journal, because there may be something to go on with
	gone    bool // there is nothing to go on with
}

// ErrReadOnce is an input that can be read only once, so that a load of it cannot be resumed.
var ErrReadOnce = errors.New("load: the input is read once, so that a load of it cannot be resumed; use Run, or give Job.Fingerprint if the same rows can be had again")

// Start begins a load that can be resumed. Its journal is kept below dir, default JournalDir. Before it returns it has made sure that everything
// that the load will write can be written and is no file that it reads. Nothing is sent before Load.Run.
//
// The error is one of Run before anything is sent, ErrReadOnce, a *PathError, or a *StopError with ErrJournal where no journal can be kept.
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

// Resume goes on with a load of Start where it was, as its journal below dir says. The job must be that of Start: the same mapping, input,
// workspace and write key, and the same of everything that decides what a row becomes. Rows that are settled are not sent again. The counts, and
// the file of rejects, go on from there. What was on its way when the load ended is sent again, with the same message ids. What may differ is
// Concurrency, BatchBytes and all that only reports, and the bounds MaxErrors, MaxDeletes, ChangeOnly.MaxShrink and ExpectRows: they count over all
// runs of the load, are those that it had where the job gives none, and otherwise new ones for the whole load.
//
// The error is a *MismatchError if the job is another, a *JournalError if the journal is damaged or of another version, one that holds
// ErrComplete if there is nothing to go on with, or one of Start.
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

// bounds are those of the job.
func (j *Job) bounds() Bounds {
	return Bounds{j.MaxErrors, j.MaxDeletes, j.Changes.MaxShrink, j.ExpectRows}
}

// goOnWith takes the bounds of the load, but for those that were given anew.
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

// ErrComplete is a run that there is nothing to go on with.
var ErrComplete = errors.New("is complete: there is nothing to go on with")

func orJournalDir(dir string) (string, error) {
	if dir != "" {
		return dir, nil
	}
	return JournalDir()
}

// session checks a job that is to be resumed, and says what it is.
func (j Job) session() (Job, JournalHeader, error) {
	var h JournalHeader
	j, err := j.withDefaults()
	switch {
	case err != nil:
	case j.DryRun:
		err = errors.New("load: a dry run sends nothing that could be resumed; use Run")
	case j.Rejects != nil:
		err = errors.New("load: Job.Rejects cannot be cut to what a load had written when it ended; give RejectsFile")
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

// settings are what of the job must not differ when it is resumed, beside its Source, Mapping and Client; what has its default is left out.
func (j *Job) settings() (map[string]string, error) {
	set := make(map[string]string)
	if j.DecimalComma {
		set["decimal comma"] = "true"
	}
	if j.Limit > 0 {
		set["limit"] = strconv.FormatInt(j.Limit, 10)
	}
	deny := ""
	if j.Deny != nil { // which may have got longer since
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

// MismatchError is a job that is not the one of the load that it is to go on with.
type MismatchError struct {
	// Run is the id of the load.
	Run string
	// What differs, such as mapping; Was is that of the load, Is that of the job. Of the input and the mapping these are the names, each with
	// the beginning of what tells it from others of that name.
	What, Was, Is string
}

func (e *MismatchError) Error() string {
	return fmt.Sprintf("load: run %s cannot be gone on with: its %s was %s, and now it is %s; put it back as it was and resume again, or begin a new load", e.Run, e.What, e.Was, e.Is)
}

// What differs in a MismatchError, beside settings.
const (
	MismatchInput     = "input"
	MismatchMapping   = "mapping"
	MismatchWorkspace = "workspace"
	MismatchKey       = "write key"
)

// fits returns a *MismatchError if the load is another than the job that now describes, or goes to another workspace.
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

// named is a name with the first digits of what tells it from others of the same name.
func named(name, hash string) string {
	if r := []rune(name); len(r) > 200 { // of many files
		name = string(r[:200]) + "..."
	}
	return fmt.Sprintf("%s (%.8s)", name, hash)
}

func orNone(s string) string {
	if s == "" {
		return "not set"
	}
	return s
}

// ID tells the load from others; Resume takes it.
func (l *Load) ID() string { return l.journal.header.ID }

// Last returns how far the load has come. It must not be called while Run is under way.
func (l *Load) Last() Checkpoint { return l.journal.last }

// Run runs the load, once, and lets go of its files. What it returns is as that of the function Run, with the counts of all runs of the load.
func (l *Load) Run(ctx context.Context) (Summary, error) {
	if l.ran || l.journal.file == nil {
		return Summary{}, errors.New("load: a Load runs once; go on with it by Resume")
	}
	l.ran = true
	s, err := l.job.runWith(ctx, l.rejects)
	l.rejects = nil
	l.gone = errors.Is(err, ErrSuperseded) || errors.Is(err, ErrInputChanged)
	// What is wrong with the mapping, the input or a snapshot would be wrong again. A query may say so only when its first row is read.
	l.keep = (l.journal.used || errors.As(err, new(*StopError))) && (s.Rows > 0 || !isFormatError(err))
	if closed := l.Close(); closed != nil {
		err = errors.Join(err, closed)
	}
	return s, err
}

// CanResume reports whether there is something left for Resume to go on with.
func (l *Load) CanResume() bool {
	return !l.gone && l.journal.last.End != EndComplete
}

// Close lets go of what Start or Resume has opened. A load that was started and did not begin leaves no journal.
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
