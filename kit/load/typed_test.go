package load

import (
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// bool takes what is true or false beyond doubt, with the interpreter and without.
func TestBool(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, in, want string }{
		{"", "true", "true"}, {"", "True", "true"}, {"", "TRUE", "true"}, {"", "t", "true"}, {"", "yes", "true"}, {"", "Y", "true"}, {"", "on", "true"}, {"", "1", "true"},
		{"", "false", "false"}, {"", "False", "false"}, {"", "F", "false"}, {"", "No", "false"}, {"", "n", "false"}, {"", "OFF", "false"}, {"", "0", "false"}, {"", "", "nothing"},
		{"", "2", RuleNotABoolean}, {"", "1.0", RuleNotABoolean}, {"", " true", RuleNotABoolean}, {"", "ja", RuleNotABoolean}, {"", "x", RuleNotABoolean}, {"", "-", RuleNotABoolean}, {"", "null", RuleNotABoolean}, {"", "truefalse", RuleNotABoolean},
		{`, "ja", "nein"`, "ja", "true"}, {`, "ja", "nein"`, "nein", "false"}, {`, "ja", "nein"`, "true", RuleNotABoolean}, {`, "ja", "nein"`, "Ja", RuleNotABoolean}, {`, "ja", "nein"`, "", "nothing"},
		{`, "ja"`, "ja", "compile"}, {`, "ja", "ja"`, "ja", "compile"}, {`, "a", "b", "c"`, "a", "compile"},
	}
	for _, tt := range tests {
		for _, expression := range []string{"bool(a" + tt.args + ")", "bool(trim(a)" + tt.args + ")"} {
			if strings.Contains(expression, "trim") && tt.in != strings.TrimSpace(tt.in) {
				continue
			}
			if got := calculate(t, expression, source.Text, tt.in, "", ""); got != tt.want {
				t.Errorf("%s of %q: %s, want %s", expression, tt.in, got, tt.want)
			}
		}
	}
	for in, want := range map[string]string{"true": "true", "false": "false", "1": "true", "0": "false", `"yes"`: "true", `""`: "nothing", "2": RuleNotABoolean, "[]": RuleNotText, `"maybe"`: RuleNotABoolean} {
		for _, expression := range []string{"bool(a)", "bool(a ?? nil)"} {
			if got := calculate(t, expression, source.JSON, in, "1", "1"); got != want && (expression == "bool(a)" || got != RuleExpression) {
				t.Errorf("%s of %s: %s, want %s", expression, in, got, want)
			}
		}
	}
}

