package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// runCommand runs a command and returns all that it prints.
func runCommand(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), args, console.New(strings.NewReader(""), &out, &out))
	return code, out.String()
}

// The ways to give the command a password with special characters. All of them fail. PW means the password.
var (
	spellings = []string{
		"postgres://me:PW@127.0.0.1:1/shop", "postgresql://me:PW@127.0.0.1:1/shop", "mysql://me:PW@127.0.0.1:1/shop", "mariadb://me:PW@127.0.0.1:1/shop",
		"postgres://:PW@127.0.0.1:1/shop", "postgres://me:PW@/shop?host=127.0.0.1&port=1", "postgres://127.0.0.1:1/shop?user=me&password=PW", "mysql://127.0.0.1:1/shop?user=me&password=PW",
		"postgres://127.0.0.1:1/shop?password=PW&sslmode=require", "postgres://me:PW@127.0.0.1:1,127.0.0.2:1/shop", "postgres://me:PW@[::1]:1/shop", "mysql://me:PW@127.0.0.1:1",
		"Postgres://me:PW@127.0.0.1:1/shop", "POSTGRESQL://me:PW@127.0.0.1:1/shop", "postgresql+psycopg2://me:PW@127.0.0.1:1/shop", "mysql+pymysql://me:PW@127.0.0.1:1/shop",
		"jdbc:postgresql://127.0.0.1:1/shop?user=me&password=PW", "jdbc:mysql://127.0.0.1:1/shop?user=me&password=PW", "oracle://me:PW@127.0.0.1:1/shop", "mssql://me:PW@127.0.0.1:1/shop",
		"host=127.0.0.1 port=1 user=me password=PW dbname=shop", "Server=127.0.0.1;Uid=me;Pwd=PW;", "me:PW@tcp(127.0.0.1:1)/shop://", "postgres:me:PW@127.0.0.1:1/shop", "mysql:/me:PW@127.0.0.1:1/shop",
		"me:PW@127.0.0.1/shop", "me:PW@tcp(127.0.0.1:1)/shop", "sqlite3:me:PW@shop", "127.0.0.1:1/shop?user=me&password=PW",
	}
	files = []string{
		"shop: postgres://me:PW@127.0.0.1:1/shop\n", "shop: 'postgres://me:PW@127.0.0.1:1/shop'\n", "shop: \"postgres://me:PW@127.0.0.1:1/shop\"\n", "shop: mysql://me:PW@127.0.0.1:1/shop\n",
		"postgres://me:PW@127.0.0.1:1/shop\n", "- postgres://me:PW@127.0.0.1:1/shop\n", "shop:\n  url: postgres://127.0.0.1:1/shop\n  password: PW\n", "{shop: postgres://me:PW@127.0.0.1:1/shop}\n",
		"other: sqlite:x.db\npostgres://me:PW@127.0.0.1:1/shop: \n", "shop = postgres://me:PW@127.0.0.1:1/shop\n", "other: x\nother: postgres://me:PW@127.0.0.1:1/shop\n", "shop: >\n  postgres://me:PW\n  @127.0.0.1:1/shop\n",
		"shop: [postgres://me:PW@127.0.0.1:1/shop\n", "shop: !url postgres://me:PW@127.0.0.1:1/shop\n", "shop: oracle://me:PW@127.0.0.1:1/shop\n", "shop: host=127.0.0.1 password=PW\n",
	}
	passwords = []string{"Wq7z@Xk9v", "Wq7z/Xk9v", "Wq7z#Xk9v", "Wq7z #Xk9v", "Wq7z?Xk9v", "Wq7z:Xk9v", "Wq7z: Xk9v", "Wq7z%Xk9v", "Wq7z&Xk9v", "Wq7z,Xk9v", "Wq7z'Xk9v", `Wq7z"Xk9v`, "Wq7z*Xk9v", "Wq7z[Xk9v", "Wq7zXk9v"}
)

// partOf returns a part of the password, of at least 4 characters, that is in text; empty for none.
func partOf(text, password string) string {
	for i := 0; i+4 <= len(password); i++ {
		if strings.Contains(text, password[i:i+4]) {
			return password[i : i+4]
		}
	}
	return ""
}

// The command prints no part of a password, however it is given.
func TestNoPasswordComesOut(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_STATE_HOME", dir)
	mapping := filepath.Join(dir, "people.yaml")
	if err := os.WriteFile(mapping, []byte("messages:\n  - identify: {userId: $id}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "connections.yaml")
	// Every password is tried with every spelling, and in every way, and every spelling in every way. CIOKIT_DEEP=1 tries all combinations of the
	// three.
	all := os.Getenv("CIOKIT_DEEP") == "1"
	for n, password := range passwords {
		var runs [][]string
		add := func(more ...string) {
			runs = append(runs, append([]string{"source", "inspect", "--query", "SELECT 1 AS id"}, more...))
			if password == passwords[0] { // the commands open their input in one way
				runs = append(runs, append([]string{"load", "--dry-run", "--mapping", mapping, "--to", "http://127.0.0.1:1", "--query", "SELECT 1 AS id"}, more...),
					append([]string{"map", "init", "--query", "SELECT 1 AS id"}, more...))
			}
		}
		for i, s := range spellings {
			arg := strings.ReplaceAll(s, "PW", password)
			variable := fmt.Sprintf("CIOKIT_TEST_URL_%d", i)
			t.Setenv(variable, arg)
			add(arg)
			for way, more := range [][]string{{"source", "inspect", "--query", "SELECT 1 AS id", "env:" + variable}, {"source", "inspect", arg}, {"source", "inspect", arg, "people.csv"}, {"map", "check", mapping, arg}} {
				if all || (n+i)%4 == way {
					runs = append(runs, more)
				}
			}
		}
		for i, f := range files {
			name := fmt.Sprintf("%s.%d", config, i)
			if err := os.WriteFile(name, []byte(strings.ReplaceAll(f, "PW", password)), 0o600); err != nil {
				t.Fatal(err)
			}
			if all || (n+i)%2 == 0 {
				add("db:nothing", "--config", name)
			}
			if all || (n+i)%2 == 1 {
				add("db:shop", "--config", name)
			}
		}
		for _, args := range runs {
			code, text := runCommand(t, args...)
			if code == 0 {
				t.Errorf("%q runs: %s", args, text)
			}
			if part := partOf(text, password); part != "" {
				t.Errorf("%q prints %q, which is a part of the password: %s", args, part, text)
			}
		}
	}
}
