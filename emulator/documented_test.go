package emulator_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// documentedCalls are calls with the paths and the fields of the examples in
// Customer.io's API documents and, if an SDK sends more, of that SDK. The
// values are others. outcome is "accepted", with the warnings if there are any,
// or the rule that rejects each message.
var documentedCalls = []struct{ name, path, body, outcome string }{
	// Identify.
	{"identify", "/v1/identify", `{"userId":"c41f2a","traits":{"name":"Ada Example","email":"ada@shop.example","likes_tea":true,"visits":3}}`, "accepted"},
	{"identify with its type", "/v1/identify", `{"type":"identify","userId":"c41f2a","traits":{"name":"Ada Example"}}`, "accepted"},
	{"identify with all common fields", "/v1/identify", `{"userId":"c41f2a","anonymousId":"4f1a","timestamp":"2026-02-03T04:05:06.789Z","sentAt":"2026-02-03T04:05:07Z","receivedAt":"2026-02-03T04:05:08Z","originalTimestamp":"2026-02-03T04:05:06Z","messageId":"m-1","channel":"server","version":2,"integrations":{"All":true,"Warehouse":false},"context":{"ip":"192.0.2.7"},"traits":{"createdAt":"2025-05-06T07:08:09Z"}}`, "accepted"},
	{"identify by email", "/v1/identify", `{"userId":"","traits":{"email":"ada@shop.example"}}`, "accepted"},
	{"identify with an email as the id", "/v1/identify", `{"userId":"ada@shop.example","traits":{"plan":"team"}}`, "accepted"},
	{"identify without traits", "/v1/identify", `{"userId":"c41f2a"}`, "accepted"},
	{"identify an anonymous person", "/v1/identify", `{"anonymousId":"4f1a","traits":{"plan":"team"}}`, "anonymous-identify"},
	{"identify nobody", "/v1/identify", `{"traits":{"plan":"team"}}`, "missing-identity"},
	{"identify with integrations that are null", "/v1/identify", `{"userId":"c41f2a","integrations":null}`, "accepted"},
	{"identify with subscription preferences", "/v1/identify", `{"userId":"c41f2a","traits":{"cio_subscription_preferences":{"topics":{"topic_1":true},"channels":{"sms":false}}}}`, "accepted"},
	{"identify with one preference by its path", "/v1/identify", `{"userId":"c41f2a","traits":{"cio_subscription_preferences.topics.topic_2":false}}`, "accepted"},
	{"unsubscribe", "/v1/identify", `{"userId":"c41f2a","traits":{"unsubscribed":true}}`, "accepted"},
	{"identify relates to an object", "/v1/identify", `{"userId":"c41f2a","traits":{"objectId":"globex","objectTypeId":"1","relationshipAttributes":{"role":"buyer"}}}`, "accepted"},
	// Track.
	{"track", "/v1/track", `{"userId":"c41f2a","event":"Lesson Begun","properties":{"title":"Tea for two"}}`, "accepted"},
	{"track of a browser", "/v1/track", `{"type":"track","anonymousId":"4f1a","userId":"c41f2a","event":"Lesson Begun","integrations":null,"messageId":"ajs-1","properties":{"title":"Tea"},"timestamp":"2026-02-03T04:05:06.789Z","originalTimestamp":"2026-02-03T04:05:06Z","sentAt":"2026-02-03T04:05:07Z","receivedAt":"2026-02-03T04:05:08Z","context":{"library":{"name":"analytics.js","version":"2"},"page":{"path":"/","referrer":"https://search.example/","search":"?q=tea","title":"Shop","url":"https://shop.example"},"userAgent":"Mozilla/5.0","ip":"192.0.2.7"}}`, "accepted"},
	{"track of an anonymous person", "/v1/track", `{"anonymousId":"4f1a","event":"lesson_begun"}`, "accepted"},
	{"track of a group", "/v1/track", `{"groupId":"globex","event":"new_seat"}`, "accepted nobody"},
	{"track of nobody", "/v1/track", `{"event":"new_seat"}`, "missing-identity"},
	{"track without an event", "/v1/track", `{"userId":"c41f2a"}`, "missing-event"},
	{"track with a nested property", "/v1/track", `{"userId":"c41f2a","event":"added_to_cart","properties":{"product":{"name":"cup","price":4.5},"qty":1}}`, "accepted"},
	{"track at /t, with the key in the body", "/v1/t", `{"writeKey":"key","userId":"c41f2a","event":"video_watched","properties":{"length":1.5,"finished":false},"_metadata":{"bundled":["Customer.io Data Pipelines"],"unbundled":[],"bundledIds":[]}}`, "accepted"},
	// Page and screen.
	{"page", "/v1/page", `{"userId":"c41f2a","name":"Start","properties":{"title":"Welcome to the shop","url":"https://shop.example"}}`, "accepted"},
	{"page with all properties", "/v1/page", `{"anonymousId":"4f1a","channel":"browser","name":"Start","category":"Docs","properties":{"category":"Docs","url":"https://shop.example/a","title":"Shop","referrer":"https://search.example","path":"/a","search":"?q=tea"},"integrations":{"All":true,"Mixpanel":false},"version":1.1}`, "accepted"},
	{"page without a url", "/v1/page", `{"userId":"c41f2a","name":"Retail","properties":{"affiliate":"one"}}`, "accepted missing-url"},
	{"page without a name", "/v1/page", `{"userId":"c41f2a","properties":{"url":"https://shop.example/b"}}`, "accepted"},
	{"page of nobody", "/v1/page", `{"name":"Start"}`, "missing-identity missing-url"},
	{"screen", "/v1/screen", `{"userId":"c41f2a","name":"feed","properties":{"subscriptions":["chess","go"]}}`, "accepted"},
	{"screen of an anonymous person", "/v1/screen", `{"type":"screen","anonymousId":"4f1a","name":"feed","context":{"ip":"192.0.2.7"}}`, "accepted"},
	// Group.
	{"group", "/v1/group", `{"userId":"c41f2a","groupId":"0e8c","traits":{"name":"Globex","industry":"Tea","employees":12,"plan":"team","total billed":70}}`, "accepted"},
	{"group with a type as a number", "/v1/group", `{"userId":"c41f2a","groupId":"0e8c","traits":{"objectTypeId":2,"name":"Globex"}}`, "accepted"},
	{"group with a type as the schema has it", "/v1/group", `{"userId":"c41f2a","groupId":"0e8c","traits":{"object_type_id":"1","relationshipAttributes":{"role":"primary_contact"}}}`, "accepted"},
	{"group of an anonymous person", "/v1/group", `{"anonymousId":"4f1a","groupId":"0e8c","traits":{"name":"Globex"}}`, "accepted"},
	{"group of nobody", "/v1/group", `{"groupId":"0e8c","traits":{"name":"Globex"}}`, "accepted"},
	{"group with the type next to traits", "/v1/group", `{"userId":"c41f2a","groupId":"0e8c","objectTypeId":"2"}`, "accepted top-level-object-type"},
	{"group without an id", "/v1/group", `{"userId":"c41f2a","traits":{"name":"Globex"}}`, "missing-group-id"},
	// Alias.
	{"alias", "/v1/alias", `{"previousId":"4f1a","userId":"c41f2a"}`, "accepted"},
	{"alias without one id", "/v1/alias", `{"userId":"c41f2a"}`, "missing-previous-id"},
	// Batch.
	{"batch", "/v1/batch", `{"batch":[{"type":"identify","userId":"c41f2a","traits":{"name":"Ada Example","email":"ada@shop.example"}},{"type":"track","userId":"c41f2a","event":"Lesson Begun","properties":{"title":"Tea"}}]}`, "accepted, accepted"},
	{"batch with a context for all", "/v1/batch", `{"context":{"ip":"192.0.2.7"},"integrations":{"All":true,"Warehouse":false},"batch":[{"type":"page","userId":"c41f2a","name":"Start","properties":{"url":"/"}},{"type":"screen","userId":"c41f2a","name":"feed"}]}`, "accepted, accepted"},
	{"batch of every type", "/v1/batch", `{"batch":[{"type":"identify","userId":"c41f2a"},{"type":"group","userId":"c41f2a","groupId":"0e8c"},{"type":"page","userId":"c41f2a","properties":{"url":"/"}},{"type":"screen","userId":"c41f2a"},{"type":"alias","userId":"c41f2a","previousId":"x"},{"type":"track","userId":"c41f2a","event":"e"}]}`, "accepted, accepted, accepted, accepted, accepted, accepted"},
	{"batch of a phone", "/v1/b", `{"batch":[{"type":"track","userId":"c41f2a","event":"Application Opened","messageId":"m-2","timestamp":"2026-02-03T04:05:06Z","context":{"device":{"token":"t","type":"ios"}},"integrations":{}}],"sentAt":"2026-02-03T04:05:07Z","writeKey":"key"}`, "accepted"},
	{"batch with a group of nobody", "/v1/batch", `{"batch":[{"type":"group","groupId":"0e8c","traits":{"name":"Globex"}}]}`, "accepted"},
	{"batch without types", "/v1/batch", `{"batch":[{"userId":"c41f2a","event":"e"}]}`, "missing-type"},
	{"an empty batch", "/v1/batch", `{"batch":[]}`, ""},
	{"no batch", "/v1/batch", `{}`, "missing-batch"},
	// The events that are commands.
	{"delete a person", "/v1/track", `{"userId":"c41f2a","type":"track","event":"User Deleted"}`, "accepted nothing-to-delete"},
	{"delete a person by email", "/v1/track", `{"userId":"ada@shop.example","event":"User Deleted","properties":{}}`, "accepted nothing-to-delete"},
	{"suppress a person", "/v1/track", `{"userId":"c41f2a","type":"track","event":"User Suppressed"}`, "accepted"},
	{"unsuppress a person", "/v1/track", `{"userId":"c41f2a","type":"track","event":"User Unsuppressed"}`, "accepted nothing-to-delete"},
	{"delete an anonymous person", "/v1/track", `{"anonymousId":"4f1a","event":"User Deleted"}`, "missing-user-id"},
	{"set a device", "/v1/track", `{"userId":"c41f2a","type":"track","event":"Device Created or Updated","properties":{"device_model":"x"},"context":{"device":{"token":"t-1","type":"ios"},"app":{"namespace":"example.shop"}}}`, "accepted"},
	{"set a device of no type", "/v1/track", `{"userId":"c41f2a","event":"Device Created or Updated","context":{"device":{"token":"t-1"}}}`, "accepted device-type"},
	{"set a device without a token", "/v1/track", `{"userId":"c41f2a","event":"Device Created or Updated","context":{"device":{"type":"ios"}}}`, "missing-device-token"},
	{"delete a device", "/v1/track", `{"userId":"c41f2a","type":"track","event":"Device Deleted","context":{"device":{"token":"t-1","type":"android"}}}`, "accepted nothing-to-delete"},
	{"delete an object", "/v1/track", `{"anonymousId":"4f1a","type":"track","event":"Object Deleted","properties":{"objectId":"0e8c","objectTypeId":1}}`, "accepted nothing-to-delete"},
	{"delete an object as the prose has it", "/v1/track", `{"anonymousId":"4f1a","event":"Object Deleted","groupId":"0e8c"}`, "missing-object-id"},
	{"delete a relationship", "/v1/track", `{"userId":"c41f2a","type":"track","event":"Relationship Deleted","properties":{"objectId":"0e8c","objectTypeId":"1"}}`, "accepted nothing-to-delete"},
	{"report a delivery", "/v1/track", `{"type":"track","event":"Report Delivery Event","properties":{"deliveryId":"dgAB","metric":"opened"}}`, "accepted"},
	{"report a delivery of a phone", "/v1/track", `{"anonymousId":"dgAB","event":"Report Delivery Event","properties":{"deliveryId":"dgAB","metric":"delivered","recipient":"t-1"}}`, "accepted"},
	{"report a delivery without its id", "/v1/track", `{"event":"Report Delivery Event","properties":{"metric":"opened"}}`, "accepted report-fields"},
	{"report content", "/v1/track", `{"type":"track","event":"Report Content Event","properties":{"actionType":"viewed_content","contentId":12,"templateId":7}}`, "accepted"},
	// Other semantic events, and names that only look similar.
	{"an order", "/v1/track", `{"userId":"c41f2a","event":"Order Completed","properties":{"order_id":"o-9","total":27.5,"currency":"EUR","products":[{"product_id":"p-1","sku":"cup-1","price":4.5,"quantity":2}]}}`, "accepted"},
	{"an email event", "/v1/track", `{"userId":"c41f2a","event":"Email Opened","properties":{"email_id":"e-1","email_subject":"Hello"},"context":{"traits":{"email":"ada@shop.example"}}}`, "accepted"},
	{"a name that the prose uses", "/v1/track", `{"userId":"c41f2a","event":"Delete Person"}`, "accepted"},
	{"a name in another case", "/v1/track", `{"userId":"c41f2a","event":"order completed"}`, "accepted near-semantic-name"},
}

