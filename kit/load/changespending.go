package load

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
)

// PendingError is a snapshot with which another run is under way, or which another run began with or was to renew that ended without a word,
// so that nobody knows what it sent.
type PendingError struct {
	// File is the snapshot, Run the journal's id of that run, empty if it had none or is not known.
	File, Run string
	// Running says that it is under way in another process, where the system can tell. Not even a load with Full may begin then.
	Running bool
}

func (e *PendingError) Error() string {
	switch {
	case e.Running:
		return fmt.Sprintf("load: a load with the snapshot %s is under way in another process; wait for it, or end it", e.File)
	case e.Run == "":
		return fmt.Sprintf("load: a load with the snapshot %s was killed and cannot be resumed, so that nobody knows what it sent; send everything once", e.File)
	}
	return fmt.Sprintf("load: run %s with the snapshot %s was killed; resume it, or send everything once", e.Run, e.File)
}

// ErrSuperseded is why a run cannot be resumed: the snapshot that it began with was renewed by another since.
var ErrSuperseded = errors.New("another load has gone on from the snapshot that the run began with; begin a new load")

// pendingSuffix ends the name of the file beside a snapshot that says that a run is under way, pending is what stands in it.
const pendingSuffix = ".pending"

type pending struct {
	Run string `json:"run"`
	// Afresh says that the run began after another that was killed, so that only what it sends itself is known.
	Afresh bool `json:"afresh,omitempty"`
}

// word is a file with a pending in it. As long as it is open it is locked for this process, where the system has locks.
type word struct {
	snapshot string
	file     *os.File
	fresh    bool    // it was not there before
	said     pending // what it said before
	mine     bool    // it says that this run is under way
}

// hold locks the words beside the snapshot that the run begins with and beside that which it will renew.
func (c *changes) hold(file string) error {
	names := []string{file}
	if s := c.cfg.Snapshot; s != "" && filepath.Clean(s) != filepath.Clean(file) {
		names = append(names, s)
	}
	for _, name := range names {
		if there, err := os.Stat(name + pendingSuffix); err == nil && c.holds(there) {
			continue // by another path
		}
		w, err := openWord(name)
		if err != nil {
			return err
		}
		c.words = append(c.words, w)
	}
	return nil
}

func (c *changes) holds(file os.FileInfo) bool {
	return slices.ContainsFunc(c.words, func(w *word) bool {
		held, err := w.file.Stat()
		return err == nil && os.SameFile(held, file)
	})
}

func openWord(snapshot string) (*word, error) {
	name := snapshot + pendingSuffix
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return nil, err
		}
		if lockFile(f) != nil {
			return nil, errors.Join(&PendingError{File: snapshot, Running: true}, f.Close())
		}
		w := &word{snapshot: snapshot, file: f}
		there, err := os.Stat(name)
		if err == nil {
			var locked os.FileInfo
			if locked, err = f.Stat(); err == nil && os.SameFile(there, locked) {
				return w, w.read()
			}
		}
		// Another run has ended in between, and taken the file away.
		if closeErr := f.Close(); closeErr != nil || err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, errors.Join(err, closeErr)
		}
	}
}

func (w *word) read() error {
	text, err := io.ReadAll(io.LimitReader(w.file, 4<<10))
	if err != nil {
		return errors.Join(err, w.file.Close())
	}
	w.fresh = len(text) == 0
	_ = json.Unmarshal(text, &w.said) // what cannot be read is the word of a run that nobody knows
	return nil
}

// checkPending makes sure that no other run has sent what the snapshot does not know of. After one that was killed only a run with Full may
// begin, or one that compares with nothing.
func (c *changes) checkPending() error {
	for _, w := range c.words {
		switch {
		case w.fresh:
		case w.said.Run != "" && w.said.Run == c.info.By:
			c.afresh = c.afresh || w.said.Afresh
		case c.cfg.Full || c.old == nil:
			c.afresh = true
		default:
			return &PendingError{File: w.snapshot, Run: w.said.Run}
		}
	}
	return nil
}

// markPending says on disk that a run begins which will send what the snapshot does not know of.
func (c *changes) markPending() error {
	text, err := json.Marshal(pending{c.info.By, c.afresh})
	if err != nil {
		return err
	}
	text = append(text, '\n')
	for _, w := range c.words {
		w.mine = true
		if _, err := w.file.WriteAt(text, 0); err != nil { // before the rest is cut off, so that the file never says nothing
			return err
		}
		if err := errors.Join(w.file.Truncate(int64(len(text))), w.file.Sync(), syncDir(filepath.Dir(w.snapshot))); err != nil {
			return err
		}
	}
	return nil
}

// settle takes back what markPending said: the new snapshot tells what was sent.
func (c *changes) settle() error {
	var errs []error
	for _, w := range c.words {
		errs = append(errs, w.remove())
	}
	c.words = nil
	return errors.Join(errs...)
}

// close leaves the word as it is, unless it says nothing.
func (w *word) close() error {
	if w.fresh && !w.mine {
		return w.remove()
	}
	return w.file.Close()
}

func (w *word) remove() error {
	name := w.file.Name()
	if runtime.GOOS == "windows" { // which does not remove an open file
		return errors.Join(w.file.Close(), os.Remove(name))
	}
	return errors.Join(os.Remove(name), w.file.Close()) // as long as it is locked nobody else has taken its place
}
