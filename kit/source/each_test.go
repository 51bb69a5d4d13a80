package source

import (
	"io"
	"testing"
)

// each reads the columns of a Source, selects the named ones, and calls do with each row. It returns what ended the rows, nil for their end.
func each(t testing.TB, src Source, names []string, do func(*Row)) error {
	t.Helper()
	if _, err := src.Columns(t.Context()); err != nil {
		return err
	}
	if err := src.Select(names); err != nil {
		return err
	}
	var b Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for i := range b.Rows {
			do(&b.Rows[i])
		}
	}
}
