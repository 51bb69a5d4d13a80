package emulator

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The App API answers from the state of a workspace: people, segments, objects,
// activities, reported messages, suppressed addresses, exports and imports. All
// other operations of its document have canned answers, which CannedHeader
// marks. The App API key of a workspace is its write key, as a bearer token.
// Calls are neither recorded nor counted; faults act on them.

// CannedHeader is the name of the header, with the value 1, that marks a canned
// answer of the App API. The server makes up such an answer, in the form that
// the API's document describes. It does not come from the workspace, and the
// call has no effect.
const CannedHeader = "X-Ciokit-Canned"

// documentedOperation is an operation of the App API's document, with the
// status and the body of an answer in its form.
type documentedOperation struct {
	method, path string
	status       int
	answer       string
}

// appCall is a call of the App API whose path and key are known.
type appCall struct {
	args  []string // what the path's parameters hold
	query url.Values
	body  string // a JSON object; empty for none
	now   time.Time
	// base is the address that the caller knows the server by.
	base string
}

// appOperation answers an operation. It says whether it changes the state that
// a store keeps, and whether it begins a job, which needs a workspace. All need
// the workspace's lock.
type appOperation struct {
	answer  func(*workspaceState, *appCall) reply
	changes bool
	opens   bool
}

// appOperations are those that are answered from the state, by method and path.
var appOperations map[string]appOperation

func init() { // the table has what names it again
	read := func(answer func(*workspaceState, *appCall) reply) appOperation { return appOperation{answer: answer} }
	change := func(answer func(*workspaceState, *appCall) reply) appOperation {
		return appOperation{answer: answer, changes: true}
	}
	begin := func(answer func(*workspaceState, *appCall) reply) appOperation {
		return appOperation{answer: answer, opens: true}
	}
	appOperations = map[string]appOperation{
		"GET /v1/activities":                         read(func(ws *workspaceState, c *appCall) reply { return ws.appActivities(c.query, nil) }),
		"GET /v1/customers":                          read((*workspaceState).appCustomers),
		"POST /v1/customers":                         read((*workspaceState).appSearch),
		"POST /v1/customers/attributes":              read((*workspaceState).appMany),
		"GET /v1/customers/{customer_id}/activities": ofPerson(func(ws *workspaceState, c *appCall, p *personState) reply { return ws.appActivities(c.query, p) }),
		"GET /v1/customers/{customer_id}/attributes": ofPerson(func(_ *workspaceState, _ *appCall, p *personState) reply {
			return appReply(appCustomer{p.appCustomer()})
		}),
		"GET /v1/customers/{customer_id}/messages":                      ofPerson((*workspaceState).appPersonMessages),
		"GET /v1/customers/{customer_id}/relationships":                 ofPerson((*workspaceState).appRelationships),
		"GET /v1/customers/{customer_id}/segments":                      ofPerson((*workspaceState).appPersonSegments),
		"GET /v1/customers/{customer_id}/subscription_preferences":      ofPerson((*workspaceState).appSubscriptions),
		"GET /v1/esp/search_suppression/{email_address}":                read((*workspaceState).appSuppressionsOf),
		"GET /v1/esp/suppression/{suppression_type}":                    read((*workspaceState).appSuppressions),
		"POST /v1/esp/suppression/{suppression_type}/{email_address}":   change((*workspaceState).appSuppress),
		"DELETE /v1/esp/suppression/{suppression_type}/{email_address}": change((*workspaceState).appUnsuppress),
		"GET /v1/exports":                                            read((*workspaceState).appExports),
		"GET /v1/exports/{export_id}":                                read((*workspaceState).appExport),
		"GET /v1/exports/{export_id}/download":                       read((*workspaceState).appExportLink),
		"POST /v1/exports/customers":                                 begin((*workspaceState).appExportPeople),
		"POST /v1/exports/deliveries":                                begin((*workspaceState).appExportDeliveries),
		"GET /v1/imports/{import_id}":                                read((*workspaceState).appImport),
		"GET /v1/messages":                                           read((*workspaceState).appMessages),
		"GET /v1/messages/{message_id}":                              read((*workspaceState).appMessage),
		"GET /v1/messages/{message_id}/archived_message":             read((*workspaceState).appArchived),
		"GET /v1/object_types":                                       read((*workspaceState).appObjectTypes),
		"POST /v1/objects":                                           read((*workspaceState).appObjectSearch),
		"GET /v1/objects/{object_type_id}/{object_id}/attributes":    ofObject((*workspaceState).appObject),
		"GET /v1/objects/{object_type_id}/{object_id}/relationships": ofObject((*workspaceState).appObjectPeople),
		"GET /v1/segments":                                           read((*workspaceState).appSegments),
		"POST /v1/segments":                                          change((*workspaceState).appMakeSegment),
		"GET /v1/segments/{segment_id}":                              ofSegment((*workspaceState).appSegment),
		"DELETE /v1/segments/{segment_id}":                           change((*workspaceState).appDeleteSegment),
		"GET /v1/segments/{segment_id}/customer_count":               ofSegment((*workspaceState).appSegmentCount),
		"GET /v1/segments/{segment_id}/membership":                   ofSegment((*workspaceState).appMembers),
		"GET /v1/segments/{segment_id}/used_by":                      ofSegment((*workspaceState).appSegmentUse),
		"GET /v1/subscription_topics":                                read((*workspaceState).appTopics),
		"GET /v1/workspaces":                                         read((*workspaceState).appWorkspaces),
		"POST " + trackSegments + "{segment_id}/add_customers":       change((*workspaceState).addMembers),
		"POST " + trackSegments + "{segment_id}/remove_customers":    change((*workspaceState).removeMembers),
	}
}

