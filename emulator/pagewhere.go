package emulator

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// chosenWorkspace returns the workspace with the handle, and its write key.
// Without a handle it returns the workspace that was called last. It returns
// the one for calls with unknown keys only if no other was called.
func chosenWorkspace(s *Server, handle string) (chosen Workspace, key string, found bool) {
	for _, at := range s.Workspaces() {
		if handle != "" {
			if handle == at.Handle {
				chosen, found = at, true
			}
			continue
		}
		if own, _ := s.KeyOf(at.Handle); own == UnknownKey && found && !chosen.CalledAt.IsZero() {
			continue
		}
		if !found || at.CalledAt.After(chosen.CalledAt) {
			chosen, found = at, true
		}
	}
	if found {
		key, found = s.KeyOf(chosen.Handle)
	}
	return chosen, key, found
}

// maxWhere limits how many workspaces are searched for one thing.
const maxWhere = 100

// elsewhere answers a request whose address does not name a workspace: with the
// address of the right workspace, or with a choice. done is false if the page
// must answer the request itself.
func (p *pageRequest) elsewhere() (done bool, err error) {
	if p.r.Method != http.MethodGet && p.r.Method != http.MethodHead {
		return false, nil
	}
	if p.query.Has("key") {
		return p.ofKey(p.query.Get("key"))
	}
	path := strings.Trim(p.r.URL.Path, "/")
	list := p.s.Workspaces()
	if p.query.Get("w") != "" && p.found || len(list) < 2 || !strings.Contains(path, "/") || path == "messages/export" {
		return false, nil
	}
	var links []pageLink
	was := *p
	for _, at := range list[:min(len(list), maxWhere)] {
		p.at = at
		if p.key, p.found = p.s.KeyOf(at.Handle); !p.found {
			continue
		}
		if _, err := p.view(); err == nil {
			links = append(links, pageLink{"Workspace " + at.Key, p.in(at)})
		}
	}
	*p = was
	switch len(links) {
	case 0:
		return false, nil // the page says what is not there
	case 1:
		http.Redirect(p.w, p.r, links[0].Link, http.StatusFound)
		return true, nil
	}
	return true, &errPage{http.StatusMultipleChoices, "Several workspaces have it.", "The address does not say which workspace you mean. A link that you copy from the page does, with w.", links}
}

// ofKey sends the browser to the workspace with the write key, under an address
// without it.
func (p *pageRequest) ofKey(key string) (done bool, err error) {
	list := p.s.Workspaces()
	i := slices.IndexFunc(list, func(at Workspace) bool {
		own, found := p.s.KeyOf(at.Handle)
		return found && own == key
	})
	if i >= 0 {
		http.Redirect(p.w, p.r, p.in(list[i]), http.StatusFound)
		return true, nil
	}
	var links []pageLink
	for _, at := range list[:min(len(list), maxWhere)] {
		links = append(links, pageLink{"Workspace " + at.Key, p.in(at)})
	}
	return true, pageNotFound("No workspace has that write key.", "The first call with a write key opens its workspace. These workspaces exist:", links...)
}

// in is the present address in a workspace.
func (p *pageRequest) in(at Workspace) string {
	query := url.Values{}
	for name, values := range p.query {
		if name != "key" {
			query[name] = values
		}
	}
	query.Set("w", at.Handle)
	return p.r.URL.EscapedPath() + "?" + query.Encode()
}

// failed is an error as the page shows it.
func failed(err error) *errPage {
	var known *errPage
	if errors.As(err, &known) {
		return known
	}
	return &errPage{http.StatusBadRequest, "That did not work", sentence(strings.TrimPrefix(err.Error(), "emulator: ")), nil}
}
