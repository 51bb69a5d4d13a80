package cio_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
)

var update = flag.Bool("update", false, "write the golden files anew")

// goldenMessage is one message with a golden file of its wire form. kit/spectest compares the files with Customer.io's documents.
type goldenMessage struct {
	name    string
	message cio.Message
}

var (
	// The contexts have the members that Customer.io documents for browsers and phones.
	browserContext = map[string]any{
		"active": true, "ip": "203.0.113.7", "locale": "de-DE", "userAgent": "Mozilla/5.0", "channel": "browser",
		"campaign": map[string]any{"name": "spring", "source": "newsletter", "medium": "email", "term": "shoes", "content": "button"},
		"page":     map[string]any{"name": "Home", "path": "/", "referrer": "https://www.example.com/", "search": "?q=shoes", "title": "Home", "url": "https://shop.example.com/", "keywords": []string{"shoes"}},
	}
	phoneContext = map[string]any{
		"active": false, "ip": "203.0.113.7", "locale": "de-DE", "userAgent": "Shop/2.1", "channel": "mobile",
		"app":     map[string]any{"name": "Shop", "version": "2.1", "build": "210"},
		"device":  map[string]any{"id": "d1", "advertisingId": "ad1", "manufacturer": "Apple", "model": "iPhone17,1", "name": "Ann's phone", "version": "1"},
		"network": map[string]any{"bluetooth": false, "carrier": "Example", "cellular": true, "wifi": false},
		"os":      map[string]any{"name": "iOS", "version": "26.1"},
	}
	integrations = map[string]any{"All": true, "Salesforce": false}
)