// trackSegments is the beginning of the paths of two calls of the Track API.
// They change who is in a manual segment; the App API has no call for that.
const trackSegments = "/api/v1/segments/"

// appWords are the first segments of the paths of the App API.
var appWords = func() map[string]bool {
	words := map[string]bool{}
	for _, op := range documentedOperations {
		word, _, _ := strings.Cut(strings.TrimPrefix(op.path, apiPrefix), "/")
		words[word] = true
	}
	return words
}()

// isAppPath reports whether the path belongs to the App API, or is that of one
// of the two calls of the Track API.
func isAppPath(path string) bool {
	if rest, ok := strings.CutPrefix(path, trackSegments); ok {
		_, verb, _ := strings.Cut(rest, "/")
		return verb == "add_customers" || verb == "remove_customers"
	}
	rest, ok := strings.CutPrefix(path, apiPrefix)
	word, _, _ := strings.Cut(rest, "/")
	return ok && appWords[word]
}

// trackOperations are documented elsewhere.
var trackOperations = []documentedOperation{
	{method: http.MethodPost, path: trackSegments + "{segment_id}/add_customers"},
	{method: http.MethodPost, path: trackSegments + "{segment_id}/remove_customers"},
}

// findOperation returns the operation of a method and an escaped path, and the
// values of its path parameters. If there is none, it returns the methods that
// the path accepts; for an unknown path, none.
func findOperation(method, path string) (found *documentedOperation, args, allowed []string) {
	parts := strings.Split(path, "/")
	best := -1
	for _, list := range [][]documentedOperation{documentedOperations, trackOperations} {
		for i := range list {
			op := &list[i]
			literal, values, ok := fitsPath(strings.Split(op.path, "/"), parts)
			switch {
			case !ok:
			case op.method != method:
				allowed = append(allowed, op.method)
			case literal > best: // /v1/exports/customers is no export's id
				found, args, best = op, values, literal
			}
		}
	}
	return found, args, allowed
}

// fitsPath counts the literal parts of a documented path that the parts of a
// call's path match, and returns the values of its parameters.
func fitsPath(documented, parts []string) (literal int, args []string, ok bool) {
	if len(documented) != len(parts) {
		return 0, nil, false
	}
	for i, part := range documented {
		switch {
		case !strings.HasPrefix(part, "{"):
			if part != parts[i] {
				return 0, nil, false
			}
			literal++
		default:
			value, err := url.PathUnescape(parts[i])
			if err != nil || value == "" {
				return 0, nil, false
			}
			args = append(args, value)
		}
	}
	return literal, args, true
}

// appKey is the key of a call: a bearer token, or for the Track API the
// password of Basic auth. The site id in Basic auth is ignored.
func appKey(r *http.Request) (key string, why string) {
	if strings.HasPrefix(r.URL.Path, trackSegments) {
		_, key, _ = r.BasicAuth()
		return key, "send a site id and an API key in Basic auth; here the API key is the write key"
	}
	key, _ = strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if key == r.Header.Get("Authorization") {
		key = ""
	}
	return key, "send an App API key as a bearer token; here it is the write key"
}

