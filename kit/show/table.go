package show

import (
	"encoding/json"
	"fmt"
	"html"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Table is rows under named columns. Numbers stand to the right.
type Table struct {
	// Title stands above it; default none.
	Title   string
	Columns []string
	// Rows hold one value for each column, whatever prints; a row may be shorter. A time is shown in UTC to the second, a
	// json.RawMessage as it is, nil as nothing.
	Rows [][]any
	// Limit is how many rows are shown; the others are counted below. Default 20, negative for no limit.
	Limit int
}

// Records makes a Table of a slice of structs, with a column for each exported field. The tag `show:"name"` gives the column another name,
// `show:"-"` leaves it out; so does `json:"name"` if there is no such tag. It panics if records is anything else.
func Records(records any) Table {
	v := reflect.ValueOf(records)
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Struct {
		panic(fmt.Sprintf("show: Records wants a slice of structs, not %T", records))
	}
	var t Table
	var fields []int
	for i := range v.Type().Elem().NumField() {
		f := v.Type().Elem().Field(i)
		name := columnName(f)
		if !f.IsExported() || name == "-" {
			continue
		}
		fields = append(fields, i)
		t.Columns = append(t.Columns, name)
	}
	for i := range v.Len() {
		row := make([]any, len(fields))
		for j, f := range fields {
			row[j] = v.Index(i).Field(f).Interface()
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func columnName(f reflect.StructField) string {
	if name := f.Tag.Get("show"); name != "" {
		return name
	}
	if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
		return name
	}
	return f.Name
}

// Show shows the table.
func (t Table) Show() {
	bundle{text: t.text(), html: t.html()}.show()
}

func (t Table) shown() (rows [][]any, more int) {
	limit := t.Limit
	if limit == 0 {
		limit = 20
	}
	if limit < 0 || len(t.Rows) <= limit {
		return t.Rows, 0
	}
	return t.Rows[:limit], len(t.Rows) - limit
}

// numeric says which columns hold nothing but numbers.
func (t Table) numeric() []bool {
	numeric := make([]bool, len(t.Columns))
	for c := range t.Columns {
		for _, row := range t.Rows {
			if c >= len(row) || row[c] == nil {
				continue
			}
			numeric[c] = isNumber(row[c])
			if !numeric[c] {
				break
			}
		}
	}
	return numeric
}

func isNumber(v any) bool {
	switch v := v.(type) {
	case json.RawMessage:
		var n json.Number
		return len(v) > 0 && v[0] != '"' && json.Unmarshal(v, &n) == nil
	case time.Duration, fmt.Stringer:
		return false
	}
	k := reflect.ValueOf(v).Kind()
	return k >= reflect.Int && k <= reflect.Float64
}

func (t Table) text() string {
	rows, more := t.shown()
	numeric := t.numeric()
	width := make([]int, len(t.Columns))
	cells := make([][]string, 0, len(rows)+1)
	cells = append(cells, t.Columns)
	for _, row := range rows {
		line := make([]string, len(t.Columns))
		for c := range min(len(row), len(line)) {
			line[c] = mask(strings.ReplaceAll(cell(row[c]), "\n", " ")) // before its width is taken
		}
		cells = append(cells, line)
	}
	for _, line := range cells {
		for c, s := range line {
			width[c] = max(width[c], utf8.RuneCountInString(s))
		}
	}
	var b strings.Builder
	if t.Title != "" {
		b.WriteString(t.Title + "\n")
	}
	for i, line := range cells {
		var out strings.Builder
		for c, s := range line {
			if c > 0 {
				out.WriteString("  ")
			}
			pad := strings.Repeat(" ", width[c]-utf8.RuneCountInString(s))
			if numeric[c] {
				out.WriteString(pad + s)
			} else {
				out.WriteString(s + pad)
			}
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
		if i == 0 {
			b.WriteString(rule(width) + "\n")
		}
	}
	if more > 0 {
		fmt.Fprintf(&b, "... and %s more\n", commas(strconv.Itoa(more)))
	}
	return b.String()
}

func rule(width []int) string {
	parts := make([]string, len(width))
	for i, w := range width {
		parts[i] = strings.Repeat("-", w)
	}
	return strings.Join(parts, "  ")
}

// html is the table without a style sheet of its own: GitHub removes one, and Jupyter has a good one. Only what must be is inline.
func (t Table) html() string {
	rows, more := t.shown()
	numeric := t.numeric()
	align := func(c int) string {
		if numeric[c] {
			return ` style="text-align: right"`
		}
		return ` style="text-align: left"`
	}
	var b strings.Builder
	b.WriteString("<table>\n")
	if t.Title != "" {
		fmt.Fprintf(&b, "<caption style=\"text-align: left\"><b>%s</b></caption>\n", html.EscapeString(t.Title))
	}
	b.WriteString("<thead><tr>")
	for c, name := range t.Columns {
		fmt.Fprintf(&b, "<th%s>%s</th>", align(c), html.EscapeString(name))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	for _, row := range rows {
		b.WriteString("<tr>")
		for c := range t.Columns {
			s := ""
			if c < len(row) {
				s = cell(row[c])
			}
			fmt.Fprintf(&b, "<td%s>%s</td>", align(c), html.EscapeString(s))
		}
		b.WriteString("</tr>\n")
	}
	if more > 0 {
		fmt.Fprintf(&b, "<tr><td colspan=\"%d\" style=\"text-align: left\">... and %s more</td></tr>\n", len(t.Columns), commas(strconv.Itoa(more)))
	}
	b.WriteString("</tbody>\n</table>\n")
	return b.String()
}

// cell is how a value stands in a table. It is masked here already, because the table's widths follow from it.
func cell(v any) string { return mask(plain(v)) }

func plain(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case json.RawMessage:
		var s string
		if json.Unmarshal(v, &s) == nil && len(v) > 0 && v[0] == '"' {
			return s
		}
		return string(v)
	case time.Time:
		if v.IsZero() {
			return ""
		}
		return v.UTC().Format("2006-01-02 15:04:05")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case error:
		return v.Error()
	case fmt.Stringer:
		return v.String()
	}
	r := reflect.ValueOf(v)
	switch {
	case r.CanInt():
		return commas(strconv.FormatInt(r.Int(), 10))
	case r.CanUint():
		return commas(strconv.FormatUint(r.Uint(), 10))
	case r.CanFloat():
		return number(r.Float())
	}
	return fmt.Sprint(v)
}
