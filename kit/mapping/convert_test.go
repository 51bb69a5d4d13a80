package mapping

import (
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestConverters(t *testing.T) {
	t.Parallel()
	tests := []struct {
		converter  string
		in, want   string // want is the rule if it does not begin like a value
		layouts    string
		hintShould string
	}{
		{"int", "5", "5", "", ""},
		{"int", "+007", "7", "", ""},
		{"int", "-0", "0", "", ""},
		{"int", "9223372036854775807", "9223372036854775807", "", ""},
		{"int", "-9223372036854775808", "-9223372036854775808", "", ""},
		{"int", "9223372036854775808", RuleOutOfRange, "", "decimal"},
		{"int", "-9223372036854775809", RuleOutOfRange, "", ""},
		{"int", "18446744073709551616", RuleOutOfRange, "", ""},
		{"int", strings.Repeat("9", 400), RuleOutOfRange, "", ""},
		{"int", "5.0", RuleNotAnInteger, "", "float"},
		{"int", "1e3", RuleNotAnInteger, "", ""},
		{"int", "1,000", RuleNotAnInteger, "", "comma"},
		{"int", " 5", RuleNotAnInteger, "", "trim"},
		{"int", "-", RuleNotAnInteger, "", ""},
		{"int", "0x10", RuleNotAnInteger, "", ""},
		{"int", "\u0665", RuleNotAnInteger, "", ""}, // a digit, but not an ASCII one

		{"float", "12.00", "12", "", ""},
		{"float", "-0.0", "-0", "", ""},
		{"float", ".5", "0.5", "", ""},
		{"float", "1e3", "1000", "", ""},
		{"float", "1E-7", "1e-7", "", ""},
		{"float", "1e21", "1e+21", "", ""},
		{"float", "1e308", "1e+308", "", ""},
		{"float", "5e-324", "5e-324", "", ""},
		{"float", "0.1", "0.1", "", ""},
		{"float", "9007199254740993", RuleLossy, "", "decimal"}, // 2^53+1
		{"float", "0.10000000000000000001", RuleLossy, "", ""},
		{"float", "1e-400", RuleLossy, "", ""},
		{"float", "1e400", RuleOutOfRange, "", ""},
		{"float", "1e999999999999", RuleNotANumber, "", ""},
		{"float", "NaN", RuleNotANumber, "", "NaN"},
		{"float", "-Infinity", RuleNotANumber, "", "infinities"},
		{"float", "0x1p4", RuleNotANumber, "", ""},
		{"float", "1_000", RuleNotANumber, "", ""},
		{"float", "5.", RuleNotANumber, "", ""},
		{"float", "1,5", RuleNotANumber, "", "comma"},

		{"decimal", "12.00", "12.00", "", ""},
		{"decimal", "+007.50", "7.50", "", ""},
		{"decimal", "-.5", "-0.5", "", ""},
		{"decimal", "-0.00", "-0.00", "", ""},
		{"decimal", "12345678901234567890123456789012345678.90", "12345678901234567890123456789012345678.90", "", ""},
		{"decimal", "1e5", RuleNotANumber, "", "exponent"},
		{"decimal", "inf", RuleNotANumber, "", "infinities"},
		{"decimal", "12.", RuleNotANumber, "", ""},
		{"decimal", ".", RuleNotANumber, "", ""},
		{"decimal", "1.2.3", RuleNotANumber, "", ""},
		{"decimal", strings.Repeat("1", 300), RuleNotANumber, "", ""},

		{"date", "2021-01-01", `"2021-01-01T00:00:00Z"`, "", ""},
		{"date", "2024-02-29 23:59:59", `"2024-02-29T23:59:59Z"`, "", ""},
		{"date", "2021-01-01T10:00:00.120Z", `"2021-01-01T10:00:00.120Z"`, "", ""},
		{"date", "2021-01-01 00:30:00.5 +01:00", `"2020-12-31T23:30:00.5Z"`, "", ""},
		{"date", "2021-01-01T00:00:00-0730", `"2021-01-01T07:30:00Z"`, "", ""},
		{"date", "2021-01-01 00:00:00+02", `"2020-12-31T22:00:00Z"`, "", ""},
		{"date", "2021-01-01 00:00:00 UTC", `"2021-01-01T00:00:00Z"`, "", ""},
		{"date", "1815-06-18", `"1815-06-18T00:00:00Z"`, "", ""},
		{"date", "2300-01-01T00:00:00.123456789Z", `"2300-01-01T00:00:00.123456789Z"`, "", ""},
		{"date", "2021-01-01T00:00:00.1234567890Z", `"2021-01-01T00:00:00.123456789Z"`, "", ""},
		{"date", "2021-01-01T00:00:00.1234567891Z", RuleNotADate, "", "nanoseconds"},
		{"date", "2021-02-29", RuleNotADate, "", "this day does not exist"},
		{"date", "2021-13-01", RuleNotADate, "", "this day does not exist"},
		{"date", "2021-01-01 24:00:00", RuleNotADate, "", "this time of day does not exist"},
		{"date", "0000-01-01T00:00:00+01:00", RuleNotADate, "", "year"},
		{"date", "2021-01-01T10:00", RuleNotADate, "", "layout"},
		{"date", "01/02/03", RuleNotADate, "", "layout"},
		{"date", "20210101", RuleNotADate, "", "20060102"},
		{"date", "1609459200", RuleNotADate, "", "unix"},
		{"date", "1609459200", `"2021-01-01T00:00:00Z"`, "unix", ""},
		{"date", "-1", `"1969-12-31T23:59:59Z"`, "unix", ""},
		{"date", "1609459200123", `"2021-01-01T00:00:00.123Z"`, "unix_ms", ""},
		{"date", "1609459200123", RuleNotADate, "unix", "unix_ms"},
		{"date", "9223372036854775807", RuleNotADate, "unix", ""},
		{"date", "31.12.2021 14:00", `"2021-12-31T14:00:00Z"`, "02.01.2006 15:04", ""},
		{"date", "31.12.2021", `"2021-12-31T00:00:00Z"`, "2006-01-02|02.01.2006", ""},
		{"date", "2021-12-31", RuleNotADate, "02.01.2006", "layout"},
		{"date", "Fri, 31 Dec 2021 14:00:00 GMT", `"2021-12-31T14:00:00Z"`, "RFC1123", ""},
		{"date", "Fri, 31 Dec 2021 14:00:00 CEST", RuleNotADate, "RFC1123", "offset"},
	}
	for _, tt := range tests {
		t.Run(tt.converter+" "+tt.in[:min(len(tt.in), 45)]+" "+tt.layouts, func(t *testing.T) {
			var layouts []layout
			for _, s := range strings.Split(tt.layouts, "|") {
				if s == "" {
					continue
				}
				l, problem := parseLayout(s)
				if problem != "" {
					t.Fatal(problem)
				}
				layouts = append(layouts, l)
			}
			v := &conversion{column: column{0, "c"}, converter: converters[tt.converter], date: dateRule{layouts: layouts}}
			got, ok, err := v.appendJSON(nil, textRow(tt.in))
			switch {
			case err != nil:
				if err.Rule != tt.want || !strings.Contains(err.Hint, tt.hintShould) || err.Column != "c" {
					t.Errorf("got %s: %s, column %q; want %s with %q", err.Rule, err.Hint, err.Column, tt.want, tt.hintShould)
				}
				if strings.Contains(err.Hint, tt.in) && len(tt.in) > 3 {
					t.Errorf("the hint contains the value: %s", err.Hint)
				}
			case !ok || string(got) != tt.want:
				t.Errorf("got %s, want %s", got, tt.want)
			case !json.Valid(got):
				t.Errorf("%s is not JSON", got)
			}
		})
	}
}

// A layout reads every time that it writes, wherever it has points: not every point begins a fraction.
func TestLayoutsReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"02.01.2006 15:04", "02.01.2006 15:04:05", "2.1.2006 15:04:05", "02.01.2006 15.04", "02.01.2006 15.04.05", "2006.01.02 15:04:05", "02.01.06 15:04", "02.01.2006, 15:04:05",
		"02.01.2006 15:04 -0700", "Mon. 02 Jan 2006 15:04", "15:04 02.01.2006", "2006-01-02T15:04:05", "02.01.2006 15:04:05.000", "02.01.2006 15:04:05.000000000"} {
		l, problem := parseLayout(text)
		if problem != "" {
			t.Fatal(text, problem)
		}
		for minute := range 2 * 24 * 60 {
			at := time.Date(2024, 12, 30, 0, minute, minute*7%60, minute*1_000_003%1_000_000_000, time.UTC)
			want, err := time.Parse(text, at.Format(text))
			if err != nil {
				t.Fatal(err)
			}
			got, problem := readDate([]byte(at.Format(text)), []layout{l})
			if problem != nil || !got.Equal(want) {
				t.Fatalf("%q by %q is %v: %v", at.Format(text), text, got.Time, problem)
			}
		}
		if strings.HasSuffix(text, "05") {
			if got, problem := readDate([]byte(time.Date(2024, 12, 30, 1, 2, 3, 0, time.UTC).Format(text)+".1234567891"), []layout{l}); problem == nil {
				t.Errorf("ten digits of a second by %q are %v", text, got.Time)
			}
		}
	}
}

