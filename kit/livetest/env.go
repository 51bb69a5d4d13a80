package livetest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/ciokit/cio/kit/internal/textfile"
)

// ReadEnv returns what looks up a variable in the environment, and where that does not have it, or has it empty, in the file: lines of
// NAME=VALUE, where VALUE may stand in single or double quotes and the line may begin with export; empty lines and lines that begin with #
// are left out. A file that is not there is an empty one. Errors name the line and not what is in it.
func ReadEnv(path string) (func(string) string, error) {
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if text, err = textfile.Decode(text); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	values, err := parseEnv(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", path, err)
	}
	return func(name string) string {
		if v := os.Getenv(name); v != "" {
			return v
		}
		return values[name]
	}, nil
}

// parseEnv reads the lines of the file. An error begins with the number of its line.
func parseEnv(text string) (map[string]string, error) {
	values := make(map[string]string)
	for i, line := range strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, ok := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(name, " \t\"'") {
			return nil, fmt.Errorf("%d: not a line of NAME=VALUE", i+1)
		}
		if value, ok = unquoted(strings.TrimSpace(value)); !ok {
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
