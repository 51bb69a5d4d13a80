package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// ranName is the file beside a plan that says to which receipt it was run. A plan is one order: run again to another receipt, it would erase people who have come back
// since, and nobody would have ordered that.
func ranName(plan string) string { return plan + ".receipt" }

// runOnce refuses a plan that was run to another receipt, and writes down that it is run to this one.
func runOnce(plan, receipt string) error {
	dir, err := filepath.Abs(receipt)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	was, err := os.ReadFile(ranName(plan))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = writeNewFile(newFile{ranName(plan), dir + "\n", 0o644})
		if err != nil {
			return exit.Fail(exit.Local, "a plan is run once, and it cannot be written down that %s is: %w; copy the plan to where you may write", eraseShort(plan), err)
		}
		return nil
	case err != nil:
		return exit.With(exit.Local, err)
	}
	if earlier := strings.TrimSpace(string(was)); earlier != dir && !sameDir(earlier, dir) {
		return exit.Fail(exit.Guard, "a plan is run once, and %s was run to the receipt %s: go on with that one, or make a new plan. If that receipt was moved, remove %s", eraseShort(plan), eraseShort(earlier), eraseShort(ranName(plan)))
	}
	return nil
}

func sameDir(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// receiptBegun reports whether a directory has the entries of a receipt. One that has goes on also when its plan has expired: nothing is sent then, and it is
// signed to its end.
func receiptBegun(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "entries.jsonl"))
	return err == nil && info.Size() > 0
}
