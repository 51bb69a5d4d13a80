package load_test

import (
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// An event whose name looks like a misspelt semantic one is rejected with the right name, and sent if the mapping says that the name is intended.
func TestVerbatim(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - track: {userId: $id, event: $event}\n"
	for _, c := range []struct {
		mapping  string
		rejected int64
	}{
		{yaml, 1},
		{yaml + "    verbatim: false\n", 1},
		{yaml + "    verbatim: true\n", 0},
	} {
		m, err := mapping.Parse("m.yaml", []byte(c.mapping))
		if err != nil {
			t.Fatal(err)
		}
		src, err := source.New(strings.NewReader("id,event\nu1,order_completed\nu1,trial_started\n"), source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := load.Run(t.Context(), load.Job{Source: src, Mapping: m, DryRun: true})
		if err != nil || s.Rejected != c.rejected || s.Rows != 2 {
			t.Errorf("%s: %+v, %v", c.mapping, s, err)
		}
		if c.rejected == 0 {
			continue
		}
		if r := s.First[0]; r.Rule != string(cio.RuleNearSemantic) || !strings.Contains(r.Hint, "Order Completed") || !strings.Contains(r.Hint, "verbatim: true") || strings.Contains(r.Hint, "cio.") {
			t.Errorf("%+v", r)
		}
	}
	if _, err := mapping.Parse("m.yaml", []byte(yaml+"    verbatim: $id\n")); err == nil || !strings.Contains(err.Error(), "m.yaml:3:15") {
		t.Errorf("got %v", err)
	}
}
