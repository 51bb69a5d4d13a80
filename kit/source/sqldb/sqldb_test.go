package sqldb

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// readAll returns the rows of a query: their raw form, or the rule of a bad one.
func readAll(t *testing.T, src source.Source) (columns []source.Column, rows []string) {
	t.Helper()
	columns, err := src.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	times := make(map[string]int)
	for _, c := range columns {
		times[c.Name]++
	}
	for _, c := range columns {
		if times[c.Name] == 1 { // for the others it is not clear which one is intended
			names = append(names, c.Name)
		}
	}
	return readSelected(t, src, names...)
}

// readSelected is readAll for some of the columns.
func readSelected(t *testing.T, src source.Source, names ...string) (columns []source.Column, rows []string) {
	t.Helper()
	defer src.Close()
	columns, err := src.Columns(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := src.Select(names); err != nil {
		t.Fatal(err)
	}
	var b source.Batch
	for n := int64(0); ; {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return columns, rows
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range b.Rows {
			if r.Ordinal != n || r.Line != n+1 {
				t.Fatalf("row %d is numbered %d, %d", n, r.Ordinal, r.Line)
			}
			n++
			text := string(r.Raw)
			if r.Err != nil {
				text = r.Err.Rule
			}
			rows = append(rows, text)
		}
	}
}

// sqliteFile makes a database with the program sqlite3.
func sqliteFile(t *testing.T, statements string) string {
	t.Helper()
	program, err := exec.LookPath("sqlite3")
	if err != nil {
		t.Skip("the program sqlite3 is not installed")
	}
	file := filepath.Join(t.TempDir(), "test ?.db")
	cmd := exec.Command(program, file)
	cmd.Stdin = strings.NewReader(statements)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

func TestSQLite(t *testing.T) {
	file := sqliteFile(t, `CREATE TABLE t (id INTEGER, d NUMERIC, f REAL, s TEXT, b BLOB, j JSON, at TIMESTAMP, day DATE);
INSERT INTO t VALUES (9007199254740993, 12.5, 1e308, 'a"b'||char(10)||'é', x'00ff', '{"x":[1,2.50]}', '2021-01-02 03:04:05.5', '1969-12-31');
INSERT INTO t VALUES (NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL);
INSERT INTO t VALUES (-1, 'twelve', -0.5, '', x'', 'no json', NULL, NULL);
INSERT INTO t VALUES (2, 1, 9e999, 'x', NULL, NULL, NULL, NULL);`)
	src, err := Open(t.Context(), "sqlite:"+file, Query{SQL: "SELECT * FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	columns, rows := readAll(t, src)
	if len(columns) != 8 || columns[0].Name != "id" || columns[0].Type != "INTEGER" {
		t.Errorf("columns %+v", columns)
	}
	want := []string{
		`{"id":9007199254740993,"d":12.5,"f":1e+308,"s":"a\"b\u000aé","b":"AP8=","j":{"x":[1,2.50]},"at":"2021-01-02T03:04:05.5Z","day":"1969-12-31"}`,
		`{"id":null,"d":null,"f":null,"s":null,"b":null,"j":null,"at":null,"day":null}`,
		`{"id":-1,"d":"twelve","f":-0.5,"s":"","b":"","j":"no json","at":null,"day":null}`,
		RuleNoJSON,
	}
	if len(rows) != len(want) {
		t.Fatalf("%d rows: %s", len(rows), rows)
	}
	for i := range want {
		if rows[i] != want[i] {
			t.Errorf("row %d\ngot  %s\nwant %s", i, rows[i], want[i])
		}
	}
}

// Many rows come in order, and a reader that stops early leaves nothing open.
func TestManyRows(t *testing.T) {
	file := sqliteFile(t, "CREATE TABLE t (n INTEGER); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 5000) INSERT INTO t SELECT n FROM c;")
	src, err := Open(t.Context(), "sqlite:"+file, Query{SQL: "SELECT n FROM t ORDER BY n"})
	if err != nil {
		t.Fatal(err)
	}
	if _, rows := readAll(t, src); len(rows) != 5000 || rows[4999] != `{"n":5000}` {
		t.Errorf("%d rows", len(rows))
	}
	if src, err = Open(t.Context(), "sqlite:"+file, Query{SQL: "SELECT n FROM t"}); err != nil {
		t.Fatal(err)
	}
	if err := src.Select([]string{"n"}); err != nil {
		t.Fatal(err)
	}
	var b source.Batch
	if err := src.Next(t.Context(), &b); err != nil || len(b.Rows) == 0 {
		t.Fatalf("%v, %d rows", err, len(b.Rows))
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 3 { // one of them can find rows that are ready
		if err = src.Next(ended, &b); errors.Is(err, context.Canceled) {
			break
		}
	}
	if err := src.Close(); err != nil {
		t.Error(err)
	}
}

func TestWrongDatabases(t *testing.T) {
	file := sqliteFile(t, "CREATE TABLE t (a, b);")
	const secret = "hunter2"
	for _, tt := range []struct{ url, query, want string }{
		{"sqlite:" + file, "SELECT nothing FROM t", "the query fails"},
		{"sqlite:" + file, "", "the query is empty"},
		{"sqlite:" + file, "DELETE FROM t", "it begins with DELETE"},
		{"sqlite:" + file + ".none", "SELECT 1", "no such file"},
		{"postgres://user:" + secret + "@127.0.0.1:1/db", "SELECT 1", "cannot be reached"},
		{"mysql://user:" + secret + "@127.0.0.1:1/db", "SELECT 1", "cannot be reached"},
		{"mysql:nothing", "SELECT 1", "the URL of the database is not valid"},
	} {
		src, err := Open(t.Context(), tt.url, Query{SQL: tt.query})
		if err == nil {
			src.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), secret) {
			t.Errorf("%s, %q: %v; want %s", tt.url, tt.query, err, tt.want)
		}
	}
	src, err := Open(t.Context(), "sqlite:"+file, Query{SQL: "SELECT a, b AS a FROM t"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Select([]string{"a"}); err == nil || !strings.Contains(err.Error(), "two columns") {
		t.Errorf("got %v", err)
	}
	if got := Name("postgres://user:hunter2@db.example:5432/shop?x=y"); got != "postgres://db.example:5432/shop" {
		t.Errorf("the name is %s", got)
	}
}

// A file of SQLite is given as a path or as a URL, with a drive on Windows.
func TestSQLitePath(t *testing.T) {
	t.Parallel()
	for rest, want := range map[string][2]string{
		"shop.db": {"shop.db", "shop.db"}, "/tmp/shop.db": {"/tmp/shop.db", "/tmp/shop.db"}, "///tmp/shop.db": {"/tmp/shop.db", "/tmp/shop.db"},
		"///C:/shop.db": {"/C:/shop.db", "C:/shop.db"}, "C:/shop.db": {"C:/shop.db", "C:/shop.db"}, `C:\shop.db`: {`C:\shop.db`, `C:\shop.db`}, "/": {"/", "/"},
	} {
		if got := [2]string{sqlitePath(rest, false), sqlitePath(rest, true)}; got != want {
			t.Errorf("%s: %q, want %q", rest, got, want)
		}
	}
}
