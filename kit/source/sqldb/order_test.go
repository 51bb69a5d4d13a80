package sqldb

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// ordered is a row with its place.
type ordered struct {
	raw     string
	ordinal int64
	mark    []byte
}

// readOrdered reads the rows behind the first ones, of which the last had this mark; all of them for none.
func readOrdered(t *testing.T, url string, q Query, before int64, mark []byte) ([]ordered, error) {
	t.Helper()
	src, err := Open(t.Context(), url, q)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	columns, err := src.Columns(t.Context())
	if err != nil {
		return nil, err
	}
	if err := src.Select([]string{columns[0].Name}); err != nil {
		return nil, err
	}
	if before > 0 {
		if ok, err := src.(source.Resumer).Resume(t.Context(), before, mark); !ok || err != nil {
			return nil, err
		}
	}
	var rows []ordered
	var b source.Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		for _, r := range b.Rows {
			rows = append(rows, ordered{string(r.Raw), r.Ordinal, r.Mark})
		}
	}
}

// checkResumable checks that the rows can be gone on with behind each of them.
func checkResumable(t *testing.T, url string, q Query, want int) {
	t.Helper()
	all, err := readOrdered(t, url, q, 0, nil)
	if err != nil || len(all) != want {
		t.Errorf("%s by %s: %v, %d rows", q.SQL, q.OrderBy, err, len(all))
		return
	}
	for i, row := range all {
		rest, err := readOrdered(t, url, q, int64(i+1), row.mark)
		if err != nil {
			t.Errorf("%s by %s behind row %d, %s: %v", q.SQL, q.OrderBy, i, row.mark, err)
			return
		}
		if len(rest) != want-i-1 {
			t.Errorf("%s by %s behind row %d, %s: %d rows, want %d", q.SQL, q.OrderBy, i, row.mark, len(rest), want-i-1)
			return
		}
		for j, r := range rest {
			if r.raw != all[i+1+j].raw || r.ordinal != all[i+1+j].ordinal {
				t.Fatalf("behind row %d comes row %d, %s; want %d, %s", i, r.ordinal, r.raw, all[i+1+j].ordinal, all[i+1+j].raw)
			}
		}
	}
}

// checkRefused checks that rows that cannot be told apart are refused before the first is handed out.
func checkRefused(t *testing.T, url string, q Query, want string) {
	t.Helper()
	rows, err := readOrdered(t, url, q, 0, nil)
	if err == nil || !strings.Contains(err.Error(), want) || len(rows) > 0 {
		t.Errorf("%s by %s: %d rows, %v; want %s", q.SQL, q.OrderBy, len(rows), err, want)
	}
}

// many is a table of n rows with a column k of these values.
func many(table, typ, suffix string, values ...string) []string {
	statements := []string{"DROP TABLE IF EXISTS " + table, "CREATE TABLE " + table + " (n INTEGER, k " + typ + ")" + suffix}
	for i, v := range values {
		statements = append(statements, fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, i, v))
	}
	return statements
}

