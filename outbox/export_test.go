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

// OpenUnsynced opens a directory. Its commits are not synced.
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

// SetVersion changes a database to another version of the format.
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

// Bare is a connection like that of a Disk, to a file like a Disk's, but without the rest of a Disk: no checksums, no counts.
type Bare struct{ c *conn }

// OpenBare creates a file like a Disk's and opens it.
func OpenBare(t testing.TB, path string) *Bare {
	t.Helper()
	if err := fillDatabase(path); err != nil {
		t.Fatal(err)
	}
	c, err := connect(path, pragmas)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return &Bare{c}
}

// Exec runs a statement.
func (b *Bare) Exec(text string, args ...any) error {
	_, err := b.c.exec(text, values(args)...)
	return err
}

// Blobs calls blob for each row of an answer of one column.
func (b *Bare) Blobs(text string, blob func([]byte) error, args ...any) error {
	return b.c.query(text, func(v []driverValue) error {
		data, err := octets(v[0])
		if err != nil {
			return err
		}
		return blob(data)
	}, values(args)...)
}

func values(args []any) []driverValue {
	all := make([]driverValue, len(args))
	for i, v := range args {
		all[i] = v
	}
	return all
}
