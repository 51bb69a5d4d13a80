package cio_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/events"
)

// semanticEvents contains an empty value of every event, in the order of events.All.
var semanticEvents = []cio.Event{
	events.ApplicationBackgrounded{}, events.ApplicationCrashed{}, events.ApplicationForegrounded{}, events.ApplicationInstalled{},
	events.ApplicationOpened{}, events.ApplicationUninstalled{}, events.ApplicationUpdated{}, events.CartShared{}, events.CartViewed{},
	events.CheckoutStarted{}, events.CheckoutStepCompleted{}, events.CheckoutStepViewed{}, events.CouponApplied{}, events.CouponDenied{},
	events.CouponEntered{}, events.CouponRemoved{}, events.DeviceCreatedOrUpdated{}, events.DeviceDeleted{}, events.EmailBounced{},
	events.EmailDelivered{}, events.EmailLinkClicked{}, events.EmailMarkedAsSpam{}, events.EmailOpened{}, events.EmailUnsubscribed{},
	events.ExperimentViewed{}, events.LiveChatConversationEnded{}, events.LiveChatConversationStarted{}, events.LiveChatMessageReceived{},
	events.LiveChatMessageSent{}, events.ObjectDeleted{}, events.OrderCancelled{}, events.OrderCompleted{}, events.OrderRefunded{},
	events.OrderUpdated{}, events.PaymentInfoEntered{}, events.ProductAdded{}, events.ProductAddedToWishlist{}, events.ProductClicked{},
	events.ProductListFiltered{}, events.ProductListViewed{}, events.ProductRemoved{}, events.ProductRemovedFromWishlist{},
	events.ProductReviewed{}, events.ProductShared{}, events.ProductViewed{}, events.ProductsSearched{}, events.PromotionClicked{},
	events.PromotionViewed{}, events.RelationshipDeleted{}, events.ReportContentEvent{}, events.ReportDeliveryEvent{}, events.UserDeleted{},
	events.UserSuppressed{}, events.UserUnsuppressed{}, events.VideoAdCompleted{}, events.VideoAdPlaying{}, events.VideoAdStarted{},
	events.VideoContentCompleted{}, events.VideoContentPlaying{}, events.VideoContentStarted{}, events.VideoPlaybackBufferCompleted{},
	events.VideoPlaybackBufferStarted{}, events.VideoPlaybackCompleted{}, events.VideoPlaybackExited{}, events.VideoPlaybackInterrupted{},
	events.VideoPlaybackPaused{}, events.VideoPlaybackResumed{}, events.VideoPlaybackSeekCompleted{}, events.VideoPlaybackSeekStarted{},
	events.VideoPlaybackStarted{}, events.VideoQualityUpdated{}, events.WishlistProductAddedToCart{},
}

// filledEvent returns a copy of the event in which all named fields, as the catalogue lists them, and one further property are set. It also returns
// what the API must receive of them as properties and as context.
func filledEvent(e cio.Event, d events.Definition) (full cio.Event, properties, context map[string]any) {
	v := reflect.New(reflect.TypeOf(e)).Elem()
	properties, context = fillFields(v, d.Fields)
	v.FieldByName(d.Extra).Set(reflect.ValueOf(map[string]any{"further": "property"}))
	properties["further"] = "property"
	return v.Interface().(cio.Event), properties, context
}

// fillFields sets fields to different values, and returns these values as a JSON decoder would.
func fillFields(v reflect.Value, fields []events.Field) (properties, context map[string]any) {
	properties, context = map[string]any{}, map[string]any{}
	for i, f := range fields {
		value := fillField(v.FieldByName(f.GoName), f, i)
		if f.Context == "" {
			properties[f.Name] = value
			continue
		}
		path := strings.Split(strings.TrimPrefix(f.Context, "context."), ".")
		at := context
		for _, name := range path[:len(path)-1] {
			if at[name] == nil {
				at[name] = map[string]any{}
			}
			at = at[name].(map[string]any)
		}
		at[path[len(path)-1]] = value
	}
	return properties, context
}

