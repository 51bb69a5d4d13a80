package load

import "github.com/ciokit/cio/kit/load/internal/snapshot"

// SnapshotInfo describes a snapshot.
type SnapshotInfo = snapshot.Info

// SnapshotError says why a file cannot be used as a snapshot.
type SnapshotError = snapshot.Error

// PendingError says that a run is using the snapshot, or was using it when it was killed. In the second case nobody knows what that run sent.
type PendingError = snapshot.PendingError

// ReadSnapshotInfo checks a whole snapshot and returns its description. The error is a *SnapshotError if the file exists and is not a snapshot.
func ReadSnapshotInfo(file string) (SnapshotInfo, error) { return snapshot.ReadInfo(file) }
