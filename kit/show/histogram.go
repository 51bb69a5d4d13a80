package show

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Histogram is a chart of how often values of each size occur.
type Histogram struct {
	Title string
	// X says what the values are, with the unit, such as bytes; Y what is counted, such as messages.
	X, Y   string
	Values []float64
	// Bins is how many classes of equal width there are; default 20.
	Bins int
	// Limits are values marked by a vertical line, by their names, such as the API's limit of 32 KB.
	Limits map[string]float64
	// Measured says that the values are measured ones: the plain text then leaves them out.
	Measured bool
}

// Show shows the chart.
func (c Histogram) Show() {
	if c.Bins <= 0 {
		c.Bins = 20
	}
	png, width := c.picture()
	bundle{text: c.text(), png: png, width: width}.show()
}

// bins returns the lower edge of the first class, the width of each, and how many values are in each.
func (c Histogram) bins() (low, width float64, counts []int) {
	low, high := span(c.Values)
	width = (high - low) / float64(c.Bins)
	if width == 0 {
		width = 1
	}
	counts = make([]int, c.Bins)
	for _, v := range c.Values {
		counts[min(int((v-low)/width), c.Bins-1)]++
	}
	return low, width, counts
}

func (c Histogram) text() string {
	var b strings.Builder
	b.WriteString(heading(c.Title, c.Y+" by "+c.X, c.Measured))
	if !c.Measured {
		low, width, counts := c.bins()
		most := 0
		for _, n := range counts {
			most = max(most, n)
		}
		edge := func(i int) string { return number(low + float64(i)*width) }
		column := max(len(edge(0)), len(edge(len(counts))))
		for i, n := range counts {
			fmt.Fprintf(&b, "  %*s to %*s  %s %s\n", column, edge(i), column, edge(i+1), strings.Repeat("#", hashes(float64(n), float64(most))), count(n))
		}
	}
	for _, name := range sortedKeys(c.Limits) {
		fmt.Fprintf(&b, "  limit: %s, %s\n", name, number(c.Limits[name]))
	}
	return b.String()
}

func (c Histogram) picture() ([]byte, int) {
	p := newPlot(c.Title)
	p.X.Label.Text, p.Y.Label.Text = c.X, c.Y
	grid := newGrid()
	grid.Vertical.Width = 0
	p.Add(grid)
	low, width, counts := c.bins()
	most := 0
	classes := make([]plotter.HistogramBin, len(counts))
	for i, n := range counts {
		classes[i] = plotter.HistogramBin{Min: low + float64(i)*width, Max: low + float64(i+1)*width, Weight: float64(n)}
		most = max(most, n)
	}
	bars := &plotter.Histogram{Bins: classes, Width: width, FillColor: palette[0]}
	bars.LineStyle.Color, bars.LineStyle.Width = faint, vg.Points(0.5)
	p.Add(bars)
	right := low + float64(c.Bins)*width
	for _, limit := range c.Limits {
		right = max(right, limit)
	}
	p.X.Min, p.X.Max = low, right+(right-low)*0.02
	p.Y.Min, p.Y.Max = 0, max(1, float64(most)*(1.1+0.07*float64(len(c.Limits))))
	for i, name := range sortedKeys(c.Limits) {
		mark(p, c.Limits[name], name, i)
	}
	return render(p, 300)
}
