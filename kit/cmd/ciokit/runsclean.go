package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
	"github.com/spf13/cobra"
)

// cleanFlags say which journals are removed.
type cleanFlags struct {
	olderThan  string
	name       string
	unfinished bool
	dryRun     bool
	json       bool
}

func newRunsClean(con console.Console) *cobra.Command {
	var f cleanFlags
	cmd := &cobra.Command{
		Use:   "clean [ID...]",
		Short: "Remove journals of old loads, and the ids of people in them",
		Long: `Remove the journals of loads, and the files that the loads kept for their snapshots. Both contain ids of people in clear. Without an ID, the
command removes the journals of all complete loads. --older-than and --name restrict that. To resume an incomplete load
you need its journal. So such a journal is removed only with --unfinished, or if you give its ID. The journal of a running load is never removed.
If a load has a complete run after an incomplete one that is kept, the complete run is kept too: otherwise --continue would resume the incomplete one.`,
		Example: `  ciokit runs clean --older-than 30d
  ciokit runs clean --name "orders-*.csv" --unfinished --dry-run
  ciokit runs clean 20260131-120000-a1b2c3`,
		ValidArgsFunction: completeRun,
		RunE:              func(_ *cobra.Command, ids []string) error { return f.clean(con, ids) },
	}
	fl := cmd.Flags()
	fl.StringVar(&f.olderThan, "older-than", "", "only loads that were last active this long ago or longer, such as 30d, 2w or 12h")
	fl.StringVar(&f.name, "name", "", "only loads of an input with this name, or with a name that matches a pattern such as orders-*.csv")
	fl.BoolVar(&f.unfinished, "unfinished", false, "also journals of loads that are not complete, and journals that cannot be read")
	fl.BoolVar(&f.dryRun, "dry-run", false, "list what would be removed, and remove nothing")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	return cmd
}

// cleaned is a journal that was removed, or kept.
type cleaned struct {
	ID     string    `json:"id"`
	State  string    `json:"state"`
	Source string    `json:"source"`
	Active time.Time `json:"active"`
	Bytes  int64     `json:"bytes"`
	// IDs says that it may contain ids of people.
	IDs bool `json:"ids"`
	// Why says why it was kept.
	Why string `json:"why,omitempty"`
}

// cleanResult is the result of runs clean.
type cleanResult struct {
	DryRun  bool      `json:"dry_run"`
	Removed []cleaned `json:"removed"`
	Kept    []cleaned `json:"kept"`
	Bytes   int64     `json:"bytes"`
}

func (f *cleanFlags) clean(con console.Console, ids []string) error {
	before, err := f.before()
	if err != nil {
		return err
	}
	if _, err := filepath.Match(f.name, ""); err != nil {
		return exit.Fail(exit.Usage, "--name %s is not a valid pattern: %w", f.name, err)
	}
	dir, err := load.JournalDir()
	if err != nil {
		return exit.With(exit.Local, err)
	}
	journals, err := load.ListJournals(dir)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	for _, id := range ids {
		if !slices.ContainsFunc(journals, func(j *load.Journal) bool { return j.Header().ID == id }) {
			return exit.Fail(exit.Usage, "there is no run %s in %s; ciokit runs list shows the runs. Nothing was removed", id, dir)
		}
	}
	result := cleanResult{DryRun: f.dryRun, Removed: []cleaned{}, Kept: []cleaned{}}
	var failed error
	asked := func(j *load.Journal) bool {
		named := slices.Contains(ids, j.Header().ID)
		return (len(ids) == 0 || named) && f.matches(j) && (before.IsZero() || j.Active().Before(before)) && (j.Running() || j.Last().End == load.EndComplete || f.unfinished || named)
	}
	stays := func(j *load.Journal) bool { return !asked(j) || j.Running() }
	for i, j := range journals {
		named := slices.Contains(ids, j.Header().ID)
		if !asked(j) && !named {
			continue
		}
		s := stateOf(j)
		c := cleaned{ID: s.ID, State: s.State, Source: s.Source, Active: j.Active()}
		if !asked(j) {
			if c.Why = "its input does not match --name " + f.name; f.matches(j) {
				c.Why = "it was active less than " + f.olderThan + " ago (--older-than)"
			}
			c.Bytes, c.IDs, _ = j.Usage() // it stays, whatever its size
			result.Kept = append(result.Kept, c)
			continue
		}
		if c.Bytes, c.IDs, err = j.Usage(); err == nil {
			switch {
			case j.Running():
				err = j.InUse()
			case hides(journals, i, stays) != "":
				err = fmt.Errorf("%w: remove run %s too", errHides, hides(journals, i, stays))
			case !f.dryRun:
				err = j.Remove()
			}
		}
		switch {
		case err == nil:
			result.Removed = append(result.Removed, c)
			result.Bytes += c.Bytes
		default:
			c.Why = words(err)
			result.Kept = append(result.Kept, c)
			if named || !errors.Is(err, load.ErrRunning) && !errors.Is(err, errHides) {
				failed = errors.Join(failed, err)
			}
		}
	}
	if !f.dryRun { // files that killed processes left behind
		failed = errors.Join(failed, load.SweepLocks(dir))
	}
	if err := f.print(con, result); err != nil {
		return exit.With(exit.Local, err)
	}
	if failed != nil {
		return exit.With(exit.Local, failed)
	}
	return nil
}

