package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/progress"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// loading is a load with everything that it needs opened.
type loading struct {
	f       *loadFlags
	job     load.Job
	client  *cio.Client
	bar     *progress.Display
	input   input.Input
	load    *load.Load // nil if it cannot be resumed
	reports *reports   // nil for none
	local   bool       // no data leaves this machine: the destination is an emulator, or nothing is sent
	keyless bool       // no key was given, so the key for an emulator is used
	silent  error      // why no server on this machine answers at the destination

	fingerprint string // of the input; empty if it is read once
	compared    bool   // compared with an existing snapshot

	said  bytes.Buffer // texts for the time when the load is certain to begin, or before the question
	begun bool
}

// open opens what the load needs and checks all that can be checked before anything is sent.
func (f *loadFlags) open(ctx context.Context, con console.Console) (l *loading, err error) {
	l = &loading{f: f}
	cfg, err := f.sourceConfig()
	if err != nil {
		return nil, err
	}
	if f.Mapping == "" {
		return nil, exit.Fail(exit.Usage, "say which messages a row becomes: --mapping MAP.yaml")
	}
	switch {
	case f.Mode == "mirror" && f.Limit > 0:
		return nil, exit.Fail(exit.Usage, "--mode mirror needs the whole input, to know who is not in it: remove --limit")
	case f.Concurrency < 1 || f.Rate < 0 || f.Limit < 0:
		return nil, exit.Fail(exit.Usage, "--concurrency must be at least 1, --rate and --limit at least 0")
	case f.GiveUpAfter <= 0:
		return nil, exit.Fail(exit.Usage, "--give-up-after must be a time, such as 10m")
	}
	l.bar, err = progress.New(con.Err, progress.Config{Name: f.name(), Files: f.Files, Mode: f.progress, Quiet: f.json, Words: f.destination().Words})
	if err != nil {
		return nil, err
	}
	m, err := readMapping(f.Mapping, f.Files, swappedLoad(f.cmd, "load"))
	if err != nil {
		return nil, err
	}
	if f.Mode == "mirror" && !m.Identifies() {
		return nil, exit.Fail(exit.Usage, "--mode mirror needs a mapping with an identify that has a userId, because people are deleted by their userId")
	}
	l.job = load.Job{Mapping: m, Limit: f.Limit, DryRun: f.dryRun, MaxErrors: int64(f.MaxErrors), MaxDeletes: int64(f.MaxDeletes), Concurrency: f.Concurrency, DecimalComma: f.Comma,
		RejectsFile: f.Rejects, Reads: f.reads(), Writes: f.Reports, NewKey: f.newKey, Begun: func() { l.begin(con) }, Progress: l.bar.Update}
	if l.job.Changes, err = f.changes(); err != nil {
		return nil, err
	}
	if l.job.Deny, err = f.denyList(); err != nil {
		return nil, err
	}
	l.job.Changes.Query = f.rows()
	if l.job.ExpectRows, err = f.expectRows(); err != nil {
		return nil, err
	}
	if l.reports, err = newReports(f.Reports); err != nil {
		return nil, err
	}
	if l.reports != nil {
		l.job.Recorder = l.reports.recorder
	}
	if err := l.connect(ctx, con.Saying(&l.said)); err != nil {
		return nil, err
	}
	l.input = input.Input{Args: f.Files, Query: f.Query, OrderBy: f.OrderBy, Config: f.Config, Stall: f.GiveUpAfter, Source: cfg}
	if f.OrderBy != nil && sqldb.HasPassword(f.Files[0]) {
		return nil, exit.Fail(exit.Usage, "the journal of a load that can be resumed records where the rows come from, and it must not contain a password: put the URL into an environment variable and give env:NAME, or into the file of connections and give db:NAME")
	}
	l.job.Source, err = l.input.Open(ctx, con)
	if err != nil {
		return nil, input.Error(err)
	}
	if l.fingerprint, err = l.job.Source.Fingerprint(); err == nil {
		err = l.job.CheckOutputs()
	}
	if err != nil {
		return nil, errors.Join(loadError(err), l.job.Source.Close())
	}
	if f.Strict && l.fingerprint == "" && !input.IsDatabase(f.Files[0]) {
		err := exit.Fail(exit.Usage, "--strict-identity reads the whole input before anything is sent, but a pipe can be read only once: write the input to a file first")
		return nil, errors.Join(err, l.job.Source.Close())
	}
	return l, nil
}

