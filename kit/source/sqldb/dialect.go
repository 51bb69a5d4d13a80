package sqldb

import (
	"context"
	"database/sql"
	"strings"
)

// dialect contains the differences between the databases.
type dialect struct {
	name        string
	transaction *sql.TxOptions
	quote       byte // of names
	rawKeys     bool // the driver changes values because of the declared type of their column
	prepared    bool // only prepared statements return floating point numbers with all their digits
}

var (
	readOnly = &sql.TxOptions{ReadOnly: true, Isolation: sql.LevelRepeatableRead}

	postgres    = &dialect{name: "PostgreSQL", transaction: readOnly, quote: '"'}
	mysqlServer = &dialect{name: "MySQL", transaction: readOnly, quote: '`', prepared: true}
	sqlite      = &dialect{name: "SQLite", quote: '"', rawKeys: true}
)

func (d *dialect) identifier(name string) string {
	q := string(d.quote)
	return q + strings.ReplaceAll(name, q, q+q) + q
}

// query runs a query. A statement that it prepares ends with the transaction.
func (d *dialect) query(ctx context.Context, tx *sql.Tx, query string, args ...any) (*sql.Rows, error) {
	if !d.prepared {
		return tx.QueryContext(ctx, query, args...)
	}
	stmt, err := tx.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}
