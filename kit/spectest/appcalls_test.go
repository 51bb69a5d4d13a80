package spectest

import (
	"net/http"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
)

// appExceptions are query parameters that package appapi sends but the document does not list, by operation.
var appExceptions = map[string]string{
	"/v1/customers/{customer_id}/relationships id_type": "The document lists it for the sisters of the operation; without it only ids would do.",
}

// appCalls makes every request that package appapi can make, to a workspace that contains every kind of data.
func appCalls(t *testing.T) []exchange {
	t.Helper()
	srv := emulator.Config{}.InProcess(t)
	r := &tape{next: srv.Client().Transport}
	send, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		t.Fatal(err)
	}
	read, err := appapi.NewClient(appapi.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: &http.Client{Transport: r}, RateLimit: -1})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	err = send.Send(ctx,
		cio.Identify{UserID: "u1", Traits: map[string]any{"email": "ann@example.com", "plan": "pro", "logins": 3, "tags": []int{1}, "unsubscribed": true}},
		cio.Identify{Traits: map[string]any{"email": "bob@example.com"}},
		cio.SetDevice{UserID: "u1", Token: "t1", Platform: cio.PlatformIOS, Attributes: map[string]any{"push_enabled": true}},
		cio.Relate{UserID: "u1", ObjectID: "acme", TypeID: "2", Attributes: map[string]any{"role": "admin"}},
		cio.Track{UserID: "u1", Event: cio.Named("Signed Up", map[string]any{"seats": 5})},
		cio.Page{UserID: "u1", Name: "Home"}, cio.Screen{UserID: "u1", Name: "Start"},
		cio.Identify{UserID: "u2"}, cio.DeletePerson{UserID: "u2"}, cio.DeleteRelationship{UserID: "u1", TypeID: "2", ObjectID: "nothing"},
	)
	if err != nil {
		t.Fatal(err)
	}
	check := func(err error) {
		if err != nil {
			t.Error(err)
		}
	}
	for _, id := range []appapi.CustomerID{appapi.ByID("u1"), appapi.ByEmail("bob@example.com"), appapi.ByCIOID("00000001")} {
		_, err := read.Customers().Attributes(ctx, id)
		check(err)
		for _, err := range read.Customers().Relationships(ctx, id) {
			check(err)
		}
		for _, err := range read.Customers().Activities(ctx, id, appapi.ActivityQuery{PageSize: 2}) {
			check(err)
		}
	}
	_, err = read.Customers().ByEmail(ctx, "ann@example.com")
	check(err)
	for _, q := range []appapi.ActivityQuery{{}, {PageSize: 3}, {Deleted: true}, {Customer: appapi.ByEmail("ann@example.com"), Type: appapi.ActivityEvent, Name: "Signed Up"}} {
		for _, err := range read.Activities().List(ctx, q) {
			check(err)
		}
	}
	return r.all
}
