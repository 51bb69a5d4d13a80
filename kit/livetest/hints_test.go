package livetest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// In a log without names, which is what the document of the App API shows, activities are counted, and the report says so.
func TestLogWithoutNames(t *testing.T) {
	t.Parallel()
	srv := emulator.Config{}.InProcess(t)
	name := regexp.MustCompile(`"name":"[^"]*",`)
	cfg := configFor(t, srv)
	cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		resp, err := srv.Client().Transport.RoundTrip(r)
		if err != nil || !strings.HasSuffix(r.URL.Path, "/activities") {
			return resp, err
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body = io.NopCloser(bytes.NewReader(name.ReplaceAll(body, nil)))
		return resp, err
	})}
	if seen := passes(t, cfg); !strings.Contains(seen, "the activity log: 28 of 28 activities of type event have no name; they were counted") {
		t.Errorf("not seen: %s", seen)
	}
}

// If objects do not appear because their type does not exist, the failure says so, and what to do.
func TestObjectTypeIsMissing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ types, says string }{
		{`{"types":[{"id":"1","name":"Companies","enabled":true},{"id":"2","enabled":true}]}`, "the workspace does not have the type 7, or the type is not enabled (it has: 1, 2). Create one"},
		{`{"types":[{"id":"7","name":"Courses","enabled":false}]}`, "does not have the type 7, or the type is not enabled"},
		{`{"types":[]}`, "(it has: none)"},
		{"", "does it have the type 7? Create one"},
	} {
		srv := emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "no-such-type", m.Type == "group" }}.InProcess(t)
		cfg := configFor(t, srv)
		cfg.ObjectType, cfg.Permissive = "7", true
		cfg.HTTPClient = &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/v1/object_types" {
				answer := httptest.NewRecorder()
				if tc.types == "" {
					answer.WriteHeader(http.StatusNotFound)
				}
				answer.WriteString(tc.types)
				return answer.Result(), nil
			}
			return srv.Client().Transport.RoundTrip(r)
		})}
		s, err := Open(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range objectCases[:3] {
			r := s.Run(t.Context(), c)
			said := ""
			if r.Err != nil {
				said = r.Err.Error()
			}
			for _, o := range r.Observations {
				said += o.Seen
			}
			if !strings.Contains(said, tc.says) || !strings.Contains(said, "--object-type") {
				t.Errorf("%s: %s, want %s", c.Name, said, tc.says)
			}
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
