package emulator

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// maxSnapshotBody bounds a snapshot that is sent back.
const maxSnapshotBody = 1 << 30

func (s *Server) serveSnapshot(query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	return s.Snapshot(query.Get("key"))
}

func (s *Server) serveRestore(w http.ResponseWriter, r *http.Request, query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	var from Snapshot
	if err := readSnapshots(w, r, &from); err != nil {
		return nil, err
	}
	return emptyObject, s.Restore(query.Get("key"), from)
}

func (s *Server) serveDiff(w http.ResponseWriter, r *http.Request, query url.Values) (any, error) {
	if err := onlyParameters(query, "key"); err != nil {
		return nil, err
	}
	var pair struct {
		From *Snapshot `json:"from"`
		To   *Snapshot `json:"to"`
	}
	if err := readSnapshots(w, r, &pair); err != nil {
		return nil, err
	}
	if pair.From == nil {
		return nil, errors.New("from must be a snapshot")
	}
	if pair.To == nil {
		now, err := s.Snapshot(query.Get("key"))
		if err != nil {
			return nil, err
		}
		pair.To = &now
	}
	return Diff(*pair.From, *pair.To), nil
}

// readSnapshots decodes a body that has snapshots.
func readSnapshots(w http.ResponseWriter, r *http.Request, value any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxSnapshotBody))
	if err := d.Decode(value); err != nil {
		return fmt.Errorf("the body cannot be read: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the object in the body")
	}
	return nil
}
