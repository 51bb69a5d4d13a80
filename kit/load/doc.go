// Package load sends the rows of a file or stream to Customer.io as messages, and accounts for every one of them.
//
// A [mapping.Mapping], read from YAML, says which messages a row becomes. [Run] reads a [source.Source], maps each row, sends the messages in the
// order of the rows through a [cio.Client], and returns a [Summary] whose counts add up, even after an error. A row that cannot be read or mapped
// never stops a run and is never lost: it is counted and written to the rejects, with its line and the reason.
//
// With a [Journal], a run can be resumed. With [ChangeOnly], it sends only what has changed since an earlier one. A [Report] describes it. Rows come
// from files and databases, or from an iterator with [source.Rows].
//
// Memory does not grow with the input: at most three batches of messages, with the rows they come from, are in memory at a time.
package load
