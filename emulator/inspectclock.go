package emulator

import (
	"errors"
	"net/http"
	"net/url"
	"time"
)

// serveHealth answers 200 as soon as the server answers at all.
func (s *Server) serveHealth(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	return map[string]string{"status": "ok"}, nil
}

func (s *Server) serveClock(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	return s.Clock(), nil
}

// clockChange is the body of POST /_emulator/clock.
type clockChange struct {
	// At is the new time, in the forms of RFC 3339. Zero: no change.
	At time.Time `json:"at"`
	// AdvanceMS moves the clock, after At, in milliseconds; a negative number
	// moves it back.
	AdvanceMS int64 `json:"advance_ms"`
	// Stopped stops the clock or lets it run. Absent: no change, or running
	// after At.
	Stopped *bool `json:"stopped"`
}

func (s *Server) serveSetClock(w http.ResponseWriter, r *http.Request, query url.Values) (any, error) {
	var change clockChange
	if err := readStrictly(w, r, &change); err != nil {
		return nil, err
	}
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	const century = int64(100 * 366 * 24 * time.Hour / time.Millisecond)
	switch {
	case change == clockChange{}:
		return nil, errors.New("the body changes nothing: set at, advance_ms or stopped")
	case change.AdvanceMS > century || change.AdvanceMS < -century:
		return nil, errors.New("advance_ms is limited to a hundred years")
	case !change.At.IsZero():
		s.SetClock(change.At, change.Stopped != nil && *change.Stopped)
	case change.Stopped != nil:
		s.SetClock(s.Clock().Now, *change.Stopped)
	}
	s.AdvanceClock(time.Duration(change.AdvanceMS) * time.Millisecond)
	return s.Clock(), nil
}

func (s *Server) serveResetClock(query url.Values) (any, error) {
	if err := onlyParameters(query); err != nil {
		return nil, err
	}
	s.ResetClock()
	return s.Clock(), nil
}
