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

// ListJournals reads all journals below dir, newest first. A journal that cannot be read is included, with a Problem. Other files are left out.
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
			if j != nil { // the header can be read, but not how far the load has come
				damaged.header.Options = j.header.Options
			}
			j = damaged
			j.header.Started, _ = time.Parse("20060102-150405", e.Name()[:15]) // the zero time for a date that does not exist
		}
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b *Journal) int { return b.header.Started.Compare(a.header.Started) })
	return list, err
}

// Problem is why the journal cannot be read, nil if it can. Header then has only the ID, the time when the journal was begun, and the Options if they
// can be read.
func (j *Journal) Problem() error { return j.bad }

// CanResume reports whether Resume can continue the load: it is not complete, and its journal is undamaged and of this version.
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

// lockName is the file that a process of an earlier version of this program locks while it runs.
func (j *Journal) lockName() string {
	if j.header.Version == 1 {
		return filepath.Join(j.dir, progressFile1)
	}
	return filepath.Join(j.dir, journalFile)
}

// Running reports whether a process is running the load, or may be: if the file system has no locks, it is not known and Running returns true.
func (j *Journal) Running() bool { return j.InUse() != nil }

// InUse returns nil if no process is running the load. If one is, the error wraps ErrRunning and names the process. Another error means that it is
// not known.
func (j *Journal) InUse() error {
	if j.lock != nil {
		return fmt.Errorf("load: run %s: %w", j.header.ID, ErrRunning)
	}
	return j.running(cmp.Or(filelock.Held(j.dir), filelock.HeldByFormer(j.lockName())))
}

// Usage returns how many bytes the journal has on disk, and whether they may contain ids of people: the ids of the rows, which a run keeps until its
// snapshot is made, or the key of a query's last row, which an earlier version of this program kept.
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

// ErrRunning says that the load of a journal is under way in another process.
var ErrRunning = errors.New("the load is under way in another process")

// SweepLocks removes the lock files that killed processes left below dir. It does not remove locks that are held.
func SweepLocks(dir string) error { return filelock.Sweep(dir) }

// underWay returns ErrRunning with the process that holds the lock that err is about.
func underWay(err error) error {
	return fmt.Errorf("%w%s; wait for it, or end it", ErrRunning, filelock.By(err))
}

// Remove removes the journal, with everything that its run keeps until its snapshot is made, and with the key of a query's last row if an earlier
// version of this program kept it. The load can then not be resumed. The error is ErrRunning if a process is running the load.
func (j *Journal) Remove() error {
	lock, err := filelock.Take(j.dir, j.header.ID) // until it is released, no other process can resume the run
	if err != nil {
		return j.running(err)
	}
	if err = j.running(lock.Former(j.lockName())); err == nil {
		err = os.RemoveAll(j.dir)
	}
	return errors.Join(err, lock.Release())
}
