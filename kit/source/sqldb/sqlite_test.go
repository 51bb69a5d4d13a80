package sqldb

import (
	"database/sql"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// fileWriter is a second connection to a file, which can write.
func fileWriter(t *testing.T, file string) *sql.Conn {
	t.Helper()
	db := sql.OpenDB(fileConnector("file:" + strings.ReplaceAll(file, "?", "%3f") + "?mode=rw"))
	t.Cleanup(func() { db.Close() })
	c, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func write(t *testing.T, c *sql.Conn, statement string) {
	t.Helper()
	if _, err := c.ExecContext(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// Times in a date column are kept, wherever the column is in the query, and its rows keep their order and can be resumed.
func TestSQLiteDates(t *testing.T) {
	file := "sqlite:" + sqliteFile(t, `CREATE TABLE t (id INTEGER PRIMARY KEY, day DATE, at TIMESTAMP);
INSERT INTO t VALUES (1, '2021-01-02', '2021-01-02'), (2, '2021-01-02 03:04:05', '2021-01-01 00:00:00'), (3, '2021-01-02 00:30:00+05:30', NULL), (4, 5, x'00');`)
	rows := []string{
		`{"id":1,"day":"2021-01-02","at":"2021-01-02"}`, `{"id":2,"day":"2021-01-02T03:04:05Z","at":"2021-01-01T00:00:00Z"}`,
		`{"id":3,"day":"2021-01-01T19:00:00Z","at":null}`, `{"id":4,"day":5,"at":"AA=="}`,
	}
	backwards := slices.Clone(rows)
	slices.Reverse(backwards)
	for _, tt := range []struct {
		query string
		want  []string
	}{
		{"SELECT * FROM t ORDER BY id", rows},
		{"SELECT * FROM t ORDER BY id DESC -- the last first", backwards},
		{"SELECT * FROM t ORDER BY id DESC LIMIT 2", backwards[:2]},
		{"WITH a AS (SELECT * FROM t) SELECT id, day, at FROM a ORDER BY id", rows},
		{"SELECT * FROM t WHERE id < 3 UNION ALL SELECT * FROM t WHERE id > 2 ORDER BY id DESC", backwards},
		{"SELECT id, day, day AS day FROM t WHERE id = 2", []string{`{"id":2}`}},
		{`SELECT id, day AS "a day; of ""it""" FROM t WHERE id = 1`, []string{`{"id":1,"a day; of \"it\"":"2021-01-02"}`}},
	} {
		src, err := Open(t.Context(), file, Query{SQL: tt.query})
		if err != nil {
			t.Errorf("%s: %v", tt.query, err)
			continue
		}
		if columns, got := readAll(t, src); !slices.Equal(got, tt.want) || columns[1].Type != "DATE" {
			t.Errorf("%s\ngot  %s, %v\nwant %s", tt.query, got, columns, tt.want)
		}
	}
	checkResumable(t, file, Query{SQL: "SELECT day, id FROM t", OrderBy: []string{"day"}}, 4)
	checkResumable(t, file, Query{SQL: "SELECT id, day FROM t", OrderBy: []string{"id"}}, 4)
}

// A load waits while another process writes, and does not give up at once.
func TestSQLiteWaitsForWriters(t *testing.T) {
	file := sqliteFile(t, "CREATE TABLE t (id INTEGER); INSERT INTO t VALUES (1);")
	w := fileWriter(t, file)
	write(t, w, "BEGIN EXCLUSIVE")
	write(t, w, "INSERT INTO t VALUES (2)")
	began := time.Now()
	done := time.AfterFunc(300*time.Millisecond, func() { w.ExecContext(t.Context(), "COMMIT") })
	defer done.Stop()
	if got := one(t, "sqlite:"+file, "SELECT count(*) AS n FROM t"); got != `{"n":2}` {
		t.Errorf("got %s", got)
	}
	if time.Since(began) < 200*time.Millisecond {
		t.Error("it did not wait")
	}
}

// A database in WAL mode can be written to while it is read.
func TestSQLiteReadingBlocksNobody(t *testing.T) {
	file := sqliteFile(t, "PRAGMA journal_mode = WAL; CREATE TABLE t (id INTEGER); WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 5000) INSERT INTO t SELECT n FROM c;")
	w := fileWriter(t, file) // this keeps the files of WAL
	write(t, w, "INSERT INTO t VALUES (0)")
	src, err := Open(t.Context(), "sqlite:"+file, Query{SQL: "SELECT id FROM t", ReadAhead: -1}) // so that not everything is read before the other process writes
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Select([]string{"id"}); err != nil {
		t.Fatal(err)
	}
	var b source.Batch
	rows := 0
	for err = src.Next(t.Context(), &b); err == nil; err = src.Next(t.Context(), &b) {
		if rows == 0 {
			write(t, w, "UPDATE t SET id = -1 - id")
		}
		rows += len(b.Rows)
		for _, r := range b.Rows {
			if r.Raw[len(`{"id":`)] == '-' {
				t.Fatalf("the rows are of two moments: %s", r.Raw)
			}
		}
	}
	if err != io.EOF || rows != 5001 {
		t.Errorf("%d rows, %v", rows, err)
	}
	if _, err := os.Stat(file + "-wal"); err != nil {
		t.Error(err)
	}
}
