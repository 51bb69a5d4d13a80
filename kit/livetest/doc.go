// Package livetest holds one suite of cases that runs unchanged against the emulator and against a real workspace of Customer.io, and
// experiments for what no document of Customer.io's settles.
//
// A [Suite] sends what people, events, objects and so on are made of, with package cio, and, where it has an App API key, reads back with package
// appapi what became of it. go test runs it against the emulator always, and against a real workspace only where [Allowed] says so, which takes
// more than a key and a region; ciokit live run does the same from the command line.
//
// # What is left behind
//
// Every identifier is ciokit_test_{area}_{run}_{n}. It is on disk, in a [Ledger], before anything is sent for it, and everything is deleted at
// the end, after failures too. What could not be deleted stays in the ledger, for ciokit live clean. Not even that takes back what Customer.io
// derives from the data, such as the names of events and attributes in its data index, or campaigns that were triggered: use a workspace of
// its own.
package livetest
