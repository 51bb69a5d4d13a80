package emulator

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"time"
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
	if err := onlyParameters(query, "key", "search", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	return s.Objects(ObjectsQuery{Key: query.Get("key"), Search: query.Get("search"), Before: before, Limit: limit})
}

func (s *Server) serveRequests(query url.Values) (any, error) {
	if err := onlyParameters(query, "key", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	return s.Requests(RequestsQuery{Key: query.Get("key"), Before: before, Limit: limit})
}

func (s *Server) serveMessages(query url.Values) (any, error) {
	if err := onlyParameters(query, "key", "verdict", "not_accepted", "warned", "search", "type", "event", "person", "rule", "from", "to", "before", "limit"); err != nil {
		return nil, err
	}
	before, limit, err := paging(query)
	if err != nil {
		return nil, err
	}
	q := MessagesQuery{Key: query.Get("key"), Verdict: Verdict(query.Get("verdict")), Search: query.Get("search"), Type: query.Get("type"),
		Event: query.Get("event"), Person: query.Get("person"), Rule: query.Get("rule"), Before: before, Limit: limit}
	for name, at := range map[string]*time.Time{"from": &q.From, "to": &q.To} {
		if text := query.Get(name); text != "" {
			var ok bool
			if *at, ok = parseISO(text, 9); !ok {
				return nil, fmt.Errorf("%s must look like 2026-01-31T12:00:00Z", name)
			}
		}
	}
	for name, wanted := range map[string]*bool{"not_accepted": &q.NotAccepted, "warned": &q.Warned} {
		if query.Has(name) {
			if *wanted, err = strconv.ParseBool(query.Get(name)); err != nil {
				return nil, errors.New(name + " must be true or false")
			}
		}
	}
	return s.Messages(q)
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
			return 0, 0, errors.New("before must be a whole number")
		}
	}
	if query.Has("limit") {
		if limit, err = strconv.Atoi(query.Get("limit")); err != nil || limit < 1 {
			return 0, 0, errors.New("limit must be a whole number above 0")
		}
	}
	return before, limit, nil
}
