// Package appapi reads from Customer.io's App API: the people, segments and objects of a workspace, the log of what happened to people,
// messages and their delivery, metrics, exports and imports.
//
// [NewClient] makes a [Client]. Each part of the API is a method of the Client, such as [Client.Customers], and each operation is a method
// of that part:
//
//	person, err := client.Customers().Attributes(ctx, appapi.ByID("42"))
//	for segment, err := range client.Segments().Members(ctx, "7", appapi.MemberQuery{}) { ... }
//
// Lists that come in pages are iterators; if there is an error, it is in the last pair. Times are time.Time. The id of a campaign, a
// segment or a type of objects is an [ID], whether the API writes it as a number or as text. Members of an answer that the API's document
// does not list are in the field Extra, so an encoded answer is complete. [Client.Do] calls the operations that have no method.
//
// The App API has its own key, which is not the write key of a source. It allows 10 requests a second, and a Client keeps to this limit
// (docs/rules.md#the-app-api). It is not the limit of package cio. Temporary failures are retried by the same rules as in package cio.
//
// Data that was sent a moment ago may not be there yet: Customer.io stores it after it has answered.
package appapi

//go:generate go run ../internal/gen -root ..
