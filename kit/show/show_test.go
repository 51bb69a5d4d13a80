package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// capture returns what f prints, and the exit code with which f ended the cell, or -1 if f did not end it.
func capture(t *testing.T, f func()) (text string, status int) {
	t.Helper()
	var b bytes.Buffer
	oldOut, oldErr, oldExit := stdout, stderr, exit
	t.Cleanup(func() { stdout, stderr, exit = oldOut, oldErr, oldExit })
	status = -1
	stdout, stderr, exit = &b, &b, func(code int) { status = code }
	f()
	return b.String(), status
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		v    float64
		want string
	}{
		{0, "0"}, {math.Copysign(0, -1), "0"}, {7, "7"}, {-1234, "-1,234"}, {999, "999"}, {1000, "1,000"}, {123456789, "123,456,789"},
		{0.5, "0.5"}, {1.25, "1.25"}, {12.345, "12.3"}, {1234.4, "1,234"}, {0.0001, "0.0001"}, {2e20, "2e+20"}, {math.Inf(1), "+Inf"},
	} {
		if got := number(test.v); got != test.want {
			t.Errorf("%v: %q, want %q", test.v, got, test.want)
		}
	}
}

func TestTable(t *testing.T) {
	type row struct {
		ID     string `json:"id"`
		Events int    `show:"events so far"`
		Secret string `show:"-"`
		At     time.Time
		Raw    json.RawMessage
		hidden int
	}
	_ = row{hidden: 1}.hidden
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("", 3600))
	records := Records([]row{{"ann", 12345, "x", at, json.RawMessage(`"pro"`), 0}, {"bob", 3, "x", time.Time{}, json.RawMessage(`{"a":1}`), 0}})
	records.Title = "People"
	for _, test := range []struct {
		name  string
		table Table
		want  string
	}{
		{"records", records, `People
id   events so far  At                   Raw
---  -------------  -------------------  -------
ann         12,345  2026-03-01 11:00:00  pro
bob              3                       {"a":1}
`},
		{"mixed, short and nil", Table{Columns: []string{"a", "b"}, Rows: [][]any{{true, nil}, {"<ü>\nx"}, {int64(math.MaxInt64), errors.New("why")}}}, `a                          b
-------------------------  ---
yes
<ü> x
9,223,372,036,854,775,807  why
`},
		{"limit", Table{Columns: []string{"n"}, Limit: 1, Rows: [][]any{{1}, {2}, {3}}}, "n\n-\n1\n... and 2 more\n"},
		{"no rows", Table{Columns: []string{"n"}}, "n\n-\n"},
	} {
		got, _ := capture(t, test.table.Show)
		if got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
	page := Table{Title: "<t>", Columns: []string{"<c>"}, Rows: [][]any{{"<script>"}, {1}}, Limit: 1}.html()
	if strings.Contains(page, "<script>") || strings.Contains(page, "<c>") || !strings.Contains(page, "&lt;script&gt;") || !strings.Contains(page, "1 more") {
		t.Errorf("html: %s", page)
	}
	defer func() {
		if recover() == nil {
			t.Error("Records of a map did not panic")
		}
	}()
	Records(map[string]int{})
}

func TestText(t *testing.T) {
	got, _ := capture(t, func() { Text("%d at http://127.0.0.1:4711/x", 3) })
	if got != "3 at http://127.0.0.1:4711/x\n" {
		t.Errorf("%q", got)
	}
	t.Setenv(HeadlessEnv, "1")
	got, _ = capture(t, func() { Text("%d at http://127.0.0.1:4711/x", 3) })
	if got != "3 at http://127.0.0.1:PORT/x\n" {
		t.Errorf("headless: %q", got)
	}
	for _, port := range []string{"80", "54321"} { // the table has the same width in both cases
		got, _ = capture(t, func() {
			Table{Columns: []string{"at", "n"}, Rows: [][]any{{"127.0.0.1:" + port, 1}}}.Show()
		})
		if want := "at              n\n--------------  -\n127.0.0.1:PORT  1\n"; got != want {
			t.Errorf("headless: %q, want %q", got, want)
		}
	}
	got, _ = capture(t, Table{Columns: []string{"at", "b"}, Rows: [][]any{{errors.New("http://127.0.0.1:34567"), 1}}}.Show)
	if want := "at                     b\n---------------------  -\nhttp://127.0.0.1:PORT  1\n"; got != want {
		t.Errorf("headless table:\n%s", got)
	}
	got, _ = capture(t, func() { JSON(json.RawMessage(`{"b":"<&>","a":[1]}`)) })
	if want := "{\n  \"b\": \"<&>\",\n  \"a\": [\n    1\n  ]\n}\n"; got != want {
		t.Errorf("JSON: %q, want %q", got, want)
	}
	if _, status := capture(t, func() { JSON(math.NaN()) }); status != 1 {
		t.Errorf("JSON of NaN: status %d", status)
	}
}

