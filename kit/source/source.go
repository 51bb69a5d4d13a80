// Package source reads rows: CSV, JSON Lines and Parquet, compressed or not, from files or a stream, in bounded memory.
//
// A [Source] hands out batches of rows. A row carries its line, its exact bytes and one [Cell] for each column that the reader asked for;
// what cannot be read is a row too, with a [RowError], so that nothing is skipped without being named. Cells are bytes of the input
// wherever that is possible: nothing becomes a map or a Go value on the way.
package source

import (
	"context"
	"fmt"
	"strings"

	_ "github.com/ciokit/cio/kit/internal/needs64"
	"github.com/ciokit/cio/kit/internal/printed"
)

// Source is one input, read once from the beginning to the end. It is used by one goroutine at a time; only Close may be called beside
// the other methods.
type Source interface {
	// Columns returns the columns in the order of the input. It returns nil where every row names its own, as in JSON Lines. The first
	// call may read the beginning of the input and block until it is there or ctx ends. A *FormatError says that the input is not what it
	// should be.
	Columns(ctx context.Context) ([]Column, error)

	// Select names the columns whose cells the rows carry, in that order. It is called once, after Columns and before Next. A name that
	// the input does not have, or has twice, is an error.
	Select(names []string) error

	// Next puts the rows that follow into b, in the order of the input, and returns as soon as there is one: it waits only while it has
	// none. It returns io.EOF, and no rows, after the last. When ctx ends while it waits it returns ctx's error, and may be called again.
	// What b held before is void, its cells included.
	Next(ctx context.Context, b *Batch) error

	// Info returns what is known of the input. Some of it is known only after Columns.
	Info() Info

	// Fingerprint returns what tells the input, and how it is read, from others and from itself after a change, without reading all of it. It
	// is empty if the input can be read only once, such as standard input.
	Fingerprint() (string, error)

	// Changed looks whether what Next has read still stands in the input, and nothing was added behind an end that it has met. It returns why
	// not, empty if it does or if nobody can tell. A file that was not touched is not read again. It is called between calls of Next.
	Changed(ctx context.Context) (why string, err error)

	// Close releases the input. It does not wait for a read that is blocked in the operating system.
	Close() error
}

// Info is what is known of an input beside its rows. It holds no password.
type Info struct {
	// Name says where the rows come from, for people; empty if nobody has said.
	Name string
	// Files are the files that are read, to be compared with those that are written.
	Files []string
	// Size is the input's length in bytes, 0 if it is not known.
	Size int64
	// Rows is how many rows the input says that it has, 0 if it does not say.
	Rows int64
	// Delimiter separates the fields of CSV; 0 for any other input.
	Delimiter byte
	// Compression says how the input is compressed, such as gzip, the outermost first; empty if it is not. It is known after Columns.
	Compression string
	// Dialects say, for each of Files that is CSV, how it is written, as it was given or found; those of files of another format are zero. There is
	// none where no file is CSV. They are known after Columns.
	Dialects []Dialect
	// Layouts say, for each of Files, what it is beside that, as it was given or found. They are known after Columns.
	Layouts []Layout
	// Evidence says in sentences why the first of them is what it is, where it is not what every input has by default.
	Evidence []string
	// Whole says that the end of the input is known to be its end: that of a file, of which Changed tells, or of a query. The end of a pipe may
	// be that of a program that failed.
	Whole bool
	// Content tells what Next has read from other inputs, within this process; empty if nobody can tell.
	Content string
	// Headers are the sets of the names of columns that the files have, each once and sorted, where there are several files with columns. They are
	// known after Columns.
	Headers [][]string
	// Rejects is set for a rejects file, which holds only some rows of another input. It is known after Columns.
	Rejects bool
	// Differs says, of an input that was resumed, why rows that were read before are not what they were, though the load can go on behind them;
	// empty if they are, or if nobody can tell.
	Differs string
	// ReadAhead is how many bytes of rows may wait in a temporary file until they are wanted, 0 for none.
	ReadAhead int64
}

// Resumer is a Source that can begin behind rows that an earlier run has read, or tell whether they are what they were.
type Resumer interface {
	Source

	// Resume has the first Next return the row behind the first rows ones, behind which Batch.Mark gave this mark, without handing out those. It
	// is called at most once, after Select and before Next. Ordinals go on from rows. It returns false if this input must be read over from its
	// beginning instead; Next then returns a *ChangedError in place of the row behind them if they are not what they were. It returns an error
	// if it knows that already.
	Resume(ctx context.Context, rows int64, mark []byte) (bool, error)
}

