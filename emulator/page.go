package emulator

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

//go:embed page
var pageFiles embed.FS

// pageAssets are the files of the page that are sent as they are.
var pageAssets = map[string]string{
	"style.css": "text/css; charset=utf-8",
	"page.js":   "text/javascript; charset=utf-8",
	"icon.svg":  "image/svg+xml",
}

const (
	assetPrefix = "/_page/"
	// Browsers request faviconPath if an answer is not a page.
	faviconPath = "/favicon.ico"
	formType    = "application/x-www-form-urlencoded"
)

// pageHeader is set on everything that a browser shows. Nothing is loaded from
// elsewhere, nothing inline runs, and no other site can frame the page.
var pageHeader = map[string]string{
	"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":  "nosniff",
	"X-Frame-Options":         "DENY",
	"Referrer-Policy":         "same-origin",
	"Cache-Control":           "no-store",
}

// view is what one path of the page shows.
type view struct {
	template string
	title    string
	section  string // of the navigation
	data     any
	status   int // 200 if it is 0
}

// errPage is an error that the page shows, with what to do.
type errPage struct {
	status  int
	Title   string
	Message string // what is wrong, and what to do about it
	Links   []pageLink
}

func (e *errPage) Error() string { return e.Title + " " + e.Message }

func pageNotFound(what, todo string, links ...pageLink) error {
	return &errPage{http.StatusNotFound, what, todo, links}
}

// webPage is the page of a server. It reads and changes the server only through
// exported methods, and uses none of its locks.
type webPage struct {
	s       *Server
	streams atomic.Int64 // open now
}

// serve answers requests that are neither for the API nor for the inspection.
func (page *webPage) serve(w http.ResponseWriter, r *http.Request) {
	for name, value := range pageHeader {
		w.Header().Set(name, value)
	}
	if !pageAllowed(r) {
		writeErrors(w, http.StatusForbidden, "the request comes from a page of another origin")
		return
	}
	if r.URL.Path == faviconPath {
		page.serveAsset(w, r, "icon.svg")
		return
	}
	if name, ok := strings.CutPrefix(r.URL.Path, assetPrefix); ok {
		page.serveAsset(w, r, name)
		return
	}
	p := &pageRequest{s: page.s, w: w, r: r, query: r.URL.Query()}
	p.at, p.key, p.found = chosenWorkspace(page.s, r.URL.Query().Get("w"))
	var v view
	done, err := p.elsewhere()
	switch {
	case done:
	case r.Method == http.MethodPost:
		v, err = p.act()
	default:
		v, err = p.view()
	}
	status := cmp.Or(v.status, http.StatusOK)
	if err != nil {
		said := failed(err)
		status = said.status
		v = view{template: "error", title: said.Title, data: said}
	}
	if v.template != "" {
		p.render(v, status)
	}
}

// pageAllowed refuses requests that pages of other origins make a browser send.
// The user can still follow a link to this page.
func pageAllowed(r *http.Request) bool {
	if originAllowed(r) {
		return true
	}
	return r.Method == http.MethodGet && r.Header.Get("Origin") == "" &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func (page *webPage) serveAsset(w http.ResponseWriter, r *http.Request, name string) {
	if name == "stream" {
		page.serveStream(w, r)
		return
	}
	contentType, known := pageAssets[name]
	if !known {
		writeErrors(w, http.StatusNotFound, "no such path")
		return
	}
	text, err := pageFiles.ReadFile(path.Join("page", name))
	if err != nil {
		writeErrors(w, http.StatusInternalServerError, "the file is not part of this program")
		return
	}
	w.Header().Set("Content-Type", contentType)
	_, _ = w.Write(text)
}

// pageRequest is one request for the page.
type pageRequest struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	query url.Values

	at    Workspace // the one that is shown
	key   string    // its write key
	found bool      // there is one
}

// frame is the data around every view.
type frame struct {
	Title      string
	Section    string
	W          string // the workspace's handle, for links
	Key        string // its masked key
	Workspaces []Workspace
	Stats      Stats
	Clock      Clock
	Faults     int // not done
	Forwards   bool
	Base       string
	Path       string
	Notice     string
	Data       any
}

