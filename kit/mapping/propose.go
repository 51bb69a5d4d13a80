package mapping

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
)

// ProposeConfig says what is known about an input apart from its columns. With the zero value, Propose decides everything.
type ProposeConfig struct {
	// UserID is the column that identifies people.
	UserID string
	// Event is the name of the event that each row is, or the column with the name.
	Event string
	// Input is how the command is called to read the input, with its flags, quoted for a shell. It is printed in the comment at the top.
	Input string
	// DecimalComma says that the load will be told that a comma is before decimals.
	DecimalComma bool
}

// Proposal is a mapping that a person must check.
type Proposal struct {
	// Mapping is YAML. It fits the columns of the profile, unless Open lists choices that must be made first.
	Mapping []byte
	// Open are the choices that only a person can make. A load rejects the mapping until they are made.
	Open []string
	// DecimalComma says that the load needs load.Job.DecimalComma (--decimal-comma).
	DecimalComma bool
}

// Propose writes a mapping for an input. Rows with an order id, an amount, a time and a customer become semantic events of orders. Rows with the name
// of an event and a time become track messages. Other rows about people become identify messages, with every column as a trait. Values are converted
// by what the columns look like. Words that mean "no value" are listed for their columns. Columns that look like personal data get a comment.
// MakePlan of package load checks whether all rows can be mapped. The error is a wrong ProposeConfig, or names that YAML cannot contain.
func Propose(p source.Profile, cfg ProposeConfig) (Proposal, error) {
	for i, c := range p.Columns {
		if !utf8.ValidString(c.Name) {
			return Proposal{}, fmt.Errorf("mapping: the name of column %d is not UTF-8; convert the file first", i+1)
		}
	}
	p.Columns = slices.Clone(p.Columns)
	for i, c := range p.Columns {
		if countNames(p, c.Name) > 1 && c.Name != "" {
			p.Columns[i].Looks = source.LooksTwice // whatever they look like, neither can be read
		}
	}
	w := &proposer{p: p, cfg: cfg, comma: cfg.DecimalComma || decimalComma(p.Columns)}
	if err := w.findRoles(); err != nil {
		return Proposal{}, err
	}
	switch {
	case w.isOrders():
		w.orders()
	case w.isEvents():
		w.track()
	case w.user < 0 && w.email < 0:
		w.skeleton()
	default:
		w.identify()
	}
	text := append(w.head(), w.body.Bytes()...)
	if len(w.open) == 0 {
		if _, err := Parse("proposal", text); err != nil {
			return Proposal{}, fmt.Errorf("mapping: the proposal would be wrong: %w", err)
		}
	}
	return Proposal{text, w.open, w.comma && !cfg.DecimalComma}, nil
}

// decimalComma reports whether all numbers with decimals have a comma before them, so that one flag is enough for all.
func decimalComma(columns []source.ColumnProfile) bool {
	some := false
	for _, c := range columns {
		if c.Looks != source.LooksNumber || c.Native || c.Layouts != nil {
			continue
		}
		if !c.Comma {
			return false
		}
		some = true
	}
	return some
}

// proposer writes a proposal.
type proposer struct {
	p     source.Profile
	cfg   ProposeConfig
	comma bool
	reads converter // the function for numbers; 0 for decimal

	user, email, order, amount, time, event, status, currency int // indexes of columns, -1 if there is none

	timed bool // time is the timestamp of messages

	body  bytes.Buffer
	open  []string
	read  []int // the columns whose words for "no value" must be listed
	notes []string
}

func (w *proposer) line(format string, args ...any) { fmt.Fprintf(&w.body, format+"\n", args...) }

// choose leaves a choice to a person.
func (w *proposer) choose(what string) { w.open = append(w.open, what) }

