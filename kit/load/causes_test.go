package load

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A hint says what the rejected cells look like, and the setting that it names reads them. There is no hint if nothing is certain.
func TestHints(t *testing.T) {
	t.Parallel()
	repeat := func(n int, cells ...string) (all []string) {
		for range n {
			all = append(all, cells...)
		}
		return all
	}
	for name, c := range map[string]struct {
		value string // in the mapping
		cells []string
		want  string // empty for no hint
		mend  string // the value that then reads all cells
	}{
		"points":                {"=date(c)", []string{"31.12.2024", "01.02.2024"}, `the cells look like dd.mm.yyyy: =date(c, "02.01.2006")`, `=date(c, "02.01.2006")`},
		"clock":                 {"=date(c)", []string{"31.12.2024 10:00", "01.02.2024 11:30"}, `the cells look like dd.mm.yyyy hh:mm: =date(c, "02.01.2006 15:04"); add the time zone, such as "Europe/Berlin", unless time_zone gives it; otherwise the time is read as UTC`, `=date(c, "02.01.2006 15:04", "Europe/Berlin")`},
		"wrong order":           {`=date(c, "01/02/2006")`, []string{"31/12/2024", "01/02/2024", "13/02/2024"}, `=date(c, "02/01/2006")`, `=date(c, "02/01/2006")`},
		"either order":          {"=date(c)", []string{"01/02/2024", "03/04/2024"}, `do not decide between =date(c, "02/01/2006") and =date(c, "01/02/2006")`, ""},
		"both orders":           {"=date(c)", []string{"31/12/2024", "12/31/2024"}, "", ""},
		"unix":                  {"=date(c)", []string{"1735689600", "1735689700"}, `the cells look like seconds since 1970: =date(c, "unix")`, `=date(c, "unix")`},
		"milliseconds":          {"=date(c)", []string{"1735689600000"}, `=date(c, "unix_ms")`, `=date(c, "unix_ms")`},
		"serials":               {"=date(c)", []string{"45657", "45658.5"}, `=date(c, "excel")`, `=date(c, "excel")`},
		"comma":                 {"=decimal(c)", []string{"1,5", "12,25"}, `the cells look like 1234,5: =decimal(c, "1234,5"), or load with --decimal-comma if all numbers have a comma`, `=decimal(c, "1234,5")`},
		"thousands":             {"=decimal(c)", []string{"1,234.50", "12,345.00"}, `=decimal(c, "1,234.5")`, `=decimal(c, "1,234.5")`},
		"which comma":           {"=int(c)", []string{"1,234", "12,345"}, `do not decide between =decimal(c, "1234,5") and =decimal(c, "1,234.5")`, ""},
		"decimals":              {"=int(c)", []string{"1.5", "2.25"}, `the cells look like 1234.5: =decimal(c)`, "=decimal(c)"},
		"currency":              {"=decimal(c)", []string{"€ 1.234,50", "€ 7,00"}, `=decimal(c, "€`, ""},
		"ja and nein":           {"=bool(c)", []string{"ja", "nein", "ja"}, `the cells look like ja and nein: =bool(c, "ja", "nein")`, `=bool(c, "ja", "nein")`},
		"null words":            {"=int(c)", append(repeat(99, "7"), "n/a", "#N/A"), `the cells are #N/A, n/a, which may mean "no value": null_words: {'c': ['#N/A', 'n/a']}`, ""},
		"nulls and more":        {"=date(c)", []string{"31.12.2024", "n/a", "30.11.2024"}, `some cells are n/a`, ""},
		"already there":         {`=date(c, "02.01.2006")`, []string{"31.02.2024", "30.02.2024"}, "", ""},
		"names":                 {"=int(c)", []string{"Ann", "Bob"}, "", ""},
		"a few of many":         {"=date(c)", append(repeat(99, "2024-01-02"), "31.12.2024"), "", ""},
		"some of many":          {"=date(c)", append(repeat(9, "2024-01-02"), "31.12.2024"), `=date(c, "02.01.2006"); keep the time zone if the mapping has one; give the layouts of the other rows in the same call, as in date(column, "2006-01-02", "02.01.2006")`, ""},
		"a further date":        {`=date(c, "2006-01-02", "Europe/Berlin")`, append(repeat(9, "2024-01-02"), "31.12.2024"), `some cells look like dd.mm.yyyy: =date(c, "2006-01-02", "Europe/Berlin", "02.01.2006") reads these and the other rows`, `=date(c, "2006-01-02", "Europe/Berlin", "02.01.2006")`},
		"a further count":       {`=date(c, "2006-01-02")`, append(repeat(9, "2024-01-02"), "1735689600"), `=date(c, "2006-01-02", "unix") reads these and the other rows`, `=date(c, "2006-01-02", "unix")`},
		"the other order":       {`=date(c, "01/02/2006")`, append(repeat(9, "01/02/2024"), "31/12/2024"), `=date(c, "02/01/2006"); keep the time zone if the mapping has one; it does not read the other rows`, ""},
		"a further layout":      {`=decimal(c, "1.234,5")`, append(repeat(9, "1.234,50"), "1234.5"), `some cells look like 1234.5: =decimal(c, "1.234,5", "1234.5") reads these and the other rows; the first layout that fits a cell counts`, `=decimal(c, "1.234,5", "1234.5")`},
		"a layout beside none":  {"=decimal(c)", append(repeat(9, "1234.50"), "1.234,50", "7,25"), `=decimal(c, "1234.5", "1.234,5") reads these and the other rows`, `=decimal(c, "1234.5", "1.234,5")`},
		"a further float":       {`=float(c, "1,234.5")`, append(repeat(9, "1,234.50"), "7,25", "1.234,00"), `=float(c, "1,234.5", "1.234,5") reads these and the other rows`, `=float(c, "1,234.5", "1.234,5")`},
		"read in a computation": {`=(decimal(c, "1.234,5") ?? nil)`, append(repeat(9, "1.234,50"), "1234.5"), `=decimal(c, "1234.5"); give the layouts of the other rows in the same call`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var in strings.Builder
			in.WriteString("id,c\n")
			for i, cell := range c.cells {
				fmt.Fprintf(&in, "p%d,%q\n", i, cell)
			}
			job := func(value string) Job {
				return Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {c: '"+value+"'}}\n"), DryRun: true}
			}
			plan, err := MakePlan(t.Context(), job(c.value), AllRows)
			if err != nil {
				t.Fatal(err)
			}
			s, err := Run(t.Context(), job(c.value))
			if err != nil {
				t.Fatal(err)
			}
			got := strings.Join(s.Hints, "\n")
			if got != strings.Join(plan.Hints, "\n") || (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("run %q, plan %q, want %q", got, plan.Hints, c.want)
			}
			if c.mend == "" {
				return
			}
			if s, err := Run(t.Context(), job(c.mend)); err != nil || s.RowsRejected > 0 {
				t.Errorf("%s: %+v, %v", c.mend, s.First, err)
			}
		})
	}
}

