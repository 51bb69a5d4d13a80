package sqldb

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// ordered is a row with its place, and the mark of all rows up to it.
type ordered struct {
	raw     string
	ordinal int64
	mark    string
}

// readOrdered reads the rows of a query. An earlier run has read so many of them and got this mark; 0 if there was none.
func readOrdered(t *testing.T, url string, q Query, before int64, mark string) (rows []ordered, info source.Info, err error) {
	t.Helper()
	src, err := Open(t.Context(), url, q)
	if err != nil {
		return nil, info, err
	}
	defer src.Close()
	columns, err := src.Columns(t.Context())
	if err != nil {
		return nil, info, err
	}
	var names []string
	for _, c := range columns {
		if c.Name != "unread" {
			names = append(names, c.Name)
		}
	}
	if err := src.Select(names); err != nil {
		return nil, info, err
	}
	if before > 0 {
		if ok, err := src.(source.Resumer).Resume(t.Context(), before, []byte(mark)); ok || err != nil {
			return nil, info, err
		}
	}
	var b source.Batch
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return rows, src.Info(), nil
		}
		if err != nil {
			return rows, src.Info(), err
		}
		for i, r := range b.Rows {
			row := ordered{raw: string(r.Raw), ordinal: r.Ordinal}
			if b.Mark != nil {
				row.mark = string(b.Mark(i + 1))
			}
			rows = append(rows, row)
		}
	}
}

// checkResumable checks that a run can be resumed after each of the rows, and after none if another row was added before.
func checkResumable(t *testing.T, url string, q Query, want int) {
	t.Helper()
	all, _, err := readOrdered(t, url, q, 0, "")
	if err != nil || len(all) != want {
		t.Errorf("%s by %s: %v, %d rows", q.SQL, q.OrderBy, err, len(all))
		return
	}
	for i, row := range all {
		again, info, err := readOrdered(t, url, q, int64(i+1), row.mark)
		if err != nil || info.Differs != "" || fmt.Sprint(again) != fmt.Sprint(all) {
			t.Errorf("%s by %s behind row %d, %s: %v, %s, %v", q.SQL, q.OrderBy, i, row.mark, err, info.Differs, again)
			return
		}
		other := all[(i+1)%want]
		if _, _, err := readOrdered(t, url, q, int64(i+1), other.mark); want > 1 && !errors.As(err, new(*source.ChangedError)) {
			t.Errorf("%s by %s behind row %d with the mark of another: %v", q.SQL, q.OrderBy, i, err)
		}
	}
}

// checkRefused checks that rows without unique keys are rejected before the first is handed out.
func checkRefused(t *testing.T, url string, q Query, want string) {
	t.Helper()
	rows, _, err := readOrdered(t, url, q, 0, "")
	if err == nil || !strings.Contains(err.Error(), want) || len(rows) > 0 {
		t.Errorf("%s by %s: %d rows, %v; want %s", q.SQL, q.OrderBy, len(rows), err, want)
	}
}

// many is a table of n rows, with these values in the column k.
func many(table, typ, suffix string, values ...string) []string {
	statements := []string{"DROP TABLE IF EXISTS " + table, "CREATE TABLE " + table + " (n INTEGER, k " + typ + ")" + suffix}
	for i, v := range values {
		statements = append(statements, fmt.Sprintf("INSERT INTO %s VALUES (%d, %s)", table, i, v))
	}
	return statements
}

