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
		`int($amount`:                 `the expression ends too early, at character 11: the "(" at character 4 has no ")"`,
		`[a, b`:                       `the expression ends too early, at character 5: the "[" at character 1 has no "]"`,
		`a ? b`:                       `the expression ends too early, at character 5: something is missing after b`,
		`a + "text`:                   `the expression ends too early, at character 9: the text that begins with " at character 5 has no closing quote`,
		`a + 'text`:                   `the expression ends too early, at character 9: the text that begins with ' at character 5 has no closing quote`,
		`$["first name"] + $["b" + 1`: `the expression ends too early, at character 27: the "[" at character 20 has no "]"`,
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
		`a || b ?? c`:                 `the expression is wrong: || cannot be used between text and a value of any kind, at character 3; every column of CSV is text: compare it, as in COLUMN == "yes", or convert it with bool`,
		`filter(a, )`:                 `the expression cannot be read: a value is missing between the comma and ), at character 11`,
		`a.`:                          `the expression ends too early, at character 2: something is missing after .`,
		`a + /* b`:                    `the expression ends too early, at character 9: a comment begins with /* and has no */`,
		"a +\n  b c":                  `the expression cannot be read: something is missing between b and c, such as + or a comma, at character 3 of line 2 of the expression`,
		`a | 5`:                       `the expression cannot be read: 5 does not fit after |, at character 5`,
		`let x`:                       `the expression ends too early, at character 5: something is missing after x`,
		`a == = b`:                    `the expression cannot be read: a value is missing between == and =, at character 6; write == to compare`,
		`a = b`:                       `the expression cannot be read: = does not fit after a, at character 3; write == to compare`,
		`amount * 2`:                  `the expression is wrong: * cannot be used between text and a whole number, at character 8; every column of CSV is text: convert it with int or float`,
		`amount - 1.5`:                `the expression is wrong: - cannot be used between text and a number, at character 8; every column of CSV is text: convert it with int or float`,
		`-amount`:                     `the expression is wrong: - cannot be used before text, at character 1; every column of CSV is text: convert it with int or float`,
		`flaot(amount)`:               `the expression is wrong: there is no function flaot, at character 1; did you mean float?`,
		`amount ? 1 : 2`:              `the expression is wrong: the condition must be true or false, not text, at character 1; every column of CSV is text: compare it, as in COLUMN == "yes", or convert it with bool`,
		`filter(amount, # > 1)`:       `the expression is wrong: filter needs a list, not text, at character 1; every column of CSV is text: make a list of a text with split, as in split(COLUMN, ","), or of JSON with fromJSON`,
		`filter([1], # + 1)`:          `the expression is wrong: the condition of the function must be true or false, not a whole number, at character 13`,
		`int()`:                       `the expression is wrong: the arguments of int do not fit: there are too few, or one has another type, at character 1`,
		`int(amount, 5)`:              `the expression is wrong: the arguments of int do not fit: there are too many, or one has another type, at character 1`,
		`upper(5)`:                    `the expression is wrong: a whole number is given where text is needed, in upper, at character 7; convert it with string, as in string(5)`,
		`upper(amount, amount)`:       `the expression is wrong: the arguments of upper do not fit: there are too many, or one has another type, at character 1`,
		`amount.name`:                 `the expression is wrong: text has no field name, at character 8; every column of CSV is text: if the text is JSON, read it with fromJSON, as in fromJSON(COLUMN).name`,
		`amount["x"]`:                 `the expression is wrong: text has no field x, at character 7; every column of CSV is text: if the text is JSON, read it with fromJSON, as in fromJSON(COLUMN).name`,
		`len(5)`:                      `the expression is wrong: len does not accept a whole number, at character 1`,
		`amount(5)`:                   `the expression is wrong: there is no function amount, at character 1; amount is a column: write it without ( )`,
		`date(5)`:                     `the expression is wrong: a whole number is given where text is needed, in date, at character 6; convert it with string, as in string(5)`,
		`timestamp(amount)`:           `the expression is wrong: there is no function timestamp, at character 1; for a time, write date(COLUMN)`,
		`frobnicate(amount)`:          `the expression is wrong: there is no function frobnicate, at character 1; the functions are int, float, decimal, date, bool, fromJSON, and those of https://expr-lang.org/docs/language-definition, such as lower, trim and split`,
		`to_date(amount)`:             `the expression is wrong: there is no function to_date, at character 1; for a time, write date(COLUMN)`,
		`COALESCE(a, b)`:              `the expression is wrong: there is no function COALESCE, at character 1; for another value if one is missing, write VALUE ?? OTHER_VALUE`,
		`concat("x-", id)`:            `the expression is wrong: concat joins lists, and here is text, at character 1; join texts with +, as in "x-" + id`,
		`amount[0]`:                   `the expression is wrong: text has no elements that [ ] could select, at character 7; every column of CSV is text: a part of a text is TEXT[0:1], and an element of a list in a text is split(TEXT, ",")[0]`,
		`if(amount, 1)`:               `the expression cannot be read: there is no function if; write a choice as CONDITION ? VALUE : OTHER_VALUE`,
		`a is null`:                   `the expression cannot be read: something is missing between a and is, such as + or a comma, at character 3; write == nil or != nil to compare with no value`,
		`a == null`:                   `the input has no column "null"; write nil`,
		`case when a then 1 end`:      `the expression cannot be read: something is missing between case and when, such as + or a comma, at character 6; write a choice as CONDITION ? VALUE : OTHER_VALUE`,
		`a <> "x"`:                    `the expression cannot be read: a value is missing between < and >, at character 4; write != for not equal`,
		`first(a)`:                    `the expression is wrong: first needs a list, not text, at character 1; every column of CSV is text: make a list of a text with split, as in split(COLUMN, ","), or of JSON with fromJSON`,
		`reverse(a)`:                  `the expression is wrong: reverse needs a list, not text, at character 1; every column of CSV is text: make a list of a text with split, as in split(COLUMN, ","), or of JSON with fromJSON`,
		`keys(a)`:                     `the expression is wrong: keys needs an object, not text, at character 1; every column of CSV is text: if the text is JSON, read it with fromJSON, as in fromJSON(COLUMN).name`,
		`toPairs(a)`:                  `the expression is wrong: toPairs needs an object, not text, at character 1; every column of CSV is text: if the text is JSON, read it with fromJSON, as in fromJSON(COLUMN).name`,
		`take([1], "x")`:              `the expression is wrong: the number of elements for take must be a whole number, not text, at character 1; every column of CSV is text: convert it with int or float`,
		`"x" in [1, 2]`:               `the expression is wrong: in cannot search for text in a list whose elements are each a whole number, at character 5`,
		`{a: 1}[5]`:                   `the expression is wrong: [ ] with a whole number cannot select an element of an object, at character 8`,
		`a matches "("`:               `the expression is wrong: the pattern after matches is not a regular expression: missing closing ): ` + "`(`" + `, at character 3`,
		`a contains 5`:                `the expression is wrong: contains cannot be used between text and a whole number, at character 3; write both sides as text, as in COLUMN contains "5"`,
		`a == 5`:                      `the expression is wrong: == cannot be used between text and a whole number, at character 3; every column of CSV is text: compare it with text, as in COLUMN == "5", or convert it with int or float`,
		`a + 5`:                       `the expression is wrong: + cannot be used between text and a whole number, at character 3; every column of CSV is text: to add, convert it with int or float; to join texts, convert the other side with string`,
		`not a`:                       `the expression is wrong: not cannot be used before text, at character 1; every column of CSV is text: compare it, as in COLUMN == "yes", or convert it with bool`,
		`let len = 5; len`:            `the expression is wrong: let cannot use the name len, which is the name of a function, at character 5`,
		`now() + 1`:                   `the expression is wrong: + cannot be used between a time and a whole number, at character 7`,
		`decimal(a) * 2`:              `the expression is wrong: * cannot be used between the result of decimal and a whole number, at character 12; calculate with float or int; the result of decimal can only be sent`,
		`date(a) - date(b)`:           `the expression is wrong: - cannot be used between text and text, at character 9; date gives text, which can be compared and sent, but not calculated with`,
		`split(a, ",")["x"]`:          `the expression is wrong: the place of an element must be a whole number, not text, at character 15; write a number, such as [0] for the first; convert text with int`,
		`len()`:                       `the expression is wrong: the number of arguments of the function is wrong: it must be 1, not 0, at character 1`,
		`sortBy([1], #, 5)`:           `the expression is wrong: the order for sortBy must be "asc" or "desc", not a whole number, at character 16`,
		`${a}`:                        `the expression cannot be read: something is missing between $ and {, such as + or a comma, at character 2; write a column as $name or $["the name"]`,
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
