package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// TestOutboxInPostgreSQL runs the commands on tables: they do the same as in a directory.
func TestOutboxInPostgreSQL(t *testing.T) {
	t.Parallel()
	url := os.Getenv("CIOKIT_POSTGRES_URL")
	if url == "" {
		t.Skip("CIOKIT_POSTGRES_URL names no server; .ci/databases starts one")
	}
	schema := fmt.Sprintf("command_%d", os.Getpid())
	t.Cleanup(func() {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, url)
		if err != nil {
			t.Error(err)
			return
		}
		if _, err := conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+schema+" CASCADE"); err != nil {
			t.Error(err)
		}
		_ = conn.Close(ctx) // nothing is open
	})
	file := filepath.Join(t.TempDir(), "messages.jsonl")
	lines := ""
	for n, who := range []string{"42", "43", "44"} {
		lines += fmt.Sprintf(`{"type":"track","userId":"%s","event":"Signed Up","messageId":"m%d","timestamp":"2026-01-31T12:00:00Z"}`+"\n", who, n+1)
	}
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		want int
		args string
		says []string
	}{
		{1, "status URL", []string{"ciokit outbox migrate URL"}},
		{0, "migrate URL", []string{"The tables are ready."}},
		{0, "migrate URL --json", []string{`{"migrated":true}`}},
		{2, "migrate box", []string{"box is not an address of PostgreSQL"}},
		{2, "status box", []string{"--schema is for an outbox in PostgreSQL"}},
		{2, "status env:CIOKIT_NO_SUCH", []string{"CIOKIT_NO_SUCH", "is empty"}},
		{0, "import URL FILE", []string{"3 messages stored."}},
		{0, "status URL", []string{"none: no messages are sent", "3 messages"}},
		{0, "status env:CIOKIT_POSTGRES_URL --json", []string{`"queued":3`, `"lane":63`, `"damages":null`}},
		{0, "peek URL --limit 1", []string{"m1", "42"}},
		{0, "purge URL --id 43", []string{"1 message removed from the queue, 0 messages from the dead letters."}},
		{0, "export URL", []string{`"messageId":"m1"`, `"messageId":"m3"`}},
		{0, "dead list URL", []string{"There are no dead letters."}},
		{0, "dead drop URL --all", []string{"0 of 0 dead letters removed."}},
	} {
		args := append([]string{"outbox", "--schema", schema}, strings.Fields(strings.NewReplacer("URL", url, "FILE", file, "CIOKIT_POSTGRES_URL", "CIOKIT_POSTGRES_URL").Replace(c.args))...)
		if strings.Contains(c.args, "env:CIOKIT_POSTGRES_URL") {
			args = append([]string{"outbox", "--schema", schema}, strings.Fields(c.args)...)
		}
		code, out := runCommand(t, args...)
		if code != c.want {
			t.Errorf("outbox %s: %d, not %d: %s", c.args, code, c.want, out)
		}
		for _, says := range c.says {
			if !strings.Contains(out, says) {
				t.Errorf("outbox %s does not say %q: %s", c.args, says, out)
			}
		}
	}
}

// No part of a password in the address of an outbox is printed.
func TestNoPasswordOfAnOutboxComesOut(t *testing.T) {
	t.Parallel()
	for _, password := range passwords {
		for _, address := range []string{"postgres://me:PW@127.0.0.1:1/shop", "postgresql://:PW@127.0.0.1:1/shop", "postgres://127.0.0.1:1/shop?user=me&password=PW", "postgres://me:PW@127.0.0.1:1,127.0.0.2:1/shop"} {
			for _, command := range []string{"status", "migrate"} {
				code, out := runCommand(t, "outbox", command, strings.ReplaceAll(address, "PW", password))
				if part := partOf(out, password); code == 0 || part != "" {
					t.Errorf("outbox %s with %s and the password %s: %d, and shows %q: %s", command, address, password, code, part, out)
				}
			}
		}
	}
}
