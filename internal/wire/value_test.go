package wire_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

type plan struct {
	Name string  `json:"name"`
	Cost float64 `json:"cost"`
}

type appender struct{ json string }

func (a appender) AppendJSON(dst []byte) ([]byte, error) { return append(dst, a.json...), nil }

type failing struct{}

func (failing) AppendJSON([]byte) ([]byte, error) { return nil, errors.New("out of ink") }

func TestAppendValue(t *testing.T) {
	t.Parallel()
	var nilAppender *appender
	for _, c := range []struct {
		in   any
		want string
	}{
		{nil, `null`},
		{"a\"b\\c\n\x01<&>\u2028", "\"a\\\"b\\\\c\\n\\u0001<&>\u2028\""},
		{"caf\u00e9 \U0001F600", "\"caf\u00e9 \U0001F600\""},
		{"bad\xff", `"bad\ufffd"`},
		{"\uFFFD", "\"\uFFFD\""},
		{int8(-8), `-8`}, {int16(-16), `-16`}, {int32(-32), `-32`}, {int64(math.MinInt64), `-9223372036854775808`},
		{uint8(8), `8`}, {uint16(16), `16`}, {uint32(32), `32`}, {uint(7), `7`}, {uint64(math.MaxUint64), `18446744073709551615`},
		{1.0, `1`}, {0.1, `0.1`}, {1e21, `1e+21`}, {1e-9, `1e-9`}, {math.Copysign(0, -1), `-0`}, {float32(0.1), `0.1`},
		{json.Number("12.00"), `12.00`},
		{time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600)), `"2026-01-02T02:04:05.0000006Z"`},
		{map[string]any{"b": 1, "a": []any{true, nil, "x"}}, `{"a":[true,null,"x"],"b":1}`},
		{map[string]string{"b": "2", "a": "1"}, `{"a":"1","b":"2"}`},
		{map[string]any(nil), `null`}, {[]any(nil), `null`}, {[]string(nil), `null`}, {[]string{}, `[]`}, {[]string{"a", "b"}, `["a","b"]`},
		{[]map[string]any{{"a": 1}}, `[{"a":1}]`},
		{json.RawMessage(" { \"b\" : 1.50 ,\n \"a\" : \"\\ufffd \\\\ufffd\" } "), "{\"b\":1.50,\"a\":\"\uFFFD \\\\ufffd\"}"},
		{plan{"pro<", 9.5}, `{"name":"pro<","cost":9.5}`},
		{&plan{"pro", 9.5}, `{"name":"pro","cost":9.5}`},
		{appender{`{"x":1}`}, `{"x":1}`},
		{nilAppender, `null`},
		{map[int]string{2: "b", 1: "a"}, `{"1":"a","2":"b"}`},
	} {
		got, err := wire.AppendValue([]byte("x"), c.in)
		if err != nil {
			t.Errorf("AppendValue(%#v): %v", c.in, err)
		} else if string(got) != "x"+c.want {
			t.Errorf("AppendValue(%#v)\n got %s\nwant x%s", c.in, got, c.want)
		}
	}
}

