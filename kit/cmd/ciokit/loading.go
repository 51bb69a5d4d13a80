package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// loading is a load with everything that it needs opened.
type loading struct {
	f       *loadFlags
	job     load.Job
	client  *cio.Client
	bar     *progress
	input   input
	rejects *rejectsFile
	journal *load.Journal
	reports *reports // nil for none
	local   bool     // nothing leaves this machine
}

// open opens what the load needs and checks all that can be checked before anything is sent.
func (f *loadFlags) open(ctx context.Context, con console) (l *loading, err error) {
	l = &loading{f: f, local: true}
	delimiter, err := f.separator()
	if err != nil {
		return nil, err
	}
	if f.Mapping == "" {
		return nil, fail(exitUsage, "say which messages a row becomes: --mapping MAP.yaml")
	}
	switch {
	case f.Concurrency < 1 || f.Rate < 0 || f.Limit < 0:
		return nil, fail(exitUsage, "--concurrency is at least 1, --rate and --limit are at least 0")
	case f.GiveUpAfter <= 0:
		return nil, fail(exitUsage, "--give-up-after is a time, such as 10m")
	}
	l.bar, err = newProgress(con.err, f.name(), f.Files, f.progress, f.json)
	if err != nil {
		return nil, err
	}
	mapping, err := load.ReadMapping(f.Mapping)
	if err != nil {
		return nil, inputError(err)
	}
	l.job = load.Job{Mapping: mapping, Limit: f.Limit, DryRun: f.dryRun, MaxErrors: f.MaxErrors, MaxDeletes: f.MaxDeletes, Concurrency: f.Concurrency, DecimalComma: f.Comma,
		RejectsCSV: strings.HasSuffix(strings.ToLower(f.Rejects), ".csv")}
	if l.job.Changes, err = f.changes(); err != nil {
		return nil, err
	}
	if l.job.MaxErrors <= 0 {
		l.job.MaxErrors = -1
	}
	if l.job.MaxDeletes <= 0 {
		l.job.MaxDeletes = -1
	}
	if l.reports, err = newReports(f.Reports, append([]string{f.Mapping, f.Deny, f.KeyFile, f.Snapshot, f.DiffWith, f.Rejects}, f.Files...)...); err != nil {
		return nil, err
	}
	if l.reports != nil {
		l.job.Recorder = l.reports.recorder
	}
	if err := l.connect(ctx, con); err != nil {
		return nil, err
	}
	l.input = input{args: f.Files, query: f.Query, orderBy: f.OrderBy, config: f.Config, source: source.Config{Format: source.Format(f.Format), Delimiter: delimiter, Encoding: f.Encoding, Columns: f.Columns, SkipLines: f.SkipRows}}
	if f.OrderBy != nil && sqldb.HasPassword(f.Files[0]) {
		return nil, fail(exitUsage, "a load that can be resumed keeps in its journal where its rows come from, and no password may stand there: put the URL into an environment variable and give env:NAME, or into the file of connections and give db:NAME")
	}
	l.job.Source, err = l.input.open(ctx, con)
	if err != nil {
		return nil, inputError(err)
	}
	if f.Rejects != "" {
		if l.rejects, err = openRejects(f.Rejects, append([]string{f.Mapping, f.Deny, f.KeyFile, f.Snapshot, f.DiffWith}, f.Files...)...); err != nil {
			l.close()
			return nil, err
		}
		l.job.Rejects = l.rejects
	}
	return l, nil
}

// stdin reports whether standard input is loaded.
func (o *loadOptions) stdin() bool { return len(o.Files) == 1 && o.Files[0] == "-" }

// name says in short what is loaded.
func (o *loadOptions) name() string {
	if len(o.Files) == 1 {
		return inputName(o.Files[0])
	}
	return fmt.Sprintf("%s and %d more", filepath.Base(o.Files[0]), len(o.Files)-1)
}

