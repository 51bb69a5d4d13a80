package mapping

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// Errors of expressions are in plain words, and their places count the characters of the expression as it is written.
func TestWrongExpressionsInPlainWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`int(amount) +`:               `the expression ends too early, at character 13: something is missing after +`,
		`$amount + `:                  `the expression ends too early, at character 9: something is missing after +`,
		`int($amount`:                 `the expression ends too early, at character 11: the ( at character 4 has no )`,
		`[a, b`:                       `the expression ends too early, at character 5: the [ at character 1 has no ]`,
		`a ? b`:                       `the expression ends too early, at character 5: something is missing after b`,
		`a + "text`:                   `the expression ends too early, at character 9: the text that begins with " at character 5 has no closing quote`,
		`a + 'text`:                   `the expression ends too early, at character 9: the text that begins with ' at character 5 has no closing quote`,
		`$["first name"] + $["b" + 1`: `the expression ends too early, at character 27: the [ at character 20 has no ]`,
		`a + )`:                       `the expression cannot be read: the ) closes nothing, at character 5`,
		`a)`:                          `the expression cannot be read: the ) closes nothing, at character 2`,
		`(a]`:                         `the expression cannot be read: the ] does not close the ( at character 1, at character 3`,
		`a b`:                         `the expression cannot be read: something is missing between a and b, such as + or a comma, at character 3`,
		`$a "x"`:                      `the expression cannot be read: something is missing between a and "x", such as + or a comma, at character 4`,
		`a + * b`:                     `the expression cannot be read: a value is missing between + and *, at character 5`,
		`* b`:                         `the expression cannot be read: an expression cannot begin with *, at character 1`,
		`a, b`:                        `the expression cannot be read: the comma does not fit after a, at character 2`,
		`“a”`:                         `the expression cannot be read: the character “ is not a quote, at character 1; write straight quotes: "text"`,
		`a § b`:                       `the expression cannot be read: the character § has no meaning here, at character 3; a name with such a character is $["the name"], and text is in quotes`,
		`1st + 2`:                     `the expression cannot be read: 1s is not a number, at character 2; a column whose name begins with a digit is $["the name"]`,
		`"a\qb"`:                      `the expression cannot be read: a backslash in a text begins an escape that does not exist, at character 4; write \\ for a backslash`,
		`99999999999999999999999 + x`: `the expression cannot be read: the number is too large, at character 25`,
		`a || b ?? c`:                 `the expression is wrong: || cannot be used between text and a value of any kind, at character 3; every column of CSV is text: convert it with int, float or date`,
		`filter(a, )`:                 `the expression cannot be read: a value is missing between the comma and ), at character 11`,
		`a.`:                          `the expression ends too early, at character 2: something is missing after .`,
		`a + /* b`:                    `the expression ends too early, at character 9: a comment begins with /* and has no */`,
		"a +\n  b c":                  `the expression cannot be read: something is missing between b and c, such as + or a comma, at character 3 of line 2 of the expression`,
		`a | 5`:                       `the expression cannot be read: 5 does not fit after |, at character 5`,
		`let x`:                       `the expression ends too early, at character 5: something is missing after x`,
		`a == = b`:                    `the expression cannot be read: a value is missing between == and =, at character 6; write == to compare`,
		`a = b`:                       `the expression cannot be read: = does not fit after a, at character 3; write == to compare`,
		`amount * 2`:                  `the expression is wrong: * cannot be used between text and a whole number, at character 8; every column of CSV is text: convert it with int, float or date`,
		`amount - 1.5`:                `the expression is wrong: - cannot be used between text and a number, at character 8; every column of CSV is text: convert it with int, float or date`,
		`-amount`:                     `the expression is wrong: - cannot be used before text, at character 1; every column of CSV is text: convert it with int, float or date`,
		`flaot(amount)`:               `the expression is wrong: there is no function flaot, at character 1; did you mean float?`,
		`amount ? 1 : 2`:              `the expression is wrong: the condition must be true or false, not text, at character 1; every column of CSV is text: convert it with int, float or date`,
		`filter(amount, # > 1)`:       `the expression is wrong: filter needs a list, not text, at character 1; every column of CSV is text: convert it with int, float or date`,
		`filter([1], # + 1)`:          `the expression is wrong: the condition of the function must be true or false, not a whole number, at character 13`,
		`int()`:                       `the expression is wrong: the arguments of int do not fit: there are too few, or one has another type, at character 1`,
		`int(amount, 5)`:              `the expression is wrong: the arguments of int do not fit: there are too many, or one has another type, at character 1`,
		`upper(5)`:                    `the expression is wrong: a whole number is given where text is needed, in upper, at character 7; convert it with string, as in string(5)`,
		`upper(amount, amount)`:       `the expression is wrong: the arguments of upper do not fit: there are too many, or one has another type, at character 1`,
		`amount.name`:                 `the expression is wrong: text has no field name, at character 8; every column of CSV is text: convert it with int, float or date`,
		`amount["x"]`:                 `the expression is wrong: text has no field x, at character 7; every column of CSV is text: convert it with int, float or date`,
		`len(5)`:                      `the expression is wrong: len does not accept a whole number, at character 1`,
		`amount(5)`:                   `the expression is wrong: there is no function amount, at character 1; did you mean count?`,
		`date(5)`:                     `the expression is wrong: a whole number is given where text is needed, in date, at character 6; convert it with string, as in string(5)`,
	} {
		got := ""
		m, err := Parse("m.yaml", []byte("messages:\n  - identify:\n      userId: $id\n      traits:\n        n: "+"'="+strings.ReplaceAll(strings.ReplaceAll(text, "'", "''"), "\n", "\n\n")+"'\n"))
		if err == nil {
			_, err = m.Compile([]source.Column{{Name: "id", Kind: source.KindText}, {Name: "amount", Kind: source.KindText}, {Name: "a", Kind: source.KindText}, {Name: "b", Kind: source.KindText}, {Name: "x", Kind: source.KindText}, {Name: "first name", Kind: source.KindText}, {Name: "c", Kind: source.KindText}}, false)
		}
		if err != nil {
			got = strings.TrimPrefix(err.Error(), "m.yaml:5:12: messages[0].identify.traits.n: ")
		}
		if got != want {
			t.Errorf("%s:\n%s\nwant\n%s", text, got, want)
		}
	}
}
