// Package source reads rows: CSV, JSON Lines and Parquet, compressed or not, from files or a stream, in bounded memory.
//
// A [Source] hands out batches of rows. A row has its line number, its exact bytes and one [Cell] for each column that the reader asked for. A row
// that cannot be read is handed out too, with a [RowError], so that nothing is skipped silently. Cells are bytes of the input if possible: nothing
// becomes a map or a Go value in between.
package source

import (
	"context"
	"fmt"
	"strings"

	_ "github.com/ciokit/cio/kit/internal/needs64"
	"github.com/ciokit/cio/kit/internal/printed"
)

// Source is one input, which is read once from the beginning to the end. Only one goroutine may use it at a time, except that Close may be called
// during the other methods.
type Source interface {
	// Columns returns the columns in the order of the input. It returns nil if every row names its own columns, as in JSON Lines. The first call may
	// read the beginning of the input, and blocks until that has arrived or ctx ends. A *FormatError says what is wrong with the input.
	Columns(ctx context.Context) ([]Column, error)

	// Select names the columns whose cells the rows carry, in that order. It is called once, after Columns and before Next. A name that
	// the input does not have, or has twice, is an error.
	Select(names []string) error

	// Next puts the next rows into b, in the order of the input. It returns as soon as there is one row: it waits only while it has none. After the
	// last row it returns io.EOF and no rows. If ctx ends while it waits, it returns ctx's error, and can be called again. The earlier content of b,
	// cells included, is not valid any more.
	Next(ctx context.Context, b *Batch) error

	// Info returns what is known about the input. Some of it is known only after Columns.
	Info() Info

	// Fingerprint identifies the input and how it is read. It differs between inputs, and after a change of the same input; it does not need to read
	// all of it. It is empty if the input can be read only once, such as standard input.
	Fingerprint() (string, error)

	// Changed checks that the data that Next has read is still in the input, and that nothing was added after an end that Next has reached. It
	// returns why not; empty if nothing changed or if that cannot be checked. A file that was not touched is not read again. It is called between
	// calls of Next.
	Changed(ctx context.Context) (why string, err error)

	// Close releases the input. It does not wait for a read that is blocked in the operating system.
	Close() error
}

// Info is what is known about an input apart from its rows. It contains no password.
type Info struct {
	// Name says where the rows come from, for people; empty if it is not given.
	Name string
	// Files are the files that are read. They are compared with the files that are written.
	Files []string
	// Size is the input's length in bytes, 0 if it is not known.
	Size int64
	// Rows is how many rows the input declares, 0 if it does not declare it.
	Rows int64
	// Delimiter separates the fields of CSV; 0 for any other input.
	Delimiter byte
	// Compression names the compression of the input, such as gzip, the outermost first; empty if there is none. It is known after Columns.
	Compression string
	// Dialects are the dialects of Files that are CSV, given or detected; files of another format have a zero value. It is empty if no file is CSV.
	// They are known after Columns.
	Dialects []Dialect
	// Layouts say how the bytes of each of Files become rows, given or detected. They are known after Columns.
	Layouts []Layout
	// Evidence gives the reasons for the first of Dialects in sentences, for everything that is not the default of every input.
	Evidence []string
	// Whole says that the end of the input is certainly its end: the end of a file, which Changed checks, or of a query. The end of a pipe may be the
	// end of a program that failed.
	Whole bool
	// Content identifies what Next has read, within this process; empty if that is not possible.
	Content string
	// Headers are the different sets of column names of the files, each sorted, if several files have columns. They are known after Columns.
	Headers [][]string
	// Rejects is set for a rejects file, which contains only some rows of another input. It is known after Columns.
	Rejects bool
	// Differs is for an input that was resumed: it says why rows that were read before have changed, although the load can continue after them; empty
	// if they are unchanged, or if that cannot be checked.
	Differs string
	// ReadAhead is how many bytes of rows may wait in a temporary file until they are read, 0 for none.
	ReadAhead int64
}

// Resumer is a Source that can begin after the rows that an earlier run has read, or check that they are unchanged.
type Resumer interface {
	Source

	// Resume skips the first rows without handing them out: the first Next returns the row after them. mark is what Batch.Mark returned for that
	// place. It is called at most once, after Select and before Next. Ordinals continue from rows. It returns false if this input must be read again
	// from its beginning; if the earlier rows have changed, Next then returns a *ChangedError in place of the row after them. It returns an error if
	// it knows already that they have changed.
	Resume(ctx context.Context, rows int64, mark []byte) (bool, error)
}

// Column describes a column of an input that has a header or a schema.
type Column struct {
	// Name is the name in the input. It may be empty, and two columns may have the same name.
	Name string
	// Kind is the kind of all cells, except those of KindAbsent.
	Kind Kind
	// Type is the column's type in the words of the input, such as NUMERIC; empty if it has none.
	Type string
}

// Kind says how to read the bytes of a Cell.
type Kind uint8

const (
	// KindAbsent is a cell without a value: empty in CSV, null or missing in JSON.
	KindAbsent Kind = iota
	// KindText is text as it is in the input. It is not checked whether it is UTF-8.
	KindText
	// KindJSON is one valid JSON value other than null, as it is in the input. It is not checked whether its strings are UTF-8.
	KindJSON
)

func (k Kind) String() string {
	switch k {
	case KindAbsent:
		return "absent"
	case KindText:
		return "text"
	case KindJSON:
		return "JSON"
	}
	return fmt.Sprintf("kind %d", uint8(k))
}

// Cell is the value of one column in one row. Its bytes are valid as long as the row.
type Cell struct {
	Kind  Kind
	Bytes []byte
}

