package source

import "strings"

// Layout says how the bytes of a file become rows, in addition to the Dialect of CSV. A journal keeps its JSON form.
type Layout struct {
	Format Format `json:"format"`
	// Compression is the same as in Info.
	Compression string `json:"compression,omitempty"`
	// Encoding is one of those of Config.Encoding; empty for UTF-8, and for files that are not text.
	Encoding string `json:"encoding,omitempty"`
	// JSON says how the file contains objects of JSON; empty for other formats.
	JSON JSONForm `json:"json,omitempty"`
	// JSONPath says where the rows are within them, as in Config.
	JSONPath string `json:"json_path,omitempty"`
	// Columns are the names that were given to the columns of CSV without a header.
	Columns []string `json:"columns,omitempty"`
	// AllRows is the same as in Config.
	AllRows bool `json:"all_rows,omitempty"`
	// Rejects reports whether the file is a rejects file.
	Rejects bool `json:"rejects,omitempty"`
}

// JSONForm says how a file contains objects of JSON.
type JSONForm string

const (
	// JSONFormLines is one object a line. An error in it ends with its line.
	JSONFormLines JSONForm = "lines"
	// JSONFormStream is any other form: lists, objects over several lines, or several objects on a line.
	JSONFormStream JSONForm = "stream"
)

// String describes the layout in a sentence.
func (l Layout) String() string {
	parts := []string{l.Compression}
	switch l.Format {
	case FormatCSV:
		parts = append(parts, "CSV")
	case FormatJSONLines:
		form := "JSON, one object a line"
		if l.JSON == JSONFormStream {
			form = "JSON, a stream of objects"
		}
		if l.JSONPath != "" {
			form += " with the rows in " + l.JSONPath
		}
		parts = append(parts, form)
	case FormatParquet:
		parts = append(parts, "Parquet")
	}
	if l.Rejects {
		parts = append(parts, "a rejects file")
	}
	if l.Columns != nil {
		parts = append(parts, "with the columns "+strings.Join(l.Columns, ", "))
	}
	if l.AllRows {
		parts = append(parts, "with all rows")
	}
	if l.Encoding != "" {
		parts = append(parts, "in "+l.Encoding)
	}
	return strings.TrimPrefix(strings.Join(parts, ", "), ", ")
}

// layout returns the Layout, which is known after Columns.
func (t *text) layout() Layout {
	l := Layout{Format: FormatCSV, Compression: t.in.compressed(), Columns: t.cfg.Columns, AllRows: t.cfg.AllRows}
	if name := encodingName(t.cfg.Encoding); name != "utf-8" {
		l.Encoding = name
	}
	switch f := t.framer.(type) {
	case *rejectsFramer:
		return Layout{Format: FormatJSONLines, Compression: l.Compression, Rejects: true}
	case *jsonFramer:
		l.Format, l.JSON, l.JSONPath, l.Columns, l.AllRows = FormatJSONLines, JSONFormLines, t.cfg.JSONPath, nil, false
		if f.stream != nil {
			l.JSON = JSONFormStream
		}
	}
	return l
}
