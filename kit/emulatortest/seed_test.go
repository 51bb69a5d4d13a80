package emulatortest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// script is what an attacker wants a browser to run.
const script = `<script>document.title='owned'</script><img src=x onerror="document.title='owned'">`

// post sends one call, in strict mode or not, and returns the status.
func post(t testing.TB, cio *emulator.Instance, strict bool, path, body string) int {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, cio.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth(cio.Key, "")
	req.Header.Set("User-Agent", "shop/1.4")
	if strict {
		req.Header.Set("X-Strict-Mode", "1")
	}
	resp, err := cio.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode
}

// seed fills a workspace with one thing of every kind.
func seed(t testing.TB, cio *emulator.Instance) {
	t.Helper()
	post(t, cio, true, "/v1/identify", `{"userId":"mallory","traits":{"name":`+quoted(script)+`}}`)
	post(t, cio, true, "/v1/track", `{"userId":"mallory","event":`+quoted(script)+`,"properties":{"x":`+quoted(script)+`}}`)
	names := []string{"ada", "grace", "edsger", "barbara", "donald", "frances", "alan", "hedy"}
	for i := range 60 {
		name := names[i%len(names)]
		post(t, cio, true, "/v1/identify", fmt.Sprintf(`{"messageId":"seed-i%d","userId":"u%d","traits":{"email":"%s%d@example.com","first_name":%q,"plan":%q,"created_at":"2026-01-%02dT09:00:00Z","orders":%d}}`,
			i, i, name, i, name, []string{"free", "pro", "team"}[i%3], i%28+1, i%7))
		post(t, cio, true, "/v1/track", fmt.Sprintf(`{"messageId":"seed-t%d","userId":"u%d","event":%q,"properties":{"order_id":"o%d","total":%d.50,"currency":"EUR"}}`,
			i, i%20, []string{"Order Completed", "Product Viewed", "Signed Up"}[i%3], i, 10+i))
	}
	for i := range 9 {
		post(t, cio, true, "/v1/group", fmt.Sprintf(`{"userId":"u%d","groupId":"acme","traits":{"objectTypeId":"1","name":"Acme Ltd","seats":40,"relationshipAttributes":{"role":%q}}}`, i, []string{"admin", "member"}[i%2]))
	}
	post(t, cio, true, "/v1/group", `{"userId":"u1","groupId":"globex","traits":{"name":"Globex"}}`)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Order Completed","properties":{"order_id":"o99","total":"12.50","currency":"EUR"}}`)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Device Created or Updated","properties":{"device_model":"Pixel 9"},"context":{"device":{"token":"fcm-1","type":"android"}}}`)
	post(t, cio, true, "/v1/page", `{"anonymousId":"visitor-1","name":"Pricing","properties":{"url":"https://shop.example/pricing"}}`)
	post(t, cio, true, "/v1/identify", `{"messageId":"seed-merge","userId":"u1","anonymousId":"visitor-1","traits":{"plan":"enterprise"}}`)
	post(t, cio, false, "/v1/track", `{"userId":"u1"}`)
	post(t, cio, false, "/v1/track", `{"userId":"u2","event":"order completed","properties":{"total":1}}`)
	post(t, cio, true, "/v1/batch", `{"batch":[{"type":"identify","userId":"u1"},{"type":"track","userId":"u1"}],"sentAt":"2026-01-01T00:00:00Z"}`)
	post(t, cio, false, "/v1/identify", `{"anonymousId":"visitor-2","traits":{"plan":"free"}}`)
	post(t, cio, true, "/v1/track", `{"userId":"gone","event":"User Suppressed"}`)
	post(t, cio, true, "/v1/track", `{"userId":"gone","event":"Order Completed"}`)
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `\"`) + `"` }
