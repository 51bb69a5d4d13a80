package load

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/filelock"
	"github.com/ciokit/cio/kit/internal/realpath"
)

// rejectsFile is the file of Job.RejectsFile. Its name is locked, because what two runs write into one file is not what either rejected. What it
// held before is never written over: when the run has really begun, so that a mistake in the mapping costs nothing, it gets a name with a
// number, and the run a file of its own.
type rejectsFile struct {
	path    string // without symbolic links
	f       *os.File
	lock    *filelock.Lock // nil for what is no regular file
	regular bool
	begun   bool
	at      int64    // how long it was, and sum what was in it, when the run went on
	sum     uint32   // as by sumOf
	notes   []string // what has become of what it held
}

// ErrInUse is why a file of rejects is refused that another run writes.
var ErrInUse = errors.New("another load writes its rejects there; wait for it, or name another file")

// openRejects opens the file without changing it.
func openRejects(path string) (*rejectsFile, error) {
	failed := func(err error) (*rejectsFile, error) { return nil, &PathError{"rejects", path, err} }
	real, err := realpath.Of(path)
	if err != nil {
		return failed(err)
	}
	r := &rejectsFile{path: real}
	info, err := os.Stat(real)
	if r.regular = errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular(); r.regular {
		r.lock, err = filelock.Take(real, "")
		if errors.Is(err, filelock.ErrInUse) {
			err = fmt.Errorf("%w%s", ErrInUse, filelock.By(err))
		}
		if err != nil {
			return failed(err)
		}
	}
	if r.f, err = os.OpenFile(real, os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
		return failed(errors.Join(err, r.lock.Release()))
	}
	return r, nil
}

// begin makes room for the rejects of this run and keeps others from reading them; a device or a pipe is left as it is.
func (r *rejectsFile) begin() error {
	if r.begun || !r.regular {
		return nil
	}
	r.begun = true
	info, err := r.f.Stat()
	if err != nil {
		return err
	}
	if info.Size() > 0 {
		if err := r.moveAside(); err != nil {
			return err
		}
	}
	return r.f.Chmod(0o600)
}

// moveAside gives the file a name with a number and goes on with an empty one.
func (r *rejectsFile) moveAside() error {
	if err := r.f.Close(); err != nil {
		return err
	}
	name, err := r.number()
	if err != nil {
		return err
	}
	if r.f, err = atomicfile.Create(r.path, 0o600); err != nil {
		return err
	}
	r.notes = append(r.notes, fmt.Sprintf("What %s held before is in %s now.", filepath.Base(r.path), name))
	return atomicfile.SyncDir(filepath.Dir(r.path))
}

// number gives the file a name that nothing has yet: people.rejects.1.jsonl for people.rejects.jsonl. It has both for a moment where a file can, so that
// nothing else that gets the new one meanwhile is written over.
func (r *rejectsFile) number() (string, error) {
	ext := filepath.Ext(r.path)
	base := strings.TrimSuffix(r.path, ext)
	for n := 1; ; n++ {
		name := base + "." + strconv.Itoa(n) + ext
		if os.Link(r.path, name) == nil {
			return name, atomicfile.Remove(r.path)
		}
		if _, err := os.Lstat(name); err != nil {
			return name, atomicfile.Rename(r.path, name)
		}
	}
}

func (r *rejectsFile) Write(p []byte) (int, error) {
	if err := r.begin(); err != nil {
		return 0, err
	}
	return r.f.Write(p)
}

// goOn cuts the file to what was in it at a checkpoint, and writes on from there. If that is not what is in it, because another load has begun
// a file of that name or somebody has mended it, it is kept as it is under another name.
func (r *rejectsFile) goOn(at int64, sum uint32) error {
	if !r.regular {
		return nil
	}
	if at == 0 {
		return nil // the run has not begun it, or wrote what it will write again
	}
	same, err := r.holds(at, sum)
	if err != nil {
		return err
	}
	if !same {
		r.notes = append(r.notes, fmt.Sprintf("The rejects of this load from before it was interrupted are not in %s any more: another load or a hand has changed it.", filepath.Base(r.path)))
		return nil
	}
	r.begun, r.at, r.sum = true, at, sum
	if err := r.f.Truncate(at); err != nil {
		return err
	}
	_, err = r.f.Seek(at, io.SeekStart)
	return err
}

// holds reports whether the file begins with so many bytes of this sum.
func (r *rejectsFile) holds(at int64, sum uint32) (bool, error) {
	f, err := os.Open(r.path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	all := crc32.New(sums)
	n, err := io.Copy(all, io.LimitReader(f, at))
	return err == nil && n == at && all.Sum32() == sum, err
}

// sums is what the bytes of a rejects file are summed by.
var sums = crc32.MakeTable(crc32.Castagnoli)

// Sync brings what was written to disk.
func (r *rejectsFile) Sync() error {
	if !r.regular {
		return nil
	}
	return r.f.Sync()
}

// close makes sure that the rejects are on disk before a summary says so. ran says that the load began.
func (r *rejectsFile) close(ran bool) error {
	if r == nil {
		return nil
	}
	var errs []error
	if ran {
		errs = append(errs, r.begin())
	}
	if r.regular {
		errs = append(errs, r.f.Sync())
	}
	return errors.Join(append(errs, r.f.Close(), r.lock.Release())...)
}
