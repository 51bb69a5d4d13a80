package emulator

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// pipelines is the name that the SDKs of browsers and phones look for among the
// integrations of their settings.
const pipelines = "Customer.io Data Pipelines"

// settingsKey returns the key of GET /v1/projects/{key}/settings.
func settingsKey(u *url.URL) (string, bool) {
	path, ok := strings.CutPrefix(u.EscapedPath(), "/v1/projects/")
	if !ok {
		return "", false
	}
	path, ok = strings.CutSuffix(path, "/settings")
	key, err := url.PathUnescape(path)
	return key, ok && err == nil && key != "" && !strings.Contains(path, "/")
}

// settings answers what the SDKs of browsers and phones ask at their start:
// where to send, and with which key. Unless the answer names another address,
// they send to Customer.io (docs/rules.md#hosts-keys-regions).
func (s *Server) settings(r *http.Request, key string) reply {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return notAllowed("GET, HEAD", "use GET")
	}
	if len(s.config.Keys) > 0 && s.lookup(key) == nil {
		return errorReply(http.StatusNotFound, "the write key is not known")
	}
	if s.config.Forward != nil {
		return s.forwardSettings(r, key)
	}
	text, _ := settingsFor(r, key, emptyObject)
	return reply{status: http.StatusOK, body: text}
}

// forwardSettings asks the other server for its settings, and returns them with
// this server as the one to send to.
func (s *Server) forwardSettings(r *http.Request, key string) reply {
	out := outgoing(r, nil)
	for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
		out.Header.Del(name) // the answer must be whole
	}
	out.Method = http.MethodGet
	a, _ := s.askUpstream(out)
	switch a.status / 100 {
	case 2:
	case 3:
		return errorReply(http.StatusBadGateway, "the server behind this one answered with a redirect. It was not sent on, because settings from there would bypass this server")
	default:
		return a // with which the SDKs send nothing
	}
	text, ok := settingsFor(r, key, a.body)
	if !ok {
		return errorReply(http.StatusBadGateway, "the settings of the server behind this one could not be read, so they were not sent on")
	}
	return reply{status: http.StatusOK, body: text}
}

// settingsFor returns the settings with r's own host as the one to send to, and
// without the reports on themselves that the SDKs otherwise send to
// Customer.io. It reports false if the settings, or their integrations, are not
// an object.
func settingsFor(r *http.Request, key string, settings []byte) ([]byte, bool) {
	var all, integrations, own map[string]json.RawMessage
	if json.Unmarshal(settings, &all) != nil || all == nil ||
		!unmarshalMember(all["integrations"], &integrations) || !unmarshalMember(integrations[pipelines], &own) {
		return nil, false
	}
	put := func(object *map[string]json.RawMessage, name string, value any) {
		if *object == nil {
			*object = make(map[string]json.RawMessage)
		}
		(*object)[name] = encodeJSON(value)
	}
	if text := string(own["apiKey"]); !rawjson.IsString(text) || text == `""` {
		put(&own, "apiKey", key)
	}
	protocol := "http"
	if r.TLS != nil {
		protocol = "https"
	}
	put(&own, "apiHost", r.Host+strings.TrimSuffix(apiPrefix, "/"))
	put(&own, "protocol", protocol)
	put(&integrations, pipelines, own)
	put(&all, "integrations", integrations)
	put(&all, "metrics", map[string]int{"sampleRate": 0})
	return encodeJSON(all), true
}

// unmarshalMember reads an object that may be absent or null.
func unmarshalMember(raw json.RawMessage, object *map[string]json.RawMessage) bool {
	return len(raw) == 0 || json.Unmarshal(raw, object) == nil
}
