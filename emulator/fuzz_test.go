package emulator_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// FuzzHandler sends anything to the HTTP interface. Each answer is JSON and has
// a form that the documentation of the package names. The resulting state can
// be read, and its counts add up.
func FuzzHandler(f *testing.F) {
	f.Add("POST", "/v1/batch", "", "1", "Basic a2V5Og==", []byte(`{"batch":[{"type":"identify","userId":"u","traits":{"email":"a@b.example","x":"2021-01-01"}},{"type":"track","anonymousId":"a","event":"e"}]}`))
	f.Add("POST", "/v1/t", "gzip", "", "", []byte(gzipped(f, `{"writeKey":"k","userId":"cio_1","event":"order completed","timestamp":1}`)))
	f.Add("POST", "/v1/group", "identity", "0", "Bearer x", []byte(`{"groupId":1,"writeKey":"k","traits":{"object_type_id":2,"relationshipAttributes":{}}}`))
	f.Add("POST", "/v1/identify", "", "", "Basic a2V5Og==", []byte(`{"userId":"u","anonymousId":"a","traits":{"cio_subscription_preferences.a.b":1,"objectId":"o","id":"i","anonymous_id":"z","createdAt":null}}`))
	f.Add("POST", "/v1/track", "", "", "Basic a2V5Og==", []byte(`{"userId":"u","event":"Device Created or Updated","context":{"device":{"token":"t"},"app":{"namespace":"n"}}}`))
	f.Add("POST", "/v1/track", "", "1", "Basic a2V5Og==", []byte(`{"anonymousId":"a","event":"Object Deleted","properties":{"objectId":"o","objectTypeId":1}}`))
	f.Add("POST", "/v1/alias", "", "", "Basic a2V5Og==", []byte(`{"userId":"u","previousId":"v"}`))
	f.Add("GET", "/_emulator/messages?limit=5&verdict=dropped", "", "", "", []byte(nil))
	f.Add("POST", "/_emulator/faults", "", "", "", []byte(`{"count":1,"status":500}`))
	f.Add("GET", "/v1/projects/k/settings", "", "", "", []byte(nil))
	f.Add("GET", "/people/u?w=x", "", "", "", []byte(nil))
	f.Add("GET", "/objects/1/o?before=3", "", "", "", []byte(nil))
	f.Add("POST", "/snapshots?w=", "", "", "", []byte("name=a"))
	f.Add("POST", "/faults", "", "", "", []byte("outcome=status&status=500&share=50&seed=1"))
	f.Add("POST", "/requests/1/replay", "", "", "", []byte("a=b"))
	f.Add("POST", "/_emulator/clock", "", "", "", []byte(`{"advance_ms":1000,"stopped":true}`))
	statuses := map[int]bool{200: true, 204: true, 303: true, 400: true, 401: true, 403: true, 404: true, 405: true}

	f.Fuzz(func(t *testing.T, method, target, encoding, strict, authorization string, body []byte) {
		r, err := http.NewRequest(method, target, bytes.NewReader(body))
		if err != nil || r.URL.Host != "" || r.URL.Path == "/_page/stream" { // the stream does not end
			return
		}
		if strings.HasPrefix(string(body), "name=") || strings.Contains(target, "replay") || target == "/faults" {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		r.Host = "localhost"
		r.Header.Set("Content-Encoding", encoding)
		r.Header.Set("X-Strict-Mode", strict)
		r.Header.Set("Authorization", authorization)
		srv := emulator.New(emulator.Config{MergeOnAlias: true, MaxBodyBytes: 1 << 20, MaxEventsPerPerson: 2, MaxMessages: 3})
		// Some data to work with.
		seed := httptest.NewRequest(http.MethodPost, "/v1/batch", bytes.NewReader([]byte(
			`{"writeKey":"key","batch":[{"type":"identify","userId":"u","traits":{"email":"c@d.example"}},{"type":"track","anonymousId":"a","event":"e"},{"type":"identify","userId":"v"}]}`)))
		seed.Host = "localhost"
		srv.ServeHTTP(httptest.NewRecorder(), seed)

		w := httptest.NewRecorder()
		srv.ServeHTTP(w, r)
		if !statuses[w.Code] {
			t.Fatalf("status %d", w.Code)
		}
		if kind := w.Header().Get("Content-Type"); strings.HasPrefix(kind, "application/json") && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("answer %q is not JSON", w.Body)
		}
		for _, key := range append(srv.Keys(), emulator.UnknownKey) {
			stats, err := srv.Stats(key)
			if err != nil {
				t.Fatal(err)
			}
			if stats.People < 0 || stats.Events < 0 || stats.Objects < 0 || stats.Relationships < 0 || stats.Devices < 0 || stats.Suppressed < 0 {
				t.Fatalf("stats %+v", stats)
			}
			records, err := srv.Messages(emulator.MessagesQuery{Key: key})
			if err != nil {
				t.Fatal(err)
			}
			if m := stats.Messages; uint64(len(records.Messages)) != min(3, m.Accepted+m.Dropped+m.Rejected) {
				t.Fatalf("%d records, %+v", len(records.Messages), m)
			}
			if _, err := json.Marshal(records); err != nil {
				t.Fatal(err)
			}
			for _, record := range records.Messages {
				if p, err := srv.Person(key, record.UserID); err == nil {
					if _, err := json.Marshal(p); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	})
}
