package cio_test

import (
	"context"
	"fmt"
	"log"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// A Tag is for the caller: here it is the row of the message.
func ExampleEncoded_WithTag() {
	stored, err := cio.Encode(cio.Page{UserID: "42", MessageID: "page-1"})
	if err != nil {
		log.Fatal(err)
	}
	m := stored.WithTag(17)
	fmt.Println(m.Tag(), m.MessageID(), m.Len() == stored.Len())
	// Output: 17 page-1 true
}

func ExampleSemanticName() {
	for _, name := range []string{"Order Completed", "order completed", "Trial Started"} {
		right, exact := cio.SemanticName(name)
		fmt.Printf("%q %t\n", right, exact)
	}
	// Output:
	// "Order Completed" true
	// "Order Completed" false
	// "" false
}

// A program finishes with one workspace, and continues with another.
func ExampleClient_CloseIdleConnections() {
	srv := emulator.Config{}.InProcess(nil)
	client, err := cio.NewClient(cio.Config{APIKey: srv.Key, BaseURL: srv.URL, HTTPClient: srv.Client()})
	if err != nil {
		log.Fatal(err)
	}
	defer client.CloseIdleConnections()
	fmt.Println(client.Send(context.Background(), cio.Identify{UserID: "42"}))
	// Output: <nil>
}
