// Package upgradetest holds nothing but tests: they read the files that earlier versions of this library have written, so that whoever upgrades
// between the two halves of a load, or with messages in an outbox, loses nothing. The files are in testdata, a directory for each version.
package upgradetest