// Batch is a sequence of rows.
type Batch struct {
	// Rows are valid until the next call of Next on the same Source.
	Rows []Row
	// Offset is how many bytes of the input are used up after the last of Rows.
	Offset int64
	// Mark returns, as JSON, what a Resumer needs to continue after the first n of Rows. It is nil if the number of rows is enough. It is called
	// before the next call of Next, each time with an n that is not smaller.
	Mark func(n int) []byte

	cells   []Cell
	scratch []byte
}

// reset empties b and keeps its memory.
func (b *Batch) reset() {
	b.Rows = b.Rows[:0]
	b.cells = b.cells[:0]
	b.scratch = b.scratch[:0]
	b.Mark = nil
}

// addCells returns n absent cells of b's own memory.
func (b *Batch) addCells(n int) []Cell {
	if len(b.cells)+n > cap(b.cells) {
		// The rows that are there already keep their memory.
		b.cells = make([]Cell, 0, max(2*cap(b.cells), n, 256))
	}
	start := len(b.cells)
	b.cells = b.cells[:start+n]
	cells := b.cells[start : start+n : start+n]
	clear(cells)
	return cells
}

// dropCells gives back the cells that were added last.
func (b *Batch) dropCells(cells []Cell) { b.cells = b.cells[:len(b.cells)-len(cells)] }

// Row is one row of an input.
type Row struct {
	// File is the file of the row, if the input has several.
	File string
	// Line is the line on which the row begins, from 1. In an input without lines, such as Parquet, it is the number of the row.
	Line int64
	// Ordinal is the row's place among all rows of the input, from 0. Rows that cannot be read count; a header and blank lines do not.
	Ordinal int64
	// Raw is the row as it is in the input, without the end of its last line. In an input that is not text it is a JSON object of the selected
	// columns.
	Raw []byte
	// Form says how Raw is written; nil means a JSON object.
	Form *Form
	// Cells has one cell for each selected column. It is nil if Err is set.
	Cells []Cell
	// Kept is set for a row of a rejects file, and nil otherwise. File, Line and Ordinal are then those of its original input, or FileOfRejects and
	// the line in the rejects file.
	Kept *Kept
	// Err says why the row cannot be read.
	Err *RowError
}

// RowError says why a row cannot be read. It never contains the row's data.
type RowError struct {
	// Rule is the rule that the row breaks, a short name for comparing and counting.
	Rule string
	// Hint says what is wrong in this row and what to do.
	Hint string
}

// The rules of a RowError.
const (
	RuleFieldCount    = "field-count"      // a CSV row with more or fewer fields than the header
	RuleUnclosedQuote = "unclosed-quote"   // a CSV field whose opening quote is never closed
	RuleStrayQuote    = "stray-quote"      // a quote within a CSV field at a place where it is not allowed
	RuleRowTooLong    = "row-too-long"     // a row over the limit
	RuleNotJSON       = "not-json"         // a line of JSON Lines that is not valid JSON
	RuleNotObject     = "not-an-object"    // a line of JSON Lines that is JSON, but not an object
	RuleTwice         = "duplicate-member" // an object with two members with the same name
	RuleTooDeep       = "nested-too-deep"  // JSON whose objects and lists are nested too deep
	RuleNoJSON        = "no-json-form"     // a value of a typed input that JSON cannot represent, such as a NaN
	RuleNotUTF8       = "invalid-utf-8"    // text of a database that is not UTF-8
)

func (e *RowError) Error() string { return e.Rule + ": " + e.Hint }

// FormatError says what is wrong with an input as a whole, such as a file without a header.
type FormatError struct {
	// Line is the line, from 1; 0 if the error is not about a line.
	Line int64
	// Problem says what is wrong, Hint what to do about it.
	Problem, Hint string
	// Flag and Value are the command's flag that would make the input readable, without hyphens, and its value; empty if there is none, or if there
	// are several to choose from.
	Flag, Value string
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("source: ")
	problem := e.Problem
	if e.Line > 0 {
		rest, about := strings.CutPrefix(problem, "the line ")
		if fmt.Fprintf(&b, "line %d", e.Line); about {
			b.WriteByte(' ') // line 2 has ..., not line 2: the line has ...
			problem = rest
		} else {
			b.WriteString(": ")
		}
	}
	b.WriteString(printed.Line(problem))
	if e.Hint != "" {
		b.WriteString("; " + printed.Line(e.Hint))
	}
	return b.String()
}

// ChangedError says that the rows of an input are not those that an earlier run has read. To continue after them would skip some.
type ChangedError struct {
	// Problem says what has changed, Hint what to do about it.
	Problem, Hint string
}

func (e *ChangedError) Error() string { return "source: " + printed.Line(e.Problem+"; "+e.Hint) }

// slotsOf returns for each column its place among the selected names, or -1. Each name must be in names only once, and be the name of exactly one
// column.
func slotsOf(columns []Column, names []string) ([]int, error) {
	slots := make([]int, len(columns))
	first, second := make(map[string]int, len(columns)), make(map[string]int)
	for i, c := range columns {
		slots[i] = -1
		if _, known := first[c.Name]; !known {
			first[c.Name] = i
		} else if _, known := second[c.Name]; !known {
			second[c.Name] = i
		}
	}
	for slot, name := range names {
		at, known := first[name]
		twice, repeated := second[name]
		switch {
		case !known:
			return nil, fmt.Errorf("source: there is no column %q", name)
		case repeated:
			return nil, fmt.Errorf("source: columns %d and %d are both named %q; rename one", at+1, twice+1, name)
		case slots[at] >= 0:
			return nil, fmt.Errorf("source: column %q is selected twice", name)
		}
		slots[at] = slot
	}
	return slots, nil
}
