package emulator_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestSuccessor asks the server and its page which person has replaced an id,
// for each way in which an id is lost.
func TestSuccessor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, gone, now, text string
		calls                 [][2]string
	}{
		{"a new id with the address of a person", "old", "new", "old was replaced in message 2. The person&#39;s identifier is now new.", [][2]string{
			{"/v1/identify", `{"userId":"old","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"new","traits":{"email":"ann@x.example"}}`}}},
		{"two in a row", "old", "newest", "old was replaced in message 2. The person&#39;s identifier is now newest.", [][2]string{
			{"/v1/identify", `{"userId":"old","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"new","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"newest","traits":{"email":"ann@x.example"}}`}}},
		{"merged", "old", "new", "old was merged into another person in message 3. The person&#39;s identifier is now new.", [][2]string{
			{"/v1/identify", `{"userId":"old","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"new","traits":{"plan":"pro"}}`},
			{"/v1/alias", `{"userId":"new","previousId":"old"}`}}},
		{"a person has the id again", "old", "", "", [][2]string{
			{"/v1/identify", `{"userId":"old","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"new","traits":{"email":"ann@x.example"}}`},
			{"/v1/identify", `{"userId":"old","traits":{"plan":"free"}}`}}},
		{"never there", "old", "", "", [][2]string{{"/v1/identify", `{"userId":"new","traits":{"email":"ann@x.example"}}`}}},
		{"an anonymousId of theirs is not an id of a person", "a1", "", "", [][2]string{
			{"/v1/track", `{"anonymousId":"a1","event":"Seen"}`},
			{"/v1/identify", `{"userId":"new","anonymousId":"a1","traits":{"plan":"free"}}`}}},
	} {
		c := newClient(t, emulator.Config{MergeOnAlias: true})
		for _, call := range test.calls {
			if a := c.do(http.MethodPost, call[0], call[1]); a.status != http.StatusOK {
				t.Fatalf("%s: %d %s", test.name, a.status, a.body)
			}
		}
		why, merge, err := c.srv.Successor("key", test.gone)
		if test.now == "" {
			if !errors.Is(err, emulator.ErrNotFound) {
				t.Errorf("%s: %+v %v", test.name, why, err)
			}
			continue
		}
		if err != nil || why.ID != test.now || merge.From != test.gone {
			t.Errorf("%s: %+v, %+v, %v", test.name, why, merge, err)
		}
		if a := c.do(http.MethodGet, "/people/"+test.gone, ""); a.status != http.StatusNotFound || !strings.Contains(a.body, test.text) || !strings.Contains(a.body, `/people/`+why.CustomerIOID) {
			t.Errorf("%s: %d\n%s", test.name, a.status, a.body)
		}
	}
}

// TestNothingToMend checks that the page says so if everything was accepted,
// and only then.
func TestNothingToMend(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	const all = "All stored messages were accepted."
	see := func(path string, want bool) {
		t.Helper()
		if a := c.do(http.MethodGet, path, ""); a.status != http.StatusOK || strings.Contains(a.body, all) != want {
			t.Errorf("%s: %d\n%s", path, a.status, a.body)
		}
	}
	see("/messages?verdict=not+accepted", false)
	c.do(http.MethodPost, "/v1/identify", `{"userId":"u1","traits":{"plan":"pro"}}`)
	see("/messages?verdict=not+accepted", true)
	see("/messages?verdict=not+accepted&q=u2", false)
	see("/messages?q=nothing", false)
	c.do(http.MethodPost, "/v1/track", `{"userId":"u1","event":"Bought"}`)
	if a := c.do(http.MethodGet, "/people/u1", ""); !strings.Contains(a.body, "1 event, newest arrival first") {
		t.Errorf("one event: %s", a.body)
	}
	c.do(http.MethodPost, "/v1/track", `{"userId":"u1"}`)
	see("/messages?verdict=not+accepted", false)
}
