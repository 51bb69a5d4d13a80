// Package mapping is the language that says which messages of Customer.io the rows of an input become.
//
// [Read] and [Parse] read a [Mapping] from YAML and report everything that is wrong with it. [Propose] writes one for an input that has none yet.
// [Mapping.Compile] checks it against the columns of an input, and a [Mapper] of the result makes the messages of one row after the other. It returns
// encoded messages, or a [ValueError] with the column, field and rule of the problem. A row becomes all of its messages or none. Messages that are
// sent although they may be a mistake are reported as [Warnings].
//
// Package load sends the messages of a mapping, and reports on each row.
package mapping
