package source

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// Rows with the right number of fields that are not data are rejected with their rule. Rows that only resemble them are data.
func TestRowsThatAreNoData(t *testing.T) {
	t.Parallel()
	const people = "id,email,n\nu1,a@example.com,1\n"
	const orders = "name,total\nAnn,1\n"
	for _, tt := range []struct {
		name, in string
		want     string // "LINE rule" of each row that is rejected; all others are data
		rows     int
		cfg      Config
	}{
		{"a header that is repeated", people + "id,email,n\nu2,b@example.com,2\n", "3 repeated-header", 3, Config{}},
		{"in capitals and quotes", people + "\"ID\",\"Email\",\"N\"\nu2,b@example.com,2\n", "3 repeated-header", 3, Config{}},
		{"after a byte order mark", people + "\xef\xbb\xbfid,email,n\nu2,b@example.com,2\n", "3 repeated-header", 3, Config{}},
		{"twice", people + "id,email,n\nu2,b@example.com,2\nid,email,n\n", "3 repeated-header, 5 repeated-header", 4, Config{}},
		{"of one column", "id\nu1\nid\nu2\n", "3 repeated-header", 3, Config{}},
		{"two of three names in their places", people + "id,email,x\n", "3 other-header", 2, Config{}},
		{"totals with a currency", "name,a,b\nAnn,1,2\nTotal,\"1,234.50 EUR\",$12\n", "3 no-data", 2, Config{}},
		{"a name of a column as a value", people + "email,c@example.com,3\n", "", 2, Config{}},
		{"names in another order, and the rows below", people + "email,id,n\nb@example.com,u2,2\nc@example.com,u3,3\n", "3 other-header, 4 other-header, 5 other-header", 4, Config{}},
		{"names in another order, then the right ones", people + "email,id,n\nb@example.com,u2,2\nid,email,n\nu3,c@example.com,3\n", "3 other-header, 4 other-header, 5 repeated-header", 5, Config{}},
		{"a byte order mark before data", people + "\xef\xbb\xbfu2,b@example.com,2\n", "3 byte-order-mark", 2, Config{}},
		{"a ruler below the header", "id,email,n\n---,---,---\nu1,a@example.com,1\n", "2 no-data", 2, Config{}},
		{"a dash for each value", people + "-,-,-\n", "", 2, Config{}},
		{"a count of rows", orders + "(300 rows affected),\n", "3 no-data", 2, Config{}},
		{"a note at the end", orders + "-- end of report,\n", "3 no-data", 2, Config{}},
		{"a total at the end", orders + "Bob,2\nTotal,3\n", "4 no-data", 3, Config{}},
		{"a total at the end, with blank lines", orders + "Grand total:,3\n\n\n", "3 no-data", 2, Config{}},
		{"totals of several kinds", orders + "Subtotal,2\nTotal,3\n", "3 no-data, 4 no-data", 3, Config{}},
		{"a total in the middle", orders + "Total,3\nBob,2\n", "", 3, Config{}},
		{"a company with such a name at the end", "name,email,total\nAnn,a@example.com,1\nTotal Energies SE,t@example.com,3\n", "", 2, Config{}},
		{"a summary at the end", "name,text\nAnn,x\nSum of all fears,y\n", "", 2, Config{}},
		{"a NUL", people + "u2,b\x00@example.com,2\n", "3 nul-byte", 2, Config{Encoding: "utf-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRules(t, tt.in, tt.cfg, tt.rows, tt.want)
		})
	}
}

// If a quote is missing, a field contains the following rows. A quote that is text, or an unknown escape, can do more harm.
func TestQuotesThatAreLost(t *testing.T) {
	t.Parallel()
	const people = "id,name,city,n\nu1,Ann,Berlin,1\n"
	for _, tt := range []struct {
		name, in string
		want     string
		rows     int
		cfg      Config
	}{
		{"a field that contains rows", people + "u2,\"Bob,Paris,2\nu3,Cid,Rome,3\nu4,Dan\",Oslo,4\n", "3 swallowed-rows", -1, Config{}},
		{"unless the setting allows it", people + "u2,\"Bob,Paris,2\nu3,Cid,Rome,3\nu4,Dan\",Oslo,4\n", "", 2, Config{Quote: '"'}},
		{"an address of several lines", people + "u2,Bob,\"Main St 1\n10115 Berlin\nGermany\",2\n", "", 2, Config{}},
		{"a text of several lines with commas", people + "u2,Bob,\"Dear Ann, dear Bob,\n\nthanks, and see you\",2\n", "", 2, Config{}},
		{"a quote that never ends", people + "u2,\"Bob,Paris,2\nu3,Cid,Rome,3\n", "3 unclosed-quote", 3, Config{}},
		{"an inch in TSV", "id\tsize\n1\t5\"\n2\t\"x\n3\ty\"\n", "", 3, Config{Delimiter: '\t', Quote: None}},
		{"an unknown escape", "id,name\n1,\"a\\\"b\"\n2,\"a\\qb\"\n", "3 unknown-escape", 2, Config{Quote: '"', Escape: '\\'}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			checkRules(t, tt.in, tt.cfg, tt.rows, tt.want)
		})
	}
}

// checkRules reads an input at once and byte by byte, and compares which rows are rejected. rows is how many there are, -1 for any number.
func checkRules(t *testing.T, in string, cfg Config, rows int, want string) {
	t.Helper()
	for how, r := range map[string]io.Reader{"whole": strings.NewReader(in), "by bytes": iotest.OneByteReader(strings.NewReader(in))} {
		_, all, err := readAll(t, r, cfg)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		var rejected []string
		for _, row := range all {
			if row.rule != "" {
				rejected = append(rejected, fmt.Sprintf("%d %s", row.line, row.rule))
			}
		}
		if got := strings.Join(rejected, ", "); got != want || rows >= 0 && len(all) != rows {
			t.Errorf("%s: rejected %q of %d rows, want %q of %d\n%s", how, got, len(all), want, rows, show(all))
		}
	}
}

// A row that only resembles a header does not cost the rows below it, and AllRows treats every row as data.
func TestRowsThatResembleHeaders(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in       string
		bad, all int
	}{
		"another header":           {"id,name,email\n1,Ann,a@x.org\nid,email,name\n2,b@x.org,Bob\n", 2, 0},
		"the header again":         {"id,name,email\n1,Ann,a@x.org\nid,name,email\n2,Bob,b@x.org\n", 1, 0},
		"names twice":              {"name,email,type,note\nname,name,type,\nx,y,z,\n", 0, 0},
		"names next to values":     {"column,type,example,table\nexample,column,17,people\ntype,column,a@x.org,people\nx,y,z,people\n", 0, 0},
		"a ruler and a count":      {"id,n\n--,--\n1,2\n(1 row),\n", 2, 0},
		"totals":                   {"id,n\na,2\nTotal,2\n", 1, 0},
		"a NUL is not a row":       {"id,n\na,2\nb,\x00\n", 1, 1},
		"a file of dashes as text": {"id,n\n-,-\na,b\n", 0, 0},
	} {
		count := func(cfg Config) (bad int) {
			_, rows, err := readAll(t, strings.NewReader(tt.in), cfg)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, r := range rows {
				bad += boolInt(r.rule != "")
			}
			return bad
		}
		if bad, all := count(Config{Format: FormatCSV}), count(Config{Format: FormatCSV, AllRows: true}); bad != tt.bad || all != tt.all {
			t.Errorf("%s: %d and %d rows are rejected, want %d and %d", name, bad, all, tt.bad, tt.all)
		}
	}
}
