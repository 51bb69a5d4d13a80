package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/spelling"
)

// checkDialect checks the parts of a dialect that are given.
func (c Config) checkDialect() error {
	if _, err := encodingOf(c.Encoding); err != nil {
		return err
	}
	if c.LineEnd != "" && c.LineEnd != LineEndLF && c.LineEnd != LineEndAny {
		return fmt.Errorf("source: the line end %q is not known; give %s (a line ends with LF or CRLF) or %s (it can also end with CR alone)%s", c.LineEnd, LineEndLF, LineEndAny, nearLineEnd(string(c.LineEnd)))
	}
	for _, q := range []struct {
		name string
		c    byte
	}{{"quote", c.Quote}, {"escape character", c.Escape}} {
		if q.c != 0 && q.c != None && (q.c >= 0x80 || q.c == '\r' || q.c == '\n' || q.c == c.Delimiter) {
			return fmt.Errorf("source: %q cannot be the %s; give a single ASCII character that is neither a line end nor the delimiter, or none", string(rune(q.c)), q.name)
		}
	}
	if c.Quote != 0 && c.Quote != None && c.Quote == c.Escape {
		return errors.New("source: the quote cannot be the escape character; leave the escape character out if quotes are doubled")
	}
	return nil
}

// nearLineEnd suggests the line end with the nearest name.
func nearLineEnd(name string) string {
	switch spelling.Nearest(name, []string{"lf", "crlf", "any", "cr"}) {
	case "lf", "crlf":
		return "; did you mean lf?"
	case "any", "cr":
		return "; did you mean any?"
	}
	return ""
}

// given reports whether a whole dialect is given.
func (c Config) given() bool {
	return c.Delimiter != 0 && !c.looks && c.Quote != 0 && c.Escape != 0 && c.LineEnd != ""
}

// dialects are the dialects of an input.
type dialects struct {
	known    []Dialect // of an earlier run; nil if there was none
	asBefore bool      // the earlier run kept none
	detected *Detection
}

// skips returns how many lines an earlier run has skipped.
func (d *dialects) skips() int {
	if len(d.known) == 0 {
		return 0
	}
	return d.known[0].SkipLines
}

func (d *dialects) found() ([]Dialect, []string) {
	if d.detected == nil {
		return nil, nil
	}
	return []Dialect{d.detected.Dialect}, d.detected.Evidence
}

// A Redialer is a Source that can read its files in the same way as an earlier run.
type Redialer interface {
	Source

	// ReadAs sets the dialects that Info returned in an earlier run. Without a dialect the files are read as before this package had dialects: what
	// the Config does not give is a comma or tab (by the file's name), double quotes and line feeds. It is called before Columns.
	ReadAs([]Dialect) error
}

func (t *text) ReadAs(known []Dialect) error {
	if t.framer != nil {
		if t.detected == nil || len(known) > 0 && known[0] == t.detected.Dialect {
			return nil
		}
		return errors.New("source: ReadAs was called after Columns")
	}
	t.known, t.asBefore = known, len(known) == 0
	if len(known) > 0 && known[0] == (Dialect{}) {
		t.known = nil
	}
	return nil
}

// skipLines skips so many lines and returns the number of the next line.
func (t *text) skipLines(ctx context.Context, n int) (line int64, err error) {
	w := &t.win
	c := &csvFramer{}
	line = 1
	for n > 0 {
		if t.cfg.LineEnd == LineEndAny || t.cfg.LineEnd == "" && line == 1 && bytes.IndexByte(w.rest(), '\n') < 0 {
			c.odd = &Dialect{LineEnd: LineEndAny}
		}
		end := c.endOfLine(w.rest(), w.err == io.EOF)
		if end >= 0 {
			w.pos += end
			line++
			n--
			continue
		}
		w.pos = len(w.buf) - (len(w.rest()) - len(bytes.TrimRight(w.rest(), "\r")))
		w.slide()
		if err := w.fill(ctx); err != nil {
			if err == io.EOF {
				err = &FormatError{Problem: "the input has no line after those to be skipped", Hint: "skip fewer"}
			}
			return line, err
		}
	}
	return line, nil
}

// quiet is how long a stream may send nothing before its dialect is judged by the data that it has sent.
const quiet = 200 * time.Millisecond

// sample fills the window with the beginning of the input.
func (t *text) sample(ctx context.Context) error {
	full := func(data []byte) bool { return len(data) >= sampleBytes }
	if t.watched != nil {
		return t.win.head(ctx, full)
	}
	for t.win.err == nil && !full(t.win.rest()) {
		waiting, stop := context.WithTimeout(ctx, quiet)
		err := t.win.fill(waiting)
		stop()
		switch {
		case err == nil:
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, context.DeadlineExceeded):
			if bytes.IndexByte(t.win.rest(), '\n') >= 0 {
				return nil
			}
		default:
			return err
		}
	}
	return nil
}

// delimited returns the framer for the rows of CSV.
func (t *text) delimited(ctx context.Context, line int64) (framer, error) {
	cfg, found := t.cfg, Detection{}
	switch {
	case len(t.known) > 0:
		found.Dialect = t.known[0]
	case t.asBefore:
		found.Dialect = Dialect{Delimiter: cfg.Delimiter, Quote: '"', Escape: None, LineEnd: LineEndLF, Encoding: cfg.Encoding, SkipLines: cfg.SkipLines}
		cfg.Quote, cfg.LineEnd = '"', LineEndLF
	case cfg.given():
		found.Dialect = Dialect{Delimiter: cfg.Delimiter, Quote: cfg.Quote, Escape: cfg.Escape, LineEnd: cfg.LineEnd, Encoding: cfg.Encoding, SkipLines: cfg.SkipLines}
	default:
		if err := t.sample(ctx); err != nil {
			return nil, err
		}
		looking := cfg
		if cfg.looks {
			looking.Delimiter = 0
		}
		var err error
		if cfg.Encoding == "" {
			if err := checkEncoding(t.win.rest()[:min(len(t.win.rest()), sampleBytes)], line); err != nil {
				return nil, err
			}
		}
		if found, err = detectDialect(t.win.rest(), t.win.err == io.EOF, looking, cfg.Delimiter, line); err != nil {
			return nil, err
		}
		more := found.SkipLines - cfg.SkipLines
		if line, err = t.skipMore(ctx, line, more); err != nil {
			return nil, err
		}
	}
	if t.says {
		found.show("The encoding is %s: the beginning of the input shows it", strings.ToUpper(cfg.Encoding))
	}
	t.detected, t.cfg.Delimiter = &found, found.Delimiter
	c := &csvFramer{delimiter: found.Delimiter, limit: cfg.MaxRowBytes, line: line, names: cfg.Columns, cfg: cfg}
	if !found.plain() {
		c.odd = &found.Dialect
	}
	return c, nil
}

// skipMore skips lines that the detection has found.
func (t *text) skipMore(ctx context.Context, line int64, n int) (int64, error) {
	if n <= 0 {
		return line, nil
	}
	at, err := t.skipLines(ctx, n)
	return line + at - 1, err
}
