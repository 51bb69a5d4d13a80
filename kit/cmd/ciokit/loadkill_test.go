package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/parquet-go/parquet-go"
)

// taker is an API that accepts everything, with a limit of messages per second, and records the ids.
type taker struct {
	mu    sync.Mutex
	pause time.Duration // for each message
	ids   map[string]int
	count int
	wake  chan struct{} // closed when count reaches at
	at    int

	open   int       // connections
	closed sync.Cond // signalled when one is closed
}

func (s *taker) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set(emulator.Header, "1") // so that the load asks nothing
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var batch struct {
		Batch []struct{ MessageID string }
	}
	if err := json.Unmarshal(body, &batch); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if len(batch.Batch) == 0 {
		var one struct{ MessageID string }
		if err := json.Unmarshal(body, &one); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		batch.Batch = append(batch.Batch, one)
	}
	s.mu.Lock()
	pause := s.pause
	s.mu.Unlock()
	<-time.After(time.Duration(len(batch.Batch)) * pause)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range batch.Batch {
		s.ids[m.MessageID]++
	}
	if s.count += len(batch.Batch); s.wake != nil && s.count >= s.at {
		close(s.wake)
		s.wake = nil
	}
}

// after returns a channel that is closed after n more messages have arrived.
func (s *taker) after(n int) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wake, s.at = make(chan struct{}), s.count+n
	return s.wake
}

// settle waits until the server has no connection, and returns how many messages have arrived. A client that is gone may have left a request that the
// server has not read yet.
func (s *taker) settle() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.open > 0 {
		s.closed.Wait()
	}
	return s.count
}

// listen returns a server that counts its connections, for settle.
func (s *taker) listen() *httptest.Server {
	s.closed.L = &s.mu
	web := httptest.NewUnstartedServer(s)
	web.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		s.mu.Lock()
		defer s.mu.Unlock()
		switch state {
		case http.StateNew:
			s.open++
		case http.StateClosed, http.StateHijacked:
			s.open--
			s.closed.Broadcast()
		}
	}
	web.Start()
	return web
}

// process is the command as a separate process.
type process struct {
	*exec.Cmd
	said strings.Builder // on both its outputs; to be read when it has ended
}

// startCommand starts the command in dir, with its state there too.
func startCommand(dir string, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p := &process{Cmd: exec.Command(self)}
	p.Args = append([]string{"ciokit"}, args...) // a program with this name is the command, see TestMain
	p.Dir = dir
	p.Env = append(os.Environ(), "CUSTOMERIO_API_KEY=key", "XDG_STATE_HOME="+filepath.Join(dir, "state"))
	p.Stdout, p.Stderr = &p.said, &p.said
	return p, p.Start()
}

var resumeID = regexp.MustCompile(`ciokit load --resume (\S+)`)

// A load that is killed again and again, and resumed each time, sends every row. A message that arrives twice has the same id, and was being sent
// or was not yet in the journal. CIOKIT_DEEP=1 takes 10 kills of 50,000 rows, CIOKIT_FULL=1 takes 50 of 200,000.
func TestKilledLoadIsResumed(t *testing.T) {
	for name, in := range map[string]struct {
		args  []string
		write func(t *testing.T, file string, rows int)
	}{
		"CSV":     {[]string{"in.csv"}, writeCSV},
		"Parquet": {[]string{"in.parquet"}, writeParquet},
		"SQLite":  {[]string{"sqlite:in.db", "--query", "SELECT id, n FROM people;", "--order-by", "id,n"}, writeSQLite},
		// With servers that .ci/databases starts.
		"PostgreSQL": {[]string{"env:CIOKIT_POSTGRES_URL", "--query", "SELECT id, n FROM killed", "--order-by", "id,n"}, writePostgres},
		"MariaDB":    {[]string{"env:CIOKIT_MARIADB_URL", "--query", "SELECT id, n FROM killed", "--order-by", "n"}, writeMariaDB},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if variable, ok := strings.CutPrefix(in.args[0], "env:"); ok && os.Getenv(variable) == "" {
				t.Skipf("%s names no server; .ci/databases starts one", variable)
			}
			rows, kills := 12_000, 5
			if os.Getenv("CIOKIT_DEEP") == "1" {
				rows, kills = 50_000, 10
			}
			if os.Getenv("CIOKIT_FULL") == "1" {
				rows, kills = 200_000, 50
			}
			dir := t.TempDir()
			in.write(t, filepath.Join(dir, strings.TrimPrefix(in.args[0], "sqlite:")), rows)
			killAndResume(t, dir, in.args, rows, kills)
		})
	}
}

