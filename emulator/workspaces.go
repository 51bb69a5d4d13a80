package emulator

import (
	"cmp"
	"slices"
	"time"
)

// Workspace is one workspace as a list shows it.
type Workspace struct {
	// Key is the write key, masked unless it is too short for a real one.
	Key string `json:"key"`
	// Handle names the workspace in the URLs of the page.
	Handle string `json:"handle"`
	Stats  Stats  `json:"stats"`
	// CalledAt is when its newest call came, in UTC; zero for never.
	CalledAt time.Time `json:"calledAt"`
}

// Workspaces lists the workspaces by key. The workspace of [UnknownKey] is the
// last; it is in the list only if it has messages.
func (s *Server) Workspaces() []Workspace {
	list := make([]Workspace, 0, 1)
	for _, ws := range s.allWorkspaces() {
		list = append(list, ws.export())
	}
	return list
}

// allWorkspaces returns the workspaces in the order of Workspaces.
func (s *Server) allWorkspaces() []*workspaceState {
	s.mu.Lock()
	list := make([]*workspaceState, 0, len(s.workspaces)+1)
	for _, ws := range s.workspaces {
		list = append(list, ws)
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b *workspaceState) int {
		return cmp.Or(cmp.Compare(a.masked, b.masked), cmp.Compare(a.handle, b.handle))
	})
	if s.unknown.stats().Requests > 0 {
		list = append(list, s.unknown)
	}
	return list
}

// export takes the lock.
func (ws *workspaceState) export() Workspace {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return Workspace{ws.masked, ws.handle, ws.count(), ws.calledAt}
}

// KeyOf returns the write key of the workspace whose [Workspace].Handle is
// handle. found says whether there is one.
func (s *Server) KeyOf(handle string) (key string, found bool) {
	for _, ws := range s.allWorkspaces() {
		if ws.handle == handle {
			return ws.key, true
		}
	}
	return "", false
}

// Forwards reports whether the server forwards calls to another one; see
// [Config].Forward.
func (s *Server) Forwards() bool { return s.config.Forward != nil }
