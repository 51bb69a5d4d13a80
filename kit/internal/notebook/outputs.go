package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Text returns the plain text of the cell's saved outputs in their order, without pictures and standard error.
func (c Cell) Text() string {
	var b strings.Builder
	for _, o := range c.Outputs {
		if o.Stream != "stderr" && o.Type != "error" {
			b.WriteString(o.Text)
		}
	}
	return b.String()
}

// Stderr returns the saved standard error of the cell.
func (c Cell) Stderr() string {
	var b strings.Builder
	for _, o := range c.Outputs {
		if o.Stream == "stderr" {
			b.WriteString(o.Text)
		}
	}
	return strings.TrimSpace(b.String())
}

// ended is what GoNB adds to standard error when a cell's process fails. Jupyter does not know of the failure, and continues.
var ended = regexp.MustCompile(`(?m)^(\^C\n)?(exit status \d+|signal: .*)$`)

// Failure returns why the cell failed according to its saved outputs, empty if it did not fail.
func (c Cell) Failure() string {
	var said strings.Builder
	failed := false
	for _, o := range c.Outputs {
		if o.Type == "error" || o.Stream == "stderr" {
			said.WriteString(o.Text)
			failed = failed || o.Type == "error" || ended.MatchString(o.Text)
		}
	}
	if !failed {
		return ""
	}
	return strings.TrimSpace(said.String())
}

// TakeOutputs returns the document's file with the outputs of another document with the same code cells: this one, after a run. If the text output of
// a cell is the same, it keeps its old outputs, including pictures, unless afresh is set: a chart of measured times differs in every run, and says
// nothing new.
func (d *Document) TakeOutputs(run *Document, afresh bool) ([]byte, error) {
	ours, theirs := d.CodeCells(), run.CodeCells()
	if len(ours) != len(theirs) {
		return nil, fmt.Errorf("%s: it has %d code cells, but %d after the run", d.Name, len(ours), len(theirs))
	}
	for i, c := range ours {
		if c.Source != theirs[i].Source {
			return nil, fmt.Errorf("%s: cell %d is different after the run", d.Name, c.Number)
		}
		mine, his := d.rawCell(c), run.rawCell(theirs[i])
		if mine == nil || his == nil {
			return nil, fmt.Errorf("%s: the member names of cell %d differ in case from the format", d.Name, c.Number)
		}
		mine["execution_count"] = c.Number
		if afresh || c.Text() != theirs[i].Text() || len(c.Outputs) != len(theirs[i].Outputs) {
			mine["outputs"] = his["outputs"]
		}
	}
	return encode(d.raw)
}

// rawCell returns a cell of the file, nil if its names differ in case from those of the format, which a JSON decoder accepts.
func (d *Document) rawCell(c Cell) map[string]any {
	cells, _ := d.raw["cells"].([]any)
	if c.index >= len(cells) {
		return nil
	}
	cell, _ := cells[c.index].(map[string]any)
	return cell
}

// encode writes the file as Jupyter does, so that both write the same bytes.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
