package mapping

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

var almostForm = regexp.MustCompile(`1 (?:cell is something else|number is written as [^;]*), first in line 42: kept as text; to reject its row, write (?:(null_words: \{.*?\}) and )?(=[^;]*\))(?:; .*)?\n`)

// A cell that does not fit its column is reported with its line, whatever the other cells are and whatever words among them mean "no value". The
// column stays text. The expression in the comment reads all rows except that one.
func TestProposeOfAlmostAll(t *testing.T) {
	t.Parallel()
	layouts := map[string]struct {
		cell func(i int) string
		odd  []string
	}{
		"whole":             {func(i int) string { return fmt.Sprint(i + 100) }, []string{"12.5 kg", "1.2.3", "12 a"}},
		"point":             {func(i int) string { return fmt.Sprintf("%d.50", i) }, []string{"12,50", "1.2.3", "12 a"}},
		"comma":             {func(i int) string { return fmt.Sprintf("%d,50", i) }, []string{"12.50", "1.2.3", "12 a"}},
		"points and comma":  {func(i int) string { return fmt.Sprintf("1.%03d,50", i+100) }, []string{"12.50", "1,024.50", "1'024.50", "12 a"}},
		"commas and point":  {func(i int) string { return fmt.Sprintf("1,%03d.50", i+100) }, []string{"12,50", "1.024,50", "1 024,50", "12 a"}},
		"spaces and comma":  {func(i int) string { return fmt.Sprintf("1 %03d,50", i+100) }, []string{"12.50", "1.024,50", "12 a"}},
		"apostrophes":       {func(i int) string { return fmt.Sprintf("1'%03d.50", i+100) }, []string{"12,50", "1.024,50", "12 a"}},
		"euros":             {func(i int) string { return fmt.Sprintf("1.%03d,50 €", i+100) }, []string{"12.50", "12.50 €", "12 a"}},
		"dates":             {func(i int) string { return fmt.Sprintf("%02d.03.2020", i%28+1) }, []string{"2020", "31.2", "bald 1"}},
		"true, in German":   {func(i int) string { return []string{"ja", "nein"}[i%2] }, []string{"1 x", "true", "2020-01-01"}},
		"true, in capitals": {func(i int) string { return []string{"TRUE", "FALSE"}[i%2] }, []string{"1 x", "ja", "2020-01-01"}},
	}
	for name, layout := range layouts {
		for _, odd := range layout.odd {
			for _, nothing := range []string{"", "k.A.", "n/a", "-", "NULL"} {
				t.Run(fmt.Sprintf("%s, %s, %s", name, odd, nothing), func(t *testing.T) {
					t.Parallel()
					var in strings.Builder
					in.WriteString("id;v\n")
					for line := 2; line < 62; line++ {
						cell := layout.cell(line)
						switch {
						case line == 42:
							cell = odd
						case line%20 == 5 && nothing != "":
							cell = nothing
						}
						fmt.Fprintf(&in, "%d;%s\n", line, cell)
					}
					cfg := source.Config{Delimiter: ';'}
					p, err := source.Inspect(t.Context(), mustSource(t, in.String(), cfg), 0)
					if err != nil {
						t.Fatal(err)
					}
					if evidence := strings.Join(p.Columns[1].Evidence, "; "); strings.Contains(evidence, "line 0") || strings.Contains(evidence, nothing+", first in line 5") != (nothing != "") {
						t.Errorf("the evidence is %s", evidence)
					}
					proposal, err := Propose(p, ProposeConfig{})
					if err != nil {
						t.Fatal(err)
					}
					_, value, _ := strings.Cut(string(proposal.Mapping), "        v: ")
					form := almostForm.FindStringSubmatch(value)
					if !strings.HasPrefix(value, "$v # ") || form == nil {
						t.Fatalf("it does not say which cell is odd and how to read the others: %s", value)
					}
					words, _, _ := strings.Cut(string(proposal.Mapping), "messages:\n")
					if form[1] != "" {
						words = form[1] + "\n"
					}
					text := words + "messages:\n  - identify: {userId: $id, traits: {v: " + quotedYAML(form[2]) + "}}\n"
					made, rejects, _ := mapRows(t, mustMapping(t, text), mustSource(t, in.String(), cfg))
					if len(made) != 59 || len(rejects) != 1 {
						t.Errorf("of 60 rows %d become messages, rejected %v\n%s", len(made), rejects, text)
					}
					_, both, mixed := strings.Cut(value, "to read both layouts, write ")
					if mixed != (p.Columns[1].Mixed != nil) {
						t.Errorf("the layouts are %q: %s", p.Columns[1].Mixed, value)
					}
					if mixed {
						both = both[:strings.Index(both, ")")+1]
						text = words + "messages:\n  - identify: {userId: $id, traits: {v: " + quotedYAML(both) + "}}\n"
						if made, rejects, _ = mapRows(t, mustMapping(t, text), mustSource(t, in.String(), cfg)); len(made) != 60 || len(rejects) != 0 {
							t.Errorf("of 60 rows %d become messages, rejected %v\n%s", len(made), rejects, text)
						}
					}
				})
			}
		}
	}
}

// A column with numbers in two layouts is kept as text. The comment has the expression that reads both, unless a number could have another value in
// the other layout.
func TestProposeOfTwoLayouts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ one, two, want string }{
		"points and commas":        {"1.234,50", "1234.5", `write =decimal(v, "1.234,5", "1234.5")`},
		"commas and points":        {"1,234.50", "1.234,50", `write =decimal(v, "1,234.5", "1.234,5")`},
		"a comma and a point":      {"12,5", "7.25", `write =decimal(v, "1234,5", "1234.5")`},
		"a point and spaces":       {"12.5", "1 234,50", `write =decimal(v, "1234.5", "1 234,5")`},
		"thousands or decimals":    {"1.234", "12,50", ""},
		"either":                   {"1.234,50", "1.234", ""},
		"a currency":               {"1.234,50 EUR", "1234.5", ""},
		"a number and a word":      {"1.234,50", "much", ""},
		"a number and an exponent": {"1.234,50", "1.5e3", ""},
	} {
		in := "id;v\n"
		for i := range 60 {
			in += fmt.Sprintf("%d;%s\n", i, []string{c.one, c.one, c.two}[i%3])
		}
		cfg := source.Config{Delimiter: ';'}
		p, err := source.Inspect(t.Context(), mustSource(t, in, cfg), 0)
		if err != nil {
			t.Fatal(err)
		}
		proposal, err := Propose(p, ProposeConfig{})
		if err != nil {
			t.Fatal(err)
		}
		_, value, _ := strings.Cut(string(proposal.Mapping), "        v: ")
		if !strings.Contains(value, c.want) || c.want == "" && strings.Contains(value, "both layouts") {
			t.Errorf("%s: %s", name, value)
		}
		if c.want == "" {
			continue
		}
		_, both, _ := strings.Cut(value, "to read both layouts, write ")
		text := "messages:\n  - identify: {userId: $id, traits: {v: " + quotedYAML(both[:strings.Index(both, ")")+1]) + "}}\n"
		if made, rejects, _ := mapRows(t, mustMapping(t, text), mustSource(t, in, cfg)); len(made) != 60 || len(rejects) != 0 {
			t.Errorf("%s: of 60 rows %d become messages, rejected %v\n%s", name, len(made), rejects, text)
		}
	}
}
