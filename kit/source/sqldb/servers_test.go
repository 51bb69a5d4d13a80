package sqldb

import (
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"strings"
	"testing"
)

// server returns the URL of a server that whoever runs the tests has started: eval "$(bash .ci/databases start)".
func server(t *testing.T, variable string) string {
	t.Helper()
	url := os.Getenv(variable)
	if url == "" {
		t.Skipf("%s names no server; .ci/databases starts one", variable)
	}
	return url
}

// execute runs statements on a server.
func execute(t *testing.T, url string, statements ...string) {
	t.Helper()
	target, err := newTarget(url)
	if err != nil {
		t.Fatal(err)
	}
	target.setup = nil
	if target.dialect == mysqlServer {
		target.setup = func(ctx context.Context, c driver.Conn) error { // for the dates that only old servers have
			_, err := c.(driver.ExecerContext).ExecContext(ctx, "SET SESSION sql_mode = 'ALLOW_INVALID_DATES'", nil)
			return err
		}
	}
	db := target.open()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, errors.Join(err, db.Close()))
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// typed is a query of one row of one column, and its cell, or the rule that it breaks.
type typed struct{ value, want string }

func TestPostgresTypes(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL")
	for _, tt := range []typed{
		{"9007199254740993::bigint", "9007199254740993"},
		{"(-32768)::smallint", "-32768"},
		{"12345678901234567890123456789012345678.90::numeric", "12345678901234567890123456789012345678.90"},
		{"1e40::numeric", "10000000000000000000000000000000000000000"},
		{"'NaN'::numeric", RuleNoJSON},
		{"'Infinity'::numeric", RuleNoJSON},
		{"0.1::float4", "0.1"},
		{"16777216::float4", "16777216"},
		{"'-0'::float8", "-0"},
		{"1e308::float8", "1e+308"},
		{"'NaN'::float8", RuleNoJSON},
		{"'-infinity'::float4", RuleNoJSON},
		{"true", "true"},
		{"NULL::text", "null"},
		{`E'a"b\n\U0001F600'::text`, `"a\"b\u000a` + "\U0001F600\""},
		{"'ab'::char(4)", `"ab  "`},
		{`'\x00ff'::bytea`, `"AP8="`},
		{`'{"x": 1.50}'::json`, `{"x": 1.50}`},
		{`'{"x": 9007199254740993.10}'::jsonb`, `{"x": 9007199254740993.10}`},
		{`'null'::jsonb`, `null`},
		{"'2021-01-02 03:04:05.123456+01'::timestamptz", `"2021-01-02T02:04:05.123456Z"`},
		{"'1677-01-01 00:00:00.5'::timestamp", `"1677-01-01T00:00:00.5"`},
		{"'2500-01-01'::timestamp", `"2500-01-01T00:00:00"`},
		{"'infinity'::timestamp", RuleNoJSON},
		{"'-infinity'::timestamptz", RuleNoJSON},
		{"'infinity'::date", RuleNoJSON},
		{"'0044-03-15 BC'::date", RuleNoJSON},
		{"'294276-01-01'::timestamp", RuleNoJSON},
		{"'1969-12-31'::date", `"1969-12-31"`},
		{"'23:59:59.5'::time", `"23:59:59.5"`},
		{"'1 mon 2 days 03:00:00.5'::interval", `"1 mon 2 days 03:00:00.5"`},
		{"ARRAY[1,2]", `"{1,2}"`},
		{"to_jsonb(ARRAY[1,2])", `[1, 2]`},
		{"'0b8f5c1e-0000-4000-8000-000000000001'::uuid", `"0b8f5c1e-0000-4000-8000-000000000001"`},
		{"'10.0.0.1'::inet", `"10.0.0.1"`},
		{"B'101'", `"101"`},
		{"'12.50'::money", `"$12.50"`},
		{"ROW(1,'x')", `"(1,x)"`},
	} {
		src, err := Open(t.Context(), url, Query{SQL: "SELECT " + tt.value + " AS v"})
		if err != nil {
			t.Errorf("%s: %v", tt.value, err)
			continue
		}
		want := `{"v":` + tt.want + `}`
		if tt.want == RuleNoJSON {
			want = RuleNoJSON
		}
		if _, rows := readAll(t, src); len(rows) != 1 || rows[0] != want {
			t.Errorf("%s\ngot  %s\nwant %s", tt.value, rows, want)
		}
	}
}

