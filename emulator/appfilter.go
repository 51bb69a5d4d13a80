package emulator

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// maxFilterDepth bounds how deep the conditions of a filter are nested.
const maxFilterDepth = 20

// condition is one of a filter, which fits a person or an object.
type condition func(*filtered) bool

// filtered is a person or an object that a filter checks.
type filtered struct {
	person *personState
	object *objectState
}

// text returns the attribute as the App API shows it, and whether it is there.
func (f *filtered) text(name string) (string, bool) {
	var as attributes
	switch {
	case f.object != nil:
		as = f.object.attributes
	case name == "id":
		return f.person.id, f.person.id != ""
	case name == "cio_id":
		return f.person.customerIOID, true
	case name == "email":
		email := f.person.shownEmail()
		return email, email != ""
	default:
		as = f.person.traits
	}
	raw := as.get(name)
	return appText(raw), raw != ""
}

// filterReader reads the filter of a request. It accepts what the API's
// document lists: eq and exists of an attribute, segments, and, or and not.
// Anything else gets a 501 that names it.
type filterReader struct {
	ws *workspaceState
	// objects says that the filter is of objects of the type.
	objects bool
	typeID  string
}

// peopleFilter reads a filter of people; wrong is the answer if there is none.
func (ws *workspaceState) peopleFilter(raw string) (keep func(*personState) bool, wrong *reply) {
	fits, wrong := filterReader{ws: ws}.read(raw, 0)
	if wrong != nil {
		return nil, wrong
	}
	return func(p *personState) bool { return fits(&filtered{person: p}) }, nil
}

func badFilter(why string) *reply {
	a := errorReply(http.StatusBadRequest, "the filter cannot be read: "+why)
	return &a
}

func unknownFilter(what, name string) *reply {
	a := errorReply(http.StatusNotImplemented, "the emulator does not know the "+what+" "+strconv.Quote(clip(name))+" of a filter: the document of the App API lists eq and exists for attributes, segment, and, or and not")
	return &a
}

func (r filterReader) read(raw string, depth int) (condition, *reply) {
	switch {
	case !rawjson.IsObject(raw):
		return nil, badFilter("a condition is an object")
	case depth > maxFilterDepth:
		return nil, badFilter("its conditions are nested too deep")
	}
	var found condition
	for name, value := range rawjson.Members(raw) {
		if found != nil {
			return nil, badFilter("a condition has one member")
		}
		var wrong *reply
		switch {
		case name == "and" || name == "or":
			found, wrong = r.several(name == "and", value, depth)
		case name == "not":
			var inner condition
			if inner, wrong = r.read(value, depth+1); wrong == nil {
				found = func(f *filtered) bool { return !inner(f) }
			}
		case name == "attribute" && !r.objects, name == "object_attribute" && r.objects:
			found, wrong = r.attribute(value)
		case name == "segment" && !r.objects:
			found, wrong = r.segment(value)
		default:
			wrong = unknownFilter("condition", name)
		}
		if wrong != nil {
			return nil, wrong
		}
	}
	if found == nil {
		return nil, badFilter("a condition has one member")
	}
	return found, nil
}

// several reads the conditions of an and, or of an or.
func (r filterReader) several(all bool, raw string, depth int) (condition, *reply) {
	if !rawjson.IsArray(raw) {
		return nil, badFilter("and and or have a list of conditions")
	}
	var list []condition
	for item := range rawjson.Elements(raw) {
		one, wrong := r.read(item, depth+1)
		if wrong != nil {
			return nil, wrong
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		return nil, badFilter("and and or have a list of conditions, and one is empty")
	}
	return func(f *filtered) bool {
		for _, one := range list {
			if one(f) != all {
				return !all
			}
		}
		return all
	}, nil
}

func (r filterReader) attribute(raw string) (condition, *reply) {
	if !rawjson.IsObject(raw) {
		return nil, badFilter("an attribute's condition is an object")
	}
	text := func(name string) (string, bool) {
		value := rawjson.Member(raw, name)
		if !rawjson.IsString(value) {
			return "", false
		}
		return rawjson.Unquote(value), true
	}
	field, hasField := text("field")
	operator, hasOperator := text("operator")
	typeID, hasType := text("type_id")
	switch {
	case !hasField || field == "" || !hasOperator:
		return nil, badFilter("a condition on an attribute has a field and an operator")
	case r.objects && (!hasType || typeID != r.typeID):
		return nil, badFilter("type_id of an object's attribute is the object_type_id of the search")
	case operator == "exists":
		return func(f *filtered) bool { _, there := f.text(field); return there }, nil
	case operator != "eq":
		return nil, unknownFilter("operator", operator)
	}
	value, hasValue := text("value")
	if !hasValue {
		return nil, badFilter("eq has a value, which is text")
	}
	return func(f *filtered) bool {
		is, there := f.text(field)
		if there && f.person != nil && field == "email" {
			return strings.EqualFold(is, value)
		}
		return there && is == value
	}, nil
}

func (r filterReader) segment(raw string) (condition, *reply) {
	if !rawjson.IsObject(raw) {
		return nil, badFilter("a segment's condition is an object")
	}
	id := rawjson.Member(raw, "id")
	s := r.ws.segmentOf(appText(id))
	if s == nil {
		return nil, badFilter("there is no such segment")
	}
	number := s.ID
	return func(f *filtered) bool { return f.person.inSegment(number) }, nil
}