// denyList reads the list of --deny, nil for none.
func (f *loadFlags) denyList() (*load.DenyList, error) {
	if f.Deny == "" {
		if f.DenyColumn != "" || f.DenyCoding != "" || f.DenyEmpty {
			return nil, exit.Fail(exit.Usage, "--deny-column, --deny-encoding and --deny-empty need --deny FILE")
		}
		return nil, nil
	}
	list, err := load.ReadDenyList(f.Deny, load.DenyConfig{Column: f.DenyColumn, Encoding: f.DenyCoding, AllowEmpty: f.DenyEmpty})
	if err != nil {
		if path := new(os.PathError); errors.As(err, &path) {
			return nil, exit.Fail(exit.Local, "--deny %w", path) // which names the file
		}
		return nil, input.Error(input.In("--deny "+printed.Line(console.ShortPath(f.Deny)), errors.Unwrap(err)))
	}
	return list, nil
}

// stdin reports whether standard input is loaded.
func (o *loadOptions) stdin() bool { return len(o.Files) == 1 && o.Files[0] == "-" }

// reads are the files that the load reads in addition to its rows.
func (o *loadOptions) reads() []string {
	var files []string
	connections := o.Config
	if strings.HasPrefix(o.Files[0], input.Connection) {
		connections, _ = input.ConnectionsFile(o.Config) // a file without a name is not read either
	}
	for _, file := range []string{o.Mapping, o.Deny, o.Guard, o.GuardKey, o.KeyFile, connections} {
		if file != "" {
			files = append(files, file)
		}
	}
	return files
}

// name says in short what is loaded.
func (o *loadOptions) name() string {
	if len(o.Files) == 1 {
		return input.Name(o.Files[0])
	}
	return fmt.Sprintf("%s and %d more", filepath.Base(o.Files[0]), len(o.Files)-1)
}

// destination is where the load sends.
func (o *loadOptions) destination() destination.Flags {
	return destination.Flags{To: o.To, KeyFile: o.KeyFile}
}

// connect makes the client.
func (l *loading) connect(ctx context.Context, con console.Console) error {
	f := l.f
	cfg := cio.Config{APIKey: "dry-run", BaseURL: "http://127.0.0.1"} // only for the rules
	l.local = true
	if !f.dryRun {
		d, err := f.destination().Resolve(ctx, con)
		if err != nil {
			return err
		}
		cfg, l.local, l.silent, l.keyless = d.Config, d.Emulator, d.Silent, d.Keyless
	}
	cfg.MaxElapsed, cfg.Logger, cfg.AcceptAny2xx = f.GiveUpAfter, l.bar.Logger(), f.AcceptAny2xx
	if l.reports != nil {
		cfg.Observer = l.reports.recorder
	}
	guard, err := readEraseGuard(f.Guard, f.GuardKey)
	if err != nil {
		return err
	}
	if guard != nil {
		cfg.Guard = guard.Check
	}
	if f.Rate > 0 {
		cfg.RateLimit, cfg.RateWindow = f.Rate, time.Second
	}
	client, err := cio.NewClient(cfg)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	l.client, l.job.Client = client, client
	return nil
}

// checkEmulator makes sure that a resumed load has the same kind of destination: an emulator, or what may be a real workspace.
func (l *loading) checkEmulator() error {
	began, target := l.f.Emulator, l.client.Target()
	switch {
	case began == nil || l.silent == nil && *began == l.local:
		return nil
	case l.silent != nil:
		return exit.Fail(exit.Unavailable, "no server answers on %s (%w); start the server again that the load began with", target, l.silent)
	case *began:
		return exit.Fail(exit.Guard, "the load began on an emulator, but the server on %s is not an emulator now and may forward everything to a real workspace; start a new load", target)
	}
	return exit.Fail(exit.Guard, "the load did not begin on an emulator, but an emulator listens on %s now; start a new load", target)
}

