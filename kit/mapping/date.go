package mapping

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/plural"
)

// instant is a point in time, with the number of digits of its fraction of a second.
type instant struct {
	time.Time     // in UTC
	digits    int // 0 to 9
}

// append writes RFC 3339 in UTC, with as many digits as were given. It writes the same as AppendFormat, but much faster.
func (i instant) append(dst []byte) []byte {
	year, month, day := i.Date()
	hour, minute, second := i.Clock()
	at := len(dst)
	dst = append(dst, "yyyy-mm-ddThh:mm:ss.nnnnnnnnn"...)
	out := dst[at:]
	putDigits(out[0:4], year)
	putDigits(out[5:7], int(month))
	putDigits(out[8:10], day)
	putDigits(out[11:13], hour)
	putDigits(out[14:16], minute)
	putDigits(out[17:19], second)
	if i.digits == 0 {
		return append(dst[:at+19], 'Z')
	}
	putDigits(out[20:29], i.Nanosecond())
	return append(dst[:at+20+i.digits], 'Z')
}

// putDigits fills dst with the last digits of n, which is not negative.
func putDigits(dst []byte, n int) {
	for i := len(dst) - 1; i >= 0; i-- {
		dst[i] = byte('0' + n%10)
		n /= 10
	}
}

// layout is a way to write a time, as a mapping names it.
type layout struct {
	name string        // as in the mapping
	text string        // as a layout of Go
	unit time.Duration // the unit of a count since 1970, otherwise 0
	days bool          // a count of days since the end of 1899, as in spreadsheets
	zone bool          // has a time zone abbreviation
	own  bool          // has the offset from UTC, or means UTC
	day  bool          // has no time of day
}

// namedLayouts are the layouts that have a name in a mapping.
var namedLayouts = map[string]layout{
	"unix": {unit: time.Second, own: true}, "unix_ms": {unit: time.Millisecond, own: true},
	"unix_us": {unit: time.Microsecond, own: true}, "excel": {days: true},
	"RFC3339": {text: time.RFC3339, own: true}, "RFC1123": {text: time.RFC1123, zone: true}, "RFC1123Z": {text: time.RFC1123Z, own: true},
	"ANSIC": {text: time.ANSIC}, "UnixDate": {text: time.UnixDate, zone: true}, "RubyDate": {text: time.RubyDate, own: true},
	"DateTime": {text: time.DateTime}, "DateOnly": {text: time.DateOnly, day: true},
}

// parseLayout parses a layout of a mapping. problem is empty if it is valid.
func parseLayout(s string) (l layout, problem string) {
	if l, ok := namedLayouts[s]; ok {
		l.name = s
		return l, ""
	}
	const offset = 5 * 60 * 60
	at := func(year int, month time.Month, day, hour, offset int) string {
		return time.Date(year, month, day, hour, 4, 5, 0, time.FixedZone("ABC", offset)).Format(s)
	}
	shown := at(2006, 1, 2, 3, 0)
	back, err := time.Parse(s, at(2017, 11, 23, 3, 0))
	if year, month, day := back.Date(); err != nil || year != 2017 || month != 11 || day != 23 {
		return l, "the layout " + strconv.Quote(s) + " does not contain year, month and day; write how 2 January 2006, 15:04:05 would look, such as \"02.01.2006 15:04\", or one of " +
			"RFC3339, RFC1123, RFC1123Z, ANSIC, UnixDate, RubyDate, DateTime, DateOnly, unix, unix_ms, unix_us, excel"
	}
	l = layout{name: s, text: s, zone: strings.Contains(s, "MST"), day: at(2006, 1, 2, 4, 0) == shown}
	if !l.day && at(2006, 1, 2, 15, 0) == shown {
		return l, "the layout " + strconv.Quote(s) + " does not say morning or afternoon; write 15 for a 24-hour clock, or add PM"
	}
	l.own = at(2006, 1, 2, 3, offset) != shown || strings.HasSuffix(s, "Z") && !l.day
	return l, ""
}

// reading is a time that was read: a point in time if the text has its own time zone; otherwise a local time, stored as if it were UTC.
type reading struct {
	time.Time
	digits int
	own    bool   // the text has its own time zone
	day    bool   // the text has no time of day
	zone   string // the abbreviation in the text, if it has one instead of an offset
}

// parseDate reads a time. Without a time zone it is in UTC.
func parseDate(text []byte, layouts []layout) (instant, *ValueError) {
	t, err := (*zone)(nil).parse(text, layouts)
	return t.instant, err
}