// errHides says that a journal must be kept as long as an older one.
var errHides = errors.New("otherwise --continue would resume an older run of the same load that is not complete")

// hides returns an older, incomplete run of the same load that is kept, and that would be the load's last run without the journal at i; empty for
// none. The newest journal comes first.
func hides(journals []*load.Journal, i int, stays func(*load.Journal) bool) string {
	var of loadOptions
	if json.Unmarshal(journals[i].Header().Options, &of) != nil {
		return ""
	}
	for at, j := range journals {
		var o loadOptions
		if at == i || json.Unmarshal(j.Header().Options, &o) != nil || o.sameLoad() != of.sameLoad() {
			continue
		}
		switch {
		case at < i: // a newer run is the last one; if that is removed, the older ones are removed first
			return ""
		case stays(j) && j.Last().End == load.EndComplete:
			return ""
		case stays(j):
			return j.Header().ID
		}
	}
	return ""
}

// before is the time of --older-than; the zero time for none.
func (f *cleanFlags) before() (time.Time, error) {
	if f.olderThan == "" {
		return time.Time{}, nil
	}
	age, err := time.ParseDuration(f.olderThan)
	for suffix, unit := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, ok := strings.CutSuffix(f.olderThan, suffix); ok {
			var n int64
			n, err = strconv.ParseInt(number, 10, 32)
			age = min(time.Duration(n), 1<<13) * unit // more than a hundred years make no difference
		}
	}
	if err != nil || age <= 0 {
		return time.Time{}, exit.Fail(exit.Usage, "--older-than must be a time, such as 30d, 2w or 12h")
	}
	return time.Now().Add(-age), nil
}

// matches reports whether the load's input has the name. If there are several files, one is enough.
func (f *cleanFlags) matches(j *load.Journal) bool {
	if f.name == "" {
		return true
	}
	return slices.ContainsFunc(strings.Split(j.Header().Source, ", "), func(source string) bool {
		fits, _ := filepath.Match(f.name, filepath.Base(source)) // the pattern was checked
		return fits || source == f.name
	})
}

func (f *cleanFlags) print(con console.Console, r cleanResult) error {
	if f.json {
		return json.NewEncoder(con.Out).Encode(r)
	}
	t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
	if len(r.Removed)+len(r.Kept) > 0 {
		fmt.Fprintln(t, "ID\tSTATE\tLAST ACTIVE\tFILE\tSIZE\tRESULT")
	}
	removed := "removed"
	if f.dryRun {
		removed = "would be removed"
	}
	withIDs, unfinished := 0, 0
	for _, c := range append(r.Removed, r.Kept...) {
		what := removed
		if c.Why != "" {
			what = "kept: " + c.Why
		} else {
			if c.IDs {
				withIDs++
			}
			if c.State != "complete" {
				unfinished++
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\t%s\n", c.ID, c.State, c.Active.Local().Format(time.DateTime), filepath.Base(c.Source), console.ByteSize(c.Bytes), what)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	contained := ""
	if len(r.Removed) > 0 {
		contained = "; " + plural.Grouped(int64(withIDs)) + " of them contained ids of people"
	}
	fmt.Fprintf(con.Out, "%s %s, %s%s.\n", plural.Count(len(r.Removed), "journal", "journals"), removed, console.ByteSize(r.Bytes), contained)
	var err error
	if unfinished > 0 {
		_, err = fmt.Fprintf(con.Out, "%s. If such a load used a snapshot, the next load with that snapshot needs --full.\n",
			plural.Count(unfinished, "of the loads was not complete, and cannot be resumed without its journal", "of the loads were not complete, and cannot be resumed without their journals"))
	}
	return err
}
