//go:build !unix

package livetest

import "os"

// lockFile does nothing: the system has no locks that end with the process and that the standard library can take.
func lockFile(*os.File) error { return nil }
