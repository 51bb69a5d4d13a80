package livetest

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestDroppedMessagesAreNoticed makes a workspace answer 200 and drop one kind of message: the case that sends it fails, or reports what it saw.
func TestDroppedMessagesAreNoticed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		drops func(emulator.Message) bool
		area  string
		said  string // by the case about it
	}{
		"an event after the person was identified": {func(m emulator.Message) bool { return m.Event == "Ciokit Test After" }, "people", `lacks "Ciokit Test After"`},
		"an object of an anonymous person":         {func(m emulator.Message) bool { return m.Type == "group" && m.AnonymousID != "" }, "objects", "an object of an anonymous person: it does not appear"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "dropped", tc.drops(m) }}.InProcess(t)
			cfg := configFor(t, srv)
			cfg.Permissive = true
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, c := range Cases() {
				if c.Area != tc.area {
					continue
				}
				r := s.Run(t.Context(), c)
				if r.Err != nil {
					said += r.Err.Error() + "\n"
				}
				for _, o := range r.Observations {
					said += o.What + ": " + o.Seen + "\n"
				}
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if !strings.Contains(said, tc.said) {
				t.Errorf("nobody says %q: %s", tc.said, said)
			}
		})
	}
}

// A workspace that reads a cio_id as an ordinary id makes a person who is in no ledger: the probe leaves nobody behind.
func TestProbeLeavesNobodyOfACioID(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	cfg := configFor(t, srv)
	read := 0
	cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		if r.Body == nil {
			return srv.Client().Transport.RoundTrip(r)
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		read += bytes.Count(body, []byte(`"userId":"cio_`))
		body = bytes.ReplaceAll(body, []byte(`"userId":"cio_`), []byte(`"userId":"id_cio_`))
		r = r.Clone(r.Context())
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return srv.Client().Transport.RoundTrip(r)
	})}
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range Experiments() {
		if e.ID != "id-by-cio-id" {
			continue
		}
		if f, err := s.Probe(t.Context(), e); err != nil || f.Switches["keep-ids"] != "true" {
			t.Errorf("%+v, %v", f, err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if left := leftOver(srv); left != "" || read == 0 {
		t.Errorf("left over: %s; %d messages named a cio_id", left, read)
	}
}
