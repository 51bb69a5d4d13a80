package sqldb

import (
	"context"
	"database/sql"
	"errors"

	"github.com/ciokit/cio/kit/source"
)

// Connection is described in source.Connected.
func (r *result) Connection() *source.Connection { return r.target.connection() }

// describe checks the query and reads its columns. Its transaction ends with it, because it is unknown when the rows will be wanted.
func (r *result) describe(query string) (err error) {
	if r.dialect == sqlite {
		if r.statement, err = grammarOf(sqlite).statement(query); err != nil {
			return err
		}
		if err := r.reach(); err != nil {
			return err
		}
		if r.query, r.columns, err = undated(r.run, r.db, r.statement); err != nil {
			return r.dialect.queryError(err)
		}
		r.nests = true
		return nil
	}
	if err := r.take(query); err != nil {
		return err
	}
	statements := []string{"SELECT * FROM (\n" + r.query + "\n) AS q WHERE 1 = 0"}
	if len(r.asked.OrderBy) == 0 { // a database may refuse two equal names in a subquery
		statements = append(statements, r.query)
	}
	for i, s := range statements {
		if err = r.columnsOf(s); err == nil || errors.Is(err, ErrUnreachable) || r.run.Err() != nil {
			r.nests = i == 0 && r.dialect == postgres // MariaDB ignores the ORDER BY of a subquery
			return err
		}
	}
	return err
}

// reach checks that the database answers.
func (r *result) reach() error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	return tx.Rollback()
}

// take checks that the query may run.
func (r *result) take(query string) error {
	tx, err := r.target.transaction(r.run, r.db, r.url)
	if err != nil {
		return err
	}
	defer tx.Rollback() // its error does not matter: nothing was written
	if r.statement, err = r.checked(r.run, tx, query); err != nil {
		return err
	}
	r.query = r.statement
	return nil
}

// checked returns the query as the one statement that can run in the session of the transaction.
func (r *result) checked(ctx context.Context, tx *sql.Tx, query string) (string, error) {
	g, err := r.dialect.grammar(ctx, tx)
	if err != nil {
		return "", r.dialect.explain("sqldb: the settings of the session cannot be read", err)
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
		return r.dialect.queryError(err)
	}
	types, err := rows.ColumnTypes()
	if err == nil && rows.Next() {
		cancel() // a driver may otherwise read all other rows
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
