// Package dotenv reads settings from the environment and, if that does not have them, from a file .env. All commands follow the same rule.
package dotenv

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/textfile"
)

// File is a file .env. It is read only when the environment does not have a setting. A nil File is an empty one.
//
// A variable of the environment that is not empty has precedence. From the file, only names that begin with CUSTOMERIO_ or CIOKIT_ are used, except
// CIOKIT_LIVE: it lets tests and notebooks send to a real workspace, so it must be given each time and is not a setting.
type File struct {
	path string

	mu     sync.Mutex
	read   bool
	values map[string]string
	others bool // can read the file
	err    error
	taken  []string // since the last call of Done
}

// At returns the file at a path. If there is no file, or if it is a directory (some Python tools name one .env), it is empty.
func At(path string) *File { return &File{path: path} }

// liveEnv lets tests and notebooks send to a real workspace.
const liveEnv = "CIOKIT_LIVE"

// passedOn is a line in files of Docker that has only the name of a variable to pass on.
var passedOn = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// counts reports whether the file can set this name.
func counts(name string) bool {
	return name != liveEnv && (strings.HasPrefix(name, "CUSTOMERIO_") || strings.HasPrefix(name, "CIOKIT_"))
}

// Get returns a variable of the environment, or the value in the file; empty if neither has it. Done reports errors of the file.
func (f *File) Get(name string) string {
	if v := os.Getenv(name); v != "" || f == nil || !counts(name) {
		return v
	}
	f.Load()
	f.mu.Lock()
	defer f.mu.Unlock()
	v := f.values[name]
	if v != "" && !slices.Contains(f.taken, name) {
		f.taken = append(f.taken, name)
	}
	return v
}

// Load reads the file, unless it was already read.
func (f *File) Load() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.read {
		f.read = true
		f.values, f.others, f.err = readFile(f.path)
	}
}

// Done writes to w one line with the settings that came from the file since the last call, and another line if other users can read the file. The
// error is a failure to read the file; it contains nothing of the file's contents.
func (f *File) Done(w io.Writer) error {
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil || len(f.taken) == 0 {
		return f.err
	}
	fmt.Fprintf(w, "%s sets %s\n", f.path, strings.Join(f.taken, ", "))
	if f.others {
		fmt.Fprintf(w, "Warning: other users can read %s: chmod 600 %[1]s\n", f.path)
	}
	f.taken, f.others = nil, false
	return nil
}

// readFile reads the names that count, and whether other users can read the file.
func readFile(path string) (map[string]string, bool, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || err == nil && info.IsDir() {
		return nil, false, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, false, err
	}
	if text, err = textfile.Decode(text); err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	values, err := Parse(string(text))
	if err != nil {
		return nil, false, fmt.Errorf("%s:%w", path, err)
	}
	return values, places.OthersRead(info), nil
}

// Parse reads lines of NAME=VALUE. VALUE can be in single or double quotes, and the line can begin with export. It returns the variables whose names
// count. Lines with other names belong to other programs and are ignored, even if their values span several lines. An error begins with the line
// number and contains nothing of the line.
func Parse(text string) (map[string]string, error) {
	values := make(map[string]string)
	until := "" // the quote that ends a multi-line value of another program
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if until != "" {
			if strings.Contains(line, until) {
				until = ""
			}
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		switch {
		case ok && counts(name) && !strings.ContainsAny(name, " \t\"':"):
		case strings.Contains(name, "CUSTOMERIO_"), strings.Contains(name, "CIOKIT_") && name != liveEnv, !ok && !strings.ContainsAny(name, " \t") && !passedOn.MatchString(name):
			return nil, fmt.Errorf("%d: not a line of NAME=VALUE", i+1)
		default:
			if _, closed := unquoted(value); !closed && !strings.Contains(value[1:], value[:1]) {
				until = value[:1]
			}
			continue
		}
		if value, ok = unquoted(value); !ok {
			return nil, fmt.Errorf("%d: the quote is not closed, or something follows it", i+1)
		}
		values[name] = value
	}
	return values, nil
}

func unquoted(s string) (string, bool) {
	if s == "" || s[0] != '"' && s[0] != '\'' {
		value, _, _ := strings.Cut(s, " #")
		return strings.TrimSpace(value), true
	}
	value, rest, ok := strings.Cut(s[1:], s[:1])
	rest = strings.TrimSpace(rest)
	return value, ok && (rest == "" || rest[0] == '#')
}
