package emulator

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// maxPage is the most that one page of a list has.
const maxPage = 1_000

// PeopleQuery says which people to list.
type PeopleQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// Search keeps people in whose identifiers or text traits it occurs,
	// whatever its case. Empty: everybody.
	Search string
	// Before is PeoplePage.Next of the page before. Zero: the first page.
	Before uint64
	// Limit is how many to list. Zero or negative: 100. At most 1,000.
	Limit int
}

// PeoplePage is a part of a list of people, newest first.
type PeoplePage struct {
	People []PersonSummary `json:"people"`
	// Next is PeopleQuery.Before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// PersonSummary is a person without what is theirs.
type PersonSummary struct {
	ID           string    `json:"id"`
	Email        string    `json:"email"`
	CustomerIOID string    `json:"cio_id"`
	Traits       int       `json:"traits"`
	Events       int       `json:"events"`
	Devices      int       `json:"devices"`
	CreatedAt    time.Time `json:"createdAt"`
	SeenAt       time.Time `json:"seenAt"`
}

// People lists people, those created last first. It fails as Stats does.
func (s *Server) People(q PeopleQuery) (PeoplePage, error) {
	ws, err := s.workspace(q.Key)
	if ws == nil {
		return PeoplePage{People: []PersonSummary{}}, err
	}
	return ws.listPeople(q), nil
}

// listPeople takes the lock.
func (ws *workspaceState) listPeople(q PeopleQuery) PeoplePage {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var keep func(*personState) bool
	if needle := strings.ToLower(strings.TrimSpace(q.Search)); needle != "" {
		keep = func(p *personState) bool { return p.mentions(needle) }
	}
	found, next := ws.people.newest(q.Before, pageSize(q.Limit), keep)
	page := PeoplePage{People: make([]PersonSummary, 0, len(found)), Next: next}
	for _, p := range found {
		page.People = append(page.People, p.summary())
	}
	return page
}

func pageSize(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxPage)
}

func (p *personState) summary() PersonSummary {
	s := PersonSummary{
		ID:           p.id,
		Email:        p.email,
		CustomerIOID: customerIOIDPrefix + p.customerIOID,
		Traits:       len(p.traits),
		Events:       p.eventCount,
		Devices:      len(p.devices),
		SeenAt:       p.seenAt,
	}
	if p.created != nil {
		s.CreatedAt = p.created.at
	}
	return s
}

// mentions reports whether needle, in lower case, occurs in an identifier or in
// a text trait. Escapes in traits are not undone.
func (p *personState) mentions(needle string) bool {
	if strings.Contains(p.email, needle) || strings.Contains(strings.ToLower(p.id), needle) ||
		strings.HasPrefix(needle, customerIOIDPrefix) && strings.Contains(customerIOIDPrefix+p.customerIOID, needle) {
		return true
	}
	for _, a := range p.traits {
		if a.value[0] == '"' && strings.Contains(strings.ToLower(a.value), needle) {
			return true
		}
	}
	return false
}

// ObjectsPage is a part of a list of objects, newest first.
type ObjectsPage struct {
	Objects []Object `json:"objects"`
	// Next is the before of the next page, or zero after the last.
	Next uint64 `json:"next"`
}

// Objects lists up to limit objects of the workspace of key, those created last
// first, from before on, which is ObjectsPage.Next of the page before, or zero.
// A limit of zero is 100; it is at most 1,000. It fails as Stats does.
func (s *Server) Objects(key string, before uint64, limit int) (ObjectsPage, error) {
	ws, err := s.workspace(key)
	if ws == nil {
		return ObjectsPage{Objects: []Object{}}, err
	}
	return ws.listObjects("", before, limit), nil
}

// listObjects takes the lock. search is in the object's ID or type.
func (ws *workspaceState) listObjects(search string, before uint64, limit int) ObjectsPage {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var keep func(*objectState) bool
	if needle := strings.ToLower(strings.TrimSpace(search)); needle != "" {
		keep = func(o *objectState) bool {
			if strings.Contains(strings.ToLower(o.key.id), needle) {
				return true
			}
			return slices.ContainsFunc(o.attributes, func(a attribute) bool {
				return a.value[0] == '"' && strings.Contains(strings.ToLower(a.value), needle)
			})
		}
	}
	found, next := ws.objectOrder.newest(before, pageSize(limit), keep)
	page := ObjectsPage{Objects: make([]Object, 0, len(found)), Next: next}
	for _, o := range found {
		page.Objects = append(page.Objects, o.export())
	}
	return page
}

// Workspace is one workspace as a list shows it.
type Workspace struct {
	// Key is the write key, masked unless it is too short to be a real one.
	Key string `json:"key"`
	// Handle names the workspace in the URLs of the page.
	Handle string `json:"handle"`
	Stats  Stats  `json:"stats"`
}

// Workspaces lists the workspaces by key, that of [UnknownKey] last, if
// anything is in it.
func (s *Server) Workspaces() []Workspace {
	list := make([]Workspace, 0, 1)
	for _, ws := range s.allWorkspaces() {
		list = append(list, Workspace{ws.masked, ws.handle, ws.stats()})
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
