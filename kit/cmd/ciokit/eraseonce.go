package main

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/atomicfile"
)

// ranName is the file beside a plan that says to which receipt it was run. A plan is one order: run again to another receipt, it would erase people who have come back
// since, and nobody would have ordered that.
func ranName(plan string) string { return plan + ".receipt" }

// runOnce refuses a plan that was run to another receipt, or to one that is not where it was, and writes down that the plan is run to this one. signed is what the
// plan's file holds. It reports whether nothing said so before.
func runOnce(plan string, signed []byte, receipt string) (first bool, err error) {
	dir, err := filepath.Abs(receipt)
	if err != nil {
		return false, exit.With(exit.Local, err)
	}
	earlier, err := ranTo(plan)
	if err == nil && earlier == "" {
		// The directory comes first: where it is missing later on, it was moved, and no process was killed before it made it.
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return false, exit.With(exit.Local, err)
		}
		if err = writeRan(plan, dir); err == nil {
			return true, nil
		}
		if errors.Is(err, fs.ErrExist) { // another process was faster
			earlier, err = ranTo(plan)
		}
	}
	if err != nil {
		return false, exit.Fail(exit.Local, "a plan is run once, and it cannot be written down that %s is: %w; copy the plan to where you may write", eraseShort(plan), err)
	}
	switch {
	case sameDir(earlier, dir):
		return false, nil
	case receiptBegun(earlier):
		return false, exit.Fail(exit.Guard, "a plan is run once, and %s was run to the receipt %s: go on with that one, or make a new plan", eraseShort(plan), eraseShort(earlier))
	case !receiptBegun(dir) || !receiptOf(dir, signed):
		return false, exit.Fail(exit.Guard, "a plan is run once, and %s was run to the receipt %s, which was moved or removed: give its directory by --receipt, or make a new plan", eraseShort(plan), eraseShort(earlier))
	}
	return false, rewriteRan(plan, dir) // it was moved
}

// ranTo returns the receipt that a plan was run to, "" for none.
func ranTo(plan string) (string, error) {
	was, err := os.ReadFile(ranName(plan))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(was)), err
}

// writeRan writes down where a plan is run to, whole or not at all. The error is fs.ErrExist if another process has done it.
func writeRan(plan, dir string) error {
	name := ranName(plan)
	if info, err := os.Stat(name); err == nil && info.Size() == 0 {
		if err := os.Remove(name); err != nil { // of a process that was killed before it said anything
			return err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	whole := f.Name()
	defer os.Remove(whole)
	_, err = f.WriteString(dir + "\n")
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err = os.Link(whole, name); err != nil && !errors.Is(err, fs.ErrExist) { // the file system has no links
		if _, there := os.Stat(name); there == nil {
			return fs.ErrExist
		}
		err = os.Rename(whole, name)
	}
	return errors.Join(err, atomicfile.SyncDir(filepath.Dir(name)))
}

// rewriteRan writes down that the receipt of a plan was moved.
func rewriteRan(plan, dir string) error {
	err := atomicfile.Write(ranName(plan), 0o644, func(w io.Writer) error {
		_, err := io.WriteString(w, dir+"\n")
		return err
	})
	if err != nil {
		return exit.With(exit.Local, err)
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

// receiptOf reports whether a directory has the receipt of a plan, whoever has approved it.
func receiptOf(dir string, signed []byte) bool {
	note, err := os.ReadFile(filepath.Join(dir, "plan.note"))
	of, _, _ := bytes.Cut(note, []byte("\n\n"))
	plan, _, _ := bytes.Cut(signed, []byte("\n\n"))
	return err == nil && bytes.Equal(of, plan)
}