// What Customer.io reads as true or false, or as a time, is sent as such, or the row is rejected, from whatever input and however it is named.
func TestReservedTraits(t *testing.T) {
	t.Parallel()
	type test struct{ trait, cell, want string }
	text := []test{
		{"unsubscribed", "True", `true`}, {"unsubscribed", "False", `false`}, {"unsubscribed", "1", `true`}, {"unsubscribed", "0", `false`}, {"unsubscribed", "yes", `true`}, {"unsubscribed", "N", `false`},
		{"unsubscribed", "2", RuleNotABoolean}, {"unsubscribed", "unsubscribed", RuleNotABoolean}, {"unsubscribed", "subscribed", RuleNotABoolean}, {"unsubscribed", "", `nothing`}, {"unsubscribed", "2024-01-01", RuleNotABoolean},
		{"created_at", "2024-01-01", `"2024-01-01T00:00:00Z"`}, {"createdAt", "2024-01-01 12:00:00", `"2024-01-01T12:00:00Z"`}, {"created_at", "01.02.2024", RuleNotADate}, {"created_at", "1700000000", RuleNotADate}, {"created_at", "yesterday", RuleNotADate},
		{"cio_subscription_preferences", `{"topics":{"topic_1":true}}`, RuleNotABoolean}, {"cio_subscription_preferences.topics.topic_1", "False", "false"}, {"cio_subscription_preferences.topics.topic_1", "maybe", RuleNotABoolean},
		{"Unsubscribed", "False", `"False"`}, {"unsubscribed_at", "False", `"False"`},
	}
	json := []test{
		{"unsubscribed", `"False"`, `false`}, {"unsubscribed", `true`, `true`}, {"unsubscribed", `1`, `true`}, {"unsubscribed", `2`, RuleNotABoolean}, {"unsubscribed", `1.0`, RuleNotABoolean}, {"unsubscribed", `["x"]`, RuleNotABoolean}, {"unsubscribed", `"no way"`, RuleNotABoolean},
		{"created_at", `1700000000`, `1700000000`}, {"created_at", `1700000000000`, RuleNotADate}, {"created_at", `1.5`, RuleNotADate}, {"created_at", `true`, RuleNotADate}, {"created_at", `"2024-01-01T00:00:00+02:00"`, `"2023-12-31T22:00:00Z"`},
		{"cio_subscription_preferences", `{"channels":{"email":null},"topics":{"topic_1":true,"topic_2":false}}`, `{"channels":{"email":null},"topics":{"topic_1":true,"topic_2":false}}`},
		{"cio_subscription_preferences", `{"topics":{"topic_1":"true"}}`, RuleNotABoolean}, {"cio_subscription_preferences", `{"topics":[1]}`, RuleNotABoolean}, {"cio_subscription_preferences", `"x"`, RuleNotABoolean},
	}
	check := func(mapping, in string, tt test) {
		t.Helper()
		client := new(fakeClient)
		m, err := ParseMapping("m.yaml", []byte(mapping))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: m, Client: client})
		got := ""
		switch {
		case err != nil:
			t.Errorf("%s: %v", mapping, err)
			return
		case s.RowsRejected == 1:
			got = s.First[0].Rule
			if s.First[0].Column != "v" && s.First[0].Column != tt.trait {
				t.Errorf("%+v: the column is %q", tt, s.First[0].Column)
			}
		case len(client.accepted) == 1:
			_, got, _ = strings.Cut(client.accepted[0], `"`+tt.trait+`":`)
			if got, _, _ = strings.Cut(got, `},"context"`); got == "" {
				got = "nothing"
			}
		}
		if got != tt.want {
			t.Errorf("%s\n%s%s: %s, want %s", mapping, in, tt.trait, got, tt.want)
		}
	}
	named := func(trait, value string) string {
		return "messages:\n  - identify: {userId: $id, traits: {'" + trait + "': '" + value + "'}}\n"
	}
	const all = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id]}}}\n"
	for _, tt := range text {
		cell := `"` + strings.ReplaceAll(tt.cell, `"`, `""`) + `"`
		check(named(tt.trait, "$v"), "id,v\n1,"+cell+"\n", tt)
		check(named(tt.trait, "=trim(v)"), "id,v\n1,"+cell+"\n", tt)
		check(all, "id,"+tt.trait+"\n1,"+cell+"\n", tt)
	}
	for _, tt := range json {
		check(named(tt.trait, "$v"), `{"id":"1","v":`+tt.cell+"}\n", tt)
		check(named(tt.trait, "=v ?? nil"), `{"id":"1","v":`+tt.cell+"}\n", tt)
		check(all, `{"id":"1","`+tt.trait+`":`+tt.cell+"}\n", tt)
	}
	check("messages:\n  - identify: {userId: $id, traits: {cio_subscription_preferences: {topics: {topic_1: $v}}}}\n", "id,v\n1,no\n", test{"topic_1", "", "false}}"})
	check("messages:\n  - set_device: {userId: $id, token: t, platform: ios, attributes: {last_used: $v}}\n", "id,v\n1,soon\n", test{"last_used", "", RuleNotADate})
	check("messages:\n  - track: {userId: $id, event: E, properties: {unsubscribed: $v}}\n", "id,v\n1,soon\n", test{"unsubscribed", "", `"soon"`})
	for _, bad := range []string{"unsubscribed: maybe", "unsubscribed: 2", "created_at: soon", "created_at: 1700000000000", "cio_subscription_preferences: {topics: {topic_1: perhaps}}"} {
		_, err := mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {"+bad+"}}\n").compile(nil)
		if err == nil || !strings.Contains(err.Error(), ":2:") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The properties of semantic events are checked row by row where the mapping cannot tell their type.
