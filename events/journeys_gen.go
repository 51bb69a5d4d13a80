// Code generated from spec/events.txt by internal/gen. DO NOT EDIT.

package events

import "github.com/ciokit/cio/internal/wire"

// DeviceCreatedOrUpdated adds a device to a person, or updates the device that has the same token. On the wire it is
// "Device Created or Updated".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
type DeviceCreatedOrUpdated struct {
	// The push token, which identifies the device. It is sent as context.device.token. Required.
	Token string `json:"-"`
	// The operating system. The documents make it optional; every SDK sends it. It is sent as context.device.type.
	Platform Platform `json:"-"`
	// The bundle identifier or package name of the app, which becomes the device attribute app_identifier. It is sent as
	// context.app.namespace.
	AppNamespace string `json:"-"`
	// The attributes of the device, such as device_os, device_model, app_version and push_enabled. They are sent as
	// properties, as Customer.io's own SDKs do.
	Attributes map[string]any `json:"-"`
}

// EventName returns "Device Created or Updated".
func (DeviceCreatedOrUpdated) EventName() string { return "Device Created or Updated" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e DeviceCreatedOrUpdated) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Attributes, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e DeviceCreatedOrUpdated) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e DeviceCreatedOrUpdated) Missing() string {
	switch {
	case e.Token == "":
		return "context.device.token"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e DeviceCreatedOrUpdated) EventContext() any {
	if e.Token == "" && e.Platform == "" && e.AppNamespace == "" {
		return nil
	}
	return deviceCreatedOrUpdatedContext(e)
}

type deviceCreatedOrUpdatedContext DeviceCreatedOrUpdated

func (c deviceCreatedOrUpdatedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("device")
	o.String("token", c.Token)
	o.String("type", string(c.Platform))
	o.Close()
	o.Open("app")
	o.String("namespace", c.AppNamespace)
	o.Close()
	return o.End()
}

func (c deviceCreatedOrUpdatedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// DeviceDeleted removes a device from a person; pushes no longer reach it. On the wire it is "Device Deleted".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
type DeviceDeleted struct {
	// The push token, which identifies the device. It is sent as context.device.token. Required.
	Token string `json:"-"`
	// The operating system. It is sent as context.device.type.
	Platform Platform `json:"-"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Device Deleted".
func (DeviceDeleted) EventName() string { return "Device Deleted" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e DeviceDeleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e DeviceDeleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e DeviceDeleted) Missing() string {
	switch {
	case e.Token == "":
		return "context.device.token"
	}
	return ""
}

// EventContext returns the part for the message's context, or nil if none of it is set.
func (e DeviceDeleted) EventContext() any {
	if e.Token == "" && e.Platform == "" {
		return nil
	}
	return deviceDeletedContext(e)
}

type deviceDeletedContext DeviceDeleted

func (c deviceDeletedContext) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Open("device")
	o.String("token", c.Token)
	o.String("type", string(c.Platform))
	o.Close()
	return o.End()
}

func (c deviceDeletedContext) MarshalJSON() ([]byte, error) { return c.AppendJSON(nil) }

// UserDeleted deletes a person with all attributes and history. On the wire it is "User Deleted".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
//
// This cannot be undone. The same person can be added again and starts with nothing. The message's UserID may be an
// email address. Customer.io ignores the properties; other destinations may use them.
type UserDeleted struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "User Deleted".
func (UserDeleted) EventName() string { return "User Deleted" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e UserDeleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e UserDeleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// UserSuppressed deletes a person and refuses the same identifier until it is unsuppressed. On the wire it is "User
// Suppressed".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
//
// This cannot be undone: UserUnsuppressed ends the refusal and restores nothing. Later messages for the person have no
// effect. It is an assumption that the API answers them with 200. Customer.io ignores the properties.
type UserSuppressed struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "User Suppressed".
func (UserSuppressed) EventName() string { return "User Suppressed" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e UserSuppressed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e UserSuppressed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// UserUnsuppressed allows a suppressed identifier again; deleted data stays deleted. On the wire it is "User
// Unsuppressed".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
//
// Customer.io ignores the properties.
type UserUnsuppressed struct {
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "User Unsuppressed".
func (UserUnsuppressed) EventName() string { return "User Unsuppressed" }

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e UserUnsuppressed) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.Extra(e.Extra, nil)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e UserUnsuppressed) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// RelationshipDeleted ends the relationship between a person and an object; both remain. On the wire it is
// "Relationship Deleted".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs a UserID.
//
// The message's UserID may be an email address.
type RelationshipDeleted struct {
	// The identifier of the object. Required.
	ObjectID string `json:"objectId,omitempty"`
	// The number of the object's type in the workspace. If it is missing, Customer.io uses 1.
	ObjectTypeID *int `json:"objectTypeId,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Relationship Deleted".
func (RelationshipDeleted) EventName() string { return "Relationship Deleted" }

var relationshipDeletedKeys = []string{"objectId", "objectTypeId"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e RelationshipDeleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("objectId", e.ObjectID)
	o.Int("objectTypeId", e.ObjectTypeID)
	o.Extra(e.Extra, relationshipDeletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e RelationshipDeleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e RelationshipDeleted) Missing() string {
	switch {
	case e.ObjectID == "":
		return "properties.objectId"
	}
	return ""
}

// ObjectDeleted deletes an object and all its relationships. On the wire it is "Object Deleted".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The message needs an AnonymousID.
//
// This cannot be undone. The message needs an AnonymousID, but any value will do: Customer.io ignores it.
type ObjectDeleted struct {
	// The identifier of the object. Required.
	ObjectID string `json:"objectId,omitempty"`
	// The number of the object's type in the workspace. If it is missing, Customer.io uses 1.
	ObjectTypeID *int `json:"objectTypeId,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Object Deleted".
func (ObjectDeleted) EventName() string { return "Object Deleted" }

var objectDeletedKeys = []string{"objectId", "objectTypeId"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ObjectDeleted) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("objectId", e.ObjectID)
	o.Int("objectTypeId", e.ObjectTypeID)
	o.Extra(e.Extra, objectDeletedKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ObjectDeleted) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e ObjectDeleted) Missing() string {
	switch {
	case e.ObjectID == "":
		return "properties.objectId"
	}
	return ""
}

// ReportDeliveryEvent reports what happened to a message after Customer.io sent it, and is counted in the metrics of
// that message. On the wire it is "Report Delivery Event".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// The schema requires neither identifier; the backend requires one of them. Customer.io's mobile SDKs send the delivery
// identifier as the AnonymousID.
type ReportDeliveryEvent struct {
	// The identifier of the delivery, which is in the message. Required.
	DeliveryID string `json:"deliveryId,omitempty"`
	// What happened. Required.
	Metric DeliveryMetric `json:"metric,omitempty"`
	// Who received it: an address, a number, or the device's identifier for an in-app message.
	Recipient string `json:"recipient,omitempty"`
	// Why it failed.
	Reason string `json:"reason,omitempty"`
	// The link that was clicked.
	Href string `json:"href,omitempty"`
	// The name of the action that was clicked in an in-app message.
	ActionName string `json:"actionName,omitempty"`
	// The value of the action that was clicked in an in-app message.
	ActionValue string `json:"actionValue,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Report Delivery Event".
func (ReportDeliveryEvent) EventName() string { return "Report Delivery Event" }

var reportDeliveryEventKeys = []string{"deliveryId", "metric", "recipient", "reason", "href", "actionName", "actionValue"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ReportDeliveryEvent) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("deliveryId", e.DeliveryID)
	o.String("metric", string(e.Metric))
	o.String("recipient", e.Recipient)
	o.String("reason", e.Reason)
	o.String("href", e.Href)
	o.String("actionName", e.ActionName)
	o.String("actionValue", e.ActionValue)
	o.Extra(e.Extra, reportDeliveryEventKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ReportDeliveryEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e ReportDeliveryEvent) Missing() string {
	switch {
	case e.DeliveryID == "":
		return "properties.deliveryId"
	case e.Metric == "":
		return "properties.metric"
	}
	return ""
}

// ReportContentEvent reports a view of, or a click in, an anonymous in-app message. On the wire it is "Report Content
// Event".
//
// It is a command: Customer.io carries it out and keeps no event of it.
//
// Customer.io's browser SDK sends it by itself. The schema requires neither identifier; send one of them.
type ReportContentEvent struct {
	// What the visitor did. Required.
	ActionType ContentAction `json:"actionType,omitempty"`
	// The identifier of the anonymous message.
	ContentID *int `json:"contentId,omitempty"`
	// The identifier of the variant within it.
	TemplateID *int `json:"templateId,omitempty"`
	// The kind of content; the browser SDK sends in_app_content.
	ContentType string `json:"contentType,omitempty"`
	// The name of the action that was clicked.
	ActionName string `json:"actionName,omitempty"`
	// The value of the action that was clicked.
	ActionValue string `json:"actionValue,omitempty"`
	// Other properties, by their names on the wire. The name of a field of this struct is an error.
	Extra map[string]any `json:"-"`
}

// EventName returns "Report Content Event".
func (ReportContentEvent) EventName() string { return "Report Content Event" }

var reportContentEventKeys = []string{"actionType", "contentId", "templateId", "contentType", "actionName", "actionValue"}

// AppendJSON appends the properties. See the package comment for what is left out and what is an error.
func (e ReportContentEvent) AppendJSON(dst []byte) ([]byte, error) {
	o := wire.NewObject(dst)
	o.String("actionType", string(e.ActionType))
	o.Int("contentId", e.ContentID)
	o.Int("templateId", e.TemplateID)
	o.String("contentType", e.ContentType)
	o.String("actionName", e.ActionName)
	o.String("actionValue", e.ActionValue)
	o.Extra(e.Extra, reportContentEventKeys)
	return o.End()
}

// MarshalJSON returns what AppendJSON appends.
func (e ReportContentEvent) MarshalJSON() ([]byte, error) { return e.AppendJSON(nil) }

// Missing returns the path in the message of the first required field that is not set, or the empty string.
func (e ReportContentEvent) Missing() string {
	switch {
	case e.ActionType == "":
		return "properties.actionType"
	}
	return ""
}