// readDate reads a time. Without layouts it accepts RFC 3339, 2006-01-02, and 2006-01-02 15:04:05 with an optional fraction and an optional zone.
// With layouts it uses the first one that fits.
func readDate(text []byte, layouts []layout) (reading, *ValueError) {
	if len(layouts) == 0 {
		return parseISO(text)
	}
	s := string(text)
	var noSuchDay bool
	for _, l := range layouts {
		if l.days {
			if t, ok := parseSerial(s); ok {
				return t, nil
			}
			continue
		}
		if l.unit != 0 {
			n, err := parseInt(text)
			if err != nil {
				continue
			}
			const seconds = 1 << 40 // enough for more years than are allowed, and too few for time.Time to overflow
			if perSecond := int64(time.Second / l.unit); n/perSecond < seconds && n/perSecond > -seconds {
				t := time.Unix(n/perSecond, n%perSecond*int64(l.unit))
				return reading{Time: t, digits: len(strconv.FormatInt(perSecond, 10)) - 1, own: true}, nil
			}
			return reading{}, tooFar()
		}
		t, err := time.ParseInLocation(l.text, s, time.UTC) // Parse would look up abbreviations in the time zone of this machine
		if err != nil {
			var parse *time.ParseError
			noSuchDay = noSuchDay || errors.As(err, &parse) && strings.HasSuffix(parse.Message, "out of range")
			continue
		}
		r := reading{Time: t, own: l.own, day: l.day}
		if l.zone {
			name, offset := t.Zone()
			if r.own = offset != 0 || name == "UTC" || name == "GMT"; !r.own {
				r.zone = name
			}
		}
		if overlongFraction(text) {
			return reading{}, tooFine()
		}
		r.digits = 9
		for n := t.Nanosecond(); r.digits > 0 && n%10 == 0; n /= 10 {
			r.digits--
		}
		return r, nil
	}
	if noSuchDay {
		return reading{}, refuse(RuleNotADate, "this day or time of day does not exist")
	}
	return reading{}, refuse(RuleNotADate, "it does not match %s %s of the mapping", plural.Form(len(layouts), "the layout", "any of the layouts"), layoutNames(layouts))
}

// layoutNames lists layouts as they are in the mapping.
func layoutNames(layouts []layout) string {
	var names []string
	for _, l := range layouts {
		names = append(names, strconv.Quote(l.name))
	}
	return strings.Join(names, ", ")
}

// parseSerial reads a day as spreadsheets count them, such as 44561 or 44561.75: whole days since 30 December 1899, and the fraction of the day, to a
// millisecond. It rejects days before March 1900: spreadsheets do not agree on them.
func parseSerial(s string) (reading, bool) {
	const first, last = 61, 2958465 // 1 March 1900 and 31 December 9999
	whole, rest := cutDigits(s)
	if whole == "" || len(whole) > 7 || whole[0] == '0' {
		return reading{}, false
	}
	fraction := ""
	if rest != "" {
		// A comma after five digits is before decimals: a group before a thousands mark has at most three digits.
		if rest[0] != '.' && (rest[0] != ',' || len(whole) < 5) {
			return reading{}, false
		}
		if fraction, rest = cutDigits(rest[1:]); fraction == "" || rest != "" || len(fraction) > 30 {
			return reading{}, false
		}
	}
	days, err := strconv.Atoi(whole)
	if err != nil || days < first || days > last {
		return reading{}, false
	}
	part, err := strconv.ParseFloat("0."+fraction+"0", 64)
	if err != nil {
		return reading{}, false
	}
	at := time.Date(1899, 12, 30+days, 0, 0, 0, 0, time.UTC).Add(time.Duration(math.Round(part*24*60*60*1000)) * time.Millisecond)
	r := reading{Time: at, day: fraction == ""}
	if at.Nanosecond() != 0 {
		r.digits = 3
	}
	return r, true
}

// firstSecond and endSecond bound the years that RFC 3339 can write, in seconds since 1970.
var (
	firstSecond = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	endSecond   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
)

func inRange(t time.Time, digits int) (instant, *ValueError) {
	if s := t.Unix(); s < firstSecond || s >= endSecond {
		return instant{}, tooFar()
	}
	return instant{t.UTC(), digits}, nil
}

