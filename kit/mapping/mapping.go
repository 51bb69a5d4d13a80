package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/internal/printed"
)

// Mapping says which messages a row becomes. Parse reads it from YAML. It is checked against the columns of the input when a run begins:
//
//	messages:
//	  - identify:
//	      userId: $customer_id
//	      traits:
//	        plan: $plan
//	        orders: =int(orders)
//	    null: [plan]
//	  - track:
//	      userId: $customer_id
//	      event: Order Completed
//	      timestamp: =date(ordered_at)
//	      messageId: [$order_id]
//	      properties: {order_id: $order_id, total: "=decimal(amount)"}
//
// Each entry of messages is one message: a call (identify, track, page, screen, group, alias) whose fields are named as on the wire; a command
// (delete_person, set_device, relate and the others, with the fields of cio.DeletePerson and so on); or a semantic event by its name
// (order_completed), with its properties directly below it and other properties under properties. A value is
//
//   - a column: $name, or $["any name"];
//   - an expression after =, in the language of github.com/expr-lang/expr, with the row's columns and these functions, which reject
//     values that they cannot convert without loss: int, float, decimal (which keeps every digit), bool and date(column, layout...);
//   - anything else: a literal of the type that YAML gives it; $$ and == at the beginning mean $ and =.
//
// A value from an empty cell is left out, and so are an object and a list with only such values. Next to the message there can be more keys. null
// lists the columns whose empty cells are sent as null, which removes a trait. default gives columns a value for their empty cells. when is an
// expression: the message is made only if it is true. verbatim: true sends an event's name that looks like a misspelt semantic one. In JSON Lines a
// null and a missing member are empty. Among the traits or properties, {$all: {except: [password]}} means all columns except these, each under its
// own name.
//
// Next to messages there can be keys for all of them. null_words lists words that count as empty cells in any column, or has such a list for single
// columns. id_words lists placeholders, such as NULL, that are somebody's id; without it they are rejected (RulePlaceholder). verbatim_ids: true
// sends ids unchanged that are otherwise rejected for spaces around them (RulePaddedID) or because they look like a rewritten number (RuleNumberID).
// time_zone is the zone of all times without their own, such as Europe/Berlin; the default is UTC.
//
// messageId is one value, which is sent unchanged, or a list of values that together identify the message. The comment in messageid.go says how an id
// is made from them, and which id a message without a messageId gets.
type Mapping struct {
	name     string
	file     string // from which it was read, empty if there is none
	messages []*messageSpec
	hash     [sha256.Size]byte // of the YAML

	nullWords   nullWords       // of all columns; nil for none
	columnNulls []columnNull    // of single columns
	idWords     map[string]bool // placeholders that are somebody's id
	verbatimIDs bool            // padded ids, and ids that look like rewritten numbers, are sent unchanged
	zone        *zone           // of times without their own zone; nil for UTC
}

// Name returns the name that Parse was given.
func (m *Mapping) Name() string { return m.name }

// File returns the file of the mapping, empty if there is none.
func (m *Mapping) File() string { return m.file }

// Hash is the hash of the YAML. Two mappings with the same hash make the same messages.
func (m *Mapping) Hash() string { return hex.EncodeToString(m.hash[:]) }

// Messages returns how many messages a row becomes.
func (m *Mapping) Messages() int { return len(m.messages) }

// Columns returns the columns that the mapping reads, in the order of their first use.
func (m *Mapping) Columns() []string {
	var names []string
	seen := make(map[string]bool)
	for _, msg := range m.messages {
		for _, s := range msg.specs() {
			s.walk(func(s *spec) {
				for _, c := range s.columns() {
					if !seen[c] {
						seen[c] = true
						names = append(names, c)
					}
				}
			})
		}
	}
	return names
}

// Read reads a mapping from a file.
func Read(file string) (*Mapping, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m, err := Parse(file, data)
	if err == nil {
		m.file = file
	}
	return m, err
}

// Problem is one thing that is wrong with a mapping.
type Problem struct {
	// Line and Column are its place in the YAML, from 1; 0 if it is about the whole mapping.
	Line, Column int
	// Path is the path to it, such as messages[0].track.properties.total.
	Path string
	// What says what is wrong, Hint what to write instead.
	What, Hint string
}

// Error lists everything that is wrong with a mapping, either in general or for the current input.
type Error struct {
	// Name is the name that Parse was given.
	Name     string
	Problems []Problem
}

func (e *Error) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(printed.Line(e.Name))
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
		if p.Path != "" {
			b.WriteString(printed.Line(p.Path) + ": ")
		}
		b.WriteString(printed.Line(p.What))
		if p.Hint != "" {
			b.WriteString("; " + printed.Line(p.Hint))
		}
	}
	return b.String()
}

// messageSpec is one message of a mapping, before it is compiled for an input.
type messageSpec struct {
	at       position
	kind     *kind
	fields   [fieldCount]*spec
	when     *spec // nil: always
	verbatim bool  // the event's name is sent unchanged
	nulls    []nullSpec
	defaults []defaultSpec

	properties []propertySpec // of a semantic event: those in the catalogue
}

// propertySpec is the value of a property that is in the catalogue.
type propertySpec struct {
	field events.Field
	value *spec
}

// defaultSpec is the value for a column's empty cells.
type defaultSpec struct {
	at     position
	column string
	value  *spec // a literal
}

// nullSpec is a column whose empty cells are sent as null.
type nullSpec struct {
	at     position
	column string
}

// specs returns the fields that the message has, and its condition.
func (m *messageSpec) specs() []*spec {
	var all []*spec
	if m.when != nil {
		all = append(all, m.when)
	}
	for _, s := range m.fields {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// position is a place in a mapping.
type position struct {
	line, column int
	path         string
}

// specKind is the kind of a value in a mapping.
type specKind int

const (
	specLiteral specKind = iota
	specColumn
	specExpression
	specObject
	specList
	specAll // all columns, except for some
)

// spec is a value of a mapping, before it is compiled for an input.
type spec struct {
	at   position
	kind specKind

	json  []byte // of a literal
	text  string // of a literal that is text or a number, or the column
	typed string // the type of a literal: text, number, true or false, null

	expr  *expression // of an expression
	keys  []string    // of an object: one for each item
	items []*spec     // of an object or a list

	except []exceptSpec // of specAll
}

// exceptSpec is a column that $all leaves out.
type exceptSpec struct {
	at     position
	column string
}

// all returns the $all of an object, nil if it has none.
func (s *spec) all() *spec {
	for _, item := range s.items {
		if item.kind == specAll {
			return item
		}
	}
	return nil
}

func (s *spec) walk(visit func(*spec)) {
	visit(s)
	for _, item := range s.items {
		item.walk(visit)
	}
}

// columns returns the columns that the value itself reads, without the values in it.
func (s *spec) columns() []string {
	switch s.kind {
	case specColumn:
		return []string{s.text}
	case specExpression:
		return s.expr.columns
	}
	return nil
}
