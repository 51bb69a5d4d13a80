// Package places knows the directories that a program uses by default. If one of them cannot be used, the error names the variable that sets another.
package places

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// State is the directory for data that must remain after the process ends: $XDG_STATE_HOME/ciokit/NAME, or the usual place if that is not set.
func State(name string) (string, error) { return place("XDG_STATE_HOME", name, userStateDir) }

// Config is the directory for the user's settings: $XDG_CONFIG_HOME/ciokit/NAME, or the usual place.
func Config(name string) (string, error) { return place("XDG_CONFIG_HOME", name, os.UserConfigDir) }

// Cache is the directory for data that can be made again: $XDG_CACHE_HOME/ciokit/NAME, or the usual place.
func Cache(name string) (string, error) { return place("XDG_CACHE_HOME", name, os.UserCacheDir) }

// place uses the variable's directory on every system, and otherwise the one that the system has.
func place(variable, name string, usual func() (string, error)) (string, error) {
	base := os.Getenv(variable)
	if !filepath.IsAbs(base) {
		var err error
		if base, err = usual(); err != nil {
			return "", fmt.Errorf("there is no directory for %s: %w; set %s to a directory", name, err, variable)
		}
	}
	return filepath.Join(base, "ciokit", name), nil
}

func userStateDir() (string, error) {
	if runtime.GOOS == "windows" {
		return os.UserCacheDir()
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state"), err
}

// MakeState makes a directory of State that only this user can read.
func MakeState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return StateError(err)
	}
	return nil
}

// StateError adds to an error below a directory of State what to do about it.
func StateError(err error) error {
	if unusable(err) {
		return fmt.Errorf("%w; set XDG_STATE_HOME to a directory that can be written", err)
	}
	return err
}

// TempError adds to an error in the directory of temporary files what to do about it.
func TempError(err error) error {
	switch {
	case !unusable(err):
		return err
	case runtime.GOOS == "windows":
		return fmt.Errorf("%w; set TMP to a directory that can be written", err)
	}
	return fmt.Errorf("%w; set TMPDIR to a directory that can be written", err)
}

// MkdirTemp is os.MkdirTemp in the directory of temporary files.
func MkdirTemp(pattern string) (string, error) {
	dir, err := os.MkdirTemp("", pattern)
	return dir, TempError(err)
}

// unusable reports whether an error is about the directory itself.
func unusable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || err != nil && readOnly(err)
}

// OthersRead reports whether users other than the owner can read a file. On Windows the file's mode does not show that; the rights of its directory
// decide.
func OthersRead(file os.FileInfo) bool {
	return runtime.GOOS != "windows" && file.Mode().IsRegular() && file.Mode().Perm()&0o077 != 0
}