func TestVerify(t *testing.T) {
	got, status := capture(t, func() { Verify(Equal("people", 3, 3), True("all there", true)) })
	if want := "what       expected  found  holds\n---------  --------  -----  -----\npeople     3         3      yes\nall there  yes       yes    yes\n"; got != want || status != -1 {
		t.Errorf("status %d\n%s", status, got)
	}
	got, status = capture(t, func() { Verify(Equal("people", 2, 3), True("all there", false)) })
	if status != 1 || !strings.HasSuffix(got, "does not hold: people: found 2, expected 3; all there: found no, expected yes\n") {
		t.Errorf("status %d\n%s", status, got)
	}
}

func TestSent(t *testing.T) {
	client := Must(cio.NewClient(cio.Config{APIKey: "key", Region: cio.RegionEU}))
	refused := client.Send(t.Context(), cio.Identify{UserID: "ann"}, cio.Track{UserID: "ann"})
	if got, status := capture(t, func() { Rejected(refused) }); status != -1 || !strings.Contains(got, "1  rejected  event  missing-event") {
		t.Errorf("Rejected: status %d\n%s", status, got)
	}
	if got, status := capture(t, func() { Accepted(refused) }); status != 1 || !strings.Contains(got, "missing-event") || !strings.Contains(got, "not accepted: ") {
		t.Errorf("Accepted: status %d\n%s", status, got)
	}
	if got, status := capture(t, func() { Accepted(nil) }); status != -1 || got != "Accepted.\n" {
		t.Errorf("Accepted(nil): status %d %q", status, got)
	}
	if _, status := capture(t, func() { Rejected(nil) }); status != 1 {
		t.Errorf("Rejected(nil): status %d", status)
	}
	answer := Failures(&cio.SendError{Total: 1, Failures: []cio.Failure{{Outcome: cio.OutcomeUnsent, Err: &cio.APIError{Operation: "track", Status: 503, Message: "busy"}}}})
	if got := answer.text(); !strings.Contains(got, "unsent") || !strings.Contains(got, "answer 503") || !strings.Contains(got, "busy") {
		t.Errorf("an answer of the API:\n%s", got)
	}
}

func TestProgress(t *testing.T) {
	got, _ := capture(t, func() {
		p := NewProgress("orders", 2000)
		for n := range int64(1500) {
			p.Set(n + 1)
		}
		p.Done()
	})
	if want := "orders [######################........]  1,500 of 2,000\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestChartText(t *testing.T) {
	for _, test := range []struct {
		name string
		show func()
		want string
	}{
		{"bar of counts", Bar{Title: "Events", Unit: "events", Counts: map[string]int{"b": 10, "a": 10, "long": 40, "none": 0}, Limits: map[string]float64{"most": 50}}.Show,
			"Events (events)\n  long  ######################################## 40\n  a     ########## 10\n  b     ########## 10\n  none   0\n  limit: most, 50\n"},
		{"measured bar", Bar{Title: "Speed", Unit: "MB/s", Labels: []string{"disk"}, Values: []float64{3.7}, Measured: true}.Show,
			"Speed (MB/s), as measured: see the picture\n  disk\n"},
		{"line", Line{Title: "Sent", X: "s", Y: "events", Series: []Series{{Y: []float64{1, 5, 3}}, {Name: "b", X: []float64{2}, Y: []float64{2}}}}.Show,
			"Sent (events by s)\n  events: 3 points, from 1 to 5, 3 at the end\n  b: 1 points, from 2 to 2, 2 at the end\n"},
		{"histogram", Histogram{Title: "Sizes", X: "bytes", Y: "messages", Values: []float64{0, 1, 2, 4}, Bins: 2}.Show,
			"Sizes (messages by bytes)\n  0 to 2  #################### 2\n  2 to 4  #################### 2\n"},
	} {
		got, _ := capture(t, test.show)
		if test.name == "histogram" {
			got = strings.ReplaceAll(got, strings.Repeat("#", 40), strings.Repeat("#", 20))
		}
		if got != test.want {
			t.Errorf("%s:\n%s\nwant\n%s", test.name, got, test.want)
		}
	}
}

