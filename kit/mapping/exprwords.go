package mapping

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser/lexer"
)

// cutShort marks what is wrong with an expression that may have been longer: YAML ends a value without quotes at a comma within { } and [ ], and
// before " #".
const cutShort = "the expression ends too early"

// unreadable says in plain words why an expression cannot be parsed.
func (e *expression) unreadable(err error) *expressionError {
	var at *file.Error
	if !errors.As(err, &at) {
		return &expressionError{what: "the expression cannot be read: " + firstLine(err)}
	}
	place, message := e.place(at), firstLine(err)
	tokens, end := tokensOf(e.source), cutShort+e.placeOf(utf8.RuneCountInString(strings.TrimRightFunc(e.text, unicode.IsSpace))-1)+": "
	switch {
	case strings.HasPrefix(message, "unexpected token EOF"), message == "unexpected end of expression":
		return &expressionError{what: end + e.missing(tokens)}
	case message == "literal not terminated":
		what := "a text has no closing quote"
		if quote, from := unclosedQuote(e.text); quote != 0 {
			what = fmt.Sprintf("the text that begins with %c at character %d has no closing quote", quote, from+1)
		}
		return &expressionError{what: end + what}
	case message == "unclosed comment":
		return &expressionError{what: cutShort + place + ": a comment begins with /* and has no */"}
	case strings.HasPrefix(message, "unexpected token "):
		what, hint := e.unexpected(at, tokens)+place, unexpectedHint(at, tokens)
		if hint == asChoice && strings.HasPrefix(what, "the comma") {
			what = noChoice
		}
		return &expressionError{"the expression cannot be read: " + what, hint}
	}
	for _, w := range syntaxWords {
		if m := w.message.FindStringSubmatchIndex(message); m != nil {
			what := string(w.message.ExpandString(nil, w.words, message, m))
			return &expressionError{"the expression cannot be read: " + strings.ReplaceAll(what, "%", place), w.hint}
		}
	}
	return &expressionError{what: "the expression cannot be read: " + message + place}
}

// syntaxWords are what the parser says, and the same in plain words. % is the place.
var syntaxWords = []struct {
	message     *regexp.Regexp
	words, hint string
}{
	{regexp.MustCompile(`^unrecognized character: U\+[0-9A-F]+ '([“”„«»])'`), "the character $1 is not a quote%", `write straight quotes: "text"`},
	{regexp.MustCompile(`^unrecognized character: U\+[0-9A-F]+ '([‘’‚])'`), "the character $1 is not a quote%", `write straight quotes: "text"`},
	{regexp.MustCompile(`^unrecognized character: U\+[0-9A-F]+ '(.)'`), "the character $1 has no meaning here%", `a name with such a character is $["the name"], and text is in quotes`},
	{regexp.MustCompile(`^unrecognized character: (.*)`), "the character $1 has no meaning here%", ""},
	{regexp.MustCompile(`^bad number syntax: "(.*)"`), "$1 is not a number%", `a column whose name begins with a digit is $["the name"]`},
	{regexp.MustCompile(`^(invalid char escape|unable to unescape .*)`), `a backslash in a text begins an escape that does not exist%`, `write \\ for a backslash`},
	{regexp.MustCompile(`^(integer|float) literal is too large`), "the number is too large%", ""},
	{regexp.MustCompile(`^invalid \w+ literal.*out of range`), "the number is too large%", ""},
	{regexp.MustCompile(`^invalid (hex|float|binary|octal|integer) literal`), "the number is not valid%", ""},
	{regexp.MustCompile(`^Operator \((.*)\) and coalesce`), "$1 and ?? are mixed%", "put one of them with its two sides in ( )"},
	{regexp.MustCompile(`^expected at least (\d+) arguments`), "a function has too few arguments%; there must be at least $1", ""},
	{regexp.MustCompile(`^wrap predicate with brackets`), "the condition of the function must be in { and }%", ""},
	{regexp.MustCompile(`^a map key must be`), "a name in { } must be text in quotes, a number, a name, or an expression in ( )%", ""},
	{regexp.MustCompile(`^expected name`), "a name is missing%", ""},
	{regexp.MustCompile(`^compilation failed: expression exceeds maximum allowed nodes`), "the expression is too long", "write it in several values"},
}