// allSet contains every message with all of its fields set, except Tag, which is not sent.
var allSet = []goldenMessage{
	{"identify", cio.Identify{UserID: "u1", AnonymousID: "a1", Traits: map[string]any{
		cio.TraitEmail: "ann@example.com", cio.TraitCreatedAt: at, cio.TraitUnsubscribed: false, "plan": nil, "logins": 3, "address": map[string]any{"city": "Ghent"}, "tags": []string{"a", "b"},
		cio.TraitSubscriptionPreferences: cio.SubscriptionPreferences{Topics: map[int]bool{1: true, 2: false}, Channels: map[cio.Channel]bool{cio.ChannelSMS: false}},
	}, MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"track", cio.Track{UserID: "u1", AnonymousID: "a1", Event: cio.Named("Trial Started", map[string]any{"plan": "pro", "seats": 5, "price": 9.5, "invited": nil}),
		MessageID: "m1", Timestamp: at, Context: phoneContext, Integrations: integrations}},
	{"page", cio.Page{UserID: "u1", AnonymousID: "a1", Name: "Home", Category: "Shop",
		Properties: map[string]any{"category": "Shop", "url": "https://shop.example.com/?q=shoes", "title": "Home", "referrer": "https://www.example.com/", "path": "/", "search": "?q=shoes", "variant": "b"},
		MessageID:  "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"screen", cio.Screen{UserID: "u1", AnonymousID: "a1", Name: "Cart", Category: "Shop", Properties: map[string]any{"items": 2}, MessageID: "m1", Timestamp: at, Context: phoneContext, Integrations: integrations}},
	{"group", cio.Group{UserID: "u1", AnonymousID: "a1", GroupID: "acme",
		Traits:    map[string]any{cio.TraitObjectTypeID: "2", cio.TraitRelationshipAttributes: map[string]any{"role": "admin", "until": nil}, "name": "Acme", "employees": 329},
		MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"alias", cio.Alias{UserID: "u1", PreviousID: "u0", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"delete_person", cio.DeletePerson{UserID: "u1", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"suppress_person", cio.SuppressPerson{UserID: "u1", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"unsuppress_person", cio.UnsuppressPerson{UserID: "u1", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"set_device", cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS, AppID: "com.example.shop", Attributes: map[string]any{"device_model": "iPhone17,1", "push_enabled": true},
		MessageID: "m1", Timestamp: at, Context: phoneContext, Integrations: integrations}},
	{"delete_device", cio.DeleteDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformAndroid, AppID: "com.example.shop", MessageID: "m1", Timestamp: at, Context: phoneContext, Integrations: integrations}},
	{"set_object", cio.SetObject{TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"name": "Acme", "employees": 329}, MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"relate", cio.Relate{UserID: "u1", AnonymousID: "a1", TypeID: "2", ObjectID: "acme", Attributes: map[string]any{"role": "admin", "until": nil},
		MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"delete_object", cio.DeleteObject{TypeID: "2", ObjectID: "acme", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"delete_relationship", cio.DeleteRelationship{UserID: "u1", TypeID: "2", ObjectID: "acme", MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
	{"report_delivery", cio.ReportDelivery{UserID: "u1", AnonymousID: "a1", DeliveryID: "d1", Metric: cio.MetricClicked, Recipient: "t1", Reason: "none", Href: "https://shop.example.com/", ActionName: "buy", ActionValue: "now",
		MessageID: "m1", Timestamp: at, Context: phoneContext, Integrations: integrations}},
	{"report_content", cio.ReportContent{UserID: "u1", AnonymousID: "a1", Action: cio.ContentActionClicked, ContentID: 7, TemplateID: 8, ContentType: cio.InAppContent, ActionName: "buy", ActionValue: "now",
		MessageID: "m1", Timestamp: at, Context: browserContext, Integrations: integrations}},
}

// leastSet contains every message with only its required fields, and with an id and a time, so that its golden file is reproducible.
var leastSet = []goldenMessage{
	{"identify", cio.Identify{UserID: "u1", MessageID: "m1", Timestamp: at}},
	{"track", cio.Track{UserID: "u1", Event: cio.Named("Trial Started", nil), MessageID: "m1", Timestamp: at}},
	{"page", cio.Page{UserID: "u1", MessageID: "m1", Timestamp: at}},
	{"screen", cio.Screen{AnonymousID: "a1", MessageID: "m1", Timestamp: at}},
	{"group", cio.Group{GroupID: "acme", MessageID: "m1", Timestamp: at}},
	{"alias", cio.Alias{UserID: "u1", PreviousID: "u0", MessageID: "m1", Timestamp: at}},
	{"delete_person", cio.DeletePerson{UserID: "u1", MessageID: "m1", Timestamp: at}},
	{"suppress_person", cio.SuppressPerson{UserID: "u1", MessageID: "m1", Timestamp: at}},
	{"unsuppress_person", cio.UnsuppressPerson{UserID: "u1", MessageID: "m1", Timestamp: at}},
	{"set_device", cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformAndroid, MessageID: "m1", Timestamp: at}},
	{"delete_device", cio.DeleteDevice{UserID: "u1", Token: "t1", MessageID: "m1", Timestamp: at}},
	{"set_object", cio.SetObject{ObjectID: "acme", MessageID: "m1", Timestamp: at}},
	{"relate", cio.Relate{AnonymousID: "a1", ObjectID: "acme", MessageID: "m1", Timestamp: at}},
	{"delete_object", cio.DeleteObject{ObjectID: "acme", MessageID: "m1", Timestamp: at}},
	{"delete_relationship", cio.DeleteRelationship{UserID: "u1", ObjectID: "acme", MessageID: "m1", Timestamp: at}},
	{"report_delivery", cio.ReportDelivery{DeliveryID: "d1", Metric: cio.MetricDelivered, MessageID: "m1", Timestamp: at}},
	{"report_content", cio.ReportContent{AnonymousID: "a1", Action: cio.ContentActionViewed, MessageID: "m1", Timestamp: at}},
}

// otherForms are other forms of messages that the documents describe.
var otherForms = []goldenMessage{
	{"identify.by_email", cio.Identify{Traits: map[string]any{cio.TraitEmail: "ann@example.com"}, MessageID: "m1", Timestamp: at}},
	{"track.anonymous", cio.Track{AnonymousID: "a1", Event: events.ProductsSearched{Query: "shoes"}, MessageID: "m1", Timestamp: at}},
	{"track.in_context", cio.Track{UserID: "u1", Event: events.EmailOpened{EmailID: "e1", Email: "ann@example.com", IP: "203.0.113.7", UserAgent: "Mail/1"}, MessageID: "m1", Timestamp: at}},
	{"track.without_library", withoutLibrary(cio.Track{UserID: "u1", Event: cio.Named("Trial Started", nil), MessageID: "m1", Timestamp: at})},
	{"delete_device.without_library", withoutLibrary(cio.DeleteDevice{UserID: "u1", Token: "t1", MessageID: "m1", Timestamp: at})},
}

func withoutLibrary(m cio.Message) cio.Encoded {
	client, err := cio.NewClient(cio.Config{APIKey: testKey, Region: cio.RegionEU, OmitLibrary: true})
	if err != nil {
		panic(err)
	}
	e, err := client.Encode(m)
	if err != nil {
		panic(err)
	}
	return e
}

// TestGoldenMessages compares the wire form of every message with its golden file, which does not contain the library's version.
func TestGoldenMessages(t *testing.T) {
	dir := filepath.Join("testdata", "golden")
	files := map[string]cio.Message{}
	for suffix, list := range map[string][]goldenMessage{".all": allSet, ".least": leastSet, "": otherForms} {
		for _, g := range list {
			files[g.name+suffix+".json"] = g.message
		}
	}
	for name, message := range files {
		e, err := cio.Encode(message)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if warnings := e.Warnings(); len(warnings) > 0 {
			t.Errorf("%s: %v", name, warnings)
		}
		sent, _ := e.AppendJSON(nil)
		checkStored(t, name, e, sent)
		var got bytes.Buffer
		if err := json.Indent(&got, bytes.Replace(sent, []byte(`"version":"`+cio.Version+`"}`), []byte(`"version":"VERSION"}`), 1), "", "  "); err != nil {
			t.Errorf("%s: %v in %s", name, err, sent)
			continue
		}
		got.WriteByte('\n')
		path := filepath.Join(dir, name)
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatalf("%v; go test . -run TestGoldenMessages -update writes it", err)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("%s is not what is sent now:\n%s", path, &got)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if _, ok := files[entry.Name()]; !ok {
			t.Errorf("%s is of no message", filepath.Join(dir, entry.Name()))
		}
	}
}

// checkStored reads the wire form back, and checks that bytes, id and type are the same.
func checkStored(t *testing.T, name string, e cio.Encoded, sent []byte) {
	t.Helper()
	var compact bytes.Buffer
	if err := json.Compact(&compact, sent); err != nil || !bytes.Equal(compact.Bytes(), sent) {
		t.Errorf("%s: %v, or there is white space in %s", name, err, sent)
	}
	var stored cio.Encoded
	if err := stored.UnmarshalJSON(sent); err != nil {
		t.Errorf("%s cannot be read back: %v", name, err)
		return
	}
	again, err := cio.Encode(stored)
	if err != nil {
		t.Errorf("%s is refused when it is read back: %v", name, err)
		return
	}
	if b, _ := again.AppendJSON(nil); !bytes.Equal(b, sent) || again.MessageID() != e.MessageID() || again.Type() != e.Type() || again.Identity() != e.Identity() {
		t.Errorf("%s came back as %s", name, b)
	}
}

// TestGoldenMessagesAreAll checks that every message and every field has a golden file.
func TestGoldenMessagesAreAll(t *testing.T) {
	t.Parallel()
	want := messageTypes(t)
	for _, list := range [][]goldenMessage{allSet, leastSet} {
		var got []string
		for _, g := range list {
			got = append(got, reflect.TypeOf(g.message).Name())
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("golden messages %v\nwant %v", got, want)
		}
	}
	for _, g := range allSet {
		v := reflect.ValueOf(g.message)
		for i := range v.NumField() {
			if name := v.Type().Field(i).Name; name != "Tag" && v.Field(i).IsZero() {
				t.Errorf("%s.all: %s is not set", g.name, name)
			}
		}
	}
}

// messageTypes returns the exported types of this package that are messages. It reads them from the source.
func messageTypes(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range f.Decls {
			method, ok := decl.(*ast.FuncDecl)
			if !ok || method.Recv == nil || method.Name.Name != "fill" {
				continue
			}
			if receiver, ok := method.Recv.List[0].Type.(*ast.Ident); ok && receiver.IsExported() {
				types[receiver.Name] = true
			}
		}
	}
	delete(types, "Encoded") // a message of any kind that is already encoded
	return slices.Sorted(maps.Keys(types))
}

// TestLeastIsLeast removes each field in turn from the messages that have only their required fields.
func TestLeastIsLeast(t *testing.T) {
	t.Parallel()
	for _, g := range leastSet {
		v := reflect.ValueOf(g.message)
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Field(i).IsZero() || name == "MessageID" || name == "Timestamp" {
				continue
			}
			without := reflect.New(v.Type()).Elem()
			without.Set(v)
			without.Field(i).SetZero()
			if e, err := cio.Encode(without.Interface().(cio.Message)); err == nil {
				t.Errorf("%s needs no %s: %v", g.name, name, e)
			}
		}
	}
}
