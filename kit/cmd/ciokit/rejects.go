package main

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// rejectsFile is the file of --rejects. What it held before is kept until the load has really begun, so that a mistake in the mapping does
// not cost the rejects of the run before.
type rejectsFile struct {
	f       *os.File
	regular bool
	begun   bool
}

// openRejects opens the file, unless it is one of those that the load reads.
func openRejects(path string, reads ...string) (*rejectsFile, error) {
	info, err := os.Stat(path)
	for _, other := range reads {
		if read, otherErr := os.Stat(other); err == nil && otherErr == nil && os.SameFile(info, read) {
			return nil, fail(exitUsage, "--rejects %s is a file that the load reads; name another", path)
		}
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fail(exitLocal, "--rejects: %w", err)
	}
	r := &rejectsFile{f: f}
	if info, err = f.Stat(); err == nil {
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
		err = fmt.Errorf("%s is shorter than the load left it", r.f.Name())
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

// close makes sure that the rejects are on disk before the summary says so. ran says that the load began.
func (r *rejectsFile) close(ran bool) error {
	var errs []error
	if ran {
		errs = append(errs, r.begin())
	}
	if r.regular {
		errs = append(errs, r.f.Sync())
	}
	if err := errors.Join(append(errs, r.f.Close())...); err != nil {
		return fmt.Errorf("--rejects: %w", err)
	}
	return nil
}
