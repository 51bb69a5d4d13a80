package emulator

import (
	"encoding/base64"
	"net/http"
	"strings"
)

// authorize returns the workspace that the call belongs to, and notes the rule
// that the call breaks if its key is missing or not known. The write key is the
// user name of Basic auth, or else writeKey in the body
// (docs/rules.md#hosts-keys-regions).
func (s *Server) authorize(c *call, r *http.Request) *workspaceState {
	key, password, why := s.credentials(r)
	if key == "" {
		key = c.writeKey
	} else if password != "" {
		c.breaks(finding{rule: rulePasswordWithKey})
		return s.unknown
	}
	if key == "" {
		// What is wrong with the body comes first: it may hold the key.
		c.breaks(why)
		return s.unknown
	}
	ws := s.open(key)
	if ws == nil {
		c.breaks(finding{rule: ruleUnknownKey})
		return s.unknown
	}
	return ws
}

// credentials are those of the Authorization header. why says what is wrong
// with it if there is no key in it.
func (s *Server) credentials(r *http.Request) (key, password string, why finding) {
	if key, password, ok := r.BasicAuth(); ok {
		return key, password, finding{rule: ruleMissingKey}
	}
	scheme, text, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	text = strings.TrimSpace(text)
	switch {
	case text == "":
		return "", "", finding{rule: ruleMissingKey}
	case strings.EqualFold(scheme, "Bearer") && s.config.TakeBearer:
		return text, "", finding{}
	case strings.EqualFold(scheme, "Bearer"):
		return "", "", finding{rule: ruleBearerKey}
	case !strings.EqualFold(scheme, "Basic"):
		return "", "", finding{rule: ruleMissingKey, detail: "the scheme of Authorization is not Basic"}
	}
	bare, err := base64.StdEncoding.DecodeString(text)
	switch {
	case err != nil:
		return "", "", finding{rule: ruleMissingKey, detail: "the credentials of Basic auth are not base64"}
	case s.config.TakeBareKeys:
		return string(bare), "", finding{}
	}
	return "", "", finding{rule: ruleBareKey}
}

// breaks notes the rule that the whole call breaks, unless it already breaks
// one that is answered with an error in any mode, such as a body that is not
// JSON.
func (c *call) breaks(why finding) {
	if ruleTable[c.broken.rule].Effect != EffectRejectsAlways {
		c.broken = why
	}
}

// status is the HTTP status that answers a request that breaks the rule.
func (id ruleID) status() int {
	switch id {
	case ruleMissingKey, ruleBareKey, ruleBearerKey, ruleUnknownKey, rulePasswordWithKey:
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