func fillField(field reflect.Value, f events.Field, n int) (wire any) {
	switch f.Kind {
	case events.KindString:
		s := "the " + f.Name
		if len(f.Enum) > 0 {
			s = f.Enum[len(f.Enum)-1]
		}
		field.SetString(s)
		return s
	case events.KindInteger:
		if f.Default != nil {
			n = *f.Default
		}
		field.Set(reflect.ValueOf(new(n)))
		return float64(n)
	case events.KindNumber:
		x := float64(n) + 0.25
		field.Set(reflect.ValueOf(new(x)))
		return x
	case events.KindBoolean:
		field.Set(reflect.ValueOf(new(n%2 == 0)))
		return n%2 == 0
	case events.KindTime:
		at := time.Date(2026, 3, 1, 12, 30, n, 0, time.UTC)
		field.Set(reflect.ValueOf(at))
		return at.Format(time.RFC3339)
	case events.KindStrings:
		field.Set(reflect.ValueOf([]string{"one", "two"}))
		return []any{"one", "two"}
	case events.KindObject:
		object := map[string]any{"title": "A title", "season": nil}
		field.Set(reflect.ValueOf(object))
		return object
	}
	field.Set(reflect.MakeSlice(field.Type(), 2, 2)) // one of them stays empty
	first, _ := fillFields(field.Index(0), f.Fields)
	return []any{first, map[string]any{}}
}

func decoded(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatalf("%v in %q", err, b)
	}
	return m
}

// Every event with all fields set is accepted in strict mode by an emulator that shares no code with it, and arrives unchanged: in the history of the
// person with its properties or, if the event is a command, by its effect.
func TestEventsArrive(t *testing.T) {
	t.Parallel()
	definitions := events.All()
	if len(semanticEvents) != len(definitions) {
		t.Fatalf("%d events of %d", len(semanticEvents), len(definitions))
	}
	for i, d := range definitions {
		t.Run(d.Name, func(t *testing.T) {
			t.Parallel()
			if semanticEvents[i].EventName() != d.Name {
				t.Fatalf("the list has %q in its place", semanticEvents[i].EventName())
			}
			srv := emulator.New(emulator.Config{})
			client := clientOf(t, srv, nil)
			full, properties, context := filledEvent(semanticEvents[i], d)
			prepare(t, client)
			if err := client.Send(t.Context(), cio.Track{UserID: "u1", AnonymousID: "a1", Event: full, MessageID: "m1", Timestamp: at}); err != nil {
				t.Fatal(err)
			}
			records, err := srv.Messages(emulator.MessagesQuery{Key: testKey, Limit: 1})
			if err != nil || len(records.Messages) != 1 {
				t.Fatalf("%d records, %v", len(records.Messages), err)
			}
			var warnings []string
			for _, w := range records.Messages[0].Warnings {
				warnings = append(warnings, w.Rule)
			}
			if r := records.Messages[0]; r.Verdict != emulator.VerdictAccepted || r.Event != d.Name || !slices.Equal(warnings, expectedWarnings[d.Name]) {
				t.Errorf("verdict %s of %q, rule %q, warnings %q, want %q", r.Verdict, r.Event, r.Rule, warnings, expectedWarnings[d.Name])
			}
			received := decoded(t, records.Messages[0].Raw)
			delete(received["context"].(map[string]any), "library")
			if !reflect.DeepEqual(received["properties"], any(properties)) || !reflect.DeepEqual(received["context"], any(context)) {
				t.Errorf("received %s\nwant properties %v\nand context %v", records.Messages[0].Raw, properties, context)
			}
			if d.Acts {
				commandEffects[d.Name](t, srv)
				return
			}
			p := knownPerson(t, srv)
			if len(p.Events) != 1 || p.Events[0].Name != d.Name || p.Events[0].MessageID != "m1" || !p.Events[0].Timestamp.Equal(at) || !reflect.DeepEqual(decoded(t, p.Events[0].Properties), properties) {
				t.Errorf("events of the person %+v\nwant properties %v", p.Events, properties)
			}
		})
	}
}

// expectedWarnings are the warnings of the emulator here: no suppressed person exists who could be unsuppressed.
var expectedWarnings = map[string][]string{"User Unsuppressed": {"nothing-to-delete"}}

// prepare creates a person with a device and a relationship. Their token and object are those that filledEvent uses.
func prepare(t *testing.T, client *cio.Client) {
	t.Helper()
	if err := client.Send(t.Context(),
		cio.Identify{UserID: "u1", Traits: map[string]any{"plan": "pro"}},
		cio.SetDevice{UserID: "u1", Token: "the token", Platform: cio.PlatformIOS},
		cio.Relate{UserID: "u1", TypeID: "1", ObjectID: "the objectId"}); err != nil {
		t.Fatal(err)
	}
}

