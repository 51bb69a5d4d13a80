package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
	"github.com/spf13/cobra"
)

// changeOptions are the flags of ciokit load about snapshots.
type changeOptions struct {
	Snapshot    string `json:"snapshot,omitempty"`
	DiffWith    string `json:"diff_with,omitempty"`
	SnapshotIDs bool   `json:"snapshot_ids,omitempty"`
	Full        bool   `json:"full,omitempty"`
	Mode        string `json:"mode,omitempty"`
	MirrorWith  string `json:"mirror_with,omitempty"`
	MaxShrink   int    `json:"max_shrink,omitempty"`
	NewMapping  bool   `json:"new_mapping,omitempty"`
}

// changeFlags are the names of the flags that --resume reads from the journal.
var changeFlags = []string{"snapshot", "diff-with", "snapshot-ids", "full", "mode", "mirror-with", "new-mapping"}

func (o *changeOptions) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&o.Snapshot, "snapshot", "", "file that records what was sent for each row: rows that have not changed since are skipped, and the file is updated at the end")
	fl.StringVar(&o.DiffWith, "diff-with", "", "another snapshot to compare with; default that of --snapshot, if there is one")
	fl.BoolVar(&o.SnapshotIDs, "snapshot-ids", false, "keep the userIds in the snapshot, in clear; --mode mirror needs them; the file has mode 0600")
	fl.BoolVar(&o.Full, "full", false, "also send rows that have not changed; give it once if the write key was replaced, or if a load with the snapshot was killed and you do not resume it; after a killed load, --continue sends all rows by itself")
	fl.StringVar(&o.Mode, "mode", "upsert", "upsert, or mirror: at the end, delete people of the snapshot whose userId is no longer in the input")
	fl.StringVar(&o.MirrorWith, "mirror-with", "delete", "what --mode mirror does with people who are no longer in the input: delete or suppress")
	fl.IntVar(&o.MaxShrink, "max-shrink", load.DefaultMaxShrink, "percentage of the people in the snapshot that can be missing from the input; if more are missing, --mode mirror deletes nobody; ten people or fewer can always be missing, unless they are more than half of all. A second check applies in every mode: a load stops before it sends anything if most people are missing or nearly all are new. 100 switches off this check and that of --mode mirror")
	fl.BoolVar(&o.NewMapping, "new-mapping", false, "load even if columns of the input have changed since the snapshot, or if nearly all ids differ from those of the snapshot. --mode mirror needs the flag also if the mapping or the query has changed. This load deletes nobody. People of the snapshot who are not in the input are removed from the snapshot")
	cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]cobra.Completion{"upsert", "mirror"}, cobra.ShellCompDirectiveNoFileComp))
	cmd.RegisterFlagCompletionFunc("mirror-with", cobra.FixedCompletions([]cobra.Completion{"delete", "suppress"}, cobra.ShellCompDirectiveNoFileComp))
}

// changes checks the flags and returns what they say.
func (o *changeOptions) changes() (load.ChangeOnly, error) {
	c := load.ChangeOnly{Snapshot: o.Snapshot, DiffWith: o.DiffWith, IDs: o.SnapshotIDs, Full: o.Full, MaxShrink: o.MaxShrink, NewMapping: o.NewMapping}
	mirror := o.Mode == "mirror"
	switch {
	case o.Mode != "upsert" && !mirror:
		return c, console.OneOf("mode", o.Mode, "upsert", "mirror")
	case o.MirrorWith != "delete" && o.MirrorWith != "suppress":
		return c, console.OneOf("mirror-with", o.MirrorWith, "delete", "suppress")
	case o.MaxShrink < 1 || o.MaxShrink > 100:
		return c, exit.Fail(exit.Usage, "--max-shrink must be a number from 1 to 100")
	case mirror && (o.Snapshot == "" || !o.SnapshotIDs):
		return c, exit.Fail(exit.Usage, "--mode mirror needs --snapshot FILE and --snapshot-ids: to delete people who are no longer in the input, the load needs their ids in clear in the snapshot")
	case o.NewMapping && o.Snapshot == "" && o.DiffWith == "":
		return c, exit.Fail(exit.Usage, "--new-mapping is for a load with a snapshot whose ids, columns or mapping were different: give the snapshot with --snapshot")
	case o.SnapshotIDs && o.Snapshot == "":
		return c, exit.Fail(exit.Usage, "--snapshot-ids needs --snapshot FILE, the file that keeps the ids")
	case o.Full && o.Snapshot == "" && o.DiffWith == "":
		return c, exit.Fail(exit.Usage, "--full also sends rows that have not changed since a snapshot: give the snapshot with --snapshot")
	}
	if mirror {
		c.Mirror = load.Mirror(o.MirrorWith)
	}
	return c, nil
}

