package source

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// Profile describes an input, judged by some of its rows.
type Profile struct {
	// Sampled is how many rows were read. Rows is about how many there are, -1 if that is not known; it is exact if Complete, which says that the
	// input was read to its end. Of the rows after the first FirstRows, every Stride-th was inspected; 0 means none of them.
	Sampled  int64 `json:"sampled"`
	Rows     int64 `json:"rows"`
	Complete bool  `json:"complete"`
	Stride   int64 `json:"stride,omitempty"`
	// Columns are the columns of the input, or the members that the rows have. OtherColumns is how many more there are, which were not inspected.
	Columns      []ColumnProfile `json:"columns"`
	OtherColumns int             `json:"other_columns,omitempty"`
	// Headerless says why the first line seems to be a row instead of the names of the columns; empty if it is the names. The names of the Columns
	// are then somebody's data.
	Headerless string `json:"headerless,omitempty"`
	// Bad is how many rows cannot be read. BadLine and BadReason belong to the first of them.
	Bad       int64  `json:"bad"`
	BadLine   int64  `json:"bad_line,omitempty"`
	BadReason string `json:"bad_reason,omitempty"`
	// Dialect says how delimited text is written, nil for any other input. DialectEvidence gives the reasons, in sentences.
	Dialect         *Dialect `json:"dialect,omitempty"`
	DialectEvidence []string `json:"dialect_evidence,omitempty"`
	// RowsIn are paths as in Config.JSONPath. It is set if the input has only one row: the rows may be in the lists at these paths.
	RowsIn []string `json:"rows_in,omitempty"`
	// Connection describes the connection if the rows come from a database.
	Connection *Connection `json:"connection,omitempty"`

	places map[string]int // the index in Columns by name, if the rows name their own columns
}

const (
	// FirstRows is how many rows Inspect reads in full before it reads only some.
	FirstRows = 10_000
	// stridedBytes and stridedRows bound how far it reads after that.
	stridedBytes = 64 << 20
	stridedRows  = 500_000
	// maxColumns bounds the columns that are inspected.
	maxColumns = 2_000
)

// Inspect reads at most this many of the first rows of a Source. With 0 it reads FirstRows rows and, if the length of the input is known, some of the
// rows after them, within the next 64 MiB. It uses the Source up.
func Inspect(ctx context.Context, src Source, rows int64) (Profile, error) {
	p := Profile{Rows: -1, places: make(map[string]int)}
	columns, err := src.Columns(ctx)
	if err != nil {
		return p, err
	}
	names, places := p.setColumns(columns)
	if err := src.Select(names); err != nil {
		return p, err
	}
	if c, ok := src.(Connected); ok {
		p.Connection = c.Connection()
	}
	limit := rows
	if rows <= 0 {
		limit = FirstRows
	}
	read, seen := int64(0), int64(0)
	var b Batch
	for !p.Complete {
		if seen == limit && p.Stride == 0 {
			if p.Stride = strideFor(src.Info(), rows, read, seen); p.Stride == 0 {
				break
			}
		}
		if read > stridedBytes || seen > stridedRows {
			break
		}
		err := src.Next(ctx, &b)
		if err == io.EOF {
			p.Complete = true
			break
		}
		if err != nil {
			return p, err
		}
		taken := len(b.Rows)
		for i := range b.Rows {
			if seen == limit && p.Stride == 0 {
				if p.Stride = strideFor(src.Info(), rows, b.Offset, seen); p.Stride == 0 {
					taken = i
					break
				}
			}
			if seen == 0 && columns == nil && b.Rows[i].Err == nil {
				p.RowsIn = rowsIn(b.Rows[i].Raw)
			}
			p.row(&b.Rows[i], places, columns == nil, p.Stride == 0 || (seen-limit)%p.Stride == p.Stride-1)
			seen++
		}
		read += (b.Offset - read) * int64(taken) / int64(len(b.Rows))
	}
	switch {
	case p.Complete:
		p.Rows = seen
	case src.Info().Rows > 0:
		p.Rows = src.Info().Rows
	case src.Info().Size > 0 && read > 0:
		p.Rows = int64(float64(seen) * float64(src.Info().Size) / float64(read))
	}
	if info := src.Info(); len(info.Dialects) > 0 && info.Dialects[0].Delimiter != 0 {
		p.Dialect, p.DialectEvidence = &info.Dialects[0], info.Evidence
	}
	if !p.Complete || seen != 1 {
		p.RowsIn = nil
	}
	p.judge(columns)
	return p, nil
}

// rowsIn returns the paths at which an object has lists of objects.
func rowsIn(object []byte) (paths []string) {
	for _, path := range lists(object, nil) {
		paths = append(paths, showPath(path))
	}
	return paths
}

// strideFor returns how many of the rows after the first ones belong to each row that is inspected, so that about as many are inspected as before; 0
// if no more rows are inspected.
func strideFor(info Info, asked, read, seen int64) int64 {
	if asked > 0 || info.Size == 0 || read == 0 {
		return 0
	}
	rest := min(float64(info.Size)/float64(read), float64(stridedRows)/float64(seen)) - 1
	return max(int64(rest), 1)
}

