package main

import (
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/pflag"
)

// dialectFlags are the flags that say how CSV is written.
func (o *loadOptions) dialectFlags(fl *pflag.FlagSet) {
	fl.StringVar(&o.Delimiter, "delimiter", "", `separator of CSV fields: one character, \t, or a code such as \x01; default found from the input`)
	fl.StringVar(&o.Quote, "quote", "", "quote around CSV fields: one character, or none if quotes are text; default found from the input")
	fl.StringVar(&o.Escape, "escape", "", `character in CSV that escapes the next one, such as \, or none; default found from the input`)
	fl.StringVar(&o.LineEnd, "line-end", "", "end of a CSV line: lf and crlf mean the same, LF or CRLF ends a line; any and cr mean the same, CR alone ends a line too; default found from the input")
	fl.BoolVar(&o.AllRows, "all-rows", false, "treat every CSV row as data, also one that looks like a second header, a line of dashes, a row count or totals")
}

// sourceConfig says how the input is read.
func (o *loadOptions) sourceConfig() (source.Config, error) {
	cfg := source.Config{Format: source.Format(o.Format), Encoding: o.Encoding, Columns: o.Columns, SkipLines: o.SkipRows, LineEnd: source.LineEnd(strings.ToLower(o.LineEnd)), JSONPath: o.JSONPath, AllRows: o.AllRows}
	for _, c := range []struct {
		flag, text string
		to         *byte
		such       string
	}{{"delimiter", o.Delimiter, &cfg.Delimiter, `such as ';', or \t for a tab`}, {"quote", o.Quote, &cfg.Quote, `such as '"', or the word none if quotes are text`}, {"escape", o.Escape, &cfg.Escape, `such as '\', or the word none`}} {
		one, ok := characterOf(c.text)
		if !ok || one == source.None && c.flag == "delimiter" {
			return cfg, exit.Fail(exit.Usage, "--%s must be one ASCII character, %s%s", c.flag, c.such, nearCharacter(c.text))
		}
		*c.to = one
	}
	switch cfg.LineEnd {
	case "", source.LineEndLF, source.LineEndAny:
	case "crlf":
		cfg.LineEnd = source.LineEndLF
	case "cr":
		cfg.LineEnd = source.LineEndAny
	default:
		return cfg, exit.Fail(exit.Usage, "--line-end must be lf, crlf, any or cr: lf and crlf mean the same (LF or CRLF ends a line), and any and cr mean the same (CR alone ends a line too)%s", console.Meant(o.LineEnd, "lf", "any", "crlf", "cr"))
	}
	return cfg, nil
}

// nearCharacter suggests the character that a word names.
func nearCharacter(text string) string {
	for _, c := range []struct{ word, flag string }{{"semicolon", "';'"}, {"comma", "','"}, {"pipe", "'|'"}, {"tab", `\t`}, {"tabulator", `\t`}, {"colon", "':'"}, {"space", "' '"}, {"quote", `'"'`}, {"backslash", `'\'`}, {"none", "none"}} {
		if spelling.Nearest(text, []string{c.word}) != "" {
			return "; did you mean " + c.flag + "?"
		}
	}
	return ""
}

// characterOf reads a flag that is a character, 0 for none given.
func characterOf(text string) (byte, bool) {
	switch {
	case text == "":
		return 0, true
	case text == "none":
		return source.None, true
	case text == "tab" || text == `\t`:
		return '\t', true
	case len(text) == 1:
		return text[0], text[0] < 0x80 && text[0] > 0
	}
	if hex, ok := strings.CutPrefix(text, `\x`); ok {
		n, err := strconv.ParseUint(hex, 16, 7)
		return byte(n), err == nil && n > 0
	}
	return 0, false
}