// head returns the lines above the messages: how to load them, what to check, and the words that mean "no value".
func (w *proposer) head() []byte {
	var b bytes.Buffer
	rows := "all " + plural.Count(w.p.Sampled, "row", "rows")
	if w.p.Sampled == 1 {
		rows = "the only row"
	}
	if !w.p.Complete || w.p.Sampled != w.p.Rows-w.p.Bad {
		rows = "the first " + plural.Count(w.p.Sampled, "row", "rows")
		if w.p.Stride > 0 {
			rows = plural.Count(w.p.Sampled, "row", "rows") + ", the first and some of the others"
		}
	}
	fmt.Fprintf(&b, "# A proposal, made from %s. Check it: is this what the rows mean, and may each value be sent?\n", rows)
	if w.cfg.Input != "" {
		comma := ""
		if w.comma {
			comma = " --decimal-comma"
		}
		fmt.Fprintf(&b, "# ciokit load %s%s --mapping MAPPING.yaml --dry-run\n", printed.Line(w.cfg.Input), comma)
	} else if w.comma {
		b.WriteString("# Load it with --decimal-comma.\n")
	}
	for _, n := range w.notes {
		fmt.Fprintf(&b, "# %s\n", printed.Line(n))
	}
	var words []string
	for _, i := range w.read {
		c := w.p.Columns[i]
		if len(c.NullWords) == 0 {
			continue
		}
		var list []string
		for _, n := range c.NullWords {
			list = append(list, quotedYAML(n.Word))
		}
		words = append(words, fmt.Sprintf("  %s: [%s]\n", quotedYAML(c.Name), strings.Join(list, ", ")))
	}
	if words != nil {
		b.WriteString("null_words: # these mean \"no value\"\n" + strings.Join(words, ""))
	}
	w.zones(&b)
	b.WriteString("messages:\n")
	return b.Bytes()
}

// identify writes a message about the person of a row.
func (w *proposer) identify() {
	w.line("  - identify:")
	if w.user >= 0 {
		w.line("      userId: %s%s", w.idText(w.user), w.distinctNote(w.user))
	} else {
		w.line("      # No column looks like an id: people are identified by their email address.")
	}
	w.line("      traits:")
	w.values("        ", map[int]bool{w.user: true}, nil, w.email)
}

// values writes a line for each column, except for some. taken are names that are already used. email is the column that becomes the trait email, -1
// if there is none.
func (w *proposer) values(indent string, except map[int]bool, taken map[string]bool, email int) {
	if taken == nil {
		taken = make(map[string]bool)
	}
	if email >= 0 {
		taken["email"] = true
	}
	written := 0
	said := make(map[string]bool)
	for i, c := range w.p.Columns {
		key := c.Name
		switch {
		case except[i] || c.Name == "":
			continue
		case c.Looks == source.LooksTwice:
			if !said[c.Name] {
				w.line("%s# there are %d columns named %q; rename one in the file, or name all columns with --skip-rows 1 --columns '...'", indent, countNames(w.p, c.Name), c.Name)
			}
			said[c.Name] = true
			continue
		case i == email:
			key = "email"
		case taken[c.Name]:
			w.line("%s# the column %q is left out: its name is already used", indent, c.Name)
			continue
		}
		taken[key] = true
		value, notes := w.valueText(c)
		w.read = append(w.read, i)
		w.line("%s%s: %s%s", indent, keyText(key), value, comment(notes))
		written++
	}
	if written == 0 {
		w.line("%s{}", indent)
	}
	if w.p.OtherColumns > 0 {
		w.line("%s# there are more columns, which were not inspected", indent)
	}
}

func comment(notes []string) string {
	if len(notes) == 0 {
		return ""
	}
	return " # " + printed.Line(strings.Join(notes, "; "))
}

func countNames(p source.Profile, name string) (n int) {
	for _, c := range p.Columns {
		if c.Name == name {
			n++
		}
	}
	return n
}

// distinctNote returns a note if the values of an id repeat in the sample.
func (w *proposer) distinctNote(id int) string {
	c := w.p.Columns[id]
	var notes []string
	if filled := w.p.Sampled - c.Empty; int64(c.Distinct) < min(filled, 1000) {
		note := "several rows have the same value: the last of them counts"
		if w.email >= 0 {
			note += ", but Customer.io keeps the first email address unless the workspace allows changes"
		}
		notes = append(notes, note)
	}
	if c.Padded > 0 {
		notes = append(notes, plural.Count(c.Padded, "cell has", "cells have")+" spaces around the value")
	}
	for _, n := range c.NullWords {
		notes = append(notes, plural.Count(n.Count, "row has", "rows have")+" "+strings.TrimSpace(n.Word)+" and will be rejected")
	}
	return comment(notes)
}