// connect makes the client.
func (l *loading) connect(ctx context.Context, con console) error {
	f := l.f
	cfg := cio.Config{APIKey: "dry-run", BaseURL: "http://127.0.0.1"} // for the rules alone
	if !f.dryRun {
		d := destination{to: f.To, keyFile: f.KeyFile}
		var err error
		if cfg, err = d.config(ctx, con); err != nil {
			return err
		}
	}
	cfg.MaxElapsed, cfg.Logger, cfg.AcceptAny2xx = f.GiveUpAfter, logTo(l.bar), f.AcceptAny2xx
	if l.bar.shows() {
		cfg.Logger = slog.New(withoutWaiting{cfg.Logger.Handler()})
	}
	if l.reports != nil {
		cfg.Observer = l.reports.recorder
	}
	if f.Rate > 0 {
		cfg.RateLimit, cfg.RateWindow = f.Rate, time.Second
	}
	if f.Deny != "" {
		list, err := load.ReadDenyList(f.Deny)
		if err != nil {
			return fail(exitLocal, "--deny: %w", err)
		}
		cfg.Guard = list.Guard
	}
	client, err := cio.NewClient(cfg)
	if err != nil {
		return &exitError{exitUsage, err}
	}
	l.client, l.job.Client, l.local = client, client, loopback(client.Target())
	return nil
}

// close releases what open opened.
func (l *loading) close() {
	if l.job.Source != nil {
		l.job.Source.Close()
	}
	if l.rejects != nil {
		l.rejects.close(false)
	}
	if l.journal != nil {
		l.journal.Close()
	}
}

// approve shows what a load to a real workspace would send, and has it approved. A report gets the plan of any load.
func (l *loading) approve(ctx context.Context, con console) error {
	approved := l.local || l.f.dryRun || l.f.yes
	if approved && (l.reports == nil || l.f.stdin() || isDatabase(l.f.Files[0]) || l.job.Changes.Mirror != "") {
		return nil
	}
	if l.f.stdin() {
		return fail(exitGuard, "standard input cannot be looked at beforehand; check it with --dry-run, then add --yes")
	}
	src, err := l.input.open(ctx, con)
	if err != nil {
		return inputError(err)
	}
	defer src.Close()
	job := l.job
	job.Source = src
	plan, err := load.MakePlan(ctx, job, 0)
	if err != nil {
		return loadExit(con, load.Summary{}, err)
	}
	if l.reports != nil {
		l.reports.plan = &plan
	}
	if approved {
		return nil
	}
	if err := printPlan(con.err, plan, l.client.Target()); err != nil {
		return &exitError{exitLocal, err}
	}
	in, ok := con.in.(*os.File)
	if !ok || !terminal(in) || !terminal(con.err) {
		return fail(exitGuard, "nothing was sent: add --yes to send this to %s", l.client.Target())
	}
	fmt.Fprintf(con.err, "\nSend it? Type yes: ")
	answer, err := readLine(ctx, in)
	if err != nil {
		return &exitError{exitInterrupted, err}
	}
	if strings.TrimSpace(answer) != "yes" {
		return fail(exitGuard, "nothing was sent")
	}
	return nil
}