// TestDocumentedCalls makes each call in both modes. A call that is refused
// gets a 400 in strict mode; otherwise it gets a 200 and is dropped.
func TestDocumentedCalls(t *testing.T) {
	t.Parallel()
	if len(documentedCalls) < 60 {
		t.Errorf("only %d calls", len(documentedCalls))
	}
	drops := make(map[string]bool)
	for _, rule := range emulator.Rules() {
		drops[rule.ID] = rule.Effect == emulator.EffectDropsAlways
	}
	for _, test := range documentedCalls {
		for _, strict := range []bool{false, true} {
			c := newClient(t, emulator.Config{})
			c.strict = strict
			if strings.Contains(test.body, "writeKey") {
				c.key = ""
			}
			a := c.do(http.MethodPost, test.path, test.body)
			c.key = "key"
			records, err := c.srv.Messages(emulator.MessagesQuery{Key: "key"})
			if err != nil {
				t.Fatal(err)
			}
			var outcomes []string
			for _, r := range records.Messages {
				what := r.Rule
				if what == "" {
					what = string(r.Verdict)
				}
				outcomes = append([]string{strings.TrimSpace(what + " " + strings.ReplaceAll(warnings(r), ",", " "))}, outcomes...)
			}
			if got := strings.Join(outcomes, ", "); got != test.outcome {
				t.Errorf("%s, strict %v: %q, want %q", test.name, strict, got, test.outcome)
			}
			rule, _, _ := strings.Cut(test.outcome, " ")
			want := http.StatusOK
			if strict && test.outcome != "" && !strings.HasPrefix(rule, "accepted") && !drops[rule] {
				want = http.StatusBadRequest
			}
			if a.status != want {
				t.Errorf("%s, strict %v: %d %s, want %d", test.name, strict, a.status, a.body, want)
			}
		}
	}
}
