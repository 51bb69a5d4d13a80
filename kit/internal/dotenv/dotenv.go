// Package dotenv reads settings from the environment and, where that has none, from a file .env, by the one rule of all commands.
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

// File is a file .env. It is read when the environment does not have a setting, and never before. A nil File is an empty one.
//
// The environment wins: a variable of it that is not empty is what counts. Of the file only names count that begin with CUSTOMERIO_ or CIOKIT_,
// and CIOKIT_LIVE does not: that tests and notebooks may send to a real workspace is no setting, and has to be said each time.
type File struct {
	path string

	mu     sync.Mutex
	read   bool
	values map[string]string
	others bool // may read it
	err    error
	taken  []string // since Done was called last
}

// At returns the file at a path. One that is not there is empty, and so is a directory of that name, in which Python keeps what it needs.
func At(path string) *File { return &File{path: path} }

// liveEnv lets tests and notebooks send to a real workspace.
const liveEnv = "CIOKIT_LIVE"

// passedOn is a line of Docker's files that is the name of a variable to pass on.
var passedOn = regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`)

// counts reports whether a name is one that the file may set.
func counts(name string) bool {
	return name != liveEnv && (strings.HasPrefix(name, "CUSTOMERIO_") || strings.HasPrefix(name, "CIOKIT_"))
}

// Get returns a variable of the environment, or what the file has; empty if neither has it. Done says what was wrong with the file.
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

// Load reads the file, unless it has been read.
func (f *File) Load() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.read {
		f.read = true
		f.values, f.others, f.err = readFile(f.path)
	}
}

// Done says on w what the file has decided since the last call, in one line, and in another if others can read the file. The error is that it
// cannot be read, which it names without anything that is in it.
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
		fmt.Fprintf(w, "Warning: %s can be read by others; chmod 600 it\n", f.path)
	}
	f.taken, f.others = nil, false
	return nil
}

// readFile reads the names that count, and whether others can read the file.
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

// Parse reads lines of NAME=VALUE, where VALUE may stand in single or double quotes and the line may begin with export. It returns those whose
// names count. Lines of other names are those of another program: whatever they hold is left out, also values of several lines. An error begins
// with the number of its line and holds nothing of it.
func Parse(text string) (map[string]string, error) {
	values := make(map[string]string)
	until := "" // the quote that ends another program's value of several lines
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
