package events_test

import (
	"fmt"

	"github.com/ciokit/cio/events"
)

func Example() {
	e := events.OrderCompleted{
		OrderID:  "o-17",
		Total:    new(39.9),
		Discount: new(0.0), // zero is sent, nil is not
		Currency: "EUR",
		Products: []events.Product{{ProductID: "p1", Quantity: new(2)}},
		Extra:    map[string]any{"gift": true},
	}
	properties, err := e.AppendJSON(nil)
	fmt.Println(e.EventName(), err)
	fmt.Printf("%s\n", properties)
	// Output:
	// Order Completed <nil>
	// {"order_id":"o-17","total":39.9,"discount":0,"currency":"EUR","products":[{"product_id":"p1","quantity":2}],"gift":true}
}

func ExampleLookup() {
	d, ok := events.Lookup("Email Unsubscribed")
	fmt.Println(ok, d.Type, d.Category)
	for _, f := range d.Fields {
		if f.Required {
			fmt.Println(f.GoName, f.Kind, f.Doc)
		}
	}
	// Output:
	// true EmailUnsubscribed Email
	// EmailID string The provider's identifier of this one email.
}
