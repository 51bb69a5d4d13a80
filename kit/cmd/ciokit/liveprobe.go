package main

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/livetest"
	"github.com/spf13/cobra"
)

func newLiveProbe(con console.Console) *cobra.Command {
	var flags liveFlags
	var report, switches string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "probe",
		Short: "Find out what Customer.io does where its documentation says nothing",
		Long: `Test what Customer.io does where its documentation says nothing, one question after another, and say whether this toolkit assumes the
same. The command deletes at the end what it made. Most questions need CUSTOMERIO_APP_API_KEY. On a real workspace it takes some minutes:
to know that something does not happen, the command has to wait.

Without --report the report goes to standard output, in Markdown or, with --json, as a JSON object.`,
		Example: `  ciokit live probe --to emulator
  ciokit live probe --to eu --workspace "Tests" --report observed.md --switches observed.switches
  ciokit emulate --switches observed.switches`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := flags.config(cmd.Context(), con, true)
			if err != nil {
				return err
			}
			return probeLive(cmd, con, cfg, report, switches, asJSON)
		},
	}
	flags.add(cmd)
	flags.addMaking(cmd)
	cmd.Flags().StringVar(&report, "report", "", "file for the report; default standard output")
	cmd.Flags().StringVar(&switches, "switches", "", "file to write the answers to; ciokit emulate --switches then behaves like the workspace")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as JSON")
	return cmd
}

func probeLive(cmd *cobra.Command, con console.Console, cfg livetest.Config, file, switches string, asJSON bool) error {
	ctx := cmd.Context()
	s, err := openLive(ctx, con, cfg)
	if err != nil {
		return err
	}
	r := livetest.Report{At: time.Now().UTC(), Target: s.Target(), Run: s.RunID()}
	var stopped error
	all := livetest.Experiments()
	for i, e := range all {
		f, err := s.Probe(ctx, e)
		if err != nil {
			stopped, r.Stopped = err, words(err)
			break
		}
		fmt.Fprintf(con.Err, "%d of %d  %-22s %s\n", i+1, len(all), f.ID, f.Verdict)
		r.Findings = append(r.Findings, f)
	}
	closed := s.Close(ctx)
	text := []byte(r.Markdown())
	if asJSON {
		if text, err = json.MarshalIndent(r, "", "  "); err != nil {
			return exit.With(exit.Local, err)
		}
		text = append(text, '\n')
	}
	if file != "" {
		err = writeFile(file, text)
	} else {
		_, err = con.Out.Write(text)
	}
	if err == nil && switches != "" && stopped == nil {
		err = writeFile(switches, []byte(r.SwitchFile()))
	}
	switch {
	case closed != nil:
		return liveExit(ctx, leftBehind(cmd, closed))
	case stopped != nil:
		return liveExit(ctx, stopped)
	}
	return err
}
