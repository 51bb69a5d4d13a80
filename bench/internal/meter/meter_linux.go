// Package meter measures what its own process has used. It reads /proc, so it works on Linux only.
package meter

import (
	"bufio"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Reading is what the process has used since it began.
type Reading struct {
	At         time.Time
	CPU        time.Duration // user and system
	Mallocs    uint64
	AllocBytes uint64
}

// Read takes a reading. It stops the world for a moment.
func Read() (Reading, error) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	cpu, err := CPU()
	return Reading{At: time.Now(), CPU: cpu, Mallocs: m.Mallocs, AllocBytes: m.TotalAlloc}, err
}

// CPU returns the user and system time of the process.
func CPU() (time.Duration, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, fmt.Errorf("getrusage: %w", err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), nil
}

// Memory returns the resident memory now and at its peak, in bytes. getrusage would return the peak of the parent process if that was
// larger.
func Memory() (now, peak int64, err error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, 0, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		name, rest, _ := strings.Cut(lines.Text(), ":")
		var to *int64
		switch name {
		case "VmRSS":
			to = &now
		case "VmHWM":
			to = &peak
		default:
			continue
		}
		if _, err := fmt.Sscanf(rest, "%d kB", to); err != nil {
			return 0, 0, fmt.Errorf("/proc/self/status: %s: %w", name, err)
		}
		*to <<= 10
	}
	return now, peak, lines.Err()
}