// close releases what open opened.
func (l *loading) close() {
	if l.job.Source != nil {
		l.job.Source.Close()
	}
	if l.load != nil {
		l.load.Close()
	}
}

// say keeps a line until the load begins. With --json it keeps none.
func (l *loading) say(format string, args ...any) {
	if !l.f.json {
		fmt.Fprintf(&l.said, format+"\n", args...)
	}
}

// begin prints the kept lines.
func (l *loading) begin(con console.Console) {
	l.begun = true
	l.tell(con)
}

func (l *loading) tell(con console.Console) {
	l.said.WriteTo(con.Err)
}

// start begins the journal, with which the load can be resumed. If there can be no journal, it says so, and the load continues.
func (l *loading) start() (err error) {
	f := l.f
	if f.dryRun {
		return nil
	}
	if l.job.Options, err = json.Marshal(f.loadOptions); err != nil {
		return exit.With(exit.Local, err)
	}
	l.load, err = load.Start("", l.job)
	switch {
	case err == nil:
		l.say("If this load ends early: %s", resumeCommand(l.load.ID(), nil))
	case errors.Is(err, load.ErrReadOnce) && f.goesOn && !l.job.Mapping.Repeatable():
		return exit.Fail(exit.Usage, "--continue needs an input that can be read again, because the mapping has events without a messageId, and a new load would send them twice: load a file, or a query with --order-by, or give the events a messageId")
	case errors.Is(err, load.ErrReadOnce) && input.IsDatabase(f.Files[0]):
		l.say("The rows of a query are read once: if this load ends early, you cannot resume it, only repeat it. To be able to resume it, give the columns that together identify a row with --order-by.")
	case errors.Is(err, load.ErrReadOnce):
		l.say("%s is read once: if this load ends early, you cannot resume it, only repeat it.", l.inputWord())
	case errors.Is(err, load.ErrJournal):
		l.say("No journal can be kept, so this load cannot be resumed: %s", words(err))
	default:
		return loadError(err)
	}
	return nil
}

// resume resumes the load at the end of its journal, if it is still the same load.
func (l *loading) resume(id string) (err error) {
	l.load, err = load.Resume("", id, l.job)
	var other *load.MismatchError
	if errors.As(err, &other) {
		return exit.With(exit.Usage, fmt.Errorf("%w. To start a new load, run the original command again with all its flags, without --resume. Unchanged rows get the same message ids as before only if the mapping sets messageId.%s", err,
			map[bool]string{true: "\nIf the new key is from the same workspace, add --new-key."}[other.What == load.MismatchKey]))
	}
	return loadError(err)
}

