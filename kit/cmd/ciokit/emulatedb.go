package main

import (
	"errors"
	"fmt"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/emulatordb"
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
	case err != nil:
		return nil, exit.Fail(exit.Local, "%w; check the path, or give another file with --db", err)
	}
	return &database{db, con}, nil
}

func (d *database) Close() {
	if err := d.DB.Close(); err != nil {
		fmt.Fprintln(d.con.Err, "ciokit:", words(err))
	}
}
