package emulator

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// importOperation is answered outside of the workspace's lock: it fetches a
// file.
const importOperation = "POST /v1/imports"

// appImport is an import as the App API shows it.
type appImport struct {
	ID           int    `json:"id"`
	Type         string `json:"type"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	State        string `json:"state"`
	Error        string `json:"error,omitempty"`
	Identifier   string `json:"identifier,omitempty"`
	ObjectTypeID string `json:"object_type_id,omitempty"`
	Process      string `json:"data_to_process"`
	RowsToImport int    `json:"rows_to_import"`
	RowsImported int    `json:"rows_imported"`
	CreatedAt    int64  `json:"created_at"`
	UpdatedAt    int64  `json:"updated_at"`
}

type newImport struct {
	URL          string `json:"data_file_url"`
	Type         string `json:"type"`
	Name         string `json:"name"`
	Description  string `json:"description"`
	Identifier   string `json:"identifier"`
	ObjectTypeID string `json:"object_type_id"`
	Process      string `json:"data_to_process"`
}

func (n *newImport) problem() string {
	named := map[string]bool{"people": true, "event": true, "object": true, "relationship": true}
	switch {
	case n.URL == "" || n.Name == "":
		return "import.data_file_url and import.name are required"
	case !named[n.Type]:
		return "import.type is people, event, object or relationship"
	case n.Type != "object" && n.Identifier != "id" && n.Identifier != "email":
		return "import.identifier is id or email"
	case n.Type == "object" && n.ObjectTypeID == "":
		return "import.object_type_id is required"
	case n.Process != "" && n.Process != "all" && n.Process != "only_new" && n.Process != "only_existing":
		return "import.data_to_process is all, only_new or only_existing"
	}
	return ""
}

// startImport imports a file, and answers when that is done. Each row becomes
// an identify or a group message, which is in the journal as if it had been
// sent. Files are fetched only from this machine, and events and relationships
// are not imported: such an import fails and says why.
func (s *Server) startImport(ctx context.Context, key string, c *appCall) reply {
	var body struct{ Import newImport }
	if c.body == "" || json.Unmarshal([]byte(c.body), &body) != nil {
		return errorReply(http.StatusBadRequest, "import is required")
	}
	n := &body.Import
	if why := n.problem(); why != "" {
		return errorReply(http.StatusBadRequest, why)
	}
	ws := s.open(key)
	if ws == nil {
		return errorReply(http.StatusUnauthorized, "the key is not known")
	}
	job := &appImport{Type: n.Type, Name: n.Name, Description: n.Description, Identifier: n.Identifier, ObjectTypeID: n.ObjectTypeID, Process: n.Process, State: "imported", CreatedAt: c.now.Unix(), UpdatedAt: c.now.Unix()}
	if job.Process == "" {
		job.Process = "all"
	}
	if err := s.importRows(ctx, ws, n, job); err != nil {
		job.State, job.Error = "failed", err.Error()
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.lastJob++
	job.ID = ws.lastJob
	ws.imports = appendBounded(ws.imports, job, maxJobs)
	return appReply(map[string]any{"import": job})
}

func (ws *workspaceState) appImport(c *appCall) reply {
	for _, job := range ws.imports {
		if strconv.Itoa(job.ID) == c.args[0] {
			return appReply(map[string]any{"import": job})
		}
	}
	return errorReply(http.StatusNotFound, "no such import; the emulator keeps the newest "+strconv.Itoa(maxJobs)+", until it ends")
}

// importRows fetches the file and has its rows act.
func (s *Server) importRows(ctx context.Context, ws *workspaceState, n *newImport, job *appImport) error {
	if n.Type != "people" && n.Type != "object" {
		return errors.New("the emulator imports only people and objects")
	}
	text, err := s.fetchImport(ctx, n.URL)
	if err != nil {
		return err
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = 0 // as many as the header has
	rows, err := r.ReadAll()
	if err != nil || len(rows) == 0 {
		return errors.New("the file is not a CSV file with a header")
	}
	job.RowsToImport = len(rows) - 1
	of := n.Identifier
	if n.Type == "object" {
		of = "id"
	}
	at := -1
	for i, name := range rows[0] {
		if name == of {
			at = i
		}
	}
	if at < 0 {
		return errors.New("the file has no column " + of)
	}
	for _, row := range rows[1:] {
		if row[at] == "" || !ws.takes(n, row[at]) {
			continue
		}
		k, message := n.message(rows[0], row, at)
		call := s.decodeCall(body{text: message}, k, s.now())
		call.envelope.path = apiPrefix + k.String()
		done, err := s.carryOut(ws, &call, k, false, s.now())
		if err != nil {
			return err
		}
		s.tell(done)
		if done.Messages.Accepted == 1 {
			job.RowsImported++
		}
	}
	return nil
}

// takes reports whether the import should change the person or object of a row.
func (ws *workspaceState) takes(n *newImport, name string) bool {
	if n.Process == "" || n.Process == "all" {
		return true
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	there := false
	if n.Type == "object" {
		there = ws.objects[objectKey{n.ObjectTypeID, name}] != nil
	} else {
		p, _ := ws.appPerson(name, n.Identifier)
		there = p != nil
	}
	return there == (n.Process == "only_existing")
}

// message makes a message from a row. Empty cells are left out, because they
// say nothing.
func (n *newImport) message(header, row []string, at int) (kind, []byte) {
	traits := map[string]string{}
	for i, name := range header {
		if i != at && name != "" && row[i] != "" {
			traits[name] = row[i]
		}
	}
	if n.Type == "object" {
		traits["objectTypeId"] = n.ObjectTypeID
		return kindGroup, encodeJSON(map[string]any{"groupId": row[at], "traits": traits})
	}
	message := map[string]any{"traits": traits}
	if n.Identifier == "email" {
		traits["email"] = row[at]
	} else {
		message["userId"] = row[at]
	}
	return kindIdentify, encodeJSON(message)
}

// importTimeout bounds how long a file may take to arrive.
const importTimeout = 30 * time.Second

// fetchImport fetches a file from an address of this machine.
func (s *Server) fetchImport(ctx context.Context, address string) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("data_file_url is not the URL of a file")
	}
	if ip := net.ParseIP(u.Hostname()); u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, errors.New("the emulator fetches files only from this machine, such as http://127.0.0.1:8000/people.csv")
	}
	ctx, cancel := context.WithTimeout(ctx, importTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("data_file_url is not the URL of a file")
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // it may lead elsewhere
	resp, err := client.Do(req)
	if err != nil {
		return nil, errors.New("the file could not be fetched")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, int64(s.config.MaxBodyBytes)+1))
	switch {
	case err != nil || resp.StatusCode != http.StatusOK:
		return nil, errors.New("the file could not be fetched")
	case len(text) > s.config.MaxBodyBytes:
		return nil, errors.New("the file is larger than the emulator accepts")
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}
