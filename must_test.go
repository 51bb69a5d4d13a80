package cio_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ciokit/cio"
)

func ExampleMust() {
	client := cio.Must(cio.NewClient(cio.Config{APIKey: "key", Region: cio.EU}))
	fmt.Println(client.Target())
	// Output: https://cdp-eu.customer.io
}

func TestMust(t *testing.T) {
	if v := cio.Must(42, nil); v != 42 {
		t.Errorf("got %d", v)
	}
	reason := errors.New("reason")
	defer func() {
		if got := recover(); got != reason {
			t.Errorf("panicked with %v, want the error itself", got)
		}
	}()
	cio.Must(0, reason)
	t.Error("did not panic")
}
