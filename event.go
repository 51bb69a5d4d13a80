package cio

// Event is what a Track reports. A type of one's own needs only the name; its other fields are encoded as the event's properties by
// encoding/json:
//
//	type TrialStarted struct {
//		Plan string `json:"plan"`
//	}
//
//	func (TrialStarted) EventName() string { return "Trial Started" }
//
// Three further methods are used where an event has them. AppendJSON(dst []byte) ([]byte, error) appends the properties, a JSON object,
// in place of encoding/json; what it appends is checked. EventContext() any returns a value that encodes to a JSON object and is merged
// into the message's context, under what the message itself says there; nil adds nothing. Missing() string names a required field that is not
// set, such as properties.email_id, and the message is rejected; "" means that there is none.
type Event interface {
	// EventName returns the name as Customer.io shows it.
	EventName() string
}

// Named makes an event of a name and its properties, any value that encodes to a JSON object; nil means none.
func Named(name string, properties any) Event {
	return namedEvent{name, properties}
}

type namedEvent struct {
	name       string
	properties any
}

func (e namedEvent) EventName() string { return e.name }

// Verbatim is Named for a name that looks like a misspelt semantic event and is meant as it stands: it is sent without a rejection and
// without a warning, as an ordinary event.
func Verbatim(name string, properties any) Event {
	return verbatimEvent{name, properties}
}

type verbatimEvent struct {
	name       string
	properties any
}

func (e verbatimEvent) EventName() string { return e.name }

// properties returns what encodes to the event's properties.
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

// eventContext is the optional interface of events that carry a part of their payload in the message's context.
type eventContext interface{ EventContext() any }

// completeness is the optional interface of events with required fields.
type completeness interface{ Missing() string }

// checkEvent refuses an event that lacks what it cannot do without.
func checkEvent(e Event, name string) error {
	if c, ok := e.(completeness); ok {
		if field := c.Missing(); field != "" {
			return reject(field, RuleRequired, name+" cannot do without it")
		}
	}
	return nil
}

// The events that act on people, devices and objects instead of being stored (docs/rules.md#objects, #devices and #semantic-events).
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
