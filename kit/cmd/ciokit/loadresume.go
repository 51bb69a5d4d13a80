package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
	"github.com/spf13/cobra"
)

// goOn resumes a load.
func (f *loadFlags) goOn(cmd *cobra.Command, con console.Console) error {
	for _, name := range slices.Concat([]string{"to", "mapping", "query", "order-by", "format", "delimiter", "quote", "escape", "line-end", "all-rows", "encoding", "columns", "skip-rows", "json-path", "decimal-comma", "rejects", "deny", "deny-column", "deny-encoding", "deny-empty", "limit", "strict-identity", "dry-run", "continue"}, changeFlags) {
		if cmd.Flags().Changed(name) {
			return exit.Fail(exit.Usage, "--resume uses the flags of the load that it resumes; remove --%s, or start a new load", name)
		}
	}
	dir, err := load.JournalDir()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	j, err := load.ReadJournal(dir, f.resume)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	h := j.Header()
	if j.Last().End == load.EndComplete {
		return exit.Fail(exit.Usage, "run %s %w", h.ID, load.ErrComplete)
	}
	given := f.loadOptions
	if err := json.Unmarshal(h.Options, &f.loadOptions); err != nil {
		return exit.Fail(exit.Local, "run %s was not started by this command, and only the program that started it can resume it: %w", h.ID, err)
	}
	b := j.Bounds() // of the load, which a run before may have been given
	f.MaxErrors, f.MaxDeletes, f.MaxShrink, f.ExpectRows = bound(b.MaxErrors), bound(b.MaxDeletes), b.MaxShrink, ""
	f.keep(cmd, given)
	l, err := f.open(cmd.Context(), con)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.checkEmulator(); err != nil {
		return err
	}
	if err := l.resume(h.ID); err != nil {
		return err
	}
	return l.run(cmd.Context(), con)
}

// keep uses the flags that were given with --resume instead of the original ones: only flags that do not change the messages.
func (f *loadFlags) keep(cmd *cobra.Command, given loadOptions) {
	for _, flag := range []struct {
		name string
		keep func()
	}{
		{"key-file", func() { f.KeyFile = given.KeyFile }},
		{"max-errors", func() { f.MaxErrors = given.MaxErrors }},
		{"max-deletes", func() { f.MaxDeletes = given.MaxDeletes }},
		{"max-shrink", func() { f.MaxShrink = given.MaxShrink }},
		{"expect-rows", func() { f.ExpectRows = given.ExpectRows }},
		{"concurrency", func() { f.Concurrency = given.Concurrency }},
		{"report", func() { f.Reports = given.Reports }},
		{"rate", func() { f.Rate = given.Rate }},
		{"give-up-after", func() { f.GiveUpAfter = given.GiveUpAfter }},
		{"accept-any-2xx", func() { f.AcceptAny2xx = given.AcceptAny2xx }},
	} {
		if cmd.Flags().Changed(flag.name) {
			flag.keep()
		}
	}
}

// completeResumable completes the ids of the loads that can be resumed, newest first.
func completeResumable(*cobra.Command, []string, string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
	if dir, err := load.JournalDir(); err == nil {
		journals, _ := load.ListJournals(dir) // a completion that fails offers nothing
		for _, j := range journals {
			if h := j.Header(); stateOf(j).resumable(j) {
				ids = append(ids, cobra.CompletionWithDesc(h.ID, fmt.Sprintf("%s, %s, %s", printed.Line(filepath.Base(h.Source)), h.Started.Local().Format(time.DateTime), plural.Count(j.Last().Rows, "row", "rows"))))
			}
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
