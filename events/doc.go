// Package events holds the semantic events of Customer.io's Data Pipelines API, one struct each: events whose names Customer.io and the
// destinations behind it know, with the properties they know them by.
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
// Only what is set. Strings and slices are left out when empty, times when zero, numbers and booleans when the pointer is nil, since zero
// and false mean something: Go's new(0) and new(false) make them. No property is required of most events; where some are, the struct's
// documentation marks them and its method Missing names the first that is not set. AppendJSON does not refuse such an event. encoding/json
// writes what AppendJSON appends.
//
// Customer.io takes any property, so every struct also has a map for further ones, called Extra, whose members follow the named ones in the
// order of their names. A member that has the name of a field of the struct is an error, whether that field is set or not. So are
// numbers that JSON does not know, NaN and the infinities, and times outside the years 0 to 9999. Such an error names the
// property, as in products[2].price. Enums are open: a value outside the constants is sent as it is.
//
// The events of devices and emails carry a part of their payload in the message's context; their method EventContext returns that part.
//
// # Commands
//
// Nine events are commands. Customer.io carries them out and keeps no event of them: [DeviceCreatedOrUpdated], [DeviceDeleted],
// [UserDeleted], [UserSuppressed], [UserUnsuppressed], [RelationshipDeleted], [ObjectDeleted], [ReportDeliveryEvent] and
// [ReportContentEvent]. Three of them destroy what cannot be brought back. Package cio has a message of its own for each, which also
// sees to the identifiers that they need.
//
// # Catalogue
//
// [All] and [Lookup] describe the events as data, for programs that complete, check or map names.
package events

//go:generate go run ../internal/gen -root ..
