package sqldb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/kit/source"
)

// numbered is a page of one row with that number and size.
func numbered(n int64, size int) *page {
	p := &page{}
	p.reset(n)
	p.raw = append(append(p.raw, `{"n":"`...), strings.Repeat("x", size)...)
	p.raw = append(p.raw, `"}`...)
	p.keys = fmt.Appendf(p.keys, "key %d", n)
	var bad *source.RowError
	if n%5 == 0 {
		bad = &source.RowError{Rule: RuleNoJSON, Hint: "column n: no"}
	}
	if err := p.add([][2]int{{5, len(p.raw) - 1}, {0, 0}}, bad); err != nil {
		panic(err)
	}
	return p
}

// checkNumbered checks that a page is the one with that number.
func checkNumbered(t *testing.T, p *page, n int64, size int) {
	t.Helper()
	want := numbered(n, size)
	rows, _ := p.appendRows(nil, nil, 2)
	if len(rows) != 1 || string(rows[0].Raw) != string(want.raw) || rows[0].Ordinal != n || string(p.keysOf(0, 2)) != fmt.Sprintf("key %d", n) {
		t.Fatalf("page %d is %d, %.40q, %q", n, p.first, p.raw, p.keys)
	}
	if n%5 == 0 != (rows[0].Err != nil) || rows[0].Err == nil && (string(rows[0].Cells[0].Bytes) != `"`+strings.Repeat("x", size)+`"` || rows[0].Cells[1].Kind != source.KindAbsent) {
		t.Fatalf("page %d has %v, %v", n, rows[0].Err, rows[0].Cells)
	}
}

// Pages keep their order, whatever is in memory and on disk, and whichever goroutine is ahead.
func TestBacklogKeepsTheOrder(t *testing.T) {
	const pages, size = 300, 20_000
	for _, most := range []int64{0, 3 * size, 50 * size, 1 << 40} {
		b, put := newBacklog(most), make(chan bool)
		go func() {
			for n := range int64(pages) {
				if !b.put(numbered(n, size+int(n))) {
					t.Error("nobody wants it")
				}
			}
			b.end(io.EOF)
			close(put)
		}()
		if most == 1<<40 {
			<-put // everything fits, although nobody reads any of it
			if info, err := b.file.Stat(); err != nil || info.Mode().Perm() != 0o600 || info.Size() < (pages-60)*size {
				t.Fatalf("%v, %+v", err, info)
			}
			if _, err := os.Stat(b.file.Name()); runtime.GOOS != "windows" && !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the file has a name: %v", err)
			}
		}
		for n := range int64(pages) {
			p, err := b.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkNumbered(t, p, n, size+int(n))
			b.done(p)
		}
		for range 2 {
			if _, err := b.take(t.Context()); err != io.EOF {
				t.Fatal(err)
			}
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
	}
}

// A page without room waits, and close ends the wait.
func TestBacklogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 200_000
		b := newBacklog(3 * size)
		put, ended := 0, make(chan bool)
		go func() {
			for b.put(numbered(int64(put), size)) {
				put++
			}
			close(ended)
		}()
		synctest.Wait()
		if there := put; there < 7 || there > 9 { // 5 in memory, 2 or 3 on disk
			t.Errorf("%d pages are there", there)
		}
		before := put
		for n := range int64(4) {
			p, err := b.take(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			checkNumbered(t, p, n, size)
		}
		synctest.Wait()
		if put > before+1 { // the file is rewritten when all of it is read
			t.Errorf("%d more pages are there", put-before)
		}
		if err := b.close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
}

// A full disk, or a missing directory for temporary files, costs no row: the query waits for the reader.
func TestBacklogWithoutADisk(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir()+"/none")
	b := newBacklog(1 << 40)
	defer b.close()
	go func() {
		for n := range int64(50) {
			b.put(numbered(n, 200_000))
		}
		b.end(io.EOF)
	}()
	for n := range int64(50) {
		p, err := b.take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		checkNumbered(t, p, n, 200_000)
		b.done(p)
	}
}

// readAhead opens a query of some 40 MB, more than any socket buffers. It takes one batch, and waits until the query has ended although nobody takes
// another. It returns how many rows there are in total.
func readAhead(t *testing.T, url string, q Query) int {
	t.Helper()
	src, err := Open(t.Context(), url, q)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if err := src.Select([]string{"n", "v"}); err != nil {
		t.Fatal(err)
	}
	var b source.Batch
	rows := 0
	for {
		err := src.Next(t.Context(), &b)
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatalf("behind %d rows: %v", rows, err)
		}
		for _, row := range b.Rows {
			if rows++; string(row.Cells[0].Bytes) != fmt.Sprint(rows) || len(row.Cells[1].Bytes) != 202 {
				t.Fatalf("row %d is %s", rows, row.Raw)
			}
		}
		if rows == len(b.Rows) {
			awaitEnd(t, src.(*result))
		}
	}
}

// awaitEnd returns when all rows of a query are in its backlog.
func awaitEnd(t *testing.T, r *result) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Millisecond) {
		r.ahead.mu.Lock()
		ended := r.ahead.ended
		r.ahead.mu.Unlock()
		switch {
		case ended == io.EOF:
			if r.db.Stats().OpenConnections > 0 {
				t.Error("the database is still held")
			}
			return
		case ended != nil:
			t.Fatal(ended)
		case time.Now().After(deadline):
			t.Fatal("the query waits for whoever reads its rows")
		}
	}
}

