// Package exit has the exit codes of the command, and the errors that end it with one of them.
package exit

import (
	"errors"
	"fmt"
)

// The exit codes of every command. ciokit exit-codes says what they mean, and which one is used if several apply.
const (
	OK          = 0
	Local       = 1
	Usage       = 2
	Key         = 3
	Guard       = 4
	Unavailable = 5
	Rejects     = 6
	Changed     = 7
	Interrupted = 130
	Terminated  = 143
)

// The causes of a command's context that a signal has ended.
var (
	ErrInterrupted = errors.New("stopped by a signal") // Ctrl-C
	ErrTerminated  = errors.New("terminated")          // SIGTERM
)

// Error ends the command with a code. A nil Err means that everything has been printed.
type Error struct {
	Code int
	Err  error

	misused bool // the command line is wrong
}

func (e *Error) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("exit code %d", e.Code)
	}
	return e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

// With ends the command with a code and prints err. A nil err means that everything has been printed. With never returns nil.
func With(code int, err error) error { return &Error{Code: code, Err: err} }

// Fail is With for an error that fmt.Errorf makes from format and args. With Usage it says that the command line is wrong.
func Fail(code int, format string, args ...any) error {
	return &Error{code, fmt.Errorf(format, args...), code == Usage}
}

// Misused reports whether the command line is wrong, so that it helps to show how to call the command. It is false for errors in files.
func Misused(err error) bool {
	var e *Error
	if !errors.As(err, &e) {
		return err != nil
	}
	return e.Code == Usage && (e.misused || errors.As(e.Err, &e) && e.misused)
}

// CodeOf returns the exit code of an error: OK for nil, and Usage for an error without a code, because only the flag parser returns such errors.
func CodeOf(err error) int {
	var e *Error
	switch {
	case err == nil:
		return OK
	case errors.As(err, &e):
		return e.Code
	}
	return Usage
}
