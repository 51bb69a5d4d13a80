package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
	"github.com/spf13/cobra"
)

// input is what the arguments and flags of a command say of where rows come from.
type input struct {
	args    []string
	query   string        // of a database
	orderBy []string      // columns that tell its rows apart
	config  string        // the file of connections, empty for the usual one
	stall   time.Duration // how long a database may send nothing, 0 for the default
	source  source.Config
}

// expand is source.Expand for arguments that may be a database, whose URL can hold a question mark.
func expand(args []string) ([]string, error) {
	if err := checkForeign(args); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(args, isDatabase) {
		return args, nil
	}
	args, err := source.Expand(args...)
	if err != nil {
		return nil, &exitError{exitLocal, err}
	}
	return args, nil
}

// open opens what the arguments stand for.
func (in input) open(ctx context.Context, con console) (source.Source, error) {
	args := in.args
	switch {
	case len(args) == 1 && args[0] == "-":
		return source.New(con.in, in.source)
	case len(args) > 1 && (isDatabase(args[0]) || isDatabase(args[1])):
		return nil, fail(exitUsage, "a database stands alone; load the others by themselves")
	case !isDatabase(args[0]):
		if in.query != "" || in.orderBy != nil {
			return nil, fail(exitUsage, "--query and --order-by are for databases, and %s is none", args[0])
		}
		return source.OpenFiles(args, in.source)
	}
	url, err := databaseURL(con, args[0], in.config)
	if err != nil {
		return nil, err
	}
	if in.query == "" {
		return nil, fail(exitUsage, "say which rows: --query 'SELECT ...'")
	}
	return sqldb.Open(ctx, url, sqldb.Query{SQL: in.query, OrderBy: in.orderBy, StallTimeout: in.stall})
}

func newSource(con console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Look at what can be loaded",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInspect(con))
	return cmd
}

// inputFlags are the flags that say how to read an input.
type inputFlags struct {
	query, format, delimiter, encoding string
	config, jsonPath                   string
	columns                            []string
	skipRows                           int
}

func (f *inputFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.query, "query", "", "SQL query, where FILE is a database")
	fl.StringVar(&f.format, "format", "", "csv, jsonl or parquet; default by the file's extension, then by its first bytes")
	fl.StringVar(&f.config, "config", "", "file of database connections; default connections.yaml in the directory of ciokit's configuration")
	fl.StringVar(&f.delimiter, "delimiter", "", `separates the fields of CSV: one character, or \t`)
	fl.StringVar(&f.encoding, "encoding", "", "of text; default utf-8")
	fl.StringSliceVar(&f.columns, "columns", nil, "names of the columns of CSV without a header")
	fl.IntVar(&f.skipRows, "skip-rows", 0, "how many lines to skip before the header")
	fl.StringVar(&f.jsonPath, "json-path", "", "where in objects of JSON the rows are, such as data.customers")
}

func (f *inputFlags) open(ctx context.Context, con console, args []string) (source.Source, error) {
	l := loadFlags{loadOptions: loadOptions{Delimiter: f.delimiter}}
	delimiter, err := l.separator()
	if err != nil {
		return nil, err
	}
	if args, err = expand(args); err != nil {
		return nil, err
	}
	in := input{args: args, query: f.query, config: f.config, source: source.Config{Format: source.Format(f.format), Delimiter: delimiter, Encoding: f.encoding, Columns: f.columns, SkipLines: f.skipRows, JSONPath: f.jsonPath}}
	src, err := in.open(ctx, con)
	if err != nil {
		return nil, inputError(err)
	}
	return src, nil
}

func newInspect(con console) *cobra.Command {
	var in inputFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show columns, what is in them, and about how many rows there are",
		Args:  cobra.MinimumNArgs(1),
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
			if asJSON {
				return json.NewEncoder(con.out).Encode(p)
			}
			return printProfile(con.out, p)
		},
	}
	in.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON; the examples in it are personal data")
	return cmd
}

func inspectError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return &exitError{exitInterrupted, errInterrupted}
	}
	var format *source.FormatError
	if errors.As(err, &format) {
		return &exitError{exitUsage, err}
	}
	return &exitError{exitLocal, err}
}

func printProfile(w io.Writer, p source.Profile) error {
	about := "about "
	if p.Complete {
		about = ""
	}
	if p.Rows >= 0 {
		fmt.Fprintf(w, "%s%s; the columns of the first %s:\n\n", about, plural.Count(p.Rows, "row", "rows"), plural.Grouped(p.Sampled))
	} else {
		fmt.Fprintf(w, "The columns of the first %s:\n\n", plural.Count(p.Sampled, "row", "rows"))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "COLUMN\tTYPE\tLOOKS LIKE\tEMPTY\tEXAMPLE")
	for _, c := range p.Columns {
		looks := string(c.Looks)
		if c.Personal {
			looks += ", personal"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", c.Name, c.Type, looks, plural.Grouped(c.Empty), shortened(c.Example))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if slices.ContainsFunc(p.Columns, func(c source.ColumnProfile) bool { return c.Looks == source.LooksTwice }) {
		fmt.Fprintln(w, "\nColumns whose name is there twice are not read: rename one, in the file or with AS in the query.")
	}
	if p.Connection != nil {
		fmt.Fprintf(w, "\nThe connection is %s.\n", p.Connection)
	}
	if p.Bad > 0 {
		_, err := fmt.Fprintf(w, "\n%s cannot be read; the first, on line %d: %v\n", plural.Count(p.Bad, "row", "rows"), p.BadLine, p.BadReason)
		return err
	}
	return nil
}

// shortened is text in one line of a table.
func shortened(s string) string {
	const most = 40
	r := []rune(strings.Join(strings.Fields(s), " "))
	if len(r) > most {
		return string(r[:most-3]) + "..."
	}
	return string(r)
}
