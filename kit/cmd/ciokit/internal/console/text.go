package console

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ciokit/cio/kit/internal/plural"
)

// ByteSize writes a number of bytes with a suitable unit.
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

// Took is like Seconds, for times that can be hours: from two minutes on it writes minutes and hours.
func Took(s float64) string {
	switch d := time.Duration(s * float64(time.Second)).Round(time.Second); {
	case d < 2*time.Minute:
		return Seconds(s)
	case d < time.Hour:
		return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
}

// ShortPath is a path relative to the working directory, if that is shorter.
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

// InWorkingDirectory removes the working directory from paths below it, as the user wrote them.
func InWorkingDirectory(text string) string {
	dir, err := os.Getwd()
	if err != nil || dir == filepath.Dir(dir) {
		return text
	}
	return regexp.MustCompile(`(^|[\s:"'(=])`+regexp.QuoteMeta(dir+string(filepath.Separator))).ReplaceAllString(text, "$1")
}

// HintsOnce removes from each line a hint that an earlier line already has. A hint is what follows a semicolon.
func HintsOnce(text string) string {
	lines := strings.Split(text, "\n")
	said := make(map[string]bool)
	for i, line := range lines {
		var kept []string
		for j, part := range strings.Split(line, "; ") {
			if j > 0 && said[part] {
				continue
			}
			kept = append(kept, part)
			said[part] = j > 0
		}
		lines[i] = strings.Join(kept, "; ")
	}
	return strings.Join(lines, "\n")
}

// Printable returns a name, quoted if it has control characters.
func Printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}
