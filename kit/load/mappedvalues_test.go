package load

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// An expression that fails for one row has no effect on the next rows, however many there are.
func TestInterpreterGoesOn(t *testing.T) {
	t.Parallel()
	client := new(fakeClient)
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range 3000 {
		fmt.Fprintf(&in, "p%d,%s\n", i, []string{"1", "x", "3"}[i%3])
	}
	yaml := "messages:\n  - identify: {userId: $id, traits: {n: \"=sum(map(1..int(n), # * 2)) + len(filter([int(n), 5], # > 2))\"}}\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
	if err != nil || s.Accepted != 2000 || s.RowsRejected != 1000 {
		t.Fatalf("%v, %s, %+v", err, counts(s), s.First)
	}
	for i, m := range client.accepted {
		if want := []string{`{"n":3}`, `{"n":14}`}[i%2]; !strings.Contains(m, want) {
			t.Fatalf("message %d is %s, want %s", i, m, want)
		}
	}
	for _, r := range s.First {
		if r.Rule != mapping.RuleNotAnInteger || r.Column != "n" {
			t.Errorf("%+v", r)
		}
	}
}

func TestMappingValues(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml string
		in         string // CSV, or JSON Lines if it begins with a brace
		want       string // the first message, without the parts that every message has
	}{
		{"columns", "messages:\n  - identify: {userId: $id, traits: {n: $name}}\n", "id,name\n00012,\"x\"\"\ny\"\n", `"userId":"00012","traits":{"n":"x\"\ny"}`},
		{"any name", "messages:\n  - identify: {userId: '$[\"the id\"]', traits: {n: \"=upper($[\\\"first name\\\"]) + $['the id']\"}}\n", "the id,first name\n1,ann\n", `"userId":"1","traits":{"n":"ANN1"}`},
		{"literals", "messages:\n  - identify: {userId: $id, traits: {a: true, b: 12.00, c: text, d: ~, e: '7', f: 2021-01-01, g: [1, {h: x}], i: {}, j: yes, k: $$x, l: ==x, m: \"\", $$n: 1}}\n", "id\n1\n",
			`"userId":"1","traits":{"a":true,"b":12.00,"c":"text","d":null,"e":"7","f":"2021-01-01","g":[1,{"h":"x"}],"i":{},"j":"yes","k":"$x","l":"=x","m":"","$n":1}`},
		{"empty cells are absent", "messages:\n  - identify: {userId: $id, traits: {a: $a, b: =int(a), c: {d: $a}, e: [$a, $id], f: [$a], g: =upper(a)}}\n", "id,a\n1,\n", `"userId":"1","traits":{"e":["1"]}`},
		{"no traits at all", "messages:\n  - identify: {userId: $id, traits: {a: $a}}\n", "id,a\n1,\n", `"userId":"1"`},
		{"null where it is asked for", "messages:\n  - identify: {userId: $id, traits: {a: $a, b: $b, c: =int(a), d: =upper(a)}}\n    null: [a]\n", "id,a,b\n1,,\n", `"userId":"1","traits":{"a":null,"c":null,"d":null}`},
		{"anchors and merges", "x: &x {plan: $plan}\nmessages:\n  - identify: {userId: $id, traits: {<<: *y, id: $id}}\n", "", ""},
		{"merge", "messages:\n  - identify: &base {userId: $id, traits: &t {plan: $plan, n: 1}}\n  - identify: {<<: *base, traits: {<<: *t, n: 2}}\n", "id,plan\n1,pro\n", `"userId":"1","traits":{"plan":"pro","n":1}`},
		{"calculations", "messages:\n  - track: {userId: $id, event: \"=paid == 'y' ? 'Paid' : 'Due'\", properties: {cents: =int(amount) * 100, d: \"=paid == 'y' ? decimal(amount) : nil\"}}\n", "id,paid,amount\n1,y,012\n", `"userId":"1","event":"Paid","properties":{"cents":1200,"d":12}`},
		{"functions named as columns", "messages:\n  - identify: {userId: $id, traits: {d: =date(date), n: =int(int) + len(len)}}\n", "id,date,int,len\n1,2021-01-01,2,abc\n", `"userId":"1","traits":{"d":"2021-01-01T00:00:00Z","n":5}`},
		{"a local name", "messages:\n  - identify: {userId: $id, traits: {n: \"=let id = 5; id + 1\"}}\n", "id\n1\n", `"userId":"1","traits":{"n":6}`},
		{"an empty cell in a calculation", "messages:\n  - identify: {userId: $id, traits: {n: =(int(a) ?? 0) + 1}}\n", "id,a\n1,\n", `"userId":"1","traits":{"n":1}`},
		{"numbers of JSON keep their text", "messages:\n  - identify: {userId: $id, traits: {a: $a, b: =decimal(a), c: \"=true ? decimal(a) : nil\", d: $o, e: =o.x}}\n", `{"id":12,"a":12.00,"o":{"x":1.50,"y":[null]}}`,
			`"userId":"12","traits":{"a":12.00,"b":12.00,"c":12.00,"d":{"x":1.50,"y":[null]},"e":1.50}`},
		{"an object of JSON", "messages:\n  - identify: {userId: $id, traits: $t}\n", `{"id":"a\u00e9\ud834\udd1e","t":{"x":[]}}`, "\"userId\":\"a\u00e9\U0001d11e\",\"traits\":{\"x\":[]}"},
		{"digits that JSON numbers of Go cannot hold", "messages:\n  - identify: {userId: $id, traits: {a: \"=true ? decimal(a) : nil\"}}\n", `{"id":"1","a":12345678901234567890.123456789}`, `"userId":"1","traits":{"a":12345678901234567890.123456789}`},
		{"a NUL in text of JSON", "messages:\n  - identify: {userId: $id, traits: {a: $a}}\n", `{"id":"1","a":"x\u0000y"}`, `"userId":"1","traits":{"a":"x\u0000y"}`},
		{"group", "messages:\n  - group: {groupId: $id, traits: {objectTypeId: '2', name: $n}}\n", "id,n\n7,Acme\n", `"groupId":"7","traits":{"objectTypeId":"2","name":"Acme"}`},
		{"screen", "messages:\n  - screen: {anonymousId: $id, name: $n, category: C, properties: {x: 1}, integrations: {All: false}, context: {ip: $n}}\n", "id,n\n7,Home\n",
			`"anonymousId":"7","name":"Home","category":"C","properties":{"x":1},"integrations":{"All":false},"ip":"Home"`},
		{"alias", "messages:\n  - alias: {userId: $id, previousId: $old}\n", "id,old\n7,6\n", `"userId":"7","previousId":"6"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if tt.want == "" {
				if _, err := mapping.Parse("m.yaml", []byte(tt.yaml)); err == nil {
					t.Error("an unknown alias was accepted")
				}
				return
			}
			client := new(fakeClient)
			s, err := Run(t.Context(), Job{Source: mustSource(t, tt.in, source.Config{}), Mapping: mustMapping(t, tt.yaml), Client: client})
			if err != nil || len(client.accepted) == 0 {
				t.Fatalf("%v, %+v", err, s)
			}
			if got := bare(t, client.accepted[0]); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// bare removes the parts that every message has: type, id, time and the library's context.
func bare(t *testing.T, message string) string {
	t.Helper()
	_, rest, ok := strings.Cut(message, `"timestamp":"`)
	if !ok {
		t.Fatalf("%s has no timestamp", message)
	}
	_, rest, _ = strings.Cut(rest, `",`)
	rest, context, _ := strings.Cut(rest, `,"context":`)
	if _, ip, ok := strings.Cut(context, `"ip":`); ok {
		rest += `,"ip":` + strings.TrimRight(ip, "}")
	}
	return rest
}

func TestKinds(t *testing.T) {
	t.Parallel()
	const head = "id,a,b,n,at\n7,x,y,3,2021-01-02\n"
	tests := []struct{ name, yaml, want string }{
		{"delete_person", "delete_person: {userId: $id}", `"userId":"7","event":"User Deleted"`},
		{"suppress_person", "suppress_person: {userId: $id}", `"userId":"7","event":"User Suppressed"`},
		{"unsuppress_person", "unsuppress_person: {userId: $id}", `"userId":"7","event":"User Unsuppressed"`},
		{"set_device", "set_device: {userId: $id, token: $a, platform: ios, appId: com.x, attributes: {n: =int(n)}}",
			`"userId":"7","event":"Device Created or Updated","properties":{"n":3},"context":{"library":L,"device":{"token":"x","type":"ios"},"app":{"namespace":"com.x"}}`},
		{"delete_device", "delete_device: {userId: $id, token: $a}", `"userId":"7","event":"Device Deleted","context":{"library":L,"device":{"token":"x"}}`},
		{"set_object", "set_object: {objectId: $id, objectTypeId: 2, attributes: {name: $a}}", `"groupId":"7","traits":{"name":"x","objectTypeId":"2"}`},
		{"relate", "relate: {userId: $a, objectId: $id, attributes: {role: $b}}", `"userId":"x","groupId":"7","traits":{"objectTypeId":"1","relationshipAttributes":{"role":"y"}}`},
		{"delete_object", "delete_object: {objectId: $id}", `"anonymousId":"7","event":"Object Deleted","properties":{"objectId":"7","objectTypeId":1}`},
		{"delete_relationship", "delete_relationship: {userId: $a, objectId: $id}", `"userId":"x","event":"Relationship Deleted","properties":{"objectId":"7","objectTypeId":1}`},
		{"report_delivery", "report_delivery: {deliveryId: $id, metric: opened}", `"anonymousId":"7","event":"Report Delivery Event","properties":{"deliveryId":"7","metric":"opened"}`},
		{"report_content", "report_content: {userId: $a, actionType: clicked_content, contentId: $id}", `"userId":"x","event":"Report Content Event","properties":{"actionType":"clicked_content","contentId":7}`},
		{"an event", "order_completed: {userId: $a, order_id: $id, total: =decimal(n), products: [{product_id: $b, quantity: =int(n)}], properties: {shop: Bonn}}",
			`"userId":"x","event":"Order Completed","properties":{"shop":"Bonn","order_id":"7","total":3,"products":[{"product_id":"y","quantity":3}]}`},
		{"an event with a part in the context", "email_opened: {userId: $id, email_id: $a, email: $b, context: {ip: $n}}",
			`"userId":"7","event":"Email Opened","properties":{"email_id":"x"},"context":{"library":L,"ip":"3","traits":{"email":"y"}}`},
		{"an event that acts, by its own name", "user_deleted: {userId: $id}", `"userId":"7","event":"User Deleted"`},
		{"a condition that is true", "page: {userId: $id}\n    when: =b == \"y\"", `"userId":"7"`},
		{"a default", "identify: {userId: $id, traits: {n: =int(none), m: =int(n)}}\n    default: {none: 5, n: 8}", `"userId":"7","traits":{"n":5,"m":3}`},
		{"?? of a text", "identify: {userId: $id, traits: {p: '=none ?? \"free\"', q: '=trim(none) ?? a', r: '=a ?? \"z\"'}}", `"userId":"7","traits":{"p":"free","q":"x","r":"x"}`},
		{"all columns but some", "identify: {userId: $id, traits: {$all: {except: [id, b, at]}, n: =int(n)}}\n    null: [none]", `"userId":"7","traits":{"a":"x","none":null,"n":3}`},
	}
	header := strings.Replace(head, "at\n", "at,none\n", 1)
	header = strings.Replace(header, "-02\n", "-02,\n", 1)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			client := new(fakeClient)
			s, err := Run(t.Context(), Job{Source: mustSource(t, header, source.Config{}), Mapping: mustMapping(t, "messages:\n  - "+tt.yaml+"\n"), Client: client})
			if err != nil || len(client.accepted) != 1 {
				t.Fatalf("%v, %+v", err, s)
			}
			got := client.accepted[0]
			if _, rest, ok := strings.Cut(got, `"library":`); ok {
				end := strings.Index(rest, "}") + 1
				got = strings.Replace(got, rest[:end], "L", 1)
			}
			got = strings.Replace(got, `,"context":{"library":L}`, "", 1)
			_, got, _ = strings.Cut(got, `"timestamp":"`)
			_, got, _ = strings.Cut(got, `",`)
			if got = strings.TrimSuffix(got, "}"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

// A row that does not meet the condition has no message; a condition that is neither true nor false rejects the row.
func TestConditions(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id}\n    when: =status != \"gone\"\n  - delete_person: {userId: $id}\n    when: =status == \"gone\"\n"
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id,status\n1,here\n2,gone\n3,\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 3 bad 0 empty 0; messages 3 accepted 3 rejected 0 by API 0 unsent 0"; got != want || !strings.Contains(client.accepted[1], "User Deleted") {
		t.Errorf("got %s\nwant %s\n%s", got, want, client.accepted)
	}

	client = new(fakeClient)
	var rejects bytes.Buffer
	in := `{"id":"1","ok":true}` + "\n" + `{"id":"2","ok":false}` + "\n" + `{"id":"3"}` + "\n" + `{"id":"4","ok":"yes"}` + "\n"
	s, err = Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, "messages:\n  - identify: {userId: $id}\n    when: $ok\n"), Client: client, Rejects: &rejects})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 4 bad 1 empty 2; messages 2 accepted 1 rejected 1 by API 0 unsent 0"; got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if !strings.Contains(rejects.String(), `"line":4,"column":"ok","field":"when","rule":"expression-failed"`) {
		t.Errorf("rejects %s", rejects.String())
	}
}

