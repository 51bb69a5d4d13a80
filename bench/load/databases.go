package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/go-sql-driver/mysql"
	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// databases are the cases that read a table: it has fewRows of the rows of the files. A case with a server is left out if its variable,
// which .ci/databases prints, is not set.
var databases = map[string]struct{ variable, driver string }{
	"sqlite":   {"", "sqlite"},
	"postgres": {"CIOKIT_POSTGRES_URL", "pgx"},
	"mariadb":  {"CIOKIT_MARIADB_URL", "mysql"},
}

// databaseURL returns the address of a case's database, empty if there is none.
func databaseURL(name, dir string) string {
	if d := databases[name]; d.variable != "" {
		return os.Getenv(d.variable)
	}
	return "sqlite:" + filepath.Join(dir, "rows.db")
}

// makeTable writes the table of a case.
func makeTable(name, dir string, rows int) error {
	address := databaseURL(name, dir)
	if strings.HasPrefix(address, "mariadb:") { // the driver has its own form
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		password, _ := u.User.Password()
		address = fmt.Sprintf("%s:%s@tcp(%s)%s", u.User.Username(), password, u.Host, u.Path)
	}
	db, err := sql.Open(databases[name].driver, strings.TrimPrefix(address, "sqlite:"))
	if err != nil {
		return err
	}
	defer db.Close()
	for _, statement := range []string{"DROP TABLE IF EXISTS bench_people", `CREATE TABLE bench_people (id VARCHAR(20) PRIMARY KEY, email VARCHAR(100), name VARCHAR(100),
		city VARCHAR(50), plan VARCHAR(20), orders INTEGER, total NUMERIC(12,2), first_at DATE, last_at TIMESTAMP NULL, note VARCHAR(100))`} {
		if _, err := db.Exec(statement); err != nil {
			return err
		}
	}
	var b strings.Builder
	w := bufio.NewWriter(&b)
	for i := 0; i < rows; {
		fmt.Fprint(w, "INSERT INTO bench_people VALUES ")
		for end := min(rows, i+1000); i < end; i++ {
			p := personOf(i)
			fmt.Fprintf(w, "('%s','%s','%s','%s','%s',%d,%d.%02d,'%s','%s','%s'),", p.ID, p.Email, p.Name, p.City, p.Plan, p.Orders, p.Total/100, p.Total%100,
				time.Unix(int64(p.First)*86400, 0).UTC().Format(time.DateOnly), p.Last.Format(time.DateTime), p.Note)
		}
		w.Flush()
		if _, err := db.Exec(strings.TrimSuffix(b.String(), ",")); err != nil {
			return err
		}
		b.Reset()
	}
	return nil
}

func openTable(name, dir string) (source.Source, error) {
	return sqldb.Open(context.Background(), databaseURL(name, dir), sqldb.Query{SQL: "SELECT * FROM bench_people ORDER BY id"})
}
