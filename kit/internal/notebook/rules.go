package notebook

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits of a cell, so that readers can see it all without scrolling.
const (
	MaxLines   = 15
	MaxColumns = 89 // characters; a tab counts as four
)

// Problem is a rule that a notebook breaks.
type Problem struct {
	// Where is the cell and line, or the notebook.
	Where string
	What  string

	cell, line int
}

func (p Problem) String() string { return p.Where + ": " + p.What }

// closing is how many of the last code cells must together have an assertion and a chart. The last of them may clean up.
const closing = 3

// Check returns the rules that the notebook breaks:
//
//   - One heading of the first level, in the first cell. Text before every code cell, and at the end.
//   - The first code cell begins with the imports, and no other has any.
//   - At most MaxLines lines of at most MaxColumns characters. The cell of the imports may have more lines.
//   - No init_ functions and no name declared twice: GoNB would replace the declaration of an earlier cell, in a separate process.
//   - No % lines but %%. A line with ! is run, see [Program.Run].
//   - A cell prints through package show or through package fmt, not both, because the order of the two is not defined.
//   - One of the last three code cells calls show.Verify, and one of them shows a chart.
//   - Saved outputs are those of a run from the first to the last cell, without errors.
func (d *Document) Check() []Problem {
	var problems []Problem
	report := func(cell, line int, format string, args ...any) {
		where := d.Name
		if cell > 0 {
			where = d.Where(cell, line)
		}
		problems = append(problems, Problem{where, fmt.Sprintf(format, args...), cell, line})
	}
	d.checkText(report)
	declared := map[string]int{}
	codes := d.CodeCells()
	for i, cell := range codes {
		c := takeApart(cell.Source)
		at := func(line int, format string, args ...any) { report(cell.Number, line, format, args...) }
		if c.problem != nil {
			line, text := c.position()
			at(line, "%s", text)
		}
		checkSize(cell, at)
		checkImports(i == 0, c, at)
		for line, magic := range c.magic {
			at(line, "the line %q: the only command of GoNB to use is %%%%", magic)
		}
		for name, pos := range c.names {
			if name == "init" || strings.HasPrefix(name, "init_") {
				at(pos.Line, "%s runs in every later cell", name)
			}
			if before, found := declared[name]; found {
				at(pos.Line, "%s is already declared in cell %d", name, before)
			}
			declared[name] = cell.Number
		}
		if line := mixedOutput(c); line != "" {
			at(1, "%s together with package show: their order is not defined", line)
		}
		checkSaved(cell, at)
	}
	d.checkClosing(codes, report)
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(a.cell-b.cell, a.line-b.line, strings.Compare(a.What, b.What))
	})
	return problems
}

// A reporter reports a problem of a cell, or of the notebook if cell is 0; a finder reports one of a given cell.
type (
	reporter func(cell, line int, format string, args ...any)
	finder   func(line int, format string, args ...any)
)

func (d *Document) checkText(report reporter) {
	first := 0
	for i, c := range d.Cells {
		for range headings(c) {
			first++
			if i > 0 || first > 1 {
				report(0, 0, "a second heading of the first level, in cell %d of all cells", i+1)
			}
		}
		if c.Code() && (i == 0 || d.Cells[i-1].Code() || strings.TrimSpace(d.Cells[i-1].Source) == "") {
			report(c.Number, 1, "no text before the cell")
		}
	}
	if first == 0 {
		report(0, 0, "no heading of the first level in the first cell")
	}
	if n := len(d.Cells); n == 0 || d.Cells[n-1].Code() {
		report(0, 0, "no text at the end, about the last result")
	}
}

var heading = regexp.MustCompile(`(?m)^# +(.+)$`)

// headings returns the first-level headings in a text cell.
func headings(c Cell) []string {
	if c.Code() {
		return nil
	}
	var found []string
	inCode := false
	for line := range strings.Lines(c.Source) {
		if strings.HasPrefix(line, "```") {
			inCode = !inCode
		}
		if m := heading.FindStringSubmatch(strings.TrimRight(line, "\n")); m != nil && !inCode {
			found = append(found, m[1])
		}
	}
	return found
}

func checkSize(cell Cell, at finder) {
	all := strings.Split(strings.TrimRight(cell.Source, "\n"), "\n")
	if len(all) > MaxLines && cell.Number > 1 {
		at(MaxLines+1, "%d lines in a cell; at most %d", len(all), MaxLines)
	}
	for i, line := range all {
		if n := utf8.RuneCountInString(strings.ReplaceAll(line, "\t", "    ")); n > MaxColumns {
			at(i+1, "a line of %d characters; at most %d", n, MaxColumns)
		}
	}
}

func checkImports(first bool, c code, at finder) {
	if !first {
		if len(c.imports) > 0 {
			at(1, "an import outside the first code cell")
		}
		return
	}
	if c.problem == nil && !strings.HasPrefix(strings.TrimSpace(c.decls), "import") {
		at(1, "the first code cell does not begin with the imports")
	}
}

// mixedOutput returns the call of package fmt in a cell that also calls package show; empty if it does not have both.
func mixedOutput(c code) string {
	if !slices.ContainsFunc(c.calls, func(call string) bool { return strings.HasPrefix(call, "show.") }) {
		return ""
	}
	for _, call := range c.calls {
		if strings.HasPrefix(call, "fmt.Print") {
			return call
		}
	}
	return ""
}

func (d *Document) checkClosing(codes []Cell, report reporter) {
	var calls []string
	for _, cell := range codes[max(0, len(codes)-closing):] {
		calls = append(calls, takeApart(cell.Source).calls...)
	}
	if !slices.Contains(calls, "show.Verify") {
		report(0, 0, "no show.Verify in the last %d cells", closing)
	}
	if !slices.Contains(calls, "show.Bar") && !slices.Contains(calls, "show.Line") && !slices.Contains(calls, "show.Histogram") {
		report(0, 0, "no chart in the last %d cells", closing)
	}
}

func checkSaved(cell Cell, at finder) {
	if cell.Count != cell.Number {
		at(1, "saved with the execution count %d instead of %d; run the notebook from its start: ciokit notebook run --write", cell.Count, cell.Number)
	}
	if text := cell.Failure(); text != "" {
		at(1, "saved with a failure: %s", text)
	}
	if text := cell.Stderr(); text != "" {
		at(1, "saved with output on standard error: %s", text)
	}
}
