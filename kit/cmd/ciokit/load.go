package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

// loadFlags are the flags of ciokit load.
type loadFlags struct {
	destination
	mapping     string
	format      string
	delimiter   string
	rejects     string
	dryRun      bool
	json        bool
	limit       int64
	maxErrors   int64
	giveUpAfter time.Duration
}

func newLoad(con console) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load FILE",
		Short: "Load a file: every row becomes one or more messages",
		Long: `Load a file of rows, CSV or JSON Lines, into Customer.io. FILE may be - for standard input.

A mapping in YAML says which messages a row becomes. Rows are sent in their order. A row that cannot be read, mapped or accepted never
stops the load and never disappears: it is counted, named by its line, and written to --rejects. Loading the same file again repeats the
same message ids.

What "accepted" means: Customer.io answered with success. It promises no more than that.`,
		Example: `  ciokit load people.csv --mapping people.yaml --to emulator
  ciokit load orders.jsonl --mapping orders.yaml --to eu --key-file key.txt --rejects orders.rejects.jsonl
  gunzip -c orders.csv.gz | ciokit load - --mapping orders.yaml --to us --json`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"csv", "tsv", "jsonl", "ndjson"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), con, args[0]) },
	}
	f.destination.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.mapping, "mapping", "", "YAML file that says which messages a row becomes (required)")
	fl.StringVar(&f.format, "format", "", "csv or jsonl; default by the file's extension, then by its first byte")
	fl.StringVar(&f.delimiter, "delimiter", "", `separates the fields of CSV: one character, or \t; default a comma, a tab for .tsv`)
	fl.StringVar(&f.rejects, "rejects", "", "file for the rejected rows with their reasons, as JSON Lines; it holds personal data and is made with mode 0600")
	fl.BoolVar(&f.dryRun, "dry-run", false, "read, map and check every row, send nothing; --to may be left out")
	fl.BoolVar(&f.json, "json", false, "print one JSON object with the counts on standard output, and no progress")
	fl.Int64Var(&f.limit, "limit", 0, "read only so many rows; 0 means all")
	fl.Int64Var(&f.maxErrors, "max-errors", load.DefaultMaxErrors, "stop sending after so many messages were refused by the API; 0 or less means never")
	fl.DurationVar(&f.giveUpAfter, "give-up-after", 10*time.Minute, "stop sending when nothing was accepted for so long")
	cmd.MarkFlagFilename("mapping", "yaml", "yml")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"csv", "jsonl"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func (f *loadFlags) run(ctx context.Context, con console, file string) error {
	bar := newProgress(con.err, file, f.json)
	job, client, done, err := f.job(ctx, con, file, logTo(bar))
	if err != nil {
		return err
	}
	defer done()
	job.Progress = bar.update
	summary, runErr := load.Run(ctx, job)
	bar.close()
	if err := f.closeRejects(job.Rejects); err != nil {
		runErr = errors.Join(runErr, &load.StopError{Reason: load.ErrRejects, Cause: err})
	}
	if err := f.report(con, summary, client, runErr); err != nil {
		return &exitError{exitLocal, err}
	}
	return loadExit(con, summary, runErr)
}

// job opens everything that the load needs, or says what is wrong before anything is sent.
func (f *loadFlags) job(ctx context.Context, con console, file string, log *slog.Logger) (job load.Job, client *cio.Client, done func(), err error) {
	delimiter, err := f.separator()
	if err != nil {
		return job, nil, nil, err
	}
	if f.mapping == "" {
		return job, nil, nil, fail(exitUsage, "say which messages a row becomes: --mapping MAP.yaml")
	}
	mapping, err := load.ReadMapping(f.mapping)
	if err != nil {
		return job, nil, nil, inputError(err)
	}
	job = load.Job{Mapping: mapping, Limit: f.limit, DryRun: f.dryRun, MaxErrors: f.maxErrors}
	if job.MaxErrors <= 0 {
		job.MaxErrors = -1
	}
	if !f.dryRun || f.to != "" {
		cfg, err := f.config(ctx, con)
		if err != nil {
			return job, nil, nil, err
		}
		cfg.MaxElapsed, cfg.Logger = f.giveUpAfter, log
		if client, err = cio.NewClient(cfg); err != nil {
			return job, nil, nil, &exitError{exitUsage, err}
		}
		job.Client = client
	}
	src, err := f.open(con, file, source.Config{Format: source.Format(f.format), Delimiter: delimiter})
	if err != nil {
		return job, nil, nil, inputError(err)
	}
	job.Source = src
	if f.rejects != "" {
		out, err := os.OpenFile(f.rejects, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
		if err == nil {
			err = out.Chmod(0o600) // a file that was there keeps its mode otherwise
		}
		if err != nil {
			src.Close()
			return job, nil, nil, fail(exitLocal, "--rejects: %w", err)
		}
		job.Rejects = out
	}
	return job, client, func() { src.Close() }, nil
}

// logTo returns a logger of warnings for a person to read.
func logTo(w io.Writer) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

func (f *loadFlags) open(con console, file string, cfg source.Config) (source.Source, error) {
	if file == "-" {
		return source.New(con.in, cfg)
	}
	return source.Open(file, cfg)
}

func (f *loadFlags) separator() (byte, error) {
	switch {
	case f.delimiter == "":
		return 0, nil
	case f.delimiter == `\t` || f.delimiter == "tab":
		return '\t', nil
	case len(f.delimiter) == 1:
		return f.delimiter[0], nil
	}
	return 0, fail(exitUsage, `--delimiter is one ASCII character, such as ";", or \t`)
}

// closeRejects makes sure that the rejects are on disk before the summary says so.
func (f *loadFlags) closeRejects(w io.Writer) error {
	out, ok := w.(*os.File)
	if !ok {
		return nil
	}
	return errors.Join(out.Sync(), out.Close())
}

// inputError puts the exit code to what is wrong with a file: its contents are usage, its absence is local.
func inputError(err error) error {
	var mapping *load.MappingError
	var format *source.FormatError
	if errors.As(err, &mapping) || errors.As(err, &format) {
		return &exitError{exitUsage, err}
	}
	var path *os.PathError
	if errors.As(err, &path) {
		return &exitError{exitLocal, err}
	}
	return &exitError{exitUsage, err}
}

func (f *loadFlags) report(con console, s load.Summary, client *cio.Client, runErr error) error {
	if f.json {
		return json.NewEncoder(con.out).Encode(s)
	}
	return printSummary(con.out, f, s, client)
}

// loadExit turns the outcome into the exit code and the last line on standard error.
func loadExit(con console, s load.Summary, err error) error {
	var mapping *load.MappingError
	var format *source.FormatError
	switch {
	case errors.Is(err, load.ErrInterrupted):
		return &exitError{exitInterrupted, err}
	case errors.Is(err, load.ErrKeyRefused):
		return &exitError{exitKey, err}
	case errors.Is(err, load.ErrGaveUp):
		return &exitError{exitUnavailable, err}
	case errors.Is(err, load.ErrTooManyErrors):
		return fail(exitGuard, "%w; look at the first ones, or raise --max-errors", err)
	case errors.As(err, &mapping), errors.As(err, &format):
		return &exitError{exitUsage, err}
	case err != nil:
		return &exitError{exitLocal, err}
	case s.Guarded > 0:
		return &exitError{code: exitGuard}
	case s.Rejected+s.RejectedByAPI+s.RowsRejected > 0:
		return &exitError{code: exitRejects}
	}
	return nil
}
