package cio_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/events"
)

const libraryOnly = `"context":{` + `"library":{"name":"ciokit-go","version":"` + cio.Version + `"}}}`

// The wire form of each message that is a command, with all fields set and with only the required ones (docs/rules.md#objects, #devices and
// #semantic-events).
func TestCommandsOnTheWire(t *testing.T) {
	t.Parallel()
	const meta = `"messageId":"id-1","timestamp":"2026-01-31T12:00:00.5Z",`
	for _, c := range []struct {
		name string
		in   cio.Message
		want string
	}{
		{"delete a person", cio.DeletePerson{UserID: "u1", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"User Deleted",` + libraryOnly},
		{"suppress a person", cio.SuppressPerson{UserID: "u1", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"User Suppressed",` + libraryOnly},
		{"unsuppress a person", cio.UnsuppressPerson{UserID: "u1", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"User Unsuppressed",` + libraryOnly},
		{"set a device", cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS, AppID: "com.example.shop", Attributes: map[string]any{"device_model": "iPhone17,1"}, MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"Device Created or Updated","properties":{"device_model":"iPhone17,1"},"context":{` + library + `,"device":{"token":"t1","type":"ios"},"app":{"namespace":"com.example.shop"}}}`},
		{"set a bare device", cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformAndroid, MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"Device Created or Updated","context":{` + library + `,"device":{"token":"t1","type":"android"}}}`},
		{"delete a device", cio.DeleteDevice{UserID: "u1", Token: "t1", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"Device Deleted","context":{` + library + `,"device":{"token":"t1"}}}`},
		{"set an object", cio.SetObject{TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"name": "Acme", "objectTypeId": "9"}, MessageID: "id-1", Timestamp: at},
			`{"type":"group",` + meta + `"groupId":"acme","traits":{"name":"Acme","objectTypeId":"2"},` + libraryOnly},
		{"set a bare object", cio.SetObject{ObjectID: "acme", MessageID: "id-1", Timestamp: at},
			`{"type":"group",` + meta + `"groupId":"acme","traits":{"objectTypeId":"1"},` + libraryOnly},
		{"relate", cio.Relate{UserID: "u1", TypeID: "007", ObjectID: "acme", Attributes: map[string]any{"role": nil}, MessageID: "id-1", Timestamp: at},
			`{"type":"group",` + meta + `"userId":"u1","groupId":"acme","traits":{"objectTypeId":"7","relationshipAttributes":{"role":null}},` + libraryOnly},
		{"delete an object", cio.DeleteObject{TypeID: "2", ObjectID: "acme", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"anonymousId":"acme","event":"Object Deleted","properties":{"objectId":"acme","objectTypeId":2},` + libraryOnly},
		{"delete a relationship", cio.DeleteRelationship{UserID: "u1", ObjectID: "acme", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"Relationship Deleted","properties":{"objectId":"acme","objectTypeId":1},` + libraryOnly},
		{"report a delivery", cio.ReportDelivery{DeliveryID: "d1", Metric: cio.MetricClicked, Recipient: "r", Reason: "x", Href: "h", ActionName: "n", ActionValue: "v", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"anonymousId":"d1","event":"Report Delivery Event","properties":{"deliveryId":"d1","metric":"clicked","recipient":"r","reason":"x","href":"h","actionName":"n","actionValue":"v"},` + libraryOnly},
		{"report on content", cio.ReportContent{UserID: "u1", Action: cio.ContentActionViewed, ContentID: 7, TemplateID: 8, ContentType: cio.InAppContent, ActionName: "n", ActionValue: "v", MessageID: "id-1", Timestamp: at},
			`{"type":"track",` + meta + `"userId":"u1","event":"Report Content Event","properties":{"actionType":"viewed_content","contentId":7,"templateId":8,"contentType":"in_app_content","actionName":"n","actionValue":"v"},` + libraryOnly},
	} {
		e, err := cio.Encode(c.in)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got, _ := e.MarshalJSON(); string(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestCommandsRefuse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    cio.Message
		field string
		rule  cio.Rule
	}{
		{cio.DeletePerson{}, "userId", cio.RuleNoIdentity},
		{cio.SuppressPerson{}, "userId", cio.RuleNoIdentity},
		{cio.UnsuppressPerson{}, "userId", cio.RuleNoIdentity},
		{cio.SetDevice{Token: "t", Platform: cio.PlatformIOS}, "userId", cio.RuleNoIdentity},
		{cio.SetDevice{UserID: "u1", Platform: cio.PlatformIOS}, "context.device.token", cio.RuleRequired},
		{cio.SetDevice{UserID: "u1", Token: "t"}, "context.device.type", cio.RuleRequired},
		{cio.DeleteDevice{UserID: "u1"}, "context.device.token", cio.RuleRequired},
		{cio.SetObject{}, "groupId", cio.RuleNoGroup},
		{cio.SetObject{ObjectID: "o", TypeID: "company"}, "objectTypeId", cio.RuleObjectType},
		{cio.SetObject{ObjectID: "o", TypeID: "-1"}, "objectTypeId", cio.RuleObjectType},
		{cio.SetObject{ObjectID: "o", TypeID: "99999999999999999999"}, "objectTypeId", cio.RuleObjectType},
		{cio.SetObject{ObjectID: "o", Attributes: []int{1}}, "traits", cio.RuleNotObject},
		{cio.SetObject{ObjectID: "o", Attributes: map[string]any{"a": math.NaN()}}, "traits.a", cio.RuleNumber},
		{cio.Relate{ObjectID: "o"}, "userId", cio.RuleNoIdentity},
		{cio.Relate{UserID: "u1"}, "groupId", cio.RuleNoGroup},
		{cio.Relate{UserID: "u1", ObjectID: "o", Attributes: 7}, "traits.relationshipAttributes", cio.RuleNotObject},
		{cio.DeleteObject{}, "properties.objectId", cio.RuleRequired},
		{cio.DeleteObject{ObjectID: "o", TypeID: "x"}, "objectTypeId", cio.RuleObjectType},
		{cio.DeleteRelationship{ObjectID: "o"}, "userId", cio.RuleNoIdentity},
		{cio.DeleteRelationship{UserID: "u1"}, "properties.objectId", cio.RuleRequired},
		{cio.ReportDelivery{Metric: cio.MetricOpened}, "properties.deliveryId", cio.RuleRequired},
		{cio.ReportDelivery{DeliveryID: "d"}, "properties.metric", cio.RuleRequired},
		{cio.ReportContent{Action: cio.ContentActionViewed}, "userId", cio.RuleNoIdentity},
		{cio.ReportContent{UserID: "u1"}, "properties.actionType", cio.RuleRequired},
		{cio.Track{UserID: "u1", Event: events.EmailOpened{}}, "properties.email_id", cio.RuleRequired},
		{cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o", Extra: map[string]any{"order_id": "p"}}}, "properties.order_id", cio.RuleNameTaken},
		{cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o\xff"}}, "properties.order_id", cio.RuleUTF8},
		{cio.Track{UserID: "u1", Event: events.OrderCompleted{Total: new(math.Inf(1))}}, "properties.total", cio.RuleNumber},
	} {
		_, err := cio.Encode(c.in)
		var m *cio.MessageError
		if !errors.As(err, &m) || m.Field != c.field || m.Rule != c.rule || m.Hint == "" {
			t.Errorf("%+v: got %v, want %q breaks %s", c.in, err, c.field, c.rule)
		}
	}
}

// Each message that is a command is accepted in strict mode, and does what its documentation says.
func TestCommandsAct(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	client := clientOf(t, srv, nil)
	send := func(msgs ...cio.Message) {
		t.Helper()
		if err := client.Send(t.Context(), msgs...); err != nil {
			t.Fatal(err)
		}
	}
	person := func(id string) emulator.Person {
		t.Helper()
		p, err := srv.Person(testKey, id)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	send(cio.Identify{UserID: "u1", Traits: map[string]any{cio.TraitEmail: "ann@example.com"}},
		cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS, Attributes: map[string]any{"app_version": "2.1"}},
		cio.SetObject{TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"name": "Acme"}},
		cio.Relate{UserID: "u1", TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"role": "admin"}})
	p := person("u1")
	if len(p.Devices) != 1 || p.Devices[0].Token != "t1" || p.Devices[0].Type != "ios" || string(p.Devices[0].Attributes["app_version"]) != `"2.1"` {
		t.Errorf("devices %+v", p.Devices)
	}
	if len(p.Relationships) != 1 || p.Relationships[0].ObjectTypeID != "2" || string(p.Relationships[0].Attributes["role"]) != `"admin"` {
		t.Errorf("relationships %+v", p.Relationships)
	}
	if o, err := srv.Object(testKey, "2", "acme"); err != nil || string(o.Attributes["name"]) != `"Acme"` || o.People != 1 {
		t.Errorf("object %+v, %v", o, err)
	}

	send(cio.Identify{UserID: "u1", Traits: cio.SubscriptionPreferences{Topics: map[int]bool{1: true, 2: true}, Channels: map[cio.Channel]bool{cio.ChannelSMS: false}}.Update()})
	send(cio.Identify{UserID: "u1", Traits: cio.SubscriptionPreferences{Topics: map[int]bool{2: false}}.Update()})
	if got, want := string(person("u1").Traits[cio.TraitSubscriptionPreferences]), `{"channels":{"sms":false},"topics":{"topic_1":true,"topic_2":false}}`; !sameJSON(t, got, want) {
		t.Errorf("preferences %s, want %s", got, want)
	}
	send(cio.Identify{UserID: "u1", Traits: map[string]any{cio.TraitSubscriptionPreferences: cio.SubscriptionPreferences{Topics: map[int]bool{3: true}}}})
	if got, want := string(person("u1").Traits[cio.TraitSubscriptionPreferences]), `{"topics":{"topic_3":true}}`; !sameJSON(t, got, want) {
		t.Errorf("preferences %s, want %s", got, want)
	}

	send(cio.ReportDelivery{DeliveryID: "d1", Metric: cio.MetricOpened}, cio.ReportContent{UserID: "u1", Action: cio.ContentActionClicked, ContentID: 7})
	if reports, err := srv.Reports(emulator.ReportsQuery{Key: testKey}); err != nil || len(reports.Reports) != 2 {
		t.Errorf("reports %+v, %v", reports, err)
	}

	send(cio.DeleteDevice{UserID: "u1", Token: "t1"}, cio.DeleteRelationship{UserID: "u1", TypeID: "2", ObjectID: "acme"})
	if p := person("u1"); len(p.Devices)+len(p.Relationships) != 0 {
		t.Errorf("left over: %+v", p)
	}
	send(cio.DeleteObject{TypeID: "2", ObjectID: "acme"})
	if _, err := srv.Object(testKey, "2", "acme"); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("the object is still there: %v", err)
	}

	send(cio.SuppressPerson{UserID: "u1"})
	send(cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o1"}})
	last, err := srv.Messages(emulator.MessagesQuery{Key: testKey, Limit: 1})
	if err != nil || last.Messages[0].Verdict != emulator.VerdictDropped || last.Messages[0].Rule != "suppressed" || !person("u1").Suppressed {
		t.Errorf("after suppression: %+v, %v", last, err)
	}
	send(cio.UnsuppressPerson{UserID: "u1"}, cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o1", Total: new(12.5)}})
	if p := person("u1"); len(p.Events) != 1 || string(p.Events[0].Properties) != `{"order_id":"o1","total":12.5}` || p.Suppressed {
		t.Errorf("after unsuppression: %+v", p)
	}
	send(cio.DeletePerson{UserID: "u1"})
	if _, err := srv.Person(testKey, "u1"); !errors.Is(err, emulator.ErrNotFound) {
		t.Errorf("the person is still there: %v", err)
	}
	if stats, _ := srv.Stats(testKey); stats.Messages.Rejected != 0 || stats.Messages.Dropped != 1 {
		t.Errorf("%+v", stats)
	}
}

func sameJSON(t *testing.T, a, b string) bool {
	t.Helper()
	var x, y any
	if err := errors.Join(json.Unmarshal([]byte(a), &x), json.Unmarshal([]byte(b), &y)); err != nil {
		t.Fatal(err)
	}
	p, _ := json.Marshal(x)
	q, _ := json.Marshal(y)
	return string(p) == string(q)
}
