package source

import (
	"strconv"
	"strings"
	"time"
)

// first and second are the first two numbers in a pattern of dates: the day and the month, in either order.
const (
	first  = "\x01"
	second = "\x02"
)

// dateCell is a cell that can be read as a date.
type dateCell struct {
	// pattern is how the date is written: a layout of Go's package time, with first and second for day and month.
	pattern string
	// a and b are these two numbers, 0 if there is none.
	a, b int
	// short reports whether one of them has one digit.
	short bool
	// iso reports whether the date needs no layout.
	iso bool
}

// longestDate is the length of the longest text that is parsed as a date.
const longestDate = 48

// parseDateCell parses a cell that can be read as a date.
func parseDateCell(s string) (d dateCell, ok bool) {
	if len(s) < 6 || len(s) > longestDate || !strings.ContainsFunc(s, isDigit) {
		return d, false
	}
	p := &dateParser{rest: s}
	p.weekday()
	if !p.day() || !p.exists() || !p.clock() || p.rest != "" {
		return d, false
	}
	d = p.dateCell
	d.iso = p.yearFirst == '-' && !d.short && p.isoClock
	return d, true
}

// dateParser reads a date from left to right.
type dateParser struct {
	dateCell
	rest      string
	full      int  // the year, with its century
	named     int  // the month, if it is a name
	yearFirst byte // the character after a year at the beginning, 0 if there is none
	isoClock  bool // there is no time of day, or its form needs no layout
}

