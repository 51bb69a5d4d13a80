package emulator

import (
	"bytes"
	"mime"
	"net/http"
	"strings"
)

// forPage reports whether a request that is neither for the API nor for the
// inspection is for the page. All others are calls to a wrong path.
func forPage(r *http.Request) bool {
	path := r.URL.Path
	switch {
	case strings.HasPrefix(path, assetPrefix), path == faviconPath:
		return true
	case r.Method == http.MethodGet, r.Method == http.MethodHead:
		return pageKnown(path) || isBrowsing(r)
	case r.Method == http.MethodPost:
		mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
		return mediaType == formType && (pageKnown(path) || path == "/clock")
	}
	return false
}

// isBrowsing reports whether somebody opened the path in a browser and did not
// mean the API. They get a page that says where to go.
func isBrowsing(r *http.Request) bool {
	path := r.URL.Path
	_, meant := meantEndpoint(path)
	return !meant && astrayDetail(path) == "" && !strings.HasPrefix(path, apiPrefix) && r.Header.Get("Authorization") == "" &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// answerAstray records a call to a path that the API does not have, or with a
// method that it does not accept, and says what is wrong with it. If the path
// shows which endpoint was meant, the messages are recorded one by one.
func (s *Server) answerAstray(r *http.Request, received []byte, readErr error) reply {
	path := r.URL.Path
	why := finding{rule: ruleUnknownPath, detail: astrayDetail(path)}
	if _, exact := endpoints[path]; exact {
		why = finding{rule: ruleWrongMethod}
	}
	now := s.now()
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	k, meant := meantEndpoint(path)
	c := call{bytes: len(received)}
	if meant && !reads && readErr == nil {
		plain := buffers.Get().(*bytes.Buffer)
		defer putBuffer(plain)
		b, done := s.decompress(r.Context(), plain, received, r.Header.Get("Content-Encoding"))
		defer done()
		c = s.decodeCall(b, k, now)
	}
	return s.refuseAstray(r, c, k, reads, why)
}

// refuseHost records a call to the API with a Host header that is refused. Its
// body is not read: whoever sent it may be a page of another site.
func (s *Server) refuseHost(r *http.Request) reply {
	why := finding{rule: ruleForeignHost}
	if _, meant := meantEndpoint(r.URL.Path); !meant && !strings.HasPrefix(r.URL.Path, apiPrefix) {
		return errorReply(why.rule.status(), describe(why, -1))
	}
	return s.refuseAstray(r, call{}, kindUnknown, true, why)
}

// refuseAstray records the call, and returns the answer. A call that only reads
// opens no workspace.
func (s *Server) refuseAstray(r *http.Request, c call, k kind, reads bool, why finding) reply {
	c.envelope.path, c.envelope.encoding = shownPath(r.URL.Path), r.Header.Get("Content-Encoding")
	c.envelope.userAgent = clip(strings.ToValidUTF8(r.UserAgent(), ""))
	ws := s.unknown
	if reads {
		if key, password, _ := s.credentials(r); password == "" {
			if known := s.lookup(key); known != nil {
				ws = known
			}
		}
	} else {
		ws = s.authorize(&c, r)
	}
	c.broken = why
	done, err := s.carryOut(ws, &c, k, r.Header.Get("X-Strict-Mode") == "1", s.now())
	if err != nil {
		return errorReply(http.StatusInternalServerError, err.Error())
	}
	s.tell(done)
	a := errorReply(done.Status, done.Errors...)
	if done.Status == http.StatusMethodNotAllowed {
		a.header = map[string]string{"Allow": http.MethodPost}
	}
	return a
}

// meantEndpoint returns the type of the messages for the endpoint that the path
// must have meant: with a /v1 too few or too many, or with a slash too many. It
// reports false if there is none.
func meantEndpoint(path string) (kind, bool) {
	var rest []string
	for segment := range strings.SplitSeq(path, "/") {
		if segment != "" && segment != "v1" {
			rest = append(rest, segment)
		}
	}
	if len(rest) != 1 {
		return kindUnknown, false
	}
	k, found := endpoints[apiPrefix+rest[0]]
	return k, found
}

// astrayDetail says what is wrong with a path, if the path shows it.
func astrayDetail(path string) string {
	_, meant := meantEndpoint(path)
	switch {
	case strings.HasPrefix(path, "/api/v1/"), strings.HasPrefix(path, "/api/v2/"):
		return "it belongs to the Track API, which this server does not have"
	case strings.Contains(path, snippetPath):
		return "the script of the snippet is not served here; the package @customerio/cdp-analytics-browser works with cdnURL"
	case strings.Contains(path, "//"):
		return "it has two slashes one after the other, as after a base URL that ends with a slash"
	case !meant:
		return ""
	case strings.HasPrefix(path, "/v1/v1/"):
		return "it has /v1 twice"
	case !strings.HasPrefix(path, apiPrefix):
		return "it lacks /v1"
	}
	return ""
}

// snippetPath is where the snippet for pages loads its script from.
const snippetPath = "/v1/analytics-js/"

// pathWords are the segments of Customer.io's APIs' paths that say nothing
// about anybody.
var pathWords = func() map[string]bool {
	words := make(map[string]bool)
	for _, word := range strings.Fields("v1 v2 api customers projects settings devices events activities attributes relationships " +
		"suppress unsuppress entity push metrics forms submit segments accounts region merge_customers unsubscribe " +
		"analytics-js snippet analytics.min.js m") {
		words[word] = true
	}
	for path := range endpoints {
		words[strings.TrimPrefix(path, apiPrefix)] = true
	}
	return words
}()

// shownPath is a path without what may be an identifier or a key: paths of the
// Track API have people in them, those of the settings a write key.
func shownPath(path string) string {
	if _, exact := endpoints[path]; exact {
		return path
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if segment != "" && !pathWords[segment] {
			segments[i] = "*"
		}
	}
	return clip(strings.Join(segments, "/"))
}

// withJoinedSlashes is r with one slash where its path has several.
func withJoinedSlashes(r *http.Request) *http.Request {
	join := func(path string) string {
		for strings.Contains(path, "//") {
			path = strings.ReplaceAll(path, "//", "/")
		}
		return path
	}
	u := *r.URL
	u.Path, u.RawPath = join(u.Path), join(u.RawPath)
	joined := *r
	joined.URL = &u
	return &joined
}