// run loads and prints the result.
func (l *loading) run(ctx context.Context, con console.Console) error {
	stayBelow(loadMemory)
	run := func(ctx context.Context) (load.Summary, error) { return load.Run(ctx, l.job) }
	if l.load != nil {
		run = l.load.Run
	}
	summary, runErr := run(ctx)
	l.bar.Close()
	if l.f.fallback && ctx.Err() == nil && refusedToGoOn(runErr) {
		return &goneOnError{runErr}
	}
	ended := loadExit(summary, l.withAddress(l.f.destination().Explain(runErr)))
	if l.refused(summary, ended) {
		return ended
	}
	l.f.result = &loadResult{Summary: summary, Stopped: stoppedBy(runErr)}
	if l.load != nil {
		l.f.result.Run = l.load.ID()
	}
	if !l.f.json {
		if err := printSummary(con.Out, l.f, l.job.Source.Info().Rejects, summary, runErr); err != nil {
			return exit.With(exit.Local, err)
		}
	}
	if l.f.Strict && l.f.dryRun && runErr == nil {
		if err := refuseShared(io.Discard, summary.Identity); err != nil { // the summary has printed it
			ended = err
		}
	}
	if ended == nil {
		ended = blankExit(summary, l.job.Mapping)
	}
	if ended == nil && summary.LeftAlone > 0 && !l.f.NewMapping {
		ended = exit.Fail(exit.Rejects, "%s not deleted, because of rows that name nobody (%s); if these rows are really about nobody, skip them with a when on the column of the userId",
			plural.Count(summary.LeftAlone, "person has left and was", "people have left and were"), plural.Grouped(summary.RowsNameless))
	}
	if l.keyless && errors.Is(runErr, load.ErrKeyRefused) {
		fmt.Fprintf(con.Err, "No write key was set, so the key %q was used: set a key that the emulator knows (ciokit emulate --key).\n", destination.EmulatorKey)
	}
	if l.load != nil && l.load.CanResume() {
		sayGoOn(con.Err, l.load.ID(), runErr)
	}
	if l.reports != nil {
		switch err := l.reports.write(con, l, summary, runErr); {
		case err != nil && ended == nil:
			return err
		case err != nil:
			fmt.Fprintln(con.Err, "ciokit:", words(err))
		}
	}
	return ended
}

// withAddress adds to the error of a load that got no answer where it sent.
func (l *loading) withAddress(err error) error {
	var api *cio.APIError
	if errors.Is(err, load.ErrGaveUp) && errors.As(err, &api) && api.Status == 0 {
		return fmt.Errorf("%w; check --to (%s) and the network", err, l.client.Target())
	}
	return err
}

// sayGoOn says how to resume a load that ended with an error. If a limit stopped it, the load stops again unless the limit is changed.
func sayGoOn(w io.Writer, id string, err error) {
	before := "Resume with"
	switch {
	case boundFlag(err) != "":
		before = "With the same input and the same limits, this load stops again. If the input is wrong, correct it and run the same command again. If the input is right, resume with"
	case errors.Is(err, load.ErrKeyRefused):
		before = "Set the right key of this workspace, then"
	}
	fmt.Fprintf(w, "%s: %s\n", before, resumeCommand(id, err))
}

// resumeCommand is the command that resumes a load that ended with this error. The journal has all other flags of the load.
func resumeCommand(id string, err error) string {
	line := nextstep.New(nil, "load").With("resume", id).String()
	if flag := boundFlag(err); flag != "" {
		line += " " + flag
	}
	if errors.Is(err, load.ErrKeyRefused) { // without it, a load refuses another key than the first
		line += " --new-key"
	}
	return line
}

// endError is the reason why a run ended, from its journal; nil if the reason does not change how the run is resumed.
func endError(end string) error {
	for _, reason := range []error{load.ErrTooManyDeletes, load.ErrShrunk, load.ErrNotWhole, load.ErrTooManyErrors, load.ErrKeyRefused} {
		if end == reason.Error() {
			return reason
		}
	}
	return nil
}

// boundFlag is the flag that changes the limit that stopped a load with this error; empty if no limit did.
func boundFlag(err error) string {
	for _, guard := range []struct {
		reason error
		flag   string
	}{{load.ErrTooManyDeletes, "--max-deletes N"}, {load.ErrShrunk, "--max-shrink PERCENT"}, {load.ErrNotWhole, "--expect-rows N"}, {load.ErrTooManyErrors, "--max-errors N"}} {
		if errors.Is(err, guard.reason) {
			return guard.flag
		}
	}
	return ""
}

// refused reports whether the load did not begin, so that only the reason is printed.
func (l *loading) refused(s load.Summary, ended error) bool {
	return !l.begun && ended != nil || s.Rows == 0 && exit.CodeOf(ended) == exit.Usage
}

// loadMemory is the memory that a load should need at most: it keeps about 20 MB of rows and requests, whatever the size of the input.
const loadMemory = 40 << 20

// stayBelow makes the garbage collector work harder near the limit, unless the environment sets one. The limit is soft.
func stayBelow(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "" {
		debug.SetMemoryLimit(limit)
	}
}
