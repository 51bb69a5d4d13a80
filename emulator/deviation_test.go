package emulator_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestDeviations shows each switch for behaviour that the documents leave open
// or describe in two ways: the status in both modes, and the result of the last
// message, without the switch and with it.
func TestDeviations(t *testing.T) {
	t.Parallel()
	type outcome struct {
		permissive, strict int
		rule               string // or warning
		seen               string // the result of look
	}
	call := func(path, body string) func(*client) answer {
		return func(c *client) answer { return c.do(http.MethodPost, path, body) }
	}
	authorized := func(header string) func(*client) answer {
		return func(c *client) answer {
			c.key = ""
			c.header.Set("Authorization", header)
			a := c.do(http.MethodPost, "/v1/track", `{"userId":"u","event":"e"}`)
			c.key = "key"
			return a
		}
	}
	events := func(c *client) string {
		p, _ := c.srv.Person("key", "u")
		names := ""
		for _, e := range p.Events {
			names += e.Type + " " + e.Name + ";"
		}
		return names
	}
	plan := func(c *client) string {
		p, _ := c.srv.Person("key", "u")
		return string(p.Traits["plan"])
	}
	objects := func(c *client) string { return strings.Repeat("o", c.stats().Objects) }
	people := func(c *client) string { return strings.Repeat("p", c.stats().People) }
	reports := func(c *client) string {
		list, _ := c.srv.Reports(emulator.ReportsQuery{Key: "key"})
		return strings.Repeat("r", len(list.Reports))
	}
	for name, test := range map[string]struct {
		call      func(*client) answer
		with      emulator.Config
		look      func(*client) string
		otherwise outcome // without the switch
		switched  outcome
	}{
		"a group without a person in a batch": {call("/v1/batch", `{"batch":[{"type":"group","groupId":"acme"}]}`), emulator.Config{RequireGroupPerson: true}, objects,
			outcome{200, 200, "", "o"}, outcome{200, 400, "missing-identity", ""}},
		"a group without a person alone": {call("/v1/group", `{"groupId":"acme"}`), emulator.Config{RequireGroupPerson: true}, objects,
			outcome{200, 200, "", "o"}, outcome{200, 200, "", "o"}},
		"a group of an anonymous person in a batch": {call("/v1/batch", `{"batch":[{"type":"group","anonymousId":"a","groupId":"acme"}]}`), emulator.Config{RequireGroupPerson: true}, objects,
			outcome{200, 200, "", "o"}, outcome{200, 200, "", "o"}},
		"a report without a person": {call("/v1/track", `{"event":"Report Delivery Event","properties":{"deliveryId":"d","metric":"opened"}}`), emulator.Config{RequireReportPerson: true}, reports,
			outcome{200, 200, "", "r"}, outcome{200, 400, "missing-identity", ""}},
		"a content report without a person": {call("/v1/track", `{"event":"Report Content Event","properties":{"actionType":"viewed_content"}}`), emulator.Config{RequireReportPerson: true}, reports,
			outcome{200, 200, "", "r"}, outcome{200, 400, "missing-identity", ""}},
		"an event without a person is not a report": {call("/v1/track", `{"event":"Report Delivered"}`), emulator.Config{}, reports,
			outcome{200, 400, "missing-identity", ""}, outcome{200, 400, "missing-identity", ""}},
		"an object type in words": {call("/v1/group", `{"groupId":"acme","traits":{"objectTypeId":"companies"}}`), emulator.Config{RefuseOddObjectTypes: true}, objects,
			outcome{200, 200, "odd-object-type", "o"}, outcome{200, 400, "field-type odd-object-type", ""}},
		"an object type in halves": {call("/v1/group", `{"groupId":"acme","traits":{"object_type_id":1.5}}`), emulator.Config{RefuseOddObjectTypes: true}, objects,
			outcome{200, 200, "odd-object-type", "o"}, outcome{200, 400, "field-type odd-object-type", ""}},
		"an object type as a number": {call("/v1/group", `{"groupId":"acme","traits":{"objectTypeId":1}}`), emulator.Config{RefuseOddObjectTypes: true, DropUnknownObjectTypes: true}, objects,
			outcome{200, 200, "", "o"}, outcome{200, 200, "", "o"}},
		"an object type that is deleted in words": {call("/v1/track", `{"anonymousId":"a","event":"Object Deleted","properties":{"objectId":"acme","objectTypeId":"companies"}}`), emulator.Config{RefuseOddObjectTypes: true}, objects,
			outcome{200, 200, "odd-object-type,nothing-to-delete", ""}, outcome{200, 400, "field-type odd-object-type", ""}},
		"an object of a type that does not exist": {call("/v1/group", `{"userId":"u","groupId":"acme","traits":{"objectTypeId":"7"}}`), emulator.Config{DropUnknownObjectTypes: true}, objects,
			outcome{200, 200, "", "o"}, outcome{200, 200, "unknown-object-type", ""}},
		"a relationship to a type that does not exist": {call("/v1/identify", `{"userId":"u","traits":{"objectId":"acme","objectTypeId":"7","plan":"pro"}}`), emulator.Config{DropUnknownObjectTypes: true},
			func(c *client) string { return objects(c) + plan(c) },
			outcome{200, 200, "", `o"pro"`}, outcome{200, 200, "not-related", `"pro"`}},
		"everything is switched off": {call("/v1/identify", `{"userId":"u","integrations":{"All":false}}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "integrations-off", ""}, outcome{200, 200, "", "p"}},
		"everything is switched off for a batch": {call("/v1/batch", `{"integrations":{"All":false},"batch":[{"type":"identify","userId":"u"}]}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "integrations-off", ""}, outcome{200, 200, "", "p"}},
		"a message of such a batch is switched on": {call("/v1/batch", `{"integrations":{"All":false},"batch":[{"type":"identify","userId":"u","integrations":{"All":true}}]}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"a message of such a batch switches on another": {call("/v1/batch", `{"integrations":{"All":false},"batch":[{"type":"identify","userId":"u","integrations":{"Salesforce":true}}]}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "integrations-off", ""}, outcome{200, 200, "", "p"}},
		"a message of such a batch switches on Customer.io": {call("/v1/batch", `{"integrations":{"All":false,"Customer.io":false},"batch":[{"type":"identify","userId":"u","integrations":{"Customer.io":true}}]}`), emulator.Config{}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"one of two names is on, the first": {call("/v1/identify", `{"userId":"u","integrations":{"Customer.io":true,"Customer.io Actions":false,"All":false}}`), emulator.Config{}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"one of two names is on, the second": {call("/v1/identify", `{"userId":"u","integrations":{"All":false,"Customer.io Actions":false,"Customer.io":{"x":1}}}`), emulator.Config{}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"one of two names is off, the second": {call("/v1/identify", `{"userId":"u","integrations":{"Customer.io":true,"Customer.io Actions":false}}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "integrations-off", ""}, outcome{200, 200, "", "p"}},
		"everything but Customer.io": {call("/v1/identify", `{"userId":"u","integrations":{"All":false,"Customer.io Journeys":true}}`), emulator.Config{}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"Customer.io alone": {call("/v1/identify", `{"userId":"u","integrations":{"All":true,"Customer.io":false}}`), emulator.Config{IgnoreIntegrations: true}, people,
			outcome{200, 200, "integrations-off", ""}, outcome{200, 200, "", "p"}},
		"another destination": {call("/v1/identify", `{"userId":"u","integrations":{"All":true,"Salesforce":false}}`), emulator.Config{}, people,
			outcome{200, 200, "", "p"}, outcome{200, 200, "", "p"}},
		"an older identify that comes later": {func(c *client) answer {
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-02T00:00:00Z","traits":{"plan":"new"}}`, 200)
			return c.do(http.MethodPost, "/v1/identify", `{"userId":"u","timestamp":"2026-01-01T00:00:00Z","traits":{"plan":"old","since":1}}`)
		}, emulator.Config{OrderByTimestamp: true}, func(c *client) string { return c.traits("u") },
			outcome{200, 200, "", `{"plan":"old","since":1}`}, outcome{200, 200, "", `{"plan":"new","since":1}`}},
		"one between two": {func(c *client) answer {
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-01T00:00:00Z","traits":{"plan":"a"}}`, 200)
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-03T00:00:00Z","traits":{"plan":"a"}}`, 200)
			return c.do(http.MethodPost, "/v1/identify", `{"userId":"u","timestamp":"2026-01-02T00:00:00Z","traits":{"plan":"b"}}`)
		}, emulator.Config{OrderByTimestamp: true}, plan, outcome{200, 200, "", `"b"`}, outcome{200, 200, "", `"a"`}},
		"an older removal, and an older address": {func(c *client) answer {
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-02T00:00:00Z","traits":{"plan":"new","email":"new@a.example"}}`, 200)
			return c.do(http.MethodPost, "/v1/identify", `{"userId":"cio_00000001","timestamp":"2026-01-01T00:00:00Z","traits":{"plan":null,"email":"old@a.example"}}`)
		}, emulator.Config{OrderByTimestamp: true}, func(c *client) string { return c.traits("u") },
			outcome{200, 200, "", `{"email":"old@a.example"}`}, outcome{200, 200, "", `{"email":"new@a.example","plan":"new"}`}},
		"a page without a name": {call("/v1/page", `{"userId":"u","properties":{"url":"https://shop.example/a"}}`), emulator.Config{KeepPageNames: true}, events,
			outcome{200, 200, "", "page https://shop.example/a;"}, outcome{200, 200, "", "page ;"}},
		"a page with a name": {call("/v1/page", `{"userId":"u","name":"Pricing","properties":{"url":"https://shop.example/a"}}`), emulator.Config{KeepPageNames: true}, events,
			outcome{200, 200, "", "page Pricing;"}, outcome{200, 200, "", "page Pricing;"}},
		"a screen without a name": {call("/v1/screen", `{"userId":"u","properties":{"url":"app://a"}}`), emulator.Config{}, events,
			outcome{200, 200, "", "screen ;"}, outcome{200, 200, "", "screen ;"}},
		"two slashes": {call("//v1//track", `{"userId":"u","event":"e"}`), emulator.Config{JoinSlashes: true}, events,
			outcome{404, 404, "unknown-path", ""}, outcome{200, 200, "", "track e;"}},
		"a key without its colon": {authorized("Basic " + base64.StdEncoding.EncodeToString([]byte("key"))), emulator.Config{TakeBareKeys: true}, events,
			outcome{401, 401, "key-without-colon", ""}, outcome{200, 200, "", "track e;"}},
		"a bearer token": {authorized("Bearer key"), emulator.Config{TakeBearer: true}, events,
			outcome{401, 401, "bearer-key", ""}, outcome{200, 200, "", "track e;"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for i, want := range []outcome{test.otherwise, test.switched} {
				for _, strict := range []bool{false, true} {
					config := test.with
					if i == 0 {
						config = emulator.Config{}
					}
					c := newClient(t, config)
					c.strict = strict
					a := test.call(c)
					status := map[bool]int{false: want.permissive, true: want.strict}[strict]
					if a.status != status {
						t.Errorf("switched %v, strict %v: status %d %s, want %d", i == 1, strict, a.status, a.body, status)
					}
					if rule, _, _ := strings.Cut(want.rule, " "); a.status != 200 && !strings.Contains(a.body, rule) {
						t.Errorf("switched %v, strict %v: the answer does not name %s: %s", i == 1, strict, want.rule, a.body)
					}
					if got := test.look(c); got != want.seen {
						t.Errorf("switched %v, strict %v: %q, want %q", i == 1, strict, got, want.seen)
					}
					if a.status == http.StatusUnauthorized {
						c.key = emulator.UnknownKey
					}
					if r := c.last(); strings.TrimSpace(r.Rule+" "+warnings(r)) != want.rule {
						t.Errorf("switched %v, strict %v: rule %q, warnings %q, want %q", i == 1, strict, r.Rule, warnings(r), want.rule)
					}
				}
			}
		})
	}
}

// TestSwitchesOutliveARestart opens a store again, without the switches with
// which it was written. Messages that were accepted keep their effect.
func TestSwitchesOutliveARestart(t *testing.T) {
	t.Parallel()
	store := new(records)
	odd := emulator.Config{Store: store, KeepPageNames: true, ChangeEmails: true, IgnoreIntegrations: true, OrderByTimestamp: true}
	var before, after string
	for i, config := range []emulator.Config{odd, {Store: store}} {
		srv, err := emulator.Open(config)
		if err != nil {
			t.Fatal(err)
		}
		c := &client{t: t, srv: srv, key: "key", header: http.Header{}}
		if i == 0 {
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-02T00:00:00Z","traits":{"email":"a@a.example","plan":"new"},"integrations":{"All":false}}`, 200)
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-03T00:00:00Z","traits":{"email":"b@a.example"}}`, 200)
			c.post("/v1/identify", `{"userId":"u","timestamp":"2026-01-01T00:00:00Z","traits":{"plan":"old"}}`, 200)
			c.post("/v1/page", `{"userId":"u","properties":{"url":"/"}}`, 200)
			c.post("/batch", `{"batch":[{"type":"identify","userId":"u"},{"type":"identify","userId":"v"}]}`, 404)
			before = c.person("u") + encode(t, c.stats())
			continue
		}
		after = c.person("u") + encode(t, c.stats())
	}
	if before != after || !strings.Contains(before, `"rejected":2`) || !strings.Contains(before, `"plan":"new"`) {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}
