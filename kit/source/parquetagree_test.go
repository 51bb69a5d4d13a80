package source

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// agreeing is a file of another writer, and the values that DuckDB reads from it.
type agreeing struct {
	t    *testing.T
	src  Source
	text *bufio.Scanner
	rows int
	lost int // rows that have no JSON form
}

// Every file for which .ci/parquet has written what DuckDB reads is read to the same values, or rejected because of the codec that nobody uses any
// more.
func TestParquetAsDuckDBReadsIt(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob(filepath.Join(parquetDir(), "*.parquet.expected"))
	if err != nil {
		t.Fatal(err)
	}
	if len(names) == 0 {
		t.Fatal("nothing says what is to be read")
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".parquet.expected"), func(t *testing.T) {
			f, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			src, err := Open(strings.TrimSuffix(name, ".expected"), Config{})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			a := &agreeing{t: t, src: src, text: bufio.NewScanner(f)}
			a.text.Buffer(nil, 16<<20)
			a.compare()
		})
	}
}

func (a *agreeing) compare() {
	columns, err := a.src.Columns(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	types := make(map[string]string)
	var names []string
	for _, c := range columns {
		types[c.Name] = c.Type
		names = append(names, c.Name)
	}
	if err := a.src.Select(names); err != nil {
		a.t.Fatal(err)
	}
	var b Batch
	for {
		err := a.src.Next(a.t.Context(), &b)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil && strings.Contains(err.Error(), "this compression is not read") && strings.Contains(a.t.Name(), "-lz4-") {
			return
		}
		if err != nil {
			a.t.Fatal(err)
		}
		for _, r := range b.Rows {
			if !a.text.Scan() {
				a.t.Fatalf("row %d is one too many", a.rows)
			}
			if strings.HasPrefix(a.text.Text(), "!") {
				a.t.Skipf("DuckDB does not read it: %s", a.text.Text())
			}
			a.row(r, types)
			a.rows++
		}
	}
	if a.text.Scan() && !strings.HasPrefix(a.text.Text(), "!") {
		a.t.Fatalf("row %d is missing: %.200s", a.rows, a.text.Text())
	}
	if a.lost > 0 && !strings.Contains(a.t.Name(), "floats") && !strings.Contains(a.t.Name(), "nan") {
		a.t.Errorf("%d rows have no JSON form", a.lost)
	}
}

func (a *agreeing) row(r Row, types map[string]string) {
	want := a.text.Text()
	if r.Err != nil {
		a.lost++
		if r.Err.Rule != RuleNoJSON || !strings.Contains(want, "NaN") && !strings.Contains(want, "Infinity") {
			a.t.Fatalf("row %d: %v; DuckDB reads %.300s", a.rows, r.Err, want)
		}
		return
	}
	var ours, theirs map[string]any
	decode := func(text string, into *map[string]any) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(into); err != nil {
			a.t.Fatalf("row %d: %v: %.300s", a.rows, err, text)
		}
	}
	decode(string(r.Raw), &ours)
	decode(want, &theirs)
	if len(ours) != len(theirs) {
		a.t.Fatalf("row %d has %d columns, DuckDB reads %d", a.rows, len(ours), len(theirs))
	}
	for name, value := range theirs {
		if !agree(ours[name], value, types[name]) {
			a.t.Fatalf("row %d, %s %s is %v, and DuckDB reads %v", a.rows, name, types[name], ours[name], value)
		}
	}
}

// agree reports whether a value is the one that DuckDB reads, in the form of expect.mjs of tools/parquetgen.
func agree(ours, theirs any, typ string) bool {
	switch theirs := theirs.(type) {
	case string:
		return agreeText(ours, theirs, typ)
	case json.Number:
		return ours == theirs
	case []any:
		list, ok := ours.([]any)
		if !ok || len(list) != len(theirs) {
			return false
		}
		for i := range list {
			if !agree(list[i], theirs[i], typ) {
				return false
			}
		}
		return true
	case map[string]any:
		object, ok := ours.(map[string]any)
		if !ok || len(object) != len(theirs) {
			return false
		}
		for name, value := range theirs {
			if inner, ok := object[name]; !ok || !agree(inner, value, typ) {
				return false
			}
		}
		return true
	}
	return ours == theirs
}

func agreeText(ours any, theirs, typ string) bool {
	for prefix, bits := range map[string]int{"~32:": 32, "~64:": 64} {
		text, ok := strings.CutPrefix(theirs, prefix)
		if !ok {
			continue
		}
		n, _ := ours.(json.Number)
		want, err := strconv.ParseFloat(text, 64)
		if bits == 32 {
			want = float64(float32(want))
		}
		got, bad := strconv.ParseFloat(string(n), bits)
		return err == nil && bad == nil && got == want && math.Signbit(got) == math.Signbit(want) || strings.HasPrefix(typ, "DECIMAL") && math.Abs(got-want) <= 1e-14*math.Abs(got) // of more than 38 digits
	}
	text, ok := ours.(string)
	if theirs, cut := strings.CutSuffix(theirs, "~us"); cut {
		zone := strings.HasSuffix(theirs, "Z")
		if zone && !strings.HasSuffix(text, "Z") {
			return false
		}
		if zone || strings.Contains(typ, "INT96") || strings.Contains(typ, "UTC") { // DuckDB has no zone for the older kinds of times, which are in UTC
			text = strings.TrimSuffix(text, "Z")
		}
		theirs = strings.TrimSuffix(theirs, "Z")
		got, err := time.Parse("2006-01-02T15:04:05", text)
		want, bad := time.Parse("2006-01-02T15:04:05", theirs)
		if strings.Contains(typ, "(ns") && err == nil && bad == nil { // DuckDB cuts to the microsecond, towards 1970
			return got.Sub(want).Abs() < time.Microsecond
		}
		return ok && microseconds(text) == theirs
	}
	return ok && text == theirs
}

// microseconds cuts a time to the precision of DuckDB.
func microseconds(text string) string {
	whole, fraction, _ := strings.Cut(text, ".")
	if fraction = strings.TrimRight(fraction[:min(len(fraction), 6)], "0"); fraction != "" {
		whole += "." + fraction
	}
	return whole
}
