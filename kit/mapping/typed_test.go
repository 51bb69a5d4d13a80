package mapping

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// bool accepts what is clearly true or false, with the interpreter and without it.
func TestBool(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, in, want string }{
		{"", "true", "true"}, {"", "True", "true"}, {"", "TRUE", "true"}, {"", "t", "true"}, {"", "yes", "true"}, {"", "Y", "true"}, {"", "on", "true"}, {"", "1", "true"},
		{"", "false", "false"}, {"", "False", "false"}, {"", "F", "false"}, {"", "No", "false"}, {"", "n", "false"}, {"", "OFF", "false"}, {"", "0", "false"}, {"", "", "nothing"},
		{"", "2", RuleNotABoolean}, {"", "1.0", RuleNotABoolean}, {"", " true", RuleNotABoolean}, {"", "ja", RuleNotABoolean}, {"", "x", RuleNotABoolean}, {"", "-", RuleNotABoolean}, {"", "null", RuleNotABoolean}, {"", "truefalse", RuleNotABoolean},
		{`, "ja", "nein"`, "ja", "true"}, {`, "ja", "nein"`, "nein", "false"}, {`, "ja", "nein"`, "true", RuleNotABoolean}, {`, "ja", "nein"`, "Ja", RuleNotABoolean}, {`, "ja", "nein"`, "", "nothing"},
		{`, "ja"`, "ja", "compile"}, {`, "ja", "ja"`, "ja", "compile"}, {`, "a", "b", "c"`, "a", "compile"},
	}
	for _, tt := range tests {
		for _, expression := range []string{"bool(a" + tt.args + ")", "bool(trim(a)" + tt.args + ")"} {
			if strings.Contains(expression, "trim") && tt.in != strings.TrimSpace(tt.in) {
				continue
			}
			if got := calculate(t, expression, source.KindText, tt.in, "", ""); got != tt.want {
				t.Errorf("%s of %q: %s, want %s", expression, tt.in, got, tt.want)
			}
		}
	}
	for in, want := range map[string]string{"true": "true", "false": "false", "1": "true", "0": "false", `"yes"`: "true", `""`: "nothing", "2": RuleNotABoolean, "[]": RuleNotText, `"maybe"`: RuleNotABoolean} {
		for _, expression := range []string{"bool(a)", "bool(a ?? nil)"} {
			if got := calculate(t, expression, source.KindJSON, in, "1", "1"); got != want && (expression == "bool(a)" || got != RuleExpression) {
				t.Errorf("%s of %s: %s, want %s", expression, in, got, want)
			}
		}
	}
}
