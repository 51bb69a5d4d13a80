// Package mapping is the language that says which messages of Customer.io the rows of an input become.
//
// [Read] and [Parse] take a [Mapping] from YAML and name everything that is wrong with it; [Propose] writes one for an input that nobody has mapped
// yet. [Mapping.Compile] checks it against the columns of an input, and a [Mapper] of what that gives makes the messages of one row after the other:
// encoded messages, or a [ValueError] that says which column, field and rule stood in the way. A row is all or nothing. What is sent all the same and
// may be a mistake is told as [Warnings].
//
// Package load sends what a mapping makes, and accounts for it.
package mapping
