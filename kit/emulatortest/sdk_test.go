package emulatortest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/emulator"
	analytics "github.com/segmentio/analytics-go/v3"
)

// runNode runs a script of .ci/sdk and decodes its output. It skips the test if Node or the SDKs are not installed.
func runNode(t *testing.T, result any, script string, args ...string) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed")
	}
	dir := filepath.Join("..", "..", ".ci", "sdk")
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		t.Skip("the SDKs are not installed; npm ci in .ci/sdk installs them")
	}
	cmd := exec.CommandContext(t.Context(), node, append([]string{script}, args...)...)
	cmd.Dir = dir
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", script, err, errs.String())
	}
	if err := json.Unmarshal(out, result); err != nil {
		t.Fatalf("%s printed %s: %v", script, out, err)
	}
}

// eventNames returns the names of a person's events, in order.
func eventNames(cio *emulator.Instance, id string) string {
	var names []string
	for _, e := range cio.Events(id) {
		names = append(names, e.Type+" "+e.Name)
	}
	return strings.Join(names, ", ")
}

// TestCustomerioNode runs customerio-node 5.2.0, as published.
func TestCustomerioNode(t *testing.T) {
	t.Parallel()
	for _, mode := range []string{"strict", "permissive"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			cio := emulator.Start(t)
			var got map[string]any
			runNode(t, &got, "customerio-node.mjs", cio.URL, cio.Key, mode)
			want := map[string]any{"oversize": "ok", "unknown key": "ok"}
			if mode == "strict" {
				want = map[string]any{"oversize": 400.0, "unknown key": 401.0}
			}
			for _, call := range []string{"identify", "track", "page", "screen", "group", "alias", "device", "batch"} {
				want[call] = "ok"
			}
			for call, outcome := range want {
				if got[call] != outcome {
					t.Errorf("%s: %v, want %v", call, got[call], outcome)
				}
			}
			p := cio.Person("n1")
			if p.Email != "n1@example.com" || string(p.Traits["plan"]) != `"pro"` || len(p.Traits) != 2 {
				t.Errorf("n1: %s, traits %s", p.Email, p.Traits)
			}
			if got := eventNames(cio, "n1"); got != "track Order Completed, page Pricing, screen Cart" {
				t.Errorf("events of n1: %s", got)
			}
			if e := p.Events[0]; !e.Timestamp.Equal(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)) || e.MessageID != "n-track" || string(e.Properties) != `{"total":12.5}` {
				t.Errorf("%+v", e)
			}
			if len(p.Devices) != 1 || p.Devices[0].Token != "n-token" || p.Devices[0].Type != "ios" || string(p.Devices[0].Attributes["model"]) != `"x"` {
				t.Errorf("devices %+v", p.Devices)
			}
			if len(p.Relationships) != 1 || p.Relationships[0].ObjectTypeID != "2" || string(p.Relationships[0].Attributes["role"]) != `"admin"` {
				t.Errorf("relationships %+v", p.Relationships)
			}
			if got := eventNames(cio, "n2"); got != "track Signed Up, page Home" {
				t.Errorf("events of n2: %s", got)
			}
			refused := append(cio.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictDropped}).Messages, cio.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictRejected}).Messages...)
			if len(refused) != 1 || refused[0].Rule != "call-too-large" || cio.Stats().Messages.Accepted != 10 {
				t.Errorf("refused %+v, %+v", refused, cio.Stats().Messages)
			}
		})
	}
}

// TestCDPAnalyticsNode runs @customerio/cdp-analytics-node 0.5.9, as published. It cannot send X-Strict-Mode, so the server turns strict mode on.
func TestCDPAnalyticsNode(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]emulator.Config{"strict": {Strict: true}, "permissive": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cio := config.Start(t)
			var got struct {
				Sent   int
				Failed []string
			}
			runNode(t, &got, "cdp-analytics-node.mjs", cio.URL, cio.Key)
			if got.Sent != 8 || len(got.Failed) != 0 {
				t.Errorf("the SDK says %+v", got)
			}
			p := cio.Person("a1")
			if p.Email != "a1@example.com" || string(p.Traits["plan"]) != `"team"` || len(p.Relationships) != 1 {
				t.Errorf("%+v", p)
			}
			names := eventNames(cio, "a1")
			for _, want := range []string{"track Order Completed", "page Pricing", "screen Cart", "track Seen"} {
				if !strings.Contains(names, want) {
					t.Errorf("events %s, without %s", names, want)
				}
			}
			if m := cio.Stats().Messages; m != (emulator.MessageCounts{Accepted: 8}) {
				t.Errorf("messages %+v", m)
			}
		})
	}
}

// TestSegmentGo runs Segment's Go client. Customer.io's Go client is a fork of it.
func TestSegmentGo(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]emulator.Config{"strict": {Strict: true}, "permissive": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cio := config.Start(t)
			client, err := analytics.NewWithConfig(cio.Key, analytics.Config{Endpoint: cio.URL, Verbose: false,
				DefaultContext: &analytics.Context{Locale: "de-DE"}})
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range []analytics.Message{
				analytics.Identify{UserId: "s1", Traits: analytics.NewTraits().SetEmail("s1@example.com").Set("plan", "pro")},
				analytics.Track{UserId: "s1", Event: "Order Completed", Properties: analytics.NewProperties().SetTotal(12.5), MessageId: "s-track"},
				analytics.Page{UserId: "s1", Name: "Pricing", Properties: analytics.NewProperties().SetURL("https://shop.example/pricing")},
				analytics.Screen{UserId: "s1", Name: "Cart"},
				analytics.Group{UserId: "s1", GroupId: "acme", Traits: analytics.NewTraits().SetName("Acme")},
				analytics.Alias{PreviousId: "s0", UserId: "s1"},
			} {
				if err := client.Enqueue(m); err != nil {
					t.Fatal(err)
				}
			}
			if err := client.Close(); err != nil {
				t.Fatal(err)
			}
			p := cio.Person("s1")
			if p.Email != "s1@example.com" || string(p.Traits["plan"]) != `"pro"` || len(p.Relationships) != 1 || p.Relationships[0].ObjectID != "acme" {
				t.Errorf("%+v", p)
			}
			if got := eventNames(cio, "s1"); got != "track Order Completed, page Pricing, screen Cart" {
				t.Errorf("events %s", got)
			}
			if m := cio.Stats().Messages; m != (emulator.MessageCounts{Accepted: 6}) {
				t.Errorf("messages %+v", m)
			}
		})
	}
}
