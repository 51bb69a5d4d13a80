package main

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/emulatordb"
	"github.com/ciokit/cio/kit/internal/printed"
)

// database keeps the emulator's state in a file, and says so if it could not be closed.
type database struct {
	*emulatordb.DB
	con console.Console
}

func openDatabase(path string, con console.Console) (*database, error) {
	db, err := emulatordb.Open(path)
	switch {
	case errors.Is(err, emulatordb.ErrDamaged):
		return nil, exit.With(exit.Local, err)
	case errors.Is(err, fs.ErrNotExist): // a missing file is created, but not its directory
		return nil, exit.Fail(exit.Local, "there is no directory %s for %s: create the directory first, or give another path with --db", printed.Line(console.ShortPath(filepath.Dir(path))), printed.Line(console.ShortPath(path)))
	case err != nil:
		return nil, exit.Fail(exit.Local, "%w; to use another file: --db FILE", err)
	}
	return &database{db, con}, nil
}

func (d *database) Close() {
	if err := d.DB.Close(); err != nil {
		fmt.Fprintln(d.con.Err, "ciokit:", words(err))
	}
}