func TestMariaDBTypes(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL")
	for _, tt := range []struct{ typ, value, want string }{
		{"TINYINT", "-128", "-128"},
		{"BOOLEAN", "true", "1"},
		{"BIGINT", "9007199254740993", "9007199254740993"},
		{"BIGINT UNSIGNED", "18446744073709551615", "18446744073709551615"},
		{"INT(5) ZEROFILL", "42", "42"},
		{"DECIMAL(38,10)", "'1234567890123456789012345678.0123456789'", "1234567890123456789012345678.0123456789"},
		{"DECIMAL(65,30)", "'-12345678901234567890123456789012345.123456789012345678901234567890'", "-12345678901234567890123456789012345.123456789012345678901234567890"},
		{"FLOAT", "0.12345679", "0.12345679"}, // of which the server would show 0.123457
		{"FLOAT", "16777216", "16777216"},
		{"DOUBLE", "1e308", "1e+308"},
		{"BIT(10)", "b'1000000001'", "513"},
		{"BIT(64)", "b'" + strings.Repeat("1", 64) + "'", "18446744073709551615"},
		{"YEAR", "2021", "2021"},
		{"DATE", "'9999-12-31'", `"9999-12-31"`},
		{"DATE", "'1000-01-01'", `"1000-01-01"`},
		{"DATE", "'0000-00-00'", RuleNoJSON},
		{"DATE", "'2021-02-00'", RuleNoJSON},
		{"DATE", "'2021-02-31'", RuleNoJSON},
		{"DATETIME(6)", "'1000-01-01 00:00:00.5'", `"1000-01-01T00:00:00.5"`},
		{"DATETIME(6)", "'2500-01-01 00:00:00'", `"2500-01-01T00:00:00"`},
		{"DATETIME", "'0000-00-00 00:00:00'", RuleNoJSON},
		{"TIMESTAMP(3) NULL", "'2021-01-02 03:04:05.678'", `"2021-01-02T03:04:05.678Z"`},
		{"TIMESTAMP NULL", "0", RuleNoJSON},
		{"TIME(6)", "'-838:59:59.5'", `"-838:59:59.500000"`},
		{"JSON", `'{"x": 1.50}'`, `"{\"x\": 1.50}"`}, // text to MariaDB
		{"ENUM('a','b')", "'b'", `"b"`},
		{"SET('x','y')", "'x,y'", `"x,y"`},
		{"VARCHAR(20) CHARACTER SET latin1", "'é'", `"é"`},
		{"LONGTEXT CHARACTER SET utf8mb4", "CONCAT('\U0001F600', CHAR(0 USING utf8mb4))", "\"\U0001F600" + `\u0000"`},
		{"BLOB", "x'00ff'", `"AP8="`},
		{"BINARY(3)", "x'616263'", `"YWJj"`},
		{"INET6", "'::1'", `"::1"`},
		{"UUID", "'0b8f5c1e-0000-4000-8000-000000000001'", `"0b8f5c1e-0000-4000-8000-000000000001"`},
		{"TEXT", "NULL", "null"},
	} {
		execute(t, url, "DROP TABLE IF EXISTS types", "CREATE TABLE types (v "+tt.typ+") CHARACTER SET utf8mb4", "INSERT INTO types VALUES ("+tt.value+")")
		src, err := Open(t.Context(), url, Query{SQL: "SELECT v FROM types"})
		if err != nil {
			t.Errorf("%s: %v", tt.typ, err)
			continue
		}
		want := `{"v":` + tt.want + `}`
		if tt.want == RuleNoJSON {
			want = RuleNoJSON
		}
		if _, rows := readAll(t, src); len(rows) != 1 || rows[0] != want {
			t.Errorf("%s %s\ngot  %s\nwant %s", tt.typ, tt.value, rows, want)
		}
	}
}

// A value without a JSON form does not matter where nobody asks for it.
func TestUnselectedValue(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL")
	src, err := Open(t.Context(), url, Query{SQL: "SELECT 1 AS id, 'NaN'::float8 AS f"})
	if err != nil {
		t.Fatal(err)
	}
	if _, rows := readSelected(t, src, "id"); len(rows) != 1 || rows[0] != `{"id":1,"f":null}` {
		t.Errorf("got %s", rows)
	}
}

// The password stands in no error, however the connection or the query fails, also where it is written with escapes.
func TestPasswordInNoError(t *testing.T) {
	postgres, maria := server(t, "CIOKIT_POSTGRES_URL"), server(t, "CIOKIT_MARIADB_URL")
	const secret = "hunter2 %/@"
	wrong := func(url string) string {
		scheme, rest, _ := strings.Cut(url, "://")
		_, host, _ := strings.Cut(rest, "@")
		return scheme + "://ciokit:hunter2%20%25%2F%40@" + host
	}
	for _, tt := range []struct{ url, query string }{
		{wrong(postgres), "SELECT 1"}, {wrong(maria), "SELECT 1"},
		{strings.Replace(wrong(postgres), "sslmode=disable", "sslmode=nonsense", 1), "SELECT 1"},
		{wrong(maria) + "?tls=nonsense", "SELECT 1"},
		{wrong(postgres) + "&password=" + "hunter2%20%25%2F%40", "SELECT 1"},
		{"postgres://ciokit:hunter2 %/@@127.0.0.1:1/db", "SELECT 1"},
		{"mysql://ciokit:hunter2 %/@@127.0.0.1:1/db", "SELECT 1"},
		{"postgres://ciokit@127.0.0.1:1/db?password=hunter2%20%25%2F%40", "SELECT 1"},
	} {
		src, err := Open(t.Context(), tt.url, Query{SQL: tt.query})
		if err == nil {
			src.Close()
			t.Errorf("%s opens", tt.url)
			continue
		}
		if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), secret) {
			t.Errorf("the error tells the password: %v", err)
		}
	}
}
