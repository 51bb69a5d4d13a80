// Package show puts tables, charts, JSON, progress and checked claims into the output of a Go notebook's cell.
//
// Inside GoNB, the Go kernel for Jupyter, a table is HTML and a chart a PNG, each with a plain text form beside it. Anywhere else, as in a
// program or a test, the plain text form alone goes to standard output. The plain text depends on nothing but the values: what is measured,
// and so differs from run to run, is left out of it where a chart says so.
//
// Everything is a struct literal with a Show method, or a function:
//
//	show.Table{Columns: []string{"id", "plan"}, Rows: [][]any{{"ann", "pro"}}}.Show()
//	show.Bar{Title: "Events by name", Unit: "events", Counts: counts}.Show()
//	show.Accepted(client.Send(ctx, message))
//	show.Verify(show.Equal("people", stats.People, 3))
//
// [Accepted], [Rejected] and [Verify] end the cell, with exit status 1 and a sentence on standard error, if what they say does not hold.
//
// A cell should print either through this package or through package fmt: in a notebook the two take different ways, and their order is not
// defined. All functions are for one goroutine at a time, apart from the methods of [Progress].
package show
