package source

import (
	"bytes"
	"slices"
	"strings"
)

func (f *rejectsFramer) frame(w *window, b *Batch) {
	f.scratch.reset()
	if f.table != nil {
		f.table.frame(w, &f.scratch)
	} else {
		f.lines.frame(w, &f.scratch)
	}
	for i := range f.scratch.Rows {
		f.push(f.decode(&f.scratch.Rows[i]), b)
	}
	if w.err != nil && len(f.scratch.Rows) < batchRows && f.held != nil {
		f.emit(f.held, b, 0)
		f.held = nil
	}
}

// push hands out the row that is held, unless r is about the same row: JSON Lines has a line for each rejected message of a row.
func (f *rejectsFramer) push(r *rejected, b *Batch) {
	h := f.held
	if f.held = r; h == nil {
		return
	}
	if !h.of(r) {
		f.emit(h, b, 0)
		return
	}
	switch {
	case bytes.Equal(h.row, r.row) || !r.mended():
		f.held = h
	case !h.mended():
	default:
		for _, one := range []*rejected{h, r} {
			one.err = &RowError{RuleMendedTwice, "the row is in the rejects file more than once and was fixed in different ways; fix one and delete the others"}
		}
		f.emit(h, b, 0)
	}
}

// emit hands out a row as its original input would.
func (f *rejectsFramer) emit(r *rejected, b *Batch, depth int) {
	row := Row{File: r.file, Line: r.line, Ordinal: r.kept.Ordinal, Raw: r.row, Form: &r.kept.Form, Kept: r.kept, Err: r.err}
	own := row.Form.Format == FormatCSV && len(row.Form.Columns) > len(RejectColumns) && slices.Equal(row.Form.Columns[len(row.Form.Columns)-len(RejectColumns):], RejectColumns)
	switch {
	case row.Err != nil:
	case row.Form.Format == FormatNoRow, r.kept.Torn && !r.mended():
		if r.rule == "" || r.hint == "" {
			r.rule, r.hint = RuleNotReject, "the row cannot be read, and the reason was removed from the line"
		}
		row.Err = &RowError{r.rule, r.hint}
	case depth < maxDepth && (own || row.Form.Format == formatRejectsLine):
		// It was a damaged line of a rejects file, and was fixed.
		inner, err := f.unwrap(r, own)
		if err == nil {
			f.emit(inner, b, depth+1)
			return
		}
		row.Err = err
	default:
		row.Cells, row.Err = f.cells(&row, b)
	}
	b.Rows = append(b.Rows, row)
}

// unwrap reads a row that is itself a line of a rejects file.
func (f *rejectsFramer) unwrap(r *rejected, table bool) (*rejected, *RowError) {
	if !table {
		inner, err := decodeLine(r.row)
		if err == nil && inner.line == 0 && inner.file == "" {
			inner.file, inner.line = r.file, r.line
		}
		return inner, err
	}
	form := r.kept.Form
	if !delimits(form.Delimiter) {
		return nil, notReject("its delimiter is not known")
	}
	t := &csvFramer{delimiter: form.Delimiter[0], limit: 8 * f.limit, line: r.line, chosen: len(form.Columns)}
	for i, name := range form.Columns {
		t.header, t.slots = append(t.header, Column{Name: name, Kind: KindText}), append(t.slots, i)
	}
	row, err := t.alone(r.row, r.line, new(Batch))
	if err != nil {
		return nil, err
	}
	inner, err := (&rejectsFramer{table: t}).decodeCells(&row)
	if err != nil {
		return nil, err
	}
	if inner.line == 0 && inner.file == "" {
		inner.file, inner.line = r.file, r.line
	}
	if inner.kept.Version == 0 {
		inner.kept.Version, inner.kept.Ordinal = KeptVersion, r.kept.Ordinal
	}
	return inner, nil
}

// cells returns the cells of a row without the rest of its input.
func (f *rejectsFramer) cells(row *Row, b *Batch) ([]Cell, *RowError) {
	if (row.Form.Format == FormatCSV) != (f.header != nil) {
		return nil, notReject("the row has another format than the first row in the file; load it separately")
	}
	switch row.Form.Format {
	case FormatCSV:
		p, err := f.parser(row.Form)
		if err != nil {
			return nil, notReject("%s", strings.TrimPrefix(err.Error(), "source: "))
		}
		one, bad := p.alone(row.Raw, row.Line, b)
		if bad == nil {
			row.Raw = one.Raw
		}
		return one.Cells, bad
	case FormatJSONLines:
		object := bytes.Trim(row.Raw, " \t\r\n")
		if len(object) == 0 {
			return nil, notReject("the row is empty; delete the line if it is not wanted")
		}
		if err := checkObject(object); err != nil {
			return nil, err
		}
		cells := b.addCells(len(f.chosen))
		if bad, _ := f.objects.fill(cells, object); bad != nil {
			return nil, bad
		}
		return cells, nil
	}
	return nil, notReject("the row has an unknown format")
}
