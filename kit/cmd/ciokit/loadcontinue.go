package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
)

// continued says what a load with --continue has done; it is also in the object of --json.
type continued struct {
	// Did is resumed, anew, or refused.
	Did string `json:"did"`
	// Run is the last run of the same load, empty if there is none.
	Run string `json:"run,omitempty"`
	Why string `json:"why"`
	// Full says that everything is sent, because it is not known what the last run sent.
	Full bool `json:"full,omitempty"`
}

// sameLoad identifies a load for --continue. If other options differ, load.Resume refuses the run.
func (o *loadOptions) sameLoad() string {
	text, _ := json.Marshal([]any{o.Files, o.Query, o.OrderBy, o.Mapping, o.To, o.Snapshot}) // never fails
	return string(text)
}

// goneOnError says why a run cannot be resumed, or cannot begin without --full. --continue can then begin another run.
type goneOnError struct{ error }

func (e *goneOnError) Unwrap() error { return e.error }

// refusedToGoOn reports whether the error says that a run cannot be resumed, or that it is not known what a killed run sent.
func refusedToGoOn(err error) bool {
	var pending *load.PendingError
	return errors.As(err, new(*source.ChangedError)) || errors.Is(err, load.ErrSuperseded) || errors.As(err, &pending) && !pending.Running
}

// goOnOrBegin runs a load with --continue.
func (f *loadFlags) goOnOrBegin(ctx context.Context, con console.Console) error {
	if f.dryRun {
		return exit.Fail(exit.Usage, "--continue and --dry-run cannot be used together; remove one")
	}
	if f.Mapping == "" {
		return f.begin(ctx, con) // which says what is missing
	}
	m, err := readMapping(f.Mapping, f.Files, swappedLoad(f.cmd, "load"))
	if err != nil {
		return err
	}
	dir, err := load.JournalDir()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	sum := sha256.Sum256([]byte(f.sameLoad()))
	release, err := load.Lock(dir, "continue-"+hex.EncodeToString(sum[:8]))
	if err != nil {
		return f.refuse(loadError(err), "", "another process is running this load")
	}
	defer release()
	last, err := f.lastRun(dir)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	if last == nil {
		return f.anew(ctx, con, "", "this machine has no earlier run of this input")
	}
	id := last.Header().ID
	inUse := last.InUse()
	switch {
	case errors.Is(inUse, load.ErrRunning):
		return f.refuse(loadError(inUse), id, "another process is running this load")
	case inUse != nil:
		return f.refuse(exit.With(exit.Local, inUse), id, "it is not known whether another process is running this load")
	case last.Problem() == nil && last.Last().End == load.EndComplete:
		return f.anew(ctx, con, id, "the last run of this input was complete")
	case !last.EndedEarly() && m.Repeatable():
		return f.anew(ctx, con, id, "the last run of this input would be stopped again: "+last.Last().End)
	}
	refused := f.tryResume(ctx, con, last)
	var why *goneOnError
	if !errors.As(refused, &why) {
		return refused
	}
	if !m.Repeatable() {
		return f.refuse(f.noRepeat(id, why.error), id, "the last run of this input cannot be resumed, and a new one might send events twice")
	}
	return f.anew(ctx, con, id, "the last run of this input cannot be resumed: "+whyNotResumed(why))
}

