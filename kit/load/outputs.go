package load

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ciokit/cio/kit/internal/realpath"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// PathError says that an output of a load cannot be written, or that the load also reads its file, or writes it for another purpose.
type PathError struct {
	// Output says what the file is, such as rejects; Path is its name.
	Output, Path string
	// Cause is what is wrong.
	Cause error
}

func (e *PathError) Error() string {
	return fmt.Sprintf("load: the %s cannot be written to %s: %v", e.Output, e.Path, e.Cause)
}

// Unwrap returns the cause.
func (e *PathError) Unwrap() error { return e.Cause }

// ErrSameFile says that the load also reads the file of an output, or writes it for another purpose, perhaps under another name.
var ErrSameFile = errors.New("the load reads or writes this file for another purpose; name another file")

// fileAt is a name, with what is known of its file.
type fileAt struct {
	real string      // where it is or would be, without symbolic links
	info os.FileInfo // nil if there is none yet
}

// newFileAt finds the file of a name.
func newFileAt(path string) (fileAt, error) {
	var f fileAt
	var err error
	if f.real, err = realpath.Of(path); err != nil {
		return f, err
	}
	f.info, err = os.Stat(path)
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	return f, err
}

// same reports whether both are one file, or will be when the first is made.
func (f fileAt) same(other fileAt) bool {
	if f.info != nil && other.info != nil { // writing to a device or a pipe destroys nothing
		return os.SameFile(f.info, other.info) && f.info.Mode().IsRegular()
	}
	return f.real == other.real
}

// CheckOutputs checks that no output of the load is another file that it reads or writes, and that all outputs can be written; if not, the error is a
// *PathError. It changes nothing. Use it to check before you ask a person for approval: Run, Start and Resume check it too.
func (j *Job) CheckOutputs() error {
	var inputs []fileAt
	names := slices.Concat(j.Source.Info().Files, j.Reads, []string{j.Mapping.File()})
	if j.Deny != nil {
		names = append(names, j.Deny.file)
	}
	for _, name := range names {
		if name == "" {
			continue
		}
		if f, err := newFileAt(name); err == nil && f.info != nil { // a missing file cannot be damaged
			inputs = append(inputs, f)
		}
	}
	own, read := j.Changes.Snapshot, j.Changes.DiffWith
	if j.DryRun {
		own, read = "", cmp.Or(read, own)
	}
	if read != "" {
		f, err := newFileAt(read)
		if err == nil && own != "" {
			if replaced, err := newFileAt(own); err == nil && replaced.same(f) {
				f.info = nil // it is read before it is replaced
			}
		}
		if err == nil && f.info != nil {
			inputs = append(inputs, f)
		}
	}
	type output struct {
		what, path string
		replaced   bool // a temporary file is written and then renamed to this name
	}
	var outputs []output
	if j.RejectsFile != "" {
		outputs = append(outputs, output{"rejects", j.RejectsFile, false})
	}
	if own != "" {
		outputs = append(outputs, output{"snapshot", own, true}, output{"snapshot", own + snapshot.PendingSuffix, false})
	}
	for _, name := range j.Writes {
		outputs = append(outputs, output{"report", name, true})
	}
	others := inputs
	for _, o := range outputs {
		f, err := newFileAt(o.path)
		if err == nil {
			for _, other := range others {
				if f.same(other) {
					err = ErrSameFile
				}
			}
		}
		if err == nil && (o.replaced || o.what == "rejects" && f.info != nil && f.info.Mode().IsRegular() && f.info.Size() > 0) { // these files are renamed
			err = f.replaceable()
		}
		if err != nil {
			return &PathError{o.what, o.path, err}
		}
		others = append(others, f)
	}
	return nil
}

// replaceable returns why a temporary file in the same directory cannot replace the file.
func (f fileAt) replaceable() error {
	if f.info != nil && f.info.IsDir() {
		return errors.New("it is a directory")
	}
	probe, err := os.CreateTemp(filepath.Dir(f.real), ".ciokit-*")
	if err != nil {
		return err
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}
