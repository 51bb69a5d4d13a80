package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

func newSource(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "source",
		Short: "Show what a file or a query contains before you load it",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newInspect(con))
	return cmd
}

// inputFlags are the flags that say how to read an input.
type inputFlags struct {
	query, config string
	orderBy       []string
	comma         bool
	rows          loadOptions // only the options about reading a file are used
}

func (f *inputFlags) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.query, "query", "", "SQL query, if FILE is a database")
	fl.StringVar(&f.rows.Format, "format", "", "csv, jsonl or parquet; default by the file's extension, then by its first bytes")
	fl.StringVar(&f.config, "config", "", "file of database connections; default connections.yaml in the directory of ciokit's configuration")
	f.rows.dialectFlags(fl)
	fl.StringVar(&f.rows.Encoding, "encoding", "", "encoding of text; default the encoding of its byte order mark, or utf-8")
	fl.StringSliceVar(&f.rows.Columns, "columns", nil, "names of the columns of CSV without a header")
	fl.IntVar(&f.rows.SkipRows, "skip-rows", 0, "how many lines to skip before the header")
	fl.StringVar(&f.rows.JSONPath, "json-path", "", "path of the rows in a JSON object, such as data.customers")
	fl.StringSliceVar(&f.orderBy, "order-by", nil, "columns of the query that together identify a row, as for a load")
	fl.BoolVar(&f.comma, "decimal-comma", false, "numbers have a comma before their decimals: the functions float and decimal of the mapping read 12,50, and reject 12.50")
}

func (f *inputFlags) open(ctx context.Context, con console.Console, args []string) (source.Source, error) {
	cfg, err := f.rows.sourceConfig()
	if err != nil {
		return nil, err
	}
	if args, err = input.Expand(args); err != nil {
		return nil, err
	}
	in := input.Input{Args: args, Query: f.query, OrderBy: f.orderBy, Config: f.config, Source: cfg}
	src, err := in.Open(ctx, con)
	if err != nil {
		return nil, input.Named(input.Error(err), args)
	}
	return src, nil
}

// inspect inspects the input.
func (f *inputFlags) inspect(ctx context.Context, con console.Console, args []string) (source.Profile, error) {
	src, err := f.open(ctx, con, args)
	if err != nil {
		return source.Profile{}, err
	}
	defer src.Close()
	p, err := source.Inspect(ctx, src, 0)
	if err != nil {
		return p, input.Named(inspectError(ctx, err), args)
	}
	return p, nil
}

// words are the arguments and flags that read the input, quoted for a shell.
func (f *inputFlags) words(cmd *cobra.Command, args []string, p source.Profile) string {
	var words []string
	for _, arg := range args {
		words = append(words, nextstep.Word(arg))
	}
	flag := func(name, value string) {
		if value != "" {
			words = append(words, "--"+name, nextstep.Word(value))
		}
	}
	flag("query", f.query)
	flag("order-by", strings.Join(f.orderBy, ","))
	flag("config", f.config)
	flag("format", f.rows.Format)
	flag("json-path", f.rows.JSONPath)
	flag("columns", strings.Join(f.rows.Columns, ","))
	if p.Dialect != nil {
		for _, text := range p.Dialect.Flags() {
			if name, _, _ := strings.Cut(strings.TrimPrefix(text, "--"), " "); cmd.Flags().Lookup(name) != nil {
				words = append(words, text)
			}
		}
	} else {
		flag("encoding", f.rows.Encoding)
		if f.rows.SkipRows > 0 {
			flag("skip-rows", strconv.Itoa(f.rows.SkipRows))
		}
	}
	if f.rows.AllRows {
		words = append(words, "--all-rows")
	}
	if f.comma {
		words = append(words, "--decimal-comma")
	}
	return strings.Join(words, " ")
}

func newInspect(con console.Console) *cobra.Command {
	var in inputFlags
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE...",
		Short: "Show the columns, example values, and roughly how many rows there are",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := in.inspectAsProposed(cmd, con, args, false)
			if err != nil {
				return err
			}
			if asJSON {
				return json.NewEncoder(con.Out).Encode(p)
			}
			return printProfile(con.Out, p)
		},
	}
	in.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON; its examples are personal data")
	return cmd
}

func inspectError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return exit.With(exit.Interrupted, exit.ErrInterrupted)
	}
	var format *source.FormatError
	if errors.As(err, &format) {
		return exit.With(exit.Usage, err)
	}
	return exit.With(exit.Local, err)
}