// idText returns a column as an identifier.
func (w *proposer) idText(i int) string {
	c := w.p.Columns[i]
	if c.Padded > 0 {
		return expressionText("trim(" + columnExpression(c.Name) + ")")
	}
	return columnText(c.Name)
}

// skeleton writes a mapping for rows that identify nobody, with the possible choices.
func (w *proposer) skeleton() {
	var names []string
	for _, c := range w.p.Columns {
		if c.Name != "" && c.Looks != source.LooksTwice && len(names) < 30 {
			names = append(names, columnText(c.Name))
		}
	}
	list := strings.Join(names, ", ")
	w.choose("no column looks like the id or the email address of a person: name the column with --user-id, or in the mapping")
	w.notes = append(w.notes, "No column looks like the id or the email address of a person. Choose what each row is about; a load rejects the mapping until then.")
	w.line("  - identify: # if each row is a person")
	w.line("      userId: # CHOOSE one of %s", list)
	w.line("      traits:")
	w.values("        ", nil, nil, -1)
	w.line("  # If each row is a thing, such as a company or a product, use this instead:")
	w.line("  # - set_object:")
	w.line("  #     objectId: # CHOOSE one of %s", list)
	w.line("  #     attributes: {$all: {}}")
	w.line("  # If each row is an action of a person, use this instead:")
	w.line("  # - track:")
	w.line("  #     userId: # CHOOSE one of %s", list)
	w.line("  #     event: # its name, or the column with the name")
	w.line("  #     properties: {$all: {}}")
}

// columnText returns a column as a value of a mapping.
func columnText(name string) string {
	if isIdentifier(name) {
		return "$" + name
	}
	return quotedYAML("$[" + quotedName(name) + "]")
}

// quotedName returns the name of a column as a JSON string, which is UTF-8.
func quotedName(name string) string {
	text, _ := appendString(nil, []byte(name))
	return string(text)
}

// columnExpression returns a column as a part of an expression.
func columnExpression(name string) string {
	if isIdentifier(name) && !slices.Contains(expressionWords, name) {
		return name
	}
	return "$[" + quotedName(name) + "]"
}

// expressionWords mean something else in an expression than a column with that name.
var expressionWords = []string{"in", "not", "and", "or", "true", "false", "nil", "let", "matches", "contains", "startsWith", "endsWith", "if", "else"}

// expressionText returns an expression as a value of a mapping, in quotes if YAML would otherwise read it as something else.
func expressionText(s string) string {
	if strings.ContainsAny(s, ":#[]{}'\n") || strings.Contains(s, ", ") && strings.Contains(s, "$[") {
		return quotedYAML("=" + s)
	}
	return "=" + s
}

// keyText returns the name of a trait: the name of the column, in quotes if YAML or the mapping would otherwise read it as something else.
func keyText(name string) string {
	if isIdentifier(name) && !slices.Contains([]string{"null", "true", "false", "yes", "no", "on", "off", "y", "n"}, strings.ToLower(name)) {
		return name
	}
	if strings.HasPrefix(name, "$") {
		name = "$" + name
	}
	return quotedYAML(name)
}

// quotedYAML returns text in single quotes, or in double quotes if it contains what single quotes cannot contain.
func quotedYAML(s string) string {
	if printed.Line(s) != s || strings.ContainsRune(s, '\ufeff') {
		return strconv.QuoteToASCII(s)
	}
	return "'" + strings.ReplaceAll(s, "'", "''") + "'"
}

// semanticName returns Customer.io's name of a semantic event, if this is one apart from case and spaces.
func semanticName(name string) string {
	for _, d := range events.All() {
		if spelling.Fold(d.Name) == spelling.Fold(name) {
			return d.Name
		}
	}
	return name
}
