package show

import (
	"fmt"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// Series is one line of a Line chart.
type Series struct {
	// Name stands in the legend, if there are several.
	Name string
	// X and Y are the points, in the order of X. Without X the points are numbered from 0.
	X, Y []float64
}

// Line is a chart of values along a numeric axis, such as seconds.
type Line struct {
	Title string
	// X and Y say what the axes measure, with the unit.
	X, Y   string
	Series []Series
	// Steps keeps each value until the next point, for counts and states.
	Steps bool
	// Measured says that the values are measured ones: the plain text then leaves them out.
	Measured bool
}

// Show shows the chart. It panics if a series has not as many X as Y.
func (c Line) Show() {
	for i, s := range c.Series {
		if s.X == nil {
			for x := range s.Y {
				c.Series[i].X = append(c.Series[i].X, float64(x))
			}
		} else if len(s.X) != len(s.Y) {
			panic(fmt.Sprintf("show: series %q has %d X and %d Y", s.Name, len(s.X), len(s.Y)))
		}
	}
	png, width := c.picture()
	bundle{text: c.text(), png: png, width: width}.show()
}

func (c Line) text() string {
	var b strings.Builder
	b.WriteString(heading(c.Title, c.Y+" by "+c.X, c.Measured))
	for _, s := range c.Series {
		name := s.Name
		if name == "" {
			name = c.Y
		}
		if c.Measured {
			fmt.Fprintf(&b, "  %s\n", name)
			continue
		}
		low, high := span(s.Y)
		fmt.Fprintf(&b, "  %s: %s points, from %s to %s", name, count(len(s.Y)), number(low), number(high))
		if n := len(s.Y); n > 0 {
			fmt.Fprintf(&b, ", %s at the end", number(s.Y[n-1]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func (c Line) picture() ([]byte, int) {
	p := newPlot(c.Title)
	p.X.Label.Text, p.Y.Label.Text = c.X, c.Y
	p.Add(newGrid())
	top := 0.0
	for i, s := range c.Series {
		points := make(plotter.XYs, len(s.X))
		for j := range s.X {
			points[j] = plotter.XY{X: s.X[j], Y: s.Y[j]}
			top = max(top, s.Y[j])
		}
		if len(points) == 0 {
			continue
		}
		line, err := plotter.NewLine(points)
		if err != nil {
			panic(fmt.Sprintf("show: %v", err)) // NaN or infinite
		}
		line.Color, line.Width = palette[i%len(palette)], vg.Points(2)
		if i >= len(palette) {
			line.Dashes = []vg.Length{vg.Points(4), vg.Points(2)}
		}
		if c.Steps {
			line.StepStyle = plotter.PostStep
		}
		p.Add(line)
		if len(c.Series) > 1 {
			p.Legend.Add(s.Name, line)
		}
	}
	p.Y.Min = min(0, p.Y.Min)
	p.Y.Max = top * 1.1
	if n := len(c.Series); n > 1 {
		p.Y.Max += top * 0.07 * float64(n) // for the legend
	}
	if top <= 0 {
		p.Y.Max = 1
	}
	return render(p, 300)
}
