package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// The files of a directory.
const (
	databaseName = "outbox.db"
	lockName     = "lock"
	ownerName    = "owner"
	turnName     = "turn"
	markName     = "mark"
	damagedName  = "damaged-" // a time follows; it is a directory
)

// lockPatience is how long to wait for a lock: a command holds it for a moment, to read a directory that no service has open.
const lockPatience = time.Second

// dirLock is the lock of a directory. The system releases it when the process ends, however it ends.
type dirLock struct {
	dir  string
	file *flock.Flock
}

// takeLock takes the lock of a directory. The error is an *InUseError if it is taken, in this process or in another one.
func takeLock(dir string, patience time.Duration) (*dirLock, error) {
	file := flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		taken, err := file.TryLock()
		switch {
		case err != nil:
			return nil, errors.Join(fmt.Errorf("outbox: %s cannot be locked (%w); use a directory on a local disk, which has locks", dir, err), file.Close())
		case taken:
			if err := giveToOwner(dir, file.Path()); err != nil {
				return nil, errors.Join(err, file.Close())
			}
			l := &dirLock{dir, file}
			l.sign()
			return l, nil
		case time.Since(begun) >= patience:
			return nil, errors.Join(&InUseError{dir, readOwner(dir)}, file.Close())
		}
	}
}

// sign writes who has the lock, into another file: on Windows, others cannot read a locked file. The lock also works without this file.
func (l *dirLock) sign() {
	host, _ := os.Hostname()
	name := ""
	if path, err := os.Executable(); err == nil {
		name = filepath.Base(path)
	}
	if text, err := json.Marshal(Owner{os.Getpid(), host, time.Now().UTC().Truncate(time.Second), name}); err == nil {
		path := filepath.Join(l.dir, ownerName)
		_ = os.WriteFile(path, append(text, '\n'), 0o600)
		_ = giveToOwner(l.dir, path)
	}
}

func readOwner(dir string) (o Owner) {
	text, err := os.ReadFile(filepath.Join(dir, ownerName))
	if err != nil || json.Unmarshal(text, &o) != nil {
		return Owner{}
	}
	return o
}

// release releases the lock. The lock file stays: to remove it might remove the lock of another process.
func (l *dirLock) release() error {
	_ = os.Remove(filepath.Join(l.dir, ownerName))
	return l.file.Close()
}

// turnPatience is how long to wait for a turn: a process that opens a directory alone reads all of it in one turn.
const turnPatience = 30 * time.Second

// takeTurn takes a turn at the files. A process that opens a directory alone can check and replace the files in its turn, while nobody else writes to
// them. All others share a turn, and take one for each transaction, so that they delay the start of a service only for that time.
func takeTurn(dir string, alone bool) (end func() error, err error) {
	file := flock.New(filepath.Join(dir, turnName), flock.SetPermissions(0o600))
	ctx, cancel := context.WithTimeout(context.Background(), turnPatience)
	defer cancel()
	try := file.TryRLockContext
	if alone {
		try = file.TryLockContext
	}
	switch taken, err := try(ctx, 5*time.Millisecond); {
	case taken:
		if err := giveToOwner(dir, file.Path()); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return file.Close, nil
	case errors.Is(err, context.DeadlineExceeded):
		err = fmt.Errorf("outbox: another process was busy with the files in %s for %v; try again", dir, turnPatience)
		return nil, errors.Join(err, file.Close())
	default:
		return nil, errors.Join(fmt.Errorf("outbox: %s cannot be locked (%w)", dir, err), file.Close())
	}
}

// ReadOwner returns the process that uses or last used a directory; the zero Owner if that is not known. Only an InUseError says whether the process
// still uses the directory.
func ReadOwner(dir string) Owner { return readOwner(dir) }
