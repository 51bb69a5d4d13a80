package sqldb

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

// order has the rows come in the order of their keys, and begin behind any of them.
type order struct {
	dialect *dialect
	query   string
	keys    []key
}

// key is a column of the order.
type key struct {
	name  string
	place int // in the result
	kind  keyKind
	cast  string // what a placeholder for it is cast to; empty for nothing
}

// keyKind says how the value of a key is kept.
type keyKind byte

const (
	keyAny   keyKind = iota // by what it is: SQLite's columns hold anything
	keyWhole                // an integer
	keyText                 // what the database reads as its own type
	keyTime                 // a time.Time
	keyBytes                // binary data
)

func newOrder(d *dialect, columns []source.Column, types []*sql.ColumnType, query string, by []string) (*order, error) {
	o := &order{dialect: d, query: query}
	for _, name := range by {
		same := func(c source.Column) bool { return c.Name == name }
		place := slices.IndexFunc(columns, same)
		switch {
		case place < 0:
			return nil, fmt.Errorf("sqldb: the rows cannot be ordered by %q: the query has no such column; it has %s", name, names(columns))
		case slices.ContainsFunc(columns[place+1:], same):
			return nil, fmt.Errorf("sqldb: the rows cannot be ordered by %q: the query has two columns of that name; rename one with AS", name)
		case slices.ContainsFunc(o.keys, func(k key) bool { return k.name == name }):
			return nil, fmt.Errorf("sqldb: the rows are ordered by %q twice; name it once", name)
		}
		k := key{name: name, place: place}
		if d.rawKeys {
			k.place = len(columns) + len(o.keys) // see rowsAfter
		} else if !k.sort(types[place]) {
			return nil, fmt.Errorf("sqldb: the rows cannot be ordered by %q, which is of the type %s; take a column of whole numbers, decimals, text, UUIDs, dates, times or binary data", name, columns[place].Type)
		}
		o.keys = append(o.keys, k)
	}
	return o, nil
}

func names(columns []source.Column) string {
	var list []string
	for _, c := range columns {
		list = append(list, c.Name)
	}
	return strings.Join(list, ", ")
}

// sort sets how a key of the type is kept. It returns false for a type whose order, or whose comparison with a value that is sent to the
// database, is not the plain one: floating point numbers, enumerations, JSON.
func (k *key) sort(t *sql.ColumnType) bool {
	switch name := strings.TrimPrefix(t.DatabaseTypeName(), "UNSIGNED "); name {
	case "INT2", "INT4", "INT8", "INT", "BIGINT", "SMALLINT", "TINYINT", "MEDIUMINT", "YEAR":
		k.kind = keyWhole
	case "NUMERIC", "DECIMAL":
		k.kind = keyText
		if precision, scale, ok := t.DecimalSize(); ok && name == "DECIMAL" {
			k.cast = fmt.Sprintf("DECIMAL(%d,%d)", precision, scale) // MySQL compares decimals with text as floating point numbers
		}
	case "TEXT", "VARCHAR", "BPCHAR", "CHAR", "UUID", "TINYTEXT", "MEDIUMTEXT", "LONGTEXT", "DATETIME", "NAME":
		k.kind = keyText
	case "DATE", "TIMESTAMP", "TIMESTAMPTZ":
		k.kind = keyTime // of PostgreSQL; that of MySQL comes as text and is kept as that
	case "BYTEA", "BINARY", "VARBINARY":
		k.kind = keyBytes
	default:
		return false
	}
	return true
}

// columns names the keys in SQL.
func (o *order) columns() []string {
	var list []string
	for _, k := range o.keys {
		list = append(list, "q."+o.dialect.identifier(k.name))
	}
	return list
}

func (o *order) from() string { return " FROM (\n" + o.query + "\n) AS q" }

// check counts the rows, and refuses keys that do not tell them apart.
func (o *order) check(ctx context.Context, tx *sql.Tx) (rows int64, err error) {
	var selected, missing []string
	for i, c := range o.columns() {
		selected = append(selected, fmt.Sprintf("%s AS key%d", c, i))
		missing = append(missing, fmt.Sprintf("key%d IS NULL", i))
	}
	query := fmt.Sprintf("SELECT COUNT(*), COALESCE(SUM(rows_of_key), 0), COALESCE(SUM(CASE WHEN %s THEN rows_of_key ELSE 0 END), 0) FROM (SELECT %s, COUNT(*) AS rows_of_key%s GROUP BY %s) AS g",
		strings.Join(missing, " OR "), strings.Join(selected, ", "), o.from(), strings.Join(o.columns(), ", "))
	var distinct, empty int64
	if err := tx.QueryRowContext(ctx, query).Scan(&distinct, &rows, &empty); err != nil {
		return 0, fmt.Errorf("sqldb: the keys of the rows cannot be counted: %w", err)
	}
	key := strings.Join(o.names(), ", ")
	switch {
	case empty > 0:
		return 0, &source.FormatError{Problem: fmt.Sprintf("%d of %d rows have no %s, by which they are to be ordered, and NULL has no place in an order", empty, rows, key),
			Hint: "leave them out of the query, or order by another column"}
	case distinct < rows:
		return 0, &source.FormatError{Problem: fmt.Sprintf("the %d rows have only %d different values of %s, by which they are to be ordered, so that a run could not say where it stopped", rows, distinct, key),
			Hint: "order by one more column that tells them apart"}
	}
	return rows, nil
}

