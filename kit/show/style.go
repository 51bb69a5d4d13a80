package show

import (
	"bytes"
	"fmt"
	"image/color"
	"maps"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// palette is that of Okabe and Ito without its yellow, which is too faint on white: people with any of the usual kinds of colour blindness
// tell the colours apart.
var palette = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, // blue
	color.RGBA{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	color.RGBA{0x00, 0x9e, 0x73, 0xff}, // bluish green
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, // reddish purple
	color.RGBA{0xe6, 0x9f, 0x00, 0xff}, // orange
	color.RGBA{0x56, 0xb4, 0xe9, 0xff}, // sky blue
}

var (
	ink   = color.RGBA{0x33, 0x33, 0x33, 0xff}
	faint = color.RGBA{0xe4, 0xe4, 0xe4, 0xff}
)

// A chart is 760 CSS pixels wide, what GitHub leaves a notebook's output, and drawn with twice as many.
const (
	chartWidth = 760
	chartScale = 2
)

func regular(size float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: font.Points(size)}
}

func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text = title
	p.Title.Padding = vg.Points(8)
	bold := regular(12)
	bold.Weight = 2 // stdfnt.WeightBold
	p.Title.TextStyle.Font = bold
	p.Title.TextStyle.Color = ink
	p.Legend.TextStyle.Font = regular(9.5)
	p.Legend.TextStyle.Color = ink
	p.Legend.Top = true
	p.Legend.Padding = vg.Points(3)
	p.Legend.ThumbnailWidth = vg.Points(18)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = regular(10)
		axis.Label.TextStyle.Color = ink
		axis.Label.Padding = vg.Points(4)
		axis.Tick.Label.Font = regular(9.5)
		axis.Tick.Label.Color = ink
		axis.LineStyle.Color = color.Gray{0xb0}
		axis.Tick.LineStyle.Color = color.Gray{0xb0}
		axis.Tick.Length = vg.Points(3)
		axis.Tick.Marker = readableTicks{}
		axis.Padding = 0
	}
	return p
}

func newGrid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Horizontal.Color, g.Vertical.Color = faint, faint
	g.Horizontal.Width, g.Vertical.Width = vg.Points(0.75), vg.Points(0.75)
	return g
}

// readableTicks are about five round numbers, written for people.
type readableTicks struct{}

func (readableTicks) Ticks(low, high float64) []plot.Tick {
	step := roundStep((high - low) / 5)
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: number(math.Round(i*step*1e9) / 1e9)})
	}
	return ticks
}

// roundStep is the first of 1, 2, 5, 10, 20, 50 and so on, up and down, that is not under step.
func roundStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, digit := range []float64{1, 2, 5} {
		if step <= digit*power*(1+1e-9) {
			return digit * power
		}
	}
	return 10 * power
}

// mark draws a limit as a vertical line from the bottom, with its name at the top on the side where there is room.
func mark(p *plot.Plot, x float64, name string, i int) {
	c := palette[1+i%(len(palette)-1)]
	line, err := plotter.NewLine(plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}})
	if err != nil {
		panic(fmt.Sprintf("show: %v", err)) // NaN or infinite
	}
	line.Color, line.Width, line.Dashes = c, vg.Points(1.5), []vg.Length{vg.Points(5), vg.Points(3)}
	label, err := plotter.NewLabels(plotter.XYLabels{XYs: plotter.XYs{{X: x, Y: p.Y.Max}}, Labels: []string{name}})
	if err != nil {
		panic(fmt.Sprintf("show: %v", err))
	}
	style := &label.TextStyle[0]
	style.Font, style.Color, style.YAlign = regular(9.5), ink, draw.YTop
	style.XAlign, label.Offset.X = draw.XLeft, vg.Points(4)
	if x > (p.X.Min+p.X.Max)/2 {
		style.XAlign, label.Offset.X = draw.XRight, -vg.Points(4)
	}
	label.Offset.Y = -vg.Points(11) * vg.Length(i)
	p.Add(line, label)
}

// render draws the plot and returns the PNG and its width in CSS pixels.
func render(p *plot.Plot, height int) (png []byte, width int) {
	const pointsPerPixel = 0.75
	canvas := vgimg.NewWith(vgimg.UseWH(vg.Points(chartWidth*pointsPerPixel), vg.Points(float64(height)*pointsPerPixel)), vgimg.UseDPI(96*chartScale))
	margin := vg.Points(8)
	p.Draw(draw.Crop(draw.New(canvas), margin, -2*margin, margin, -margin))
	var b bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&b); err != nil {
		panic(fmt.Sprintf("show: %v", err)) // a bytes.Buffer does not fail
	}
	return b.Bytes(), chartWidth
}

// heading is the first line of a chart in plain text.
func heading(title, unit string, measured bool) string {
	s := title
	if unit != "" {
		s += " (" + unit + ")"
	}
	if measured {
		s += ", as measured: see the picture"
	}
	return s + "\n"
}

func sortedKeys(m map[string]float64) []string { return slices.Sorted(maps.Keys(m)) }

// span is the least and the greatest of the values; 0 and 0 for none.
func span(values []float64) (low, high float64) {
	if len(values) == 0 {
		return 0, 0
	}
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

func count(n int) string { return commas(strconv.Itoa(n)) }
