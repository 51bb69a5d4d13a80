// Package livetest contains one suite of cases that runs unchanged against the emulator and against a real workspace of Customer.io, and experiments
// for questions that no document of Customer.io answers.
//
// A [Suite] sends people, events, objects and so on with package cio. If it has an App API key, it reads the results back with package appapi. go
// test always runs it against the emulator. It runs it against a real workspace only if [Allowed] says so, which requires more than a key and a
// region. ciokit live run does the same from the command line.
//
// # What is left behind
//
// Every identifier is ciokit_test_{area}_{run}_{n}. It is on disk, in a [Ledger], before anything is sent for it. Everything is deleted at the end,
// even after failures. Items that could not be deleted stay in the ledger, for ciokit live clean. But this does not remove what Customer.io derives
// from the data, such as the names of events and attributes in its data index, or campaigns that were triggered: use a separate workspace.
package livetest
