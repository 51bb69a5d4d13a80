package emulator

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sort"
	"strings"
	"sync"
	"time"
)

// UnknownKey is the name of the workspace for calls that belong to no other:
// without a key, or with an unknown one. It has messages and counters, but no
// people.
const UnknownKey = "_unknown"

// Server emulates the Pipelines API. It is an [http.Handler] for the API's
// endpoints and for the inspection under /_emulator/. All methods are safe for
// concurrent use.
type Server struct {
	config Config
	faults faults
	page   webPage
	// inflating has room for the large bodies that are decompressed.
	inflating chan struct{}
	persist   *persistence // nil without a store
	clock     movableClock

	mu         sync.Mutex
	workspaces map[string]*workspaceState // without the one of UnknownKey
	unknown    *workspaceState
	snapshots  []NamedSnapshot
	opened     chan struct{} // closed when the next workspace opens; nil if nobody waits
}

// New returns a server with the given configuration. It starts nothing and
// needs no closing. If the configuration has a Store, New panics: use [Open].
func New(config Config) *Server {
	if config.Store != nil {
		panic("emulator: New with a Config.Store; use Open, which can fail")
	}
	s := &Server{config: config.withDefaults(), workspaces: make(map[string]*workspaceState), inflating: make(chan struct{}, maxInflating)}
	s.config.Keys = append([]string(nil), config.Keys...)
	s.config.AllowHosts = append([]string(nil), config.AllowHosts...)
	s.page.s = s
	s.clock.real = s.config.Now
	s.faults.now = s.now
	s.unknown = newWorkspace(&s.config, UnknownKey)
	for _, key := range s.config.Keys {
		if key != "" && key != UnknownKey {
			s.workspaces[key] = newWorkspace(&s.config, key)
		}
	}
	return s
}

func (s *Server) now() time.Time { return s.clock.now() }

// endpoints maps the API's paths to the type of the message in the body;
// kindUnknown is the batch. The short ones are those that the mobile and
// browser SDKs use (docs/rules.md#hosts-keys-regions).
var endpoints = map[string]kind{
	"/v1/identify": kindIdentify, "/v1/i": kindIdentify,
	"/v1/track": kindTrack, "/v1/t": kindTrack,
	"/v1/page": kindPage, "/v1/p": kindPage,
	"/v1/screen": kindScreen, "/v1/s": kindScreen,
	"/v1/group": kindGroup, "/v1/g": kindGroup,
	"/v1/alias": kindAlias, "/v1/a": kindAlias,
	"/v1/batch": kindUnknown, "/v1/b": kindUnknown,
}

// apiPrefix begins the path of every call of the API.
const apiPrefix = "/v1/"

// Header is the name of the header, with the value 1, that each answer of a
// [Server] has. It says that the answer comes from an emulator and not from
// Customer.io. A server with Config.Forward never sets it, and removes the
// header that another emulator has set, because its calls may reach a real
// workspace.
const Header = "X-Ciokit-Emulator"

// ServeHTTP answers one call of the API, or one of the inspection. A body must
// begin to arrive within 30 seconds, and may then take a second for each KiB. A
// slower caller gets a 408.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if s.config.Forward == nil {
		w.Header().Set(Header, "1")
	}
	r = watchArrival(w, r)
	if s.config.JoinSlashes && strings.Contains(r.URL.Path, "//") {
		r = withJoinedSlashes(r)
	}
	path := r.URL.Path
	switch {
	case !s.hostAllowed(r):
		s.refuseHost(r).write(w)
	case isAppPath(path):
		if !originAllowed(r) {
			writeErrors(w, http.StatusForbidden, "the request comes from a page of another origin")
			return
		}
		s.serveAPI(w, r)
	case strings.HasPrefix(path, inspectionPrefix):
		s.serveInspection(w, r)
	case forPage(r):
		s.page.serve(w, r)
	default:
		if !allowPages(w, r) {
			s.serveAPI(w, r)
		}
	}
}

func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	call := sighting{path: r.URL.Path, connection: r.RemoteAddr}
	if f, hit := s.faults.next(call); hit {
		s.spoilCall(w, r, f, nil)
		return
	}
	buffer := buffers.Get().(*bytes.Buffer)
	defer putBuffer(buffer)
	// The body is read even if a fault or a 404 answers: a connection is only
	// kept alive, and a client that goes away only noticed, once it is.
	readErr := s.readBody(buffer, r)
	switch {
	case errors.Is(readErr, os.ErrDeadlineExceeded):
		writeErrors(w, http.StatusRequestTimeout, "the body did not arrive in time")
		return
	case readErr != nil && !errors.Is(readErr, errBodyTooLarge):
		writeErrors(w, http.StatusBadRequest, "the body could not be read")
		return
	}
	process := func() reply { return s.answer(r, buffer.Bytes(), readErr) }
	call.text = buffer.Bytes
	if s.faults.reads(call.path) {
		plain := buffers.Get().(*bytes.Buffer)
		defer putBuffer(plain)
		b, done := s.decompress(r.Context(), plain, buffer.Bytes(), r.Header.Get("Content-Encoding"))
		call.text = func() []byte { return b.text }
		defer done()
	}
	if f, hit := s.faults.next(call); hit {
		s.spoilCall(w, r, f, process)
		return
	}
	process().write(w)
}

