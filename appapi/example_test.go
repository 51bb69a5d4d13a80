package appapi_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
)

// filled returns a reader of an emulated workspace with one person in it.
func filled() *appapi.Client {
	srv := emulator.Config{}.InProcess(nil)
	send, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		log.Fatal(err)
	}
	err = send.Send(context.Background(),
		cio.Identify{UserID: "42", Traits: map[string]any{"email": "ann@example.com", "plan": "pro"}},
		cio.Relate{UserID: "42", ObjectID: "acme", TypeID: "2", Attributes: map[string]any{"role": "admin"}},
		cio.Track{UserID: "42", Event: cio.Named("Signed Up", nil), Timestamp: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
	)
	if err != nil {
		log.Fatal(err)
	}
	client, err := appapi.NewClient(appapi.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		log.Fatal(err)
	}
	return client
}

func ExampleNewClient() {
	client, err := appapi.NewClient(appapi.Config{APIKey: "app-api-key", Region: cio.RegionEU})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(client.Target())
	// Output: https://api-eu.customer.io
}

func ExampleCustomers_Attributes() {
	client := filled()
	customer, err := client.Customers().Attributes(context.Background(), appapi.ByID("42"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(customer.Attributes["plan"], customer.Identifiers.Email)

	same, err := client.Customers().Attributes(context.Background(), appapi.ByCIOID(customer.Identifiers.CIOID))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(same.Identifiers.ID)
	// Output:
	// pro ann@example.com
	// 42
}

func ExampleCustomers_ByEmail() {
	client := filled()
	people, err := client.Customers().ByEmail(context.Background(), "ann@example.com")
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range people {
		fmt.Println(p.ID)
	}
	// Output: 42
}

func ExampleCustomers_Relationships() {
	client := filled()
	for r, err := range client.Customers().Relationships(context.Background(), appapi.ByID("42")) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(r.TypeID, r.Object.ID, string(r.Attributes["role"]))
	}
	// Output: 2 acme "admin"
}

func ExampleCustomers_Activities() {
	client := filled()
	for a, err := range client.Customers().Activities(context.Background(), appapi.ByID("42"), appapi.ActivityQuery{Type: appapi.ActivityEvent}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.Name, a.At)
	}
	// Output: Signed Up 2026-03-01 12:00:00 +0000 UTC
}

func ExampleActivities_List() {
	client := filled()
	for a, err := range client.Activities().List(context.Background(), appapi.ActivityQuery{Customer: appapi.ByID("42")}) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(a.Type)
	}
	// Output:
	// event
	// add_relationship
	// attribute_change
	// profile_create
}
