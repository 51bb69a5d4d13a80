package sqldb

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/source"
)

// order sorts the rows by their keys.
type order struct {
	dialect *dialect
	query   string
	keys    []key
}

// key is a column of the order.
type key struct {
	name   string
	column int // of the query
}

func newOrder(d *dialect, columns []source.Column, query string, by []string) (*order, error) {
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
		o.keys = append(o.keys, key{name, place})
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

// columns names the keys in SQL.
func (o *order) columns() []string {
	var list []string
	for _, k := range o.keys {
		list = append(list, "q."+o.dialect.identifier(k.name))
	}
	return list
}

func (o *order) from() string { return " FROM (\n" + o.query + "\n) AS q" }

// check counts the rows, and returns an error if the keys do not identify them.
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
		return 0, o.dialect.explain("sqldb: the keys of the rows cannot be counted", err)
	}
	key := o.names()
	switch {
	case empty > 0:
		return 0, &source.FormatError{Problem: fmt.Sprintf("%d of %d rows have NULL in %s (--order-by), and NULL has no place in an order", empty, rows, key),
			Hint: "leave these rows out of the query, or order by another column"}
	case distinct < rows:
		return 0, &source.FormatError{Problem: fmt.Sprintf("the %d rows have only %s of %s (--order-by), so a run could not record where it stopped", rows, plural.Count(distinct, "different value", "different values"), key),
			Hint: "add a column to --order-by, such as --order-by " + strings.ReplaceAll(key, ", ", ",") + ",COLUMN, so that no two rows have the same values"}
	}
	return rows, nil
}

// names lists the keys for people.
func (o *order) names() string {
	var list []string
	for _, k := range o.keys {
		list = append(list, k.name)
	}
	return strings.Join(list, ", ")
}

// appendKeys appends the keys of a row. places are their indexes among its values.
func (o *order) appendKeys(dst []byte, values []value, places []int) (_ []byte, err error) {
	for i, k := range o.keys {
		if dst, err = appendKey(dst, values[places[i]].is); err != nil {
			return dst, fmt.Errorf("sqldb: the key %s of a row cannot be kept: %w", k.name, err)
		}
	}
	return dst, nil
}
