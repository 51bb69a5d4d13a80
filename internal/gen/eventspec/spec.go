// Package eventspec reads spec/events.txt, the description of Customer.io's semantic events, and spec/exceptions.txt, the places where that
// description and Customer.io's own documents differ. The head of each file explains its format.
package eventspec

// Spec is what events.txt says, with every group resolved into the fields it stands for.
type Spec struct {
	Categories []Category
	Enums      []Enum
	Objects    []Object
	// Events are in the order of the file.
	Events    []Event
	Misnomers []Misnomer
}

// Category is one of the kinds of events that Customer.io publishes.
type Category struct {
	// Key names the generated file.
	Key string
	// Name is the category's published name.
	Name string
}

// Enum is a named set of strings.
type Enum struct {
	Type   string
	Doc    string
	Values []EnumValue
}

// EnumValue is one string of an Enum.
type EnumValue struct {
	GoName string
	Wire   string
	Doc    string
}

// Object is a nested object.
type Object struct {
	Type   string
	Doc    string
	Fields []Field
}

// Event is one semantic event.
type Event struct {
	// Type is the name of the Go struct.
	Type string
	// Name is the event's name on the wire.
	Name string
	// Doc is a sentence without its subject: "Reports that a person did something."
	Doc   string
	Notes []string
	// Category is the Key of the event's category.
	Category string
	// Schema is the name of the event's schema in Customer.io's documents.
	Schema string
	// By is the one identifier that the event needs, userId or anonymousId; empty where either will do.
	By string
	// Acts marks an event that Customer.io carries out.
	Acts bool
	// Extra is the field of further properties.
	Extra Extra
	// Properties and Context are the named fields, each in the order of the file.
	Properties []Field
	Context    []Field
	// Line is where the event begins.
	Line int
}

// Extra is the Go field that takes properties without a field of their own.
type Extra struct {
	GoName string
	Doc    string
}

// Field is one property of an event or object, or one field of an event's context.
type Field struct {
	// Name is the name on the wire. For a field of the context it is the last segment of Path.
	Name string
	// Path leads to the field from the message's properties or, beginning with context, from the message itself.
	Path   string
	GoName string
	// Type is string, integer, number, boolean, datetime, []string, object, or the name of an Enum or Object; List marks a list of objects.
	Type     string
	List     bool
	Required bool
	Doc      string
	// Unit is a word, such as seconds; empty if there is none.
	Unit string
	// Min and Max bound the values where the documents do; both are nil or neither is.
	Min, Max *int
	// Default is what Customer.io assumes when the field is missing.
	Default *int
	// Line is the line of the field.
	Line int
}

// Misnomer is a name that documents use and the API does not know.
type Misnomer struct {
	// Wrong is the name as found; Right is the event that is meant.
	Wrong, Right string
	Line         int
}

// Enum returns the enum of that type.
func (s *Spec) Enum(typ string) (Enum, bool) {
	for _, e := range s.Enums {
		if e.Type == typ {
			return e, true
		}
	}
	return Enum{}, false
}

// Object returns the object of that type.
func (s *Spec) Object(typ string) (Object, bool) {
	for _, o := range s.Objects {
		if o.Type == typ {
			return o, true
		}
	}
	return Object{}, false
}

// Event returns the event of that name on the wire.
func (s *Spec) Event(name string) (Event, bool) {
	for _, e := range s.Events {
		if e.Name == name {
			return e, true
		}
	}
	return Event{}, false
}
