package emulator_test

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

func TestReports(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"track","anonymousId":"d","event":"Report Delivery Event","properties":{"deliveryId":"d","metric":"opened"}}`,
		`{"type":"track","userId":"u","event":"Report Content Event"}`)
	if s := c.stats(); s.Events != 0 || s.People != 0 || s.Messages.Accepted != 2 {
		t.Errorf("%+v", s)
	}
	if got := warnings(c.last()); got != "report-fields" {
		t.Errorf("warnings %q", got)
	}
	reports, err := c.srv.Reports(emulator.ReportsQuery{})
	if err != nil || len(reports.Reports) != 2 || string(reports.Reports[1].Properties) != `{"deliveryId":"d","metric":"opened"}` || reports.Reports[0].Event != "Report Content Event" {
		t.Errorf("reports %+v, %v", reports, err)
	}
}

func TestNearSemanticNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Order Completed":            "",
		"order completed":            "Order Completed",
		"Order_Completed":            "Order Completed",
		"OrderCompleted!":            "Order Completed",
		"user  deleted":              "User Deleted",
		"Device created or updated":  "Device Created or Updated",
		"Order Complete":             "",
		"Ordered":                    "",
		"!?":                         "",
		strings.Repeat("Order ", 15): "",
	} {
		c := newClient(t, emulator.Config{})
		c.send(`{"type":"track","userId":"u","event":"` + name + `"}`)
		r := c.last()
		if r.Verdict != accepted || c.stats().Events != 1 {
			t.Errorf("%s: %s, %+v; want an ordinary event", name, r.Verdict, c.stats())
		}
		got := ""
		if len(r.Warnings) == 1 && r.Warnings[0].Rule == "near-semantic-name" {
			got = r.Warnings[0].Reason
		}
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%s: warning %q, want one about %q", name, got, want)
		}
	}
}
