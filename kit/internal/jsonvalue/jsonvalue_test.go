package jsonvalue

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"
	"unicode/utf8"
)

func TestTimes(t *testing.T) {
	for _, tt := range []struct{ in, zoned, local, day string }{
		{"1969-12-31T23:59:59.999999999Z", `"1969-12-31T23:59:59.999999999Z"`, `"1969-12-31T23:59:59.999999999"`, `"1969-12-31"`},
		{"2500-01-02T03:04:05+01:00", `"2500-01-02T02:04:05Z"`, `"2500-01-02T02:04:05"`, `"2500-01-02"`},
		{"0000-01-01T00:00:00.05Z", `"0000-01-01T00:00:00.05Z"`, `"0000-01-01T00:00:00.05"`, `"0000-01-01"`},
		{"9999-12-31T23:59:59.123456Z", `"9999-12-31T23:59:59.123456Z"`, `"9999-12-31T23:59:59.123456"`, `"9999-12-31"`},
	} {
		at, err := time.Parse(time.RFC3339Nano, tt.in)
		if err != nil {
			t.Fatal(err)
		}
		zoned, err1 := AppendTime(nil, at, true)
		local, err2 := AppendTime(nil, at, false)
		day, err3 := AppendDate(nil, at)
		if err := errors.Join(err1, err2, err3); err != nil || string(zoned) != tt.zoned || string(local) != tt.local || string(day) != tt.day {
			t.Errorf("%s: %s, %s, %s, %v", tt.in, zoned, local, day, err)
		}
	}
	for _, year := range []int{-1, 10_000} {
		at := time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)
		if _, err := AppendTime(nil, at, true); !errors.Is(err, ErrYear) {
			t.Errorf("the year %d: %v", year, err)
		}
		if _, err := AppendDate(nil, at); !errors.Is(err, ErrYear) {
			t.Errorf("the day in %d: %v", year, err)
		}
	}
	if got := AppendClock(nil, 15*time.Hour+4*time.Minute+5*time.Second+250*time.Millisecond, false); string(got) != `"15:04:05.25"` {
		t.Errorf("got %s", got)
	}
	if got := AppendClock(nil, 24*time.Hour, true); string(got) != `"24:00:00Z"` {
		t.Errorf("got %s", got)
	}
}

func TestFloats(t *testing.T) {
	for _, tt := range []struct {
		f    float64
		bits int
		want string
	}{
		{math.Copysign(0, -1), 64, "-0"}, {1e308, 64, "1e+308"}, {0.1, 64, "0.1"}, {float64(float32(0.1)), 32, "0.1"}, {1 << 53, 64, "9007199254740992"},
		{5e-324, 64, "5e-324"}, {math.NaN(), 64, ""}, {math.Inf(-1), 32, ""},
	} {
		got, err := AppendFloat(nil, tt.f, tt.bits)
		if string(got) != tt.want || (err != nil) != (tt.want == "") || tt.want != "" && !json.Valid(got) {
			t.Errorf("%v: %s, %v; want %s", tt.f, got, err, tt.want)
		}
	}
}

func TestRaw(t *testing.T) {
	for in, want := range map[string]string{` {"a": 1.50} `: `{"a": 1.50}`, "null\n": "null", "no json": `"no json"`, "": `""`} {
		if got := AppendRaw(nil, []byte(in)); string(got) != want {
			t.Errorf("%q became %s, want %s", in, got, want)
		}
	}
}

// FuzzText checks that text and binary data read back as they were written, if the text is UTF-8.
func FuzzText(f *testing.F) {
	f.Add("a\"b\\c\n\x00\u00e9")
	f.Fuzz(func(t *testing.T, s string) {
		var data string
		if err := json.Unmarshal(AppendBinary(nil, []byte(s)), &data); err != nil {
			t.Fatal(err)
		}
		if back, err := base64.StdEncoding.DecodeString(data); err != nil || string(back) != s {
			t.Fatalf("%q reads as %q, %v", s, back, err)
		}
		quoted := AppendText(nil, s)
		if len(quoted) < len(s)+2 || quoted[0] != '"' || quoted[len(quoted)-1] != '"' {
			t.Fatalf("%q became %s", s, quoted)
		}
		if !utf8.ValidString(s) {
			return
		}
		var back string
		if err := json.Unmarshal(quoted, &back); err != nil || back != s {
			t.Fatalf("%s reads as %q, %v; want %q", quoted, back, err, s)
		}
	})
}
