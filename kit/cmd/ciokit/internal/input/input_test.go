package input

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// A query without a database gives an error that says how to name one, and that shows no password.
func TestQueryOfNoDatabase(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for name, text := range map[string]string{"shop.db": "SQLite format 3\x00\x10\x00", "shop": "SQLite format 3\x00\x10\x00", "new.sqlite": "", "people.csv": "id\n1\n", "empty.csv": "", "text.db": "id\n1\n"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const how = "name a database as sqlite:FILE, as a URL"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"shop.db"}, "shop.db is an SQLite database: write sqlite:shop.db"},
		{[]string{filepath.Join(dir, "shop.db")}, "sqlite:"},
		{[]string{"shop"}, "is an SQLite database: write sqlite:shop"},
		{[]string{"new.sqlite"}, "is an SQLite database: write sqlite:new.sqlite"},
		{[]string{"people.csv", "shop.db"}, "is an SQLite database: write sqlite:shop.db"},
		{[]string{"people.csv"}, "people.csv is not a database: remove them"},
		{[]string{"empty.csv"}, "empty.csv is not a database: remove them"},
		{[]string{"text.db"}, "text.db is not a database: remove them"},
		{[]string{"."}, "is not a database: remove them"},
		{[]string{"gone.db"}, how},
		{[]string{"me:secret/shop"}, how},
		{[]string{"localhost/shop"}, how},
	} {
		for _, in := range []Input{{Args: test.args, Query: "SELECT 1 AS id"}, {Args: test.args, OrderBy: []string{"id"}}} {
			_, err := in.Open(t.Context(), console.Console{})
			if exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: %v", test.args, err)
			}
		}
	}
}

// A text that could be the address of a database is refused before it can be shown as a file name. Files keep their names.
func TestExpandRefusesAddresses(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, arg := range []string{"oracle://me:secret@host/shop", "me:secret@host/shop", "host=h password=secret", "Server=h;Pwd=secret;"} {
		if _, err := Expand([]string{arg}); exit.CodeOf(err) != exit.Usage || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", arg, err)
		}
	}
	for _, arg := range []string{"people.csv", "me@home.csv", "postgres://me:x@h/d", "env:SHOP", "db:shop", "-"} {
		if got, err := Expand([]string{arg}); err != nil || len(got) != 1 || got[0] != arg {
			t.Errorf("%q: %q, %v", arg, got, err)
		}
	}
}

func TestError(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		code int
	}{
		{&fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}, exit.Local},
		{&source.FormatError{Problem: "no header"}, exit.Usage},
		{&mapping.Error{}, exit.Usage},
		{errors.New("anything else"), exit.Usage},
		{exit.Fail(exit.Usage, "said before"), exit.Usage},
	} {
		if code := exit.CodeOf(Error(test.err)); code != test.code {
			t.Errorf("%v has code %d, want %d", test.err, code, test.code)
		}
	}
}
