package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

func newMap(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "map",
		Short: "Write and check mappings",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newMapInit(con), newMapCheck(con))
	return cmd
}

func newMapInit(con console.Console) *cobra.Command {
	var in inputFlags
	var cfg mapping.ProposeConfig
	cmd := &cobra.Command{
		Use:   "init FILE...",
		Short: "Propose a mapping for a file, for you to check",
		Long: `Propose a mapping for a file, for you to check. The first lines of the mapping say how to load the file. Rows with an order id, an amount, a time
and a customer become order events. Rows with the name of an event and a time become events. Other rows about people become people. The
mapping leaves open what only you can decide, with the choices in comments. A load refuses the mapping until you have decided.`,
		Example: `  ciokit map init people.csv > people.yaml
  ciokit map init logins.csv --user-id member --event 'Logged In' > logins.yaml
  ciokit map check people.yaml people.csv`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := in.inspectAsProposed(cmd, con, args, true)
			if err != nil {
				return err
			}
			cfg.Input, cfg.DecimalComma = in.words(cmd, args, p), in.comma
			proposal, err := mapping.Propose(p, cfg)
			if err != nil {
				return exit.With(exit.Usage, err)
			}
			if p.RowsIn != nil && in.rows.JSONPath == "" {
				fmt.Fprintln(con.Err, rowsInText(p.RowsIn))
			}
			if p.Bad > 0 {
				fmt.Fprintf(con.Err, "%s cannot be read, and the mapping does not take %s into account; the first, on line %d: %s. A load rejects such rows.\n",
					plural.Count(p.Bad, "row", "rows"), plural.Form(int(p.Bad), "it", "them"), p.BadLine, printed.Line(p.BadReason))
			}
			for _, open := range proposal.Open {
				fmt.Fprintf(con.Err, "The mapping is not complete: %s. In the mapping, the word CHOOSE marks the place.\n", open)
			}
			_, err = con.Out.Write(proposal.Mapping)
			return err
		},
	}
	in.flags(cmd)
	fl := cmd.Flags()
	fl.StringVar(&cfg.UserID, "user-id", "", "the column that identifies a person")
	fl.StringVar(&cfg.Event, "event", "", "each row is an event: the name of the event, or the column with the name")
	return cmd
}

// inspectAsProposed inspects an input. If the reader refuses it and knows one flag that would help, or, for a mapping, the rows are not about
// people, it says so, sets the flag as if it had been given, and inspects again. Commands that send rows, or show what would be sent, never do
// that.
func (f *inputFlags) inspectAsProposed(cmd *cobra.Command, con console.Console, args []string, forMapping bool) (source.Profile, error) {
	set := make(map[string]bool)
	for {
		p, err := f.inspect(cmd.Context(), con, args)
		why, flag, value := "", "", ""
		var format *source.FormatError
		switch {
		case errors.As(err, &format):
			why, flag, value = strings.TrimPrefix(console.FlagWords((&source.FormatError{Line: format.Line, Problem: format.Problem}).Error()), "source: "), format.Flag, format.Value
		case err != nil || !forMapping:
		case len(p.RowsIn) == 1 && f.rows.JSONPath == "" && !namesPeople(p):
			why, flag, value = "there is only one object, and its rows seem to be in its member "+p.RowsIn[0], "json-path", p.RowsIn[0]
		case p.Headerless != "":
			why, flag, value = "the first line seems to be a row, not the names of the columns: "+p.Headerless, "columns", strings.Join(namesFor(p), ",")
		}
		known := cmd.Flags().Lookup(flag)
		switch {
		case known == nil || set[flag] || known.Changed:
			return p, err
		case slices.Contains(args, "-"):
			if err == nil {
				err = exit.Fail(exit.Usage, "%s; give --%s %s: input from a pipe cannot be read again", why, flag, nextstep.Word(value))
			}
			return p, err
		}
		if err := cmd.Flags().Set(flag, value); err != nil {
			return p, exit.With(exit.Usage, err)
		}
		set[flag] = true
		use := "It is read here, and must be loaded,"
		if forMapping {
			use = "Use the mapping"
		}
		fmt.Fprintf(con.Err, "%s. %s with --%s %s.\n", console.Printable(strings.ToUpper(why[:1])+why[1:]), use, flag, console.Printable(nextstep.Word(value)))
	}
}

// namesPeople reports whether a column has addresses of people.
func namesPeople(p source.Profile) bool {
	return slices.ContainsFunc(p.Columns, func(c source.ColumnProfile) bool { return c.Looks == source.LooksEmail })
}

func newMapCheck(con console.Console) *cobra.Command {
	var in inputFlags
	var values, asJSON bool
	cmd := &cobra.Command{
		Use:   "check MAP.yaml FILE...",
		Short: "Check a mapping against a file and Customer.io's rules, and show the messages",
		Args:  cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			m, err := readMapping(args[0], args[1:], func(mapping, file string) string {
				return "the mapping comes first: " + nextstep.New(cmd, "map check", mapping, file).String()
			})
			if err != nil {
				return err
			}
			src, err := in.open(cmd.Context(), con, args[1:])
			if err != nil {
				return err
			}
			defer src.Close()
			plan, err := load.MakePlan(cmd.Context(), load.Job{Source: src, Mapping: m, DecimalComma: in.comma}, load.AllRows)
			if err != nil {
				var path *os.PathError
				if errors.As(err, &path) {
					return exit.With(exit.Local, err)
				}
				return input.Named(loadExit(load.Summary{}, err), args[1:])
			}
			if asJSON {
				if !values {
					for i := range plan.Kinds {
						plan.Kinds[i].Example = nil
					}
				}
				if err := json.NewEncoder(con.Out).Encode(plan); err != nil {
					return exit.With(exit.Local, err)
				}
				if plan.Rejected > 0 {
					return exit.With(exit.Rejects, nil)
				}
				return nil
			}
			fmt.Fprintln(con.Out, fitText(printed.Line(args[0]), plan))
			if err := printPlan(con.Out, plan, "Customer.io", values || console.Terminal(con.Out)); err != nil {
				return exit.With(exit.Local, err)
			}
			if plan.Rejected > 0 {
				return exit.With(exit.Rejects, nil)
			}
			return nil
		},
	}
	in.flags(cmd)
	cmd.Flags().BoolVar(&values, "values", false, "print the data of the first messages also if standard output is a file or a program; a terminal always gets it")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON; its examples are personal data, so they are printed only with --values")
	return cmd
}

// fitText says whether a mapping fits an input. It does not fit if most rows would be rejected.
func fitText(mapping string, p load.Plan) string {
	switch {
	case p.Sampled == 0:
		return mapping + " can be read, but the input has no row to check it with."
	case p.Rejected == 0 && p.Empty == p.Sampled:
		return mapping + " makes no message from any row."
	case p.Rejected == 0:
		return mapping + " fits."
	case p.Rejected*2 > p.Sampled:
		return fmt.Sprintf("%s does not fit the input: %s of %s would be rejected.", mapping, plural.Grouped(p.Rejected), plural.Count(p.Sampled, "row", "rows"))
	}
	return fmt.Sprintf("%s fits %s of %s.", mapping, plural.Grouped(p.Sampled-p.Rejected), plural.Count(p.Sampled, "row", "rows"))
}