func (p *dateParser) weekday() {
	for day := time.Sunday; day <= time.Saturday; day++ {
		for _, name := range []string{day.String(), day.String()[:3]} {
			if rest, ok := cutFold(p.rest, name); ok && rest != "" && (rest[0] == ',' || rest[0] == ' ') {
				layout := "Mon"
				if len(name) > 3 {
					layout = "Monday"
				}
				space := len(rest) - len(strings.TrimLeft(rest, ", "))
				p.pattern, p.rest = layout+rest[:space], rest[space:]
				return
			}
		}
	}
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// number cuts off a number of at least one digit and at most so many.
func (p *dateParser) number(most int) (n, digits int, ok bool) {
	for digits < len(p.rest) && isDigit(rune(p.rest[digits])) {
		digits++
	}
	if digits == 0 || digits > most {
		return 0, digits, false
	}
	n, _ = strconv.Atoi(p.rest[:digits])
	p.rest = p.rest[digits:]
	return n, digits, true
}

// mark cuts off the text between two parts of a date.
func (p *dateParser) mark() string {
	for _, mark := range []string{". ", ", ", "-", "/", ".", " "} {
		if rest, ok := strings.CutPrefix(p.rest, mark); ok {
			p.rest = rest
			return mark
		}
	}
	return ""
}

// month cuts off the English name of a month.
func (p *dateParser) month() (layout string, ok bool) {
	for m := time.January; m <= time.December; m++ {
		for _, name := range []string{m.String(), m.String()[:3]} {
			if rest, found := cutFold(p.rest, name); found && (rest == "" || !isLetter(rest[0])) {
				p.rest, p.named = rest, int(m)
				if len(name) > 3 {
					return "January", true
				}
				return "Jan", true
			}
		}
	}
	return "", false
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// day reads the calendar date.
func (p *dateParser) day() bool {
	if layout, ok := p.month(); ok { // Jan 2, 2006
		mark := p.mark()
		n, digits, ok := p.number(2)
		p.pattern += layout + mark + first
		p.a, p.short = n, digits == 1
		return ok && mark != "" && validDay(n) && p.year(4)
	}
	n, digits, ok := p.number(14)
	switch {
	case !ok:
		return false
	case digits == 8 || digits == 14:
		text := strconv.Itoa(n)
		layout := "20060102150405"[:digits]
		at, err := time.Parse(layout, text)
		p.pattern += layout
		return err == nil && at.Year() >= 1900 && at.Year() <= 2100
	case digits == 4:
		mark := p.mark()
		if mark != "-" && mark != "/" && mark != "." {
			return false
		}
		p.full, p.yearFirst = n, mark[0]
		month, width, ok1 := p.number(2)
		same := p.mark() == mark
		day, other, ok2 := p.number(2)
		p.pattern += "2006" + mark + second + mark + first
		p.a, p.b, p.short = day, month, width == 1 || other == 1
		return ok1 && ok2 && same && validDay(day) && month >= 1 && month <= 12
	case digits > 2 || !validDay(n):
		return false
	}
	p.a, p.short = n, digits == 1
	mark := p.mark()
	if layout, ok := p.month(); ok && mark != "" { // 2 Jan 2006
		p.pattern += first + mark + layout
		return p.year(2) || p.year(4)
	}
	if mark != "-" && mark != "/" && mark != "." {
		return false
	}
	b, digits, ok := p.number(2)
	p.b, p.short = b, p.short || digits == 1
	p.pattern += first + mark + second
	return ok && validDay(b) && (p.a <= 12 || b <= 12) && strings.HasPrefix(p.rest, mark) && (p.year(2) || p.year(4))
}

func validDay(n int) bool { return n >= 1 && n <= 31 }

// exists reports whether the calendar has the day, in one order of day and month at least.
func (p *dateParser) exists() bool {
	has := func(month, day int) bool {
		return month >= 1 && month <= 12 && day >= 1 && day <= time.Date(p.full, time.Month(month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
	}
	switch {
	case p.a == 0: // digits only, which day has checked
		return true
	case p.named != 0:
		return has(p.named, p.a)
	case p.yearFirst != 0:
		return has(p.b, p.a)
	}
	return has(p.b, p.a) || has(p.a, p.b)
}

// year reads a year of so many digits, with the text before it.
func (p *dateParser) year(digits int) bool {
	before := p.rest
	mark := p.mark()
	year, n, ok := p.number(4)
	if mark == "" || !ok || n != digits {
		p.rest = before
		return false
	}
	const pivot = 69 // as in package time
	switch p.full = year; {
	case digits == 2 && year >= pivot:
		p.full += 1900
	case digits == 2:
		p.full += 2000
	}
	p.pattern += mark + "2006"[4-digits:]
	return true
}

// clock reads the time of day and the zone, if there are any.
func (p *dateParser) clock() bool {
	p.isoClock = true
	if p.rest == "" {
		return true
	}
	for _, mark := range []string{"T", " at ", ", ", " "} {
		if rest, ok := strings.CutPrefix(p.rest, mark); ok {
			p.rest = rest
			p.pattern += mark
			p.isoClock = mark == "T" || mark == " "
			break
		}
	}
	hour, width, ok := p.number(2)
	minutes := strings.HasPrefix(p.rest, ":")
	if !ok || hour > 24 || !minutes {
		return false
	}
	p.rest = p.rest[1:]
	minute, digits, ok := p.number(2)
	if !ok || digits != 2 || minute > 59 {
		return false
	}
	clock := ":04"
	p.isoClock = p.isoClock && width == 2 && strings.HasPrefix(p.rest, ":")
	if rest, ok := strings.CutPrefix(p.rest, ":"); ok {
		p.rest = rest
		if n, digits, ok := p.number(2); !ok || digits != 2 || n > 59 {
			return false
		}
		clock += ":05"
		p.fraction()
	}
	return p.half(hour, clock) && p.zone()
}

// fraction reads the fraction of a second, which needs no layout.
func (p *dateParser) fraction() {
	if len(p.rest) < 2 || p.rest[0] != '.' && p.rest[0] != ',' || !isDigit(rune(p.rest[1])) {
		return
	}
	p.isoClock = p.isoClock && p.rest[0] == '.'
	p.rest = strings.TrimLeft(p.rest[1:], "0123456789")
}

// half reads AM or PM.
func (p *dateParser) half(hour int, clock string) bool {
	for _, text := range []string{" AM", " PM", " am", " pm", "AM", "PM", "am", "pm"} {
		rest, ok := strings.CutPrefix(p.rest, text)
		if !ok {
			continue
		}
		p.rest, p.isoClock = rest, false
		p.pattern += "3" + clock + strings.NewReplacer("AM", "PM", "am", "pm").Replace(text)
		return hour >= 1 && hour <= 12
	}
	p.pattern += "15" + clock
	return hour < 24
}

// zone reads the offset from UTC.
func (p *dateParser) zone() bool {
	rest, spaced := strings.CutPrefix(p.rest, " ")
	space := ""
	if spaced {
		space = " "
	}
	digit := func(at int) bool { return at < len(rest) && isDigit(rune(rest[at])) }
	switch {
	case rest == "":
		return !spaced
	case rest == "Z":
		p.pattern += space + "Z07:00"
	case rest == "UTC" || rest == "GMT":
		p.pattern += space + "MST"
		p.isoClock = p.isoClock && rest == "UTC" && spaced
	case rest[0] != '+' && rest[0] != '-' || !digit(1) || !digit(2):
		return false
	case len(rest) == 3:
		p.pattern += space + "-07"
	case len(rest) == 5 && digit(3) && digit(4):
		p.pattern += space + "-0700"
	case len(rest) == 6 && rest[3] == ':' && digit(4) && digit(5):
		p.pattern += space + "Z07:00"
	default:
		return false
	}
	p.rest = ""
	return true
}
