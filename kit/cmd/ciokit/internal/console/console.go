// Package console contains what a person sees of the command: where it reads and writes, and how all commands write their texts.
package console

import (
	"io"
	"log/slog"
	"os"

	"github.com/ciokit/cio/kit/internal/dotenv"
	"github.com/ciokit/cio/kit/internal/printed"
	"golang.org/x/term"
)

// Console is where a command reads and writes.
type Console struct {
	In       io.Reader
	Out, Err io.Writer
	// Env provides settings that are not in the environment. nil provides none, so that tests do not read a file by accident.
	Env *dotenv.File
}

// New returns a console with these streams.
func New(in io.Reader, out, err io.Writer) Console { return Console{In: in, Out: out, Err: err} }

// Safe returns the console for commands: no control character that they print has an effect on a terminal.
func (c Console) Safe() Console {
	c.Out, c.Err = &printed.Writer{W: c.Out}, &printed.Writer{W: c.Err}
	return c
}

// Saying returns the console with another standard error.
func (c Console) Saying(w io.Writer) Console {
	c.Err = w
	return c
}

// Terminal reports whether w is a terminal, so that output there can move the cursor and have colors.
func Terminal(w any) bool {
	f, ok := Raw(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Raw returns the writer below w, for output that needs control characters.
func Raw(w any) any {
	if safe, ok := w.(*printed.Writer); ok {
		return safe.W
	}
	return w
}

// Logger returns a logger of warnings for a person. It omits the time, and words replaces texts, such as FlagWords.
func Logger(w io.Writer, words func(string) string) *slog.Logger {
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch {
		case a.Key == slog.TimeKey:
			return slog.Attr{}
		case a.Value.Kind() == slog.KindString:
			a.Value = slog.StringValue(words(a.Value.String()))
		}
		return a
	}}))
}
