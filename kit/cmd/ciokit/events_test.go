package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

func TestFindEvent(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		if got, err := findEvent(" " + d.Name + " "); err != nil || got.Type != d.Type {
			t.Errorf("%q: %s, %v", d.Name, got.Type, err)
		}
	}
	for name, want := range map[string]string{"order_completed": "Order Completed", "OrderCompleted": "Order Completed", "order-completed": "Order Completed", "ORDER COMPLETED": "Order Completed",
		"Card Viewed": "Cart Viewed", "Delete Person": "User Deleted"} {
		if d, err := findEvent(name); err != nil || d.Name != want {
			t.Errorf("%q finds %q, %v, want %q", name, d.Name, err, want)
		}
	}
	for name, want := range map[string]string{
		"cart":          `there are "Cart Shared", "Cart Viewed", "Wishlist Product Added to Cart"`,
		"Buffer, video": `there are "Video Playback Buffer Completed", "Video Playback Buffer Started"`,
		"Signed Up":     "ciokit events list",
		"":              "ciokit events list",
		"!":             "ciokit events list",
	} {
		_, err := findEvent(name)
		var ended *exit.Error
		if !errors.As(err, &ended) || ended.Code != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", name, err, want)
		}
	}
}

// The output for an event names all of its fields, also nested ones.
func TestShowEvent(t *testing.T) {
	t.Parallel()
	for _, d := range events.All() {
		var out strings.Builder
		if err := showEvent(&out, d); err != nil {
			t.Fatal(err)
		}
		var check func(fields []events.Field, indent string)
		check = func(fields []events.Field, indent string) {
			for _, f := range fields {
				name := f.Name
				if f.Context != "" {
					name = strings.TrimPrefix(f.Context, "context.")
				}
				if !strings.Contains(out.String(), "\n"+indent+name+" ") || !strings.Contains(out.String(), f.Doc) {
					t.Errorf("%s is not in what is shown of %q:\n%s", name, d.Name, &out)
				}
				check(f.Fields, indent+"  ")
			}
		}
		check(d.Fields, "    ")
	}
}
