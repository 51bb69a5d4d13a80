package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// A guard that was made with another key cannot be searched, and says nothing about a person.
func TestEraseFindByAnotherGuardKey(t *testing.T) {
	srv := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer srv.Close()
	o := newEraseOffice(t, srv.URL)
	o.write("people.txt", "ann\nbob\n")
	o.run("", o.plan("people.txt", "--single-operator")...).exits(exit.OK)
	o.run("", "erase", "run", "p", "--ids", "people.txt", "--to", o.to, "--receipt", "r").exits(exit.OK)
	o.run("", "erase", "find", "r", "--id", "carl").exits(exit.Rejects).says("no guard of the receipts knows it")
	if err := os.Mkdir("other", 0o700); err != nil {
		t.Fatal(err)
	}
	o.run("", "erase", "keygen", "workspace", "--dir", "other").exits(exit.OK)
	o.run("", "erase", "find", "r", "--id", "carl", "--guard-key", filepath.Join("other", "guard.key")).exits(exit.Usage).says("was not checked: its plan was made with another guard key")
	o.run("", "erase", "find", "r", "--id", "ann", "--receipt-key", filepath.Join("other", "receipt.key")).exits(exit.Rejects).says("1 receipt was made with another receipt key, and this key finds nobody there: give that key")
}
