package emulator

import "net/http"

// authorize returns the workspace that the call belongs to, and adds to its
// refusal if its key is missing or not known. The write key is the user name
// of Basic auth, or else writeKey in the body (api-facts 6.2).
func (s *Server) authorize(c *call, r *http.Request) *workspace {
	key, password, _ := r.BasicAuth()
	if key == "" {
		key = c.writeKey
	} else if password != "" {
		c.refuse(note{rule: rulePasswordWithKey})
		return s.unknown
	}
	if key == "" {
		// What is wrong with the body comes first: it may hold the key.
		c.refuse(note{rule: ruleMissingKey})
		return s.unknown
	}
	ws := s.open(key)
	if ws == nil {
		c.refuse(note{rule: ruleUnknownKey})
		return s.unknown
	}
	return ws
}

// refuse sets the refusal of the whole call, unless the call has one that is
// answered with an error in any mode, such as a body that is not JSON.
func (c *call) refuse(why note) {
	if rules[c.refusal.rule].Effect != RejectsAlways {
		c.refusal = why
	}
}

// status is the HTTP status that answers a request refused by the rule.
func (id ruleID) status() int {
	switch id {
	case ruleMissingKey, ruleUnknownKey, rulePasswordWithKey:
		return http.StatusUnauthorized
	case ruleRateLimited:
		return http.StatusTooManyRequests
	case ruleUnknownPath:
		return http.StatusNotFound
	case ruleWrongMethod:
		return http.StatusMethodNotAllowed
	case ruleForeignHost:
		return http.StatusForbidden
	}
	return http.StatusBadRequest
}
