package sqldb

import (
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	all := []*dialect{postgres, mysqlServer, sqlite}
	for _, tt := range []struct {
		query string
		want  string // the statement; or an exclamation mark and the beginning of the reason for its rejection
		in    []*dialect
	}{
		{"SELECT 1", "SELECT 1", all},
		{"  select 1 ; ", "select 1", all},
		{"SELECT 1;;", "SELECT 1", all},
		{"SELECT 1; -- done", "SELECT 1", all},
		{"SELECT 1 -- done", "SELECT 1 -- done", all},
		{"-- the rows\nSELECT 1", "-- the rows\nSELECT 1", all},
		{"/* the rows */ SELECT 1", "/* the rows */ SELECT 1", all},
		{"# the rows\nSELECT 1", "# the rows\nSELECT 1", []*dialect{mysqlServer}},
		{"(SELECT 1) UNION (SELECT 2)", "(SELECT 1) UNION (SELECT 2)", all},
		{"WITH a AS (SELECT 1) SELECT * FROM a", "WITH a AS (SELECT 1) SELECT * FROM a", all},
		{"VALUES (1)", "VALUES (1)", all},
		{"TABLE t", "TABLE t", all},
		{"SELECT 'a; DROP TABLE t' AS \"INTO\"", "SELECT 'a; DROP TABLE t' AS \"INTO\"", all},
		{"SELECT 'it''s; so'", "SELECT 'it''s; so'", all},
		{"SELECT `;` FROM t", "SELECT `;` FROM t", []*dialect{mysqlServer, sqlite}},
		{"SELECT [;] FROM t", "SELECT [;] FROM t", []*dialect{sqlite}},
		{`SELECT 'it\'s; so'`, `SELECT 'it\'s; so'`, []*dialect{mysqlServer}},
		{`SELECT E'it\'s; so'`, `SELECT E'it\'s; so'`, []*dialect{postgres}},
		{`SELECT 'C:\', 1`, `SELECT 'C:\', 1`, []*dialect{postgres, sqlite}},
		{"SELECT $$;$$, $a1$ ; $$ $a1$, $1", "SELECT $$;$$, $a1$ ; $$ $a1$, $1", []*dialect{postgres}},
		{"SELECT 1 /* a /* b */ ; */", "SELECT 1 /* a /* b */ ; */", []*dialect{postgres}},
		{"SELECT substring(a FROM 2 FOR 3), updated, lock, into_it FROM t", "SELECT substring(a FROM 2 FOR 3), updated, lock, into_it FROM t", all},
		{"SELECT 5--1", "SELECT 5--1", all},
		{"SELECT 1 --1; DROP TABLE t", "!it is more than one statement", []*dialect{mysqlServer}},
		{"SELECT 1 --1; DROP TABLE t", "SELECT 1 --1; DROP TABLE t", []*dialect{postgres, sqlite}},

		{"", "!the query is empty", all},
		{" ; -- nothing\n", "!the query is empty", all},
		{"SELECT 1; SELECT 2", "!it is more than one statement", all},
		{"SELECT 1; DROP TABLE t; --", "!it is more than one statement", all},
		{"SELECT 1 /* a /* b */; DROP TABLE t", "!it is more than one statement", []*dialect{mysqlServer, sqlite}},
		{`SELECT '\'; DROP TABLE t; --'`, "!it is more than one statement", []*dialect{postgres, sqlite}},
		{"DROP TABLE t", "!it begins with DROP", all},
		{"/**/drop table t", "!it begins with DROP", all},
		{"TRUNCATE t", "!it begins with TRUNCATE", all},
		{"ALTER TABLE t ADD b INT", "!it begins with ALTER", all},
		{"RENAME TABLE t TO u", "!it begins with RENAME", all},
		{"CREATE INDEX i ON t (a)", "!it begins with CREATE", all},
		{"INSERT INTO t VALUES (1) RETURNING a", "!it begins with INSERT", all},
		{"COPY (SELECT 1) TO PROGRAM 'sh'", "!it begins with COPY", all},
		{"CALL p()", "!it begins with CALL", all},
		{"EXPLAIN ANALYZE DELETE FROM t", "!it begins with EXPLAIN", all},
		{"PRAGMA journal_mode = WAL", "!it begins with PRAGMA", all},
		{"ATTACH 'x.db' AS x", "!it begins with ATTACH", all},
		{"'SELECT' 1", "!it does not begin with an SQL keyword", all},
		{"SELECT 1 INTO OUTFILE '/tmp/x'", "!INTO writes", all},
		{"SELECT 1 INTO/**/DUMPFILE '/tmp/x'", "!INTO writes", all},
		{"SELECT 1 into @a", "!INTO writes", all},
		{"SELECT * INTO u FROM t", "!INTO writes", all},
		{"WITH a AS (INSERT INTO t VALUES (1) RETURNING *) SELECT * FROM a", "!INTO writes", all},
		{"SELECT * FROM t FOR UPDATE", "!FOR UPDATE locks", all},
		{"SELECT * FROM t FOR /* all */ SHARE", "!FOR SHARE locks", all},
		{"SELECT * FROM t FOR NO KEY UPDATE", "!FOR NO locks", all},
		{"SELECT * FROM t LOCK IN SHARE MODE", "!LOCK IN locks", all},
		{"/*! DROP TABLE t */", "!the database runs", []*dialect{mysqlServer}},
		{"SELECT 1 /*M!100100 INTO OUTFILE '/tmp/x' */", "!the database runs", []*dialect{mysqlServer}},
		{"SELECT 1 /*!50000 INTO OUTFILE '/tmp/x' */", "!the database runs", []*dialect{mysqlServer}},
		{"SELECT 'a", "!the quoted text that begins at character 8", all},
		{"SELECT 1 /* a", "!the comment that begins at character 10", all},
	} {
		for _, d := range tt.in {
			got, err := grammarOf(d).statement(tt.query)
			want, bad := strings.CutPrefix(tt.want, "!")
			switch {
			case bad && (err == nil || !strings.Contains(err.Error(), want)):
				t.Errorf("%s, %s: %q, %v; want %s", d.name, tt.query, got, err, want)
			case !bad && (err != nil || got != want):
				t.Errorf("%s, %s: %q, %v", d.name, tt.query, got, err)
			}
		}
	}
}

// A text that the scanner accepts as one statement is one statement, whatever it contains: no part of it can be cut off and run alone.
func FuzzStatement(f *testing.F) {
	for _, q := range []string{"SELECT 1; DROP TABLE t", "SELECT '\\'; --'", "SELECT $a$ ; $a$", "/*!*/", "SELECT [;] # ;\n"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, d := range []*dialect{postgres, mysqlServer, sqlite} {
			s, err := grammarOf(d).statement(query)
			if err != nil {
				continue
			}
			again, err := grammarOf(d).statement(s)
			if err != nil || again != s {
				t.Errorf("%s: %q gives %q, and that %q, %v", d.name, query, s, again, err)
			}
			if _, err := grammarOf(d).statement(s + "\n; DROP TABLE t"); err == nil {
				t.Errorf("%s: %q hides a second statement", d.name, s)
			}
		}
	})
}
