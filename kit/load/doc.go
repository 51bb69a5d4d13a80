// Package load sends the rows of a file or stream to Customer.io as messages, and accounts for every one of them.
//
// A [mapping.Mapping], read from YAML, says which messages a row becomes. [Run] reads a [source.Source], maps each row, sends the messages in the
// order of the rows through a [cio.Client], and returns a [Summary] whose counts add up, whatever happened on the way. A row that cannot be
// read or mapped never stops a run and never disappears: it is counted and written to the rejects, with its line and the reason.
//
// A run can be resumed by its [Journal], send only what has changed since an earlier one by [ChangeOnly], and be told of by a [Report]. Rows
// come from files and databases, or from an iterator by [source.Rows].
//
// Memory does not grow with the input: up to three batches of messages, with the rows they come from, are held at a time.
package load
