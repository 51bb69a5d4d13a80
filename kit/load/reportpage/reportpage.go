// Package reportpage writes the report of a load as an HTML page for people.
package reportpage

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"count": plural.Grouped, "bytes": sizeOf, "duration": durationOf, "time": timeOf, "share": shareOf, "place": placeOfRow,
}).Parse(reportPage))

// Write writes the report of a run as a self-contained page.
func Write(w io.Writer, r load.Report) error { return reportTemplate.Execute(w, (&view{r}).page()) }

// view is a report as words and pictures.
type view struct{ load.Report }

// page is a report with everything that the template does not compute itself.
type page struct {
	load.Report
	Verdict, Tone string // the result, and good, fair or bad
	Name          string // of the input, in short
	Tiles         []tile
	Parts         []part
	Throughput    picture
	Delays        picture
	Troubled      bool // some requests failed
	Plans         []planned
	Rows          []load.ReportPoint // for the table of the charts
}

type tile struct{ Value, Name, Note string }

// part is a share of all messages.
type part struct {
	Class, Name, Note string
	Count             int64
	Percent           float64
}

// picture is a chart for wide and for narrow windows. Both are empty if there is nothing to show.
type picture struct{ Wide, Narrow template.HTML }

type planned struct{ What, Expected, Got string }

func (r *view) page() page {
	p := page{Report: r.Report, Name: shortName(r.About.Source)}
	p.Verdict, p.Tone = r.verdict()
	s := &r.Summary
	for _, part := range []part{
		{"accepted", "accepted", "Customer.io answered with success; that does not promise that the data is stored", s.Accepted, 0},
		{"rejected", "rejected before sending", "the API would drop them, or their rows cannot become messages", s.Rejected, 0},
		{"byapi", "rejected by the API", "the other messages of their requests were accepted", s.RejectedByAPI, 0},
		{"unsent", r.unsentName(), r.unsentNote(), s.Unsent, 0},
	} {
		part.Percent = 100 * float64(part.Count) / float64(max(s.Messages, 1))
		p.Parts = append(p.Parts, part)
	}
	p.Tiles = r.tiles()
	p.Throughput, p.Delays = r.throughput(), r.delays()
	for _, point := range r.Points {
		p.Troubled = p.Troubled || point.Failed > 0
	}
	p.Plans = r.plans()
	p.Rows = joined(r.Points, 24)
	return p
}

// verdict says in a sentence how the run ended.
func (r *view) verdict() (text, tone string) {
	s := &r.Summary
	bad := s.Rejected + s.RejectedByAPI
	switch {
	case r.About.DryRun && bad > 0:
		return fmt.Sprintf("A dry run: nothing was sent, and %s of %s would be rejected", plural.Grouped(bad), plural.Count(s.Messages, "message", "messages")), "fair"
	case r.About.DryRun:
		return "A dry run: nothing was sent, and nothing would be rejected", "good"
	case r.About.Stopped != "":
		return "Not finished: " + r.About.Stopped, "bad"
	case s.Unsent > 0 || !r.Complete:
		return "Not finished: some messages were not sent", "bad"
	case bad > 0:
		rest := "; the rest were accepted"
		if s.Accepted == 0 {
			rest = ""
		}
		return fmt.Sprintf("Finished: %s of %s %s rejected%s", plural.Grouped(bad), plural.Count(s.Messages, "message", "messages"), plural.Form(bad, "was", "were"), rest), "fair"
	case s.Messages == 0:
		return "Finished: there was nothing to send", "good"
	}
	return "Finished: every message was accepted", "good"
}

func (r *view) unsentName() string {
	if r.About.DryRun {
		return "would be sent"
	}
	if r.Unknown > 0 {
		return "unsent or unknown"
	}
	return "unsent"
}

func (r *view) unsentNote() string {
	switch {
	case r.About.DryRun:
		return "a dry run sends nothing"
	case r.Unknown > 0:
		return plural.Grouped(r.Unknown) + " unknown: " + plural.Form(r.Unknown, "it", "they") + " may have arrived, because no answer says whether " + plural.Form(r.Unknown, "it was", "they were") + " accepted"
	}
	return "not sent or not processed, for a reason that is not in the messages"
}

