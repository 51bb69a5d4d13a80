package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Snapshot is all of one workspace at one moment: people, events, objects, the
// journal, the counters. It encodes to JSON. The format is private to this
// package, and it contains everything that was sent.
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

// UnmarshalJSON implements [json.Unmarshaler]. Even if it returns no error,
// Restore may find an error in the snapshot.
func (s *Snapshot) UnmarshalJSON(text []byte) error {
	state := new(savedState)
	if err := json.Unmarshal(text, state); err != nil {
		return fmt.Errorf("emulator: read a snapshot: %w", err)
	}
	s.state = state
	return nil
}

// Snapshot returns the present state of the workspace of key. key is as for
// Stats. Calls wait while the snapshot is taken. It does not include the clock,
// the faults and the configuration.
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

// Restore replaces the state of the workspace of key with the snapshot. On an
// error the workspace is unchanged. A store keeps the change. key is as for
// Stats.
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
			return fmt.Errorf("emulator: %w: there is no workspace yet; name one by its write key", ErrAmbiguous)
		}
		if ws = s.open(key); ws == nil {
			return fmt.Errorf("emulator: %w: no workspace can be opened for the write key", ErrNotFound)
		}
	}
	return ws.restore(from.state)
}

// maxSnapshots bounds the snapshots that a server keeps by name.
const maxSnapshots = 20

// NamedSnapshot is a snapshot that a server keeps.
type NamedSnapshot struct {
	Name string
	Snapshot
	// People and Events count what is in it.
	People, Events int

	workspace string // its handle
}

// KeepSnapshot takes a snapshot of the workspace of key, and keeps it under a
// name. It replaces a snapshot of that name. The server keeps up to 20, until
// its process ends. key is as for Stats.
func (s *Server) KeepSnapshot(key, name string) error {
	if name == "" || len(name) > 100 {
		return errors.New("emulator: a snapshot needs a name of at most 100 bytes")
	}
	ws, err := s.workspace(key)
	switch {
	case err != nil:
		return err
	case ws == nil:
		return fmt.Errorf("emulator: workspace %w", ErrNotFound)
	}
	taken := NamedSnapshot{Name: name, Snapshot: Snapshot{ws.save(s.now())}, workspace: ws.handle}
	taken.People = len(taken.state.People)
	for _, person := range taken.state.People {
		taken.Events += person.EventCount
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.snapshots, taken.replaces)
	switch {
	case i >= 0:
		s.snapshots[i] = taken
	case len(s.snapshots) >= maxSnapshots:
		return fmt.Errorf("emulator: %d snapshots are kept already, delete one first", maxSnapshots)
	default:
		s.snapshots = append(s.snapshots, taken)
	}
	return nil
}

// replaces reports whether n is kept in the place of other.
func (n NamedSnapshot) replaces(other NamedSnapshot) bool {
	return n.Name == other.Name && n.workspace == other.workspace
}

// Snapshots returns the kept snapshots of the workspace of key, the oldest
// first. key is as for Stats.
func (s *Server) Snapshots(key string) ([]NamedSnapshot, error) {
	list := []NamedSnapshot{}
	ws, err := s.workspace(key)
	if ws == nil {
		return list, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.snapshots {
		if n.workspace == ws.handle {
			list = append(list, n)
		}
	}
	return list, nil
}

// DeleteSnapshot deletes the snapshot of that name of the workspace of key. If
// there is none, it does nothing. key is as for Stats.
func (s *Server) DeleteSnapshot(key, name string) error {
	ws, err := s.workspace(key)
	if ws == nil {
		return err
	}
	gone := NamedSnapshot{Name: name, workspace: ws.handle}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshots = slices.DeleteFunc(s.snapshots, gone.replaces)
	return nil
}
