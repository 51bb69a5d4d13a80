package reading

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"text/tabwriter"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

// DefaultLimit is how many items a list shows by default.
const DefaultLimit = 100

// AddLimit adds the flag that limits a list.
func AddLimit(cmd *cobra.Command, limit *int) {
	cmd.Flags().IntVar(limit, "limit", DefaultLimit, "how many to show at most; 0 shows all")
}

// PageSize is how many items to request at once to show this many: one more, to know whether there are more. 0 is the API's maximum.
func PageSize(limit int) int {
	if limit <= 0 {
		return 0
	}
	return limit + 1
}

// sayEvery is the time between two lines about the progress of a list.
const sayEvery = 5 * time.Second

// Progress prints a line about the progress on standard error every few seconds.
type Progress struct {
	w    io.Writer
	said time.Time
}

// NewProgress returns a Progress; with --json it prints nothing.
func (f *Flags) NewProgress(con console.Console) *Progress {
	p := &Progress{w: con.Err, said: time.Now()}
	if f.JSON {
		p.w = io.Discard
	}
	return p
}

// Say prints a line if it is time for one.
func (p *Progress) Say(line func() string) {
	if now := time.Now(); now.Sub(p.said) >= sayEvery {
		p.said = now
		fmt.Fprintln(p.w, line())
	}
}

// Now prints a line immediately.
func (p *Progress) Now(line string) {
	p.said = time.Now()
	fmt.Fprintln(p.w, line)
}

// Table is the form of a list for a person: a header, and the cells of each item.
type Table[T any] struct {
	Head []string
	Row  func(T) []string
	// The names of one item and of several.
	One, Several string
}

// Print prints a sequence: a table, or with --json an array with one item on each line. It prints at most limit items, and says on standard error
// if there are more; 0 means no limit. Missing is as for Error.
func Print[T any](ctx context.Context, f *Flags, con console.Console, items iter.Seq2[T, error], limit int, t Table[T], missing string) error {
	if limit < 0 {
		return exit.Fail(exit.Usage, "--limit must be at least 0")
	}
	out := printer[T]{f: f, con: con, table: t}
	progress := f.NewProgress(con)
	more := false
	var failed error
	for item, err := range items {
		if err != nil {
			failed = err
			break
		}
		if more = limit > 0 && out.n == limit; more {
			break
		}
		if err := out.add(item); err != nil {
			return exit.With(exit.Local, err)
		}
		progress.Say(func() string { return plural.Count(int64(out.n), t.One, t.Several) + " read" })
	}
	if failed != nil && out.n == 0 {
		return f.Error(ctx, failed, missing)
	}
	if err := out.end(failed == nil); err != nil {
		return exit.With(exit.Local, err)
	}
	if failed != nil {
		fmt.Fprintf(con.Err, "Only the first %s could be read.\n", plural.Count(int64(out.n), t.One, t.Several))
		return f.Error(ctx, failed, missing)
	}
	if more {
		fmt.Fprintf(con.Err, "There are more than these %s: --limit 0 shows all.\n", plural.Count(int64(out.n), t.One, t.Several))
	}
	return nil
}

// All makes a sequence from a list and its error.
func All[T any](list []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		if err != nil {
			yield(none, err)
			return
		}
		for _, item := range list {
			if !yield(item, nil) {
				return
			}
		}
	}
}

// flushAfter is after how many rows the widths of a table are fixed.
const flushAfter = 1000

type printer[T any] struct {
	f     *Flags
	con   console.Console
	table Table[T]
	w     *Rows
	n     int
}

func (p *printer[T]) add(item T) error {
	p.n++
	if p.f.JSON {
		text, err := json.Marshal(item)
		if err != nil {
			return err
		}
		before := ",\n"
		if p.n == 1 {
			before = "["
		}
		_, err = fmt.Fprintf(p.con.Out, "%s%s", before, text)
		return err
	}
	if p.w == nil {
		p.w = NewRows(p.con.Out)
		p.w.Cells(p.table.Head...)
	}
	p.w.Cells(p.table.Row(item)...)
	if p.n%flushAfter == 0 {
		return p.w.Flush()
	}
	return nil
}

// end ends the output. An incomplete array is not closed, so that it cannot be mistaken for a complete one.
func (p *printer[T]) end(whole bool) error {
	switch {
	case p.f.JSON && !whole:
		_, err := fmt.Fprintln(p.con.Out)
		return err
	case p.f.JSON && p.n == 0:
		_, err := fmt.Fprintln(p.con.Out, "[]")
		return err
	case p.f.JSON:
		_, err := fmt.Fprintln(p.con.Out, "]")
		return err
	case p.n == 0:
		_, err := fmt.Fprintf(p.con.Out, "There are no %s.\n", p.table.Several)
		return err
	}
	return p.w.Flush()
}

// Rows writes tables with aligned columns, also if the last cells of a row are empty.
type Rows struct {
	w io.Writer
	b bytes.Buffer
	t *tabwriter.Writer
}

// NewRows returns a Rows that writes to w.
func NewRows(w io.Writer) *Rows {
	r := &Rows{w: w}
	r.t = tabwriter.NewWriter(&r.b, 0, 0, 2, ' ', 0)
	return r
}

// Cells writes a row. No content of a cell can end the cell or the line.
func (r *Rows) Cells(cells ...string) {
	for _, cell := range cells {
		fmt.Fprint(r.t, printed.Line(cell), "\t")
	}
	fmt.Fprintln(r.t)
}

// Blank ends a table: the next one follows after an empty line, with its own column widths.
func (r *Rows) Blank() { fmt.Fprintln(r.t) }

// Flush writes the rows so far. The next rows have their own column widths. The error has an exit code.
func (r *Rows) Flush() error {
	r.t.Flush() // to memory
	for line := range bytes.Lines(r.b.Bytes()) {
		if _, err := r.w.Write(append(bytes.TrimRight(line, " \n"), '\n')); err != nil {
			return exit.With(exit.Local, err)
		}
	}
	r.b.Reset()
	return nil
}

// PrintJSON prints one value.
func PrintJSON(con console.Console, value any) error {
	e := json.NewEncoder(con.Out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return exit.With(exit.Local, err)
	}
	return nil
}

// Time writes a time, and nothing for the zero time.
func Time(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}
