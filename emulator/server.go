package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"sync"
	"time"
)

// UnknownKey is the name of the workspace that records the calls that belong
// to none: without a key, or with one that is not known. It has messages and
// counters, and never people.
const UnknownKey = "_unknown"

// Server emulates the Pipelines API. It is an [http.Handler] for the API's
// endpoints and for the inspection under /_emulator/. All methods are safe for
// concurrent use.
type Server struct {
	config Config
	faults faults

	mu         sync.Mutex
	workspaces map[string]*workspace // without the one of UnknownKey
	unknown    *workspace
}

// New returns a server with the given configuration. It starts nothing and
// needs no closing.
func New(config Config) *Server {
	s := &Server{config: config.withDefaults(), workspaces: make(map[string]*workspace)}
	s.config.Keys = append([]string(nil), config.Keys...)
	s.config.AllowHosts = append([]string(nil), config.AllowHosts...)
	s.unknown = newWorkspace(&s.config)
	for _, key := range s.config.Keys {
		if key != "" && key != UnknownKey {
			s.workspaces[key] = newWorkspace(&s.config)
		}
	}
	return s
}

func (s *Server) now() time.Time { return s.config.Now().UTC() }

// endpoints maps the API's paths to the type of the message in the body;
// kindUnknown is the batch. The short ones are those that the mobile and
// browser SDKs use (api-facts 1.1).
var endpoints = map[string]kind{
	"/v1/identify": kindIdentify, "/v1/i": kindIdentify,
	"/v1/track": kindTrack, "/v1/t": kindTrack,
	"/v1/page": kindPage, "/v1/p": kindPage,
	"/v1/screen": kindScreen, "/v1/s": kindScreen,
	"/v1/group": kindGroup, "/v1/g": kindGroup,
	"/v1/alias": kindAlias, "/v1/a": kindAlias,
	"/v1/batch": kindUnknown, "/v1/b": kindUnknown,
}

// ServeHTTP answers one call of the API, or one of the inspection.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, "/v1/"):
		s.serveAPI(w, r)
	case strings.HasPrefix(path, inspectionPrefix):
		s.serveInspection(w, r)
	default:
		writeErrors(w, http.StatusNotFound, "no such path")
	}
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	// The body is read even if a fault or a 404 answers: a connection is only
	// kept alive, and a client that goes away only noticed, once it is.
	readErr := s.readBody(buffer, r)
	if readErr != nil && !errors.Is(readErr, errBodyTooLarge) {
		writeErrors(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	if s.fault(w, r) {
		return
	}
	if key, ok := settingsKey(r.URL); ok {
		s.serveSettings(w, r, key)
		return
	}
	k, found := endpoints[r.URL.Path]
	switch {
	case !found:
		writeErrors(w, http.StatusNotFound, "no such path")
		return
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		writeErrors(w, http.StatusMethodNotAllowed, "use POST")
		return
	}

	b := body{refusal: s.bodyTooLarge()}
	if readErr == nil {
		plain := buffers.Get().(*bytes.Buffer)
		defer putBuffer(plain)
		b = s.decompress(plain, buffer.Bytes(), r.Header.Get("Content-Encoding"))
	}
	c := s.decodeCall(b, k)
	ws := s.authorize(&c, r)
	strict := r.Header.Get("X-Strict-Mode") == "1"
	status, messages := ws.process(&c, k, strict, s.now())
	if status == http.StatusOK {
		writeJSON(w, status, emptyObject)
		return
	}
	writeErrors(w, status, messages...)
}

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

// serveSettings answers what the SDKs of browsers and phones ask at start.
func (s *Server) serveSettings(w http.ResponseWriter, r *http.Request, key string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeErrors(w, http.StatusMethodNotAllowed, "use GET")
		return
	}
	if len(s.config.Keys) > 0 && s.lookup(key) == nil {
		writeErrors(w, http.StatusNotFound, "the write key is not known")
		return
	}
	writeJSON(w, http.StatusOK, json.RawMessage(`{"integrations":{"Customer.io Data Pipelines":{}}}`))
}

// lookup returns the workspace of key, or nil.
func (s *Server) lookup(key string) *workspace {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workspaces[key]
}

// open returns the workspace of key, and opens it if every key may. It
// returns nil for an unknown key.
func (s *Server) open(key string) *workspace {
	s.mu.Lock()
	defer s.mu.Unlock()
	ws := s.workspaces[key]
	if ws == nil && len(s.config.Keys) == 0 && key != UnknownKey && len(s.workspaces) < s.config.MaxWorkspaces {
		ws = newWorkspace(&s.config)
		s.workspaces[strings.Clone(key)] = ws
	}
	return ws
}

// Keys returns the write keys that have a workspace, sorted.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	keys := make([]string, 0, len(s.workspaces))
	for key := range s.workspaces {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}

// Reset forgets all state, messages, counters and faults of all workspaces.
// Workspaces that Config.Keys did not list are gone afterwards.
func (s *Server) Reset() {
	s.faults.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ws := range s.workspaces {
		ws.reset()
	}
	s.unknown.reset()
	if len(s.config.Keys) == 0 {
		clear(s.workspaces)
	}
}

// ResetWorkspace forgets all state, messages and counters of the workspace of
// key, or of the only one if key is empty. Faults stay.
func (s *Server) ResetWorkspace(key string) error {
	ws, err := s.workspace(key)
	if ws != nil {
		ws.reset()
	}
	return err
}

// reset takes the lock.
func (ws *workspace) reset() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.clear()
}

// workspace returns the workspace to look at: that of key, or the only one if
// key is empty. It returns nil and no error for a workspace that nothing has
// opened yet.
func (s *Server) workspace(key string) (*workspace, error) {
	if key == UnknownKey {
		return s.unknown, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if key != "" {
		ws := s.workspaces[key]
		if ws == nil && len(s.config.Keys) > 0 {
			return nil, fmt.Errorf("emulator: %w: the write key is not one of Config.Keys", ErrNotFound)
		}
		return ws, nil
	}
	if len(s.workspaces) > 1 {
		return nil, fmt.Errorf("emulator: %w: there are %d, so say which one by its write key", ErrAmbiguous, len(s.workspaces))
	}
	for _, ws := range s.workspaces {
		return ws, nil
	}
	return nil, nil
}

var emptyObject = json.RawMessage("{}")

// writeErrors answers in the only shape that the API's specification declares
// for errors (api-facts 1.12).
func writeErrors(w http.ResponseWriter, status int, messages ...string) {
	var answer struct {
		Meta struct {
			Errors []string `json:"errors"`
		} `json:"meta"`
	}
	answer.Meta.Errors = messages
	writeJSON(w, status, answer)
}

// writeJSON answers with value, which must encode. An error of the connection
// is the client's to notice.
func writeJSON(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	if raw, ok := value.(json.RawMessage); ok {
		_, _ = w.Write(raw)
		return
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(value)
}
