package mapping

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

var rareForm = regexp.MustCompile(`write (null_words: \{.*\}) and (=[^=]*\))(?: or =.*)?\n`)

// A word that makes a column text is reported with its count and line, and nothing is guessed: the column stays text, and the expression in the
// comment reads all rows. If numbers are ambiguous, the comment says which.
func TestProposeOfRareValues(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		cell func(i int) string
		rare string // the cell in line 42
		want string // the value, and the beginning of its comment
	}{
		"known to stand for nothing": {func(i int) string { return fmt.Sprintf("%d,50", i) }, "k.A.", "=decimal(v) # 1 cell is k.A., first in line 42\n"},
		"with a space":               {func(i int) string { return fmt.Sprintf("%d,50", i) }, "k. A.", "=decimal(v) # 1 cell is k. A., first in line 42\n"},
		"unknown, among amounts":     {func(i int) string { return fmt.Sprintf("%d,50", i) }, "entfällt", `$v # 1 cell is "entfällt", first in line 42; kept as text; `},
		"with spaces around":         {func(i int) string { return fmt.Sprintf("%d,50", i) }, " gratis ", `$v # 1 cell is "gratis", first in line 42; kept as text; `},
		"among thousands":            {func(i int) string { return fmt.Sprintf("%d.%03d,50", i%9+1, i) }, "offen", `$v # 1 cell is "offen", first in line 42; kept as text; `},
		"among undecided numbers":    {func(i int) string { return fmt.Sprintf("%d.%03d", i%9+1, i) }, "offen", `$v # 1 cell is "offen", first in line 42; kept as text; `},
		"among whole numbers":        {func(i int) string { return fmt.Sprint(i + 100) }, "viele", `$v # 1 cell is "viele", first in line 42; kept as text; `},
		"among dates":                {func(i int) string { return fmt.Sprintf("%02d.03.2020", i%28+1) }, "bald", `$v # 1 cell is "bald", first in line 42; kept as text; `},
		"among true and false":       {func(i int) string { return []string{"ja", "nein"}[i%2] }, "vielleicht", `$v # 1 cell is "vielleicht", first in line 42; kept as text; `},
		"among text":                 {func(i int) string { return "t" + string(rune('a'+i%26)) + string(rune('a'+i/26)) }, "vielleicht", "$v\n"},
		"three decimals among two":   {func(i int) string { return fmt.Sprintf("%d.50", i) }, "1.024", "=decimal(v) # 1 cell has three digits after the point, first in line 42: read as decimals; fix it if the mark separates thousands\n"},
		"the same with commas":       {func(i int) string { return fmt.Sprintf("%d,50", i) }, "1,024", "=decimal(v) # 1 cell has three digits after the comma, first in line 42: read as decimals; fix it if the mark separates thousands\n"},
		"three decimals everywhere":  {func(i int) string { return fmt.Sprintf("0.%03d", i) }, "1.024", "=decimal(v) # 1 cell has three digits after the point, first in line 42: read as decimals; fix it if the mark separates thousands\n"},
		"three decimals among whole": {func(i int) string { return fmt.Sprint(i + 100) }, "1.024", "$v # sent as text, because nothing decides between "},
		"grouped":                    {func(i int) string { return fmt.Sprintf("%d,50", i) }, "1.024", `=decimal(v, "1.234,5")` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var in strings.Builder
			in.WriteString("id;v\n")
			for line := 2; line < 62; line++ {
				cell := test.cell(line)
				if line == 42 {
					cell = test.rare
				}
				fmt.Fprintf(&in, "%d;%s\n", line, cell)
			}
			cfg := source.Config{Delimiter: ';'}
			p, err := source.Inspect(t.Context(), mustSource(t, in.String(), cfg), 0)
			if err != nil {
				t.Fatal(err)
			}
			proposal, err := Propose(p, ProposeConfig{})
			if err != nil {
				t.Fatal(err)
			}
			_, value, _ := strings.Cut(string(proposal.Mapping), "        v: ")
			if value = strings.Trim(value, "'"); !strings.HasPrefix(strings.ReplaceAll(value, "' #", " #"), test.want) && !strings.HasPrefix(strings.ReplaceAll(value, "'\n", "\n"), test.want) {
				t.Fatalf("the value is %swant  %s", value, test.want)
			}
			form := rareForm.FindStringSubmatch(value)
			if strings.Contains(test.want, "kept as text") != (form != nil) {
				t.Fatalf("it does not say how to read the others: %s", value)
			}
			if form == nil {
				return
			}
			text := form[1] + "\nmessages:\n  - identify: {userId: $id, traits: {v: " + quotedYAML(form[2]) + "}}\n"
			if made, rejects, _ := mapRows(t, mustMapping(t, text), mustSource(t, in.String(), cfg)); len(made) != 60 || len(rejects) > 0 {
				t.Errorf("of 60 rows %d become messages, rejected %v\n%s", len(made), rejects, text)
			}
		})
	}
}
