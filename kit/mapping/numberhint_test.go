package mapping

import (
	"strings"
	"testing"
)

// The hint for a number in another layout proposes the function that the mapping uses. It proposes decimal for int only if the number has decimals,
// and says why.
func TestNumberHintsKeepTheFunction(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		cell string
		c    converter
		want string
	}{
		{"1,234.50", converterFloat, `give the layout in the mapping, float(column, "1,234.5")`},
		{"1,234.50", converterDecimal, `give the layout in the mapping, decimal(column, "1,234.5")`},
		{"1,234.50", converterInt, `give the layout in the mapping, decimal(column, "1,234.5") (int reads no decimals)`},
		{"1,234,567", converterInt, `give the layout in the mapping, int(column, "1,234.5")`},
		{"12,5", converterFloat, `give the layout in the mapping, float(column, "1234,5"), or load with --decimal-comma if all numbers have a comma`},
		{"1,234", converterFloat, `nothing shows whether the comma separates decimals or thousands; give the layout in the mapping: float(column, "1234,5") or float(column, "1,234.5")`},
		{"1,234", converterInt, `nothing shows whether the comma separates decimals or thousands; give the layout in the mapping: decimal(column, "1234,5") (int reads no decimals) or int(column, "1,234.5")`},
		{"1,2 x", converterFloat, `how 1234.5 would look, as in float(column, "1.234,5")`},
	} {
		if got := numberHint([]byte(tt.cell), tt.c, ""); !strings.HasSuffix(got, tt.want) {
			t.Errorf("%s with %s: %s; want %s", tt.cell, converterNames[tt.c], got, tt.want)
		}
	}
	for call, want := range map[string]string{
		"float(amount)":   `the cells look like 1,234.5: =float(amount, "1,234.5")`,
		"decimal(amount)": `the cells look like 1,234.5: =decimal(amount, "1,234.5")`,
		"int(amount)":     `the cells look like 1,234.5: =decimal(amount, "1,234.5"), because int reads no decimals`,
	} {
		m, err := Parse("m.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {n: "+quotedYAML("="+call)+"}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		rule := RuleNotANumber
		if strings.HasPrefix(call, "int") {
			rule = RuleNotAnInteger
		}
		var causes Causes
		for _, cell := range []string{"1,234.50", "2,345.60", "13,456.75", "1,000.25"} {
			causes.Add(rule, "amount", cell)
		}
		if got := strings.Join(causes.HintsFor(m, 4, false), "|"); got != want {
			t.Errorf("%s: %s; want %s", call, got, want)
		}
	}
}
