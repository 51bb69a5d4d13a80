package show

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Bar is a chart with a horizontal bar for each label, so that the labels can be long.
type Bar struct {
	Title string
	// Unit says what is counted, such as events.
	Unit string
	// Labels and Values are the bars from the top down.
	Labels []string
	Values []float64
	// Counts, in place of Labels and Values, are the bars by their labels; the largest is on top.
	Counts map[string]int
	// Limits are values marked by a vertical line, by their names, such as the API's limit of 32 KB.
	Limits map[string]float64
	// Measured says that the values are measured ones: the plain text then names the bars and leaves the values out.
	Measured bool
}

// Show shows the chart. It panics if there are not as many values as labels.
func (c Bar) Show() {
	c = c.sorted()
	if len(c.Labels) != len(c.Values) {
		panic(fmt.Sprintf("show: a Bar with %d labels and %d values", len(c.Labels), len(c.Values)))
	}
	png, width := c.picture()
	bundle{text: c.text(), png: png, width: width}.show()
}

func (c Bar) sorted() Bar {
	if c.Counts == nil {
		return c
	}
	c.Labels, c.Values = nil, nil
	for label := range c.Counts {
		c.Labels = append(c.Labels, label)
	}
	slices.SortFunc(c.Labels, func(a, b string) int {
		if d := c.Counts[b] - c.Counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, label := range c.Labels {
		c.Values = append(c.Values, float64(c.Counts[label]))
	}
	return c
}

func (c Bar) text() string {
	var b strings.Builder
	b.WriteString(heading(c.Title, c.Unit, c.Measured))
	width, top := 0, 0.0
	for i, label := range c.Labels {
		width = max(width, utf8.RuneCountInString(label))
		top = max(top, c.Values[i])
	}
	for i, label := range c.Labels {
		line := label
		if !c.Measured {
			line += strings.Repeat(" ", width-utf8.RuneCountInString(label)) + "  " + strings.Repeat("#", hashes(c.Values[i], top)) + " " + number(c.Values[i])
		}
		b.WriteString("  " + line + "\n")
	}
	for _, name := range sortedKeys(c.Limits) {
		fmt.Fprintf(&b, "  limit: %s, %s\n", name, number(c.Limits[name]))
	}
	return b.String()
}

// hashes is how long a bar is in text: 40 characters at most, and one at least for what is not nothing.
func hashes(value, top float64) int {
	if value <= 0 || top <= 0 {
		return 0
	}
	return max(1, int(math.Round(40*value/top)))
}

func (c Bar) picture() ([]byte, int) {
	p := newPlot(c.Title)
	p.X.Label.Text = c.Unit
	n := len(c.Values)
	values := make(plotter.Values, n) // from the bottom up
	labels := make([]string, n)
	ends := plotter.XYLabels{XYs: make(plotter.XYs, n), Labels: make([]string, n)}
	top := 0.0
	for i, v := range c.Values {
		j := n - 1 - i
		values[j], labels[j] = v, c.Labels[i]
		ends.XYs[j], ends.Labels[j] = plotter.XY{X: v, Y: float64(j)}, " "+number(v)
		top = max(top, v)
	}
	for _, limit := range c.Limits {
		top = max(top, limit)
	}
	grid := newGrid()
	grid.Horizontal.Width = 0
	p.Add(grid)
	if n > 0 {
		bars, err := plotter.NewBarChart(values, vg.Points(15))
		if err != nil {
			panic(fmt.Sprintf("show: %v", err)) // NaN or infinite
		}
		bars.Horizontal = true
		bars.Color = palette[0]
		bars.LineStyle.Width = 0
		p.Add(bars)
		p.NominalY(labels...)
		text, err := plotter.NewLabels(ends)
		if err != nil {
			panic(fmt.Sprintf("show: %v", err))
		}
		for i := range text.TextStyle {
			text.TextStyle[i].Font = regular(9)
			text.TextStyle[i].Color = ink
			text.TextStyle[i].YAlign = draw.YCenter
		}
		p.Add(text)
	}
	p.X.Min, p.X.Max = min(0, p.X.Min), top*1.12
	if top == 0 {
		p.X.Max = 1
	}
	p.Y.Min, p.Y.Max = -0.6, float64(n)-0.4+0.6*float64(len(c.Limits))
	for i, name := range sortedKeys(c.Limits) {
		mark(p, c.Limits[name], name, i)
	}
	p.Y.LineStyle.Width = 0
	p.Y.Tick.Length = 0
	return render(p, max(150, 90+26*n+16*len(c.Limits)))
}
