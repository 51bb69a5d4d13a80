package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/places"
)

// A plan is one order. A second run with another receipt would erase people who have come back since, and nobody has ordered that. A plan that was
// run is recognized by its hash, not by its name, in three places: a file next to the plan, a file of this user for copies in other directories,
// and the receipts next to the new one (erasure.ErrRunBefore).

// ranName is the file next to a plan that names its receipt.
func ranName(plan string) string { return plan + ".receipt" }

// ranHere is the file of this user that names the receipt of a plan, wherever the plan's file is.
func ranHere(hash string) (string, error) {
	dir, err := places.State("erased")
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, hash+".receipt"), nil
}

// runOnce refuses a plan that has another receipt, or one that was moved, and records this receipt. hash is the plan's hash in hex, and signed is
// the content of its file. undo removes the record if there was none before; otherwise it is nil.
func runOnce(errs io.Writer, plan, hash string, signed []byte, receipt string) (undo func(), err error) {
	dir, err := filepath.Abs(receipt)
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	notes := []string{ranName(plan)}
	here, err := ranHere(hash)
	if err == nil {
		if err = places.MakeState(filepath.Dir(here)); err == nil {
			notes = append(notes, here)
		}
	}
	if err != nil {
		fmt.Fprintf(errs, "The command cannot record for this user that the plan is run, so it will not recognize a copy of the plan in another place: %v\n", err)
	}
	moved, err := ranTo(plan, hash, signed, dir, notes)
	if err != nil {
		return nil, err
	}
	// The directory is made first. If it is missing later, it was moved: no process was killed before it made it.
	_, err = os.Stat(dir)
	made := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, exit.With(exit.Local, err)
	}
	var written []string
	undo = func() {
		for _, note := range written {
			_ = os.Remove(note)
		}
		if made {
			_ = os.Remove(dir) // if nothing is in it
		}
	}
	for _, note := range slices.Backward(notes) {
		if moved || !sameNote(note, dir, hash) {
			was, readErr := os.ReadFile(note)
			err := writeRan(note, dir, hash, moved || readErr == nil && !isNote(was, hash, signed, true))
			if errors.Is(err, fs.ErrExist) { // another process was faster
				_, err = ranTo(plan, hash, signed, dir, notes)
			} else if err == nil {
				written = append(written, note)
			}
			if err != nil && !moved {
				undo()
			}
			var ended *exit.Error
			if errors.As(err, &ended) {
				return nil, err
			}
			if err != nil {
				return nil, exit.Fail(exit.Local, "a plan can be run only once, but the command cannot record that %s is run: %w; copy the plan to a directory where you can write", eraseShort(plan), err)
			}
		}
	}
	if moved || len(written) < len(notes) {
		return nil, nil
	}
	return undo, nil
}

// ranTo refuses a plan that has another receipt than dir. It reports whether dir is the plan's receipt and was moved since.
func ranTo(plan, hash string, signed []byte, dir string, notes []string) (moved bool, err error) {
	beside, err := filepath.Glob(filepath.Join(globless(filepath.Dir(plan)), "*.receipt")) // of the same plan under other names
	if err != nil {
		return false, exit.With(exit.Local, err)
	}
	for i, note := range slices.Concat(notes, beside) {
		if info, err := os.Stat(note); err == nil && (!info.Mode().IsRegular() || info.Size() > maxNote) {
			continue // a receipt can have such a name
		}
		text, err := os.ReadFile(note)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !isNote(text, hash, signed, i < len(notes)) {
			continue
		}
		if err != nil {
			return false, exit.Fail(exit.Local, "the command cannot find out whether the plan was run: %w", err)
		}
		earlier, _, _ := strings.Cut(string(text), "\n")
		switch {
		case earlier == "", sameDir(earlier, dir):
		case receiptBegun(earlier) && receiptOf(earlier, signed):
			return false, exit.Fail(exit.Guard, "a plan can be run only once, and %s already has the receipt %s: use that receipt, or make a new plan", eraseShort(plan), eraseShort(earlier))
		case !receiptBegun(dir) || !receiptOf(dir, signed):
			return false, exit.Fail(exit.Guard, "a plan can be run only once, and %s already has the receipt %s, which was moved or removed: give its directory with --receipt, or make a new plan", eraseShort(plan), eraseShort(earlier))
		default:
			moved = true
		}
	}
	return moved, nil
}

// globless is a directory, escaped so that it has no meaning as a pattern.
func globless(dir string) string {
	return strings.NewReplacer(`*`, `\*`, `?`, `\?`, `[`, `\[`, `\`, `\\`).Replace(dir)
}

// isNote reports whether a text names the receipt of that plan. Earlier versions wrote no hash: then the receipt decides, or the name of the plan
// if the receipt is missing.
func isNote(text []byte, hash string, signed []byte, named bool) bool {
	dir, rest, _ := strings.Cut(string(text), "\n")
	if of, ok := strings.CutPrefix(strings.TrimSpace(rest), "plan "); ok {
		return of == hash
	}
	return named && !receiptBegun(dir) || receiptOf(dir, signed)
}

// sameNote reports whether a note already names that directory.
func sameNote(note, dir, hash string) bool {
	text, err := os.ReadFile(note)
	return err == nil && string(text) == noteText(dir, hash)
}

// maxNote is more bytes than a note has.
const maxNote = 16 << 10

func noteText(dir, hash string) string { return dir + "\nplan " + hash + "\n" }

// writeRan records the receipt of a plan, completely or not at all. If there is a note and replace is false, the error is fs.ErrExist.
func writeRan(name, dir, hash string, replace bool) error {
	if text, err := os.ReadFile(name); err == nil && (len(text) == 0 || replace || strings.TrimSpace(string(text)) == dir) { // of a process that was killed before it said anything, or of an earlier version
		return atomicfile.Write(name, 0o644, func(w io.Writer) error {
			_, err := io.WriteString(w, noteText(dir, hash))
			return err
		})
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	whole := f.Name()
	defer os.Remove(whole)
	_, err = f.WriteString(noteText(dir, hash))
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

func sameDir(a, b string) bool {
	one, err1 := os.Stat(a)
	two, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(one, two)
}

// receiptBegun reports whether a directory has the entries of a receipt. Such a receipt is also continued if its plan has expired: then nothing is
// sent, and all its entries are signed.
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
