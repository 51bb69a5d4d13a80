package load

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// rejectsFile is the file of Job.RejectsFile. What it held before is kept until the run has really begun, so that a mistake in the mapping does
// not cost the rejects of the run before.
type rejectsFile struct {
	f       *os.File
	regular bool
	begun   bool
}

// openRejects opens the file without changing it.
func openRejects(path string) (*rejectsFile, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &StopError{ErrRejects, err}
	}
	r := &rejectsFile{f: f}
	if info, err := f.Stat(); err == nil {
		r.regular = info.Mode().IsRegular()
	}
	return r, nil
}

// begin empties the file and keeps others from reading it; a device or a pipe is left as it is.
func (r *rejectsFile) begin() error {
	if r.begun || !r.regular {
		return nil
	}
	r.begun = true
	return errors.Join(r.f.Truncate(0), r.f.Chmod(0o600))
}

func (r *rejectsFile) Write(p []byte) (int, error) {
	if err := r.begin(); err != nil {
		return 0, err
	}
	return r.f.Write(p)
}

// goOn cuts the file to what was in it at a checkpoint, and writes on from there.
func (r *rejectsFile) goOn(at int64) error {
	if !r.regular {
		return nil
	}
	r.begun = true
	info, err := r.f.Stat()
	if err == nil && info.Size() < at {
		err = fmt.Errorf("%s has %d bytes, and the load had written %d", r.f.Name(), info.Size(), at)
	}
	if err == nil {
		err = r.f.Truncate(at)
	}
	if err == nil {
		_, err = r.f.Seek(at, io.SeekStart)
	}
	return err
}

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
	return errors.Join(append(errs, r.f.Close())...)
}
