package sqldb

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A row contains only the selected columns, in the order of the query. The columns of the order need not be among them. The content and the names of
// the other columns do not matter.
func TestSelectedColumns(t *testing.T) {
	urls := map[string]string{"SQLite": "sqlite:" + sqliteFile(t, "CREATE TABLE t (a)")}
	for name, variable := range map[string]string{"PostgreSQL": "CIOKIT_POSTGRES_URL", "MariaDB": "CIOKIT_MARIADB_URL"} {
		if url := os.Getenv(variable); url != "" {
			urls[name] = url
		}
	}
	const rows = "SELECT 3 AS id, 'c' AS a, 'x' AS b, 1 AS d UNION ALL SELECT 1, 'a', 'y', 2 UNION ALL SELECT 2, 'b', 'z', 3"
	for database, url := range urls {
		for _, tt := range []struct {
			query    string
			orderBy  []string
			selected string
			want     []string
		}{
			{rows + " ORDER BY id", nil, "id", []string{`{"id":1}`, `{"id":2}`, `{"id":3}`}},
			{rows + " ORDER BY d DESC", nil, "b,a", []string{`{"a":"b","b":"z"}`, `{"a":"a","b":"y"}`, `{"a":"c","b":"x"}`}},
			{rows + " ORDER BY id LIMIT 2", nil, "a,b", []string{`{"a":"a","b":"y"}`, `{"a":"b","b":"z"}`}},
			{rows, []string{"id"}, "a", []string{`{"a":"a"}`, `{"a":"b"}`, `{"a":"c"}`}},
			{rows, []string{"b", "id"}, "id,a,b,d", []string{`{"id":3,"a":"c","b":"x","d":1}`, `{"id":1,"a":"a","b":"y","d":2}`, `{"id":2,"a":"b","b":"z","d":3}`}},
			{rows, []string{"d"}, "", []string{`{}`, `{}`, `{}`}},
			{"SELECT 7 AS id -- one", nil, "", []string{`{}`}},
			{"SELECT 7 AS id, 8 AS a, 9 AS a", nil, "id", []string{`{"id":7}`}},
			{"SELECT 7 AS id, 1+1, 'x' AS \"a b\"", nil, "id", []string{`{"id":7}`}},
		} {
			query := tt.query
			if database == "MariaDB" {
				query = strings.ReplaceAll(query, `"`, "`")
			}
			src, err := Open(t.Context(), url, Query{SQL: query, OrderBy: tt.orderBy})
			if err != nil {
				t.Errorf("%s: %s: %v", database, query, err)
				continue
			}
			if _, got := readSelected(t, src, strings.FieldsFunc(tt.selected, func(r rune) bool { return r == ',' })...); !slices.Equal(got, tt.want) {
				t.Errorf("%s: %s by %v: %s of it are %s, want %s", database, query, tt.orderBy, tt.selected, got, tt.want)
			}
		}
	}
	if url := urls["PostgreSQL"]; url != "" {
		src, err := Open(t.Context(), url, Query{SQL: "SELECT 1 AS id, 'NaN'::float8 AS f"})
		if err != nil {
			t.Fatal(err)
		}
		if _, got := readSelected(t, src, "id"); !slices.Equal(got, []string{`{"id":1}`}) {
			t.Errorf("got %s", got)
		}
	}
}

// A row over the limit is a bad row. Its beginning is kept, and the rows around it are read.
func TestLongRows(t *testing.T) {
	const limit = 1000
	file := "sqlite:" + sqliteFile(t, "CREATE TABLE t (a)")
	for name, tt := range map[string]struct {
		values []string
		long   bool
	}{
		"within":                     {[]string{"printf('%.*c', 900, 'x')"}, false},
		"one value":                  {[]string{"printf('%.*c', 1000, 'x')"}, true},
		"several":                    {[]string{"printf('%.*c', 500, 'x')", "printf('%.*c', 500, 'y')"}, true},
		"made longer by its escapes": {[]string{"replace(printf('%.*c', 400, 'x'), 'x', char(1))"}, true},
		"bytes":                      {[]string{"zeroblob(800)"}, true},
		"bytes within":               {[]string{"zeroblob(600)"}, false},
		"letters of two bytes":       {[]string{"replace(printf('%.*c', 70000, 'x'), 'x', 'é')"}, true},
		"text of spaces":             {[]string{"printf('%.*c', 2000, ' ')"}, true},
		"a value in another column":  {[]string{"printf('%.*c', 100000, 'x')", "5"}, true},
		"only NULL":                  {[]string{"NULL"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, order := range [][]string{nil, {"id"}} {
				query := "SELECT 1 AS id, 'a' AS v0"
				for i := range len(tt.values) - 1 {
					query += ", NULL AS v" + string(rune('1'+i))
				}
				between := strings.ReplaceAll(query, "'a'", "NULL")
				query += " UNION ALL SELECT 2, " + strings.Join(tt.values, ", ") + " UNION ALL " + strings.Replace(between, "1 AS id", "3", 1)
				src, err := Open(t.Context(), file, Query{SQL: query, OrderBy: order, MaxRowBytes: limit})
				if err != nil {
					t.Fatal(err)
				}
				defer src.Close()
				names := []string{"id", "v0", "v1"}[:1+len(tt.values)]
				if err := src.Select(names); err != nil {
					t.Fatal(err)
				}
				var b source.Batch
				if err := src.Next(t.Context(), &b); err != nil || len(b.Rows) != 3 {
					t.Fatalf("%v, %d rows", err, len(b.Rows))
				}
				for i, r := range b.Rows {
					switch long := i == 1 && tt.long; {
					case (r.Err != nil) != long, long && r.Err.Rule != source.RuleRowTooLong, long != (r.Cells == nil):
						t.Errorf("row %d: %v, %d cells", i, r.Err, len(r.Cells))
					case len(r.Raw) > 64<<10, !strings.HasPrefix(string(r.Raw), `{"id":`+string(rune('1'+i))), strings.ToValidUTF8(string(r.Raw), "") != string(r.Raw):
						t.Errorf("row %d is %d bytes, %.40q", i, len(r.Raw), r.Raw)
					}
				}
			}
		})
	}
}