// sayChanges prints which snapshot the load compares with.
func (l *loading) sayChanges() error {
	c := l.job.Changes
	file := c.DiffWith
	if file == "" {
		file = c.Snapshot
	}
	if file == "" {
		return nil
	}
	info, err := load.ReadSnapshotInfo(file)
	if errors.Is(err, os.ErrNotExist) && c.DiffWith == "" {
		l.say("There is no snapshot %s yet: every row is sent, and the snapshot is made at the end.", console.ShortPath(file))
		if c.Mirror != "" {
			l.say("This load deletes nobody. Later loads use the snapshot to find people who are no longer in the input.")
		}
		return nil
	}
	if err != nil {
		return input.Error(err)
	}
	l.compared = true
	known := plural.Count(info.Entries, "id, address or other thing that messages were about", "ids, addresses and other things that messages were about")
	if info.HasIDs {
		known = plural.Count(info.IDs, "person", "people")
	}
	l.say("Comparing with the snapshot %s of %s, which contains %s.", console.ShortPath(file), info.Made.Local().Format(time.DateTime), known)
	if info.MappingHash != l.job.Mapping.Hash() {
		l.say("The mapping has changed since: rows whose messages have changed are sent.")
	}
	if !l.readsTwice() {
		l.say("%s can be read only once, so the load does not compare it with the snapshot before it sends.", l.inputWord())
	}
	if c.Mirror != "" && info.Older {
		l.say("An older version made it, and its ids may include people whom no load identified, so this load deletes nobody. The next load can find people who are no longer in the input.")
	} else if c.Mirror != "" && !info.HasIDs {
		l.say("It was made without --snapshot-ids, so this load deletes nobody. The next load can find people who are no longer in the input.")
	}
	return nil
}

// readsTwice reports whether the input can be read once before it is sent.
func (l *loading) readsTwice() bool {
	return !l.f.stdin() && (l.fingerprint != "" || input.IsDatabase(l.f.Files[0]))
}

// inputWord names the input at the beginning of a sentence.
func (l *loading) inputWord() string {
	if l.f.stdin() {
		return "Standard input"
	}
	return l.f.name()
}

// compare stops a load if its input differs so much from the snapshot that it is probably a mistake, and warns if nearly everybody has changed.
func (l *loading) compare(con console.Console, c *load.Comparison) error {
	l.f.comparison = c
	if err := c.Stop(); err != nil {
		return loadExit(load.Summary{}, err)
	}
	if warning := c.Warning(); warning != "" {
		fmt.Fprintln(con.Err, "Warning:", warning)
	}
	return nil
}

// changesHint says what to do about an error with a snapshot; "" for any other error.
func changesHint(err error) string {
	var pending *load.PendingError
	switch {
	case errors.As(err, &pending) && pending.Running:
		return "only one load at a time can use a snapshot"
	case errors.As(err, &pending) && pending.Run != "":
		return "either repeat the load with --full, or resume the one that was killed: " + resumeCommand(pending.Run, nil)
	case errors.As(err, &pending):
		return "repeat the load with --full"
	case errors.Is(err, load.ErrShrunk):
		return "none of them was deleted. If the input is wrong, correct it, or load with --mode upsert"
	}
	return ""
}
