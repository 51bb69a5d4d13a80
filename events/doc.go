// Package events has a struct for each semantic event of Customer.io's Data Pipelines API. Customer.io and the destinations behind it know
// the names and the properties of these events.
//
//	client.Send(ctx, cio.Track{UserID: "u1", Event: events.OrderCompleted{
//		OrderID:  "o-17",
//		Total:    new(39.9),
//		Currency: "EUR",
//		Products: []events.Product{{ProductID: "p1", Quantity: new(2)}},
//	}})
//
// # What is sent
//
// Only fields that are set are sent. Strings and slices are left out if they are empty, times if they are zero, numbers and booleans if the
// pointer is nil. They are pointers because zero and false are values: Go's new(0) and new(false) make them. Most events require no
// property. If an event does, the documentation of its struct marks the property, and its method Missing names the first one that is not
// set. AppendJSON does not refuse such an event. encoding/json writes what AppendJSON appends.
//
// Customer.io accepts any property. So every struct also has a map for other properties, called Extra. Its members follow the named ones,
// in the order of their names. A member with the name of a field of the struct is an error, whether that field is set or not. Other errors
// are numbers that JSON does not know, NaN and the infinities, and times outside the years 0 to 9999. The error names the property, as in
// products[2].price. Enums are open: a value outside the constants is sent unchanged.
//
// The events of devices and emails have a part of their data in the message's context; their method EventContext returns that part.
//
// # Commands
//
// Nine events are commands. Customer.io carries them out and keeps no event of them: [DeviceCreatedOrUpdated], [DeviceDeleted],
// [UserDeleted], [UserSuppressed], [UserUnsuppressed], [RelationshipDeleted], [ObjectDeleted], [ReportDeliveryEvent] and
// [ReportContentEvent]. Three of them delete data that cannot be restored. Package cio has a message for each, which also sets the
// identifiers that the event needs.
//
// # Catalogue
//
// [All] and [Lookup] describe the events as data, for programs that complete, check or map names.
package events

//go:generate go run ../internal/gen -root ..
