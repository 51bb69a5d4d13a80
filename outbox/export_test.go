package outbox

import (
	"context"
	"log/slog"
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