// readLine reads a line, or returns when ctx ends; the read then stays behind until the process ends.
func readLine(ctx context.Context, r io.Reader) (string, error) {
	lines := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(r).ReadString('\n') // what was typed before an error is an answer too
		lines <- line
	}()
	select {
	case line := <-lines:
		return line, nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// createJournal begins the journal that the load can be resumed by. A load that cannot have one says so and goes on.
func (l *loading) createJournal(con console) error {
	f := l.f
	say := func(format string, args ...any) {
		if !f.json {
			fmt.Fprintf(con.err, format+"\n", args...)
		}
	}
	if f.dryRun {
		return nil
	}
	if isDatabase(f.Files[0]) && f.OrderBy == nil {
		say("The rows of a query are read once: if this load ends early it cannot be resumed, only repeated. With --order-by and the columns that tell the rows apart it can.")
		return nil
	}
	if f.stdin() {
		say("Standard input is read once: if this load ends early it cannot be resumed, only repeated.")
		return nil
	}
	fingerprint, err := l.input.fingerprint(con)
	if err != nil {
		return &exitError{exitLocal, err}
	}
	options, err := json.Marshal(f.loadOptions)
	if err != nil {
		return &exitError{exitLocal, err}
	}
	dir, err := load.JournalDir()
	if err == nil {
		l.journal, err = load.CreateJournal(dir, load.JournalHeader{Source: strings.Join(f.Files, " "), Fingerprint: fingerprint, Mapping: f.Mapping, MappingHash: l.job.Mapping.Hash(),
			Target: l.client.Target(), Options: options})
	}
	if err != nil {
		say("No journal can be kept, so this load cannot be resumed: %v", err)
		return nil
	}
	l.job.Journal = l.journal
	say("If this load ends early: ciokit load --resume %s", l.journal.Header().ID)
	return nil
}

// takeUp has the load go on where its journal ends, if it is still the same load.
func (l *loading) takeUp(con console, j *load.Journal) error {
	f, h := l.f, j.Header()
	fingerprint, err := l.input.fingerprint(con)
	if err != nil {
		return &exitError{exitLocal, err}
	}
	changed := ""
	switch {
	case fingerprint != h.Fingerprint:
		changed = f.name()
	case l.job.Mapping.Hash() != h.MappingHash:
		changed = f.Mapping
	}
	if changed != "" {
		return fail(exitUsage, "%s is not what it was when run %s began. Either put it back as it was and resume again, or begin a new load from its first row:\n"+
			"  ciokit load %s --mapping %s --to %s\nRows that are the same as before repeat their message ids if the mapping's messageId says so.", changed, h.ID, strings.Join(f.Files, " "), f.Mapping, f.To)
	}
	if l.rejects != nil {
		if err := l.rejects.goOn(j.Last().RejectsBytes); err != nil {
			return fail(exitLocal, "--rejects: %w", err)
		}
	}
	l.journal, l.job.Journal = j, j
	return nil
}

// run loads and says what became of it.
func (l *loading) run(ctx context.Context, con console) error {
	l.job.Progress = l.bar.update
	stayBelow(loadMemory)
	summary, runErr := load.Run(ctx, l.job)
	l.bar.close()
	if l.rejects != nil { // on disk before the summary says so
		if err := l.rejects.close(summary.Rows > 0 || runErr == nil); err != nil {
			runErr = errors.Join(runErr, &load.StopError{Reason: load.ErrRejects, Cause: err})
		}
		l.rejects = nil
	}
	if err := l.report(con, summary); err != nil {
		return &exitError{exitLocal, err}
	}
	exit := loadExit(con, summary, stubHint(l.f.To, runErr))
	var usage *exitError
	switch {
	case l.journal == nil || l.journal.Last().End == load.EndComplete || errors.Is(runErr, load.ErrSuperseded):
	case errors.As(exit, &usage) && usage.code == exitUsage && l.journal.Last().Row == 0: // it did not begin
		if err := l.journal.Discard(); err != nil {
			return &exitError{exitLocal, err}
		}
	default:
		fmt.Fprintf(con.err, "Go on with: ciokit load --resume %s\n", l.journal.Header().ID)
	}
	if l.reports != nil {
		switch err := l.reports.write(con, l, summary, runErr); {
		case err != nil && exit == nil:
			return err
		case err != nil:
			fmt.Fprintln(con.err, "ciokit:", err)
		}
	}
	return exit
}

func (l *loading) report(con console, s load.Summary) error {
	if l.f.json {
		l.f.reported = true
		return json.NewEncoder(con.out).Encode(s)
	}
	return printSummary(con.out, l.f, s)
}

// loadMemory is what a load is meant to get by with: it holds some 20 MB of rows and requests, whatever the size of the input.
const loadMemory = 40 << 20

// stayBelow makes the garbage collector work harder as memory nears limit, unless the environment says how it should. The limit is soft.
func stayBelow(limit int64) {
	if os.Getenv("GOMEMLIMIT") == "" && os.Getenv("GOGC") == "" {
		debug.SetMemoryLimit(limit)
	}
}
