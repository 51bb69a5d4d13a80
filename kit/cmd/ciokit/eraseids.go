package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/internal/idlist"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

// eraseColumns say where the identifiers in an input are, and how the input is written.
type eraseColumns struct {
	column   string
	also     []string
	verbatim bool
	loadOptions
}

func (c *eraseColumns) flags(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&c.column, "column", "", "the column of CSV, JSON Lines or Parquet with the ids, addresses or cio_ ids; without it the input is a text with one on each line")
	fl.StringArrayVar(&c.also, "also", nil, "a column with another identifier of the same person, for the guard; can be given several times")
	fl.BoolVar(&c.verbatim, "verbatim-ids", false, "accept ids that look wrong: placeholders, numbers that a spreadsheet has rewritten, addresses that are not valid, and ids with invisible characters")
	fl.StringVar(&c.Format, "format", "", "csv, jsonl or parquet; default by the file's extension, then by its first bytes")
	fl.StringVar(&c.Encoding, "encoding", "", "encoding of text: windows-1252, utf-16le, iso-8859-1 and others; default the encoding of its byte order mark, or utf-8")
	fl.StringSliceVar(&c.Columns, "columns", nil, "names of the columns of CSV without a header, separated by commas")
	fl.IntVar(&c.SkipRows, "skip-rows", 0, "how many lines to skip before the header")
	fl.StringVar(&c.JSONPath, "json-path", "", "path of the rows in a JSON object, such as data.customers, or a JSON pointer")
	c.dialectFlags(fl)
	cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]cobra.Completion{"csv", "jsonl", "parquet"}, cobra.ShellCompDirectiveNoFileComp))
}

// eraseList are the people that an input names.
type eraseList struct {
	name    string // of the input
	targets []erasure.Target
	lines   []int64 // where each of them is
	trimmed int     // identifiers that had spaces around them
}

// at adds the line to an error about one of the targets.
func (l *eraseList) at(err error) error {
	var target *erasure.TargetError
	if !errors.As(err, &target) || target.Index >= len(l.lines) || l.lines[target.Index] == 0 {
		return err
	}
	return exit.Fail(exit.Usage, "%s, line %d: %s", l.name, l.lines[target.Index], eraseWords(target.Err))
}

// idReader reads identifiers. It rejects each that may not be one.
type idReader struct {
	eraseColumns
	list eraseList
}

// read reads a file, or standard input for -. The error has an exit code and contains no identifier.
func (c *eraseColumns) read(ctx context.Context, con console.Console, file string) (*eraseList, error) {
	r := &idReader{eraseColumns: *c}
	r.list.name = eraseShort(file)
	if file == "-" {
		r.list.name = "standard input"
	}
	err := r.open(ctx, con, file)
	var ended *exit.Error
	var path *os.PathError
	switch {
	case errors.As(err, &ended):
		return nil, err
	case errors.As(err, &path):
		return nil, exit.With(exit.Local, err)
	case err != nil && ctx.Err() != nil:
		return nil, exit.With(exit.Interrupted, context.Cause(ctx))
	case err != nil:
		return nil, exit.Fail(exit.Usage, "%s: %s", r.list.name, eraseWords(withoutMembers(err)))
	case len(r.list.targets) == 0:
		return nil, exit.Fail(exit.Usage, "%s names nobody; check that it is the right file", r.list.name)
	}
	return &r.list, nil
}

// withoutMembers removes the names of members from an error about an object that contains the rows: if the rows are stored by person, the names are
// ids.
func withoutMembers(err error) error {
	var format *source.FormatError
	if errors.As(err, &format) && strings.Contains(format.Problem, "its rows seem to be in its member") && (format.Value == "" || !isColumnName(format.Value)) {
		return &source.FormatError{Line: format.Line, Problem: "the input is one object, and its rows seem to be within it", Hint: "say where: --json-path NAME"}
	}
	return err
}

func (r *idReader) open(ctx context.Context, con console.Console, file string) error {
	if file != "-" {
		if err := noList(file, r.list.name); err != nil {
			return err
		}
	}
	cfg, err := r.sourceConfig()
	if err != nil {
		return err
	}
	if r.column != "" || r.isTable(file) {
		src, err := input.Input{Args: []string{file}, Source: cfg}.Open(ctx, con)
		if err != nil {
			return err
		}
		return errors.Join(r.table(ctx, src), src.Close())
	}
	for _, f := range []struct {
		name  string
		given bool
	}{{"skip-rows", r.SkipRows != 0}, {"delimiter", r.Delimiter != ""}, {"quote", r.Quote != ""}, {"escape", r.Escape != ""}, {"line-end", r.LineEnd != ""}, {"all-rows", r.AllRows}} {
		if f.given {
			return exit.Fail(exit.Usage, "--%s is for a table, but %s is read as a text with one id on each line: give the column with the ids with --column", f.name, r.list.name)
		}
	}
	if r.also != nil {
		return exit.Fail(exit.Usage, "--also names further columns: give the column with the ids with --column")
	}
	if file == "-" {
		in := bufio.NewReaderSize(con.In, 512)
		head, _ := in.Peek(512)
		if err := noListBegins(head, r.list.name); err != nil {
			return err
		}
		text, err := source.NewText(in, r.Encoding)
		if err != nil {
			return err
		}
		return r.text(text)
	}
	text, err := source.OpenText(file, r.Encoding)
	if err != nil {
		return err
	}
	defer text.Close()
	return r.text(text)
}