func TestLayouts(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "YYYY-MM-DD", "%Y-%m-%d", "15:04", "2006-01", "02.01."} {
		if _, problem := parseLayout(bad); problem == "" {
			t.Errorf("the layout %q was accepted", bad)
		}
	}
	for _, good := range []string{"02/01/06", "2006-002", "Jan 2 2006", "RFC3339"} {
		if _, problem := parseLayout(good); problem != "" {
			t.Errorf("the layout %q was refused: %s", good, problem)
		}
	}
}

// FuzzNumbers checks that an accepted number keeps its value and becomes JSON.
func FuzzNumbers(f *testing.F) {
	for _, seed := range []string{"0", "-12.50", "1e10", "9007199254740993", "1e-320", "00.10", "+5", "123456789.123456789"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		for _, c := range []converter{converterInt, converterFloat, converterDecimal} {
			got, ok, bad := (&conversion{column: column{0, "c"}, converter: c}).appendJSON(nil, textRow(in))
			if !ok || bad != nil {
				if bad != nil && bad.Hint == "" {
					t.Fatalf("%q: no hint", in)
				}
				continue
			}
			if !json.Valid(got) {
				t.Fatalf("%q became %s, which is not JSON", in, got)
			}
			want, ok := new(big.Rat).SetString(in)
			is, ok2 := new(big.Rat).SetString(string(got))
			if !ok || !ok2 || want.Cmp(is) != 0 {
				t.Fatalf("%q became %s", in, got)
			}
			if c == converterDecimal && strings.Contains(in, ".") && len(in)-strings.IndexByte(in, '.') != len(got)-strings.IndexByte(string(got), '.') {
				t.Fatalf("%q became %s, with other digits", in, got)
			}
		}
	})
}

