// Package places knows the directories that a program uses unasked, and says which variable names another where one of them cannot be used.
package places

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// State is where what has to outlive the process is kept: $XDG_STATE_HOME/ciokit/NAME, or the usual place where that is not set.
func State(name string) (string, error) {
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "ciokit", name), nil
	}
	if runtime.GOOS == "windows" {
		base, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("there is no place for what has to be kept: %w; set XDG_STATE_HOME to a directory for it", err)
		}
		return filepath.Join(base, "ciokit", name), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no place for what has to be kept: %w; set XDG_STATE_HOME to a directory for it, or HOME", err)
	}
	return filepath.Join(home, ".local", "state", "ciokit", name), nil
}

// MakeState makes a directory of State, for this user alone.
func MakeState(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return StateError(err)
	}
	return nil
}

// StateError says of an error below a directory of State what to do about it.
func StateError(err error) error {
	if unusable(err) {
		return fmt.Errorf("%w; set XDG_STATE_HOME to a directory that can be written", err)
	}
	return err
}

// TempError says of an error in the directory of temporary files what to do about it.
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

// unusable reports whether an error is about the directory and not about what is done in it.
func unusable(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || err != nil && readOnly(err)
}
