package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Snapshot is all of one workspace at one moment: people, events, objects, the
// journal, the counters. It encodes to JSON, whose format is this package's own
// business, and holds everything that was sent.
type Snapshot struct{ state *savedState }

// TakenAt is the server's time when the snapshot was taken.
func (s Snapshot) TakenAt() time.Time {
	if s.state == nil {
		return time.Time{}
	}
	return s.state.SavedAt
}

// MarshalJSON implements [json.Marshaler].
func (s Snapshot) MarshalJSON() ([]byte, error) {
	if s.state == nil {
		return nil, errors.New("emulator: an empty Snapshot has no state")
	}
	return json.Marshal(s.state)
}

// UnmarshalJSON implements [json.Unmarshaler]. What it accepts may still be
// refused by Restore.
func (s *Snapshot) UnmarshalJSON(text []byte) error {
	state := new(savedState)
	if err := json.Unmarshal(text, state); err != nil {
		return fmt.Errorf("emulator: read a snapshot: %w", err)
	}
	s.state = state
	return nil
}

// Snapshot returns the present state of the workspace of key, which is as for
// Stats. Calls wait while it is taken. The clock, the faults and the
// configuration are no part of it.
func (s *Server) Snapshot(key string) (Snapshot, error) {
	ws, err := s.workspace(key)
	switch {
	case err != nil:
		return Snapshot{}, err
	case ws == nil:
		ws = newWorkspace(&s.config, key)
	}
	return Snapshot{ws.save(s.now())}, nil
}

// Restore replaces the state of the workspace of key, which is as for Stats, by
// the snapshot. On an error the workspace is unchanged. A store keeps the change.
func (s *Server) Restore(key string, from Snapshot) error {
	if from.state == nil {
		return errors.New("emulator: an empty Snapshot cannot be restored")
	}
	ws, err := s.workspace(key)
	if err != nil {
		return err
	}
	if ws == nil {
		if key == "" {
			return fmt.Errorf("emulator: %w: there is no workspace yet, so say which one by its write key", ErrAmbiguous)
		}
		if ws = s.open(key); ws == nil {
			return fmt.Errorf("emulator: %w: the write key opens no workspace", ErrNotFound)
		}
	}
	return ws.restore(from.state)
}

// maxSnapshots bounds the snapshots that a server keeps by name.
const maxSnapshots = 20

// namedSnapshot is one that the page and the inspection can refer to.
type namedSnapshot struct {
	name   string
	handle string // of the workspace
	Snapshot
}

// keepSnapshot takes a snapshot and keeps it under a name, in place of one of
// the same workspace that had it.
func (s *Server) keepSnapshot(ws *workspaceState, name string) error {
	if name == "" || len(name) > 100 {
		return errors.New("a snapshot needs a name of at most 100 bytes")
	}
	taken := namedSnapshot{name, ws.handle, Snapshot{ws.save(s.now())}}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.snapshots, func(n namedSnapshot) bool { return n.name == name && n.handle == ws.handle })
	switch {
	case i >= 0:
		s.snapshots[i] = taken
	case len(s.snapshots) >= maxSnapshots:
		return fmt.Errorf("%d snapshots are kept already, delete one first", maxSnapshots)
	default:
		s.snapshots = append(s.snapshots, taken)
	}
	return nil
}

// snapshotsOf returns the snapshots kept of a workspace, oldest first.
func (s *Server) snapshotsOf(ws *workspaceState) []namedSnapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []namedSnapshot
	for _, n := range s.snapshots {
		if ws != nil && n.handle == ws.handle {
			list = append(list, n)
		}
	}
	return list
}

// snapshotNamed returns a snapshot of the workspace; without a name, its
// present state.
func (s *Server) snapshotNamed(ws *workspaceState, name string) (Snapshot, error) {
	if name == "" {
		return Snapshot{ws.save(s.now())}, nil
	}
	for _, n := range s.snapshotsOf(ws) {
		if n.name == name {
			return n.Snapshot, nil
		}
	}
	return Snapshot{}, fmt.Errorf("emulator: snapshot %w", ErrNotFound)
}

func (s *Server) deleteSnapshot(ws *workspaceState, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots = slices.DeleteFunc(s.snapshots, func(n namedSnapshot) bool { return n.name == name && n.handle == ws.handle })
}