func knownPerson(t *testing.T, srv *emulator.Server) emulator.Person {
	t.Helper()
	p, err := srv.Person(testKey, "u1")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// commandEffects are the effects of the commands on what prepare has created.
var commandEffects = map[string]func(*testing.T, *emulator.Server){
	"Device Created or Updated": func(t *testing.T, srv *emulator.Server) {
		p := knownPerson(t, srv)
		if len(p.Devices) != 1 || p.Devices[0].Type != "android" || string(p.Devices[0].Attributes["further"]) != `"property"` || len(p.Events) != 0 {
			t.Errorf("the device was not updated: %+v", p)
		}
	},
	"Device Deleted": func(t *testing.T, srv *emulator.Server) {
		if p := knownPerson(t, srv); len(p.Devices) != 0 || len(p.Events) != 0 {
			t.Errorf("the device is still there: %+v", p)
		}
	},
	"User Deleted": func(t *testing.T, srv *emulator.Server) {
		if p, err := srv.Person(testKey, "u1"); !errors.Is(err, emulator.ErrNotFound) {
			t.Errorf("the person is still there: %+v, %v", p, err)
		}
	},
	"User Suppressed": func(t *testing.T, srv *emulator.Server) {
		if p := knownPerson(t, srv); !p.Suppressed || len(p.Traits) != 0 {
			t.Errorf("the person is not suppressed: %+v", p)
		}
	},
	"User Unsuppressed": func(t *testing.T, srv *emulator.Server) {
		client := clientOf(t, srv, nil)
		for _, e := range []cio.Event{events.UserSuppressed{}, events.OrderCompleted{OrderID: "dropped"}, events.UserUnsuppressed{}, events.OrderCompleted{OrderID: "kept"}} {
			if err := client.Send(t.Context(), cio.Track{UserID: "u1", Event: e}); err != nil {
				t.Fatal(err)
			}
		}
		if p := knownPerson(t, srv); p.Suppressed || len(p.Events) != 1 || string(p.Events[0].Properties) != `{"order_id":"kept"}` {
			t.Errorf("suppressed between two orders: %+v", p)
		}
	},
	"Relationship Deleted": func(t *testing.T, srv *emulator.Server) {
		if p := knownPerson(t, srv); len(p.Relationships) != 0 {
			t.Errorf("the relationship is still there: %+v", p)
		}
		if _, err := srv.Object(testKey, "1", "the objectId"); err != nil {
			t.Errorf("the object has gone with it: %v", err)
		}
	},
	"Object Deleted": func(t *testing.T, srv *emulator.Server) {
		if o, err := srv.Object(testKey, "1", "the objectId"); !errors.Is(err, emulator.ErrNotFound) {
			t.Errorf("the object is still there: %+v, %v", o, err)
		}
	},
	"Report Delivery Event": reported,
	"Report Content Event":  reported,
}

func reported(t *testing.T, srv *emulator.Server) {
	t.Helper()
	if reports, err := srv.Reports(emulator.ReportsQuery{Key: testKey}); err != nil || len(reports.Reports) != 1 {
		t.Errorf("reports %+v, %v", reports, err)
	}
	if p := knownPerson(t, srv); len(p.Events) != 0 {
		t.Errorf("it was kept as an event: %+v", p.Events)
	}
}

// An event without any field set is accepted too, unless the catalogue says that it has required fields. In that case it is rejected before it is
// sent.
func TestEmptyEvents(t *testing.T) {
	t.Parallel()
	srv := emulator.New(emulator.Config{})
	client := clientOf(t, srv, nil)
	sent := uint64(0)
	for i, d := range events.All() {
		required := slices.ContainsFunc(d.Fields, func(f events.Field) bool { return f.Required })
		err := client.Send(t.Context(), cio.Track{UserID: "u" + d.Type, AnonymousID: "a1", Event: semanticEvents[i]})
		if !required {
			sent++
		}
		if required != (ruleOf(err) == cio.RuleRequired) || required != (err != nil) {
			t.Errorf("%s without fields: %v, want it refused: %t", d.Name, err, required)
		}
	}
	stats, err := srv.Stats(testKey)
	if err != nil || stats.Messages.Accepted != sent || stats.Messages.Dropped+stats.Messages.Rejected != 0 {
		t.Errorf("%+v of %d, %v", stats, sent, err)
	}
}

func ruleOf(err error) cio.Rule {
	var m *cio.MessageError
	if errors.As(err, &m) {
		return m.Rule
	}
	return ""
}

// BenchmarkEncodeEvent encodes whole messages. It allocates the result, the message's bytes and its id. The encoder of the event itself allocates
// nothing, as the benchmark in package events shows.
func BenchmarkEncodeEvent(b *testing.B) {
	for _, bb := range []struct {
		name    string
		message cio.Message
	}{
		{"OrderCompleted", cio.Track{UserID: "u1", Event: events.OrderCompleted{OrderID: "o-17", Total: new(119.99), Currency: "EUR",
			Products: []events.Product{{ProductID: "p1", Price: new(60.0), Quantity: new(1)}, {ProductID: "p2", Price: new(20.0), Quantity: new(3)}}}}},
		{"ProductsSearched", cio.Track{UserID: "u1", Event: events.ProductsSearched{Query: "shoes"}}},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cio.Encode(bb.message); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
