package mapping

import "strings"

// What to do if YAML reads another value than the one that was meant.
const (
	commaHint  = `within { } and [ ], a comma ends a value: put the value in quotes, such as '=max(int(a), 5)'`
	hashHint   = `without quotes, YAML reads " #" as the beginning of a comment: put the value in quotes, such as '=a + " #"'`
	indentHint = "check the indent of this line and of the line above it"
)

// yamlWords are what the YAML parser says, the same in plain words, and what to do.
var yamlWords = []struct{ message, words, hint string }{
	{"mapping values are not allowed in this context", `": " cannot be here`, `put a value that contains ": " in quotes, such as '=plan == "pro" ? 1 : 0'; if there is no such value, ` + indentHint},
	{"did not find expected ',' or '}'", "a comma or } is missing within { }", commaHint + "; if there is no such value, close the { }"},
	{"did not find expected ',' or ']'", "a comma or ] is missing within [ ]", commaHint + "; if there is no such value, close the [ ]"},
	{"did not find expected '-' indicator", "a list has a line that does not begin with a dash", indentHint},
	{"block sequence entries are not allowed in this context", "a list cannot begin here", indentHint},
	{"did not find expected key", "a name is missing", indentHint},
	{"did not find expected node content", "a value is missing", "write the value, in quotes if it begins with a sign such as , or %"},
	{"found character that cannot start any token", "a value cannot begin with this character", "put the value in quotes"},
	{"found unexpected end of stream", "a quote is not closed", "close the quote of the value"},
	{"found unknown escape character", "a backslash between double quotes begins an escape that does not exist", `put the value in single quotes, or write \\ for a backslash`},
}

// notYAML returns what is wrong with a text that YAML cannot parse, and what to do.
func notYAML(message string) (what, hint string) {
	for _, w := range yamlWords {
		if strings.HasPrefix(message, w.message) {
			return w.words, w.hint
		}
	}
	return message, indentHint
}
