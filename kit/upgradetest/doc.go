// Package upgradetest contains only tests. They read the files that earlier versions of this library have written, so that an upgrade in the middle
// of a load, or with messages in an outbox, loses nothing. The files are in testdata, one directory for each version.
package upgradetest
