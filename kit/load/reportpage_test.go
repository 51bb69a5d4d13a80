package load

import (
	"bytes"
	"encoding/xml"
	"io"
	"math"
	"strings"
	"testing"
	"testing/synctest"
)

// The page is whole, loads nothing, and holds nothing of the people it is about.
func TestReportPage(t *testing.T) {
	t.Parallel()
	for _, dryRun := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			r := reported(t, dryRun)
			var page bytes.Buffer
			if err := Write(&page, r); err != nil {
				t.Fatal(err)
			}
			html := page.String()
			for _, no := range []string{"@example", "secret", "ann", "dozen", "http://", "src=", "url(", "<script", "@import", "NaN", "ZgotmplZ", "%!"} {
				if strings.Contains(strings.ReplaceAll(html, "cannot", ""), no) {
					t.Errorf("the page holds %q", no)
				}
			}
			want := []string{"people.csv", "not-an-integer", "field-count", "<svg", "prefers-color-scheme: dark", "0123456789abcdef<"}
			if dryRun {
				want = append(want, "A dry run: nothing was sent")
			} else {
				want = append(want, "Finished: all was sent but", "refused-by-api", "event-starts-no-campaign", "Latency of requests", ">900<")
			}
			if len(r.Points) < 2 {
				want = []string{"A dry run"}
			}
			for _, yes := range want {
				if !strings.Contains(html, yes) {
					t.Errorf("the page lacks %q", yes)
				}
			}
			if strings.Count(html, "https://") != strings.Count(html, "https://cdp.customer.io") {
				t.Error("the page names an address that is not its target")
			}
			wellFormed(t, html[strings.Index(html, "<body>"):strings.LastIndex(html, "</html>")])
		})
	}
}

// wellFormed insists that all elements are closed.
func wellFormed(t *testing.T, html string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(html))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestAxes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		highest float64
		n       int
		step    float64
	}{{0, 4, 1}, {1, 4, 0.25}, {97, 4, 25}, {113_000, 4, 50_000}, {0.0023, 4, 0.001}} {
		if got := niceStep(tt.highest, tt.n); math.Abs(got-tt.step) > 1e-12 {
			t.Errorf("niceStep(%g, %d) = %g, want %g", tt.highest, tt.n, got, tt.step)
		}
	}
	for _, tt := range []struct {
		t, step float64
		want    string
	}{{0.5, 0.5, "0.5 s"}, {5, 5, "5 s"}, {65, 5, "1:05"}, {120, 60, "2 min"}, {4500, 900, "1:15 h"}, {7200, 3600, "2 h"}} {
		if got := timeLabel(tt.t, tt.step); got != tt.want {
			t.Errorf("timeLabel(%g, %g) = %q, want %q", tt.t, tt.step, got, tt.want)
		}
	}
}
