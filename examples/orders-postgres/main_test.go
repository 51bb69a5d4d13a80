package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/ciokit/cio/emulator"
)

// The test binary is also the service, so that two of them can run, and one can be killed.
func TestMain(m *testing.M) {
	if database := os.Getenv("ORDERS_TEST_DATABASE"); database != "" {
		if err := serve(context.Background(), "127.0.0.1:0", database, os.Getenv("ORDERS_TEST_SCHEMA")); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

var addressPattern = regexp.MustCompile(`address=(\S+)\n`)

// start runs the service, and returns its address when it accepts orders.
func start(t *testing.T, database, schema, customerio string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ORDERS_TEST_DATABASE="+database, "ORDERS_TEST_SCHEMA="+schema, "CUSTOMERIO_API_KEY="+emulator.TestKey, "CUSTOMERIO_REGION=", "CUSTOMERIO_BASE_URL="+customerio)
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it may have been killed before
	var text bytes.Buffer
	for b := make([]byte, 1000); ; {
		n, err := out.Read(b)
		text.Write(b[:n])
		if m := addressPattern.FindStringSubmatch(text.String()); m != nil {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return cmd, "http://" + m[1]
		}
		if err != nil {
			t.Fatalf("the service does not start: %v: %s", err, text.String())
		}
	}
}

// TestTwoOfThemOneIsKilled posts orders to two services, and kills one: accepted orders arrive, although each service sends a part.
func TestTwoOfThemOneIsKilled(t *testing.T) {
	t.Parallel()
	server := os.Getenv("CIOKIT_POSTGRES_URL")
	if server == "" {
		t.Skip("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	name := fmt.Sprintf("orders_%d", os.Getpid())
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for _, schema := range []string{name, name + "_box"} {
		if _, err := conn.Exec(ctx, "CREATE SCHEMA "+schema); err != nil {
			t.Fatal(err)
		}
		defer func() { _, _ = conn.Exec(ctx, "DROP SCHEMA "+schema+" CASCADE") }()
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	query.Set("search_path", name) // the schema with the table of orders
	u.RawQuery = query.Encode()

	srv := emulator.New(emulator.Config{})
	web := httptest.NewServer(srv)
	defer web.Close()
	a, first := start(t, u.String(), name+"_box", web.URL)
	b, second := start(t, u.String(), name+"_box", web.URL)
	defer func() { _ = b.Process.Kill(); _ = b.Wait() }() // before its tables are dropped
	for n := range 40 {
		to := first
		if n%2 == 1 || n >= 20 {
			to = second
		}
		if n == 20 {
			_ = a.Process.Kill()
			_ = a.Wait() // it was killed
		}
		r, err := http.Post(to+"/orders", "application/json", strings.NewReader(fmt.Sprintf(`{"order_id": "%d", "customer_id": "c%d", "total": %d}`, n, n%7, n)))
		if err != nil {
			t.Fatal(err)
		}
		_ = r.Body.Close()
		if r.StatusCode != http.StatusAccepted {
			t.Fatalf("order %d: %s", n, r.Status)
		}
	}
	there := map[string]bool{}
	for begun := time.Now(); len(there) < 40; time.Sleep(20 * time.Millisecond) {
		if page, err := srv.Messages(emulator.MessagesQuery{Key: emulator.TestKey, Verdict: emulator.VerdictAccepted}); err == nil {
			for _, m := range page.Messages {
				there[m.MessageID] = true
			}
		}
		if time.Since(begun) > 90*time.Second {
			t.Fatalf("%d of 40 orders have arrived", len(there))
		}
	}
}