// place is the place of an error in the expression as it is written, with a comma in front.
func (e *expression) place(at *file.Error) string {
	return e.placeOf(e.written(at.From))
}

func (e *expression) placeOf(from int) string {
	line, lines := 1, []rune(e.text)
	column := max(from, 0)
	for i, r := range lines[:min(column, len(lines))] {
		if r == '\n' {
			line, column = line+1, from-i-1
		}
	}
	if line > 1 {
		return fmt.Sprintf(", at character %d of line %d of the expression", column+1, line)
	}
	return fmt.Sprintf(", at character %d", column+1)
}

// written returns the index of a character of the expression in the text as it is written, with its dollars.
func (e *expression) written(index int) int {
	done, place := 0, -1
	eachPart(e.text, func(part string, from int) {
		n := utf8.RuneCountInString(part)
		if place < 0 && index < done+n {
			if place = utf8.RuneCountInString(e.text[:from]); part != rowName {
				place += index - done
			}
		}
		done += n
	})
	if place < 0 { // the end
		return utf8.RuneCountInString(e.text) + index - done
	}
	return place
}

// tokensOf returns the words of an expression, up to its end or to what is not a word.
func tokensOf(text string) (tokens []lexer.Token) {
	lex := lexer.New()
	lex.Reset(file.NewSource(text))
	for {
		token, err := lex.Next()
		if err != nil || token.Is(lexer.EOF) {
			return tokens
		}
		tokens = append(tokens, token)
	}
}

// word is a token as it is written.
func word(t lexer.Token) string {
	switch t.Kind {
	case lexer.EOF:
		return "the end"
	case lexer.String, lexer.Bytes:
		return strconv.Quote(t.Value)
	}
	if t.Value == "," {
		return "the comma"
	}
	return t.Value
}

// ends reports whether a value can end with a token, begins whether one can begin with it.
func ends(t lexer.Token) bool {
	return t.Kind != lexer.Operator && t.Kind != lexer.EOF && (t.Kind != lexer.Bracket || strings.Contains(")]}", t.Value))
}

func begins(t lexer.Token) bool {
	return t.Kind != lexer.Operator && t.Kind != lexer.EOF && (t.Kind != lexer.Bracket || strings.Contains("([{", t.Value))
}

// missing says what an expression lacks at its end.
func (e *expression) missing(tokens []lexer.Token) string {
	if len(tokens) == 0 {
		return "something is missing"
	}
	last := tokens[len(tokens)-1]
	if !ends(last) && last.Value != "#" {
		return "something is missing after " + word(last)
	}
	if open := unclosed(tokens); open != nil {
		return fmt.Sprintf("the %q at character %d has no %q", open.Value, e.written(open.From)+1, map[string]string{"(": ")", "[": "]", "{": "}"}[open.Value])
	}
	return "something is missing after " + word(last)
}

// unclosed returns the innermost bracket that is not closed, nil if there is none.
func unclosed(tokens []lexer.Token) *lexer.Token {
	var open []*lexer.Token
	for i, t := range tokens {
		switch {
		case t.Kind != lexer.Bracket:
		case strings.Contains("([{", t.Value):
			open = append(open, &tokens[i])
		case len(open) > 0:
			open = open[:len(open)-1]
		}
	}
	if len(open) == 0 {
		return nil
	}
	return open[len(open)-1]
}

