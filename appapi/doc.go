// Package appapi reads from Customer.io's App API: what a workspace holds of people, segments and objects, the log of what happened to people,
// messages and what became of them, metrics, exports and imports.
//
// [NewClient] makes a [Client]; each part of the API is a method of it, such as [Client.Customers], and each operation a method of that:
//
//	person, err := client.Customers().Attributes(ctx, appapi.ByID("42"))
//	for segment, err := range client.Segments().Members(ctx, "7", appapi.MemberQuery{}) { ... }
//
// What comes in pages is an iterator, whose last pair has the error, if there is one. Times are time.Time. An id of a campaign, a segment or a type
// of objects is an [ID], whether the API writes it as a number or as text. What an answer holds beyond what the API's document lists is in the field
// Extra, and encoding an answer gives what came. [Client.Do] calls the operations that have no method.
//
// The App API has a key of its own, which is not the write key of a source, and a limit of 10 requests a second, to which a Client keeps by itself
// (docs/rules.md#the-app-api). The limit of package cio, which sends, is another one. What may pass is tried again, as package cio does.
//
// What was sent a moment ago is not necessarily there yet: Customer.io stores it after it has answered.
package appapi

//go:generate go run ../internal/gen -root ..
