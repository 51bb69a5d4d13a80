package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

const (
	inspectionPrefix = "/_emulator/"
	// defaultLimit is how many items a list has by default.
	defaultLimit = 100
	// maxInspectionBody bounds the body of a POST to the inspection.
	maxInspectionBody = 64 << 10
)

// serveInspection answers /_emulator/.
func (s *Server) serveInspection(w http.ResponseWriter, r *http.Request) {
	if !originAllowed(r) {
		writeInspectionError(w, http.StatusForbidden, errors.New("the request comes from a page of another origin"))
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	path := strings.TrimPrefix(r.URL.EscapedPath(), inspectionPrefix)
	if id, ok := strings.CutPrefix(path, "people/"); ok && id != "" {
		s.route(w, r, methods{http.MethodGet: func(q url.Values) (any, error) { return s.servePerson(id, q) }})
		return
	}
	if id, ok := strings.CutPrefix(path, "why/"); ok && id != "" {
		s.route(w, r, methods{http.MethodGet: func(q url.Values) (any, error) { return s.serveWhy(id, q) }})
		return
	}
	if rest, ok := strings.CutPrefix(path, exportFiles); ok {
		if handle, id, ok := strings.Cut(rest, "/"); ok {
			s.serveExport(w, r, handle, id)
			return
		}
	}
	switch path {
	case "shapes":
		s.route(w, r, methods{http.MethodGet: s.serveShapes})
	case "people":
		s.route(w, r, methods{http.MethodGet: s.servePeople})
	case "objects":
		s.route(w, r, methods{http.MethodGet: s.serveObjects})
	case "requests":
		s.route(w, r, methods{http.MethodGet: s.serveRequests})
	case "workspaces":
		s.route(w, r, methods{http.MethodGet: s.serveWorkspaces})
	case "stats":
		s.route(w, r, methods{http.MethodGet: s.serveStats})
	case "messages":
		s.route(w, r, methods{http.MethodGet: s.serveMessages})
	case "faults":
		s.route(w, r, methods{
			http.MethodGet:    s.serveFaults,
			http.MethodPost:   func(q url.Values) (any, error) { return s.serveAddFault(w, r, q) },
			http.MethodDelete: s.serveClearFaults,
		})
	case "snapshot":
		s.route(w, r, methods{http.MethodGet: s.serveSnapshot})
	case "restore":
		s.route(w, r, methods{http.MethodPost: func(q url.Values) (any, error) { return s.serveRestore(w, r, q) }})
	case "diff":
		s.route(w, r, methods{http.MethodPost: func(q url.Values) (any, error) { return s.serveDiff(w, r, q) }})
	case "health":
		s.route(w, r, methods{http.MethodGet: s.serveHealth})
	case "clock":
		s.route(w, r, methods{
			http.MethodGet:    s.serveClock,
			http.MethodPost:   func(q url.Values) (any, error) { return s.serveSetClock(w, r, q) },
			http.MethodDelete: s.serveResetClock,
		})
	case "reset":
		s.route(w, r, methods{http.MethodPost: func(q url.Values) (any, error) { return s.serveReset(w, r, q) }})
	default:
		writeInspectionError(w, http.StatusNotFound, errors.New("no such path"))
	}
}

// methods maps an HTTP method to what answers it: a value to encode, or an
// error.
type methods map[string]func(url.Values) (any, error)

func (s *Server) route(w http.ResponseWriter, r *http.Request, by methods) {
	serve := by[r.Method]
	if serve == nil && r.Method == http.MethodHead {
		serve = by[http.MethodGet]
	}
	if serve == nil {
		allowed := make([]string, 0, len(by))
		for method := range by {
			allowed = append(allowed, method)
		}
		slices.Sort(allowed)
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		writeInspectionError(w, http.StatusMethodNotAllowed, fmt.Errorf("use %s", strings.Join(allowed, " or ")))
		return
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		writeInspectionError(w, http.StatusBadRequest, errors.New("the query cannot be read"))
		return
	}
	value, err := serve(query)
	switch {
	case errors.Is(err, ErrNotFound):
		writeInspectionError(w, http.StatusNotFound, err)
	case err != nil:
		writeInspectionError(w, http.StatusBadRequest, err)
	default:
		writeJSON(w, http.StatusOK, value)
	}
}

func writeInspectionError(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"error": strings.TrimPrefix(err.Error(), "emulator: ")})
}

// onlyParameters refuses query parameters that are not known or repeat.
func onlyParameters(query url.Values, known ...string) error {
	for name, values := range query {
		if !slices.Contains(known, name) {
			return fmt.Errorf("unknown parameter %q; known: %s", name, strings.Join(known, ", "))
		}
		if len(values) > 1 {
			return fmt.Errorf("parameter %q is given twice", name)
		}
	}
	return nil
}

func (s *Server) serveStats(query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	return s.Stats(query.Get("key"))
}

func (s *Server) servePerson(escaped string, query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	id, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, errors.New("the path cannot be read")
	}
	return s.Person(query.Get("key"), id)
}

func (s *Server) serveWhy(escaped string, query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	id, err := url.PathUnescape(escaped)
	if err != nil {
		return nil, errors.New("the path cannot be read")
	}
	return s.Why(query.Get("key"), id)
}

func (s *Server) serveShapes(query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	traits, err := s.Traits(query.Get("key"))
	if err != nil {
		return nil, err
	}
	events, err := s.EventShapes(EventShapesQuery{Key: query.Get("key")})
	if err != nil {
		return nil, err
	}
	return map[string]any{"traits": traits, "events": events}, nil
}

func (s *Server) serveFaults(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	return map[string][]FaultState{"faults": s.Faults()}, nil
}

func (s *Server) serveAddFault(w http.ResponseWriter, r *http.Request, query url.Values) (any, error) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaultJSON))
	if err != nil {
		return nil, fmt.Errorf("the body cannot be read: %w", err)
	}
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	f, err := decodeFault(text)
	if err != nil {
		return nil, err
	}
	if err := s.AddFault(f); err != nil {
		return nil, err
	}
	return s.serveFaults(query)
}

func (s *Server) serveClearFaults(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	s.ClearFaults()
	return s.serveFaults(query)
}

func (s *Server) serveReset(w http.ResponseWriter, r *http.Request, query url.Values) (any, error) {
	var none struct{}
	if err := readStrictly(w, r, &none); err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	if key := query.Get("key"); key != "" {
		return emptyObject, s.ResetWorkspace(key)
	}
	return emptyObject, s.Reset()
}

// readStrictly decodes the body into value. It refuses fields that value does
// not have, by name, and anything after the object.
func readStrictly(w http.ResponseWriter, r *http.Request, value any) error {
	return decodeStrictly(json.NewDecoder(http.MaxBytesReader(w, r.Body, maxInspectionBody)), value)
}

func decodeStrictly(d *json.Decoder, value any) error {
	d.DisallowUnknownFields()
	if err := d.Decode(value); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return fmt.Errorf("field %q must be of type %s", wrong.Field, wrong.Type)
		}
		if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
			return fmt.Errorf("there is no field %s", name)
		}
		return fmt.Errorf("the body cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the object in the body")
	}
	return nil
}
