package erasure

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// ErrRunBefore says that a run of the plan has already begun another receipt. A plan is one order: people may have come back since, and nobody has
// ordered that they be erased again.
var ErrRunBefore = errors.New("erasure: a plan can be run only once, and this one already has another receipt")

// ErrClock says that the clock is behind entries of receipts. With such a clock an expired plan would run, and receipts would seem older than they
// are.
var ErrClock = errors.New("erasure: the clock is behind a receipt")

// clockSlack is by how much the clocks of two machines may differ.
const clockSlack = 5 * time.Minute

// beside checks the receipts in the parent directory of the run's own. It refuses a begun receipt of the same plan, and a clock that is behind one of
// the receipts. Names show nothing here: a plan can be copied, and a receipt can be moved.
func (r *execution) beside() error {
	parent := filepath.Dir(filepath.Clean(r.Dir))
	if abs, err := filepath.Abs(r.Dir); err == nil {
		parent = filepath.Dir(abs)
	}
	own, _ := os.Stat(r.Dir)
	dirs, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("erasure: cannot check whether the plan was run to a receipt in %s: %w", parent, err)
	}
	text := []byte(r.plan.Text())
	ownEntries := entriesSize(r.Dir)
	for _, d := range dirs {
		dir := filepath.Join(parent, d.Name())
		size := entriesSize(dir)
		if size == 0 {
			continue
		}
		info, err := os.Stat(dir)
		same := err == nil && own != nil && os.SameFile(info, own)
		if note, err := os.ReadFile(filepath.Join(dir, planFile)); err == nil && !same && bytes.HasPrefix(note, text) {
			switch {
			case ownEntries == 0:
				return fmt.Errorf("%w, %s: use that receipt, or make a new plan", ErrRunBefore, dir)
			case size > ownEntries: // the run's own receipt is an older copy, which does not know what was done since
				return fmt.Errorf("%w, %s, which has more entries than %s: use that receipt", ErrRunBefore, dir, r.Dir)
			}
		}
		now := r.Now()
		if last := lastEntry(dir); last.Sub(now) > clockSlack {
			return fmt.Errorf("%w: it says %s, and %s was last written at %s. Set the clock right; or, if the clock was ahead when that receipt was written, write the new receipt into another directory", ErrClock,
				now.UTC().Format(timeForm), dir, last.Format(timeForm))
		}
	}
	return nil
}

// entriesSize is how many bytes of entries a directory has, 0 if it is not a receipt.
func entriesSize(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, entriesFile))
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// lastEntry is when the last complete entry of a receipt was written. It is the zero time if that cannot be read.
func lastEntry(dir string) time.Time {
	f, err := os.Open(filepath.Join(dir, entriesFile))
	if err != nil {
		return time.Time{}
	}
	defer f.Close()
	const most = 2 * maxEntry // the last line may be torn
	if info, err := f.Stat(); err == nil && info.Size() > most {
		if _, err := f.Seek(-most, io.SeekEnd); err != nil {
			return time.Time{}
		}
	}
	text, _ := io.ReadAll(io.LimitReader(f, most))
	lines := bytes.Split(text, []byte("\n"))
	for _, line := range slices.Backward(lines[:len(lines)-1]) {
		if e, err := ParseEntry(line); err == nil {
			return e.At
		}
	}
	return time.Time{}
}

// inUse reports whether a process is writing a receipt.
func inUse(dir string) bool {
	file := filepath.Join(dir, lockFile)
	if _, err := os.Stat(file); err != nil {
		return false
	}
	lock := flock.New(file, flock.SetFlag(os.O_RDONLY))
	free, err := lock.TryRLock()
	return errors.Join(err, lock.Close()) == nil && !free
}

// lineEnds is for a text that is not as it was written. It says that an editor or git has saved the text again, "" if nothing shows that.
func lineEnds(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte("\ufeff")), bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return "; it begins with a byte order mark, which editors write: use the original file"
	case bytes.Contains(text, []byte("\r\n")):
		return "; its lines end in CR LF, which git and editors on Windows write: use the original file, whose lines end in LF (with -text in .gitattributes, git keeps it)"
	}
	return ""
}