// unexpected says why the token at the place of an error does not fit there.
func (e *expression) unexpected(at *file.Error, tokens []lexer.Token) string {
	for i, t := range tokens {
		if t.From != at.From {
			continue
		}
		if t.Kind == lexer.Bracket && strings.Contains(")]}", t.Value) {
			switch open := unclosed(tokens[:i]); {
			case open == nil:
				return "the " + t.Value + " closes nothing"
			case !matches(open.Value, t.Value):
				return fmt.Sprintf("the %s does not close the %s at character %d", t.Value, open.Value, e.written(open.From)+1)
			}
		}
		switch {
		case i == 0:
			return "an expression cannot begin with " + word(t)
		case ends(tokens[i-1]) && begins(t):
			return "something is missing between " + word(tokens[i-1]) + " and " + word(t) + ", such as + or a comma"
		case !ends(tokens[i-1]) && !begins(t):
			return "a value is missing between " + word(tokens[i-1]) + " and " + word(t)
		}
		return word(t) + " does not fit after " + word(tokens[i-1])
	}
	return "something does not fit"
}

func matches(open, close string) bool {
	return strings.Index("([{", open) == strings.Index(")]}", close)
}

// unclosedQuote returns the quote of the text that is not closed, and its index; 0 if there is none.
func unclosedQuote(text string) (quote rune, at int) {
	escaped := false
	for i, r := range []rune(text) {
		switch {
		case escaped:
			escaped = false
		case quote == 0 && strings.ContainsRune("\"'`", r):
			quote, at = r, i
		case quote == 0:
		case r == '\\' && quote != '`':
			escaped = true
		case r == quote:
			quote = 0
		}
	}
	return quote, at
}

// wrong says in plain words what the checker says about the types and the names of an expression.
func (e *expression) wrong(err error) string {
	message := strings.ReplaceAll(firstLine(err), columnPrefix, "")
	for _, w := range checkWords {
		m := w.message.FindStringSubmatch(message)
		if m == nil {
			continue
		}
		parts := make([]any, len(m)-1)
		for i, part := range m[1:] {
			if parts[i] = part; strings.Contains(w.types, strconv.Itoa(i+1)) {
				parts[i] = typeWord(part)
			}
		}
		message = fmt.Sprintf(w.words, parts...)
		break
	}
	var at *file.Error
	if errors.As(err, &at) {
		message += e.place(at)
	}
	return message
}

