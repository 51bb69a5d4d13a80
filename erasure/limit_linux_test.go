package erasure_test

import (
	"os/signal"
	"syscall"
)

// limitFiles limits each file to n bytes: a write over that is short, and the next one fails.
func limitFiles(n uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}

func limitsFiles() error { return nil }
