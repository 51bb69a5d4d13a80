package load

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/ciokit/cio/kit/internal/filelock"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// runID is the form of the ids that createJournal gives.
var runID = regexp.MustCompile(`^\d{8}-\d{6}-[0-9a-f]{6}$`)

// ListJournals reads all journals below dir, the newest first. One that cannot be read is among them, with a Problem. What is no journal is left
// out.
func ListJournals(dir string) ([]*Journal, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var list []*Journal
	for _, e := range entries {
		if !e.IsDir() || !runID.MatchString(e.Name()) {
			continue
		}
		j, err := ReadJournal(dir, e.Name())
		if err != nil {
			damaged := &Journal{dir: filepath.Join(dir, e.Name()), header: JournalHeader{ID: e.Name()}, bad: err}
			if j != nil { // what it says of the load, though not how far that has come
				damaged.header.Options = j.header.Options
			}
			j = damaged
			j.header.Started, _ = time.Parse("20060102-150405", e.Name()[:15]) // the zero time for a day that there is not
		}
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b *Journal) int { return b.header.Started.Compare(a.header.Started) })
	return list, err
}

// Problem is why the journal cannot be read, nil if it can. Of such a journal Header has the ID, when it was
// begun, and the Options if they can be read.
func (j *Journal) Problem() error { return j.bad }

// CanResume reports whether Resume may go on with the load: it is not complete, and its journal is whole and of this version.
func (j *Journal) CanResume() bool {
	return j.bad == nil && j.last.End != EndComplete && j.header.Version == journalVersion
}

// Active is when the load last wrote to its journal.
func (j *Journal) Active() time.Time {
	if j.last.At.IsZero() {
		return j.header.Started
	}
	return j.last.At
}

// lockName is the file that a process of a version before this one, at work on the run, has locked itself.
func (j *Journal) lockName() string {
	if j.header.Version == 1 {
		return filepath.Join(j.dir, progressFile1)
	}
	return filepath.Join(j.dir, journalFile)
}

// Running reports whether a process is at work on the run, or may be: where the file system has no locks nobody can tell.
func (j *Journal) Running() bool { return j.InUse() != nil }

// InUse returns nil if no process is at work on the run, an error that holds ErrRunning and says which if one is, and another if nobody can tell.
func (j *Journal) InUse() error {
	if j.lock != nil {
		return fmt.Errorf("load: run %s: %w", j.header.ID, ErrRunning)
	}
	return j.running(cmp.Or(filelock.Held(j.dir), filelock.HeldByFormer(j.lockName())))
}

// Usage returns how many bytes the journal has on disk, and whether there may be ids of people among them: those of the rows, which a run keeps
// until its snapshot is made, or the key of a query's last row, which an earlier version of this program kept.
func (j *Journal) Usage() (bytes int64, ids bool, err error) {
	err = filepath.WalkDir(j.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		bytes += info.Size()
		ids = ids || filepath.Base(path) == snapshot.SpoolFile
		return nil
	})
	return bytes, ids || len(j.last.Mark) > 0 && j.last.Mark[0] == '[', err
}

// ErrRunning is a journal that a process is at work on.
var ErrRunning = errors.New("the load is under way in another process")

// SweepLocks removes what the locks of processes that were killed left below dir. Locks that are held stay.
func SweepLocks(dir string) error { return filelock.Sweep(dir) }

// underWay is ErrRunning with whoever holds the lock that err is about.
func underWay(err error) error {
	return fmt.Errorf("%w%s; wait for it, or end it", ErrRunning, filelock.By(err))
}

// Remove removes the journal, and what its run keeps until its snapshot is made, or the key of a query's last row, which an earlier version of this program kept. The load cannot be resumed then. It is ErrRunning if a process
// is at work on it.
func (j *Journal) Remove() error {
	lock, err := filelock.Take(j.dir, j.header.ID) // and until it is released nobody else can take the run up
	if err != nil {
		return j.running(err)
	}
	if err = j.running(lock.Former(j.lockName())); err == nil {
		err = os.RemoveAll(j.dir)
	}
	return errors.Join(err, lock.Release())
}
