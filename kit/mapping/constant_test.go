package mapping

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A constant that the client rejects is reported once, with its place in the mapping, and not once for each row.
func TestConstantsAreRefusedOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ message, want string }{
		{"track: {userId: $id, event: order_completed}", `m.yaml:2:33: messages[0].track.event: every row would be rejected by the rule near-semantic-name, because of the field event; Customer.io would store this name as an ordinary event; the semantic event is named "Order Completed"; to send the name unchanged, write verbatim: true in the same item of messages`},
		{"track: {userId: $id, event: Order Completed}", ""},
		{"track: {userId: $id, event: $id}", ""},
		{"track: {userId: $id, event: Bought}", ""},
		{"identify: {userId: $id, traits: {plan: pro, n: 1}}", ""},
		{"identify: {userId: $id, traits: {plan: $id, nested: {city: Bonn}}, context: {ip: $id}}", ""},
		{"delete_person: {userId: $id}", ""},
		{"set_device: {userId: $id, token: $id, platform: ios}", ""},
		{"identify: {userId: $id, traits: {plan: " + strings.Repeat("x", 40_000) + "}}", "message-too-large"},
	} {
		m, err := Parse("m.yaml", []byte("messages:\n  - "+tt.message+"\n"))
		if err == nil {
			_, err = m.Compile([]source.Column{{Name: "id", Kind: source.KindText}}, false)
		}
		var wrong *Error
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (!errors.As(err, &wrong) || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%.60s: got %v, want %s", tt.message, err, tt.want)
		}
	}
}
