package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
)

// ByteSize writes a number of bytes with the unit that suits it.
func ByteSize(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return plural.Count(n, "byte", "bytes")
}

// Seconds writes how long something took.
func Seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) + " s" }

// ShortPath is a path as seen from the working directory, where that is shorter.
func ShortPath(path string) string {
	dir, err := os.Getwd()
	if err != nil {
		return path
	}
	if short, err := filepath.Rel(dir, path); err == nil && len(short) < len(path) {
		return short
	}
	return path
}

// Printable returns a name as it is, or quoted where a terminal would act on it.
func Printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