func TestSQLiteOrder(t *testing.T) {
	statements := []string{
		// Anything can stand in any column there, in the order integers and reals, text, binary data.
		strings.Join(many("mixed", "", "", "9007199254740993", "9007199254740992", "-1", "0.1", "1e300", "'a'", "'A'", "'é'", "''", "x'00ff'", "x''", "char(97, 0, 98)"), ";\n"),
		strings.Join(many("times", "TIMESTAMP", "", "'2021-01-02 03:04:05.5'", "'2021-01-02 03:04:05'", "1609459200", "'no time'"), ";\n"),
		strings.Join(many("folded", "TEXT COLLATE NOCASE", "", "'a'", "'B'", "'c'", "'D'"), ";\n"),
		strings.Join(many("same", "TEXT COLLATE NOCASE", "", "'a'", "'A'"), ";\n"),
		strings.Join(many("missing", "INTEGER", "", "1", "NULL", "3", "NULL"), ";\n"),
		"CREATE TABLE pairs (n INTEGER, a TEXT, \"b\"\"c\" INTEGER); INSERT INTO pairs VALUES (1, 'x', 1), (2, 'x', 2), (3, 'y', 1), (4, 'a', 9)",
		"CREATE TABLE long (n INTEGER); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 2000) INSERT INTO long SELECT n FROM c ORDER BY n % 7",
	}
	url := "sqlite:" + sqliteFile(t, strings.Join(statements, ";\n")+";")
	checkResumable(t, url, Query{SQL: "SELECT * FROM mixed; ", OrderBy: []string{"k"}}, 12)
	checkResumable(t, url, Query{SQL: "SELECT * FROM times -- with a comment", OrderBy: []string{"k"}}, 4)
	checkResumable(t, url, Query{SQL: "SELECT * FROM folded", OrderBy: []string{"k"}}, 4)
	checkResumable(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"a", `b"c`}}, 4)
	checkRefused(t, url, Query{SQL: "SELECT * FROM same", OrderBy: []string{"k"}}, "the 2 rows have only 1 different values of k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM missing", OrderBy: []string{"k"}}, "2 of 4 rows have no k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"a"}}, "only 3 different values")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"none"}}, `no such column; it has n, a, b"c`)
	checkRefused(t, url, Query{SQL: "SELECT n, n AS a, a FROM pairs", OrderBy: []string{"a"}}, "two columns of that name")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"a", "a"}}, "twice")

	all, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long", OrderBy: []string{"n"}}, 0, nil)
	if err != nil || len(all) != 2000 || all[1234].raw != `{"n":1235}` {
		t.Fatalf("%v, %d rows", err, len(all))
	}
	// A row that has appeared before the place is not skipped in silence; one that has gone does not matter.
	place := all[999]
	if _, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long UNION ALL SELECT 0", OrderBy: []string{"n"}}, 1000, place.mark); err == nil || !strings.Contains(err.Error(), "rows have appeared that would be skipped") {
		t.Errorf("got %v", err)
	}
	if rest, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long WHERE n <> 5", OrderBy: []string{"n"}}, 1000, place.mark); err != nil || len(rest) != 1000 || rest[0].ordinal != 1000 {
		t.Errorf("%v, %d rows", err, len(rest))
	}
	for _, mark := range []string{"", "[]", `[{"kind":"whole","text":"x"}]`, `[{"kind":"none","text":""}]`} {
		if _, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long", OrderBy: []string{"n"}}, 1, []byte(mark)); err == nil {
			t.Errorf("the mark %q is taken", mark)
		}
	}
	if _, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long"}, 1, place.mark); err == nil || !strings.Contains(err.Error(), "without an order") {
		t.Errorf("got %v", err)
	}
}

func TestPostgresOrder(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL")
	for i, tt := range []struct {
		typ    string
		values []string
	}{
		{"bigint", []string{"9007199254740993", "9007199254740992", "-9223372036854775808", "0"}},
		{"smallint", []string{"-1", "1"}},
		{"numeric", []string{"12345678901234567890123456789012345678.90", "12345678901234567890123456789012345678.91", "-1", "0.10"}},
		{"text", []string{"'a'", "'A'", "'é'", "''", "'\U0001F600'", "'a '", `'\'`, "'it''s'"}},
		{"varchar(20)", []string{"'a'", "'b'"}},
		{"char(5)", []string{"'a'", "'b'"}},
		{"uuid", []string{"'0b8f5c1e-0000-4000-8000-000000000001'", "'00000000-0000-0000-0000-000000000000'"}},
		{"date", []string{"'1969-12-31'", "'2500-01-01'", "'0044-03-15 BC'"}},
		{"timestamp", []string{"'1677-01-01 00:00:00.123456'", "'2500-01-01'", "'2021-01-01 00:00:00.000001'"}},
		{"timestamptz", []string{"'1969-12-31 23:59:59.999999Z'", "'2500-01-01 00:00+02'", "'2021-01-01'"}},
		{"bytea", []string{`'\x00ff'`, `'\x'`, `'\x00'`}},
	} {
		table := fmt.Sprintf("ordered%d", i)
		execute(t, url, many(table, tt.typ, "", tt.values...)...)
		checkResumable(t, url, Query{SQL: "SELECT * FROM " + table, OrderBy: []string{"k"}}, len(tt.values))
	}
	execute(t, url, many("ordered_pairs", "text", "", "'a'", "'a'", "NULL")...)
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_pairs", OrderBy: []string{"k"}}, "1 of 3 rows have no k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_pairs WHERE k IS NOT NULL", OrderBy: []string{"k"}}, "the 2 rows have only 1 different")
	checkResumable(t, url, Query{SQL: "SELECT * FROM ordered_pairs WHERE k IS NOT NULL", OrderBy: []string{"k", "n"}}, 2)
	checkResumable(t, url, Query{SQL: "WITH x AS (SELECT * FROM ordered_pairs) SELECT n AS \"N\"\"x\" FROM x;", OrderBy: []string{`N"x`}}, 3)
	checkRefused(t, url, Query{SQL: "SELECT 1.5::float8 AS f", OrderBy: []string{"f"}}, "of the type FLOAT8")
	checkRefused(t, url, Query{SQL: "SELECT '{}'::jsonb AS j", OrderBy: []string{"j"}}, "of the type JSONB")
}

