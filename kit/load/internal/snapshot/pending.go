package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/filelock"
)

// PendingError says that a run is using the snapshot, or was using it when it was killed. In the second case nobody knows what that run sent.
type PendingError struct {
	// File is the snapshot, Run the journal's id of that run; empty if it had no journal or its id is not known.
	File, Run string
	// Running says that the run is under way in another process, By which process, if that is known. Then not even a load with Full can begin.
	Running bool
	By      string
}

func (e *PendingError) Error() string {
	switch {
	case e.Running:
		by := e.By
		if by != "" {
			by = " (" + by + ")"
		}
		return fmt.Sprintf("load: a load with the snapshot %s is under way in another process%s; wait for it, or end it", e.File, by)
	case e.Run == "":
		return fmt.Sprintf("load: a load with the snapshot %s was killed and cannot be resumed, so it is not known what it sent; send everything once", e.File)
	}
	return fmt.Sprintf("load: run %s with the snapshot %s was killed; resume it, or send everything once", e.Run, e.File)
}

// PendingSuffix is the end of the name of a pending file. It is next to the snapshot and says that a run is under way.
const PendingSuffix = ".pending"

// announced is the content of that file, in a line of pendingBytes.
type announced struct {
	Run string `json:"run"`
	// Makes is the id of the snapshot that the run makes. When that snapshot exists, the announcement is no longer needed.
	Makes string `json:"makes,omitempty"`
}

const pendingBytes = 512

// Pending is the file next to a snapshot that says that a run is under way, followed by a MadeLog. While it is open, the snapshot's name is locked
// for this process, except if ReadPending opened it.
type Pending struct {
	snapshot string
	file     *os.File
	lock     *filelock.Lock
	fresh    bool      // the file did not exist before
	before   announced // what it said before
	whole    int64     // how many bytes of it can be read
	mine     bool      // it says that this run is under way
}

// OpenPending locks the name of a snapshot for the run and opens the pending file, which it creates if there is none. The error is a *PendingError if
// another process has the lock.
func OpenPending(snapshot, run string) (*Pending, error) {
	name := snapshot + PendingSuffix
	lock, err := filelock.Take(snapshot, run)
	if err == nil {
		err = lock.Former(name)
	}
	p := &Pending{snapshot: snapshot, lock: lock}
	if err == nil {
		p.file, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err == nil {
		err = p.read()
	}
	var used *filelock.InUseError
	switch {
	case errors.As(err, &used):
		return nil, errors.Join(&PendingError{File: snapshot, Run: used.Owner.Run, Running: true, By: used.By()}, lock.Release())
	case err != nil:
		return nil, errors.Join(err, p.letGo())
	}
	return p, nil
}

// ReadPending opens the pending file of a snapshot to read it, without a lock. The error is os.ErrNotExist if there is none.
func ReadPending(snapshot string) (*Pending, error) {
	file, err := os.Open(snapshot + PendingSuffix)
	if err != nil {
		return nil, err
	}
	p := &Pending{snapshot: snapshot, file: file}
	if err := p.read(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

func (p *Pending) read() error {
	head, err := io.ReadAll(io.LimitReader(p.file, pendingBytes))
	if err != nil {
		return err
	}
	p.fresh = len(head) == 0
	_ = json.Unmarshal(head, &p.before) // an unreadable head is that of an unknown run
	p.whole, err = eachMade(p.file, func([]byte) error { return nil })
	return err
}

// Snapshot returns the name of the snapshot.
func (p *Pending) Snapshot() string { return p.snapshot }

// Locks reports whether it locks the snapshot of that name, even if the snapshot has another name too.
func (p *Pending) Locks(name string) bool { return p.lock.Same(name) }

// Fresh reports whether the file did not exist before.
func (p *Pending) Fresh() bool { return p.fresh }

// Run returns the journal's id of the run that used the snapshot before this one, empty if it had no journal or the id is not known.
func (p *Pending) Run() string { return p.before.Run }

// Over reports whether that run has made this snapshot, which may be nil. Its announcement is then no longer needed, however the run ended.
func (p *Pending) Over(made *Snapshot) bool {
	return p.before.Makes != "" && made != nil && p.before.Makes == made.Info.ID
}

// Announce records on disk that the run is under way and makes the snapshot of that id. If the earlier runs are over, their records are dropped;
// otherwise they are kept.
func (p *Pending) Announce(run, makes string, over bool) error {
	text, err := json.Marshal(announced{run, makes})
	if err != nil {
		return err
	}
	text = append(append(text, bytes.Repeat([]byte(" "), max(0, pendingBytes-1-len(text)))...), '\n')
	p.mine = true
	if _, err := p.file.WriteAt(text, 0); err != nil { // before the truncation, so that the file is never empty
		return err
	}
	if p.whole = max(p.whole, pendingBytes); over {
		p.whole = pendingBytes
	}
	return errors.Join(p.file.Truncate(p.whole), p.file.Sync(), atomicfile.SyncDir(filepath.Dir(p.snapshot)))
}

// letGo closes the file and releases the lock.
func (p *Pending) letGo() error {
	var err error
	if p.file != nil {
		err = p.file.Close()
	}
	return errors.Join(err, p.lock.Release())
}

// Close leaves the file as it is, but removes an empty one. It releases the lock.
func (p *Pending) Close() error {
	if p.fresh && !p.mine && p.lock != nil {
		return p.Remove()
	}
	return p.letGo()
}

// Remove removes the file, while its snapshot is locked.
func (p *Pending) Remove() error {
	return errors.Join(p.file.Close(), atomicfile.Remove(p.file.Name()), p.lock.Release())
}
