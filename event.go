package cio

// Event is what a [Track] reports. A type of your own needs only the method EventName; encoding/json encodes its fields as the properties of
// the event:
//
//	type TrialStarted struct {
//		Plan string `json:"plan"`
//	}
//
//	func (TrialStarted) EventName() string { return "Trial Started" }
//
// An event may have three more methods. AppendJSON(dst []byte) ([]byte, error) appends the properties, a JSON object, instead of
// encoding/json; its output is checked. EventContext() any returns a value that encodes to a JSON object. It is merged into the message's
// context, and the message's own context wins; nil adds nothing. Missing() string names a required field that is not set, such as
// properties.email_id, and the message is rejected; "" means that none is missing.
type Event interface {
	// EventName returns the name as Customer.io shows it.
	EventName() string
}

// Named makes an event from a name and its properties. The properties are any value that encodes to a JSON object; nil means none.
func Named(name string, properties any) Event {
	return namedEvent{name, properties}
}

type namedEvent struct {
	name       string
	properties any
}

func (e namedEvent) EventName() string { return e.name }

// Verbatim does the same as [Named]. Use it for a name that looks like a misspelt semantic event and is not one. The event is sent as an
// ordinary event, without a rejection and without a warning.
func Verbatim(name string, properties any) Event {
	return verbatimEvent{name, properties}
}

type verbatimEvent struct {
	name       string
	properties any
}

func (e verbatimEvent) EventName() string { return e.name }

// properties returns the value that encodes to the properties of the event.
func properties(e Event) any {
	switch e := e.(type) {
	case namedEvent:
		return e.properties
	case verbatimEvent:
		return e.properties
	case command:
		return e.properties
	}
	return e
}

// eventContext is the optional interface of events that put a part of their data into the message's context.
type eventContext interface{ EventContext() any }

// completeness is the optional interface of events with required fields.
type completeness interface{ Missing() string }

// checkEvent refuses an event that lacks a required field.
func checkEvent(e Event, name string) error {
	if c, ok := e.(completeness); ok {
		if field := c.Missing(); field != "" {
			return reject(field, RuleRequired, name+" requires it")
		}
	}
	return nil
}

// The events that Customer.io acts on and does not store as events (docs/rules.md#objects, #devices and #semantic-events).
const (
	eventUserDeleted         = "User Deleted"
	eventUserSuppressed      = "User Suppressed"
	eventUserUnsuppressed    = "User Unsuppressed"
	eventDeviceSet           = "Device Created or Updated"
	eventDeviceDeleted       = "Device Deleted"
	eventObjectDeleted       = "Object Deleted"
	eventRelationshipDeleted = "Relationship Deleted"
	eventReportDelivery      = "Report Delivery Event"
	eventReportContent       = "Report Content Event"
)
