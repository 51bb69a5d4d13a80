// Package input opens the rows that a command reads: files, standard input, and databases, whose URLs can be in several places.
package input

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// Input has the arguments and flags of a command that say where rows come from.
type Input struct {
	Args    []string      // at least one
	Query   string        // of a database
	OrderBy []string      // columns that identify a row
	Config  string        // the file of connections, empty for the default
	Stall   time.Duration // how long a database may send nothing, 0 for the default
	Source  source.Config
}

// Expand is source.Expand for arguments that can be a database: their URLs can contain a question mark. The error has an exit code.
func Expand(args []string) ([]string, error) {
	if err := checkForeign(args); err != nil {
		return nil, err
	}
	if slices.ContainsFunc(args, IsDatabase) {
		return args, nil
	}
	args, err := source.Expand(args...)
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	return args, nil
}

// Open opens the input. Some of its errors have an exit code; Error adds one to the others.
func (in Input) Open(ctx context.Context, con console.Console) (source.Source, error) {
	args := in.Args
	switch {
	case len(args) == 1 && args[0] == "-":
		return source.New(con.In, in.Source)
	case len(args) > 1 && (IsDatabase(args[0]) || IsDatabase(args[1])):
		return nil, exit.Fail(exit.Usage, "a database cannot be combined with other inputs; load each of them separately")
	case !IsDatabase(args[0]):
		if in.Query != "" || in.OrderBy != nil {
			return nil, noDatabase(args)
		}
		return source.OpenFiles(args, in.Source)
	}
	url, err := databaseURL(con, args[0], in.Config)
	if err != nil {
		return nil, err
	}
	if in.Query == "" {
		return nil, exit.Fail(exit.Usage, "say which rows: --query 'SELECT ...'")
	}
	return sqldb.Open(ctx, url, sqldb.Query{SQL: in.Query, OrderBy: in.OrderBy, StallTimeout: in.Stall})
}

// noDatabase says how to name a database if a query is given with files. It does not show an argument that is not a file: it may be an address with
// a password.
func noDatabase(args []string) error {
	for _, arg := range args {
		if isSQLite(arg) {
			return exit.Fail(exit.Usage, "%[1]s is an SQLite database: write sqlite:%[1]s", console.ShortPath(arg))
		}
	}
	if _, err := os.Stat(args[0]); err == nil {
		return exit.Fail(exit.Usage, "--query and --order-by are for databases, but %s is not a database: remove them", console.ShortPath(args[0]))
	}
	return exit.Fail(exit.Usage, "--query and --order-by are for databases, but the argument is neither a database nor a file; name a database as sqlite:FILE, as a URL that begins with postgres:// or mysql://, as env:NAME for an environment variable with such a URL, or as db:NAME for an entry of --config")
}

// isSQLite reports whether a file is an SQLite database, by its first bytes. A database without tables can be empty, and is recognized by its name.
func isSQLite(name string) bool {
	const magic = "SQLite format 3\x00"
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() { // reading from a pipe would lose data
		return false
	}
	if info.Size() == 0 {
		return slices.Contains([]string{".db", ".db3", ".sqlite", ".sqlite3"}, strings.ToLower(filepath.Ext(name)))
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(magic))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == magic
}

// In is an error about another file than the input, such as a list that a flag names. where says which. Named leaves it.
func In(where string, err error) error { return &inFile{where, err} }

type inFile struct {
	where string
	err   error
}

func (f *inFile) Error() string    { return f.where + ": " + f.err.Error() }
func (f *inFile) Unwrap() error    { return f.err }
func (f *inFile) NotInput() string { return f.where }

// Named adds the name of the file to an error about the form of the input, if there is only one file. It leaves an error about another file, such as
// the deny list: that error has a method NotInput.
func Named(err error, args []string) error {
	var format *source.FormatError
	var elsewhere interface{ NotInput() string }
	if !errors.As(err, &format) || errors.As(err, &elsewhere) || len(args) != 1 || args[0] == "-" || IsDatabase(args[0]) || strings.ContainsAny(args[0], "*?[") {
		return err
	}
	return exit.With(exit.CodeOf(err), fmt.Errorf("%s: %w", printed.Line(console.ShortPath(args[0])), err))
}

// Error adds the exit code to an error of a file: Usage for wrong contents, Local for a missing file.
func Error(err error) error {
	var mapping *mapping.Error
	var format *source.FormatError
	if errors.As(err, &mapping) || errors.As(err, &format) {
		return exit.With(exit.Usage, err)
	}
	var path *os.PathError
	if errors.As(err, &path) || errors.Is(err, sqldb.ErrUnreachable) {
		return exit.With(exit.Local, err)
	}
	return exit.With(exit.Usage, err)
}