// spoilCall lets the fault affect the call. If the fault still has the call
// processed, process does that.
func (s *Server) spoilCall(w http.ResponseWriter, r *http.Request, f Fault, process func() reply) {
	if s.config.OnFault != nil {
		s.config.OnFault(r.URL.Path, f)
	}
	if !f.After && f.DelayMS > 0 && !wait(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
		return
	}
	a := reply{status: http.StatusOK, body: emptyObject}
	if f.processes() {
		a = process()
	}
	f.spoil(w, r, a)
}

// answer processes a call of the API, whose body has been read as far as
// readErr says.
func (s *Server) answer(r *http.Request, received []byte, readErr error) reply {
	if isAppPath(r.URL.Path) {
		return s.answerApp(r, received, readErr)
	}
	if key, ok := settingsKey(r.URL); ok {
		return s.settings(r, key)
	}
	k, found := endpoints[r.URL.Path]
	if !found || r.Method != http.MethodPost {
		return s.answerAstray(r, received, readErr)
	}

	b := body{broken: s.bodyTooLarge()}
	if readErr == nil {
		plain := buffers.Get().(*bytes.Buffer)
		defer putBuffer(plain)
		var done func()
		b, done = s.decompress(r.Context(), plain, received, r.Header.Get("Content-Encoding"))
		defer done()
	}
	now := s.now()
	c := s.decodeCall(b, k, now)
	c.envelope.path, c.envelope.encoding = r.URL.Path, r.Header.Get("Content-Encoding")
	c.envelope.userAgent = clip(strings.ToValidUTF8(r.UserAgent(), ""))
	ws := s.authorize(&c, r)
	strict := r.Header.Get("X-Strict-Mode") == "1"
	done, err := s.carryOut(ws, &c, k, strict, now)
	if err != nil {
		return errorReply(http.StatusInternalServerError, err.Error())
	}
	if s.config.Forward != nil {
		return s.forward(r, received, ws, done)
	}
	s.tell(done)
	if done.Status == http.StatusOK {
		return reply{status: done.Status, body: emptyObject}
	}
	return errorReply(done.Status, done.Errors...)
}

// carryOut processes a call, and waits until the store has it. If the store
// fails, the call has its effect, but the effect is lost when the process ends.
func (s *Server) carryOut(ws *workspaceState, c *call, k kind, strict bool, now time.Time) (Request, error) {
	done := ws.process(c, k, strict, now)
	if c.durable == nil {
		return done, nil
	}
	err := c.durable()
	if err == nil {
		err = s.persist.compact(s)
	}
	if err != nil {
		return done, fmt.Errorf("the emulator's store failed: %w", err)
	}
	return done, nil
}

func (s *Server) tell(done Request) {
	if s.config.OnRequest != nil {
		s.config.OnRequest(done)
	}
}

// lookup returns the workspace of key, or nil.
func (s *Server) lookup(key string) *workspaceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.workspaces[key]
}

// open returns the workspace of key, and opens it if every key may. It
// returns nil for an unknown key.
func (s *Server) open(key string) *workspaceState {
	s.mu.Lock()
	defer s.mu.Unlock()
	ws := s.workspaces[key]
	if ws == nil && len(s.config.Keys) == 0 && key != UnknownKey && len(s.workspaces) < s.config.MaxWorkspaces {
		key = strings.Clone(key)
		ws = newWorkspace(&s.config, key)
		ws.persist = s.persist
		s.workspaces[key] = ws
		if s.opened != nil {
			close(s.opened)
			s.opened = nil
		}
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

// Reset deletes all state, messages, counters, snapshots and faults of all
// workspaces. Workspaces that Config.Keys does not list are gone afterwards. It
// fails only if its store fails.
func (s *Server) Reset() error {
	defer s.persist.begin()()
	s.faults.reset()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ws := range s.workspaces {
		ws.empty()
	}
	s.unknown.empty()
	s.snapshots = nil
	if len(s.config.Keys) == 0 {
		clear(s.workspaces)
	}
	if s.persist == nil {
		return nil
	}
	return s.persist.append(storeRecord{Op: opResetAll}, "")()
}

// ResetWorkspace deletes all state, messages and counters of the workspace of
// key; if key is empty, of the only one. Faults stay.
func (s *Server) ResetWorkspace(key string) error {
	ws, err := s.workspace(key)
	if err != nil || ws == nil {
		return err
	}
	return ws.reset()
}

// empty takes the lock.
func (ws *workspaceState) empty() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.clear()
}

// reset empties the workspace, and its store. It takes the lock.
func (ws *workspaceState) reset() error {
	defer ws.persist.begin()()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.clear()
	if ws.persist == nil {
		return nil
	}
	return ws.persist.append(storeRecord{Op: opReset, Key: ws.key}, "")()
}

// workspace returns the workspace of key, or the only workspace if key is
// empty. It returns nil and no error for a workspace that nothing has opened
// yet.
func (s *Server) workspace(key string) (*workspaceState, error) {
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
		return nil, fmt.Errorf("emulator: %w: there are %d; name one by its write key", ErrAmbiguous, len(s.workspaces))
	}
	for _, ws := range s.workspaces {
		return ws, nil
	}
	return nil, nil
}
