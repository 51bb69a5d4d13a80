package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/ciokit/cio"
)

// LockCommits keeps the committing goroutine of each Disk that is opened from now on to one thread, so that its system calls can be counted.
func LockCommits() { onCommitThread = runtime.LockOSThread }

// OpenUnsynced opens a directory whose commits are not synced.
func OpenUnsynced(dir string) (*Disk, error) {
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	return d, d.between(context.Background(), func() error { return d.w.script("PRAGMA synchronous = off") })
}

// Encode returns the message of that number, alone in a slice.
func Encode(t testing.TB, n int) []cio.Encoded {
	t.Helper()
	return []cio.Encoded{testMessage(t, n)}
}

// SetVersion makes a database one of another version of the format.
func SetVersion(t testing.TB, dir string, version int) {
	t.Helper()
	c, err := connect(filepath.Join(dir, databaseName), pragmas)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.script(fmt.Sprintf("PRAGMA user_version = %d; UPDATE state SET id = %d", version, version)); err != nil {
		t.Error(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}