// For every mapping and all cells: no hint names a setting that the mapping has, the setting that a hint names reads the cells, and the reason of a
// row names no other layout than the hint about the same column.
func TestHintsAgree(t *testing.T) {
	t.Parallel()
	numbers := [][]string{{"12,50", "7,25", "300,1"}, {"1.234,50", "12,25", "2.000,00"}, {"1,234.50", "12.25", "2,000.75"}, {"1 234,50", "7,25", "12 000,5"}, {"1'234.50", "7.25", "12'000.5"},
		{"12.50", "7.25", "300.1"}, {"1,234", "5,678", "9,012"}, {"1.234", "5.678", "9.012"}, {"€ 12,50", "€ 7,25", "€ 3,00"}, {"1,234,567", "2,345,678", "3,456,789"}, {" 12.5", "7.5 ", " 3.25 "}, {"1,2,3", "4,5,6", "7,8,9"}}
	dates := [][]string{{"31.02.2024", "30.02.2024", "32.01.2024"}, {"31.12.2024", "30.11.2024", "1.2.2024"}, {"31.12.24", "30.11.24", "01.02.24"}, {"12/31/2024", "11/30/2024", "02/13/2024"}, {"31.12.2024 10:00", "30.11.2024 11:30", "13.02.2024 12:00"},
		{"2024-12-31", "2024-11-30", "2024-02-01"}, {"2024-13-31", "2024-02-30", "2024-00-01"}, {"20241231", "20241130", "20240201"}, {"1735689600", "1735689700", "1735689800"}, {" 31.12.2024", "30.11.2024 ", " 1.2.2024"}, {"31. Dez. 2024", "1. Mai 2024", "2. Okt. 2024"}}
	calls := map[string][][]string{}
	for _, call := range []string{"int(c)", "float(c)", "decimal(c)", `decimal(c, "1234,5")`, `decimal(c, "1.234,5")`, `decimal(c, "1,234.5")`, `float(c, "1234.5")`} {
		calls[call] = numbers
	}
	for _, call := range []string{"date(c)", `date(c, "02.01.2006")`, `date(c, "2.1.2006")`, `date(c, "01/02/2006")`, `date(c, "02.01.2006 15:04", "Europe/Berlin")`, `date(c, "unix")`, `date(trim(c), "02.01.2006")`} {
		calls[call] = dates
	}
	layout := regexp.MustCompile(`(?:decimal|date)\([^"]*"([^"]*)"`)
	hinted := 0
	for call, lists := range calls {
		for _, cells := range lists {
			for _, comma := range []bool{false, true} {
				plan := func(call string) Plan {
					p, err := MakePlan(t.Context(), Job{Source: mustSource(t, "id,c\n1,\""+cells[0]+"\"\n2,\""+cells[1]+"\"\n3,\""+cells[2]+"\"\n", source.Config{}),
						Mapping: mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {c: '="+strings.ReplaceAll(call, "'", "''")+"'}}\n"), DryRun: true, DecimalComma: comma}, AllRows)
					if err != nil {
						t.Fatal(err)
					}
					return p
				}
				p := plan(call)
				for _, hint := range p.Hints {
					hinted++
					if strings.Contains(hint, "="+call) {
						t.Errorf("=%s of %q, comma %v: the hint repeats it: %s", call, cells, comma, hint)
					}
					named := layout.FindStringSubmatch(hint)
					said := layout.FindStringSubmatch(p.First[0].Hint)
					if named != nil && said != nil && strings.Contains(p.First[0].Hint, "give the layout") && !strings.Contains(hint, said[1]) {
						t.Errorf("=%s of %q, comma %v: the reason says %s\nthe hint says %s", call, cells, comma, p.First[0].Hint, hint)
					}
					if _, mend, ok := strings.Cut(hint, ": ="); ok && !strings.Contains(hint, " and =") {
						mend = mend[:strings.LastIndex(mend, ")")+1]
						if end := strings.IndexAny(mend, ";"); end > 0 {
							mend = mend[:end]
						}
						mend, _, _ = strings.Cut(mend, ", or load")
						if after := plan(mend); after.Rejected >= p.Rejected {
							t.Errorf("=%s of %q, comma %v: %s reads no more: %s", call, cells, comma, mend, hint)
						}
					}
				}
				if reason := p.First; len(reason) > 0 && comma && strings.Contains(reason[0].Hint, "--decimal-comma") {
					t.Errorf("=%s of %q: a load with --decimal-comma is told to have it: %s", call, cells, reason[0].Hint)
				}
			}
		}
	}
	if hinted < 20 {
		t.Errorf("only %d hints", hinted)
	}
}
