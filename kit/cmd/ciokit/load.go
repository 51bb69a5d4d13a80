package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/load"
	"github.com/spf13/cobra"
)

// loadOptions decide which messages a load sends, and where. A journal keeps them, so that the load can be resumed. They do not contain the key.
type loadOptions struct {
	Files        []string      `json:"files"`
	To           string        `json:"to"`
	Emulator     *bool         `json:"emulator,omitempty"` // an emulator accepts the load; nil if no server answered
	KeyFile      string        `json:"key_file,omitempty"`
	Mapping      string        `json:"mapping"`
	Query        string        `json:"query,omitempty"`
	OrderBy      []string      `json:"order_by,omitempty"`
	Config       string        `json:"config,omitempty"`
	Format       string        `json:"format,omitempty"`
	Delimiter    string        `json:"delimiter,omitempty"`
	Quote        string        `json:"quote,omitempty"`
	Escape       string        `json:"escape,omitempty"`
	LineEnd      string        `json:"line_end,omitempty"`
	Encoding     string        `json:"encoding,omitempty"`
	Columns      []string      `json:"columns,omitempty"`
	SkipRows     int           `json:"skip_rows,omitempty"`
	JSONPath     string        `json:"json_path,omitempty"`
	AllRows      bool          `json:"all_rows,omitempty"`
	Comma        bool          `json:"decimal_comma,omitempty"`
	Rejects      string        `json:"rejects,omitempty"`
	Deny         string        `json:"deny,omitempty"`
	DenyColumn   string        `json:"deny_column,omitempty"`
	DenyCoding   string        `json:"deny_encoding,omitempty"`
	DenyEmpty    bool          `json:"deny_empty,omitempty"`
	Guard        string        `json:"guard,omitempty"`
	GuardKey     string        `json:"guard_key,omitempty"` // the file
	Reports      []string      `json:"reports,omitempty"`
	Limit        int64         `json:"limit,omitempty"`
	MaxErrors    bound         `json:"-"` // the journal has the bounds
	MaxDeletes   bound         `json:"-"`
	ExpectRows   string        `json:"expect_rows,omitempty"`
	Concurrency  int           `json:"concurrency"`
	Rate         int           `json:"rate,omitempty"`
	GiveUpAfter  time.Duration `json:"give_up_after"`
	Strict       bool          `json:"strict_identity,omitempty"`
	AcceptAny2xx bool          `json:"accept_any_2xx,omitempty"`
	changeOptions
}

// loadFlags are the flags of ciokit load.
type loadFlags struct {
	loadOptions
	dryRun   bool
	newKey   bool
	json     bool
	yes      bool
	resume   string
	goesOn   bool // --continue
	progress string
	cmd      *cobra.Command

	result     *loadResult      // nil if no run began
	comparison *load.Comparison // of the input with the snapshot; nil for none
	continued  *continued       // what --continue has decided
	fallback   bool             // if a run cannot begin or be resumed, only --continue gets the error
}

