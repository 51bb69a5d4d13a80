package wirewords_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/wirewords"
)

// TestHintsOfTheClient checks that the hints of package cio still have the words that Hint replaces: somebody with a row and a mapping does not know
// the names of a Go program.
func TestHintsOfTheClient(t *testing.T) {
	guarded, err := cio.NewClient(cio.Config{APIKey: "key", Region: cio.RegionUS, Guard: func(cio.Identity) error { return errors.New("erased") }})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		encode  func(cio.Message) (cio.Encoded, error)
		message cio.Message
		want    string
	}{
		{guarded.Encode, cio.Identify{UserID: "42"}, "the guard forbids sending this person's data"},
		{cio.Encode, cio.Identify{AnonymousID: "a"}, "; give userId or the trait email"},
		{cio.Encode, cio.Identify{}, "give userId, or the trait email"},
		{cio.Encode, cio.Track{UserID: "42"}, "give the event's name"},
		{cio.Encode, cio.Track{UserID: "42", Event: cio.Named("order_completed", nil)}, "; to send the name unchanged, write verbatim: true"},
	} {
		var bad *cio.MessageError
		if _, err := c.encode(c.message); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", c.message, err)
			continue
		}
		hint := wirewords.Hint(bad.Hint, "write verbatim: true")
		if !strings.Contains(hint, c.want) || strings.Contains(hint, "Config.") || strings.Contains(hint, "cio.") {
			t.Errorf("%s: %q", bad.Rule, hint)
		}
	}
}
