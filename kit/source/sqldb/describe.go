package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/ciokit/cio/kit/source"
)

// Connection is as source.Connected has it.
func (r *result) Connection() *source.Connection { return r.target.connection() }

// describe takes a query for what may run, and learns its columns. No transaction lasts longer than that, because nobody knows when the rows will
// be wanted.
func (r *result) describe(query string) (err error) {
	if r.dialect == sqlite {
		if r.statement, err = grammarOf(sqlite).statement(query); err != nil {
			return err
		}
		if err := r.reach(); err != nil {
			return err
		}
		if r.query, r.columns, err = undated(r.run, r.db, r.statement); err != nil {
			return queryError(err)
		}
		r.nests = true
		return nil
	}
	if err := r.take(query); err != nil {
		return err
	}
	statements := []string{"SELECT * FROM (\n" + r.query + "\n) AS q WHERE 1 = 0"}
	if len(r.asked.OrderBy) == 0 { // a database may refuse two equal names there
		statements = append(statements, r.query)
	}
	for i, s := range statements {
		if err = r.columnsOf(s); err == nil || errors.Is(err, ErrUnreachable) || r.run.Err() != nil {
			r.nests = i == 0 && r.dialect == postgres // MariaDB forgets the ORDER BY of a query that stands in another one
			return err
		}
	}
	return err
}

// reach makes sure that there is a database.
func (r *result) reach() error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	return tx.Rollback()
}

// take takes the query for what may run.
func (r *result) take(query string) error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	defer tx.Rollback() // what it fails with does not matter: nothing was written
	if r.statement, err = r.checked(r.run, tx, query); err != nil {
		return err
	}
	r.query = r.statement
	return nil
}

// checked returns the query as the one statement that may run in the session of the transaction.
func (r *result) checked(ctx context.Context, tx *sql.Tx, query string) (string, error) {
	g, err := r.dialect.grammar(ctx, tx)
	if err != nil {
		return "", fmt.Errorf("sqldb: the settings of the session cannot be read: %w", err)
	}
	return g.statement(query)
}

func (r *result) columnsOf(statement string) error {
	ctx, cancel := context.WithCancel(r.run)
	defer cancel()
	tx, err := r.target.transaction(ctx, r.db, r.url)
	if err != nil {
		return err
	}
	defer tx.Rollback() // as above
	rows, err := r.dialect.query(ctx, tx, statement)
	if err != nil {
		return queryError(err)
	}
	types, err := rows.ColumnTypes()
	if err == nil && rows.Next() {
		cancel() // a driver may read all other rows to be rid of them
	}
	rows.Close() // as above
	for _, t := range types {
		r.columns = append(r.columns, source.Column{Name: t.Name(), Kind: source.KindJSON, Type: t.DatabaseTypeName()})
	}
	if err == nil && r.dialect == postgres && ctx.Err() == nil {
		err = namePostgresTypes(ctx, tx, r.columns)
	}
	return err
}