func (r *view) tiles() []tile {
	s := &r.Summary
	took := max(s.Seconds, 0.001)
	people := tile{plural.Grouped(r.People), plural.Form(r.People, "person", "different people"), ""}
	if !r.PeopleExact {
		people = tile{plural.Grouped(roundTo(r.People)), "different people (about)", "estimated to 1 %"}
	}
	list := []tile{
		{plural.Grouped(s.Rows), plural.Form(s.Rows, "row", "rows"), noteIf(s.Unchanged, "unchanged, left out", "unchanged, left out")},
		{plural.Grouped(s.Messages), plural.Form(s.Messages, "message", "messages"), noteIf(r.RowsEmpty, "row without a message", "rows without a message")},
		people,
	}
	if r.About.DryRun {
		return list
	}
	list = append(list, tile{plural.Grouped(int64(float64(s.Accepted) / took)), "messages a second", "in " + durationOf(s.Seconds)},
		tile{plural.Grouped(s.Requests), plural.Form(s.Requests, "request", "requests"), noteIf(s.Retried, "repeated", "repeated")}, tile{sizeOf(s.Bytes), "sent", ""})
	if r.Latency != nil {
		list = append(list, tile{durationOf(r.Latency.P95), "latency, 95 %", "median " + durationOf(r.Latency.P50)})
	}
	if s.Left > 0 {
		list = append(list, tile{plural.Grouped(s.Removed), plural.Form(s.Removed, "person removed", "people removed"), plural.Count(s.Left, "has left the input", "have left the input")})
	}
	return list
}

// throughput draws how many messages were accepted in each second, or how many rows a dry run read.
func (r *view) throughput() picture {
	if len(r.Points) < 2 {
		return picture{}
	}
	c := chart{title: "Accepted messages a second", format: shortCount, filled: true, lines: []chartLine{{class: "one", name: "accepted"}}}
	if r.About.DryRun {
		c.title, c.lines[0].name = "Rows a second", "rows"
	}
	most := 0.0
	for _, p := range r.Points {
		n := p.Accepted
		if r.About.DryRun {
			n = p.Rows
		}
		c.marks = append(c.marks, p.Failed > 0)
		v := float64(n) / r.Interval
		most = max(most, v)
		c.lines[0].values = append(c.lines[0].values, v)
	}
	c.summary = fmt.Sprintf("%s over %s, at most %s.", c.title, durationOf(r.end()), plural.Grouped(int64(most)))
	return c.both(r)
}

// delays draws how long requests took.
func (r *view) delays() picture {
	if r.Latency == nil || len(r.Points) < 2 {
		return picture{}
	}
	c := chart{title: "Latency of requests", format: durationOf, lines: []chartLine{{class: "two", name: "95 %"}, {class: "one", name: "median"}}}
	for _, p := range r.Points {
		p50, p95 := p.P50, p.P95
		if p.Requests == 0 {
			p50, p95 = math.NaN(), math.NaN()
		}
		c.lines[0].values, c.lines[1].values = append(c.lines[0].values, p95), append(c.lines[1].values, p50)
	}
	c.summary = fmt.Sprintf("Half of the requests took at most %s, 95 %% at most %s, the longest %s.", durationOf(r.Latency.P50), durationOf(r.Latency.P95), durationOf(r.Latency.Max))
	return c.both(r)
}

// end is the time that the points cover, in seconds.
func (r *view) end() float64 { return float64(len(r.Points)) * r.Interval }

// both draws the chart for both widths.
func (c *chart) both(r *view) picture {
	c.end = r.end()
	for i := range r.Points {
		c.at = append(c.at, (float64(i)+0.5)*r.Interval)
	}
	c.width, c.height = 860, 230
	wide := c.svg()
	c.width, c.height = 350, 200
	return picture{wide, c.svg()}
}