// All members of a row of JSON Lines except some: with their text, the last of equal names, and a mapping's own value instead of a member's.
func TestAllMembers(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id, password]}, plan: \"=plan == 'pro' ? 'PRO' : nil\"}}\n"
	in := `{"id":"1", "a":1.50, "b":{"x":[ 1,2 ]}, "c":null, "password":"p", "plan":"pro", "a":2, "\u00e9":"\u00e9"}` + "\n" + `{"id":"2"}` + "\n" + "{\"id\":\"3\",\"bad\":\"\xff\"}\n"
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
	if err != nil || len(client.accepted) != 2 {
		t.Fatalf("%v, %+v", err, s)
	}
	checkSum(t, s)
	if got, want := bare(t, client.accepted[0]), `"userId":"1","traits":{"a":2,"b":{"x":[1,2]},"\u00e9":"\u00e9","plan":"PRO"}`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := bare(t, client.accepted[1]); got != `"userId":"2"` {
		t.Errorf("got %s", got)
	}
	if len(s.First) != 1 || s.First[0].Field != "traits.bad" || s.First[0].Column != "bad" || s.First[0].Rule != mapping.RuleNotUTF8 {
		t.Errorf("rejects %+v", s.First)
	}
}

// Values that Customer.io reads as true or false, or as a time, are sent as such, or the row is rejected, from every kind of input and under every
// name.
func TestReservedTraits(t *testing.T) {
	t.Parallel()
	type test struct{ trait, cell, want string }
	text := []test{
		{"unsubscribed", "True", `true`}, {"unsubscribed", "False", `false`}, {"unsubscribed", "1", `true`}, {"unsubscribed", "0", `false`}, {"unsubscribed", "yes", `true`}, {"unsubscribed", "N", `false`},
		{"unsubscribed", "2", mapping.RuleNotABoolean}, {"unsubscribed", "unsubscribed", mapping.RuleNotABoolean}, {"unsubscribed", "subscribed", mapping.RuleNotABoolean}, {"unsubscribed", "", `nothing`}, {"unsubscribed", "2024-01-01", mapping.RuleNotABoolean},
		{"created_at", "2024-01-01", `"2024-01-01T00:00:00Z"`}, {"createdAt", "2024-01-01 12:00:00", `"2024-01-01T12:00:00Z"`}, {"created_at", "01.02.2024", mapping.RuleNotADate}, {"created_at", "1700000000", mapping.RuleNotADate}, {"created_at", "yesterday", mapping.RuleNotADate},
		{"cio_subscription_preferences", `{"topics":{"topic_1":true}}`, mapping.RuleNotABoolean}, {"cio_subscription_preferences.topics.topic_1", "False", "false"}, {"cio_subscription_preferences.topics.topic_1", "maybe", mapping.RuleNotABoolean},
		{"Unsubscribed", "False", `"False"`}, {"unsubscribed_at", "False", `"False"`},
	}
	json := []test{
		{"unsubscribed", `"False"`, `false`}, {"unsubscribed", `true`, `true`}, {"unsubscribed", `1`, `true`}, {"unsubscribed", `2`, mapping.RuleNotABoolean}, {"unsubscribed", `1.0`, mapping.RuleNotABoolean}, {"unsubscribed", `["x"]`, mapping.RuleNotABoolean}, {"unsubscribed", `"no way"`, mapping.RuleNotABoolean},
		{"created_at", `1700000000`, `1700000000`}, {"created_at", `1700000000000`, mapping.RuleNotADate}, {"created_at", `1.5`, mapping.RuleNotADate}, {"created_at", `true`, mapping.RuleNotADate}, {"created_at", `"2024-01-01T00:00:00+02:00"`, `"2023-12-31T22:00:00Z"`},
		{"cio_subscription_preferences", `{"channels":{"email":null},"topics":{"topic_1":true,"topic_2":false}}`, `{"channels":{"email":null},"topics":{"topic_1":true,"topic_2":false}}`},
		{"cio_subscription_preferences", `{"topics":{"topic_1":"true"}}`, mapping.RuleNotABoolean}, {"cio_subscription_preferences", `{"topics":[1]}`, mapping.RuleNotABoolean}, {"cio_subscription_preferences", `"x"`, mapping.RuleNotABoolean},
	}
	check := func(yaml, in string, tt test) {
		t.Helper()
		client := new(fakeClient)
		m, err := mapping.Parse("m.yaml", []byte(yaml))
		if err != nil {
			t.Fatal(err)
		}
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: m, Client: client})
		got := ""
		switch {
		case err != nil:
			t.Errorf("%s: %v", yaml, err)
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
			t.Errorf("%s\n%s%s: %s, want %s", yaml, in, tt.trait, got, tt.want)
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
	check("messages:\n  - set_device: {userId: $id, token: t, platform: ios, attributes: {last_used: $v}}\n", "id,v\n1,soon\n", test{"last_used", "", mapping.RuleNotADate})
	check("messages:\n  - track: {userId: $id, event: E, properties: {unsubscribed: $v}}\n", "id,v\n1,soon\n", test{"unsubscribed", "", `"soon"`})
	for _, bad := range []string{"unsubscribed: maybe", "unsubscribed: 2", "created_at: soon", "created_at: 1700000000000", "cio_subscription_preferences: {topics: {topic_1: perhaps}}"} {
		_, err := mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {"+bad+"}}\n").Compile(nil, false)
		if err == nil || !strings.Contains(err.Error(), ":2:") {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The properties of semantic events are checked for each row if the mapping cannot know their type.
func TestPropertiesOfRows(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - order_completed: {userId: $id, order_id: $o, total: $t, products: $p, currency: =c ?? nil}\n"
	for _, tt := range []struct{ row, rule string }{
		{`{"id":"1","o":"7","t":1.5,"p":[{"product_id":"x","quantity":2}],"c":"EUR"}`, ""},
		{`{"id":"1","o":"7","t":1.5,"p":[]}`, ""},
		{`{"id":"1","o":"7"}`, ""},
		{`{"id":"1","o":7,"t":1.5}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","t":"1.5"}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","t":true}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","c":5}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","p":{"product_id":"x"}}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","p":["x"]}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"x","quantity":"2"}]}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"x","quantity":2.5}]}`, mapping.RulePropertyType},
		{`{"id":"1","o":"7","p":[{"product_id":"a,]}","quantity":2e0},{"product_id":1}]}`, mapping.RulePropertyType},
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
	// The same is true of members that $all adds and of properties in other properties. A name that is not in the catalogue can have any value.
	for _, below := range []string{"$all: {except: [id, o]}", "total: $total, products: $products, currency: $currency, mine: $mine"} {
		yaml := "messages:\n  - order_completed: {userId: $id, order_id: $o, properties: {" + below + "}}\n"
		for row, rule := range map[string]string{
			`{"id":"1","o":"7","total":1.5,"products":[{"product_id":"x"}],"currency":"EUR","mine":"x"}`: "",
			`{"id":"1","o":"7","total":"x"}`:                                   mapping.RulePropertyType,
			`{"id":"1","o":"7","products":"none"}`:                             mapping.RulePropertyType,
			`{"id":"1","o":"7","products":[{"product_id":"x","price":"abc"}]}`: mapping.RulePropertyType,
			`{"id":"1","o":"7","currency":7,"mine":{"any":[1]}}`:               mapping.RulePropertyType,
		} {
			s, err := Run(t.Context(), Job{Source: mustSource(t, row+"\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: new(fakeClient)})
			if err != nil || rule == "" && s.RowsRejected > 0 || rule != "" && (s.RowsRejected != 1 || s.First[0].Rule != rule) {
				t.Errorf("%s: %s: %v %+v", below, row, err, s.First)
			}
		}
	}
	// A required property of an event is as missing from an empty cell as from the mapping.
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
	for cell, rule := range map[string]string{"pre-roll": "", "preroll": mapping.RulePropertyValue} {
		s, err := Run(t.Context(), Job{Source: mustSource(t, "id,v\n1,"+cell+"\n", source.Config{}), Mapping: mustMapping(t, video), Client: new(fakeClient)})
		if err != nil || rule == "" && s.RowsRejected > 0 || rule != "" && (s.RowsRejected != 1 || s.First[0].Rule != rule) {
			t.Errorf("%s: %v %+v", cell, err, s.First)
		}
	}
}

// The zone of the mapping applies to all times without a zone. A zone of a date function has precedence.
func TestZoneOfMapping(t *testing.T) {
	t.Parallel()
	yaml := "time_zone: Europe/Berlin\nmessages:\n" +
		"  - track: {userId: $id, event: E, timestamp: $at, properties: {a: '=date(at)', b: '=date(trim(at))', c: '=date(at, \"UTC\")', d: '=date(at, \"later\")', e: '=date(ts, \"unix\")', f: $at}}\n" +
		"  - track: {userId: $id, event: F, timestamp: 2024-01-01, properties: {g: 1}}\n" +
		"  - track: {userId: $id, event: G, timestamp: '=trim(at)'}\n"
	client := new(fakeClient)
	in := "id,at,ts\n1,2024-07-01 12:00:00,1719828000\n2,2024-10-27 02:30:00,0\n3,2024-03-31 02:30:00,0\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
	if err != nil || s.Accepted != 6 || s.RowsRejected != 1 || s.First[0].Rule != mapping.RuleSkippedTime || s.First[0].Column != "at" || s.First[0].Field != "messages[0].timestamp" {
		t.Fatalf("%v %s %+v", err, counts(s), s.First)
	}
	all := strings.Join(client.accepted, "\n")
	for _, want := range []string{
		`"event":"E","properties":{"a":"2024-07-01T10:00:00Z","b":"2024-07-01T10:00:00Z","c":"2024-07-01T12:00:00Z","d":"2024-07-01T10:00:00Z","e":"2024-07-01T10:00:00Z","f":"2024-07-01 12:00:00"}`,
		`"timestamp":"2024-07-01T10:00:00Z","userId":"1","event":"E"`, `"timestamp":"2024-07-01T10:00:00Z","userId":"1","event":"G"`,
		`"timestamp":"2023-12-31T23:00:00Z","userId":"1","event":"F"`,
		`"a":"2024-10-27T00:30:00Z","b":"2024-10-27T00:30:00Z","c":"2024-10-27T02:30:00Z","d":"2024-10-27T01:30:00Z"`,
	} {
		if !strings.Contains(all, want) {
			t.Errorf("%s is missing in\n%s", want, all)
		}
	}
	for _, w := range s.Warned {
		if w.Rule == mapping.RuleTimeTwice && (w.Count != 4 || w.Line != 3 || w.Field != "timestamp" || !strings.Contains(w.Hint, `"later"`)) {
			t.Errorf("%+v", w)
		}
	}
	for _, bad := range []struct{ zone, timestamp, want string }{
		{"CET", "$at", "not the full name"}, {"[UTC]", "$at", "time_zone is a list"}, {"Europe/Berlin", "2024-03-31 02:30:00", "put forward"}, {"Europe/Berlin", "2024-10-27 02:30:00", "twice"},
	} {
		m, err := mapping.Parse("m.yaml", []byte("time_zone: "+bad.zone+"\nmessages:\n  - page: {userId: $id, timestamp: "+bad.timestamp+"}\n"))
		if err == nil {
			_, err = m.Compile(nil, false)
		}
		if err == nil || !strings.Contains(err.Error(), bad.want) {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}
