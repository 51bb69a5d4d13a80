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

// rejectsFile is the file of Job.RejectsFile. Its name is locked, because two runs must not write into one file. The earlier contents are never
// overwritten. When the run has really begun, the old file is renamed to a name with a number and the run gets a new file. Before that, for example
// after an error in the mapping, nothing changes.
type rejectsFile struct {
	path    string // without symbolic links
	f       *os.File
	lock    *filelock.Lock // nil if it is not a regular file
	regular bool
	begun   bool
	at      int64    // its length when the run was resumed; sum is that of its contents
	sum     uint32   // as by sumOf
	notes   []string // what happened to the earlier contents
}

// ErrInUse says that another run is writing the rejects file.
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

// begin prepares the file for the rejects of this run and prevents others from reading it; a device or a pipe is not changed.
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

// moveAside renames the file to a name with a number and continues with an empty file.
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
	r.notes = append(r.notes, fmt.Sprintf("The earlier contents of %s are now in %s.", filepath.Base(r.path), name))
	return atomicfile.SyncDir(filepath.Dir(r.path))
}

// number renames the file to the first free name: people.rejects.jsonl becomes people.rejects.1.jsonl. If the file system allows it, the file has
// both names for a moment, so that a new file of the other name is not overwritten.
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

// goOn truncates the file to its contents at a checkpoint, and appends from there. If the contents are not those of the checkpoint, because another
// load has begun a file of that name or somebody has edited it, it is kept unchanged under another name.
func (r *rejectsFile) goOn(at int64, sum uint32) error {
	if !r.regular {
		return nil
	}
	if at == 0 {
		return nil // the run has not begun it, or will write the same again
	}
	same, err := r.holds(at, sum)
	if err != nil {
		return err
	}
	if !same {
		r.notes = append(r.notes, fmt.Sprintf("The earlier rejects of this load are no longer in %s: another load or a person has changed the file.", filepath.Base(r.path)))
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

// sums is the table for the checksums of rejects files.
var sums = crc32.MakeTable(crc32.Castagnoli)

// Sync writes the file to disk.
func (r *rejectsFile) Sync() error {
	if !r.regular {
		return nil
	}
	return r.f.Sync()
}

// close makes sure that the rejects are on disk before a summary counts them. ran says that the load began.
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
