package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/ciokit/cio/events"
)

// showEvent prints what is known about an event.
func showEvent(w io.Writer, d events.Definition) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "%s\n  %s\n\n", d.Name, d.Doc)
	fmt.Fprintf(t, "  category\t%s\n", d.Category)
	fmt.Fprintf(t, "  Go type\tevents.%s\n", d.Type)
	identifier := d.By
	if identifier == "" {
		identifier = "userId or anonymousId"
	}
	fmt.Fprintf(t, "  identifier\t%s\n", identifier)
	if d.Acts {
		fmt.Fprintf(t, "  effect\tCustomer.io carries it out and does not store it as an event\n")
	}
	if err := t.Flush(); err != nil {
		return err
	}
	showFields(t, "properties", d, func(f events.Field) bool { return f.Context == "" })
	showFields(t, "context", d, func(f events.Field) bool { return f.Context != "" })
	further := "Customer.io accepts any other property; in Go, put them into the field " + d.Extra + "."
	if d.Extra != "Extra" {
		further = "You choose the properties; in Go, put them into the field " + d.Extra + "."
	}
	fmt.Fprintf(t, "\n  %s\n", further)
	return t.Flush()
}

func showFields(t *tabwriter.Writer, heading string, d events.Definition, of func(events.Field) bool) {
	first := true
	for _, f := range d.Fields {
		if !of(f) {
			continue
		}
		if first {
			fmt.Fprintf(t, "\n  %s\n", heading)
			first = false
		}
		showField(t, "    ", f)
	}
	t.Flush()
}

func showField(t io.Writer, indent string, f events.Field) {
	name := f.Name
	if f.Context != "" {
		name = strings.TrimPrefix(f.Context, "context.")
	}
	kind := string(f.Kind)
	if f.Required {
		kind += ", required"
	}
	fmt.Fprintf(t, "%s%s\t%s\t%s\n", indent, name, kind, fieldDoc(f))
	for _, nested := range f.Fields {
		showField(t, indent+"  ", nested)
	}
}

// fieldDoc returns the field's documentation with its unit, range, default and known values.
func fieldDoc(f events.Field) string {
	doc := f.Doc
	switch {
	case f.Range != nil && f.Unit != "":
		doc += fmt.Sprintf(" In %s, from %d to %d.", f.Unit, f.Range.Min, f.Range.Max)
	case f.Range != nil:
		doc += fmt.Sprintf(" From %d to %d.", f.Range.Min, f.Range.Max)
	case f.Unit != "":
		doc += " In " + f.Unit + "."
	}
	if f.Default != nil {
		doc += " Default " + strconv.Itoa(*f.Default) + "."
	}
	if len(f.Enum) > 0 {
		doc += " One of " + strings.Join(f.Enum, ", ") + "."
	}
	return doc
}
