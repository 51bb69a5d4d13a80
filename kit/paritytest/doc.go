// Package paritytest holds nothing but tests: they turn the lines of Go in the tables of docs/parity.md into package lines, where they are
// compiled and run, so that the tables cannot claim what is not there.
package paritytest