func writeCSV(t *testing.T, file string, rows int) {
	t.Helper()
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range rows {
		fmt.Fprintf(&in, "u%d,%d\n", i%5000, i)
	}
	if err := os.WriteFile(file, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
}

func writeParquet(t *testing.T, file string, rows int) {
	t.Helper()
	type person struct {
		ID string `parquet:"id,dict"`
		N  int64  `parquet:"n"`
	}
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewGenericWriter[person](f, parquet.MaxRowsPerRowGroup(int64(rows/7)))
	for i := range rows {
		if _, err := w.Write([]person{{fmt.Sprintf("u%d", i%5000), int64(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
}

func writeSQLite(t *testing.T, file string, rows int) {
	t.Helper()
	writeTable(t, "sqlite", file, `CREATE TABLE people (id TEXT, n INTEGER)`, fmt.Sprintf(`WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n+1 FROM c WHERE n+1 < %d)
INSERT INTO people SELECT 'u' || (n %% 5000), n FROM c ORDER BY n %% 997`, rows))
}

func writePostgres(t *testing.T, _ string, rows int) {
	t.Helper()
	writeTable(t, "pgx", os.Getenv("CIOKIT_POSTGRES_URL"), "DROP TABLE IF EXISTS killed", "CREATE TABLE killed (id TEXT, n BIGINT)",
		fmt.Sprintf("INSERT INTO killed SELECT 'u' || n %% 5000, n FROM generate_series(0, %d) AS n ORDER BY n %% 997", rows-1))
}

func writeMariaDB(t *testing.T, _ string, rows int) {
	t.Helper()
	u, err := url.Parse(os.Getenv("CIOKIT_MARIADB_URL"))
	if err != nil {
		t.Fatal(err)
	}
	writeTable(t, "mysql", u.User.String()+"@tcp("+u.Host+")"+u.Path, "DROP TABLE IF EXISTS killed", "CREATE TABLE killed (id VARCHAR(20), n DECIMAL(30,2))",
		fmt.Sprintf("INSERT INTO killed SELECT CONCAT('u', seq %% 5000), seq FROM seq_0_to_%d ORDER BY seq %% 997", rows-1))
}

func writeTable(t *testing.T, driver, name string, statements ...string) {
	t.Helper()
	db, err := sql.Open(driver, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range statements {
		if err == nil {
			_, err = db.ExecContext(t.Context(), s)
		}
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
}

// killAndResume runs the load of the arguments in dir, kills and resumes it this many times, and checks what has arrived.
func killAndResume(t *testing.T, dir string, input []string, rows, kills int) {
	t.Helper()
	server := &taker{ids: make(map[string]int), pause: 100 * time.Microsecond}
	web := httptest.NewServer(server)
	defer web.Close()
	if err := os.WriteFile(filepath.Join(dir, "map.yaml"), []byte("messages:\n  - identify: {userId: $id, traits: {n: =float(n)}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func(args ...string) (*process, *strings.Builder) {
		cmd, err := startCommand(dir, args...)
		if err != nil {
			t.Fatal(err)
		}
		return cmd, &cmd.said
	}
	args := append(append([]string{"load"}, input...), "--mapping", "map.yaml", "--to", web.URL, "--concurrency", "2")
	rnd := rand.New(rand.NewPCG(7, 7))
	id := ""
	for kill := range kills {
		reached := server.after(1 + rnd.IntN(2*rows/kills))
		cmd, said := start(args...)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-reached:
			if err := cmd.Process.Kill(); err != nil {
				t.Log(err) // it ended just now
			}
			<-ended
		case err := <-ended:
			if err != nil || !strings.Contains(said.String(), "accepted") {
				t.Fatalf("kill %d: %v: %s", kill, err, said)
			}
		}
		if id == "" {
			found := resumeID.FindStringSubmatch(said.String())
			if found == nil {
				t.Fatalf("no id is printed: %s", said)
			}
			id = found[1]
		}
		args = []string{"load", "--resume", id}
		if strings.Contains(said.String(), " accepted\n") {
			break
		}
	}
	cmd, said := start(append(args, "--json")...)
	if err := cmd.Wait(); err != nil && !strings.Contains(said.String(), "is complete") {
		t.Fatalf("%v: %s", err, said)
	}
	twice := 0
	for _, n := range server.ids {
		if n > 1 {
			twice++
		}
	}
	if len(server.ids) != rows {
		t.Errorf("%d distinct messages arrived, want %d", len(server.ids), rows)
	}
	t.Logf("%d of %d messages came more than once", twice, rows)
	if !strings.Contains(said.String(), fmt.Sprintf(`"rows":%d,"rows_rejected":0,"messages":%[1]d,"accepted":%[1]d,`, rows)) && !strings.Contains(said.String(), "is complete") {
		t.Errorf("the last run said %s", said)
	}
}