// answerApp answers a call of the App API.
func (s *Server) answerApp(r *http.Request, received []byte, readErr error) reply {
	key, why := appKey(r)
	if key == "" || key == UnknownKey {
		return errorReply(http.StatusUnauthorized, why)
	}
	ws := s.lookup(key)
	if ws == nil && len(s.config.Keys) > 0 {
		return errorReply(http.StatusUnauthorized, "the key is not known")
	}
	method := r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	op, args, allowed := findOperation(method, r.URL.EscapedPath())
	switch {
	case op == nil && len(allowed) > 0:
		slices.Sort(allowed)
		return notAllowed(strings.Join(slices.Compact(allowed), ", "), "the path takes other methods")
	case op == nil:
		return errorReply(http.StatusNotFound, "the App API has no such path")
	case readErr != nil:
		return errorReply(http.StatusBadRequest, "the body is too large")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return errorReply(http.StatusBadRequest, "the query cannot be read")
	}
	c := &appCall{args: args, query: query, now: s.now(), base: baseOf(r)}
	if method == http.MethodPost || method == http.MethodPut {
		if len(bytes.TrimSpace(received)) > 0 {
			if wrong := checkJSON(received); wrong.rule != noRule {
				return errorReply(http.StatusBadRequest, describe(wrong, -1))
			}
			c.body = string(received)
		}
	}
	name := op.method + " " + op.path
	own, fromState := appOperations[name]
	switch {
	case s.config.Forward != nil && (!fromState || own.changes || own.opens):
		// The server behind may be a real workspace, and nobody should take an
		// answer of this server for its answer.
		return errorReply(http.StatusNotImplemented, "this server passes on what is sent to the Pipelines API alone: make the call at the address of the App API itself")
	case name == importOperation:
		return s.startImport(r.Context(), key, c)
	case !fromState:
		return op.canned(args)
	case ws == nil && (own.changes || own.opens):
		if ws = s.open(key); ws == nil {
			return errorReply(http.StatusUnauthorized, "the key is not known")
		}
	case ws == nil:
		ws = newWorkspace(&s.config, key) // to be read, and empty: only what is sent opens one
	}
	a, wait := ws.answerApp(name, own, c)
	if err := wait(); err != nil {
		return errorReply(http.StatusInternalServerError, "the emulator's store failed: "+err.Error())
	}
	return a
}

// answerApp carries an operation out. The function that it returns waits for
// the store. It takes the lock.
func (ws *workspaceState) answerApp(name string, own appOperation, c *appCall) (a reply, wait func() error) {
	wait = func() error { return nil }
	if own.changes {
		defer ws.persist.begin()()
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	a = own.answer(ws, c)
	if !own.changes || a.status > 299 {
		return a, wait
	}
	ws.changed()
	if ws.persist != nil {
		wait = ws.persist.append(storeRecord{Op: opApp, Key: ws.key, At: c.now, Path: name, Args: c.args, Query: c.query}, c.body)
	}
	return a, wait
}

// opApp names the records of calls of the App API that changed something.
const opApp = "app"

// replayApp repeats such a call.
func (ws *workspaceState) replayApp(r storeRecord, text []byte) error {
	own, ok := appOperations[r.Path]
	if !ok || !own.changes || len(text) > 0 && checkJSON(text).rule != noRule {
		return errSaved
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if a := own.answer(ws, &appCall{args: r.Args, query: r.Query, body: string(text), now: r.At}); a.status > 299 {
		return errSaved
	}
	return nil
}

// baseOf is the address by which the caller knows the server.
func baseOf(r *http.Request) string {
	scheme := "http://"
	if r.TLS != nil {
		scheme = "https://"
	}
	return scheme + r.Host
}

// canned answers in the form of the document. Of each kind with canned answers
// there is one thing, and its id is 1.
func (op *documentedOperation) canned(args []string) reply {
	at := 0
	for part := range strings.SplitSeq(op.path, "/") {
		if !strings.HasPrefix(part, "{") {
			continue
		}
		if strings.HasSuffix(part, "_id}") && args[at] != "1" {
			what := strings.ReplaceAll(strings.TrimSuffix(strings.Trim(part, "{}"), "_id"), "_", " ")
			return errorReply(http.StatusNotFound, "there is no such "+what+"; the emulator's answers about this are canned, and know "+what+" 1 alone")
		}
		at++
	}
	a := reply{status: op.status, body: []byte(op.answer), header: map[string]string{CannedHeader: "1"}}
	if op.answer != "" {
		a.body = append(a.body, '\n')
	}
	return a
}

func appReply(value any) reply { return reply{status: http.StatusOK, body: encodeJSON(value)} }

// appPage says how a list is read in pages: the items from start on, and how
// many at most. start comes from the page before; it is 0 for the first.
func appPage(query url.Values, usual, most int) (start uint64, limit int, problem string) {
	limit = usual
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > most {
			return 0, 0, "limit is 1 to " + strconv.Itoa(most)
		}
		limit = n
	}
	if text := query.Get("start"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return 0, 0, "start is none that this server gave"
		}
		start = n
	}
	return start, limit, ""
}

// nextPage is what a page says about the next one.
func nextPage(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}
