package mapping

import (
	"io"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// textRow is a row with one CSV cell.
func textRow(text string) *row {
	kind := source.KindText
	if text == "" {
		kind = source.KindAbsent
	}
	return &row{cells: []source.Cell{{Kind: kind, Bytes: []byte(text)}}, in: newInterpreter([]string{"c"})}
}

// rejected is a row without messages, and the reason.
type rejected struct {
	Line                      int64
	Column, Field, Rule, Hint string
}

// mapRows returns the messages of rows, and the rows that have none because of an error, in their order.
func mapRows(t testing.TB, m *Mapping, src source.Source) (made []string, rejects []rejected, warned []Warning) {
	t.Helper()
	columns, err := src.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := m.Compile(columns, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Select(compiled.Columns()); err != nil {
		t.Fatal(err)
	}
	mapper := NewMapper(compiled, cio.Encode)
	var all Warnings
	var rows source.Batch
	for {
		err := src.Next(t.Context(), &rows)
		if err == io.EOF {
			list, _ := all.Sorted()
			return made, rejects, list
		}
		if err != nil {
			t.Fatal(err)
		}
		for i := range rows.Rows {
			r := &rows.Rows[i]
			if r.Err != nil {
				rejects = append(rejects, rejected{Line: r.Line, Rule: r.Err.Rule, Hint: r.Err.Hint})
				continue
			}
			messages, bad := mapper.Map(r, 0)
			if bad != nil {
				rejects = append(rejects, rejected{r.Line, bad.Column, bad.Field, bad.Rule, bad.Hint})
				continue
			}
			all.AddRow(r, messages, mapper, time.Now())
			for _, e := range messages {
				text, _ := e.MarshalJSON() // never fails
				made = append(made, string(text))
			}
		}
	}
}
