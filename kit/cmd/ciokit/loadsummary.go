package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
)

// printSummary prints the result of a load, of a rejects file or of another input.
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
		unsent := "unsent"
		if s.Unknown > 0 {
			unsent = "unsent or unknown"
		}
		line(s.Unsent, unsent, note(s.Unknown, "unknown: it may have arrived, because no answer says whether it was accepted", "unknown: they may have arrived, because no answer says whether they were accepted"))
	}
	if f.Mode == "mirror" {
		what := fmt.Sprintf("(%s removed)", plural.Grouped(s.Removed))
		switch {
		case f.dryRun && stopped != nil:
			what = "(0 would be removed)"
		case f.dryRun:
			what = fmt.Sprintf("(%s would be removed)", plural.Grouped(s.Left-s.LeftAlone-s.LeftRejected))
		}
		line(s.Left, "no longer in the input ", what)
	}
	if f.Deny != "" {
		line(s.DenyList, plural.Form(s.DenyList, "id", "ids")+" on the deny list", note(s.Guarded, "message about them was rejected", "messages about them were rejected"))
	}
	t.Flush()
	switch {
	case s.LeftAlone > 0 && f.NewMapping && f.dryRun:
		b.WriteString("Because of --new-mapping, nobody would be removed, and the snapshot would then contain only people of the input.\n")
	case s.LeftAlone > 0 && f.NewMapping:
		b.WriteString("Because of --new-mapping, nobody was removed. The snapshot now contains only people of the input and people of a load that was killed. If others must be deleted, delete them by hand.\n")
	case s.LeftAlone > 0:
		fmt.Fprintf(&b, "Nobody was removed: %s not say whom %s about, so any of the people who left may be meant. Such a row cannot be read, or the userId of one of its messages is empty or a placeholder, even if the row also names another person. "+
			"Correct these rows and load again. If they are about nobody, skip them with a condition on the column of the userId, such as when: =id != \"\".\n", plural.Count(s.RowsNameless, "row does", "rows do"), plural.Form(s.RowsNameless, "it is", "they are"))
	}
	if s.SameAddress > 0 {
		fmt.Fprintf(&b, "%s in the input only under another id, with an email address that %s\n", plural.Count(s.SameAddress, "person is", "people are"),
			plural.Form(s.SameAddress, "this person had: for Customer.io both ids are the same person, so this person was not removed.", "they had: for Customer.io both ids are the same person, so these people were not removed."))
	}
	if s.Rows == 0 && s.Complete {
		b.WriteString("Warning: the input has no rows.\n")
	}
	if !s.Complete {
		b.WriteString("The rest of the input was not read; these counts do not include its rows.\n")
	}
	if s.Requests > 0 {
		fmt.Fprintf(&b, "%s (%s repeated), %s, in %s\n", plural.Count(s.Requests, "request", "requests"), plural.Grouped(s.Retried), console.ByteSize(s.Bytes), console.Seconds(s.Seconds))
	}
	if text := identityText(s.Identity); text != "" {
		b.WriteString("\n" + text)
	}
	if len(s.NewColumns) > 0 && f.comparison == nil { // the comparison has printed it
		fmt.Fprintf(&b, "\nWarning: the input has columns that the last load did not have: %s\n", strings.Trim(fmt.Sprintf("%q", s.NewColumns), "[]"))
	}
	if len(s.Warned) > 0 {
		fmt.Fprintf(&b, "\n%s sent anyway:\n", plural.Count(s.Warnings, "warning about a message that is", "warnings about messages that are"))
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
			fmt.Fprintf(t, "%s\t  %s%s\n", plural.Grouped(r.Count), r.Rule, f.whoRefuses(r.Rule))
		}
		t.Flush()
		writeHints(&b, "", s.Hints)
		b.WriteString("The first rejects:\n")
		said := make(map[string]bool)
		for _, r := range s.First {
			if said[r.Rule+r.Hint] { // each hint is printed once
				r.Hint = ""
			}
			said[r.Rule+r.Hint] = true
			b.WriteString("  " + describe(r) + valueFor(w, r) + "\n")
		}
		if rejects {
			b.WriteString("The line numbers are those of the original input.\n")
		}
		switch {
		case f.Rejects != "" && f.Snapshot != "": // a file with only some of the rows is refused with a snapshot
			fmt.Fprintf(&b, "All rejects, with their rows: %s\nCorrect the rows in the input and load it again with the same snapshot: rows that have not changed since are skipped.\n", printed.Line(console.ShortPath(f.Rejects)))
		case f.Rejects != "" && (f.dryRun || !s.Complete):
			fmt.Fprintf(&b, "All rejects, with their rows: %s\nCorrect the rows in that file and load it with the same mapping.\n", printed.Line(console.ShortPath(f.Rejects)))
		case f.Rejects != "":
			again := f.loadRejects()
			fmt.Fprintf(&b, "All rejects, with their rows: %s\nCorrect the rows in that file and load it with the same mapping.\nNext: %s\n%s", printed.Line(console.ShortPath(f.Rejects)), again, nextstep.Environment(again))
		default:
			b.WriteString("To keep all rejects with their rows: --rejects FILE.\n")
		}
	}
	if s.RejectsNote != "" {
		b.WriteString(printed.Line(s.RejectsNote) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// whoRefuses says for the rule of a guard which flag rejected the rows, if it was not only --guard.
func (f *loadFlags) whoRefuses(rule string) string {
	switch {
	case rule != string(cio.RuleGuard) || f.Deny == "":
		return ""
	case f.Guard == "":
		return " (by the deny list)"
	}
	return " (by the guard or the deny list)"
}

// loadRejects is the command that loads the rejects of this load. A rejects file contains how to read it.
func (f *loadFlags) loadRejects() *nextstep.Command {
	short := func(path string) string {
		if path == "" {
			return ""
		}
		return console.ShortPath(path)
	}
	n := nextstep.New(f.cmd, "load", short(f.Rejects)).Fresh()
	n.With("mapping", short(f.Mapping)).With("to", f.To).With("key-file", short(f.KeyFile)).With("guard", short(f.Guard)).With("guard-key", short(f.GuardKey))
	n.With("deny", short(f.Deny)).With("deny-column", f.DenyColumn).With("deny-encoding", f.DenyCoding).WithSwitch("deny-empty", f.DenyEmpty)
	n.WithSwitch("decimal-comma", f.Comma).WithSwitch("strict-identity", f.Strict).WithSwitch("accept-any-2xx", f.AcceptAny2xx)
	if f.MaxErrors != load.DefaultMaxErrors {
		n.With("max-errors", f.MaxErrors.String())
	}
	if f.MaxDeletes != load.DefaultMaxDeletes {
		n.With("max-deletes", f.MaxDeletes.String())
	}
	ext := filepath.Ext(f.Rejects)
	return n.With("rejects", short(nextstep.Free(strings.TrimSuffix(f.Rejects, ext), ext)))
}

// writeHints describes the cells for which rows were rejected.
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

// describe says in one line which row was rejected and why, without its data.
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

// valueFor is the value in the column at fault, only on a terminal: it is personal data, and other outputs may be stored.
func valueFor(w io.Writer, r load.Reject) string {
	value, ok := r.Value()
	if !ok || !console.Terminal(w) {
		return ""
	}
	const most = 60
	if cut := []rune(value); len(cut) > most {
		value = string(cut[:most]) + "..."
	}
	return "; there is " + strconv.Quote(value) // without characters that move the cursor
}

// note is a count in parentheses, and nothing for 0.
func note(n int64, one, several string) string {
	if n == 0 {
		return ""
	}
	return " (" + plural.Count(n, one, several) + ")"
}