// plans compares what was expected with what happened.
func (r *view) plans() (list []planned) {
	p, s := r.Plan, &r.Summary
	if p == nil {
		return nil
	}
	about := "about "
	if p.Complete {
		about = ""
	}
	expect := func(what string, n int64, format func(int64) string, got string) {
		if n >= 0 {
			if !p.Complete {
				n = roundTo(n)
			}
			list = append(list, planned{what, about + format(n), got})
		}
	}
	expect("rows", p.Rows, plural.Grouped, plural.Grouped(s.Rows))
	rejected := int64(-1)
	if p.Rows >= 0 && p.Sampled > 0 {
		rejected = int64(math.Round(float64(p.Rejected) * float64(p.Rows) / float64(p.Sampled)))
	}
	expect("rows rejected here", rejected, plural.Grouped, plural.Grouped(s.RowsRejected))
	if r.About.DryRun {
		return list
	}
	expect("requests", p.Requests, plural.Grouped, plural.Grouped(s.Requests))
	expect("data sent", p.Bytes, sizeOf, sizeOf(s.Bytes))
	if p.Seconds >= 0 {
		list = append(list, planned{"time", "at least " + durationOf(p.Seconds), durationOf(s.Seconds)})
	}
	return list
}

// joined merges points until there are at most so many.
func joined(points []load.ReportPoint, most int) []load.ReportPoint {
	each := (len(points) + most - 1) / most
	if each <= 1 {
		return points
	}
	var out []load.ReportPoint
	for i := 0; i < len(points); i += each {
		sum := load.ReportPoint{At: points[i].At}
		for _, p := range points[i:min(i+each, len(points))] {
			sum.Rows += p.Rows
			sum.Accepted += p.Accepted
			sum.Rejected += p.Rejected
			sum.Requests += p.Requests
			sum.Failed += p.Failed
			sum.Limited += p.Limited
			sum.P50, sum.P95 = max(sum.P50, p.P50), max(sum.P95, p.P95)
		}
		out = append(out, sum)
	}
	return out
}

// roundTo rounds an estimate to three digits.
func roundTo(n int64) int64 {
	unit := int64(1)
	for n/unit >= 1000 {
		unit *= 10
	}
	return (n + unit/2) / unit * unit
}

func noteIf(n int64, one, several string) string {
	if n == 0 {
		return ""
	}
	return plural.Count(n, one, several)
}

// shortCount writes a number of an axis.
func shortCount(v float64) string {
	switch {
	case v >= 1e6:
		return strconv.FormatFloat(v/1e6, 'g', 4, 64) + " M"
	case v >= 1e4:
		return strconv.FormatFloat(v/1e3, 'g', 4, 64) + " k"
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}

func sizeOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return plural.Count(n, "byte", "bytes")
}

// durationOf writes seconds in a form for people.
func durationOf(s float64) string {
	switch {
	case s <= 0:
		return "0 s"
	case s < 0.001:
		return fmt.Sprintf("%.1f ms", s*1e3)
	case s < 1:
		return fmt.Sprintf("%.3g ms", s*1e3)
	case s < 60:
		return fmt.Sprintf("%.3g s", s)
	case s < 3600:
		return fmt.Sprintf("%d min %d s", int(s)/60, int(s)%60)
	}
	return fmt.Sprintf("%d h %d min", int(s)/3600, int(s)/60%60)
}

func timeOf(t time.Time) string { return t.Format("2 January 2006, 15:04:05 MST") }

func shareOf(percent float64) string {
	switch {
	case percent == 0 || percent == 100:
		return fmt.Sprintf("%.0f %%", percent)
	case percent < 0.01:
		return "< 0.01 %"
	case percent > 99.99:
		return "> 99.99 %"
	case percent < 1 || percent > 99:
		return fmt.Sprintf("%.2f %%", percent)
	}
	return fmt.Sprintf("%.1f %%", percent)
}

func placeOfRow(file string, line int64) string {
	if line == 0 {
		return file
	}
	s := "line " + plural.Grouped(line)
	if file != "" {
		s = shortName(file) + ", " + s
	}
	return s
}

// shortName returns a path without its directories.
func shortName(path string) string {
	if i := strings.LastIndexAny(path, `/\`); i >= 0 && i+1 < len(path) {
		return path[i+1:]
	}
	return path
}