// checkWords are what the checker says, and the same in plain words. types has the numbers of the parts that are types.
var checkWords = []struct {
	message      *regexp.Regexp
	words, types string
}{
	{regexp.MustCompile(`^cannot concat (.+)$`), "concat joins lists, and here is %s", "1"},
	{regexp.MustCompile(`^cannot (reverse|flatten|uniq) (.+)$`), "%s needs a list, not %s", "2"},
	{regexp.MustCompile(`^cannot get (first|last) element from (.+)$`), "%s needs a list, not %s", "2"},
	{regexp.MustCompile(`^cannot take from (.+)$`), "take needs a list, not %s", "1"},
	{regexp.MustCompile(`^cannot take (.+) elements$`), "the number of elements for take must be a whole number, not %s", "1"},
	{regexp.MustCompile(`^cannot get (keys|values) from (.+)$`), "%s needs an object, not %s", "2"},
	{regexp.MustCompile(`^cannot transform (.+) to pairs$`), "toPairs needs an object, not %s", "1"},
	{regexp.MustCompile(`^cannot transform (.+) from pairs$`), "fromPairs needs a list, not %s", "1"},
	{regexp.MustCompile(`^type (.+)\[(?:.+)\] is undefined$`), "%s has no elements that [ ] could select", "1"},
	{regexp.MustCompile(`^cannot use (.+) to get an element from (.+)$`), "[ ] with %s cannot select an element of %s", "12"},
	{regexp.MustCompile(`^cannot use (.+) as type (.+) in array$`), "in cannot search for %s in a list whose elements are each %s", "12"},
	{regexp.MustCompile(`^cannot use (.+) as type (.+) in map key$`), "in cannot search for %s among the names of an object, which are each %s", "12"},
	{regexp.MustCompile(`^error parsing regexp: (.+)$`), "the pattern after matches is not a regular expression: %s", ""},
	{regexp.MustCompile(`^cannot redeclare (?:function|builtin) (.+)$`), "let cannot use the name %s, which is the name of a function", ""},
	{regexp.MustCompile(`^cannot redeclare (?:variable )?(.+)$`), "let cannot use the name %s, which is already in use", ""},
	{regexp.MustCompile(`^sortBy order argument must be a string \(got (.+)\)$`), `the order for sortBy must be "asc" or "desc", not %s`, "1"},
	{regexp.MustCompile(`^cannot use pointer accessor outside predicate$`), "# is an element of a list, and can only be used within a function such as filter or map", ""},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched types (.+) and (.+)\)$`), "%s cannot be used between %s and %s", "23"},
	{regexp.MustCompile(`^invalid operation: (\S+) \(mismatched type (.+)\)$`), "%s cannot be used before %s", "2"},
	{regexp.MustCompile(`^unknown name (.+)$`), "there is no function %s", ""},
	{regexp.MustCompile(`^unknown builtin (.+)$`), "there is no function %s", ""},
	{regexp.MustCompile(`^(.+) is not callable$`), "%s is not a function", "1"},
	{regexp.MustCompile(`^builtin (\S+) takes only array \(got (.+)\)$`), "%s needs a list, not %s", "2"},
	{regexp.MustCompile(`^predicate should return boolean \(got (.+)\)$`), "the condition of the function must be true or false, not %s", "1"},
	{regexp.MustCompile(`^non-bool expression \(type (.+)\) used as condition$`), "the condition must be true or false, not %s", "1"},
	{regexp.MustCompile(`^type (.+) has no (?:field|method) (.+)$`), "%s has no field %s", "1"},
	{regexp.MustCompile(`^unknown field (.+)$`), "there is no field %s", ""},
	{regexp.MustCompile(`^type (.+) does not support indexing$`), "%s has no elements", "1"},
	{regexp.MustCompile(`^cannot slice (.+)$`), "no part can be taken of %s", "1"},
	{regexp.MustCompile(`^non-integer slice index (.+)$`), "the place of a part must be a whole number, not %s", "1"},
	{regexp.MustCompile(`^array elements can only be selected using an integer \(got (.+)\)$`), "the place of an element must be a whole number, not %s", "1"},
	{regexp.MustCompile(`^cannot use nil as argument \(type (.+)\) to call (\S+) ?$`), "nil is given where %s is needed, in %s", "1"},
	{regexp.MustCompile(`^cannot use (.+) as argument \(type (.+)\) to call (\S+) ?$`), "%s is given where %s is needed, in %s", "12"},
	{regexp.MustCompile(`^invalid argument for (\S+) \(type (.+)\)$`), "%s does not accept %s", "2"},
	{regexp.MustCompile(`^not enough arguments to call (.+)$`), "the arguments of %s do not fit: there are too few, or one has another type", ""},
	{regexp.MustCompile(`^too many arguments to call (.+)$`), "the arguments of %s do not fit: there are too many, or one has another type", ""},
	{regexp.MustCompile(`^invalid number of arguments(?: for (?:\S+))? \(expected (.+), got (\d+)\)$`), "the number of arguments of the function is wrong: it must be %s, not %s", ""},
	{regexp.MustCompile(`^no matching overload for (.+)$`), "%s does not accept these arguments", ""},
}

// typeWord is a type of the language in plain words.
func typeWord(name string) string {
	switch {
	case name == "string":
		return "text"
	case name == "int", name == "integer", name == "int64":
		return "a whole number"
	case name == "float64", name == "float":
		return "a number"
	case name == "mapping.decimal", name == "decimal":
		return "the result of decimal"
	case name == "time.Time":
		return "a time"
	case name == "time.Duration":
		return "a duration"
	case name == "bool":
		return "true or false"
	case name == "nil":
		return "nothing (nil)"
	case strings.HasPrefix(name, "[]"), name == "array":
		return "a list"
	case strings.HasPrefix(name, "map"):
		return "an object"
	case name == "interface {}", name == "any", name == "unknown":
		return "a value of any kind"
	}
	return name
}
