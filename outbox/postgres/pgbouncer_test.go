package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/ciokit/cio/outbox/postgres"
	"github.com/jackc/pgx/v5"
)

// bouncer starts a pgbouncer in front of the server, and returns the pgbouncer's address.
func bouncer(t *testing.T, mode string) string {
	t.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		t.Skip("pgbouncer is not installed here")
	}
	u, err := url.Parse(server(t))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password() // the server says if it is missing
	dir, err := os.MkdirTemp("/tmp", "ciokit-bouncer")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) }) // it is in the directory for temporary files
	port := freePort(t)
	text := fmt.Sprintf("[databases]\n* = host=%s port=%s user=%s password='%s'\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=%s\nunix_socket_dir=\nauth_type=any\npool_mode=%s\nignore_startup_parameters=extra_float_digits\ndefault_pool_size=5\n",
		u.Hostname(), u.Port(), u.User.Username(), password, port, mode)
	settings := filepath.Join(dir, "pgbouncer.ini")
	if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{program, settings}
	if os.Getuid() == 0 { // pgbouncer refuses to run as root
		if out, err := exec.Command("chown", "-R", "nobody:", dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		args = append([]string{"setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait(); _ = log.Close() }) // the test kills it
	u.Host = "127.0.0.1:" + port
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		conn, err := pgx.Connect(t.Context(), u.String())
		if err == nil {
			_ = conn.Close(t.Context()) // this connection only shows that it answers
			return u.String()
		}
		if time.Since(begun) > 30*time.Second {
			text, _ := os.ReadFile(log.Name()) // for this message
			t.Fatalf("pgbouncer does not answer: %v: %s", err, text)
		}
	}
}

// TestPgbouncer puts a pgbouncer in front of the server, in each of its modes: a worker refuses it, and a service can enqueue through it.
func TestPgbouncer(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"session", "transaction"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := newPlace(t)
			through := bouncer(t, mode)
			if w, err := postgres.Start(t.Context(), config(through, p.schema, p.web.URL)); !errors.Is(err, postgres.ErrPooler) {
				t.Errorf("a worker behind pgbouncer: %v", err)
				if err == nil {
					_ = w.Close(t.Context()) // it has nothing to do
				}
			}
			// The pooler's session stays. If the refused worker had left a lock there, half of all lanes would wait for it.
			want := 0
			tx := p.begin(t)
			for ; want < 32; want++ {
				p.enqueue(t, tx, fmt.Sprint("user ", want), fmt.Sprint("direct ", want))
			}
			commit(t, tx)
			for _, setting := range []string{"enable_seqscan", "statement_timeout"} {
				var now, usual string
				db := openSQL(t, through+"&default_query_exec_mode=simple_protocol")
				if err := db.QueryRowContext(t.Context(), "SELECT setting, reset_val FROM pg_settings WHERE name = '"+setting+"'").Scan(&now, &usual); err != nil || now != usual {
					t.Errorf("the pooler's session has %s %s, not %s: %v", setting, now, usual, err)
				}
			}
			// Before version 1.21 its transaction mode has no prepared statements.
			for _, exec := range []string{"exec", "simple_protocol"} {
				u, err := url.Parse(through)
				if err != nil {
					t.Fatal(err)
				}
				query := u.Query()
				query.Set("default_query_exec_mode", exec)
				u.RawQuery = query.Encode()
				conn, err := pgx.Connect(t.Context(), u.String())
				if err != nil {
					t.Fatal(err)
				}
				err = pgx.BeginFunc(t.Context(), conn, func(tx pgx.Tx) error { return p.queue.Enqueue(context.Background(), tx, track("u", exec)) })
				if err != nil {
					t.Errorf("enqueue with %s: %v", exec, err)
				}
				_ = conn.Close(t.Context()) // all is committed
				db := openSQL(t, u.String())
				tx, err := db.BeginTx(t.Context(), nil)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.queue.EnqueueSQL(t.Context(), tx, track("u", exec+" sql")); err != nil {
					t.Errorf("enqueue by database/sql with %s: %v", exec, err)
				}
				if err := tx.Commit(); err != nil {
					t.Error(err)
				}
				want += 2
			}
			p.start(t, nil)
			p.waitArrived(t, want)
		})
	}
}
