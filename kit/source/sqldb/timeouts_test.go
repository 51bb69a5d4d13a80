package sqldb

import (
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// readSlowly opens a query of some 20 MB, more than any socket buffers. It calls pause after the first rows, and mostly before them too. It returns
// how many rows there are.
func readSlowly(t *testing.T, url string, q Query, pause func()) (rows int, err error) {
	t.Helper()
	src, err := Open(t.Context(), url, q)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Select([]string{"n", "v"}); err != nil {
		t.Fatal(err)
	}
	if q.OrderBy == nil && q.ReadAhead == 0 {
		pause()
	}
	var b source.Batch
	for {
		if err := src.Next(t.Context(), &b); err == io.EOF {
			return rows, nil
		} else if err != nil {
			return rows, err
		}
		if rows == 0 {
			pause()
		}
		rows += len(b.Rows)
	}
}

// The timeouts of a server for a statement, for a write and for an idle session do not affect a query whose rows are read later than they allow. They
// do if there is no room to read ahead, because the server then waits for the reader.
func TestTimeoutsOfServers(t *testing.T) {
	const rows = 80_000
	for _, tt := range []struct {
		variable, query string
		pause           string // longer than the timeouts
		ways            []string
		meets           string // one that stops a reader that makes the server wait
	}{
		{"CIOKIT_POSTGRES_URL", fmt.Sprintf("SELECT n, lpad(n::text, 250, '0') AS v FROM generate_series(1, %d) AS n", rows), "SELECT 1 AS n, pg_sleep(5.5)",
			[]string{"role", "options=-c%20statement_timeout%3D5000&idle_in_transaction_session_timeout=5000"}, "role"},
		{"CIOKIT_MARIADB_URL", fmt.Sprintf("SELECT seq AS n, LPAD(seq, 250, '0') AS v FROM seq_1_to_%d", rows), "SELECT 1 AS n, SLEEP(5.5)",
			[]string{"net_write_timeout=1&wait_timeout=1", "max_statement_time=5"}, "net_write_timeout=1"},
	} {
		t.Run(tt.variable, func(t *testing.T) {
			raw := server(t, tt.variable)
			t.Parallel()
			urlOf := func(way string) string {
				if way != "role" {
					return raw + map[bool]string{true: "&", false: "?"}[strings.Contains(raw, "?")] + way
				}
				execute(t, raw, "DROP ROLE IF EXISTS hasty", "CREATE ROLE hasty LOGIN PASSWORD 'hasty'", "ALTER ROLE hasty SET statement_timeout = '5s'")
				u, err := url.Parse(raw)
				if err != nil {
					t.Fatal(err)
				}
				u.User = url.UserPassword("hasty", "hasty")
				return u.String()
			}
			pause := func() { one(t, raw, tt.pause) }
			for i, way := range tt.ways {
				q := Query{SQL: tt.query, OrderBy: [][]string{nil, {"n"}}[i%2]}
				if n, err := readSlowly(t, urlOf(way), q, pause); err != nil || n != rows {
					t.Errorf("%s: %v behind %d rows", way, err, n)
				}
			}
			if n, err := readSlowly(t, urlOf(tt.meets), Query{SQL: tt.query, ReadAhead: -1}, pause); err == nil || n == 0 {
				t.Errorf("%s without reading ahead: %v behind %d rows", tt.meets, err, n)
			}
		})
	}
}