// reworded is an error with another text.
type reworded struct {
	text string
	err  error
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

// whyNotResumed says why a run cannot be resumed, without the advice to begin a new load.
func whyNotResumed(why error) string {
	var other *load.MismatchError
	var changed *source.ChangedError
	var damaged *load.JournalError
	switch {
	case errors.As(why, &other):
		_, text, _ := strings.Cut(words(why), " cannot be resumed: ")
		text, _, _ = strings.Cut(text, "; restore it")
		return text
	case errors.As(why, &changed):
		return console.FlagWords(printed.Line(changed.Problem))
	case errors.As(why, &damaged):
		return strings.TrimSuffix(words(why), "; "+damaged.Hint)
	case errors.Is(why, load.ErrSuperseded):
		return "another load has since renewed the snapshot that the run began with"
	}
	return words(why)
}

// noRepeat says why no new load is started.
func (f *loadFlags) noRepeat(id string, why error) error {
	code, resume := exit.Usage, ""
	var other *load.MismatchError
	switch {
	case !errors.As(why, &other):
	case other.What == load.MismatchKey:
		resume = "If the new key is from the same workspace, resume with: " + resumeCommand(id, load.ErrKeyRefused) + ". "
	case other.What == load.MismatchInput:
		resume = "To resume the run, restore its input, and the flags that say how the input is read, and run this command again. "
	default:
		resume = "To resume the run, restore its " + other.What + " and run this command again. "
	}
	if errors.As(why, new(*source.ChangedError)) {
		code = exit.Changed
	}
	text := fmt.Sprintf("run %s ended early and cannot be resumed: %s. No new load was started: the mapping has events without a messageId, so Customer.io would count the events that this run has sent twice. "+
		"%sIf duplicates do no harm, start a new load without --continue. With a messageId, such as messageId: [$order_id], later loads can start again without duplicates", id, whyNotResumed(why), resume)
	return exit.With(code, &reworded{text, why})
}

// refuse records for --json that nothing was done.
func (f *loadFlags) refuse(err error, run, why string) error {
	f.continued = &continued{Did: "refused", Run: run, Why: why}
	return err
}

// decide records and prints what --continue does.
func (f *loadFlags) decide(con console.Console, c continued) {
	f.continued = &c
	if f.json {
		return
	}
	run := ""
	if c.Run != "" {
		run = " " + c.Run
	}
	switch c.Did {
	case "resumed":
		fmt.Fprintf(con.Err, "Resuming run%s: %s\n", run, console.FlagWords(c.Why))
	case "anew":
		if run != "" {
			run = " (run" + run + ")"
		}
		fmt.Fprintf(con.Err, "Starting a new load: %s%s\n", console.FlagWords(c.Why), run)
	}
}

// lastRun is the newest journal of the same load, nil if there is none.
func (f *loadFlags) lastRun(dir string) (*load.Journal, error) {
	journals, err := load.ListJournals(dir)
	if err != nil {
		return nil, err
	}
	for _, j := range journals {
		var was loadOptions
		if json.Unmarshal(j.Header().Options, &was) == nil && was.sameLoad() == f.sameLoad() {
			return j, nil
		}
	}
	return nil, nil
}

// tryResume resumes a run. The error is a *goneOnError if that is refused; then nothing was sent.
func (f *loadFlags) tryResume(ctx context.Context, con console.Console, last *load.Journal) error {
	if why := last.Problem(); why != nil {
		return &goneOnError{why}
	}
	h := last.Header()
	var was loadOptions
	if err := json.Unmarshal(h.Options, &was); err != nil {
		return &goneOnError{err}
	}
	attempt := *f
	attempt.fallback = true
	attempt.Emulator, attempt.Full, attempt.NewMapping = was.Emulator, was.Full, was.NewMapping
	l, err := attempt.open(ctx, con)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.checkEmulator(); err != nil {
		return err
	}
	l.load, err = load.Resume("", h.ID, l.job)
	switch {
	case errors.Is(err, load.ErrRunning):
		return f.refuse(loadError(err), h.ID, "another process is running this load")
	case errors.As(err, new(*load.MismatchError)), errors.As(err, new(*load.JournalError)), errors.Is(err, load.ErrReadOnce), errors.Is(err, load.ErrRejects), errors.Is(err, load.ErrComplete):
		return &goneOnError{err}
	case err != nil:
		return loadError(err)
	}
	attempt.decide(con.Saying(&l.said), continued{Did: "resumed", Run: h.ID, Why: "it " + howEnded(last)})
	err = l.run(ctx, con)
	f.tell(&attempt)
	return err
}

// tell copies the results of an attempt.
func (f *loadFlags) tell(attempt *loadFlags) {
	f.result, f.continued, f.comparison = attempt.result, attempt.continued, attempt.comparison
}

// howEnded says how a run ended that can be resumed.
func howEnded(j *load.Journal) string {
	if j.Last().End == "" {
		return "was killed"
	}
	return "ended early, " + j.Last().End
}

// anew begins a new load. If a load was killed and its snapshot does not know what was sent, it sends everything.
func (f *loadFlags) anew(ctx context.Context, con console.Console, run, why string) error {
	did := continued{Did: "anew", Run: run, Why: why}
	f.decide(con, did)
	attempt := *f
	attempt.fallback = true
	err := attempt.begin(ctx, con)
	var unknown *goneOnError
	if errors.As(err, &unknown) {
		did.Full = true
		if !f.json {
			fmt.Fprintf(con.Err, "All rows are sent once, as with --full: %s\n", words(unknown))
		}
		attempt = *f
		attempt.Full, attempt.continued = true, &did
		err = attempt.begin(ctx, con)
	}
	f.tell(&attempt)
	return err
}
