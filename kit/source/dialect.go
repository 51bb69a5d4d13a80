package source

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// Dialect says how delimited text is written. A journal keeps its JSON form.
type Dialect struct {
	// Delimiter separates fields.
	Delimiter byte
	// Quote encloses fields that contain delimiters or line ends. It is None if quotes are text, Unseen if that is unknown.
	Quote byte
	// Escape makes the next character data. It is None if a quote in a quoted field is doubled.
	Escape byte
	// LineEnd says what ends a line.
	LineEnd LineEnd
	// Encoding is one of those of Config.Encoding; empty for UTF-8.
	Encoding string
	// SkipLines is how many lines are before the header.
	SkipLines int
}

// Values of Dialect.Quote and Dialect.Escape, and of the fields of Config with these names.
const (
	// None means that there is no such character.
	None byte = 0xff
	// Unseen is a Quote that the beginning of the input does not show. A field that begins with a quote is then rejected: the quote may be text, or
	// it may enclose the field.
	Unseen byte = 0xfe
)

// LineEnd says what ends a line of text outside of quotes.
type LineEnd string

const (
	// LineEndLF is a line feed, with or without a carriage return before it.
	LineEndLF LineEnd = "lf"
	// LineEndAny is LineEndLF, a single carriage return, or CR CR LF.
	LineEndAny LineEnd = "any"
)

// plain reports whether rows are written as in RFC 4180, with any delimiter.
func (d Dialect) plain() bool { return d.Quote == '"' && d.Escape == None && d.LineEnd != LineEndAny }

// Flags returns the command's flags that read an input in this dialect, whatever the input shows. It leaves out flags for the defaults of every
// input.
func (d Dialect) Flags() []string {
	var flags []string
	if d.SkipLines > 0 {
		flags = append(flags, "--skip-rows "+strconv.Itoa(d.SkipLines))
	}
	if d.Encoding != "" {
		flags = append(flags, "--encoding "+d.Encoding)
	}
	if d.Delimiter != ',' {
		flags = append(flags, "--delimiter "+flagText(d.Delimiter))
	}
	if d.Quote != '"' && d.Quote != Unseen {
		flags = append(flags, "--quote "+flagText(d.Quote))
	}
	if d.Escape != None {
		flags = append(flags, "--escape "+flagText(d.Escape))
	}
	if d.LineEnd == LineEndAny {
		flags = append(flags, "--line-end any")
	}
	return flags
}

// flagText writes a character of a dialect as a shell needs it for a flag.
func flagText(c byte) string {
	switch {
	case c == None:
		return "none"
	case c == '\t':
		return `'\t'`
	case c == '\'':
		return `"'"`
	case c < ' ' || c >= 0x7f:
		return fmt.Sprintf(`'\x%02x'`, c)
	}
	return "'" + string(rune(c)) + "'"
}

// charName names a character of a dialect in a sentence.
func charName(c byte) string {
	switch {
	case c == ',':
		return "a comma"
	case c == ';':
		return "a semicolon"
	case c == '\t':
		return "a tab"
	case c == '|':
		return "a bar"
	case c < ' ' || c >= 0x7f:
		return fmt.Sprintf(`the control character \x%02x`, c)
	}
	return "the character " + string(rune(c))
}

type dialectJSON struct {
	Delimiter string  `json:"delimiter"`
	Quote     string  `json:"quote"`
	Escape    string  `json:"escape"`
	LineEnd   LineEnd `json:"line_end"`
	Encoding  string  `json:"encoding"`
	SkipLines int     `json:"skip_lines,omitempty"`
}

// MarshalJSON writes a character as a string, None as none and Unseen as unseen.
func (d Dialect) MarshalJSON() ([]byte, error) {
	encoding := d.Encoding
	if encoding == "" {
		encoding = "utf-8"
	}
	return json.Marshal(dialectJSON{string(rune(d.Delimiter)), charText(d.Quote), charText(d.Escape), d.LineEnd, encoding, d.SkipLines})
}

// UnmarshalJSON reads what MarshalJSON writes.
func (d *Dialect) UnmarshalJSON(text []byte) error {
	var j dialectJSON
	if err := json.Unmarshal(text, &j); err != nil {
		return err
	}
	read := Dialect{LineEnd: j.LineEnd, Encoding: j.Encoding, SkipLines: j.SkipLines}
	for _, c := range []struct {
		text string
		to   *byte
	}{{j.Delimiter, &read.Delimiter}, {j.Quote, &read.Quote}, {j.Escape, &read.Escape}} {
		var err error
		if *c.to, err = charOf(c.text); err != nil {
			return err
		}
	}
	if read.Encoding == "utf-8" {
		read.Encoding = ""
	}
	if _, err := encodingOf(read.Encoding); err != nil {
		return err
	}
	if !delimits(string(rune(read.Delimiter))) || read.Delimiter == 0 || read.SkipLines < 0 || read.LineEnd != LineEndLF && read.LineEnd != LineEndAny {
		return fmt.Errorf("source: %s is not a dialect", text)
	}
	*d = read
	return nil
}

func charText(c byte) string {
	switch c {
	case None:
		return "none"
	case Unseen:
		return "unseen"
	}
	return string(rune(c))
}

func charOf(text string) (byte, error) {
	switch {
	case text == "none":
		return None, nil
	case text == "unseen":
		return Unseen, nil
	case len(text) == 1 && text[0] < 0x80 && text[0] > 0:
		return text[0], nil
	}
	return 0, fmt.Errorf("source: %q is not a character of a dialect", text)
}

// Detection is what the beginning of an input shows about its dialect.
type Detection struct {
	Dialect
	// Evidence gives the reasons in sentences, with line numbers, for everything that is not the default of every input. It contains no data of the
	// rows.
	Evidence []string
	// Rows is how many rows were read; Bad is how many of them do not fit this dialect.
	Rows, Bad int
}

// sampleBytes is how much of an input is read to detect its dialect.
const sampleBytes = 256 << 10

func (d *Detection) show(format string, args ...any) {
	d.Evidence = append(d.Evidence, strings.TrimSpace(fmt.Sprintf(format, args...)))
}
