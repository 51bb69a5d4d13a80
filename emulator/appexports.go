package emulator

import (
	"bytes"
	"crypto/rand"
	"crypto/subtle"
	"encoding/csv"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// An export is a job. It is pending for exportTakes by the server's clock. Then
// its file can be fetched at a link, which expires after linkLasts
// (docs/rules.md#the-app-api). The file has the state from when the export
// began. Exports end with the process: no store keeps them.
const (
	exportTakes = 500 * time.Millisecond
	linkLasts   = 15 * time.Minute
	// maxJobs is how many exports and how many imports are kept, the newest, as
	// far as the files of the former have room in Config.MaxJournalBytes.
	maxJobs = 100
)

// exportJob is an export.
type exportJob struct {
	id        int
	kind      string // customers or deliveries
	created   time.Time
	file      []byte
	rows      int
	downloads int
	token     string // of the newest link
	expires   time.Time
}

type appExport struct {
	ID            int    `json:"id"`
	DeduplicateID string `json:"deduplicate_id"`
	Type          string `json:"type"`
	Status        string `json:"status"`
	Failed        bool   `json:"failed"`
	Description   string `json:"description"`
	Downloads     int    `json:"downloads"`
	Total         int    `json:"total"`
	CreatedAt     int64  `json:"created_at"`
	UpdatedAt     int64  `json:"updated_at"`
	UserID        int    `json:"user_id"`
	UserEmail     string `json:"user_email"`
}

func (j *exportJob) done(now time.Time) bool { return !now.Before(j.created.Add(exportTakes)) }

func (j *exportJob) shown(now time.Time) appExport {
	out := appExport{ID: j.id, Type: j.kind, Status: "pending", Downloads: j.downloads, CreatedAt: j.created.Unix(), UpdatedAt: j.created.Unix()}
	if j.done(now) {
		out.Status, out.Total, out.UpdatedAt = "done", j.rows, j.created.Add(exportTakes).Unix()
	}
	out.DeduplicateID = fmt.Sprintf("%d:%d", out.ID, out.UpdatedAt)
	return out
}

func (ws *workspaceState) exportOf(id string) *exportJob {
	for _, j := range ws.exports {
		if strconv.Itoa(j.id) == id {
			return j
		}
	}
	return nil
}

var noExport = errorReply(http.StatusNotFound, "no such export; the emulator keeps the newest "+strconv.Itoa(maxJobs)+", until it ends")

func (ws *workspaceState) appExports(c *appCall) reply {
	list := []appExport{}
	for _, j := range ws.exports {
		list = append(list, j.shown(c.now))
	}
	return appReply(map[string]any{"exports": list})
}

func (ws *workspaceState) appExport(c *appCall) reply {
	j := ws.exportOf(c.args[0])
	if j == nil {
		return noExport
	}
	return appReply(map[string]any{"export": j.shown(c.now)})
}

func (ws *workspaceState) appExportLink(c *appCall) reply {
	j := ws.exportOf(c.args[0])
	switch {
	case j == nil:
		return noExport
	case !j.done(c.now):
		return errorReply(http.StatusNotFound, "the export is not done yet")
	}
	j.token, j.expires = rand.Text(), c.now.Add(linkLasts)
	return appReply(map[string]string{"url": c.base + inspectionPrefix + exportFiles + url.PathEscape(ws.handle) + "/" + strconv.Itoa(j.id) + "?token=" + j.token})
}

// exportFiles is the beginning of the path of a link, below that of the
// inspection.
const exportFiles = "exports/"

func (ws *workspaceState) startExport(c *appCall, kind string, rows [][]string) reply {
	ws.lastJob++
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.WriteAll(rows) // to memory
	j := &exportJob{id: ws.lastJob, kind: kind, created: c.now, file: b.Bytes(), rows: len(rows) - 1}
	ws.exports = appendBounded(ws.exports, j, maxJobs)
	size := 0
	for i := len(ws.exports) - 1; i >= 0; i-- {
		if size += len(ws.exports[i].file); size > ws.config.MaxJournalBytes && i < len(ws.exports)-1 {
			ws.exports = ws.exports[i+1:] // the older ones
			break
		}
	}
	return appReply(map[string]any{"export": j.shown(c.now)})
}

func (ws *workspaceState) appExportPeople(c *appCall) reply {
	keep, wrong := ws.peopleFilter(rawjson.Member(c.body, "filters"))
	if wrong != nil {
		return *wrong
	}
	var people []*personState
	names := map[string]bool{}
	for _, place := range ws.people.list {
		if p := place.thing; p != nil && keep(p) {
			people = append(people, p)
			for _, a := range p.traits {
				names[a.name.Value()] = true
			}
		}
	}
	return ws.startExport(c, "customers", peopleRows(people, names))
}

// peopleRows is a table of people: what they are known by, and all attributes
// that any of them has. The form of Customer.io's own file is not documented.
func peopleRows(people []*personState, names map[string]bool) [][]string {
	header := []string{"id", "email", "cio_id"}
	for _, name := range header {
		delete(names, name)
	}
	for name := range names {
		header = append(header, name)
	}
	slices.Sort(header[3:])
	rows := [][]string{header}
	for _, p := range people {
		row := []string{p.id, p.shownEmail(), p.customerIOID}
		for _, name := range header[3:] {
			row = append(row, appText(p.traits.get(name)))
		}
		rows = append(rows, row)
	}
	return rows
}

// deliveryFilters are the filters of which a request for deliveries must have
// one.
var deliveryFilters = []string{"newsletter_id", "campaign_id", "transactional_message_id", "action_id"}

// appExportDeliveries exports all reported deliveries, whatever campaign the
// request names, because no report names its campaign. So the answer counts as
// canned.
func (ws *workspaceState) appExportDeliveries(c *appCall) reply {
	if !slices.ContainsFunc(deliveryFilters, func(name string) bool { return c.body != "" && rawjson.IsNumber(rawjson.Member(c.body, name)) }) {
		return errorReply(http.StatusBadRequest, "name one of newsletter_id, campaign_id, transactional_message_id and action_id")
	}
	metrics := map[string]bool{}
	all := ws.deliveries()
	for _, d := range all {
		for name := range d.metrics {
			metrics[name] = true
		}
	}
	header := []string{"delivery_id", "customer_id", "recipient", "created"}
	fixed := len(header)
	for name := range metrics {
		header = append(header, name)
	}
	slices.Sort(header[fixed:])
	rows := [][]string{header}
	metric := ""
	if raw := rawjson.Member(c.body, "metric"); rawjson.IsString(raw) {
		metric = rawjson.Unquote(raw)
	}
	for _, d := range all {
		if _, has := d.metrics[metric]; metric != "" && metric != "created" && !has {
			continue
		}
		row := []string{d.id, "", "", strconv.FormatInt(d.created.Unix(), 10)}
		if d.customer != nil {
			row[1], row[2] = d.customer.id, d.customer.shownEmail()
		}
		for _, name := range header[fixed:] {
			at := ""
			if n, ok := d.metrics[name]; ok {
				at = strconv.FormatInt(n, 10)
			}
			row = append(row, at)
		}
		rows = append(rows, row)
	}
	a := ws.startExport(c, "deliveries", rows)
	a.header = map[string]string{CannedHeader: "1"}
	return a
}

// serveExport answers who follows the link to the file of an export. The link
// is all that is asked for.
func (s *Server) serveExport(w http.ResponseWriter, r *http.Request, handle, id string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		writeInspectionError(w, http.StatusMethodNotAllowed, errors.New("the file of an export is fetched with GET"))
		return
	}
	file := s.exportFile(handle, id, r.URL.Query().Get("token"))
	if file == nil {
		writeInspectionError(w, http.StatusForbidden, errors.New("the link to the export has expired or is wrong; request a new one"))
		return
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", "attachment; filename=export_"+id+".csv")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(file))
}

func (s *Server) exportFile(handle, id, token string) []byte {
	now := s.now()
	s.mu.Lock()
	var ws *workspaceState
	for _, one := range s.workspaces {
		if one.handle == handle {
			ws = one
		}
	}
	s.mu.Unlock()
	if ws == nil || token == "" {
		return nil
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	j := ws.exportOf(id)
	if j == nil || subtle.ConstantTimeCompare([]byte(token), []byte(j.token)) == 0 || now.After(j.expires) {
		return nil
	}
	j.downloads++
	return j.file
}
