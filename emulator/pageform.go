package emulator

// formField is a field of a form, with its help.
type formField struct {
	ID, Name, Label, Value, Placeholder, Help string
	Mode                                      string // of the keyboard
	Options                                   []formOption
}

type formOption struct{ Value, Text string }

// newField is a field for text.
func newField(name, label, value, placeholder, help string) formField {
	return formField{ID: "field-" + name, Name: name, Label: label, Value: value, Placeholder: placeholder, Help: help}
}

// newNumber is a field for a number.
func newNumber(name, label, value, placeholder, help string) formField {
	f := newField(name, label, value, placeholder, help)
	f.Mode = "decimal"
	return f
}

// newSelect is a choice of options. The first option means no value.
func newSelect(name, label, value, help, none string, options ...string) formField {
	f := newField(name, label, value, "", help)
	f.Options = append(f.Options, formOption{"", none})
	for _, o := range options {
		f.Options = append(f.Options, formOption{o, o})
	}
	return f
}
