package appapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"time"
)

// ActivityData is the data of an activity. Its form depends on the type of the activity: Delivery, Changes and Properties read it, and JSON
// returns it unchanged. You can compare two of them with ==. The zero value has no data.
type ActivityData struct{ text string }

// ActivityDelivery is what the activity of a message says about its delivery.
type ActivityDelivery struct {
	DeliveryID string `json:"delivery_id"`
	// Delivered is when it was delivered; zero if it was not.
	Delivered time.Time `json:"delivered"`
	Opened    bool      `json:"opened"`
	// Extra is what else the answer contained.
	Extra Extra `json:"-"`
}

// UnmarshalJSON reads an answer of the API.
func (v *ActivityDelivery) UnmarshalJSON(b []byte) error { return unmarshal(b, v) }

// MarshalJSON writes what was read, with Extra.
func (v ActivityDelivery) MarshalJSON() ([]byte, error) { return marshal(v) }

// Change is an attribute before and after a change. Both are text, as all attributes in the App API, whatever was sent. An empty text means
// that there was no such attribute.
type Change struct{ From, To string }

// JSON returns the data unchanged; nil for none.
func (d ActivityData) JSON() json.RawMessage {
	if d.text == "" {
		return nil
	}
	return json.RawMessage(d.text)
}

// Delivery returns what the data say about the delivery of a message. It returns false for activities that are not about a message.
func (d ActivityData) Delivery() (ActivityDelivery, bool) {
	var delivery ActivityDelivery
	if d.text == "" || unmarshal([]byte(d.text), &delivery) != nil {
		return ActivityDelivery{}, false
	}
	return delivery, delivery.DeliveryID != ""
}

// Properties returns the properties of an event, a page or a screen, as JSON; nil if the data are not an object.
func (d ActivityData) Properties() map[string]json.RawMessage {
	var properties map[string]json.RawMessage
	if d.text == "" || json.Unmarshal([]byte(d.text), &properties) != nil {
		return nil
	}
	return properties
}

// errNoChanges says that the answer is not in the documented form.
var errNoChanges = errors.New("appapi: the data of the activity are not changes of attributes")

// Changes returns each changed attribute, for an activity of the type ActivityAttributeChange. Data in another form are an error. Without
// data it returns no changes.
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

// UnmarshalJSON keeps a copy of the data.
func (d *ActivityData) UnmarshalJSON(b []byte) error {
	if !json.Valid(b) {
		return errors.New("appapi: the data of an activity are not JSON")
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
