package sqldb

import (
	"database/sql"

	"github.com/ciokit/cio/kit/source"
)

// Connection is as source.Connected has it.
func (r *result) Connection() *source.Connection { return r.target.connection() }

// describe takes the columns from rows.
func (r *result) describe(rows *sql.Rows, fail func(error) (source.Source, error)) (source.Source, error) {
	types, err := rows.ColumnTypes()
	if err != nil {
		return fail(err)
	}
	r.types = types
	for i, t := range types {
		typ := t.DatabaseTypeName()
		if r.declared != nil {
			typ = r.declared[i]
		}
		r.columns = append(r.columns, source.Column{Name: t.Name(), Kind: source.JSON, Type: typ})
		r.writers = append(r.writers, r.dialect.writerOf(typ))
	}
	return r, nil
}
