// Package input is where a command takes rows from: files, standard input, and databases with the places where their URLs stand.
package input

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// Input is what the arguments and flags of a command say of where rows come from.
type Input struct {
	Args    []string      // at least one
	Query   string        // of a database
	OrderBy []string      // columns that tell its rows apart
	Config  string        // the file of connections, empty for the usual one
	Stall   time.Duration // how long a database may send nothing, 0 for the default
	Source  source.Config
}

// Expand is source.Expand for arguments that may be a database, whose URL can hold a question mark. The error has an exit code.
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

// Open opens what the arguments stand for. Some of its errors have an exit code; Error puts one to the others.
func (in Input) Open(ctx context.Context, con console.Console) (source.Source, error) {
	args := in.Args
	switch {
	case len(args) == 1 && args[0] == "-":
		return source.New(con.In, in.Source)
	case len(args) > 1 && (IsDatabase(args[0]) || IsDatabase(args[1])):
		return nil, exit.Fail(exit.Usage, "a database stands alone; load the others by themselves")
	case !IsDatabase(args[0]):
		if in.Query != "" || in.OrderBy != nil {
			return nil, exit.Fail(exit.Usage, "--query and --order-by are for databases, and %s is none", args[0])
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

// Error puts the exit code to what is wrong with a file: its contents are usage, its absence is local.
func Error(err error) error {
	var mapping *load.MappingError
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
