// Package lines holds nothing but tests: the lines of Go of docs/parity.md, each run against the emulator in strict mode. It is a package of
// its own so that the test beside it can write them anew even when they do not compile.
package lines
