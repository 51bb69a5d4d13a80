package load

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/source"
)

// Propose writes a mapping for an input, to be looked over by a person: each row becomes an identify, with every column as a trait. The id
// is guessed by name and values, times and numbers are converted, and what looks like personal data is marked by a comment. The mapping is
// correct for the columns of the profile; whether its values all convert is for MakePlan to say.
func Propose(p source.Profile) ([]byte, error) {
	for i, c := range p.Columns {
		if !utf8.ValidString(c.Name) {
			return nil, fmt.Errorf("load: the name of column %d is not UTF-8; convert the file first", i+1)
		}
	}
	id := guessID(p.Columns)
	email := slices.IndexFunc(p.Columns, func(c source.ColumnProfile) bool { return c.Looks == source.LooksEmail })
	if id < 0 && email < 0 {
		return nil, errors.New("load: no column looks like the id or the e-mail address of a person; write a mapping by hand")
	}
	var b bytes.Buffer
	b.WriteString("# A proposal made of the columns and the first rows. Look it over: is userId what tells people apart, and may each trait be sent?\nmessages:\n  - identify:\n")
	if id >= 0 {
		fmt.Fprintf(&b, "      userId: %s%s\n", columnText(p.Columns[id].Name), distinctNote(p, id))
	} else {
		b.WriteString("      # No column looks like an id: people are told apart by their e-mail address.\n")
	}
	b.WriteString("      traits:\n")
	for i, c := range p.Columns {
		switch {
		case i == id || c.Name == "":
			continue
		case countNames(p, c.Name) > 1:
			fmt.Fprintf(&b, "        # there are %d columns named %q; rename one in the file\n", countNames(p, c.Name), c.Name)
			continue
		}
		key := keyText(c.Name)
		if i == email {
			key = "email"
		}
		note := ""
		if c.Personal {
			note = " # personal data"
		}
		if c.Looks == source.LooksEmpty {
			note = " # empty in the rows that were looked at"
		}
		fmt.Fprintf(&b, "        %s: %s%s\n", key, valueText(c), note)
	}
	if _, err := ParseMapping("proposal", b.Bytes()); err != nil {
		return nil, fmt.Errorf("load: the proposal would be wrong: %w", err)
	}
	return b.Bytes(), nil
}

func countNames(p source.Profile, name string) (n int) {
	for _, c := range p.Columns {
		if c.Name == name {
			n++
		}
	}
	return n
}

// guessID returns the column that most likely tells people apart, -1 for none.
func guessID(columns []source.ColumnProfile) int {
	best, score := -1, 0
	for i, c := range columns {
		if c.Looks == source.LooksEmpty || c.Looks == source.LooksTwice || c.Looks == source.LooksObject || c.Looks == source.LooksDate || c.Looks == source.LooksNumber || c.Looks == source.LooksBoolean {
			continue
		}
		points := 0
		switch name := fold(c.Name); {
		case name == "userid" || name == "customerid" || name == "personid":
			points = 5
		case name == "id":
			points = 4
		case name == "uuid" || name == "guid" || name == "externalid" || name == "memberid" || name == "accountid" || name == "contactid":
			points = 3
		case strings.HasSuffix(name, "id"):
			points = 2
		}
		if points > 0 && c.Empty > 0 {
			points--
		}
		if points > score {
			best, score = i, points
		}
	}
	return best
}

// distinctNote says so where the id is not distinct in the sample.
func distinctNote(p source.Profile, id int) string {
	c := p.Columns[id]
	if rows := p.Sampled - p.Bad; int64(c.Distinct) < min(rows-c.Empty, 1000) {
		return " # several rows have the same one: the last of them counts"
	}
	return ""
}

// columnText is a column as a value of a mapping.
func columnText(name string) string {
	if isIdentifier(name) {
		return "$" + name
	}
	return quotedYAML("$[" + strconv.Quote(name) + "]")
}

// valueText is the value for a column, converted by what it looks like.
func valueText(c source.ColumnProfile) string {
	column := c.Name
	if !isIdentifier(column) {
		column = "$[" + strconv.Quote(column) + "]"
	}
	text := ""
	switch c.Looks {
	case source.LooksInteger:
		text = "=int(" + column + ")"
	case source.LooksNumber:
		text = "=decimal(" + column + ")"
	case source.LooksDate:
		text = "=date(" + column + ")"
	case source.LooksUnix:
		text = "=date(" + column + `, "unix")`
	case source.LooksUnixMilli:
		text = "=date(" + column + `, "unix_ms")`
	default:
		return columnText(c.Name)
	}
	if column != c.Name {
		return quotedYAML(text)
	}
	return text
}

// keyText is the name of a trait: the column's, in quotes where YAML or the mapping would take it for something else.
func keyText(name string) string {
	if isIdentifier(name) && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(name)) {
		return name
	}
	if strings.HasPrefix(name, "$") {
		name = "$" + name
	}
	return quotedYAML(name)
}

// quotedYAML is text in single quotes, or in double ones if it holds what single ones cannot.
func quotedYAML(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == '\u0085' || r == '\u2028' || r == '\u2029' || r == '\ufeff'
	}) {
		return strconv.QuoteToASCII(s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}