func TestSQLiteOrder(t *testing.T) {
	statements := []string{
		// Every column there can contain any type, in the order integers and reals, text, binary data.
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
	checkRefused(t, url, Query{SQL: "SELECT * FROM same", OrderBy: []string{"k"}}, "the 2 rows have only 1 different value of k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM missing", OrderBy: []string{"k"}}, "2 of 4 rows have NULL in k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"a"}}, "only 3 different values")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"none"}}, `no such column; it has n, a, b"c`)
	checkRefused(t, url, Query{SQL: "SELECT n, n AS a, a FROM pairs", OrderBy: []string{"a"}}, "two columns of that name")
	checkRefused(t, url, Query{SQL: "SELECT * FROM pairs", OrderBy: []string{"a", "a"}}, "twice")

	checkResumable(t, url, Query{SQL: "SELECT n FROM long WHERE n <= 40", OrderBy: []string{"n"}}, 40)
	if _, _, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long"}, 1, "{}"); err == nil || !strings.Contains(err.Error(), "without an order") {
		t.Errorf("got %v", err)
	}
}

// A change before the place at which a run continues stops it if a row would be skipped, however many rows there are. Other changes are reported.
func TestRowsThatChangedBeforeAPlace(t *testing.T) {
	const rows, place = 2000, 1000
	url := "sqlite:" + sqliteFile(t, "CREATE TABLE long (n INTEGER, v TEXT, unread TEXT); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 2000) INSERT INTO long SELECT n * 10, n, n FROM c ORDER BY n % 7;")
	order := []string{"n"}
	all, _, err := readOrdered(t, url, Query{SQL: "SELECT * FROM long", OrderBy: order}, 0, "")
	if err != nil || len(all) != rows || all[1234].ordinal != 1234 || !strings.HasPrefix(all[1234].raw, `{"n":12350,`) {
		t.Fatalf("%v, %d rows", err, len(all))
	}
	at := all[place-1].mark
	for _, tt := range []struct {
		what, query   string
		changed, told bool
		rows          int
	}{
		{"nothing", "SELECT * FROM long", false, false, rows},
		{"rows appear after the mark", "SELECT * FROM long UNION ALL SELECT 10005, 'x', 'x'", false, false, rows + 1},
		{"rows disappear after the mark", "SELECT * FROM long WHERE n <> 10010", false, false, rows - 1},
		{"another value after the mark", "SELECT n, CASE n WHEN 10010 THEN 'x' ELSE v END AS v, unread FROM long", false, false, rows},
		{"a row appears before", "SELECT * FROM long UNION ALL SELECT 5, 'x', 'x'", true, false, place},
		{"a row goes before", "SELECT * FROM long WHERE n <> 5000", true, false, place},
		{"one appears and another goes", "SELECT * FROM long WHERE n <> 5000 UNION ALL SELECT 5, 'x', 'x'", true, false, place},
		{"fifty appear and fifty go", "SELECT CASE WHEN n <= 500 THEN n + 1 ELSE n END AS n, v, unread FROM long", true, false, place},
		{"the last one gets another key", "SELECT CASE n WHEN 10000 THEN 10001 ELSE n END AS n, v, unread FROM long", true, false, place},
		{"a row from after the mark moves before it while another disappears", "SELECT CASE n WHEN 20000 THEN 7 ELSE n END AS n, v, unread FROM long WHERE n <> 30", true, false, place},
		{"another value before", "SELECT n, CASE n WHEN 5000 THEN 'x' ELSE v END AS v, unread FROM long", false, true, rows},
		{"a value is gone before", "SELECT n, CASE n WHEN 5000 THEN NULL ELSE v END AS v, unread FROM long", false, true, rows},
		{"two rows change places except for their keys", "SELECT n, CASE n WHEN 5000 THEN '501' WHEN 5010 THEN '500' ELSE v END AS v, unread FROM long", false, true, rows},
		{"another value that is not read", "SELECT n, v, 'x' AS unread FROM long", false, false, rows},
		{"too few rows are left", "SELECT * FROM long WHERE n <= 100", true, false, 10},
		{"no row is left", "SELECT * FROM long WHERE n < 0", true, false, 0},
	} {
		got, info, err := readOrdered(t, url, Query{SQL: tt.query, OrderBy: order}, place, at)
		var changed *source.ChangedError
		if errors.As(err, &changed) != tt.changed || err != nil && changed == nil || (info.Differs != "") != tt.told || len(got) != tt.rows {
			t.Errorf("%s: %v, %q, %d rows", tt.what, err, info.Differs, len(got))
		}
		if changed != nil && !strings.Contains(changed.Problem, "the first 1000 rows by n are not those that the load had read when it ended: the query had 2000 rows then and has ") {
			t.Errorf("%s: %v", tt.what, changed)
		}
	}
	// A change that an earlier run reported is still known when that run ends too.
	changed := Query{SQL: "SELECT n, CASE n WHEN 5000 THEN 'x' ELSE v END AS v, unread FROM long", OrderBy: order}
	got, _, err := readOrdered(t, url, changed, place, at)
	if err != nil {
		t.Fatal(err)
	}
	if _, info, err := readOrdered(t, url, changed, place+500, got[place+499].mark); err != nil || info.Differs == "" {
		t.Errorf("%v, %q", err, info.Differs)
	}
	for _, mark := range []string{"", "[]", `[{"kind":"whole","text":"5"}]`, "{}", `{"keys":1}`} {
		if _, _, err := readOrdered(t, url, Query{SQL: "SELECT n FROM long", OrderBy: order}, 1, mark); err == nil || !strings.Contains(err.Error(), "begin a new load") {
			t.Errorf("the mark %q: %v", mark, err)
		}
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
		{"double precision", []string{"1.5", "'-Infinity'", "'NaN'", "0.1"}},
		{"boolean", []string{"true", "false"}},
		{"time", []string{"'10:00:00.5'", "'09:00:00'"}},
		{"interval", []string{"'1 day'", "'2 hours'"}},
		{"inet", []string{"'10.0.0.2'", "'10.0.0.10'"}},
		{"jsonb", []string{`'{"a": 1}'`, `'{"a": 2}'`, "'[]'"}},
		{"text COLLATE \"C\"", []string{"'a'", "'B'"}},
		{"bytea", []string{`'\x00ff'`, `'\x'`, `'\x00'`}},
	} {
		table := fmt.Sprintf("ordered%d", i)
		execute(t, url, many(table, tt.typ, "", tt.values...)...)
		checkResumable(t, url, Query{SQL: "SELECT * FROM " + table, OrderBy: []string{"k"}}, len(tt.values))
	}
	execute(t, url, many("ordered_pairs", "text", "", "'a'", "'a'", "NULL")...)
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_pairs", OrderBy: []string{"k"}}, "1 of 3 rows have NULL in k")
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_pairs WHERE k IS NOT NULL", OrderBy: []string{"k"}}, "the 2 rows have only 1 different")
	checkResumable(t, url, Query{SQL: "SELECT * FROM ordered_pairs WHERE k IS NOT NULL", OrderBy: []string{"k", "n"}}, 2)
	checkResumable(t, url, Query{SQL: "WITH x AS (SELECT * FROM ordered_pairs) SELECT n AS \"N\"\"x\" FROM x;", OrderBy: []string{`N"x`}}, 3)
	checkRefused(t, url, Query{SQL: "SELECT '{}'::json AS j", OrderBy: []string{"j"}}, "could not identify an equality operator")
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
	// A second value that a collation treats as equal would be skipped.
	execute(t, url, many("ordered_same", "VARCHAR(20)", " COLLATE utf8mb4_general_ci", "'a'", "'A'", "'b'")...)
	checkRefused(t, url, Query{SQL: "SELECT * FROM ordered_same", OrderBy: []string{"k"}}, "the 3 rows have only 2 different")
	checkRefused(t, url, Query{SQL: "SELECT n, k, n AS k FROM ordered_same", OrderBy: []string{"k"}}, "Duplicate column name")
}

// FuzzMark checks that no journal causes a panic.
func FuzzMark(f *testing.F) {
	f.Add([]byte(`{"keys":"00","rows":"00","total":1}`))
	f.Add([]byte(`[{"kind":"float","text":"7ff0000000000000"}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if m, err := parseMark(text); err == nil && (m.Keys == "" || m.Rows == "") {
			t.Errorf("%s became %+v", text, m)
		}
	})
}
