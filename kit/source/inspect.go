package source

import (
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"
)

// Looks is what the values of a column look like.
type Looks string

// What values look like, the most particular first.
const (
	LooksEmpty     Looks = "empty"
	LooksInteger   Looks = "integer"
	LooksNumber    Looks = "number"
	LooksBoolean   Looks = "boolean"
	LooksDate      Looks = "date"      // 2006-01-02, or a time as RFC 3339 has it or nearly so
	LooksUnix      Looks = "unix"      // seconds since 1970, by the column's name and range
	LooksUnixMilli Looks = "unix_ms"   // milliseconds since 1970
	LooksEmail     Looks = "email"     //
	LooksObject    Looks = "object"    // a JSON object or list
	LooksText      Looks = "text"      //
	LooksID        Looks = "id digits" // digits with leading zeros, which a number would lose
	LooksTwice     Looks = "twice"     // another column has the same name, so that neither can be read; nothing else is known of them
)

// Profile is what the beginning of an input has.
type Profile struct {
	// Sampled is how many rows were looked at, Rows about how many there are, -1 if that is not known; it is exact if Complete.
	Sampled  int64 `json:"sampled"`
	Rows     int64 `json:"rows"`
	Complete bool  `json:"complete"`
	// Columns are those of the input, or the members that the rows have.
	Columns []ColumnProfile `json:"columns"`
	// Bad is how many rows cannot be read, BadLine and BadReason of the first.
	Bad       int64  `json:"bad"`
	BadLine   int64  `json:"bad_line,omitempty"`
	BadReason string `json:"bad_reason,omitempty"`
	// Connection is how the rows came, where they are of a database.
	Connection *Connection `json:"connection,omitempty"`
}

// ColumnProfile is what a column has.
type ColumnProfile struct {
	Name string `json:"name"`
	// Type is the column's own, empty where it has none; Looks what its values look like.
	Type  string `json:"type,omitempty"`
	Looks Looks  `json:"looks"`
	// Empty is how many rows have nothing there; Distinct how many values there are, of at most 1,000 that are counted.
	Empty    int64 `json:"empty"`
	Distinct int   `json:"distinct"`
	// Personal says that the column's name or values look like personal data.
	Personal bool `json:"personal"`
	// Example is a value. It may be personal data.
	Example string `json:"example"`

	values   map[string]bool
	possible []Looks
	filled   int64
	twice    bool
}

// inspectRows is how many rows Inspect looks at where none is given, inspectValues how many values of a column it tells apart.
const (
	inspectRows   = 10_000
	inspectValues = 1_000
)

// Inspect looks at the first rows of a Source, at most so many, 0 for 10,000. The Source is used up by it.
func Inspect(ctx context.Context, src Source, rows int64) (Profile, error) {
	if rows <= 0 {
		rows = inspectRows
	}
	p := Profile{Rows: -1}
	columns, err := src.Columns(ctx)
	if err != nil {
		return p, err
	}
	var names []string
	var places []int // of names in p.Columns
	for i, c := range columns {
		p.Columns = append(p.Columns, newColumnProfile(c.Name, c.Type))
		if repeated(columns, i) {
			p.Columns[i].twice = true
			continue
		}
		names, places = append(names, c.Name), append(places, i)
	}
	if err := src.Select(names); err != nil {
		return p, err
	}
	if c, ok := src.(Connected); ok {
		p.Connection = c.Connection()
	}
	read := int64(0)
	var b Batch
	for p.Sampled < rows {
		err := src.Next(ctx, &b)
		if err == io.EOF {
			p.Complete = true
			break
		}
		if err != nil {
			return p, err
		}
		n := int(min(int64(len(b.Rows)), rows-p.Sampled))
		for i := range b.Rows[:n] {
			p.row(&b.Rows[i], places, columns == nil)
		}
		read += (b.Offset - read) * int64(n) / int64(len(b.Rows))
	}
	switch {
	case p.Complete:
		p.Rows = p.Sampled
	case src.Info().Rows > 0:
		p.Rows = src.Info().Rows
	case src.Info().Size > 0 && read > 0:
		p.Rows = int64(float64(p.Sampled) * float64(src.Info().Size) / float64(read))
	}
	for i := range p.Columns {
		p.Columns[i].finish(p.Sampled - p.Bad)
	}
	return p, nil
}

