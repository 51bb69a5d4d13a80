package load

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/internal/idlist"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// DenyList contains ids of people who must not be created again, such as those who asked to be forgotten. Set it as Job.Deny, or set its Guard as
// cio.Config.Guard. It is safe for concurrent use.
type DenyList struct {
	file      string
	ids       map[string]bool
	addresses map[string]bool // all texts with an @, in lower case
	n         int
	odd       []oddID
}

// oddID is an id of a deny list that would not be an id in an input, unless the mapping says so.
type oddID struct {
	id    string
	where int64
}

// ErrDenied says that an id is on the list. DenyList.Guard returns it.
var ErrDenied = errors.New("load: the id is on the deny list")

// denyListError is an error about the list, and not about the input: both can be a *source.FormatError.
type denyListError struct {
	where string
	err   error
}

func (e *denyListError) Error() string { return e.where + ": " + e.err.Error() }
func (e *denyListError) Unwrap() error { return e.err }

// NotInput names the list. The command looks for it before it names the input.
func (e *denyListError) NotInput() string { return e.where }

// DenyConfig says how to read a deny list. With the zero value, each line is an id.
type DenyConfig struct {
	// Column is the column with the ids, for a table with a header: CSV with any delimiter, JSON Lines or Parquet. Empty: each line is an id and
	// there is no header. A line that may contain more than one value is then an error.
	Column string
	// Encoding is the encoding of the text, one of those of source.Config; default the one that the byte order mark names, or UTF-8 without one.
	Encoding string
	// AllowEmpty accepts a list without ids. By default that is an error, because a list that lost its ids looks like one.
	AllowEmpty bool
}

// ReadDenyList reads a list of ids. The file can be compressed, and its lines can end with LF, CRLF or CR. An id can be quoted, as in CSV; spaces
// around it are not part of it. A list that does not clearly say whom it names is an error: a missing quote must not let a listed person
// pass. If the contents are at fault, the error is a *source.FormatError. No error contains any of the ids.
//
// Addresses are compared without their case and without spaces around them, in every id of a person and in the trait email. All other ids are
// compared exactly.
func ReadDenyList(file string, cfg DenyConfig) (*DenyList, error) {
	d := &DenyList{file: file, ids: make(map[string]bool), addresses: make(map[string]bool)}
	err := d.read(file, cfg)
	if err == nil && d.n == 0 && !cfg.AllowEmpty {
		err = &source.FormatError{Problem: "it contains no id", Hint: "check that it is the right file; if nobody is to be denied, leave the list out or allow an empty one (DenyConfig.AllowEmpty, --deny-empty)"}
	}
	var format *source.FormatError
	if errors.As(err, &format) {
		format.Hint = strings.ReplaceAll(format.Hint, "--encoding", "--deny-encoding") // the other flag is for the input
	}
	if err != nil {
		return nil, &denyListError{"the deny list " + file, err}
	}
	return d, nil
}

func (d *DenyList) read(file string, cfg DenyConfig) error {
	if cfg.Column != "" && beginsLikeParquet(file) {
		src, err := source.Open(file, source.Config{})
		if err != nil {
			return err
		}
		defer src.Close()
		return d.table(src, cfg.Column)
	}
	text, err := source.OpenText(file, cfg.Encoding)
	if err != nil {
		return err
	}
	defer text.Close()
	if cfg.Column == "" {
		return d.lines(text)
	}
	in := bufio.NewReaderSize(text, 256<<10)
	head, err := in.Peek(64 << 10)
	if err != nil && err != io.EOF {
		return err
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return nil
	}
	first, _, _ := bytes.Cut(bytes.TrimSpace(head), []byte{'\n'})
	first, _, _ = bytes.Cut(first, []byte{'\r'})
	if err := idlist.CheckText(1, string(first), denyWords); err != nil {
		return err
	}
	delimiter, single, err := delimiterOf(head, cfg.Column)
	if err != nil {
		return err
	}
	if single { // there is no delimiter to find
		return d.linesBelow(in)
	}
	src, err := source.New(withLF(in, head), source.Config{Delimiter: delimiter, Quote: '"', Escape: source.None, LineEnd: source.LineEndLF})
	if err != nil {
		return err
	}
	defer src.Close()
	return d.table(src, cfg.Column)
}