func TestPropertiesOfRows(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - order_completed: {userId: $id, order_id: $o, total: $t, products: $p, currency: =c ?? nil}\n"
	for _, tt := range []struct{ row, rule string }{
		{`{"id":"1","o":"7","t":1.5,"p":[{"product_id":"x","quantity":2}],"c":"EUR"}`, ""},
		{`{"id":"1","o":"7","t":1.5,"p":[]}`, ""},
		{`{"id":"1","o":"7"}`, ""},
		{`{"id":"1","o":7,"t":1.5}`, RulePropertyType},
		{`{"id":"1","o":"7","t":"1.5"}`, RulePropertyType},
		{`{"id":"1","o":"7","t":true}`, RulePropertyType},
		{`{"id":"1","o":"7","c":5}`, RulePropertyType},
		{`{"id":"1","o":"7","p":{"product_id":"x"}}`, RulePropertyType},
		{`{"id":"1","o":"7","p":["x"]}`, RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"x","quantity":"2"}]}`, RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"x","quantity":2.5}]}`, RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"a,]}","quantity":2e0},{"product_id":1}]}`, RulePropertyType},
	} {
		s, err := Run(t.Context(), Job{Source: mustSource(t, tt.row+"\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: new(fakeClient)})
		got := ""
		if err == nil && s.RowsRejected == 1 {
			got = s.First[0].Rule
		}
		if err != nil || got != tt.rule {
			t.Errorf("%s: %v %q, want %q", tt.row, err, got, tt.rule)
		}
	}
	// The same holds of members that $all brings and of properties that stand below properties; a name that is not the catalogue's is anything.
	for _, below := range []string{"$all: {except: [id, o]}", "total: $total, products: $products, currency: $currency, mine: $mine"} {
		yaml := "messages:\n  - order_completed: {userId: $id, order_id: $o, properties: {" + below + "}}\n"
		for row, rule := range map[string]string{
			`{"id":"1","o":"7","total":1.5,"products":[{"product_id":"x"}],"currency":"EUR","mine":"x"}`: "",
			`{"id":"1","o":"7","total":"x"}`:                                   RulePropertyType,
			`{"id":"1","o":"7","products":"none"}`:                             RulePropertyType,
			`{"id":"1","o":"7","products":[{"product_id":"x","price":"abc"}]}`: RulePropertyType,
			`{"id":"1","o":"7","currency":7,"mine":{"any":[1]}}`:               RulePropertyType,
		} {
			s, err := Run(t.Context(), Job{Source: mustSource(t, row+"\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: new(fakeClient)})
			if err != nil || rule == "" && s.RowsRejected > 0 || rule != "" && (s.RowsRejected != 1 || s.First[0].Rule != rule) {
				t.Errorf("%s: %s: %v %+v", below, row, err, s.First)
			}
		}
	}
	// What an event cannot do without is as missing from an empty cell as from the mapping.
	for _, opened := range []string{"email_id: $e", "email_id: =e", "email_id: '=e ?? \"\"'"} {
		for in, rejected := range map[string]int64{
			"{\"id\":\"1\",\"e\":\"x\"}\n{\"id\":\"2\",\"e\":\"\"}\n": 1, "{\"id\":\"1\",\"e\":null}\n": 1, "{\"id\":\"1\"}\n": 1, "id,e\n1,x\n2,\n": 1, "id,e\n1,x\n,\n": 0,
		} {
			s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, "messages:\n  - email_opened: {userId: $id, "+opened+"}\n"), Client: new(fakeClient)})
			if err != nil || s.RowsRejected != rejected || rejected > 0 && s.First[0].Rule != string(cio.RuleRequired) {
				t.Errorf("%s of %q: %v, %d rejected: %+v", opened, in, err, s.RowsRejected, s.First)
			}
		}
	}
	const video = "messages:\n  - video_ad_started: {userId: $id, type: $v}\n"
	for cell, rule := range map[string]string{"pre-roll": "", "preroll": RulePropertyValue} {
		s, err := Run(t.Context(), Job{Source: mustSource(t, "id,v\n1,"+cell+"\n", source.Config{}), Mapping: mustMapping(t, video), Client: new(fakeClient)})
		if err != nil || rule == "" && s.RowsRejected > 0 || rule != "" && (s.RowsRejected != 1 || s.First[0].Rule != rule) {
			t.Errorf("%s: %v %+v", cell, err, s.First)
		}
	}
}
