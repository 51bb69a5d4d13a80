package livetest

import (
	"io"

	"github.com/ciokit/cio/kit/internal/dotenv"
)

// ReadEnv returns a function that looks up a variable in the environment and, if it is missing or empty there, in the file. All commands of ciokit
// follow this rule: from the file, only names that begin with CUSTOMERIO_ or CIOKIT_ are used, except CIOKIT_LIVE. A missing file counts as an empty
// one. Errors name the line and do not show its contents.
func ReadEnv(path string) (func(string) string, error) {
	file := dotenv.At(path)
	file.Load()
	return file.Get, file.Done(io.Discard)
}
