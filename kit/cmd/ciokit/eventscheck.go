package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

// maxNotes limits the notes, and so the memory for properties that already have a note.
const maxNotes = 1000

func newEventsCheck(con console.Console) *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check FILE",
		Short: "Check a file of messages against what is known of the events",
		Long: `Check messages in wire form, one JSON object on each line, as SDKs send them to the API. FILE can be - for standard input. A message
that has an event and no type is checked as the body of a track call.

  error    the line is not a message, or the message would have no effect or a wrong effect, so this toolkit refuses
           to send it. An example is an event whose name is clearly a misspelt name of a semantic event
  warning  the API would accept the message, but something is probably wrong: a name that differs from a semantic
           one by a letter or two; a property of a semantic event that is missing, misspelt, of the wrong type or
           with an unknown value; a limit that is exceeded
  note     a property that is not in the list of the event's known properties. Customer.io accepts any property, so a
           note does not change the exit code. Each note is printed once, with the first line that has it

No value of a message is printed. The exit code is 6 if there are errors or warnings, and 0 otherwise. Nothing is sent.`,
		Example: `  ciokit events check messages.jsonl
  jq -c '.batch[]' request.json | ciokit events check -
  ciokit events check messages.jsonl --json | jq '.findings[] | select(.severity == "error")'`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
			return []cobra.Completion{"jsonl", "ndjson"}, cobra.ShellCompDirectiveFilterFileExt
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), con, args[0]) },
	}
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object with the findings and the counts")
	cmd.Flags().Int64Var(&f.maxFindings, "max-findings", 1000, "print at most this many findings; 0 prints all. The counts always include all")
	return cmd
}

// checkFlags are the flags of ciokit events check.
type checkFlags struct {
	json        bool
	maxFindings int64
}

// checkCounts are the counts of a check, in the order in which they are printed.
type checkCounts struct {
	Lines    int64 `json:"lines"`    // that are not blank
	Messages int64 `json:"messages"` // lines that are JSON objects
	Semantic int64 `json:"semantic"` // messages that are semantic events
	Errors   int64 `json:"errors"`
	Warnings int64 `json:"warnings"`
	Notes    int64 `json:"notes"`
	Omitted  int64 `json:"findings_omitted"`
}

func (f *checkFlags) run(ctx context.Context, con console.Console, file string) error {
	if f.maxFindings < 0 {
		return exit.Fail(exit.Usage, "--max-findings must be a number of findings; 0 prints all")
	}
	src, name, err := openMessages(con, file)
	if err != nil {
		return input.Error(err)
	}
	defer src.Close()
	out := bufio.NewWriter(con.Out)
	r := &checkReport{w: out, file: name, json: f.json, max: f.maxFindings, noted: map[string]bool{}}
	r.begin()
	checkErr := messagesOnly(r.check(ctx, src))
	if checkErr != nil && r.counts == (checkCounts{}) && !f.json { // there is nothing to sum up
		return input.Named(input.Error(checkErr), []string{file})
	}
	r.end()
	switch err := out.Flush(); {
	case err != nil:
		return local(err)
	case errors.Is(checkErr, context.Canceled):
		return exit.With(exit.Interrupted, exit.ErrInterrupted)
	case checkErr != nil:
		return input.Named(input.Error(checkErr), []string{file})
	case r.counts.Errors+r.counts.Warnings > 0:
		return exit.With(exit.Rejects, nil)
	}
	return nil
}

func openMessages(con console.Console, file string) (src source.Source, name string, err error) {
	cfg := source.Config{Format: source.FormatJSONLines}
	if file == "-" {
		src, err = source.New(con.In, cfg)
		return src, "stdin", messagesOnly(err)
	}
	src, err = source.Open(file, cfg)
	return src, file, messagesOnly(err)
}

// messagesOnly replaces the hint of an error if it names flags, because only commands that read rows have those flags.
func messagesOnly(err error) error {
	var format *source.FormatError
	if errors.As(err, &format) && strings.Contains(format.Hint, "--") {
		own := *format
		own.Hint = "this command reads messages, one JSON object on each line in UTF-8; to check a file of rows: ciokit map check MAP.yaml FILE"
		return &own
	}
	return err
}

// checkReport checks messages and prints findings immediately, so its memory does not grow with the input.
type checkReport struct {
	w       io.Writer
	file    string
	json    bool
	max     int64 // findings to print; 0 means all
	printed int64
	counts  checkCounts
	noted   map[string]bool // event and property of the notes given
}

// check checks every line. The error is a read error.
func (r *checkReport) check(ctx context.Context, src source.Source) error {
	if _, err := src.Columns(ctx); err != nil {
		return err
	}
	if err := src.Select(nil); err != nil {
		return err
	}
	var batch source.Batch
	for {
		err := src.Next(ctx, &batch)
		for _, row := range batch.Rows {
			r.row(row)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (r *checkReport) row(row source.Row) {
	r.counts.Lines++
	if row.Err != nil {
		r.add(finding{Line: row.Line, Severity: severityError, Rule: row.Err.Rule, Hint: row.Err.Hint})
		return
	}
	r.counts.Messages++
	findings, semantic := checkMessage(row.Raw)
	if semantic {
		r.counts.Semantic++
	}
	for _, f := range findings {
		f.Line = row.Line
		r.add(f)
	}
}

// add counts a finding and prints it.
func (r *checkReport) add(f finding) {
	switch f.Severity {
	case severityError:
		r.counts.Errors++
	case severityWarning:
		r.counts.Warnings++
	case severityNote:
		key := f.Event + "\x00" + f.Field
		if r.noted[key] || len(r.noted) == maxNotes {
			return
		}
		r.noted[key] = true
		r.counts.Notes++
	}
	if r.max > 0 && r.printed == r.max {
		r.counts.Omitted++
		return
	}
	if r.json && r.printed > 0 {
		io.WriteString(r.w, ",")
	}
	r.printed++
	if !r.json {
		fmt.Fprintf(r.w, "%s:%s\n", r.file, f)
		return
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // a struct of strings and a number
	}
	fmt.Fprintf(r.w, "\n%s", b)
}

func (r *checkReport) begin() {
	if r.json {
		io.WriteString(r.w, `{"findings":[`)
	}
}

// end prints the counts. The JSON object is then complete, even if the check ended early.
func (r *checkReport) end() {
	c := r.counts
	if r.json {
		b, err := json.Marshal(c)
		if err != nil {
			panic(err) // a struct of numbers
		}
		fmt.Fprintf(r.w, "],%s\n", b[1:])
		return
	}
	if c.Omitted > 0 {
		fmt.Fprintf(r.w, "%s not printed; --max-findings 0 prints all\n", plural.Count(c.Omitted, "more is", "more are"))
	}
	fmt.Fprintf(r.w, "%s, %s, %s: %s, %s, %s\n", plural.Count(c.Lines, "line", "lines"), plural.Count(c.Messages, "message", "messages"),
		plural.Count(c.Semantic, "of them a semantic event", "of them semantic events"), plural.Count(c.Errors, "error", "errors"), plural.Count(c.Warnings, "warning", "warnings"), plural.Count(c.Notes, "note", "notes"))
	if c.Notes == maxNotes {
		fmt.Fprintf(r.w, "There may be more notes: only the first %s are printed.\n", plural.Grouped(maxNotes))
	}
}
