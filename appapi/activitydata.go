package appapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"
)

// ActivityData is what an activity says. What it is depends on the type of the activity: Delivery, Changes and Properties read it, and JSON
// has it as it came. Two can be compared with ==, and the zero value is nothing.
type ActivityData struct{ text string }

// ActivityDelivery is what the activity of a message says of its delivery.
type ActivityDelivery struct {
	DeliveryID string `json:"delivery_id"`
	// Delivered is when it was, zero where it was not.
	Delivered time.Time `json:"delivered"`
	Opened    bool      `json:"opened"`
	// Extra is what else the answer held.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads what the API answers.
func (v *ActivityDelivery) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with what else the answer held.
func (v ActivityDelivery) MarshalJSON() ([]byte, error) { return marshal(v) }

// Change is what became of an attribute: text, as attributes are, whatever was sent. Empty is an attribute that was not there.
type Change struct{ From, To string }

// JSON returns the data as they came; nil for none.
func (d ActivityData) JSON() json.RawMessage {
	if d.text == "" {
		return nil
	}
	return json.RawMessage(d.text)
}

// Delivery returns what the data say of the delivery of a message, and whether they say anything of it: the other activities do not.
func (d ActivityData) Delivery() (ActivityDelivery, bool) {
	var delivery ActivityDelivery
	if d.text == "" || unmarshal([]byte(d.text), &delivery) != nil {
		return ActivityDelivery{}, false
	}
	return delivery, delivery.DeliveryID != ""
}

// Properties returns the properties of an event, a page or a screen, as JSON; nil where the data are no object.
func (d ActivityData) Properties() map[string]json.RawMessage {
	var properties map[string]json.RawMessage
	if d.text == "" || json.Unmarshal([]byte(d.text), &properties) != nil {
		return nil
	}
	return properties
}

// errNoChanges is no error of the API's: the answer is another one than it documents.
var errNoChanges = errors.New("appapi: the data of an activity are no changes of attributes")

// Changes returns what became of each attribute, as an activity of the type ActivityAttributeChange says it. Data of another form are an
// error, and no data no changes.
func (d ActivityData) Changes() (map[string]Change, error) {
	if d.text == "" {
		return nil, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(d.text), &members) != nil {
		return nil, errNoChanges
	}
	changes := make(map[string]Change, len(members))
	for name, member := range members {
		var texts map[string]string
		if decode(member, reflect.ValueOf(&texts).Elem()) != nil {
			return nil, errNoChanges
		}
		changes[name] = Change{texts["from"], texts["to"]}
	}
	return changes, nil
}

// UnmarshalJSON keeps what the API answers.
func (d *ActivityData) UnmarshalJSON(b []byte) error {
	if !json.Valid(b) {
		return errors.New("appapi: the data of an activity are no JSON")
	}
	if d.text = string(bytes.TrimSpace(b)); d.text == "null" {
		d.text = ""
	}
	return nil
}

// MarshalJSON writes what was read.
func (d ActivityData) MarshalJSON() ([]byte, error) {
	if d.text == "" {
		return []byte("null"), nil
	}
	return []byte(d.text), nil
}

// Changes returns what became of each attribute, if the activity is a change of attributes.
func (a Activity) Changes() (map[string]Change, error) {
	if a.Type != ActivityAttributeChange {
		return nil, nil
	}
	return a.Data.Changes()
}
