package main

import (
	"strconv"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/spf13/cobra"
)

func newSegments(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "segments",
		Short: "Read segments and who is in them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newSegmentsList(con), newSegmentsMembers(con))
	return cmd
}

var segmentTable = reading.Table[appapi.Segment]{Head: []string{"ID", "NAME", "TYPE", "STATE", "DESCRIPTION"}, One: "segment", Several: "segments",
	Row: func(s appapi.Segment) []string {
		return []string{string(s.ID), s.Name, string(s.Type), string(s.State), s.Description}
	}}

func newSegmentsList(con console.Console) *cobra.Command {
	var f reading.Flags
	cmd := &cobra.Command{
		Use: "list", Short: "List the segments of a workspace", Args: cobra.NoArgs,
		Example: `  ciokit segments list --to eu`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f, con, reading.All(app.Segments().List(cmd.Context())), 0, segmentTable, "")
		},
	}
	f.Add(cmd)
	return cmd
}

func newSegmentsMembers(con console.Console) *cobra.Command {
	var f reading.Flags
	var limit int
	cmd := &cobra.Command{
		Use: "members ID", Short: "List the people in a segment", Args: cobra.ExactArgs(1),
		Example: `  ciokit segments members 7 --to eu
  ciokit segments members 7 --limit 0 --json --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wholeNumber(args[0], "segment", "to see the IDs: "+nextstep.New(cmd, "segments list").String()); err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f, con, app.Segments().Members(cmd.Context(), appapi.ID(args[0]), appapi.MemberQuery{PageSize: reading.PageSize(limit)}), limit, peopleTable,
				"there is no segment "+args[0]+"; to see the segments: "+nextstep.New(cmd, "segments list").String())
		},
	}
	f.Add(cmd)
	reading.AddLimit(cmd, &limit)
	return cmd
}

// wholeNumber refuses an id that is not a whole number, and says how to see the ids.
func wholeNumber(id, what, see string) error {
	if n, err := strconv.ParseUint(id, 10, 63); err != nil || n == 0 {
		return exit.Fail(exit.Usage, "the ID of a %s must be a whole number, not %q; %s", what, id, see)
	}
	return nil
}