func newLoad(con console.Console) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load FILE... --mapping MAP.yaml --to WHERE",
		Short: "Load files: every row becomes one or more messages",
		Long: `Load files of rows into Customer.io: CSV, JSON Lines or Parquet, also compressed with gzip, zstd, bzip2 or xz. A FILE can be a
pattern such as 'orders-*.csv', and - is standard input. Several files are one input, in the order given. With --query, FILE is a database. A
load with --query can be resumed only if it has --order-by.

A mapping in YAML says which messages a row becomes. Messages of one person are sent in the order of their rows. If a row cannot be read or
mapped, or is not accepted, the load continues. The row is counted, its line number is shown, and it is written to the file of --rejects.
If you load the same file again, the message ids are the same.

A load keeps a journal. If a load ends early, for any reason, ciokit load --resume ID resumes it.

For a load that cron runs every night, use --continue. If the last run of the same input, query, mapping, workspace and snapshot ended early,
the command resumes that run. If that run was complete or cannot be resumed, the command starts a new load. It says which of the two it does, and
why. A new load starts at the first row. After a run that was killed, the snapshot may not show which rows were sent. The new load then also
sends unchanged rows.

There is one exception: if the mapping has events without a messageId, a new load could send them again, and Customer.io would count them twice.
Then, if the last run ended early and cannot be resumed, no new load is started. The exit code is then 7 if rows of the query have changed, and 2 for all other reasons, such
as a changed file. The exit code is also 2 while another process runs this load.

Before a load sends anything to a real workspace, it shows what it would send and asks you. --yes answers in advance.

"Accepted" means that Customer.io answered with success. It does not promise more.`,
		Example: `  ciokit load people.csv --mapping people.yaml --to emulator
  ciokit load orders.jsonl --mapping orders.yaml --to eu --key-file key.txt --rejects orders.rejects.jsonl --yes
  ciokit load "orders-*.csv.gz" --mapping orders.yaml --to us --json --yes
  ciokit load db:shop --query "SELECT id, email FROM customers" --order-by id --mapping people.yaml --to eu --yes
  ciokit load "export/*.parquet" --mapping people.yaml --to eu --dry-run
  ciokit load people.csv --mapping people.yaml --to eu --yes --continue
  ciokit load --resume 20260131-120000-a1b2c3`,
		Args: func(cmd *cobra.Command, args []string) error {
			if f.resume == "" {
				return cobra.MinimumNArgs(1)(cmd, args)
			}
			if len(args) > 0 {
				return fmt.Errorf("--resume uses the input of the load that it resumes; remove %s, or start a new load", args[0])
			}
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"csv", "tsv", "jsonl", "ndjson", "json", "parquet"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			err := input.Named(f.do(cmd, con, args), args)
			if f.json {
				return f.printJSONOf(con.Out, err)
			}
			return err
		},
	}
	destination.AddFlags(cmd, &f.To, &f.KeyFile)
	fl := cmd.Flags()
	fl.StringVar(&f.Mapping, "mapping", "", "YAML file that says which messages a row becomes (required)")
	fl.StringVar(&f.Format, "format", "", "csv, jsonl or parquet; default by the file's extension, then by its first bytes")
	f.dialectFlags(fl)
	fl.StringVar(&f.Query, "query", "", "SQL query; its rows are loaded. FILE is then a database: a URL that begins with postgres:, mysql: or sqlite:, or env:NAME for an environment variable that contains such a URL, or db:NAME for an entry of --config")
	fl.StringSliceVar(&f.OrderBy, "order-by", nil, "columns of the query that together identify a row, separated by commas; the load can then be resumed")
	fl.StringVar(&f.Config, "config", "", "file of database connections, one NAME: URL on each line; default connections.yaml in the directory of ciokit's configuration")
	fl.StringVar(&f.Encoding, "encoding", "", "encoding of text: windows-1252, utf-16le, iso-8859-1 and others; default the encoding of its byte order mark, or utf-8")
	fl.StringSliceVar(&f.Columns, "columns", nil, "names of the columns of CSV without a header, separated by commas")
	fl.IntVar(&f.SkipRows, "skip-rows", 0, "how many lines to skip before the header")
	fl.StringVar(&f.JSONPath, "json-path", "", "path of the rows in a JSON object, such as data.customers, or a JSON pointer")
	fl.BoolVar(&f.Comma, "decimal-comma", false, "numbers have a comma before their decimals: the functions float and decimal of the mapping read 12,50, and reject 12.50")
	fl.StringVar(&f.Rejects, "rejects", "", "file for the rejected rows with their reasons, as JSON Lines, or as CSV if its name ends in .csv; it contains personal data and is created with mode 0600")
	fl.StringArrayVar(&f.Reports, "report", nil, "file for a report: a page if its name ends in .html, JSON if it ends in .json; can be given twice")
	fl.StringVar(&f.Deny, "deny", "", "file with the ids of people, one on each line: rows about them are rejected, with the reason refused-by-guard")
	fl.StringVar(&f.DenyColumn, "deny-column", "", "the column with the ids, if the file of --deny is a table with a header: CSV with any delimiter, JSON Lines or Parquet")
	fl.StringVar(&f.DenyCoding, "deny-encoding", "", "encoding of the file of --deny; default the encoding of its byte order mark, or utf-8")
	fl.BoolVar(&f.DenyEmpty, "deny-empty", false, "allow a file of --deny without ids")
	fl.StringVar(&f.Guard, "guard", "", "file of erased people, from ciokit erase guard: rows about them are rejected, with the reason refused-by-guard")
	fl.StringVar(&f.GuardKey, "guard-key", "", "file with the key of the guard; without it, the key itself in CIOKIT_ERASURE_GUARD_KEY")
	fl.BoolVar(&f.Strict, "strict-identity", false, "read the whole input first, and send nothing if an address has two ids, an id has two addresses, or two messages have the same message id")
	fl.BoolVar(&f.dryRun, "dry-run", false, "read, map and check every row, send nothing; --to is not needed")
	fl.BoolVar(&f.json, "json", false, "print one JSON object with the counts on standard output, and no progress")
	fl.BoolVar(&f.yes, "yes", false, "send to a real workspace without asking")
	fl.StringVar(&f.resume, "resume", "", "resume the load with this id; ciokit runs list shows the ids")
	fl.BoolVar(&f.goesOn, "continue", false, "for cron: if the last run of this load ended early, resume it like --resume; if there is no such run or it cannot be resumed, start a new load, unless that could send events twice; only one process at a time can run the load")
	fl.BoolVar(&f.newKey, "new-key", false, "with --resume: use a different write key of the same workspace")
	fl.StringVar(&f.progress, "progress", "auto", "auto (a bar on a terminal, else lines), none, or json: one event on each line of standard error")
	fl.Int64Var(&f.Limit, "limit", 0, "read only this many rows; 0 reads all")
	f.MaxErrors, f.MaxDeletes = load.DefaultMaxErrors, load.DefaultMaxDeletes
	fl.Var(&f.MaxErrors, "max-errors", "how many messages the API may reject: one more stops the load; 1000 rejections one after the other for the same reason stop it too; 0 allows none, unlimited allows any number")
	fl.Var(&f.MaxDeletes, "max-deletes", "how many messages may delete or suppress something: one more stops the load and is not sent; 0 allows none, unlimited allows any number")
	fl.StringVar(&f.ExpectRows, "expect-rows", "", "how many rows the input must have, N or N-M: otherwise --mode mirror deletes nobody and the exit code is 4; --mode mirror needs it if the input is a pipe")
	fl.IntVar(&f.Concurrency, "concurrency", 8, "how many requests may run at the same time; messages of one person keep their order")
	fl.IntVar(&f.Rate, "rate", 0, "how many requests may start per second; 0 means 909, which stays below the API's limit")
	fl.DurationVar(&f.GiveUpAfter, "give-up-after", 10*time.Minute, "stop the load if nothing was accepted for this long and one last try fails")
	destination.AddAcceptAnyFlag(cmd, &f.AcceptAny2xx)
	f.changeOptions.flags(cmd)
	console.SetSections(cmd, loadSections)
	cmd.RegisterFlagCompletionFunc("resume", completeResumable)
	cmd.MarkFlagFilename("mapping", "yaml", "yml")
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"csv", "jsonl", "parquet"}, cobra.ShellCompDirectiveNoFileComp))
	for _, name := range []string{"max-errors", "max-deletes"} {
		cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions([]cobra.Completion{"0", unlimited}, cobra.ShellCompDirectiveNoFileComp))
	}
	cmd.RegisterFlagCompletionFunc("progress", cobra.FixedCompletions([]cobra.Completion{"auto", "none", "json"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// loadSections are the flags by what they are for.
var loadSections = []console.Section{
	{Title: "What is read", Flags: []string{"mapping", "query", "order-by", "config", "format", "encoding", "delimiter", "quote", "escape", "line-end", "columns", "skip-rows", "all-rows", "json-path", "decimal-comma", "limit"}},
	{Title: "Where it goes", Flags: []string{"to", "key-file", "rate", "concurrency", "give-up-after", "accept-any-2xx"}},
	{Title: "Safety", Flags: []string{"dry-run", "yes", "max-errors", "max-deletes", "expect-rows", "strict-identity", "guard", "guard-key", "deny", "deny-column", "deny-encoding", "deny-empty"}},
	{Title: "Only what has changed", Flags: []string{"snapshot", "snapshot-ids", "diff-with", "full", "mode", "mirror-with", "max-shrink", "new-mapping"}},
	{Title: "What it writes", Flags: []string{"rejects", "report", "json", "progress"}},
	{Title: "Resume a load", Flags: []string{"continue", "resume", "new-key"}},
}

func (f *loadFlags) do(cmd *cobra.Command, con console.Console, args []string) error {
	f.cmd = cmd
	if f.resume != "" {
		return f.goOn(cmd, con)
	}
	if f.newKey {
		return exit.Fail(exit.Usage, "--new-key is only for --resume; a new load accepts any key")
	}
	f.Files = args
	if err := f.absolutePaths(); err != nil {
		return err
	}
	if f.goesOn {
		return f.goOnOrBegin(cmd.Context(), con)
	}
	return f.begin(cmd.Context(), con)
}

// absolutePaths makes what the flags name independent of the working directory.
func (f *loadFlags) absolutePaths() error {
	for _, path := range []*string{&f.KeyFile, &f.Mapping, &f.Rejects, &f.Deny, &f.Guard, &f.GuardKey, &f.Config, &f.Snapshot, &f.DiffWith} {
		if err := absolute(path); err != nil {
			return err
		}
	}
	for i := range f.Reports {
		if err := absolute(&f.Reports[i]); err != nil {
			return err
		}
	}
	var err error
	if f.Files, err = input.Expand(f.Files); err != nil {
		return err
	}
	for i := range f.Files {
		if err := absoluteInput(&f.Files[i]); err != nil {
			return err
		}
	}
	return nil
}

// begin starts a load.
func (f *loadFlags) begin(ctx context.Context, con console.Console) error {
	l, err := f.open(ctx, con)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.sayChanges(); err != nil {
		return err
	}
	if err := l.approve(ctx, con); err != nil {
		return err
	}
	if l.silent == nil {
		f.Emulator = &l.local
	}
	if err := l.start(); err != nil {
		return err
	}
	return l.run(ctx, con)
}

// absolute makes a path of the working directory independent of it.
func absolute(path *string) error {
	if *path == "" {
		return nil
	}
	full, err := filepath.Abs(*path)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	*path = full
	return nil
}

// absoluteInput is absolute for an argument that says where rows come from.
func absoluteInput(arg *string) error {
	file, sqlite := strings.CutPrefix(*arg, "sqlite:")
	switch {
	case sqlite:
		file = strings.TrimPrefix(file, "//")
		err := absolute(&file)
		*arg = "sqlite:" + file
		return err
	case *arg == "-" || input.IsDatabase(*arg):
		return nil
	}
	return absolute(arg)
}

// rows has the options, apart from the input itself, that decide which rows there are and what their cells contain.
func (o *loadOptions) rows() string {
	if o.JSONPath != "" {
		return fmt.Sprintf("%q %q %q %d", o.JSONPath, o.Format, o.Encoding, o.SkipRows)
	}
	text := fmt.Sprintf("%q %q %q %q %q %d %v", o.Query, o.Format, o.Delimiter, o.Encoding, o.Columns, o.SkipRows, o.Comma)
	if o.AllRows {
		text += " all rows"
	}
	if o.Quote+o.Escape+o.LineEnd != "" {
		return text + fmt.Sprintf(" %q %q %q", o.Quote, o.Escape, o.LineEnd)
	}
	if text == fmt.Sprintf("%q %q %q %q %q %d %v", "", "", "", "", []string(nil), 0, false) {
		return ""
	}
	return text
}

// expectRows reads --expect-rows.
func (o *loadOptions) expectRows() (r load.RowRange, err error) {
	if o.ExpectRows == "" {
		return r, nil
	}
	low, high, some := strings.Cut(strings.ReplaceAll(o.ExpectRows, ",", ""), "-")
	if !some {
		high = low
	}
	r.Min, err = strconv.ParseInt(strings.TrimSpace(low), 10, 64)
	if err == nil {
		r.Max, err = strconv.ParseInt(strings.TrimSpace(high), 10, 64)
	}
	if err != nil || r.Min < 0 || r.Max < max(r.Min, 1) {
		return r, exit.Fail(exit.Usage, "--expect-rows must be a number of rows, such as 1000, or a range, such as 900-1100")
	}
	return r, nil
}
