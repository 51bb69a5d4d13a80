package livetest

import (
	"io"

	"github.com/ciokit/cio/kit/internal/dotenv"
)

// ReadEnv returns what looks up a variable in the environment, and where that does not have it, or has it empty, in the file, by the rule of all
// commands of ciokit: of the file only names count that begin with CUSTOMERIO_ or CIOKIT_, and CIOKIT_LIVE does not. A file that is not there is an
// empty one. Errors name the line and not what is in it.
func ReadEnv(path string) (func(string) string, error) {
	file := dotenv.At(path)
	file.Load()
	return file.Get, file.Done(io.Discard)
}