// Whether a picture is good, only a person can see. This test checks its size, that it is not blank, and its colours, also without data.
func TestChartPictures(t *testing.T) {
	many := make([]float64, 500)
	for i := range many {
		many[i] = float64(i % 37)
	}
	for name, picture := range map[string]func() ([]byte, int){
		"bar":             Bar{Title: "t", Labels: []string{"a", "b"}, Values: []float64{1, 2}, Limits: map[string]float64{"l": 3}}.picture,
		"empty bar":       Bar{Title: "t"}.picture,
		"zeros":           Bar{Title: "t", Labels: []string{"a"}, Values: []float64{0}}.picture,
		"line":            Line{Title: "t", X: "x", Y: "y", Series: []Series{{"a", []float64{0, 1}, []float64{1, 2}}, {"b", []float64{0, 1}, []float64{2, 1}}}, Steps: true}.picture,
		"empty line":      Line{Title: "t", Series: []Series{{Name: "a"}}}.picture,
		"flat line":       Line{Title: "t", Series: []Series{{"a", []float64{1}, []float64{0}}}}.picture,
		"histogram":       Histogram{Title: "t", Values: many, Bins: 20, Limits: map[string]float64{"l": 50}}.picture,
		"one value":       Histogram{Title: "t", Values: []float64{5, 5}, Bins: 20}.picture,
		"empty histogram": Histogram{Title: "t", Bins: 20}.picture,
	} {
		data, width := picture()
		img, err := png.Decode(bytes.NewReader(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := img.Bounds().Dx(); got != width*chartScale {
			t.Errorf("%s: %d pixels wide, want %d", name, got, width*chartScale)
		}
		canvas := image.NewRGBA(img.Bounds())
		draw.Draw(canvas, canvas.Bounds(), img, image.Point{}, draw.Src)
		inked, coloured := 0, false
		for i := 0; i < len(canvas.Pix); i += 4 {
			c := color.RGBA{canvas.Pix[i], canvas.Pix[i+1], canvas.Pix[i+2], canvas.Pix[i+3]}
			if c.R < 0xf0 || c.G < 0xf0 {
				inked++
			}
			coloured = coloured || c == palette[0]
		}
		if inked < 200 {
			t.Errorf("%s: only %d pixels have ink", name, inked)
		}
		if full := name == "bar" || name == "line" || name == "histogram"; full && !coloured {
			t.Errorf("%s: nothing in the first colour", name)
		}
	}
}

// Any two colours of the palette differ in brightness or hue for people who do not see red or green. After simulating either, the distance between
// them is well above what people can distinguish.
func TestPaletteForColourBlind(t *testing.T) {
	// Viénot, Brettel and Mollon 1999: linear RGB as protanopes and deuteranopes see it.
	for name, m := range map[string][9]float64{
		"protanopia":   {0.11238, 0.88762, 0, 0.11238, 0.88762, 0, 0.00401, -0.00401, 1},
		"deuteranopia": {0.29275, 0.70725, 0, 0.29275, 0.70725, 0, -0.02234, 0.02234, 1},
	} {
		var seen [][3]float64
		for _, c := range palette {
			r, g, b, _ := c.RGBA()
			lin := [3]float64{math.Pow(float64(r)/0xffff, 2.2), math.Pow(float64(g)/0xffff, 2.2), math.Pow(float64(b)/0xffff, 2.2)}
			var out [3]float64
			for i := range 3 {
				v := m[3*i]*lin[0] + m[3*i+1]*lin[1] + m[3*i+2]*lin[2]
				out[i] = 255 * math.Pow(max(v, 0), 1/2.2)
			}
			seen = append(seen, out)
		}
		for i := range seen {
			for j := range i {
				d := math.Sqrt(math.Pow(seen[i][0]-seen[j][0], 2) + math.Pow(seen[i][1]-seen[j][1], 2) + math.Pow(seen[i][2]-seen[j][2], 2))
				if d < 30 {
					t.Errorf("%s: colours %d and %d are %.0f apart", name, i, j, d)
				}
			}
		}
	}
}

func ExampleBar() {
	Bar{Title: "Events by name", Unit: "events", Counts: map[string]int{"Product Viewed": 40, "Order Completed": 10}}.Show()
	// Output:
	// Events by name (events)
	//   Product Viewed   ######################################## 40
	//   Order Completed  ########## 10
}

func ExampleTable() {
	Table{Columns: []string{"person", "orders"}, Rows: [][]any{{"ann", 12}, {"bob", 1234}}}.Show()
	// Output:
	// person  orders
	// ------  ------
	// ann         12
	// bob      1,234
}

func ExampleVerify() {
	people := 3
	Verify(Equal("people", people, 3))
	fmt.Println("and the cell goes on")
	// Output:
	// what    expected  found  holds
	// ------  --------  -----  -----
	// people         3      3  yes
	// and the cell goes on
}