func TestAppendValueRefuses(t *testing.T) {
	t.Parallel()
	loop := map[string]any{}
	loop["self"] = loop
	for _, c := range []struct {
		name       string
		in         any
		rule, path string
	}{
		{"NaN deep inside", map[string]any{"a": []any{1, map[string]any{"b": math.NaN()}}}, wire.NotANumber, "a[1].b"},
		{"infinity", math.Inf(-1), wire.NotANumber, ""},
		{"infinity in a struct", plan{Cost: math.Inf(1)}, wire.NotANumber, ""},
		{"number that is text", map[string]any{"n": json.Number("1,5")}, wire.NotANumber, "n"},
		{"empty number", json.Number(""), wire.NotANumber, ""},
		{"channel", map[string]any{"c": make(chan int)}, wire.NotEncodable, "c"},
		{"year 10000", map[string]any{"t": time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, wire.YearOutOfRange, "t"},
		{"raw bytes that are not JSON", json.RawMessage(`{"a":}`), wire.NotJSON, ""},
		{"two raw values", json.RawMessage(`{} {}`), wire.NotJSON, ""},
		{"raw bytes that are not UTF-8", json.RawMessage("\"\xff\""), wire.NotUTF8, ""},
		{"appender that writes no JSON", appender{`{"x":`}, wire.NotJSON, ""},
		{"appender that fails", map[string]any{"a": failing{}}, wire.NotEncodable, "a"},
		{"raw text inside a struct that is not UTF-8", struct{ R json.RawMessage }{json.RawMessage("\"\xff\"")}, wire.NotUTF8, ""},
	} {
		got, err := wire.AppendValue([]byte("kept"), c.in)
		var w *wire.Error
		if !errors.As(err, &w) || w.Rule != c.rule || w.Path != c.path {
			t.Errorf("%s: got %v, want rule %s at %q", c.name, err, c.rule, c.path)
		}
		if string(got) != "kept" {
			t.Errorf("%s: the buffer came back as %q", c.name, got)
		}
	}
	if _, err := wire.AppendValue(nil, loop); err == nil || !strings.Contains(err.Error(), wire.TooDeep) {
		t.Errorf("a map that contains itself: %v", err)
	}
}

func TestAppendValueAllocations(t *testing.T) {
	m := map[string]any{"plan": "pro", "seats": 12, "price": 9.5, "trial": false, "since": time.Unix(0, 0)}
	buf := make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { buf, _ = wire.AppendValue(buf[:0], m) }); n > 1 {
		t.Errorf("a map of scalars took %v allocations, want at most 1", n)
	}
	text := map[string]string{"a": "1", "b": "2"}
	if n := testing.AllocsPerRun(100, func() { buf, _ = wire.AppendValue(buf[:0], text) }); n > 1 {
		t.Errorf("a map of strings took %v allocations, want at most 1", n)
	}
}

func FuzzAppendString(f *testing.F) {
	for _, s := range []string{"", "plain", "\x00\x1f\"\\/", "caf\u00e9\u2028", "\xff\xfe", "\xed\xa0\x80", "\uFFFD"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		std, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		got := wire.AppendString(nil, s)
		var want, back string
		if err := json.Unmarshal(std, &want); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &back); err != nil || back != want {
			t.Fatalf("%q: %s decodes to %q (%v), want %q", s, got, back, err, want)
		}
	})
}

func FuzzAppendFloat(f *testing.F) {
	for _, v := range []float64{0, 1, -0.1, 1e20, 1e21, 1e-6, 1e-7, 5e-324, math.MaxFloat64, math.NaN(), math.Inf(1)} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v float64) {
		want, wantErr := json.Marshal(v)
		got, err := wire.AppendFloat(nil, v)
		if (err != nil) != (wantErr != nil) || err == nil && string(got) != string(want) {
			t.Fatalf("%v: got %s (%v), encoding/json has %s (%v)", v, got, err, want, wantErr)
		}
	})
}

// FuzzAppendValue compares the encoder with encoding/json for all values that JSON text can express.
func FuzzAppendValue(f *testing.F) {
	for _, s := range []string{`{"b":[1,2.5,"x",null,true],"a":{"c":{}}}`, `[[[]]]`, `"x"`, `{"":""}`, `1e400`, `{"a":1,"a":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		var v any
		if json.Unmarshal(in, &v) != nil {
			t.Skip("no JSON")
		}
		got, err := wire.AppendValue(nil, v)
		if err != nil {
			var w *wire.Error
			if errors.As(err, &w) && w.Rule == wire.TooDeep {
				t.Skip("deeper than the limit")
			}
			t.Fatalf("%s: %v", in, err)
		}
		var back any
		if err := json.Unmarshal(got, &back); err != nil || !reflect.DeepEqual(back, v) {
			t.Fatalf("%s came back as %s (%v)", in, got, err)
		}
	})
}

func BenchmarkAppendMap(b *testing.B) {
	m := map[string]any{"order_id": "o-1234567", "total": 129.95, "currency": "EUR", "quantity": 3, "gift": false}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf, _ = wire.AppendValue(buf[:0], m)
	}
}