func tooFar() *ValueError {
	return refuse(RuleNotADate, "the year is not between 0 and 9999; if it is a unix time in milliseconds, use date(column, \"unix_ms\")")
}

func tooFine() *ValueError {
	return refuse(RuleNotADate, "the fraction of a second has more than nine digits; give nanoseconds at most")
}

// overlongFraction reports whether a point is followed by more than nine digits, and any digit after the ninth is not zero.
func overlongFraction(text []byte) bool {
	i := bytes.LastIndexByte(text, '.')
	if i < 0 || len(text) < i+11 {
		return false
	}
	beyond := false
	for n, c := range text[i+1:] {
		if c-'0' > 9 {
			return n >= 9 && beyond // the digits are a fraction, and not a year, which has four
		}
		beyond = beyond || n >= 9 && c != '0'
	}
	return beyond
}

// parseISO is readDate without layouts.
func parseISO(text []byte) (reading, *ValueError) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return reading{}, notISO(text)
	}
	year, ok1 := digits(text[0:4])
	month, ok2 := digits(text[5:7])
	day, ok3 := digits(text[8:10])
	if !ok1 || !ok2 || !ok3 {
		return reading{}, notISO(text)
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return reading{}, refuse(RuleNotADate, "this day does not exist")
	}
	if len(text) == 10 {
		return reading{Time: time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC), day: true}, nil
	}
	clock := text[11:]
	if c := text[10]; c != 'T' && c != 't' && c != ' ' || len(clock) < 8 || clock[2] != ':' || clock[5] != ':' {
		return reading{}, notISO(text)
	}
	hour, ok1 := digits(clock[0:2])
	minute, ok2 := digits(clock[3:5])
	second, ok3 := digits(clock[6:8])
	if !ok1 || !ok2 || !ok3 {
		return reading{}, notISO(text)
	}
	if hour > 23 || minute > 59 || second > 59 {
		return reading{}, refuse(RuleNotADate, "this time of day does not exist; hours go to 23, minutes and seconds to 59")
	}
	rest := clock[8:]
	nanos, precision := 0, 0
	if len(rest) > 0 && rest[0] == '.' {
		n := 1
		for n < len(rest) && rest[n]-'0' <= 9 {
			n++
		}
		if n == 1 {
			return reading{}, notISO(text)
		}
		if overlongFraction(rest[:n]) {
			return reading{}, tooFine()
		}
		precision = min(n-1, 9)
		nanos, _ = digits(rest[1 : 1+precision])
		for range 9 - precision {
			nanos *= 10
		}
		rest = rest[n:]
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return reading{}, notISO(text)
	}
	t := time.Date(year, time.Month(month), day, hour, minute, second, nanos, time.UTC).Add(-offset)
	return reading{Time: t, digits: precision, own: len(rest) > 0}, nil
}

// parseOffset reads the text after the clock: nothing or Z for UTC, or an offset such as +01:00, +0100 or +01, after an optional space.
func parseOffset(text []byte) (time.Duration, bool) {
	if len(text) > 1 && text[0] == ' ' {
		text = text[1:]
		if string(text) == "UTC" {
			return 0, true
		}
	}
	if len(text) == 0 || len(text) == 1 && (text[0] == 'Z' || text[0] == 'z') {
		return 0, true
	}
	if text[0] != '+' && text[0] != '-' || len(text) < 3 {
		return 0, false
	}
	hours, ok := digits(text[1:3])
	minutes := 0
	switch rest := text[3:]; {
	case !ok:
	case len(rest) == 3 && rest[0] == ':':
		minutes, ok = digits(rest[1:])
	case len(rest) == 2:
		minutes, ok = digits(rest)
	default:
		ok = len(rest) == 0
	}
	if !ok || hours > 23 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if text[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func notISO(text []byte) *ValueError {
	if allDigits(bytes.TrimLeft(text, "+-")) {
		return refuse(RuleNotADate, "a plain number is ambiguous; for a unix time write date(column, \"unix\") or date(column, \"unix_ms\") in the mapping, for other digits a layout such as \"20060102\"")
	}
	return refuse(RuleNotADate, "give a time as 2026-01-31, 2026-01-31 12:00:00 or 2026-01-31T12:00:00Z, or a layout in the mapping, such as date(column, \"02.01.2006\")")
}

// digits reads decimal digits. At most nine are given.
func digits(b []byte) (n int, ok bool) {
	for _, d := range b {
		if d-'0' > 9 {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}
	return n, true
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
