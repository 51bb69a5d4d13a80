package sqldb

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// runs reads all rows of a query, unordered and ordered, and returns why it fails.
func runs(t *testing.T, url, query string, orderBy ...string) error {
	t.Helper()
	src, err := Open(t.Context(), url, Query{SQL: query, OrderBy: orderBy})
	if err != nil {
		return err
	}
	defer src.Close()
	if err := src.Select(nil); err != nil {
		return err
	}
	var b source.Batch
	for err == nil {
		err = src.Next(t.Context(), &b)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

// one reads the only value of a query.
func one(t *testing.T, url, query string) string {
	t.Helper()
	src, err := Open(t.Context(), url, Query{SQL: query})
	if err != nil {
		t.Fatal(err)
	}
	_, rows := readAll(t, src)
	if len(rows) != 1 {
		t.Fatalf("%s gives %d rows", query, len(rows))
	}
	return rows[0]
}

// Queries in refusedEverywhere must change nothing and be rejected. kept is a table with the columns id and v; other does not exist.
var refusedEverywhere = []string{
	"DROP TABLE kept", "ALTER TABLE kept ADD w INTEGER", "ALTER TABLE kept RENAME TO other", "CREATE INDEX kept_v ON kept (v)", "CREATE TABLE other (id INTEGER)",
	"CREATE TABLE other AS SELECT * FROM kept", "DELETE FROM kept", "UPDATE kept SET v = 'x'", "INSERT INTO kept VALUES (9, 'x')", "INSERT INTO kept VALUES (9, 'x') RETURNING id",
	"/* rows */ DROP TABLE kept", "-- rows\nDROP TABLE kept", "SELECT id FROM kept; DROP TABLE kept", "SELECT id FROM kept; SELECT id FROM kept",
	"COMMIT; DROP TABLE kept", "WITH a AS (SELECT 1) DELETE FROM kept", "WITH a AS (SELECT 1) UPDATE kept SET v = 'x'", "SELECT id FROM kept) AS q; DROP TABLE kept; --",
	"CREATE TEMPORARY TABLE other (id INTEGER)", "CREATE VIEW other AS SELECT 1", "", ";", "-- nothing",
}

// checkReadOnly checks that each query is rejected and writes nothing, both without and with an order.
func checkReadOnly(t *testing.T, url, state string, queries []string) {
	t.Helper()
	before := one(t, url, state)
	for _, q := range queries {
		for _, orderBy := range [][]string{nil, {"id"}} {
			if err := runs(t, url, q, orderBy...); err == nil {
				t.Errorf("%q, ordered by %v, runs", q, orderBy)
			}
		}
		if after := one(t, url, state); after != before {
			t.Fatalf("%q has made %s of %s", q, after, before)
		}
	}
}

func TestPostgresReadOnly(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL")
	execute(t, url, "DROP TABLE IF EXISTS kept, other", "CREATE TABLE kept (id INTEGER, v TEXT)", "INSERT INTO kept VALUES (1, 'a'), (2, 'b')",
		"CREATE OR REPLACE FUNCTION writes() RETURNS integer LANGUAGE sql AS $$ INSERT INTO kept VALUES (9, 'x') RETURNING id $$",
		"DROP SEQUENCE IF EXISTS counted", "CREATE SEQUENCE counted")
	const state = "SELECT (SELECT string_agg(id || v, ',' ORDER BY id) FROM kept) || (SELECT count(*) FROM pg_class WHERE relname ~ 'kept|other|counted') || (SELECT last_value FROM counted) AS s"
	program := filepath.Join(t.TempDir(), "written")
	checkReadOnly(t, url, state, append([]string{
		"TRUNCATE kept", "SELECT * INTO other FROM kept", "SELECT * INTO TEMP other FROM kept",
		"COPY (SELECT 1) TO PROGRAM 'touch " + program + "'", "COPY kept FROM PROGRAM 'touch " + program + "'", "COPY kept TO STDOUT",
		"WITH a AS (INSERT INTO kept VALUES (9, 'x') RETURNING id) SELECT id FROM a", "WITH a AS (DELETE FROM kept RETURNING id) SELECT id FROM a",
		"WITH a AS (UPDATE kept SET v = 'x' RETURNING id) SELECT id FROM a", "SELECT id FROM kept FOR UPDATE", "SELECT id FROM kept FOR SHARE", "SELECT id FROM kept FOR NO KEY UPDATE",
		"SELECT writes() AS id", "SELECT nextval('counted') AS id", "SELECT setval('counted', 9) AS id",
		"SELECT 1 AS id FROM set_config('transaction_read_only', 'off', true)", "SET TRANSACTION READ WRITE", "DO $$ BEGIN DELETE FROM kept; END $$",
		"EXPLAIN ANALYZE DELETE FROM kept", "PREPARE p AS DELETE FROM kept", "LOCK TABLE kept", "VACUUM kept", "GRANT ALL ON kept TO PUBLIC",
		"SELECT E'\\'; DROP TABLE kept; --' AS id; DROP TABLE kept", "SELECT $$'$$ AS id; DROP TABLE kept; --'", "SELECT 1 AS id /* /* */ ; DROP TABLE kept; */ ; DROP TABLE kept",
	}, refusedEverywhere...))
	if _, err := os.Stat(program); err == nil {
		t.Error("a program was run")
	}
	// With an older setting of the server, all text has backslashes.
	old := url + "&options=-c%20standard_conforming_strings%3Doff"
	if got := one(t, old, `SELECT 'a\'; b' AS s`); got != `{"s":"a'; b"}` {
		t.Errorf("got %s", got)
	}
	checkReadOnly(t, old, state, []string{`SELECT 'a\' INTO other; --' AS id INTO other`})
	for _, q := range []string{"TABLE kept", "VALUES (1), (2)", "(SELECT id FROM kept)", "WITH a AS (SELECT id FROM kept) SELECT id FROM a;  -- all", "SELECT id, 1 AS delete FROM kept -- all"} {
		if err := runs(t, url, q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

func TestMariaDBReadOnly(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL")
	execute(t, url, "DROP TABLE IF EXISTS kept, other", "DROP SEQUENCE IF EXISTS counted", "DROP FUNCTION IF EXISTS writes", "CREATE SEQUENCE counted", "CREATE TABLE kept (id INTEGER, v VARCHAR(9))",
		"INSERT INTO kept VALUES (1, 'a'), (2, 'b')", "CREATE FUNCTION writes() RETURNS INTEGER BEGIN INSERT INTO kept VALUES (9, 'x'); RETURN 1; END")
	const state = "SELECT (SELECT GROUP_CONCAT(id, v ORDER BY id) FROM kept) AS s, (SELECT COUNT(*) FROM information_schema.tables) AS t, (SELECT COUNT(*) FROM information_schema.statistics) AS i, (SELECT next_not_cached_value FROM counted) AS n"
	file := filepath.Join(t.TempDir(), "written")
	checkReadOnly(t, url, state, append([]string{
		"TRUNCATE kept", "TRUNCATE TABLE kept", "RENAME TABLE kept TO other", "DROP TABLE IF EXISTS kept", "DROP INDEX x ON kept", "CREATE UNIQUE INDEX kept_v ON kept (v)", "DROP DATABASE ciokit",
		"/*! DROP TABLE kept */", "/*!50000 DROP TABLE kept */", "/*M! DROP TABLE kept */", "SELECT 1 AS id /*! INTO OUTFILE '" + file + "' */", "# rows\nDROP TABLE kept",
		"SELECT id FROM kept INTO OUTFILE '" + file + "'", "SELECT id INTO DUMPFILE '" + file + "' FROM kept LIMIT 1", "SELECT id INTO @a FROM kept LIMIT 1",
		"SELECT id FROM kept FOR UPDATE", "SELECT id FROM kept LOCK IN SHARE MODE", "SELECT writes() AS id", "SELECT NEXTVAL(counted) AS id", "SELECT NEXT VALUE FOR counted AS id", "SELECT SETVAL(counted, 9) AS id",
		"REPLACE INTO kept VALUES (9, 'x')", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE kept", "CALL p()", "HANDLER kept OPEN", "LOCK TABLES kept WRITE", "SET GLOBAL max_connections = 1",
		"GRANT ALL ON *.* TO ciokit", "FLUSH TABLES", "OPTIMIZE TABLE kept", "ANALYZE TABLE kept", "ANALYZE DELETE FROM kept", "EXECUTE IMMEDIATE 'DROP TABLE kept'", "BEGIN NOT ATOMIC DROP TABLE kept; END",
		"SELECT 1 AS id --1\n; DROP TABLE kept", "SELECT `id FROM kept; DROP TABLE kept",
	}, refusedEverywhere...))
	if _, err := os.Stat(file); err == nil {
		t.Error("a file was written")
	}
	for _, q := range []string{"VALUES (1), (2)", "(SELECT id FROM kept)", "WITH a AS (SELECT id FROM kept) SELECT id FROM a;  -- all", "# all\nSELECT id FROM kept -- all", `SELECT 'it\'s; so' AS s, "a;b" AS t`} {
		if err := runs(t, url, q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
}

// What the scanner would allow, the session does not run either.
func TestSessionReadsOnly(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL")
	execute(t, url, "DROP TABLE IF EXISTS kept", "CREATE TABLE kept (id INTEGER)")
	target, err := newTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	db := target.open()
	defer db.Close()
	tx, err := target.transaction(t.Context(), db, url)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"DROP TABLE kept", "TRUNCATE kept", "ALTER TABLE kept ADD v INT", "CREATE INDEX i ON kept (id)", "RENAME TABLE kept TO other"} {
		if _, err := target.dialect.query(t.Context(), tx, s); err == nil {
			t.Errorf("%s runs", s)
		}
	}
	if err := runs(t, url, "SELECT id FROM kept"); err != nil {
		t.Error(err)
	}
}

func TestSQLiteReadOnly(t *testing.T) {
	file := sqliteFile(t, "CREATE TABLE kept (id INTEGER, v TEXT); INSERT INTO kept VALUES (1, 'a'), (2, 'b');")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other.db")
	checkReadOnly(t, "sqlite:"+file, "SELECT group_concat(id || v) AS s, (SELECT count(*) FROM sqlite_master) AS n FROM kept", append([]string{
		"ATTACH '" + other + "' AS o", "SELECT id FROM kept; ATTACH '" + other + "' AS o", "VACUUM INTO '" + other + "'", "PRAGMA journal_mode = WAL", "PRAGMA query_only = 0", "REPLACE INTO kept VALUES (9, 'x')",
		"SELECT load_extension('x') AS id", "SELECT [id FROM kept; DROP TABLE kept", "CREATE VIRTUAL TABLE other USING fts5(x)", "REINDEX", "ANALYZE", "EXPLAIN SELECT 1", "SELECT `a`;DROP TABLE kept;--`",
	}, refusedEverywhere...))
	after, err := os.ReadFile(file)
	if err != nil || string(after) != string(before) {
		t.Errorf("%v; the file has changed: %t", err, string(after) != string(before))
	}
	if _, err := os.Stat(other); err == nil {
		t.Error("a file was made")
	}
	if err := runs(t, "sqlite:"+file, "SELECT name FROM pragma_table_info('kept')"); err != nil {
		t.Error(err)
	}
}

// The error of a rejected query says what is wrong, without the database's own text.
func TestRefusalIsClear(t *testing.T) {
	file := sqliteFile(t, "CREATE TABLE kept (id INTEGER);")
	for query, want := range map[string]string{
		"DROP TABLE kept":    "source: the query is rejected: it begins with DROP; a query only reads: SELECT, WITH ... SELECT, TABLE or VALUES",
		"SELECT 1; SELECT 2": "more than one statement",
		"SELECT 1 INTO x":    "INTO writes a table, a file or a variable",
		fmt.Sprintf("SELECT '%s", strings.Repeat("x", 9)): "the quoted text that begins at character 8 has no end",
	} {
		if err := runs(t, "sqlite:"+file, query); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", query, err, want)
		}
	}
}