// isTable reports whether the input says that it has columns.
func (r *idReader) isTable(file string) bool {
	name := strings.ToLower(file)
	for _, packed := range []string{".gz", ".zst", ".bz2", ".xz", ".zip"} {
		name = strings.TrimSuffix(name, packed)
	}
	tables := []string{".csv", ".tsv", ".tab", ".jsonl", ".ndjson", ".json", ".jsonlines", ".parquet", ".parq", ".pq"}
	return r.Format != "" || r.Columns != nil || r.JSONPath != "" || slices.Contains(tables, filepath.Ext(name))
}

var eraseWordsOfLists = idlist.Words{Column: "--column", Encoding: "--encoding"}

// text reads one identifier from each line.
func (r *idReader) text(in io.Reader) error {
	err := idlist.Lines(in, 0, eraseWordsOfLists, func(l idlist.Line) error {
		if strings.Contains(l.ID, `\`) && strings.HasPrefix(mapping.TrimID(l.Text), `"`) {
			return &source.FormatError{Line: l.Number, Problem: "the line has a backslash within quotes, and it is not clear whether it is part of the id", Hint: "write the id without quotes, or give a table and --column"}
		}
		id := l.ID
		if id == mapping.TrimID(l.Text) {
			id = l.Text // with its spaces, which are counted
		}
		return r.add(l.Number, id, nil)
	})
	if err != nil {
		return err
	}
	return r.checkFirst()
}

// nameWords are names that columns of identifiers have.
var nameWords = []string{"id", "ids", "userid", "customerid", "personid", "contactid", "externalid", "cioid", "email", "emails", "emailaddress", "mail", "address", "identifier", "uid", "uuid", "user", "customer", "person"}

// isNameWord reports whether a text is a usual name of a column of identifiers.
func isNameWord(text string) bool { return slices.Contains(nameWords, spelling.Fold(text)) }

// checkFirst rejects a text if its first line may be the name of a column.
func (r *idReader) checkFirst() error {
	if len(r.list.targets) == 0 {
		return nil
	}
	first, rest := r.list.targets[0].ID, r.list.targets[1:]
	all := func(is func(id string) bool) bool {
		return len(rest) > 0 && !slices.ContainsFunc(rest, func(t erasure.Target) bool { return !is(t.ID) })
	}
	digits := func(id string) bool { return strings.ContainsFunc(id, unicode.IsDigit) }
	plain := erasure.KindOf(first) == erasure.KindID
	if isNameWord(first) || plain && all(func(id string) bool { return erasure.KindOf(id) != erasure.KindID }) || plain && !digits(first) && len(rest) > 1 && all(digits) {
		return &source.FormatError{Line: r.list.lines[0], Problem: "the line looks like the name of a column, but may be an id",
			Hint: "if it is the name of a column, give it with --column; if it is an id, move it to another line"}
	}
	return nil
}

