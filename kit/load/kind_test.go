package load

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/source"
)

// Every semantic event can be written by its name, and no property of one hides a field of its message.
func TestEventsByName(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		k := kinds[snakeCase(d.Name)]
		if k == nil || k.event != d.Name {
			t.Errorf("%s cannot be written as %s", d.Name, snakeCase(d.Name))
			continue
		}
		for _, f := range d.Fields {
			for name := range fieldNames {
				if fieldNames[name] == f.Name && (field(name) >= fieldTexts || field(name) == fieldUserID || field(name) == fieldAnonymousID) {
					t.Errorf("%s: the property %s is also a field", d.Name, f.Name)
				}
			}
		}
	}
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
		{"a condition that holds", "page: {userId: $id}\n    when: =b == \"y\"", `"userId":"7"`},
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

// What a row does not meet the condition of is no message; a condition that is neither true nor false refuses the row.
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

// All members of a row of JSON Lines but some: with their text, the last of equal names, and a mapping's own value before a member's.
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
	if len(s.First) != 1 || s.First[0].Field != "traits.bad" || s.First[0].Column != "bad" || s.First[0].Rule != RuleNotUTF8 {
		t.Errorf("rejects %+v", s.First)
	}
}

// The kinds that act make what their types in package cio make.
func TestActionsAreThoseOfTheClient(t *testing.T) {
	t.Parallel()
	for _, k := range actions {
		v := &values{}
		for _, f := range k.fields {
			if f < fieldTexts {
				v.text[f] = "1"
			}
		}
		v.text[fieldPlatform], v.text[fieldMetric], v.text[fieldActionType] = string(cio.PlatformIOS), string(cio.MetricOpened), string(cio.ContentActionViewed)
		m, bad := k.message(v)
		if bad != nil {
			t.Errorf("%s: %v", k.name, bad)
			continue
		}
		e, err := cio.Encode(m)
		if err != nil {
			t.Errorf("%s: %v", k.name, err)
			continue
		}
		data, _ := e.AppendJSON(nil)
		if e.Type() != k.typ || k.event != "" && !bytes.Contains(data, []byte(`"event":"`+k.event+`"`)) {
			t.Errorf("%s is declared as %s %q and makes %s", k.name, k.typ, k.event, data)
		}
	}
}