func TestMariaDBOrder(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL")
	for i, tt := range []struct {
		typ    string
		values []string
	}{
		{"BIGINT", []string{"9007199254740993", "9007199254740992", "-9223372036854775808", "0"}},
		{"BIGINT UNSIGNED", []string{"18446744073709551615", "18446744073709551614", "0"}},
		{"TINYINT", []string{"-1", "1"}},
		{"DECIMAL(40,2)", []string{"12345678901234567890123456789012345678.90", "12345678901234567890123456789012345678.91", "-1", "0.10"}},
		{"VARCHAR(20) COLLATE utf8mb4_bin", []string{"'a'", "'A'", "'é'", "''", "'\U0001F600'", `'\\'`, "'it''s'"}},
		{"VARCHAR(20) COLLATE utf8mb4_general_ci", []string{"'a'", "'B'", "'c'", "'ä1'"}},
		{"VARCHAR(20) CHARACTER SET latin1", []string{"'a'", "'é'", "'z'"}},
		{"CHAR(5)", []string{"'a'", "'b'"}},
		{"DATE", []string{"'1969-12-31'", "'2500-01-01'"}},
		{"DATETIME(6)", []string{"'1677-01-01 00:00:00.123456'", "'2500-01-01'", "'2021-01-01 00:00:00.000001'"}},
		{"TIMESTAMP(6)", []string{"'2021-01-01 00:00:00.000001'", "'2021-01-01 00:00:00.000002'", "'1970-01-02 00:00:00'"}},
		{"VARBINARY(20)", []string{"x'00ff'", "x''", "x'00'", "x'ff'"}},
		{"UUID", []string{"'0b8f5c1e-0000-4000-8000-000000000001'", "'00000000-0000-0000-0000-000000000000'"}},
	} {
		table := fmt.Sprintf("ordered%d", i)
		execute(t, url, many(table, tt.typ, " CHARACTER SET utf8mb4", tt.values...)...)
		checkResumable(t, url, Query{SQL: "SELECT * FROM " + table, OrderBy: []string{"k"}}, len(tt.values))
	}
	// What a collation takes for the same would be skipped.
	execute(t, url, many("ordered_same", "VARCHAR(20)", " COLLATE utf8mb4_general_ci", "'a'", "'A'", "'b'")...)
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_same", OrderBy: []string{"k"}}, "the 3 rows have only 2 different")
	checkRefused(t, url, Query{SQL: "SELECT n, k, n AS k FROM ordered_same", OrderBy: []string{"k"}}, "Duplicate column name")
	execute(t, url, many("ordered_enum", "ENUM('b','a')", "", "'a'", "'b'")...)
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_enum", OrderBy: []string{"k"}}, "of the type ENUM")
}

// FuzzMark checks that no journal brings the process down.
func FuzzMark(f *testing.F) {
	f.Add([]byte(`[{"kind":"whole","text":"18446744073709551615"}]`))
	f.Add([]byte(`[{"kind":"float","text":"7ff0000000000000"}]`))
	o := &order{keys: []key{{name: "k"}}}
	f.Fuzz(func(t *testing.T, mark []byte) {
		values, err := o.values(mark)
		if err != nil {
			return
		}
		again, err := o.mark(values)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := o.values(again); err != nil || fmt.Sprint(back) != fmt.Sprint(values) {
			t.Fatalf("%s became %s: %v, %v", mark, again, back, err)
		}
	})
}
