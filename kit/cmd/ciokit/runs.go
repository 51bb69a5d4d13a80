package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
	"github.com/spf13/cobra"
)

func newRuns(con console.Console) *cobra.Command {
	runs := &cobra.Command{
		Use:   "runs",
		Short: "List, show and clean up the loads of this user on this machine",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the loads from all directories, newest first", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return listRuns(con, asJSON) },
	}
	show := &cobra.Command{
		Use: "show ID", Short: "Show how far a load has come", Args: cobra.ExactArgs(1),
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, args []string) error { return showRun(con, args[0], asJSON) },
	}
	for _, cmd := range []*cobra.Command{list, show} {
		cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
		runs.AddCommand(cmd)
	}
	runs.AddCommand(newRunsClean(con))
	return runs
}

// completeRun completes the id of a load.
func completeRun(*cobra.Command, []string, string) (ids []cobra.Completion, _ cobra.ShellCompDirective) {
	if dir, err := load.JournalDir(); err == nil {
		journals, _ := load.ListJournals(dir) // a completion that fails offers nothing
		for _, j := range journals {
			ids = append(ids, j.Header().ID)
		}
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// runState is what is known about a load.
type runState struct {
	load.JournalHeader
	State string          `json:"state"`
	Last  load.Checkpoint `json:"last"`
	// Problem is why the journal cannot be read.
	Problem string `json:"problem,omitempty"`
}

// perhapsRunning is the state of a load if it is not known whether it is running.
const perhapsRunning = "perhaps running"

func stateOf(j *load.Journal) runState {
	s := runState{JournalHeader: j.Header(), Last: j.Last(), State: "complete"}
	inUse := j.InUse()
	switch {
	case errors.Is(inUse, load.ErrRunning):
		s.State = "running"
	case inUse != nil:
		s.State, s.Problem = perhapsRunning, words(inUse)
	case j.Problem() != nil:
		s.State, s.Problem = "cannot be read", words(j.Problem())
	case s.Last.End != load.EndComplete && !j.CanResume():
		s.State = "unfinished, of an earlier version"
	case s.Last.End == "":
		s.State = "killed"
	case s.Last.End != load.EndComplete:
		s.State = "unfinished"
	}
	return s
}

// resumable reports whether the load of a journal in this state can be resumed now.
func (s runState) resumable(j *load.Journal) bool {
	return j.CanResume() && s.State != "running" && s.State != perhapsRunning
}

func listRuns(con console.Console, asJSON bool) error {
	dir, err := load.JournalDir()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	journals, err := load.ListJournals(dir)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	states := []runState{}
	for _, j := range journals {
		states = append(states, stateOf(j))
	}
	if asJSON {
		return json.NewEncoder(con.Out).Encode(states)
	}
	if len(states) == 0 {
		_, err := fmt.Fprintf(con.Out, "There are no journals of loads in %s.\n", dir)
		return err
	}
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tSTATE\tROWS\tACCEPTED\tREJECTED\tFILE\tTO\tTOOK")
	for _, s := range states {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", s.ID, s.State, plural.Grouped(s.Last.Rows), plural.Grouped(s.Last.Accepted), plural.Grouped(s.Last.Rejected+s.Last.RejectedByAPI),
			printed.Line(console.ShortPath(s.Source)), printed.Line(s.Target), console.Took(s.Last.Seconds))
	}
	return t.Flush()
}

func showRun(con console.Console, id string, asJSON bool) error {
	dir, err := load.JournalDir()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	j, err := load.ReadJournal(dir, id)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	s := stateOf(j)
	if asJSON {
		return json.NewEncoder(con.Out).Encode(s)
	}
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	line("id", "%s", s.ID)
	line("state", "%s", s.State)
	if s.Problem != "" {
		line("problem", "%s", console.FlagWords(s.Problem))
	}
	if s.Last.End != "" && s.Last.End != load.EndComplete {
		line("why", "%s", console.FlagWords(s.Last.End))
	}
	line("started", "%s", s.Started.Local().Format(time.DateTime))
	line("file", "%s", s.Source)
	line("mapping", "%s", s.Mapping)
	line("to", "%s", s.Target)
	line("done", "%s, %s: %s accepted, %s rejected before sending, %s rejected by the API", plural.Count(s.Last.Rows, "row", "rows"), plural.Count(s.Last.Messages, "message", "messages"), plural.Grouped(s.Last.Accepted),
		plural.Grouped(s.Last.Rejected), plural.Grouped(s.Last.RejectedByAPI))
	if s.Last.Unchanged > 0 || s.Last.Left > 0 {
		line("changes", "%s unchanged, %s no longer in the input, %s removed", plural.Count(s.Last.Unchanged, "row", "rows"), plural.Count(s.Last.Left, "person", "people"), plural.Grouped(s.Last.Removed))
	}
	line("requests", "%s (%s repeated), %s, in %s", plural.Grouped(s.Last.Requests), plural.Grouped(s.Last.Retried), console.ByteSize(s.Last.Bytes), console.Took(s.Last.Seconds))
	for rule, n := range s.Last.Reasons {
		line("rejected for", "%s: %s", rule, plural.Grouped(n))
	}
	for _, w := range s.Last.Warned {
		line("warning", "%s: %s", w.Rule, plural.Grouped(w.Count))
	}
	if s.resumable(j) {
		line("resume with", "%s", resumeCommand(s.ID, endError(s.Last.End)))
	}
	return t.Flush()
}