// FuzzDate compares times that are accepted without a layout with package time.
func FuzzDate(f *testing.F) {
	for _, seed := range []string{"2021-01-01", "2021-01-01T00:00:00.100Z", "2021-01-01 00:00:00+01", "2020-02-29t23:59:59z", "9999-12-31T23:59:59-23:59"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := parseDate([]byte(in), nil)
		want, ref := time.Parse(time.RFC3339, in)
		if err != nil {
			if year := want.UTC().Year(); ref == nil && year >= 0 && year <= 9999 && rfc3339.MatchString(in) {
				t.Fatalf("%q: %v, but it is RFC 3339", in, err)
			}
			return
		}
		text := string(got.append(nil))
		back, ref2 := time.Parse(time.RFC3339Nano, text)
		if ref2 != nil || !back.Equal(got.Time) || !strings.HasSuffix(text, "Z") {
			t.Fatalf("%q became %s", in, text)
		}
		if ref == nil && !want.Equal(got.Time) {
			t.Fatalf("%q became %s, package time reads %s", in, text, want.UTC())
		}
	})
}

// rfc3339 is what time.Parse accepts with time.RFC3339, without its exceptions, such as an hour of one digit.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

func TestAppendFloatAgrees(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"0", "-0", "1e20", "1e21", "1e-6", "9.99e-7", "1e-10", "1.5e300", "123456.789"} {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(f)
		if err != nil {
			t.Fatal(err)
		}
		if got := appendFloat(nil, f); string(got) != string(want) {
			t.Errorf("%s is written %s, encoding/json writes %s", s, got, want)
		}
	}
}
