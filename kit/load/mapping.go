package load

import (
	"fmt"
	"os"
	"strings"

	"github.com/ciokit/cio"
)

// Mapping says which messages a row becomes. It is read from YAML by ParseMapping, and checked against the columns of the input when a
// run begins:
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
// Each entry of messages is one message: identify, track, page, screen, group or alias, with its fields named as on the wire. A value is
//
//   - a column: $name, or $["any name"];
//   - an expression after =, in the language of github.com/expr-lang/expr, over the row's columns and four functions that refuse what
//     they cannot convert without loss: int, float, decimal (which keeps every digit) and date(column, layout...);
//   - anything else literally, as the type that YAML gives it; $$ and == at the beginning stand for $ and =.
//
// A value that comes from an empty cell is left out, and so are an object and a list that have nothing but such values. Under null,
// beside the message, stand the columns whose empty cells are sent as null instead, which removes a trait. In JSON Lines a null and a
// missing member are empty.
//
// messageId is one value, sent as it is, or a list of values that together tell the message from all others; see the comment in
// messageid.go for how the id is made of them, and for the one that a message without a messageId gets.
type Mapping struct {
	name     string
	messages []*messageSpec
}

// Name returns the name that the mapping was parsed under.
func (m *Mapping) Name() string { return m.name }

// Messages returns how many messages a row becomes.
func (m *Mapping) Messages() int { return len(m.messages) }

// Columns returns the columns that the mapping reads, in the order in which it names them first.
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

// ReadMapping reads a mapping from a file.
func ReadMapping(file string) (*Mapping, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return ParseMapping(file, data)
}

// Problem is one thing that is wrong with a mapping.
type Problem struct {
	// Line and Column are where in the YAML it is, from 1; 0 if it is about the whole.
	Line, Column int
	// Path leads to it, such as messages[0].track.properties.total.
	Path string
	// What says what is wrong, Hint what to write instead.
	What, Hint string
}

// MappingError lists everything that is wrong with a mapping, by itself or for the input at hand.
type MappingError struct {
	// Name is the name that the mapping was parsed under.
	Name     string
	Problems []Problem
}

func (e *MappingError) Error() string {
	var b strings.Builder
	for i, p := range e.Problems {
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(e.Name)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
		if p.Path != "" {
			b.WriteString(p.Path + ": ")
		}
		b.WriteString(p.What)
		if p.Hint != "" {
			b.WriteString("; " + p.Hint)
		}
	}
	return b.String()
}

// field is one of the members of a message, apart from those in its traits or properties.
type field int

const (
	fieldUserID field = iota
	fieldAnonymousID
	fieldGroupID
	fieldPreviousID
	fieldEvent
	fieldName
	fieldCategory
	fieldTraits
	fieldProperties
	fieldTimestamp
	fieldMessageID
	fieldContext
	fieldIntegrations
	fieldCount
)

var fieldNames = [fieldCount]string{"userId", "anonymousId", "groupId", "previousId", "event", "name", "category", "traits", "properties",
	"timestamp", "messageId", "context", "integrations"}

// fieldsOf are the fields that a type of message has.
var fieldsOf = map[cio.Type][]field{
	cio.TypeIdentify: {fieldUserID, fieldAnonymousID, fieldTraits, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
	cio.TypeTrack:    {fieldUserID, fieldAnonymousID, fieldEvent, fieldProperties, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
	cio.TypePage:     {fieldUserID, fieldAnonymousID, fieldName, fieldCategory, fieldProperties, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
	cio.TypeScreen:   {fieldUserID, fieldAnonymousID, fieldName, fieldCategory, fieldProperties, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
	cio.TypeGroup:    {fieldUserID, fieldAnonymousID, fieldGroupID, fieldTraits, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
	cio.TypeAlias:    {fieldUserID, fieldPreviousID, fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations},
}

var messageTypes = []string{"identify", "track", "page", "screen", "group", "alias"}

// messageSpec is one message of a mapping, before it is compiled for an input.
type messageSpec struct {
	at     position
	typ    cio.Type
	fields [fieldCount]*spec
	nulls  []nullSpec
}

// nullSpec is a column whose empty cells are sent as null.
type nullSpec struct {
	at     position
	column string
}

// specs returns the fields that the message has.
func (m *messageSpec) specs() []*spec {
	var all []*spec
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

// specKind says what a value of a mapping is.
type specKind int

const (
	specLiteral specKind = iota
	specColumn
	specExpression
	specObject
	specList
)

// spec is a value of a mapping, before it is compiled for an input.
type spec struct {
	at   position
	kind specKind

	json  []byte // of a literal
	text  string // of a literal that is text or a number, or the column
	typed string // what a literal is: text, number, true or false, null

	expr  *expression // of an expression
	keys  []string    // of an object, one for each item
	items []*spec     // of an object or a list
}

func (s *spec) walk(visit func(*spec)) {
	visit(s)
	for _, item := range s.items {
		item.walk(visit)
	}
}

// columns returns what the value itself reads, without the values in it.
func (s *spec) columns() []string {
	switch s.kind {
	case specColumn:
		return []string{s.text}
	case specExpression:
		return s.expr.columns
	}
	return nil
}
