package livetest

import "os"

// deep reports whether the long cases run.
func deep() bool { return os.Getenv("CIOKIT_DEEP") == "1" }
