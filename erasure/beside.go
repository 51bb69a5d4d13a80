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

// ErrRunBefore is a plan that was run to another receipt. A plan is one order: people may have come back since, and nobody has ordered that they be erased again.
var ErrRunBefore = errors.New("erasure: a plan is run once, and this one was run to another receipt")

// ErrClock is a clock that is behind entries of receipts. A plan that has expired would run by it, and receipts would seem to be older than they are.
var ErrClock = errors.New("erasure: the clock is behind a receipt")

// clockSlack is how far the clocks of two machines may be apart.
const clockSlack = 5 * time.Minute

// beside looks at the receipts that stand in the directory where the run writes its own, and refuses one of the same plan that was begun, and a clock that is behind
// one of them. By their names nobody can tell: a plan may be copied, and a receipt may be moved.
func (r *execution) beside() error {
	parent := filepath.Dir(filepath.Clean(r.Dir))
	if abs, err := filepath.Abs(r.Dir); err == nil {
		parent = filepath.Dir(abs)
	}
	own, _ := os.Stat(r.Dir)
	dirs, err := os.ReadDir(parent)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("erasure: it cannot be seen whether the plan was run to a receipt in %s: %w", parent, err)
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
				return fmt.Errorf("%w, %s: go on with that one, or make a new plan", ErrRunBefore, dir)
			case size > ownEntries: // this one is an older copy, which does not know what was done since
				return fmt.Errorf("%w, %s, which has more entries than %s: go on with that one", ErrRunBefore, dir, r.Dir)
			}
		}
		now := r.Now()
		if last := lastEntry(dir); last.Sub(now) > clockSlack {
			return fmt.Errorf("%w: it says %s, and %s was last written at %s. Set it right; or, if that receipt was written by a clock that was ahead, write this one into another directory", ErrClock,
				now.UTC().Format(timeForm), dir, last.Format(timeForm))
		}
	}
	return nil
}

// entriesSize is how many bytes of entries a directory has, 0 if it is no receipt.
func entriesSize(dir string) int64 {
	info, err := os.Stat(filepath.Join(dir, entriesFile))
	if err != nil || !info.Mode().IsRegular() {
		return 0
	}
	return info.Size()
}

// lastEntry is when the last whole entry of a receipt was written, the zero time if that cannot be read.
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

// lineEnds says of a text that is not as it was written that an editor or git has saved it anew, "" if nothing shows that.
func lineEnds(text []byte) string {
	switch {
	case bytes.HasPrefix(text, []byte("\ufeff")), bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")):
		return "; it begins with a byte order mark, as an editor writes it: take the file as it was written"
	case bytes.Contains(text, []byte("\r\n")):
		return "; its lines end in CR LF, as git and editors on Windows write them: take the file as it was written, with LF alone (-text in .gitattributes has git keep it)"
	}
	return ""
}
