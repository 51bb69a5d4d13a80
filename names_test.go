package cio_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
)

type misspelt struct{}

func (misspelt) EventName() string { return "Order completed" }

func TestMisspeltSemanticEventsAreRefused(t *testing.T) {
	t.Parallel()
	for name, right := range map[string]string{
		"Order completed":               "Order Completed",
		"order_completed":               "Order Completed",
		"OrderCompleted":                "Order Completed",
		" ORDER-completed! ":            "Order Completed",
		"Video Playback interrupted":    "Video Playback Interrupted",
		"Delete Person":                 "User Deleted",
		"delete_person":                 "User Deleted",
		"Create Device":                 "Device Created or Updated",
		"Group Deleted":                 "Object Deleted",
		"Payment Info Updated":          "Payment Info Entered",
		"Wishlisted Item Added to Cart": "Wishlist Product Added to Cart",
	} {
		_, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named(name, nil)})
		var m *cio.MessageError
		if !errors.As(err, &m) || m.Rule != cio.RuleNearSemantic || m.Field != "event" || !strings.Contains(m.Hint, `"`+right+`"`) {
			t.Errorf("%q: got %v, want %q in it", name, err, right)
		}
		e, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Verbatim(name, map[string]any{"a": 1})})
		if err != nil || len(e.Warnings()) != 0 {
			t.Errorf("%q, sent unchanged: %v, %v", name, err, e.Warnings())
			continue
		}
		if b, _ := e.MarshalJSON(); !strings.Contains(string(b), `"properties":{"a":1}`) {
			t.Errorf("%q: %s", name, b)
		}
	}
	if _, err := cio.Encode(cio.Track{UserID: "u1", Event: misspelt{}}); !errors.Is(err, cio.ErrInvalid) {
		t.Errorf("a type with a misspelt name: %v", err)
	}
}

func TestNamesOneOrTwoLettersAwayOnlyWarn(t *testing.T) {
	t.Parallel()
	for name, warns := range map[string]bool{
		"Card Viewed":       true,
		"Orders Completed":  true,
		"Produkt Clicked":   true,
		"Signed Up":         false,
		"Trial Started":     false,
		"Order Shipped":     false,
		"Cart":              false,
		"":                  false,
		"Order Completed":   false,
		"Subscription Paid": false,
	} {
		if name == "" {
			continue
		}
		e, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named(name, nil)})
		if err != nil {
			t.Errorf("%q: %v", name, err)
			continue
		}
		if w := e.Warnings(); (len(w) == 1 && w[0].Rule == cio.RuleNearSemantic) != warns || len(w) > 1 {
			t.Errorf("%q: warnings %v", name, w)
		}
	}
}

// Every semantic event passes the linter under its own name, typed and by name.
func TestSemanticNamesPass(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		e, err := cio.Encode(cio.Track{UserID: "u1", AnonymousID: "a1", Event: cio.Named(d.Name, map[string]any{
			"objectId": "o", "deliveryId": "d", "metric": "opened", "actionType": "viewed_content",
		}), Context: map[string]any{"device": map[string]any{"token": "t", "type": "ios"}}})
		if err != nil || len(e.Warnings()) != 0 {
			t.Errorf("%s: %v, %v", d.Name, err, e.Warnings())
		}
	}
}

// However many names are in use, the linter's memory stays bounded and its answer the same.
func TestLintOfManyNames(t *testing.T) {
	t.Parallel()
	for i := range 20_000 {
		if _, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named(fmt.Sprint("Custom ", i), nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := cio.Encode(cio.Track{UserID: "u1", Event: cio.Named("order completed", nil)}); err == nil {
		t.Error("a misspelt name was accepted")
	}
}

func TestSemanticName(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, right string
		exact       bool
	}{
		{"Order Completed", "Order Completed", true},
		{" Order Completed ", "Order Completed", true},
		{"order_completed", "Order Completed", false},
		{"Delete Person", "User Deleted", false},
		{"Card Viewed", "Cart Viewed", false},
		{"Trial Started", "", false},
		{"", "", false},
	} {
		if right, exact := cio.SemanticName(c.name); right != c.right || exact != c.exact {
			t.Errorf("%q: got %q, %t", c.name, right, exact)
		}
	}
}