func beginsLikeParquet(file string) bool {
	f, err := os.Open(file)
	if err != nil {
		return false
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() { // bytes read from a pipe are gone
		return false
	}
	var mark [4]byte
	_, err = io.ReadFull(f, mark[:])
	return err == nil && string(mark[:]) == "PAR1"
}

// lines reads a list with one id in each line.
func (d *DenyList) lines(r io.Reader) error { return d.scan(r, 0) }

// linesBelow is lines for a list with a header that names its only column.
func (d *DenyList) linesBelow(r io.Reader) error { return d.scan(r, 1) }

func (d *DenyList) scan(r io.Reader, headers int) error {
	return idlist.Lines(r, headers, denyWords, func(l idlist.Line) error {
		d.add(l.ID, l.Number)
		bare := mapping.TrimID(l.Text)
		if l.ID == bare {
			d.also(l.Text) // with the spaces around it
		}
		if literal := ""; strings.Contains(l.ID, `\`) && json.Unmarshal([]byte(bare), &literal) == nil {
			d.also(literal) // the line may also be JSON
		}
		return nil
	})
}

// denyWords names the settings of a deny list in errors.
var denyWords = idlist.Words{Column: "DenyConfig.Column, --deny-column", Encoding: "DenyConfig.Encoding, --deny-encoding"}

// withLF returns a reader of the text with an LF for each CR, if its lines end with CR. head is the beginning of the text.
func withLF(r io.Reader, head []byte) io.Reader {
	if bytes.IndexByte(head, '\n') >= 0 {
		return r
	}
	return lineEnds{r}
}

type lineEnds struct{ r io.Reader }

func (l lineEnds) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	for i, c := range p[:n] {
		if c == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// delimiters are the possible delimiters between the columns of a list.
const delimiters = ",;\t|:^~\x01\x1f"

// delimiterOf finds the delimiter of a table by its header, which must have the column. single says that the column is the only one. For a table of
// JSON Lines, any delimiter is returned.
func delimiterOf(head []byte, column string) (delimiter byte, single bool, err error) {
	if first := bytes.TrimSpace(head); first[0] == '{' || first[0] == '[' {
		return ',', false, nil
	}
	most, others := 0, 0
	var names []string
	for _, c := range []byte(delimiters) {
		src, err := source.New(withLF(bytes.NewReader(head), head), source.Config{Format: source.FormatCSV, Delimiter: c, Quote: '"', Escape: source.None, LineEnd: source.LineEndLF})
		if err != nil {
			return 0, false, err
		}
		columns, err := src.Columns(context.Background())
		src.Close()
		if err != nil {
			continue
		}
		found := 0
		var all []string
		for _, col := range columns {
			all = append(all, col.Name)
			if col.Name == column {
				found++
			}
		}
		names = append(names, all...)
		switch {
		case found > 1:
			return 0, false, &source.FormatError{Line: 1, Problem: fmt.Sprintf("the header names the column %q more than once", column), Hint: "rename one"}
		case found == 0:
		case len(all) > most:
			delimiter, most, others = c, len(all), 0
		case len(all) == most:
			others++
		}
	}
	hint := "check that the first line has the names of the columns" // without quoting it: it may be a row
	if best := spelling.Nearest(column, names); best != "" {
		hint = "write " + best
	}
	switch {
	case most == 0:
		return 0, false, &source.FormatError{Line: 1, Problem: fmt.Sprintf("the header has no column %q", column), Hint: hint}
	case most > 1 && others > 0:
		return 0, false, &source.FormatError{Line: 1, Problem: "the header does not show which character separates the columns", Hint: "write the list as CSV with commas"}
	}
	return delimiter, most == 1, nil
}

// table reads the ids in a column.
func (d *DenyList) table(src source.Source, column string) error {
	ctx := context.Background()
	columns, err := src.Columns(ctx)
	if err != nil {
		return err
	}
	if err := src.Select([]string{column}); err != nil {
		var names []string
		for _, c := range columns {
			names = append(names, c.Name)
		}
		return &source.FormatError{Problem: fmt.Sprintf("there is no column %q, or there are two", column), Hint: "the columns are " + spelling.List(names)}
	}
	of := source.Column{Name: column} // for JSON Lines, whose rows have their own column names
	if at := slices.IndexFunc(columns, func(c source.Column) bool { return c.Name == column }); at >= 0 {
		of = columns[at]
	}
	var rows source.Batch
	for {
		err := src.Next(ctx, &rows)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range rows.Rows {
			if err := d.row(&rows.Rows[i], of); err != nil {
				return err
			}
		}
	}
}

func (d *DenyList) row(r *source.Row, column source.Column) error {
	if r.Err != nil {
		return &source.FormatError{Line: r.Line, Problem: "the row cannot be read: " + r.Err.Rule, Hint: r.Err.Hint}
	}
	id, err := mapping.CellID(r.Cells[0], column)
	if err != nil {
		return &source.FormatError{Line: r.Line, Problem: "the id cannot be read: " + err.Rule, Hint: err.Hint}
	}
	if mapping.TrimID(id) == "" {
		if strings.Trim(string(r.Raw), delimiters+" \"\r\n") == "" {
			return nil // an empty row, as spreadsheets leave
		}
		return &source.FormatError{Line: r.Line, Problem: fmt.Sprintf("the row has no value in the column %q, so it names nobody", column.Name), Hint: "add the id, or remove the row"}
	}
	if err := idlist.CheckText(r.Line, id, denyWords); err != nil {
		return err
	}
	d.add(id, r.Line)
	return nil
}

// add adds an id in the form in which it was read.
func (d *DenyList) add(id string, line int64) {
	bare := mapping.TrimID(id)
	if bare == "" {
		return
	}
	if !d.ids[bare] {
		d.ids[bare] = true
		d.n++
		if mapping.CheckID(bare) != nil {
			d.odd = append(d.odd, oddID{bare, line})
		}
	}
	d.also(id)
}

// also adds another reading of an id.
func (d *DenyList) also(id string) {
	d.ids[id], d.ids[mapping.TrimID(id)] = true, true
	if strings.Contains(id, "@") {
		d.addresses[strings.ToLower(mapping.TrimID(id))] = true
	}
}

// Len returns how many ids there are.
func (d *DenyList) Len() int {
	if d == nil {
		return 0
	}
	return d.n
}

// Guard returns ErrDenied if one of the person's ids, or the email address, is on the list.
func (d *DenyList) Guard(id cio.Identity) error {
	for _, s := range [...]string{id.UserID, id.AnonymousID, id.PreviousID} {
		if s != "" && d.ids[s] {
			return ErrDenied
		}
		if address, ok := address.Append(nil, mapping.TrimID(s)); ok && d.addresses[string(address)] {
			return ErrDenied
		}
	}
	if id.Email != "" && d.addresses[strings.ToLower(mapping.TrimID(id.Email))] {
		return ErrDenied
	}
	return nil
}

// checkFor refuses a list with ids that are not ids by the rules of the mapping, because the people whom they mean would pass.
func (d *DenyList) checkFor(compiled *mapping.Compiled) error {
	if d == nil {
		return nil
	}
	for _, o := range d.odd {
		if err := compiled.CheckID(o.id); err != nil {
			return &denyListError{"load: the deny list " + d.file, &source.FormatError{Line: o.where, Problem: "the text is not an id, by the rule " + err.Rule, Hint: oddHint(err.Rule)}}
		}
	}
	return nil
}

// oddHint says what to do with a line that is not an id, by a rule of the mapping.
func oddHint(rule string) string {
	if rule == mapping.RulePlaceholder {
		return "the text is a word such as null, which programs write if there is no value; remove the line; if the word is the id of a person, add it to id_words in the mapping"
	}
	return "correct the line or remove it; if it is the id of a person as it is written, add verbatim_ids: true to the mapping"
}

// encoder returns the function that makes and checks the job's messages, by the rules of its Client and by its deny list.
func (j *Job) encoder() func(cio.Message) (cio.Encoded, error) {
	encode := cio.Encode
	if j.Client != nil {
		encode = j.Client.Encode
	}
	if j.Deny == nil {
		return encode
	}
	return func(m cio.Message) (cio.Encoded, error) {
		e, err := encode(m)
		if err != nil {
			return e, err
		}
		if err := j.Deny.Guard(e.Identity()); err != nil {
			return cio.Encoded{}, &cio.MessageError{Rule: cio.RuleGuard, Hint: "the person is on the deny list", Err: err}
		}
		return e, nil
	}
}
