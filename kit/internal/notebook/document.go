// Package notebook reads Jupyter notebooks of Go cells, checks the rules for our notebooks, and runs them without Jupyter: each cell becomes a Go
// file and runs as a separate process, as in the GoNB kernel.
package notebook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Document is one notebook.
type Document struct {
	// Path is the path that it was read from; Name is the file's name.
	Path, Name string
	Cells      []Cell

	raw map[string]any
}

// Cell is one cell. Code cells are numbered from 1, as Jupyter counts their executions; the Number of a text cell is 0.
type Cell struct {
	Number int
	Source string
	// Outputs are the saved outputs of a code cell, Count its execution count, 0 if it was never run.
	Outputs []Output
	Count   int

	index int // in the file
}

// Code reports whether the cell is a code cell.
func (c Cell) Code() bool { return c.Number > 0 }

// Output is one output of a code cell.
type Output struct {
	// Type is stream, display_data, execute_result or error.
	Type string
	// Stream is stdout or stderr.
	Stream string
	// Text is the text of the stream, or the plain text form of the output; for an error, its message.
	Text string
	// Forms are the MIME types of the output.
	Forms []string
}

// Read reads a notebook from a file.
func Read(path string) (*Document, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	d.Path, d.Name = path, filepath.Base(path)
	return d, nil
}

// ReadDir reads the notebooks of a directory, in the order of their names. It is an error if there are none.
func ReadDir(dir string) ([]*Document, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.ipynb"))
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("there is no notebook in %s", dir)
	}
	var docs []*Document
	for _, path := range paths {
		d, err := Read(path)
		if err != nil {
			return nil, err
		}
		docs = append(docs, d)
	}
	return docs, nil
}

// The parts of the notebook format, version 4, that this package reads.
type (
	rawDocument struct {
		Format int       `json:"nbformat"`
		Cells  []rawCell `json:"cells"`
	}
	rawCell struct {
		Type    string      `json:"cell_type"`
		Source  lines       `json:"source"`
		Count   *int        `json:"execution_count"`
		Outputs []rawOutput `json:"outputs"`
	}
	rawOutput struct {
		Type  string                     `json:"output_type"`
		Name  string                     `json:"name"`
		Text  lines                      `json:"text"`
		Data  map[string]json.RawMessage `json:"data"`
		Error string                     `json:"evalue"`
	}
)

// lines is text in the format: a string, or a list of its lines.
type lines string

func (l *lines) UnmarshalJSON(data []byte) error {
	var list []string
	if len(data) > 0 && data[0] == '[' {
		err := json.Unmarshal(data, &list)
		*l = lines(strings.Join(list, ""))
		return err
	}
	return json.Unmarshal(data, (*string)(l))
}

// Parse reads a notebook of version 4 of the format.
func Parse(data []byte) (*Document, error) {
	var raw rawDocument
	d := new(Document)
	if err := json.Unmarshal(data, &raw); err != nil {
		return nil, fmt.Errorf("not a notebook: %w", err)
	}
	if raw.Format != 4 {
		return nil, fmt.Errorf("a notebook of format %d; only 4 is known", raw.Format)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&d.raw); err != nil {
		return nil, fmt.Errorf("not a notebook: %w", err)
	}
	number := 0
	for i, c := range raw.Cells {
		cell := Cell{Source: string(c.Source), index: i}
		if c.Type == "code" {
			number++
			cell.Number = number
			if c.Count != nil {
				cell.Count = *c.Count
			}
			for _, o := range c.Outputs {
				out, err := o.output()
				if err != nil {
					return nil, fmt.Errorf("cell %d: %w", number, err)
				}
				cell.Outputs = append(cell.Outputs, out)
			}
		}
		d.Cells = append(d.Cells, cell)
	}
	return d, nil
}

func (o rawOutput) output() (Output, error) {
	out := Output{Type: o.Type, Stream: o.Name, Text: string(o.Text)}
	if o.Type == "error" {
		out.Text = o.Error
	}
	for form, data := range o.Data {
		out.Forms = append(out.Forms, form)
		if form == "text/plain" {
			var text lines
			if err := json.Unmarshal(data, &text); err != nil {
				return out, err
			}
			out.Text = string(text)
		}
	}
	slices.Sort(out.Forms)
	return out, nil
}

// CodeCells returns the code cells.
func (d *Document) CodeCells() []Cell {
	return slices.DeleteFunc(slices.Clone(d.Cells), func(c Cell) bool { return !c.Code() })
}

// Title returns the text of the first heading of the first level.
func (d *Document) Title() string {
	for _, c := range d.Cells {
		if h := headings(c); len(h) > 0 {
			return h[0]
		}
	}
	return ""
}

// Where names a line of a cell, as compilers name a line of a file.
func (d *Document) Where(cell, line int) string {
	return fmt.Sprintf("%s[cell %d]:%d", d.Name, cell, line)
}