// pageTemplates parses the templates when a page is first shown: most programs
// that have an emulator show none.
var pageTemplates = sync.OnceValue(func() map[string]*template.Template {
	layout := template.Must(template.New("layout.html").Funcs(pageFunctions).ParseFS(pageFiles, "page/layout.html", "page/parts.html"))
	entries, err := pageFiles.ReadDir("page")
	if err != nil {
		panic(err) // embedded
	}
	views := make(map[string]*template.Template)
	for _, e := range entries {
		name, isView := strings.CutSuffix(e.Name(), ".html")
		if isView && name != "layout" && name != "parts" {
			views[name] = template.Must(template.Must(layout.Clone()).ParseFS(pageFiles, "page/"+e.Name()))
		}
	}
	return views
})

func (p *pageRequest) render(v view, status int) {
	f := frame{
		Title:      v.title,
		Section:    v.section,
		Workspaces: p.s.Workspaces(),
		Clock:      p.s.Clock(),
		Forwards:   p.s.Forwards(),
		Base:       p.base(),
		Path:       p.r.URL.Path,
		Notice:     notices[p.query.Get("done")],
		Data:       v.data,
	}
	if p.found {
		f.W, f.Key, f.Stats = p.at.Handle, p.at.Key, p.at.Stats
	}
	for _, fault := range p.s.Faults() {
		if fault.State != "done" {
			f.Faults++
		}
	}
	var b bytes.Buffer
	if err := pageTemplates()[v.template].ExecuteTemplate(&b, "layout.html", f); err != nil {
		writeErrors(p.w, http.StatusInternalServerError, "the page could not be made: "+err.Error())
		return
	}
	p.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	p.w.WriteHeader(status)
	_, _ = p.w.Write(b.Bytes())
}

// base is the URL under which the browser knows the server.
func (p *pageRequest) base() string {
	scheme := "http://"
	if p.r.TLS != nil {
		scheme = "https://"
	}
	return scheme + p.r.Host
}

// number reads a query parameter. Text that is not a number counts as zero.
func (p *pageRequest) number(name string) uint64 {
	n, _ := strconv.ParseUint(p.query.Get(name), 10, 64)
	return n
}

var pageFunctions = template.FuncMap{
	"url":    pageURL,
	"path":   url.PathEscape,
	"clock":  func(t time.Time) string { return t.Format("15:04:05") },
	"time":   func(t time.Time) string { return t.Format("2006-01-02 15:04:05") },
	"iso":    func(t time.Time) string { return t.Format(time.RFC3339Nano) },
	"pretty": pretty,
	"raw":    func(text json.RawMessage) string { return string(text) },
	"count":  count,
	"things": things,
	"bytes":  byteCount,
	"lower":  strings.ToLower,
	"join":   func(list []string) string { return strings.Join(list, ", ") },
	"some":   func(a, b uint64) bool { return a+b > 0 },
	"list":   func(items ...string) []string { return items },
	"who":    whoOf,
	"field":  newField,
	"number": newNumber,
	"select": newSelect,
	"setby":  func(w string, t pageTrait) setBy { return setBy{w, t} },
}

// pageURL is the path with the workspace w and further parameters. It leaves
// out parameters without a value, and numbers that are 0.
func pageURL(w, path string, parameters ...any) string {
	query := url.Values{}
	if w != "" {
		query.Set("w", w)
	}
	for i := 0; i+1 < len(parameters); i += 2 {
		if value := fmt.Sprint(parameters[i+1]); value != "" && parameters[i+1] != uint64(0) {
			query.Set(fmt.Sprint(parameters[i]), value)
		}
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// sentence begins with a capital letter and ends with a full stop.
func sentence(text string) string {
	if text == "" {
		return text
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}

func pretty(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

// count writes a number with separators: 1,234,567.
func count(n any) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// things is a count with its noun in the singular or plural: "1 event",
// "2,000 events".
func things(n any, noun string) string {
	if digits := count(n); digits != "1" {
		return digits + " " + noun + "s"
	}
	return "1 " + noun
}

func byteCount(n any) string {
	b, _ := strconv.ParseFloat(fmt.Sprint(n), 64)
	for _, unit := range []string{"B", "kB", "MB", "GB"} {
		if b < 1000 || unit == "GB" {
			if unit == "B" {
				return fmt.Sprintf("%.0f B", b)
			}
			return fmt.Sprintf("%.1f %s", b, unit)
		}
		b /= 1000
	}
	return ""
}
