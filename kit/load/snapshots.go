package load

import "github.com/ciokit/cio/kit/load/internal/snapshot"

// SnapshotInfo is what a snapshot says of itself.
type SnapshotInfo = snapshot.Info

// SnapshotError is a file that cannot be used as a snapshot.
type SnapshotError = snapshot.Error

// PendingError is a snapshot with which another run is under way, or which another run began with or was to renew that ended without a word, so
// that nobody knows what it sent.
type PendingError = snapshot.PendingError

// ReadSnapshotInfo checks a snapshot as a whole and returns what it says of itself. The error is a *SnapshotError if the file is there and is no
// snapshot.
func ReadSnapshotInfo(file string) (SnapshotInfo, error) { return snapshot.ReadInfo(file) }
