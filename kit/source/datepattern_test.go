package source

import (
	"fmt"
	"testing"
	"time"
)

// A cell is a date only if the calendar has its day, in any layout. If day and month can be in either order, one order is enough.
func TestDaysThatDoNotExist(t *testing.T) {
	t.Parallel()
	month := func(m int, long bool) string {
		switch name := time.Month(m).String(); {
		case m < 1 || m > 12:
			return "Foo"
		case long:
			return name
		default:
			return name[:3]
		}
	}
	layouts := map[string]func(y, m, d int) string{
		"2006-01-02":           func(y, m, d int) string { return fmt.Sprintf("%04d-%02d-%02d", y, m, d) },
		"2006-1-2":             func(y, m, d int) string { return fmt.Sprintf("%04d-%d-%d", y, m, d) },
		"2006/01/02":           func(y, m, d int) string { return fmt.Sprintf("%04d/%02d/%02d", y, m, d) },
		"2006.01.02":           func(y, m, d int) string { return fmt.Sprintf("%04d.%02d.%02d", y, m, d) },
		"20060102":             func(y, m, d int) string { return fmt.Sprintf("%04d%02d%02d", y, m, d) },
		"20060102150405":       func(y, m, d int) string { return fmt.Sprintf("%04d%02d%02d100000", y, m, d) },
		"2006-01-02T15:04:05Z": func(y, m, d int) string { return fmt.Sprintf("%04d-%02d-%02dT10:00:00Z", y, m, d) },
		"2006-01-02 15:04":     func(y, m, d int) string { return fmt.Sprintf("%04d-%02d-%02d 10:00", y, m, d) },
		"2 Jan 2006":           func(y, m, d int) string { return fmt.Sprintf("%d %s %04d", d, month(m, false), y) },
		"2-Jan-06":             func(y, m, d int) string { return fmt.Sprintf("%d-%s-%02d", d, month(m, false), y%100) },
		"January 2, 2006":      func(y, m, d int) string { return fmt.Sprintf("%s %d, %04d", month(m, true), d, y) },
		"Mon, 02 Jan 2006":     func(y, m, d int) string { return fmt.Sprintf("Mon, %02d %s %04d 10:00:00 GMT", d, month(m, false), y) },
	}
	either := map[string]func(y, m, d int) string{
		"02.01.2006":       func(y, m, d int) string { return fmt.Sprintf("%02d.%02d.%04d", d, m, y) },
		"2.1.2006":         func(y, m, d int) string { return fmt.Sprintf("%d.%d.%04d", d, m, y) },
		"02.01.06":         func(y, m, d int) string { return fmt.Sprintf("%02d.%02d.%02d", d, m, y%100) },
		"02/01/2006":       func(y, m, d int) string { return fmt.Sprintf("%02d/%02d/%04d", d, m, y) },
		"02-01-2006":       func(y, m, d int) string { return fmt.Sprintf("%02d-%02d-%04d", d, m, y) },
		"02.01.2006 15:04": func(y, m, d int) string { return fmt.Sprintf("%02d.%02d.%04d 10:00", d, m, y) },
		"2/1/06 3:04 PM":   func(y, m, d int) string { return fmt.Sprintf("%d/%d/%02d 3:04 PM", d, m, y%100) },
		"01/02/2006":       func(y, m, d int) string { return fmt.Sprintf("%02d/%02d/%04d", m, d, y) },
	}
	has := func(y, m, d int) bool {
		at := time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC)
		return m >= 1 && m <= 12 && d >= 1 && at.Day() == d && at.Month() == time.Month(m)
	}
	tested, none := 0, 0
	for _, y := range []int{1970, 1972, 2000, 2019, 2020, 2024, 2025} {
		for m := range 14 {
			for d := range 33 {
				check := func(layout, cell string, want bool) {
					tested++
					if !want {
						none++
					}
					if _, ok := parseDateCell(cell); ok != want {
						t.Errorf("%s: %q is a date: %v, want %v", layout, cell, ok, want)
					}
				}
				for layout, text := range layouts {
					check(layout, text(y, m, d), has(y, m, d))
				}
				for layout, text := range either {
					check(layout, text(y, m, d), has(y, m, d) || has(y, d, m))
				}
			}
		}
	}
	if none < tested/10 {
		t.Errorf("%d of %d cells are no dates", none, tested)
	}
	for year, want := range map[int]bool{1900: false, 2000: true, 2100: false, 1904: true} {
		if _, ok := parseDateCell(fmt.Sprintf("29.02.%d", year)); ok != want {
			t.Errorf("29.02.%d is a date: %v", year, ok)
		}
	}
	for _, cell := range []string{"31.02.2020", "30.02.2020", "31/04/2021", "04/31/2021", "2021-02-29", "Feb 30, 2020", "31.12.2020 23:59:60"} {
		if p := JudgeCells("Datum", []string{cell, cell}); p.Looks == LooksDate {
			t.Errorf("a column of %q looks like dates", cell)
		}
	}
}
