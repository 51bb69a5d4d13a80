package sqldb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/source"
)

// grammar decides where text, names and comments end in a statement. It depends on the database and the mode of its session.
type grammar struct {
	backslashes    bool // backslashes escape in '...'
	escapeStrings  bool // E'...' has backslashes in any mode
	doubleIsText   bool // "..." is text, and backslashes escape in it as in '...'
	backquotes     bool // `...` is a name
	brackets       bool // [...] is a name
	dollars        bool // $tag$...$tag$ is text
	hashes         bool // # begins a comment
	dashesAndSpace bool // -- begins a comment only before white space
	nested         bool // comments can contain comments
	commentsRun    bool // /*! ... */ is not a comment
}

// grammarOf returns the grammar of a database in its usual mode.
func grammarOf(d *dialect) grammar {
	switch d {
	case postgres:
		return grammar{escapeStrings: true, dollars: true, nested: true}
	case mysqlServer:
		return grammar{backslashes: true, doubleIsText: true, backquotes: true, hashes: true, dashesAndSpace: true, commentsRun: true}
	}
	return grammar{backquotes: true, brackets: true}
}

// statement returns the single statement of a query, without the semicolon and what follows it. It must only read, and lock nothing: SELECT, WITH,
// TABLE or VALUES.
//
// It is not the only protection against writing: the transaction, the session and the file are read only as well. It rejects what those do not
// prevent, such as a DROP TABLE of MySQL, which itself ends a transaction, and SELECT ... INTO OUTFILE.
func (g grammar) statement(query string) (string, error) {
	s := scanner{grammar: g, text: query}
	var words []string // in upper case, without what is in quotes
	first, end := "", -1
	for {
		word, at, err := s.next()
		if err != nil {
			return "", err
		}
		switch {
		case word == "":
			if first == "" {
				return "", errEmptyQuery
			}
			if end < 0 {
				end = len(query)
			}
			return strings.TrimSpace(query[:end]), forbidden(first, words)
		case word == ";":
			if end < 0 {
				end = at
			}
			continue
		case end >= 0:
			return "", refused("it is more than one statement", "give one SELECT; write a semicolon in text as part of '...'")
		case first == "" && word != "(":
			first = word
		}
		words = append(words, word)
	}
}

var errEmptyQuery = &source.FormatError{Problem: "the query is empty", Hint: "give one such as SELECT id, email FROM customers"}

func refused(why, hint string) error {
	return &source.FormatError{Problem: "the query is rejected: " + why, Hint: hint}
}

const onlyReads = "a query only reads: SELECT, WITH ... SELECT, TABLE or VALUES"

// forbidden says why a statement with these words may not run.
func forbidden(first string, words []string) error {
	if !slices.Contains([]string{"SELECT", "WITH", "TABLE", "VALUES"}, first) {
		what := "it begins with " + first
		if len(first) == 1 {
			what = "it does not begin with an SQL keyword"
		}
		return refused(what, onlyReads)
	}
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case word == "INTO":
			return refused("INTO writes a table, a file or a variable", onlyReads)
		case word == "FOR" && slices.Contains([]string{"UPDATE", "SHARE", "NO", "KEY"}, next), word == "LOCK" && next == "IN":
			return refused(word+" "+next+" locks rows for others", "leave it out")
		}
	}
	return nil
}

// scanner splits a statement into words.
type scanner struct {
	grammar
	text string
	at   int
}

// next returns the next word in upper case or the next punctuation character, and its position; for a quoted text or name it returns ' or ". word is
// empty at the end.
func (s *scanner) next() (word string, at int, err error) {
	if err := s.blank(); err != nil {
		return "", 0, err
	}
	at = s.at
	if at == len(s.text) {
		return "", at, nil
	}
	switch c := s.text[at]; {
	case letter(c):
		for s.at < len(s.text) && (letter(s.text[s.at]) || digit(s.text[s.at]) || s.text[s.at] == '$') {
			s.at++
		}
		word = strings.ToUpper(s.text[at:s.at])
		if word == "E" && s.escapeStrings && s.peek() == '\'' {
			return "'", at, s.quoted('\'', true)
		}
		return word, at, nil
	case digit(c): // also 1e5 and 0x1F, so that no word begins within a number
		for s.at < len(s.text) && (letter(s.text[s.at]) || digit(s.text[s.at]) || s.text[s.at] == '.') {
			s.at++
		}
		return "0", at, nil
	case c == '\'':
		return "'", at, s.quoted(c, s.backslashes)
	case c == '"':
		return `"`, at, s.quoted(c, s.doubleIsText && s.backslashes)
	case c == '`' && s.backquotes:
		return `"`, at, s.quoted(c, false)
	case c == '[' && s.brackets:
		return `"`, at, s.until("]")
	case c == '$' && s.dollars:
		if tag := dollarTag(s.text[at:]); tag != "" {
			s.at += len(tag)
			return "'", at, s.until(tag)
		}
	}
	s.at++
	return s.text[at:s.at], at, nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }
func digit(c byte) bool  { return c >= '0' && c <= '9' }

func (s *scanner) peek() byte {
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// dollarTag returns the $tag$ at the beginning of text; empty if there is none.
func dollarTag(text string) string {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '$':
			return text[:i+1]
		case !letter(c) && (i == 1 || !digit(c)):
			return ""
		}
	}
	return ""
}

func unfinished(what string, at int) error {
	return refused(fmt.Sprintf("%s that begins at character %d has no end", what, at+1), "close it")
}

// quoted skips a quoted text, in which a doubled quote means one.
func (s *scanner) quoted(quote byte, backslashes bool) error {
	begin := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case '\\':
			if backslashes {
				s.at++
			}
		case quote:
			s.at++
			if s.peek() != quote {
				return nil
			}
		}
	}
	s.at = len(s.text)
	return unfinished("the quoted text", begin)
}

// until skips to the end of what ends with end.
func (s *scanner) until(end string) error {
	i := strings.Index(s.text[s.at:], end)
	if i < 0 {
		return unfinished("the quoted text", s.at)
	}
	s.at += i + len(end)
	return nil
}

// blank skips white space and comments.
func (s *scanner) blank() error {
	for s.at < len(s.text) {
		rest := s.text[s.at:]
		switch {
		case strings.IndexByte(" \t\r\n\f\v", rest[0]) >= 0:
			s.at++
		case s.hashes && rest[0] == '#', strings.HasPrefix(rest, "--") && !(s.dashesAndSpace && len(rest) > 2 && rest[2] > ' '):
			if i := strings.IndexByte(rest, '\n'); i >= 0 {
				s.at += i + 1
			} else {
				s.at = len(s.text)
			}
		case strings.HasPrefix(rest, "/*"):
			if err := s.comment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (s *scanner) comment() error {
	begin := s.at
	if rest := s.text[begin+2:]; s.commentsRun && (strings.HasPrefix(rest, "!") || strings.HasPrefix(rest, "M!")) {
		return refused("the database runs the content of /*! ... */", "write it without the comment, or leave it out")
	}
	depth := 0
	for s.at < len(s.text) {
		switch rest := s.text[s.at:]; {
		case strings.HasPrefix(rest, "/*") && (depth == 0 || s.nested):
			depth++
			s.at += 2
		case strings.HasPrefix(rest, "*/"):
			s.at += 2
			if depth--; depth == 0 {
				return nil
			}
		default:
			s.at++
		}
	}
	return unfinished("the comment", begin)
}