// A query ends and releases the database although nobody reads its rows, so no timeout of the server can stop it.
func TestSQLiteReadsAhead(t *testing.T) {
	url := "sqlite:" + sqliteFile(t, "CREATE TABLE none (n);")
	const query = "WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < 50000) SELECT n, printf('%0200d', n) AS v FROM c"
	for _, orderBy := range [][]string{nil, {"n"}} {
		if rows := readAhead(t, url, Query{SQL: query, OrderBy: orderBy}); rows != 50_000 {
			t.Errorf("%d rows", rows)
		}
	}
}

func TestPostgresReadsAhead(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL") + "&statement_timeout=20000&idle_in_transaction_session_timeout=1000"
	for _, orderBy := range [][]string{nil, {"n"}} {
		if rows := readAhead(t, url, Query{SQL: "SELECT n, lpad(n::text, 200, '0') AS v FROM generate_series(1, 200000) AS n", OrderBy: orderBy}); rows != 200_000 {
			t.Errorf("%d rows", rows)
		}
	}
}

func TestMariaDBReadsAhead(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL") + "?net_write_timeout=1"
	for _, orderBy := range [][]string{nil, {"n"}} {
		if rows := readAhead(t, url, Query{SQL: "SELECT seq AS n, LPAD(seq, 200, '0') AS v FROM seq_1_to_200000", OrderBy: orderBy}); rows != 200_000 {
			t.Errorf("%d rows", rows)
		}
	}
}

// Between Open and the first Next there can be much time, because a person is asked. During that time nothing is locked.
func TestNothingIsHeldBeforeTheFirstRow(t *testing.T) {
	url := server(t, "CIOKIT_POSTGRES_URL")
	src, err := Open(t.Context(), url+"&application_name=held", Query{SQL: "SELECT generate_series(1, 100000) AS n"})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if got := one(t, url, "SELECT count(*) AS n FROM pg_stat_activity WHERE application_name = 'held' AND state <> 'idle'"); got != `{"n":0}` {
		t.Errorf("busy: %s", got)
	}
}

// A query is given up if the database sends nothing, at the beginning and later.
func TestStalledDatabases(t *testing.T) {
	for variable, query := range map[string]string{"CIOKIT_POSTGRES_URL": "SELECT 1 AS n, pg_sleep(3600) AS v", "CIOKIT_MARIADB_URL": "SELECT 1 AS n, SLEEP(3600) AS v FROM seq_1_to_3"} {
		t.Run(variable, func(t *testing.T) {
			src, err := Open(t.Context(), server(t, variable), Query{SQL: query, StallTimeout: 50 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			if err := src.Select([]string{"n"}); err != nil {
				t.Fatal(err)
			}
			err = src.Next(t.Context(), new(source.Batch))
			if err == nil || !strings.Contains(err.Error(), "has sent nothing for 50ms") {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A server that accepts the connection and sends nothing is given up in time.
func TestSilentServers(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, url := range []string{"postgres://u:p@" + l.Addr().String() + "/d?sslmode=disable&connect_timeout=1", "mysql://u:p@" + l.Addr().String() + "/d?timeout=100ms"} {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := Open(ctx, url, Query{SQL: "SELECT 1"})
		if cancel(); !errors.Is(err, ErrUnreachable) || !strings.Contains(err.Error(), "has not answered within") && !strings.Contains(err.Error(), "cannot be reached") {
			t.Errorf("%v", err)
		}
	}
}

// A reader that waits for an API does not look like a silent database.
func TestSlowReadersAreNoStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, stalled := &alive{}, new(atomic.Int64)
		stop := a.watch(time.Minute, func() { stalled.Add(1) })
		a.rows.Add(1)
		a.waits.Store(true)
		time.Sleep(time.Hour)
		a.waits.Store(false)
		a.rows.Add(1)
		time.Sleep(59 * time.Second)
		a.rows.Add(1)
		time.Sleep(59 * time.Second)
		if synctest.Wait(); stalled.Load() > 0 {
			t.Error("it counts as stalled")
		}
		time.Sleep(2 * time.Minute)
		if synctest.Wait(); stalled.Load() != 1 {
			t.Errorf("stalled %d times", stalled.Load())
		}
		stop()
	})
}

// FuzzPage checks that a page that is read from a file is unchanged.
func FuzzPage(f *testing.F) {
	f.Add(int64(3), []byte("{}"), []byte("key"), "no")
	f.Fuzz(func(t *testing.T, first int64, raw, keys []byte, bad string) {
		p := &page{}
		p.reset(first)
		p.raw, p.keys = append(p.raw, raw...), append(p.keys, keys...)
		var refused *source.RowError
		if bad != "" {
			refused = &source.RowError{Rule: RuleNoJSON, Hint: bad}
		}
		if err := p.add([][2]int{{0, len(raw)}}, refused); err != nil {
			t.Fatal(err)
		}
		text := p.appendTo(nil)
		var again page
		n, err := again.readFrom(strings.NewReader(string(text)), 0)
		if err != nil || n != int64(len(text)) || string(again.appendTo(nil)) != string(text) {
			t.Fatalf("%v, %d of %d bytes", err, n, len(text))
		}
		if _, err := again.readFrom(strings.NewReader(string(text[:len(text)-1])), 0); err == nil {
			t.Error("a page that was cut is read")
		}
	})
}
