package cio_test

import (
	"context"
	"fmt"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

func ExampleSetDevice() {
	client, srv := emulated(emulator.Config{})
	err := client.Send(context.Background(), cio.SetDevice{
		UserID: "42", Token: "token-1", Platform: cio.PlatformIOS, AppID: "com.example.shop",
		Attributes: map[string]any{"app_version": "2.1"},
	})
	person, _ := srv.Person("my-key", "42")
	fmt.Println(err, person.Devices[0].Token, person.Devices[0].Type)
	// Output: <nil> token-1 ios
}

func ExampleRelate() {
	client, srv := emulated(emulator.Config{})
	err := client.Send(context.Background(),
		cio.SetObject{TypeID: "1", ObjectID: "acme", Attributes: map[string]any{"name": "Acme"}},
		cio.Relate{UserID: "42", TypeID: "1", ObjectID: "acme", Attributes: map[string]any{"role": "admin"}},
	)
	person, _ := srv.Person("my-key", "42")
	fmt.Println(err, person.Relationships[0].ObjectID, string(person.Relationships[0].Attributes["role"]))
	// Output: <nil> acme "admin"
}

func ExampleSuppressPerson() {
	client, srv := emulated(emulator.Config{})
	err := client.Send(context.Background(),
		cio.Identify{UserID: "42", Traits: map[string]any{"email": "ann@example.com"}},
		cio.SuppressPerson{UserID: "42"},
	)
	person, _ := srv.Person("my-key", "42")
	fmt.Println(err, person.Suppressed, len(person.Traits))
	// Output: <nil> true 0
}

func ExampleSubscriptionPreferences_Update() {
	client, srv := emulated(emulator.Config{})
	// One topic changes; the others stay as they are.
	traits := cio.SubscriptionPreferences{Topics: map[int]bool{3: false}}.Update()
	err := client.Send(context.Background(), cio.Identify{UserID: "42", Traits: traits})
	person, _ := srv.Person("my-key", "42")
	fmt.Println(err, string(person.Traits[cio.TraitSubscriptionPreferences]))
	// Output: <nil> {"topics":{"topic_3":false}}
}

// A name that is a misspelt name of Customer.io is rejected, unless the caller says that it is intended.
func ExampleVerbatim() {
	_, err := cio.Encode(cio.Track{UserID: "42", Event: cio.Named("order_completed", nil)})
	fmt.Println(err)
	_, err = cio.Encode(cio.Track{UserID: "42", Event: cio.Verbatim("order_completed", nil)})
	fmt.Println(err)
	// Output:
	// cio: event: near-semantic-name: Customer.io would store this name as an ordinary event; the semantic event is named "Order Completed"; cio.Verbatim sends the name unchanged
	// <nil>
}