// repeated reports whether another column has the same name.
func repeated(columns []Column, i int) bool {
	for j, other := range columns {
		if i != j && other.Name == columns[i].Name {
			return true
		}
	}
	return false
}

func newColumnProfile(name, typ string) ColumnProfile {
	return ColumnProfile{Name: name, Type: typ, values: make(map[string]bool),
		possible: []Looks{LooksInteger, LooksNumber, LooksBoolean, LooksDate, LooksEmail, LooksObject, LooksID}}
}

func (p *Profile) row(r *Row, places []int, members bool) {
	p.Sampled++
	if r.Err != nil {
		if p.Bad++; p.Bad == 1 {
			p.BadLine, p.BadReason = r.Line, r.Err.Error()
		}
		return
	}
	for i, c := range r.Cells {
		if c.Kind != Absent {
			p.Columns[places[i]].add(c)
		}
	}
	if !members {
		return
	}
	for key, value := range Members(r.Raw) {
		var name string
		if json.Unmarshal(key, &name) != nil || string(value) == "null" {
			continue
		}
		i := slices.IndexFunc(p.Columns, func(c ColumnProfile) bool { return c.Name == name })
		if i < 0 {
			i = len(p.Columns)
			p.Columns = append(p.Columns, newColumnProfile(name, ""))
		}
		p.Columns[i].add(Cell{JSON, value})
	}
}

// add looks at a value.
func (c *ColumnProfile) add(cell Cell) {
	c.filled++
	text := string(cell.Bytes)
	if cell.Kind == JSON && text[0] == '"' {
		if json.Unmarshal(cell.Bytes, &text) != nil || text == "" {
			return
		}
	}
	if c.Example == "" {
		c.Example = text
	}
	if len(c.values) < inspectValues {
		c.values[text] = true
	}
	c.possible = slices.DeleteFunc(c.possible, func(l Looks) bool { return !l.fits(text) })
}

// fits reports whether a value is one of this kind.
func (l Looks) fits(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	whole := digits != "" && strings.Trim(digits, "0123456789") == ""
	switch l {
	case LooksInteger:
		return whole && len(digits) <= 18 && (digits == "0" || digits[0] != '0')
	case LooksID:
		return whole && digits == s
	case LooksNumber:
		before, after, point := strings.Cut(digits, ".")
		return digits != "" && before != "" && strings.Trim(before+after, "0123456789") == "" && (!point || after != "") && (before == "0" || before[0] != '0')
	case LooksBoolean:
		return slices.Contains([]string{"true", "false", "yes", "no", "y", "n", "t", "f"}, strings.ToLower(s))
	case LooksDate:
		for _, layout := range []string{time.DateOnly, time.DateTime, "2006-01-02T15:04:05", time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05-07"} {
			if _, err := time.Parse(layout, s); err == nil {
				return true
			}
		}
		return false
	case LooksEmail:
		at := strings.IndexByte(s, '@')
		return at > 0 && strings.Contains(s[at:], ".") && !strings.ContainsAny(s, " \t\n")
	case LooksObject:
		return (s[0] == '{' || s[0] == '[') && json.Valid([]byte(s))
	}
	return true
}

// personal are parts of the names of columns that hold personal data.
var personal = []string{"email", "mail", "phone", "mobile", "name", "address", "street", "birth", "dob", "ip_", "ssn", "passport", "zip", "postal", "password", "iban", "token", "gender"}

// finish judges the column by what was seen.
func (c *ColumnProfile) finish(rows int64) {
	if c.twice {
		c.Looks = LooksTwice
		return
	}
	c.Empty = rows - c.filled
	c.Distinct = len(c.values)
	switch {
	case c.filled == 0:
		c.Looks = LooksEmpty
	case len(c.possible) == 0:
		c.Looks = LooksText
	default:
		c.Looks = c.possible[0]
	}
	name := strings.ToLower(c.Name)
	if c.Looks == LooksInteger && (strings.HasSuffix(name, "_at") || strings.Contains(name, "time") || strings.Contains(name, "date")) {
		switch n := len(c.Example); {
		case n >= 9 && n <= 10:
			c.Looks = LooksUnix
		case n >= 12 && n <= 13:
			c.Looks = LooksUnixMilli
		}
	}
	c.Personal = c.Looks == LooksEmail || slices.ContainsFunc(personal, func(part string) bool { return strings.Contains(name, part) })
}
