package mapping

import (
	"regexp"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

const (
	allFunctions = "the functions are int, float, decimal, date, bool, fromJSON, and those of https://expr-lang.org/docs/language-definition, such as lower, trim and split"
	asChoice     = "write a choice as CONDITION ? VALUE : OTHER_VALUE"
	asFallback   = "for another value if one is missing, write VALUE ?? OTHER_VALUE"
	asDate       = "for a time, write date(COLUMN)"
	asPart       = "for a part of a text, write TEXT[0:3], which is its first three characters"
	asEqual      = `write == to compare`
)

// foreign are functions of other languages that expr does not have, in small letters and without _, and what to write instead.
var foreign = map[string]string{
	"timestamp": asDate, "totimestamp": asDate, "strptime": asDate, "todate": asDate, "datetime": asDate, "parsedate": asDate, "parsedatetime": asDate,
	"if": asChoice, "iif": asChoice, "iff": asChoice,
	"coalesce": asFallback, "ifnull": asFallback, "nvl": asFallback, "isnull": asFallback,
	"substr": asPart, "substring": asPart, "left": asPart, "mid": asPart,
	"strip": "write trim", "str": "write string", "tostring": "write string", "text": "write string", "length": "write len", "size": "write len",
	"number": "write int, float or decimal", "tonumber": "write int, float or decimal", "cast": "write int, float, decimal, bool or date", "numeric": "write decimal",
	"json": "write fromJSON", "parsejson": "write fromJSON", "boolean": "write bool", "tobool": "write bool",
	"contains": `write TEXT contains "part"`, "startswith": `write TEXT startsWith "part"`, "endswith": `write TEXT endsWith "part"`,
}

// foreignOperators are operators of other languages, and what to write instead.
var foreignOperators = map[string]string{
	"is": "write == nil or != nil to compare with no value", "like": `write TEXT contains "part", TEXT startsWith "part" or TEXT endsWith "part"`,
	"case": asChoice, "when": asChoice, "then": asChoice,
}

var unknownName = regexp.MustCompile(`unknown name (\w+)`)

// functionHint says what to write in place of an unknown function.
func functionHint(name string, columns []source.Column) string {
	small := strings.ToLower(strings.ReplaceAll(name, "_", ""))
	if hint := foreign[small]; hint != "" {
		return hint
	}
	if slices.ContainsFunc(columns, func(col source.Column) bool { return col.Name == name }) {
		return name + " is a column: write it without ( )"
	}
	if near := spelling.Nearest(name, slices.Concat([]string{"int", "float", "decimal", "bool", "date", "fromJSON"}, builtin.Names)); near != "" {
		return "did you mean " + near + "?"
	}
	return allFunctions
}

// forBooleans are the operators whose sides must be true or false.
var forBooleans = regexp.MustCompile(`^(?:!|not|and|or|&&|\|\|) cannot|^the condition`)

// wrongHint says how to mend an expression for the columns of an input, whose cells have the kind. problem is the message of the checker, and
// what is the same in plain words.
func (e *expression) wrongHint(problem, what string, kind source.Kind, columns []source.Column) string {
	if name := unknownName.FindStringSubmatch(problem); name != nil {
		return functionHint(name[1], columns)
	}
	csv := ""
	if kind == source.KindText {
		csv = "every column of CSV is text: "
	}
	text := strings.Contains(what, "text")
	switch {
	case strings.HasPrefix(what, "concat joins lists"):
		return `join texts with +, as in "x-" + id`
	case strings.Contains(what, "the result of decimal"):
		return "calculate with float or int; the result of decimal can only be sent"
	case strings.Contains(what, "where text is needed"):
		return "convert it with string, as in string(5)"
	case !text:
		return ""
	case strings.HasPrefix(what, "the place of"):
		return "write a number, such as [0] for the first; convert text with int"
	case strings.Contains(what, "between text and text") && strings.Contains(e.text, "date("):
		return "date gives text, which can be compared and sent, but not calculated with"
	case strings.HasPrefix(what, "the pattern"), strings.HasPrefix(what, "the order"), strings.HasPrefix(what, "in cannot search"):
		return ""
	case strings.Contains(what, "needs a list"), strings.Contains(what, "where a list is needed"), strings.HasPrefix(what, "in cannot"):
		return csv + `make a list of a text with split, as in split(COLUMN, ","), or of JSON with fromJSON`
	case strings.Contains(what, "has no field"), strings.Contains(what, "needs an object"):
		return csv + "if the text is JSON, read it with fromJSON, as in fromJSON(COLUMN).name"
	case strings.Contains(what, "has no elements"):
		return csv + `a part of a text is TEXT[0:1], and an element of a list in a text is split(TEXT, ",")[0]`
	case forBooleans.MatchString(what):
		return csv + `compare it, as in COLUMN == "yes", or convert it with bool`
	case strings.HasPrefix(what, "contains "), strings.HasPrefix(what, "startsWith "), strings.HasPrefix(what, "endsWith "), strings.HasPrefix(what, "matches "):
		return `write both sides as text, as in COLUMN contains "5"`
	case strings.HasPrefix(what, "+ "):
		return csv + `to add, convert it with int or float; to join texts, convert the other side with string`
	case strings.HasPrefix(what, "== "), strings.HasPrefix(what, "!= "):
		return csv + `compare it with text, as in COLUMN == "5", or convert it with int or float`
	case csv != "":
		return csv + "convert it with int or float"
	}
	return "convert the text with int or float"
}

// noChoice is for if(CONDITION, VALUE, OTHER_VALUE), as other languages have it.
const noChoice = "there is no function if"

// foreignConstants are values of other languages, and those of expr.
var foreignConstants = map[string]string{"null": "nil", "NULL": "nil", "Null": "nil", "None": "nil", "undefined": "nil", "True": "true", "TRUE": "true", "False": "false", "FALSE": "false"}

// unexpectedHint says what to write in place of a word that does not fit.
func unexpectedHint(at *file.Error, tokens []lexer.Token) string {
	for i, t := range tokens {
		if t.From != at.From {
			continue
		}
		if t.Value == "," && i > 0 { // if(condition, value, other)
			if open := unclosed(tokens[:i]); open != nil && open.Value == "(" {
				for j := range tokens[:i] {
					if j > 0 && tokens[j].From == open.From && tokens[j-1].Value == "if" {
						return asChoice
					}
				}
			}
		}
		if t.Value == "{" && i > 0 && tokens[i-1].Value == "$" {
			return `write a column as $name or $["the name"]`
		}
		if t.Value == "=" {
			return asEqual
		}
		if i > 0 && t.Value == ">" && tokens[i-1].Value == "<" {
			return "write != for not equal"
		}
		if hint := foreignOperators[strings.ToLower(t.Value)]; hint != "" && t.Kind == lexer.Identifier {
			return hint
		}
	}
	return ""
}
