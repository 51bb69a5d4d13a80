package verify

import (
	"encoding/json"
	"strings"
)

// Traits that Customer.io keeps under another name than the one that is sent, or does not keep as attributes (docs/assumptions.md). The emulator does
// the same.
const (
	createdAt       = "createdAt"
	keptCreatedAt   = "created_at"
	preferences     = "cio_subscription_preferences"
	preferencesPath = preferences + "."
)

// isAttribute reports whether a trait becomes an attribute of the person. Some traits identify the person, and some, together with an object's id,
// relate the person to the object.
func isAttribute(name string, relates bool) bool {
	switch name {
	case "cio_id", "anonymous_id":
		return false
	case "objectId", "objectTypeId", "object_type_id", "relationshipAttributes":
		return !relates
	}
	return true
}

// kept finds a trait among the attributes, if necessary under its other name.
func kept(attributes map[string]string, name string) (text string, there bool) {
	if text, there = attributes[name]; there {
		return text, true
	}
	switch path, isPath := strings.CutPrefix(name, preferencesPath); {
	case name == createdAt:
		text, there = attributes[keptCreatedAt]
	case isPath:
		return leaf(attributes[preferences], strings.Split(path, "."))
	}
	return text, there
}

// leaf returns the value at a path of an object, as the text that an attribute would have.
func leaf(object string, path []string) (string, bool) {
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(object), &members) != nil {
		return "", false
	}
	value, there := members[path[0]]
	switch {
	case !there:
		return "", false
	case len(path) > 1:
		return leaf(string(value), path[1:])
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text, true
	}
	return string(value), true
}
