package emulatortest

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestCustomerioNodeApp runs the App API client of customerio-node 5.2.0, as published.
func TestCustomerioNodeApp(t *testing.T) {
	t.Parallel()
	cio := emulator.Config{Keys: []string{"key"}}.Start(t)
	var got struct {
		Results map[string]json.RawMessage
		Failed  map[string]any
		Asked   int
	}
	for _, message := range []string{
		`{"type":"identify","userId":"u1","traits":{"email":"Ann+1@example.com","plan":"pro","cio_subscription_preferences":{"topics":{"topic_3":true}}}}`,
		`{"type":"identify","userId":"u2","traits":{"plan":"basic"}}`,
		`{"type":"identify","userId":"u3","traits":{"plan":"pro"}}`,
		`{"type":"track","userId":"u1","event":"Order Completed","properties":{"total":12.5}}`,
		`{"type":"group","userId":"u1","groupId":"acme","traits":{"name":"Acme"}}`,
		`{"type":"track","userId":"u1","event":"Report Delivery Event","properties":{"deliveryId":"m1","metric":"opened"}}`,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, cio.URL+"/v1/batch", strings.NewReader(`{"batch":[`+message+`]}`))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(cio.Key, "")
		resp, err := cio.Client().Do(req)
		if err != nil || resp.StatusCode != http.StatusOK {
			t.Fatal(resp, err)
		}
		resp.Body.Close()
	}
	runNode(t, &got, "customerio-node-app.mjs", cio.URL, cio.Key)
	for name, want := range map[string]string{
		"byEmail": `"id":"u1"`, "attributes": `"plan":"pro"`, "nobody": `404`, "many": `"id":"u2"`, "search": `"identifiers":[]`, "page": `"ids":["u1"]`, "next": `"ids":["u2"]`, "operator": `501`,
		"activities": `"name":"Order Completed"`, "relationships": `"object_id":"acme"`, "preferences": `"id":"3","name":"Topic 3","subscribed":true`,
		"segment": `"name":"VIP"`, "members": `"ids":["u1"]`, "count": `"count":1`, "of person": `"name":"VIP"`, "deleted": `404`,
		"export": `"status":"done"`, "file": `u1,Ann+1@example.com,00000001,`, "types": `"id":"1"`, "objects": `"ids":["acme"]`, "object": `"name":"Acme"`, "suppress": `{}`, "suppressed": `"email":"bob@example.com"`,
		"import": `"state":"failed"`, "messages": `"metrics":{"opened":`, "campaigns": `"name":"canned"`, "metrics": `"delivered":[0]`, "refused": `401`,
	} {
		if !strings.Contains(string(got.Results[name]), want) {
			t.Errorf("%s: %s, without %s", name, got.Results[name], want)
		}
	}
	// These operations are called with ids that do not exist or with fewer arguments than they accept, or they are newer than the document.
	others := regexp.MustCompile(`Customer|getAttributes|getMessage$|Archived|Segment|Import|getObject|Suppression|JourneyMetrics|Asset|DesignStudio|SubscriptionC`)
	for name, status := range got.Failed {
		if !others.MatchString(name) {
			t.Errorf("%s failed: %v", name, status)
		}
	}
	if got.Asked < 90 || got.Asked-len(got.Failed) < 55 {
		t.Errorf("%d methods that read, of which %d failed", got.Asked, len(got.Failed))
	}
}