func (o *order) names() []string {
	var list []string
	for _, k := range o.keys {
		list = append(list, k.name)
	}
	return list
}

// after is a condition for the rows behind the one with these keys, and its arguments.
func (o *order) after(values []any) (condition string, args []any) {
	columns := o.columns()
	place := func(i int) string {
		args = append(args, values[i])
		p := "?"
		if o.dialect.numbered {
			p = "$" + strconv.Itoa(len(args))
		}
		if cast := o.keys[i].cast; cast != "" {
			p = "CAST(" + p + " AS " + cast + ")"
		}
		return p
	}
	var either []string
	for i := range o.keys {
		var all []string
		for j := range i {
			all = append(all, columns[j]+" = "+place(j))
		}
		either = append(either, "("+strings.Join(append(all, columns[i]+" > "+place(i)), " AND ")+")")
	}
	return strings.Join(either, " OR "), args
}

// rowsAfter runs the query from behind a row on, or from the beginning where values is nil.
func (o *order) rowsAfter(ctx context.Context, tx *sql.Tx, values []any) (*sql.Rows, error) {
	query := "SELECT q.*"
	if o.dialect.rawKeys {
		for _, c := range o.columns() {
			query += ", +" + c // without the declared type, by which the driver would change it
		}
	}
	query += o.from()
	var args []any
	if values != nil {
		var condition string
		condition, args = o.after(values)
		query += " WHERE " + condition
	}
	return o.dialect.query(ctx, tx, query+" ORDER BY "+strings.Join(o.columns(), ", "), args...)
}

// countAfter counts the rows behind a row.
func (o *order) countAfter(ctx context.Context, tx *sql.Tx, values []any) (n int64, err error) {
	condition, args := o.after(values)
	rows, err := o.dialect.query(ctx, tx, "SELECT COUNT(*)"+o.from()+" WHERE "+condition, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return n, errors.Join(err, rows.Err())
}

// mark is the keys of a row as a list of JSON, each as its kind and its text.
func (o *order) mark(values []any) ([]byte, error) {
	mark := []byte{'['}
	for i, k := range o.keys {
		kind, text, err := k.keep(values[k.place])
		if err != nil {
			return nil, fmt.Errorf("sqldb: the key %s of a row cannot be kept: %w", k.name, err)
		}
		if i > 0 {
			mark = append(mark, ',')
		}
		mark, err = appendMarked(mark, kind, text)
		if err != nil {
			return nil, err
		}
	}
	return append(mark, ']'), nil
}

// marked is the value of a key in a mark.
type marked struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

func appendMarked(dst []byte, kind, text string) ([]byte, error) {
	b, err := json.Marshal(marked{kind, text})
	return append(dst, b...), err
}

func (k *key) keep(v any) (kind, text string, err error) {
	if b, ok := v.([]byte); ok && (k.kind == keyText || k.kind == keyTime || k.kind == keyWhole) {
		v = string(b)
	}
	switch v := v.(type) {
	case int64:
		return "whole", strconv.FormatInt(v, 10), nil
	case uint64:
		return "whole", strconv.FormatUint(v, 10), nil
	case string:
		if k.kind == keyWhole {
			return "whole", v, nil
		}
		if !utf8.ValidString(v) {
			return "coded", base64.StdEncoding.EncodeToString([]byte(v)), nil
		}
		return "text", v, nil
	case []byte:
		return "bytes", base64.StdEncoding.EncodeToString(v), nil
	case time.Time:
		return "time", fmt.Sprintf("%d %d", v.Unix(), v.Nanosecond()), nil
	case float64:
		return "float", strconv.FormatUint(math.Float64bits(v), 16), nil
	}
	return "", "", fmt.Errorf("it comes as %T", v)
}

// values reads a mark.
func (o *order) values(mark []byte) ([]any, error) {
	var list []marked
	if err := json.Unmarshal(mark, &list); err != nil || len(list) != len(o.keys) {
		return nil, errors.New("sqldb: the journal does not hold the keys of the last row")
	}
	var values []any
	for _, m := range list {
		v, err := m.value()
		if err != nil {
			return nil, fmt.Errorf("sqldb: a key in the journal cannot be read: %w", err)
		}
		values = append(values, v)
	}
	return values, nil
}

func (m marked) value() (any, error) {
	switch m.Kind {
	case "whole":
		if n, err := strconv.ParseInt(m.Text, 10, 64); err == nil {
			return n, nil
		}
		return strconv.ParseUint(m.Text, 10, 64)
	case "text":
		return m.Text, nil
	case "coded":
		b, err := base64.StdEncoding.DecodeString(m.Text)
		return string(b), err
	case "bytes":
		return base64.StdEncoding.DecodeString(m.Text)
	case "time":
		var seconds, nanoseconds int64
		if _, err := fmt.Sscanf(m.Text, "%d %d", &seconds, &nanoseconds); err != nil {
			return nil, err
		}
		return time.Unix(seconds, nanoseconds).UTC(), nil
	case "float":
		bits, err := strconv.ParseUint(m.Text, 16, 64)
		return math.Float64frombits(bits), err
	}
	return nil, fmt.Errorf("its kind is %q", m.Kind)
}
