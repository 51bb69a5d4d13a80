package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

func newMap(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "map",
		Short: "Write and check mappings",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMapInit(con), newMapCheck(con))
	return cmd
}

func newMapInit(con console) *cobra.Command {
	var in inputFlags
	cmd := &cobra.Command{
		Use:   "init FILE...",
		Short: "Propose a mapping for a file, to be looked over",
		Example: `  ciokit map init people.csv > people.yaml
  ciokit map check people.yaml people.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			src, err := in.open(cmd.Context(), con, args)
			if err != nil {
				return err
			}
			defer src.Close()
			p, err := source.Inspect(cmd.Context(), src, 0)
			if err != nil {
				return inspectError(cmd.Context(), err)
			}
			text, err := load.Propose(p)
			if err != nil {
				return &exitError{exitUsage, err}
			}
			_, err = con.out.Write(text)
			return err
		},
	}
	in.flags(cmd)
	return cmd
}

func newMapCheck(con console) *cobra.Command {
	var in inputFlags
	var comma, values bool
	cmd := &cobra.Command{
		Use:   "check MAP.yaml FILE...",
		Short: "Check a mapping against a file and against Customer.io's rules, and show what its rows become",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			mapping, err := load.ReadMapping(args[0])
			if err != nil {
				return inputError(err)
			}
			src, err := in.open(cmd.Context(), con, args[1:])
			if err != nil {
				return err
			}
			defer src.Close()
			plan, err := load.MakePlan(cmd.Context(), load.Job{Source: src, Mapping: mapping, DecimalComma: comma}, load.AllRows)
			if err != nil {
				var path *os.PathError
				if errors.As(err, &path) {
					return &exitError{exitLocal, err}
				}
				return loadExit(load.Summary{}, err)
			}
			fmt.Fprintf(con.out, "%s fits.\n", args[0])
			if err := printPlan(con.out, plan, "Customer.io", values || terminal(con.out)); err != nil {
				return &exitError{exitLocal, err}
			}
			if plan.Refused > 0 {
				return &exitError{code: exitRejects}
			}
			return nil
		},
	}
	in.flags(cmd)
	cmd.Flags().BoolVar(&comma, "decimal-comma", false, "int, float and decimal read 12,50 instead of 12.50")
	cmd.Flags().BoolVar(&values, "values", false, "print the first messages, with the data in them, where standard output is no terminal too")
	return cmd
}
