package reportpage

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// chart is a picture of lines over time, drawn as SVG with the classes that the report's style sheet colours.
type chart struct {
	title, summary string // for people who cannot see it
	width, height  float64
	end            float64              // of the time, in seconds
	at             []float64            // of the values, the middle of their intervals
	lines          []chartLine          // the first may be filled
	format         func(float64) string // of the values of the axis
	filled         bool
	marks          []bool // the intervals that are shaded
}

type chartLine struct {
	class, name string
	values      []float64 // NaN where there is none
}

// The margins around the plot.
const (
	chartLeft, chartRight, chartTop, chartBottom = 52, 12, 12, 26
)

// svg draws the chart.
func (c *chart) svg() template.HTML {
	highest := 0.0
	for _, l := range c.lines {
		for _, v := range l.values {
			if v > highest { // not NaN
				highest = v
			}
		}
	}
	step := niceStep(highest, int(c.height/55))
	top := math.Max(step*math.Ceil(highest/step-1e-9), step)
	x := func(t float64) float64 {
		return chartLeft + (c.width-chartLeft-chartRight)*t/math.Max(c.end, 1e-9)
	}
	y := func(v float64) float64 { return chartTop + (c.height-chartTop-chartBottom)*(1-v/top) }

	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s"><title>%s</title><desc>%s</desc>`, c.width, c.height, esc(c.title), esc(c.title), esc(c.summary))
	c.marked(&b, x)
	for i := 0; float64(i)*step <= top+step/2; i++ {
		v := float64(i) * step
		class := "grid"
		if i == 0 {
			class = "axis"
		}
		fmt.Fprintf(&b, `<line class="%s" x1="%d" x2="%s" y1="%s" y2="%s"/><text x="%d" y="%s" text-anchor="end">%s</text>`, class, chartLeft, num(c.width-chartRight), num(y(v)), num(y(v)),
			chartLeft-8, num(y(v)+4), esc(c.format(v)))
	}
	c.ticks(&b, x)
	for i, l := range c.lines {
		c.line(&b, l, x, y, c.filled && i == 0)
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

// ticks draws the axis of time.
func (c *chart) ticks(b *strings.Builder, x func(float64) float64) {
	step := niceTime(c.end, int(c.width/90))
	for t := 0.0; t <= c.end*1.0001; t += step {
		anchor := "middle"
		if t == 0 {
			anchor = "start"
		} else if x(t) > c.width-chartRight-14 {
			anchor = "end"
		}
		fmt.Fprintf(b, `<text x="%s" y="%s" text-anchor="%s">%s</text>`, num(x(t)), num(c.height-7), anchor, esc(timeLabel(t, step)))
	}
}

// line draws a line through the values that exist. A single value becomes a dot.
func (c *chart) line(b *strings.Builder, l chartLine, x, y func(float64) float64, filled bool) {
	var path strings.Builder
	first, last, n := 0.0, 0.0, 0
	for i, v := range l.values {
		if math.IsNaN(v) {
			continue
		}
		command := "L"
		if n++; n == 1 {
			command, first = "M", x(c.at[i])
		}
		last = x(c.at[i])
		fmt.Fprintf(&path, "%s%s %s", command, num(last), num(y(v)))
		if n == 1 && i == len(l.values)-1 {
			fmt.Fprintf(b, `<circle class="dot %s" cx="%s" cy="%s" r="3"/>`, l.class, num(last), num(y(v)))
		}
	}
	if filled && n > 1 {
		fmt.Fprintf(b, `<path class="area %s" d="%sL%s %sL%s %sZ"/>`, l.class, &path, num(last), num(y(0)), num(first), num(y(0)))
	}
	fmt.Fprintf(b, `<path class="line %s" d="%s"/>`, l.class, &path)
}

// marked shades the intervals in which something happened.
func (c *chart) marked(b *strings.Builder, x func(float64) float64) {
	for i, on := range c.marks {
		if on {
			from, to := x(c.end*float64(i)/float64(len(c.marks))), x(c.end*float64(i+1)/float64(len(c.marks)))
			fmt.Fprintf(b, `<rect class="mark" x="%s" y="%d" width="%s" height="%s"/>`, num(from), chartTop, num(to-from), num(c.height-chartTop-chartBottom))
		}
	}
}

func esc(s string) string { return template.HTMLEscapeString(s) }

// num writes a coordinate.
func num(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

// niceStep returns a round step so that about n steps reach the highest value.
func niceStep(highest float64, n int) float64 {
	if highest <= 0 {
		return 1
	}
	raw := highest / float64(max(n, 1))
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, f := range []float64{1, 2, 2.5, 5, 10} {
		if f*power >= raw {
			return f * power
		}
	}
	return 10 * power
}

// niceTime is niceStep for seconds, with parts of minutes and hours.
func niceTime(end float64, n int) float64 {
	if end <= 20 {
		return niceStep(end, n)
	}
	for _, s := range []float64{5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200} {
		if end/s <= float64(n) {
			return s
		}
	}
	return 86400 * math.Ceil(end/86400/float64(max(n, 1)))
}

// timeLabel writes a time since the beginning with the precision that the step needs.
func timeLabel(t, step float64) string {
	switch {
	case step < 1:
		return strconv.FormatFloat(t, 'f', max(0, int(math.Ceil(-math.Log10(step)-1e-9))), 64) + " s"
	case step < 60 && t < 60:
		return fmt.Sprintf("%g s", math.Round(t*10)/10)
	case step < 60:
		return fmt.Sprintf("%d:%02d", int(t)/60, int(t)%60)
	case step < 3600 && t < 3600:
		return fmt.Sprintf("%d min", int(t)/60)
	case step < 3600:
		return fmt.Sprintf("%d:%02d h", int(t)/3600, int(t)/60%60)
	}
	return fmt.Sprintf("%d h", int(t)/3600)
}