// Column describes a column of an input that has a header or a schema.
type Column struct {
	// Name is as in the input. It may be empty, and two columns may have the same one.
	Name string
	// Kind is what the cells are, apart from those of KindAbsent.
	Kind Kind
	// Type is the column's type in words of the input, such as NUMERIC; empty where it has none.
	Type string
}

// Kind says how to read the bytes of a Cell.
type Kind uint8

const (
	// KindAbsent is a cell without a value: empty in CSV, null or missing in JSON.
	KindAbsent Kind = iota
	// KindText is text as it stands in the input. Nobody has checked that it is UTF-8.
	KindText
	// KindJSON is one valid JSON value other than null, as it stands in the input. Nobody has checked that its strings are UTF-8.
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

// Batch is a run of rows.
type Batch struct {
	// Rows are valid until the next call of Next on the same Source.
	Rows []Row
	// Offset is how many bytes of the input have been used up with the last of Rows.
	Offset int64
	// Mark returns what a Resumer needs to go on behind the first n of Rows, as JSON. It is nil where their number is enough. It is called before
	// the next call of Next, and each time with an n that is not smaller.
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
		// The rows that are there already keep the memory they have.
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
	// File is the file that the row comes from, where the input has several.
	File string
	// Line is the line on which the row begins, from 1; in an input without lines, such as Parquet, the number of the row.
	Line int64
	// Ordinal is the row's place among all rows of the input, from 0. Rows that cannot be read count; a header and blank lines do not.
	Ordinal int64
	// Raw is the row as it stands in the input, without the end of its last line; in an input that is no text the row as a JSON object of the
	// selected columns.
	Raw []byte
	// Form says how Raw is written; nil means a JSON object.
	Form *Form
	// Cells holds one cell for each selected column. It is nil if Err is set.
	Cells []Cell
	// Kept is what was kept of the row where it comes from a rejects file, nil otherwise. File, Line and Ordinal are then those that it had in
	// its first input, or FileOfRejects and the line in the rejects file.
	Kept *Kept
	// Err says why the row cannot be read.
	Err *RowError
}

// RowError is a row that cannot be read. It never holds the row's data.
type RowError struct {
	// Rule is what the row breaks, as a short name that can be compared and counted.
	Rule string
	// Hint says what is wrong in this row and what to do.
	Hint string
}

// The rules of a RowError.
const (
	RuleFieldCount    = "field-count"      // a CSV row with more or fewer fields than the header
	RuleUnclosedQuote = "unclosed-quote"   // a CSV field whose opening quote is never closed
	RuleStrayQuote    = "stray-quote"      // a quote within a CSV field where there may be none
	RuleRowTooLong    = "row-too-long"     // a row over the limit
	RuleNotJSON       = "not-json"         // a line of JSON Lines that is not valid JSON
	RuleNotObject     = "not-an-object"    // a line of JSON Lines that is JSON, but not an object
	RuleTwice         = "duplicate-member" // an object with two members of one name
	RuleTooDeep       = "nested-too-deep"  // JSON whose objects and lists are nested too deep
	RuleNoJSON        = "no-json-form"     // a value of a typed input that JSON cannot hold, such as a NaN
	RuleNotUTF8       = "invalid-utf-8"    // text of a database that is not UTF-8
)

func (e *RowError) Error() string { return e.Rule + ": " + e.Hint }

// FormatError is an input that is not what it should be as a whole, such as a file without a header.
type FormatError struct {
	// Line is where, from 1; 0 if it is not about a line.
	Line int64
	// Problem says what is wrong, Hint what to do about it.
	Problem, Hint string
	// Flag and Value are the flag of the command that would read the input, without hyphens, and what it is given; empty where there is none, or
	// where there are several to choose from.
	Flag, Value string
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("source: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	b.WriteString(printed.Line(e.Problem))
	if e.Hint != "" {
		b.WriteString("; " + printed.Line(e.Hint))
	}
	return b.String()
}

// ChangedError is an input whose rows are not those that an earlier run has read, so that to go on behind them would skip some.
type ChangedError struct {
	// Problem says what is not as it was, Hint what to do about it.
	Problem, Hint string
}

func (e *ChangedError) Error() string { return "source: " + printed.Line(e.Problem+"; "+e.Hint) }

// slotsOf returns for each column its place among the selected names, or -1. A name must be one column's, and be there once.
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