func printProfile(w io.Writer, p source.Profile) error {
	fmt.Fprintf(w, "%s\n", rowsText(p))
	for _, evidence := range p.DialectEvidence {
		fmt.Fprintf(w, "%s\n", console.Printable(strings.TrimSuffix(evidence, "\n")))
	}
	fmt.Fprintln(w)
	if p.Headerless != "" {
		fmt.Fprintf(w, "The first line seems to be a row, not the names of the columns: %s. Give the names: --columns %s\n\n", p.Headerless, strings.Join(namesFor(p), ","))
	}
	typed := slices.ContainsFunc(p.Columns, func(c source.ColumnProfile) bool { return c.Type != "" })
	if p.RowsIn != nil {
		fmt.Fprintf(w, "%s\n\n", rowsInText(p.RowsIn))
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	cell := func(parts ...string) { fmt.Fprintln(t, strings.Join(parts, "\t")) }
	head := []string{"COLUMN", "TYPE", "LOOKS LIKE", "EMPTY", "EXAMPLE", "EVIDENCE"}
	if !typed {
		head = slices.Delete(head, 1, 2)
	}
	cell(head...)
	for i, c := range p.Columns {
		looks := string(c.Looks)
		if c.Personal {
			looks += ", personal"
		}
		name := console.Printable(c.Name)
		if p.Headerless != "" {
			name = strconv.Itoa(i + 1)
		}
		parts := []string{name, c.Type, looks, plural.Grouped(c.Empty), shortened(c.Example), printed.Line(strings.Join(c.Evidence, "; "))}
		if !typed {
			parts = slices.Delete(parts, 1, 2)
		}
		cell(parts...)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if p.OtherColumns > 0 {
		fmt.Fprintln(w, "\nThere are more columns, which were not read.")
	}
	if slices.ContainsFunc(p.Columns, func(c source.ColumnProfile) bool { return c.Looks == source.LooksTwice }) {
		fmt.Fprintln(w, "\nIf two columns have the same name, they are not read: rename one, in the file or with AS in the query.")
	}
	if p.Connection != nil {
		fmt.Fprintf(w, "\nThe connection is %s.\n", p.Connection)
	}
	if p.Bad > 0 {
		_, err := fmt.Fprintf(w, "\n%s cannot be read; the first, on line %d: %v\n", plural.Count(p.Bad, "row", "rows"), p.BadLine, printed.Line(fmt.Sprint(p.BadReason)))
		return err
	}
	return nil
}

// rowsInText says that the rows may be in the only object.
func rowsInText(paths []string) string {
	return "There is only one object, with lists of objects in it: if these are the rows, give --json-path " + console.Printable(strings.Join(paths, " or --json-path ")) + "."
}

// rowsText says how many rows there are and which of them were read.
func rowsText(p source.Profile) string {
	about := "about "
	if p.Complete {
		about = ""
	}
	switch {
	case p.Rows < 0:
		return "The first " + plural.Count(p.Sampled, "row", "rows") + " were read; the total is not known."
	case p.Complete && p.Stride == 0:
		return plural.Count(p.Rows, "row", "rows") + ", all of them read."
	case p.Stride > 0:
		return fmt.Sprintf("%s%s; %s were read: the first %s and then one in %s.", about, plural.Count(p.Rows, "row", "rows"), plural.Grouped(p.Sampled),
			plural.Grouped(source.FirstRows), plural.Grouped(p.Stride))
	}
	return fmt.Sprintf("%s%s; the first %s were read.", about, plural.Count(p.Rows, "row", "rows"), plural.Grouped(p.Sampled))
}

// namesFor proposes names for the columns of a file without a header, from their values.
func namesFor(p source.Profile) []string {
	var names []string
	used := make(map[string]int)
	for i, c := range p.Columns {
		name := ""
		switch c.Looks {
		case source.LooksEmail, source.LooksPhone:
			name = string(c.Looks)
		case source.LooksDate, source.LooksUnix, source.LooksUnixMilli, source.LooksUnixMicro:
			name = "at"
		case source.LooksID, source.LooksInteger:
			if i == 0 {
				name = "id"
			}
		}
		if name == "" || used[name] > 0 {
			name = "c" + strconv.Itoa(i+1)
		}
		used[name]++
		names = append(names, name)
	}
	return names
}

// shortened is a text for one line of a table, without control characters.
func shortened(s string) string {
	const most = 40
	r := []rune(strings.Join(strings.Fields(s), " "))
	text := string(r)
	if len(r) > most {
		text = string(r[:most-3]) + "..."
	}
	return console.Printable(text)
}
