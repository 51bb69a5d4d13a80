package source

import (
	"fmt"
	"strings"
	"testing"
)

// profileOf returns the profile of a column of these cells, one for each row, from line 2.
func profileOf(t *testing.T, name string, cells ...string) ColumnProfile {
	t.Helper()
	var b strings.Builder
	b.WriteString(`"` + name + `"` + ",other\n")
	for _, c := range cells {
		b.WriteString(`"` + strings.ReplaceAll(c, `"`, `""`) + `",x` + "\n")
	}
	src, err := New(strings.NewReader(b.String()), Config{Format: FormatCSV, Delimiter: ',', Quote: '"', Escape: None, LineEnd: LineEndLF})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Inspect(t.Context(), src, 0)
	if err != nil {
		t.Fatal(err)
	}
	return p.Columns[0]
}

// many returns n cells, made with the format from 1, 2, 3 and so on, with others among them.
func many(n int, format string, others ...string) []string {
	var cells []string
	for i := range n {
		cells = append(cells, fmt.Sprintf(format, i+1))
	}
	return append(cells, others...)
}

// A column looks like its cells, with the evidence for it.
func TestLooks(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		cells    []string
		looks    Looks
		layouts  string
		evidence string
	}{
		{"n", []string{"1", "-2", "0"}, LooksInteger, "", "whole numbers"},
		{"n", many(200, "%d", "n/a", "n/a"), LooksInteger, "", "99.0 % whole numbers; 2 cells are n/a, first in line 202"},
		{"n", many(200, "%d", "NULL", "", "-"), LooksInteger, "", "99.0 % whole numbers; 1 cell is -, first in line 204; 1 cell is NULL, first in line 202"},
		{"n", many(200, "%d", "abc"), LooksInteger, "", "99.5 % whole numbers; 1 cell is something else, first in line 202"},
		{"n", many(10, "%d", "abc"), LooksText, "", "90.9 % whole numbers; 1 cell is something else, first in line 12: kept as text"},
		{"n", []string{"1", "n/a"}, LooksInteger, "", "50.0 % whole numbers; 1 cell is n/a, first in line 3"},
		{"n", []string{"0", "1", "1"}, LooksInteger, "", "whole numbers; only 0 and 1"},
		{"zip", []string{"53111", "53113"}, LooksPostcode, "", "digits; a postcode by the column's name: kept as text"},
		{"Phone Number", []string{"4922812345", "4922812346"}, LooksPhone, "", "digits; a telephone number by the column's name: kept as text"},
		{"contact", []string{"+49 228 12345", "+49 (228) 12-346"}, LooksPhone, "", "telephone numbers"},
		{"code", []string{"007", "12"}, LooksID, "", "digits; 1 cell has zeros in front, first in line 2: a number would lose them"},
		{"n", many(300, "%d", "007"), LooksID, "", "digits; 1 cell has zeros in front, first in line 302: a number would lose them"},
		{"Order Number", []string{"1001", "1002"}, LooksID, "", "digits; an id by the column's name: kept as text"},
		{"number of orders", []string{"1001", "1002"}, LooksInteger, "", "whole numbers"},
		{"n", []string{"12345678901234567890", "1"}, LooksID, "", "digits; too many for a 64-bit number"},
		{"n", []string{"1.5", "-0.25", "3"}, LooksNumber, "", "numbers"},
		{"n", []string{"1,5", "0,25", "3"}, LooksNumber, "", "numbers; a comma is before the decimals"},
		{"n", []string{"1,234.50", "12.00"}, LooksNumber, "1,234.5", "numbers; 1 has a comma between thousands"},
		{"n", []string{"1.234,50", "12,00"}, LooksNumber, "1.234,5", "numbers; a comma is before the decimals; 1 has a point between thousands"},
		{"n", []string{"1.234.567", "12"}, LooksNumber, "1.234,5", "numbers; a comma is before the decimals; 1 has a point between thousands"},
		{"n", []string{"1\u202f234,5", "12"}, LooksNumber, "1 234,5", "numbers; a comma is before the decimals; 1 has a space between thousands"},
		{"n", []string{"1,234", "12"}, LooksText, "", "numbers; every comma has three digits after it, so nothing decides whether it separates thousands or decimals"},
		{"n", []string{"1.234", "12"}, LooksText, "", "numbers; every point has three digits after it, so nothing decides whether it separates thousands or decimals"},
		{"n", []string{"0.234", "1.234"}, LooksNumber, "", "numbers"},
		{"n", []string{"$1,234.50", "-$2.00"}, LooksNumber, "$1,234.5", "numbers; 1 has a comma between thousands; 2 have $"},
		{"n", []string{"1.234,50 €", "2,00 €", "3,10"}, LooksNumber, "1.234,5 € 1.234,5", "numbers; a comma is before the decimals; 1 has a point between thousands; 2 have €"},
		{"n", []string{"$1.50", "€2.50"}, LooksNumber, "$1234.5 €1234.5", "numbers; 1 has $; 1 has €; the column has several currencies: a number alone does not show its currency"},
		{"n", []string{"12.5%", "3%"}, LooksNumber, "1234.5%", "numbers; 2 have %"},
		{"n", []string{"1.5E+05", "2.5"}, LooksNumber, "", "numbers"},
		{"at", []string{"2021-12-31", "2022-01-01"}, LooksDate, "", "dates"},
		{"at", []string{"2021-12-31 14:00:00", "2022-01-01T00:00:00.5Z"}, LooksDate, "", "dates"},
		{"at", []string{"2021-12-31 14:00", "2022-01-01 15:00"}, LooksDate, "2006-01-02 15:04", "dates; written as yyyy-mm-dd hh:mm"},
		{"at", []string{"31.12.2021", "01.02.2022"}, LooksDate, "02.01.2006", "dates; written as dd.mm.yyyy; the day comes first: 1 cell has a first number over 12, first in line 2"},
		{"at", []string{"1.12.2021", "01.02.2022"}, LooksDate, "2.1.2006", "dates; written as d.m.yyyy; dates with points have the day first everywhere"},
		{"at", []string{"12/31/2021", "01/02/2022"}, LooksDate, "01/02/2006", "dates; written as mm/dd/yyyy; the month comes first: 1 cell has a second number over 12, first in line 2"},
		{"at", []string{"11/12/2021", "01/02/2022"}, LooksText, "", "dates; no number is over 12, so nothing decides between day and month"},
		{"at", []string{"31/12/2021", "12/31/2021"}, LooksText, "", "dates; " + mixedOrders},
		{"at", []string{"12/31/21 2:05 PM", "1/2/22 11:00 AM"}, LooksDate, "1/2/06 3:04 PM", "dates; written as m/d/yy h:mm PM; the month comes first: 1 cell has a second number over 12, first in line 2; the year has two digits: 69 to 99 become 1969 to 1999"},
		{"at", []string{"Jan 2, 2021", "Dec 31, 2021"}, LooksDate, "Jan 2, 2006", "dates; written as Jan d, yyyy"},
		{"at", []string{"02-Jan-2021", "31-Dec-2021"}, LooksDate, "02-Jan-2006", "dates; written as dd-Jan-yyyy"},
		{"at", []string{"Fri, 31 Dec 2021 14:00:00 +0000"}, LooksDate, "Mon, 02 Jan 2006 15:04:05 -0700", "dates; written as Mon, dd Jan yyyy hh:mm:ss +0000"},
		{"created", []string{"1609459200", "1640908800"}, LooksUnix, "", "whole numbers; seconds since 1970 by the column's name and their size"},
		{"createdAt", []string{"1609459200000"}, LooksUnixMilli, "", "whole numbers; milliseconds since 1970 by the column's name and their size"},
		{"ts", []string{"1609459200000000"}, LooksUnixMicro, "", "whole numbers; microseconds since 1970 by the column's name and their size"},
		{"n", []string{"1609459200"}, LooksInteger, "", "whole numbers"},
		{"Order Date", []string{"44561", "44562"}, LooksSerial, "", "whole numbers; days as spreadsheets count them, by the column's name and their size"},
		{"Order Date", []string{"44561.75", "44562"}, LooksSerial, "", "numbers; days as spreadsheets count them, by the column's name and their size"},
		{"date", []string{"20211231"}, LooksDate, "20060102", "dates; written as yyyymmdd"},
		{"n", []string{"20211231"}, LooksInteger, "", "whole numbers"},
		{"at", []string{"2021-12-31", "0000-00-00", "0000-00-00"}, LooksDate, "", "33.3 % dates; 2 cells are 0000-00-00, first in line 3"},
		{"vip", []string{"yes", "No"}, LooksBoolean, "", "true or false; written as yes and No"},
		{"vip", []string{"WAHR"}, LooksText, "", ""},
		{"vip", []string{"TRUE", "FALSE", "n/a"}, LooksBoolean, "", "66.6 % true or false; 1 cell is n/a, first in line 4; written as TRUE and FALSE"},
		{"x", []string{"ann@example.com", "bob@example.com"}, LooksEmail, "", "email addresses"},
		{"x", []string{"ann@example.com", "bob@example.com", "-", "cy at example"}, LooksEmail, "", "50.0 % email addresses; 1 cell is -, first in line 4; 1 cell is something else, first in line 5"},
		{"x", []string{`{"a":1}`, `[]`}, LooksObject, "", "JSON objects or lists"},
		{"x", []string{"NULL", "NULL"}, LooksEmpty, "", "2 cells are NULL, first in line 2"},
		{"x", []string{`\N`, `a`}, LooksText, "", `1 cell is \N, first in line 2`},
		{"last name", []string{"Null", "None"}, LooksText, "", ""},
		{"x", []string{" 1 ", "2"}, LooksNumber, "1234.5", "numbers; 1 cell has spaces around the value"},
		{"ip", []string{"10.0.0.1", "192.168.0.1"}, LooksText, "", ""},
		{"version", []string{"1.2.3", "1.10.0"}, LooksText, "", ""},
		{"time", []string{"14:05", "15:00"}, LooksText, "", ""},
	} {
		c := profileOf(t, tt.name, tt.cells...)
		if got := strings.Join(c.Evidence, "; "); c.Looks != tt.looks || strings.Join(c.Layouts, " ") != tt.layouts || got != tt.evidence {
			t.Errorf("%s of %.80q:\ngot  %s [%s] %s\nwant %s [%s] %s", tt.name, tt.cells, c.Looks, strings.Join(c.Layouts, " "), got, tt.looks, tt.layouts, tt.evidence)
		}
	}
}