// table reads the identifiers in a column.
func (r *idReader) table(ctx context.Context, src source.Source) error {
	columns, err := src.Columns(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	if r.column == "" {
		switch {
		case len(names) == 1 && isNameWord(names[0]):
			r.column = names[0]
		case len(names) == 0:
			return exit.Fail(exit.Usage, "%s: give the member with the ids: --column NAME", r.list.name)
		default:
			return exit.Fail(exit.Usage, "%s: give the column with the ids: --column NAME; %s", r.list.name, suggestColumn("", names))
		}
	}
	wanted := append([]string{r.column}, r.also...)
	of := make([]source.Column, len(wanted))
	for i, name := range wanted {
		of[i] = source.Column{Name: name} // of JSON Lines, whose rows name their own
		at := slices.Index(names, name)
		if at >= 0 {
			of[i] = columns[at]
		} else if columns != nil {
			return exit.Fail(exit.Usage, "%s: there is no column %q; %s", r.list.name, printed.Line(name), suggestColumn(name, names))
		}
	}
	if err := src.Select(wanted); err != nil {
		return err
	}
	var rows source.Batch
	for {
		err := src.Next(ctx, &rows)
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		for i := range rows.Rows {
			if err := r.row(&rows.Rows[i], of); err != nil {
				return err
			}
		}
	}
	if why, err := src.Changed(ctx); err != nil || why != "" {
		return errors.Join(err, exit.Fail(exit.Changed, "%s changed while it was read: %s; nothing was planned", r.list.name, why))
	}
	return nil
}

func (r *idReader) row(row *source.Row, of []source.Column) error {
	bad := func(problem, hint string) error {
		return &source.FormatError{Line: row.Line, Problem: problem, Hint: hint}
	}
	if row.Err != nil {
		return bad("the row cannot be read ("+row.Err.Rule+")", row.Err.Hint)
	}
	ids := make([]string, len(of))
	for i := range of {
		id, err := mapping.CellID(row.Cells[i], of[i])
		if err != nil {
			return bad(fmt.Sprintf("the column %q cannot be read (%s)", of[i].Name, err.Rule), err.Hint)
		}
		ids[i] = id
	}
	if mapping.TrimID(strings.Join(ids, "")) == "" && strings.Trim(string(row.Raw), ",;\t|:^~\x01\x1f \"\r\n") == "" {
		return nil // an empty row, as spreadsheets leave them
	}
	if mapping.TrimID(ids[0]) == "" {
		hint := "give it the id, or remove it"
		if row.Form == nil || len(row.Raw) > 0 && row.Raw[0] == '{' {
			hint = nearestMember(row.Raw, of[0].Name, hint)
		}
		return bad(fmt.Sprintf("the row has no value in the column %q, so it names nobody", of[0].Name), hint)
	}
	return r.add(row.Line, ids[0], ids[1:])
}

// nearestMember says which member of an object a name probably means, if there is one.
func nearestMember(object []byte, name, otherwise string) string {
	var names []string
	for key := range source.Members(object) {
		names = append(names, strings.Trim(string(key), `"`))
	}
	if best := spelling.Nearest(name, names); best != "" && best != name && isColumnName(best) {
		return "did you mean --column " + best + "?"
	}
	return otherwise
}

// add accepts an identifier, with others of the same person, if it is certainly one.
func (r *idReader) add(line int64, id string, others []string) error {
	t := erasure.Target{}
	for i, text := range append([]string{id}, others...) {
		bare := mapping.TrimID(text)
		if bare == "" && i > 0 {
			continue
		}
		if bare != text {
			r.list.trimmed++
		}
		if strings.Contains(text, "\x00") {
			bare = text // which is refused
		}
		if err := r.check(line, bare); err != nil {
			return err
		}
		if i == 0 {
			t.ID = bare
		} else {
			t.Also = append(t.Also, bare)
		}
	}
	r.list.targets, r.list.lines = append(r.list.targets, t), append(r.list.lines, line)
	return nil
}

// check says why a text is not certainly an identifier. It is the text of a line, or with 0 that of a flag.
func (r *idReader) check(line int64, id string) error {
	names, remove, right := "the line names", "remove the line", "check that it is the right file"
	if line == 0 {
		names, remove, right = "the value names", "give the id", "give an id, an address or a cio_ id"
	}
	if id == "" {
		return &source.FormatError{Line: line, Problem: names + " nobody", Hint: remove}
	}
	if what := noPerson(id); what != "" {
		return &source.FormatError{Line: line, Problem: names + " nobody: " + what, Hint: right}
	}
	if err := idlist.CheckText(line, id, eraseWordsOfLists); err != nil {
		return err
	}
	if len(id) > 1 && id[0] == '"' && id[len(id)-1] == '"' && r.Quote == "" && !r.verbatim {
		return &source.FormatError{Line: line, Problem: "the id is in double quotes, and it is not clear whether they are part of it", Hint: "if they enclose the id, give the quote of the file with --quote; if they are part of it, use --verbatim-ids"}
	}
	if err := mapping.CheckID(id); err != nil && !r.verbatim {
		why, hint := "it has spaces or invisible characters around the id", remove+"; if it is exactly the id of a person, use --verbatim-ids"
		switch err.Rule {
		case mapping.RulePlaceholder:
			why = "the text is a word such as NULL, which programs write if there is no value"
		case mapping.RuleNumberID:
			why = "it is a number as a spreadsheet writes it, and may have lost digits"
			hint = "export the column as text; if it is exactly the id of a person, use --verbatim-ids"
		}
		return &source.FormatError{Line: line, Problem: "it is not clear whom " + names + ": " + why + " (" + err.Rule + ")", Hint: hint}
	}
	if problem := doubtfulID(id); problem != "" && !r.verbatim {
		return &source.FormatError{Line: line, Problem: "it is not clear whom " + names + ": " + problem, Hint: "write only the id or the address, exactly as in the workspace; if it is already exactly an id, use --verbatim-ids"}
	}
	if _, err := cio.Encode(cio.DeletePerson{UserID: id, MessageID: "plan"}); err != nil {
		var invalid *cio.MessageError
		why := "no message can contain it"
		if errors.As(err, &invalid) {
			why = string(invalid.Rule)
			if invalid.Hint != "" && !strings.Contains(invalid.Hint, id) {
				why = invalid.Hint + " (" + why + ")"
			}
		}
		return &source.FormatError{Line: line, Problem: "this cannot be an id: " + why, Hint: "correct it, or " + remove}
	}
	return nil
}
