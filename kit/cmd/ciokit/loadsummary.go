package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
)

// printSummary prints what became of a load, of a rejects file or of another input, for a person to read.
func printSummary(w io.Writer, f *loadFlags, rejects bool, s load.Summary, stopped error) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	line := func(n int64, what, note string) {
		fmt.Fprintf(t, "%s\t  %s%s\n", plural.Grouped(n), what, note)
	}
	line(s.Rows, plural.Form(s.Rows, "row read", "rows read"), note(s.RowsEmpty, "without a message", "without a message"))
	if f.Snapshot != "" || f.DiffWith != "" {
		line(s.Unchanged, "unchanged since the snapshot", "")
	}
	line(s.Messages, plural.Form(s.Messages, "message", "messages"), "")
	if f.dryRun {
		line(s.Unsent, "would be sent", "")
	} else {
		line(s.Accepted, "accepted", "")
	}
	line(s.Rejected, "rejected before sending", note(s.RowsRejected, "row", "rows"))
	line(s.RejectedByAPI, "rejected by the API", "")
	if !f.dryRun {
		line(s.Unsent, "unsent", note(s.Unknown, "of them may have arrived: no answer of the API came", "of them may have arrived: no answer of the API came"))
	}
	if f.Mode == "mirror" {
		what := fmt.Sprintf("(%s removed)", plural.Grouped(s.Removed))
		switch {
		case f.dryRun && stopped != nil:
			what = "(0 would be removed)"
		case f.dryRun:
			what = fmt.Sprintf("(%s would be removed)", plural.Grouped(s.Left-s.LeftAlone-s.LeftRejected))
		}
		line(s.Left, "left the input ", what)
	}
	if f.Deny != "" {
		line(s.DenyList, plural.Form(s.DenyList, "id", "ids")+" on the deny list", note(s.Guarded, "message for them was rejected", "messages for them were rejected"))
	}
	t.Flush()
	switch {
	case s.LeftAlone > 0 && f.NewMapping && f.dryRun:
		b.WriteString("Nobody would be removed, because of --new-mapping, and the snapshot would then know only people of the input.\n")
	case s.LeftAlone > 0 && f.NewMapping:
		b.WriteString("Nobody was removed, because of --new-mapping, and the snapshot knows only people of the input now, and those of a load that was killed. Who else of them should go must be deleted by hand.\n")
	case s.LeftAlone > 0:
		fmt.Fprintf(&b, "Nobody was removed, because of rows that name nobody (%s) and may belong to any of those who left: the row cannot be read, or the userId of one of its messages is empty or a placeholder, whoever else the row names. "+
			"Mend them and load again. If such rows are about nobody, leave them out by a condition on the column of the userId, such as when: =id != \"\".\n", plural.Grouped(s.RowsNameless))
	}
	if s.SameAddress > 0 {
		fmt.Fprintf(&b, "%s in the input only under another id, with an e-mail address that %s\n", plural.Count(s.SameAddress, "person is", "people are"),
			plural.Form(s.SameAddress, "this person had: for Customer.io it is the person of that id, who was not removed.", "they had: for Customer.io they are the people of that id, and they were not removed."))
	}
	if s.Rows == 0 && s.Complete {
		b.WriteString("Warning: the input has no row.\n")
	}
	if !s.Complete {
		b.WriteString("The rest of the input was not read; its rows are in none of these counts.\n")
	}
	if s.Requests > 0 {
		fmt.Fprintf(&b, "%s (%s repeated), %s, in %s\n", plural.Count(s.Requests, "request", "requests"), plural.Grouped(s.Retried), console.ByteSize(s.Bytes), console.Seconds(s.Seconds))
	}
	if text := identityText(s.Identity); text != "" {
		b.WriteString("\n" + text)
	}
	if len(s.NewColumns) > 0 && f.comparison == nil { // which has said so
		fmt.Fprintf(&b, "\nWarning: the input has columns that the last load did not have: %s\n", strings.Trim(fmt.Sprintf("%q", s.NewColumns), "[]"))
	}
	if len(s.Warned) > 0 {
		fmt.Fprintf(&b, "\n%s sent all the same:\n", plural.Count(s.Warnings, "warning, of a message that is", "warnings, of messages that are"))
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, w := range s.Warned {
			fmt.Fprintf(t, "%s\t  %s: %s (first in %s)\n", plural.Grouped(w.Count), w.Rule, printed.Line(console.FlagWords(w.Hint)), placeOf(w.File, w.Line))
		}
		t.Flush()
	}
	if len(s.Reasons) > 0 {
		b.WriteString("\nWhy rows were rejected:\n")
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		for _, r := range s.Reasons {
			fmt.Fprintf(t, "%s\t  %s\n", plural.Grouped(r.Count), r.Rule)
		}
		t.Flush()
		writeHints(&b, "", s.Hints)
		b.WriteString("The first of them:\n")
		said := make(map[string]bool)
		for _, r := range s.First {
			if said[r.Rule+r.Hint] { // what to do is said once
				r.Hint = ""
			}
			said[r.Rule+r.Hint] = true
			b.WriteString("  " + describe(r) + valueFor(w, r) + "\n")
		}
		if rejects {
			b.WriteString("The lines are those of the input that the rows came from first.\n")
		}
		switch {
		case f.Rejects != "" && f.Snapshot != "": // which a file of some rows is refused with
			fmt.Fprintf(&b, "All of them, with their rows: %s\nMend the rows in the input and load that again, with the same snapshot: those that have not changed since are left out.\n", printed.Line(console.ShortPath(f.Rejects)))
		case f.Rejects != "":
			fmt.Fprintf(&b, "All of them, with their rows: %s\nMend the rows there and load that file, with the same mapping.\n", printed.Line(console.ShortPath(f.Rejects)))
		default:
			b.WriteString("--rejects FILE keeps all of them, with their rows.\n")
		}
	}
	if s.RejectsNote != "" {
		b.WriteString(printed.Line(s.RejectsNote) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// writeHints writes what the cells look like that rows were rejected for.
func writeHints(b *strings.Builder, indent string, hints []string) {
	for _, h := range hints {
		b.WriteString(indent + "Hint: " + printed.Line(console.FlagWords(h)) + "\n")
	}
}

// placeOf names a row.
func placeOf(file string, line int64) string {
	s := "line " + strconv.FormatInt(line, 10)
	if file != "" {
		s = printed.Line(filepath.Base(file)) + " " + s
	}
	return s
}

// describe names a rejected row in one line, without its data.
func describe(r load.Reject) string {
	s := placeOf(r.File, r.Line)
	if r.Field != "" {
		s += ", " + r.Field
	}
	if r.Column != "" {
		s += " (column " + r.Column + ")"
	}
	if s += ": " + r.Rule; r.Hint != "" {
		s += ": " + console.FlagWords(r.Hint)
	}
	return printed.Line(s)
}

// valueFor is what stands in the column at fault, where a person looks on: it is personal data, and what is no terminal may be kept.
func valueFor(w io.Writer, r load.Reject) string {
	value, ok := r.Value()
	if !ok || !console.Terminal(w) {
		return ""
	}
	const most = 60
	if cut := []rune(value); len(cut) > most {
		value = string(cut[:most]) + "..."
	}
	return "; there is " + strconv.Quote(value) // which leaves nothing that moves the cursor
}

// note is a count in parentheses, nothing where it is 0.
func note(n int64, one, several string) string {
	if n == 0 {
		return ""
	}
	return " (" + plural.Count(n, one, several) + ")"
}
