package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/gofrs/flock"
)

// A plan whose receipt is in use by another process is refused, and keeps its receipt: it must not get a second one.
func TestEraseRunBesideAnother(t *testing.T) {
	srv := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer srv.Close()
	o := newEraseOffice(t, srv.URL)
	o.write("people.txt", "ann\nbob\n")
	o.run("", o.plan("people.txt", "--single-operator")...).exits(exit.OK)
	if err := os.Mkdir("r1", 0o700); err != nil {
		t.Fatal(err)
	}
	other := flock.New(filepath.Join("r1", "lock"))
	if ok, err := other.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	run := func(receipt string) *eraseResult {
		return o.run("", "erase", "run", "p", "--ids", "people.txt", "--to", o.to, "--receipt", receipt)
	}
	if r := run("r1"); r.code == exit.OK || !strings.Contains(r.errs, "another process") {
		t.Fatalf("%d: %s", r.code, r.errs)
	}
	if err := other.Unlock(); err != nil {
		t.Fatal(err)
	}
	if r := run("r2"); r.code == exit.OK {
		t.Errorf("the plan was run to a second receipt: %s", r.out)
	}
	run("r1").exits(exit.OK)
}
