// Package console is what a person sees of the command: where it reads and writes, and how it writes what every command says.
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
	// Env is where settings come from that the environment does not have. nil is nowhere, so that a test reads none that lie about.
	Env *dotenv.File
}

// New returns a console of these.
func New(in io.Reader, out, err io.Writer) Console { return Console{In: in, Out: out, Err: err} }

// Safe returns the console as commands are to write to it: nothing that they print acts on a terminal.
func (c Console) Safe() Console {
	c.Out, c.Err = &printed.Writer{W: c.Out}, &printed.Writer{W: c.Err}
	return c
}

// Saying returns the console with another standard error.
func (c Console) Saying(w io.Writer) Console {
	c.Err = w
	return c
}

// Terminal reports whether w is one, so that what is written there may move and have colours.
func Terminal(w any) bool {
	f, ok := Raw(w).(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Raw is where w writes to as it is, for what has control characters of its own.
func Raw(w any) any {
	if safe, ok := w.(*printed.Writer); ok {
		return safe.W
	}
	return w
}

// Logger returns a logger of warnings for a person to read: it leaves out the time, and words puts texts into the words of the command, such as FlagWords.
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
