package emulatortest

import (
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write how the views look into testdata/looks.txt; needs CIOKIT_DEEP=1 for all of them")

// looksFile has a line for each view in each look: its name, and the brightness of the cells of a grid. It is small, and the same for different
// fonts.
const looksFile = "testdata/looks.txt"

// The number of columns and rows of the grid.
const lookColumns, lookRows = 16, 12

// maxLookDifference is the largest average difference of the cells of a view from the last time, of 255. Two different views mostly differ by more.
const maxLookDifference = 3.0

type brightness [lookColumns * lookRows]byte

// brightnessOf reduces a picture to the cells of the grid.
func brightnessOf(t *testing.T, picture []byte) (b brightness) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(picture))
	if err != nil {
		t.Fatal(err)
	}
	size := img.Bounds().Size()
	for cell := range b {
		x, y := cell%lookColumns, cell/lookColumns
		var sum, n uint64
		for py := size.Y * y / lookRows; py < size.Y*(y+1)/lookRows; py += 2 {
			for px := size.X * x / lookColumns; px < size.X*(x+1)/lookColumns; px += 2 {
				red, green, blue, _ := img.At(px, py).RGBA()
				sum += uint64(299*red+587*green+114*blue) / 1000 >> 8
				n++
			}
		}
		b[cell] = byte(sum / max(n, 1))
	}
	return b
}

func (b brightness) difference(other brightness) float64 {
	sum := 0
	for i := range b {
		d := int(b[i]) - int(other[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(b))
}

func readLooks(t *testing.T) map[string]brightness {
	t.Helper()
	text, err := os.ReadFile(looksFile)
	if err != nil {
		t.Fatal(err)
	}
	looks := make(map[string]brightness)
	for line := range strings.Lines(string(text)) {
		name, encoded, _ := strings.Cut(strings.TrimSpace(line), " ")
		cells, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(cells) != len(brightness{}) {
			t.Fatalf("%s: the line of %q cannot be read: %v", looksFile, name, err)
		}
		looks[name] = brightness(cells)
	}
	return looks
}

// compareLooks compares pictures with the last ones, or writes them again.
func compareLooks(t *testing.T, seen map[string]brightness) {
	t.Helper()
	if *update {
		all := make(map[string]brightness)
		if _, err := os.Stat(looksFile); err == nil {
			all = readLooks(t)
		}
		maps.Copy(all, seen)
		var lines []string
		for _, name := range slices.Sorted(maps.Keys(all)) {
			cells := all[name]
			lines = append(lines, name+" "+base64.StdEncoding.EncodeToString(cells[:])+"\n")
		}
		if err := os.MkdirAll(filepath.Dir(looksFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(looksFile, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	last := readLooks(t)
	for name, now := range seen {
		before, known := last[name]
		if !known {
			t.Errorf("%s: %s does not have it; CIOKIT_DEEP=1 go test -run TestPageViews -update writes it", name, looksFile)
			continue
		}
		if d := now.difference(before); d > maxLookDifference {
			t.Errorf("%s looks different, by %.1f of 255: look at its picture (CIOKIT_SCREENSHOTS=DIR), and if it is right, CIOKIT_DEEP=1 go test -run TestPageViews -update", name, d)
		}
	}
}

// TestLooksDiffer checks that the comparison can fail: the views in one look differ from each other.
func TestLooksDiffer(t *testing.T) {
	looks := readLooks(t)
	if len(looks) < 50 {
		t.Fatalf("%d looks", len(looks))
	}
	alike := 0
	for name, a := range looks {
		for other, b := range looks {
			if name < other && a.difference(b) <= maxLookDifference {
				alike++
			}
		}
	}
	if pairs := len(looks) * (len(looks) - 1) / 2; alike > pairs/12 {
		t.Errorf("%d of %d pairs of views count as alike", alike, pairs)
	}
	dark, light := looks["overview-dark"], looks["overview-light"]
	if d := dark.difference(light); d < 100 {
		t.Errorf("dark and light differ by %v", d)
	}
	t.Log(fmt.Sprint(alike, " pairs are alike"))
}
