package appapi

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
)

// aimed sends a call of an operation to objects that the emulator has, whatever the arguments of the method were.
type aimed struct {
	op   operation
	next http.RoundTripper
}

var things = map[string]string{"customer_id": "u1", "email_address": "ann@example.com", "suppression_type": "bounces", "message_id": "m1", "object_id": "acme"}

func (a aimed) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	parts := strings.Split(a.op.path, "/")
	for i, part := range parts {
		if name := strings.Trim(part, "{}"); name != part {
			if parts[i] = things[name]; parts[i] == "" {
				parts[i] = "1"
			}
		}
	}
	r.URL.Path, r.URL.RawPath = strings.Join(parts, "/"), ""
	q := r.URL.Query()
	for _, name := range []string{"id_type", "start", "type", "metric", "start_ts", "end_ts", "name", "limit"} {
		q.Del(name)
	}
	r.URL.RawQuery = q.Encode()
	return a.next.RoundTrip(r)
}

// TestTheEmulatorAnswersEveryOperation calls each method against the emulator, which does not share this package's types. Its answers can be read.
func TestTheEmulatorAnswersEveryOperation(t *testing.T) {
	t.Parallel()
	for _, op := range operations {
		t.Run(op.name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			srv := emulator.New(emulator.Config{Now: func() time.Time { return now }})
			post := func(path, body string) {
				t.Helper()
				req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://emulator.test"+path, strings.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				req.SetBasicAuth("k", "")
				if !strings.HasSuffix(path, "batch") {
					req.Header.Set("Authorization", "Bearer k")
				}
				resp, err := srv.Transport().RoundTrip(req)
				if err != nil || resp.StatusCode != http.StatusOK {
					t.Fatalf("%s: %v, %v", path, resp, err)
				}
				resp.Body.Close()
			}
			post("/v1/batch", `{"batch":[{"type":"identify","userId":"u1","traits":{"email":"ann@example.com","plan":"pro","a":"b","cio_subscription_preferences":{"topics":{"topic_1":true}}}},
				{"type":"track","userId":"u1","event":"Device Created or Updated","context":{"device":{"token":"t","type":"ios"}}},
				{"type":"group","userId":"u1","groupId":"acme","traits":{"plan":"pro","relationshipAttributes":{"role":"admin"}}},
				{"type":"track","userId":"u1","event":"Report Delivery Event","properties":{"deliveryId":"m1","metric":"opened"}}]}`)
			post("/v1/segments", `{"segment":{"name":"S"}}`)
			post("/v1/esp/suppression/bounces/ann%40example.com", "")
			if op.path != "/v1/imports/{import_id}" {
				post("/v1/exports/customers", `{"filters":{"attribute":{"field":"plan","operator":"exists"}}}`)
			} else {
				post("/v1/imports", `{"import":{"data_file_url":"https://example.com/a.csv","name":"n","type":"people","identifier":"id"}}`)
			}
			now = now.Add(time.Minute)
			client, err := NewClient(Config{APIKey: "k", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: aimed{op, srv.Transport()}}, RateLimit: -1})
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range callByName(t, client, op.name) {
				if list, ok := item.([]any); ok && len(list) > 10 {
					t.Errorf("%d items", len(list))
				}
			}
		})
	}
}
