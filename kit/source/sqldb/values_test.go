package sqldb

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// edge is a row of a table of docs/database-values.md.
type edge struct{ typ, written, becomes string }

var edgeLine = regexp.MustCompile("(?m)^\\| `(.*)` \\| `(.*)` \\| (?:`(.*)`|(rejected)) \\|$")

// edges returns the tables of a section.
func edges(t *testing.T, section string) (tables [][]edge) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "database-values.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("there is no section on %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	for _, table := range strings.Split(rest, "\n| type | written | becomes |\n|---|---|---|\n")[1:] {
		table, _, _ = strings.Cut(table, "\n\n")
		var list []edge
		for line := range strings.Lines(table) {
			m := edgeLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				t.Fatalf("%q is not a line of the table", line)
			}
			if m[4] != "" {
				m[3] = RuleNoJSON
			}
			list = append(list, edge{m[1], m[2], m[3]})
		}
		tables = append(tables, list)
	}
	return tables
}

// statements make a table of one row with a column for each value.
func statements(name string, values []edge) []string {
	var columns, row []string
	for i, v := range values {
		columns, row = append(columns, fmt.Sprintf("v%d %s", i, v.typ)), append(row, v.written)
	}
	return []string{"DROP TABLE IF EXISTS " + name, "CREATE TABLE " + name + " (" + strings.Join(columns, ", ") + ")", "INSERT INTO " + name + " VALUES (" + strings.Join(row, ", ") + ")"}
}

// checkEdges checks the results for the values of the table.
func checkEdges(t *testing.T, url, name string, values []edge) {
	t.Helper()
	var good []string
	for i, v := range values {
		column := fmt.Sprintf("v%d", i)
		if v.becomes != RuleNoJSON {
			good = append(good, column)
		} else if got := one(t, url, "SELECT "+column+" FROM "+name); got != RuleNoJSON && got != source.RuleNotUTF8 {
			t.Errorf("%s %s\ngot  %s\nwant a row that is rejected", v.typ, v.written, got)
		}
	}
	row := one(t, url, "SELECT "+strings.Join(good, ", ")+" FROM "+name)
	var cells map[string]json.RawMessage
	if err := json.Unmarshal([]byte(row), &cells); err != nil {
		t.Fatalf("%v: %s", err, row)
	}
	for i, v := range values {
		if v.becomes == RuleNoJSON {
			continue
		}
		got := string(cells[fmt.Sprintf("v%d", i)])
		if got != v.becomes && (got == "null" || v.becomes == "null" || !sameText(got, v.becomes)) {
			t.Errorf("%s %s\ngot  %s\nwant %s", v.typ, v.written, got, v.becomes)
		}
	}
}

// sameText reports whether both are the same text in JSON. The tables escape characters that are not ASCII.
func sameText(a, b string) bool {
	var x, y string
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && x == y
}

func withParams(t *testing.T, raw, database string, params ...string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for i := 0; i < len(params); i += 2 {
		q.Set(params[i], params[i+1])
	}
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20")
	if database != "" {
		u.Path = "/" + database
	}
	return u.String()
}

func TestPostgresValues(t *testing.T) {
	raw := server(t, "CIOKIT_POSTGRES_URL")
	tables := edges(t, "PostgreSQL")
	types := []string{"DROP TABLE IF EXISTS edge, edge_utf8, edge_india", "DROP TYPE IF EXISTS edge_mood, edge_pair", "DROP DOMAIN IF EXISTS edge_positive",
		"CREATE TYPE edge_mood AS ENUM ('happy', 'sad')", "CREATE DOMAIN edge_positive AS integer CHECK (VALUE > 0)", "CREATE TYPE edge_pair AS (a integer, b text)"}
	execute(t, raw, slices.Concat(types, statements("edge", tables[0]), statements("edge_utf8", tables[1]), statements("edge_india", tables[2]))...)
	execute(t, raw, "DROP DATABASE IF EXISTS edge_latin1", "CREATE DATABASE edge_latin1 ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
	latin1 := withParams(t, raw, "edge_latin1")
	execute(t, latin1, append(types, statements("edge", tables[0])...)...)
	for name, url := range map[string]string{
		"UTF8": raw, "LATIN1": latin1,
		"another session": withParams(t, raw, "", "timezone", "Asia/Kolkata", "options", "-c DateStyle=SQL,DMY -c IntervalStyle=iso_8601 -c extra_float_digits=-15 -c bytea_output=escape"),
		"the last zone":   withParams(t, latin1, "edge_latin1", "TimeZone", "Pacific/Apia"),
	} {
		t.Run(name, func(t *testing.T) { checkEdges(t, url, "edge", tables[0]) })
	}
	t.Run("only UTF8", func(t *testing.T) { checkEdges(t, raw, "edge_utf8", tables[1]) })
	t.Run("India", func(t *testing.T) {
		checkEdges(t, withParams(t, raw, "", "timezone", "Asia/Kolkata"), "edge_india", tables[2])
	})
	// Types without a name in the driver get a name.
	src, err := Open(t.Context(), raw, Query{SQL: "SELECT 'happy'::edge_mood AS mood, ROW(1, 'x')::edge_pair AS pair, 5::edge_positive AS five, 1.5 AS n"})
	if err != nil {
		t.Fatal(err)
	}
	columns, rows := readAll(t, src)
	var names []string
	for _, c := range columns {
		names = append(names, c.Type)
	}
	if !slices.Equal(names, []string{"EDGE_MOOD", "EDGE_PAIR", "INT4", "NUMERIC"}) || rows[0] != `{"mood":"happy","pair":"(1,x)","five":5,"n":1.5}` {
		t.Errorf("the types are %s; the row %s", names, rows)
	}
}

func TestMariaDBValues(t *testing.T) {
	raw := server(t, "CIOKIT_MARIADB_URL")
	if got := one(t, raw, "SELECT @@global.time_zone AS z"); got != `{"z":"+05:30"}` {
		t.Errorf("the server's zone is %s", got)
	}
	tables := edges(t, "MySQL and MariaDB")
	execute(t, raw, statements("edge", tables[0])...)
	checkEdges(t, raw, "edge", tables[0])
}

func TestSQLiteValues(t *testing.T) {
	tables := edges(t, "SQLite")
	checkEdges(t, "sqlite:"+sqliteFile(t, strings.Join(statements("edge", tables[0]), ";\n")+";"), "edge", tables[0])
}

// The guide promises 200 values.
func TestManyValues(t *testing.T) {
	n := 0
	for _, section := range []string{"PostgreSQL", "MySQL and MariaDB", "SQLite"} {
		for _, table := range edges(t, section) {
			n += len(table)
		}
	}
	if n < 200 {
		t.Errorf("the tables have %d values", n)
	}
}
