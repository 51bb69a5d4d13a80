package main

import (
	"fmt"

	"github.com/ciokit/cio/kit/emulatordb"
)

// database keeps the emulator's state in a file, and says so if it could not be closed.
type database struct {
	*emulatordb.DB
	con console
}

func openDatabase(path string, con console) (*database, error) {
	db, err := emulatordb.Open(path)
	if err != nil {
		return nil, fail(exitLocal, "%w; --db can also name another file", err)
	}
	return &database{db, con}, nil
}

func (d *database) Close() {
	if err := d.DB.Close(); err != nil {
		fmt.Fprintln(d.con.err, "ciokit:", err)
	}
}