// setColumns makes the profiles of the columns. It returns the names of the columns that can be read, and their places.
func (p *Profile) setColumns(columns []Column) (names []string, places []int) {
	times := make(map[string]int, len(columns))
	for _, c := range columns {
		times[c.Name]++
	}
	for i, c := range columns {
		if i == maxColumns {
			p.OtherColumns = len(columns) - i
			break
		}
		p.Columns = append(p.Columns, newColumnProfile(c.Name, c.Type))
		if times[c.Name] > 1 {
			p.Columns[i].twice = true
			continue
		}
		names, places = append(names, c.Name), append(places, i)
	}
	return names, places
}

// row counts a row. closely says that its cells count.
func (p *Profile) row(r *Row, places []int, members, closely bool) {
	if r.Err != nil {
		if p.Bad++; p.Bad == 1 {
			p.BadLine, p.BadReason = r.Line, r.Err.Error()
		}
		return
	}
	if !closely {
		return
	}
	p.Sampled++
	at := place{r.File, r.Line}
	for i, c := range r.Cells {
		if c.Kind != KindAbsent {
			p.Columns[places[i]].add(c, at)
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
		i, known := p.places[name]
		if !known {
			if i = len(p.Columns); i == maxColumns {
				p.OtherColumns = 1
				continue
			}
			p.places[name] = i
			p.Columns = append(p.Columns, newColumnProfile(name, ""))
		}
		p.Columns[i].add(Cell{KindJSON, value}, at)
	}
}

// judge decides what the columns look like. If one column leaves something open, another may decide it: a program writes all of its dates in one way.
func (p *Profile) judge(columns []Column) {
	j := &judgement{orders: make(map[string]string), orderedBy: make(map[string]string)}
	for i := range p.Columns {
		c := &p.Columns[i]
		c.finish(p.Sampled, nil)
		j.learn(c)
	}
	for i := range p.Columns {
		if p.Columns[i].Choices != nil {
			p.Columns[i].finish(p.Sampled, j)
		}
	}
	if columns != nil {
		p.Headerless = p.headerless()
	}
}

// JudgeCells says what some cells of a column look like, as Inspect does for all of them. Its line numbers are the positions of the cells, from 1.
func JudgeCells(name string, cells []string) ColumnProfile {
	c := newColumnProfile(name, "")
	for i, text := range cells {
		if text != "" {
			c.add(Cell{KindText, []byte(text)}, place{line: int64(i + 1)})
		}
	}
	c.finish(int64(len(cells)), nil)
	return c
}

// learn keeps what a column decides for the others.
func (j *judgement) learn(c *ColumnProfile) {
	if c.Looks == LooksNumber && !c.Native && len(c.patterns) == 0 {
		for _, s := range c.shapes {
			styles := s.class & classStyles
			switch {
			case styles == 0 || styles == classStyles:
			case styles&(classComma|classGroupPoint|classSpaceComma) == styles:
				j.commas = c.Name
			case styles&(classPoint|classGroupComma|classSpacePoint|classGroupQuote) == styles:
				j.points = c.Name
			}
		}
	}
	if c.Looks != LooksDate {
		return
	}
	for _, d := range c.patterns {
		if !d.ambiguous() || (d.dayFirst.count > 0) == (d.dayLast.count > 0) {
			continue
		}
		day := second
		if d.dayFirst.count > 0 {
			day = first
		}
		if before := j.orders[d.mark()]; before != "" && before != day {
			day = "both"
		}
		j.orders[d.mark()], j.orderedBy[d.mark()] = day, c.Name
	}
}

// headerless says why the first line seems to be a row, empty if it does not: its fields are of the same kind as the cells below them, in all columns
// that are not text.
func (p *Profile) headerless() (why string) {
	for i := range p.Columns {
		c := &p.Columns[i]
		if c.Looks == LooksText || c.Looks == LooksEmpty || c.Looks == LooksTwice {
			continue
		}
		k, _ := (&ColumnProfile{}).classOf(c.Name, false, place{})
		what := ""
		switch {
		case c.Name == "":
			continue
		case c.Looks == LooksEmail && k&classEmail != 0:
			what = "an email address"
		case c.Looks == LooksDate && k&classPatterns != 0:
			what = "a date"
		case c.Looks == LooksPhone && k&(classPhone|classDigits) != 0:
			what = "a telephone number"
		case c.numeric() && k&(classDigits|classStyles) != 0:
			what = "a number"
		default:
			return ""
		}
		if why == "" {
			why = fmt.Sprintf("its field %d is %s, like the fields below it", i+1, what)
		}
	}
	return why
}

// numeric reports whether the column contains digits.
func (c *ColumnProfile) numeric() bool {
	switch c.Looks {
	case LooksInteger, LooksNumber, LooksID, LooksUnix, LooksUnixMilli, LooksUnixMicro, LooksSerial, LooksPostcode, LooksPhone:
		return true
	}
	return false
}
