package emulator

import (
	"fmt"
	"net/url"
	"strconv"
)

func (s *Server) servePeople(query url.Values) (any, error) {
	if err := onlyParameters(query, "key", "search", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	return s.People(PeopleQuery{Key: query.Get("key"), Search: query.Get("search"), Before: before, Limit: limit})
}

func (s *Server) serveObjects(query url.Values) (any, error) {
	if err := onlyParameters(query, "key", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	return s.Objects(query.Get("key"), before, limit)
}

func (s *Server) serveRequests(query url.Values) (any, error) {
	if err := onlyParameters(query, "key", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	requests, err := s.Requests(query.Get("key"), before, limit)
	if err != nil {
		return nil, err
	}
	return map[string][]Request{"requests": requests}, nil
}

func (s *Server) serveWorkspaces(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	return map[string][]Workspace{"workspaces": s.Workspaces()}, nil
}

// paging reads the parameters before and limit of a list.
func paging(query url.Values) (before uint64, limit int, err error) {
	limit = defaultLimit
	if query.Has("before") {
		if before, err = strconv.ParseUint(query.Get("before"), 10, 64); err != nil {
			return 0, 0, fmt.Errorf("before must be a whole number")
		}
	}
	if query.Has("limit") {
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < 1 || limit > maxPage {
			return 0, 0, fmt.Errorf("limit must be a whole number from 1 to %d", maxPage)
		}
	}
	return before, limit, nil
}
