// Package idlist reads lists with one id in each line. It refuses lines that do not clearly name one id.
package idlist

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Words are the names of a field and a flag, for the hints of errors.
type Words struct {
	// Column names the setting for the column with the ids, Encoding the setting for the encoding of the text.
	Column, Encoding string
}

// Line is a line with an id.
type Line struct {
	// Number counts the lines from 1.
	Number int64
	// Text is the whole line, and ID the id in it: without the spaces around it and without quotes.
	Text, ID string
}

// Lines calls f with each line of a text that has an id. The first lines that are not blank, as many as headers says, are headers and are left out.
// Lines end with LF, CRLF or CR. An id can be in double quotes, as in CSV. If a line does not clearly name one id, the error is a
// *source.FormatError, which does not quote the line.
func Lines(r io.Reader, headers int, words Words, f func(Line) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 64<<10)
	lines.Split(splitLines)
	number := int64(0)
	for lines.Scan() {
		number++
		line := mapping.TrimID(lines.Text())
		if line == "" {
			continue
		}
		if headers > 0 {
			headers--
			continue
		}
		if err := CheckText(number, line, words); err != nil {
			return err
		}
		id, problem := unquotedLine(line)
		if problem != "" {
			return &source.FormatError{Line: number, Problem: "the line " + problem, Hint: "if this is part of an id, put the id into double quotes; if the list is a table, name the column with the ids (" + words.Column + ")"}
		}
		if err := f(Line{number, lines.Text(), id}); err != nil {
			return err
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return &source.FormatError{Line: number + 1, Problem: "the line is longer than 64 KiB", Hint: "write one id in each line"}
	}
	return lines.Err()
}

// splitLines is bufio.ScanLines for lines that can also end with CR alone.
func splitLines(data []byte, atEOF bool) (advance int, token []byte, err error) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && (!atEOF || len(data) == 0):
		return 0, nil, nil
	case i < 0:
		return len(data), data, nil
	case data[i] == '\n' || i+1 < len(data) && data[i+1] != '\n':
		return i + 1, data[:i], nil
	case i+1 < len(data):
		return i + 2, data[:i], nil
	case atEOF:
		return i + 1, data[:i], nil
	}
	return 0, nil, nil // the next byte decides
}

// unquotedLine returns the id in a line that has no spaces around it, or the problem that makes it unclear.
func unquotedLine(line string) (id, problem string) {
	if line[0] == '"' {
		inner := line[1:]
		if len(inner) == 0 || inner[len(inner)-1] != '"' {
			return "", "begins with a quote and does not end with one"
		}
		inner = inner[:len(inner)-1]
		id := strings.ReplaceAll(inner, `""`, "\x00")
		if strings.Contains(id, `"`) {
			return "", "has a quote within quotes"
		}
		return strings.ReplaceAll(id, "\x00", `"`), ""
	}
	for _, c := range []struct{ char, name string }{{",", "a comma"}, {";", "a semicolon"}, {"\t", "a tab"}, {"|", "a bar"}, {`"`, "a quote"}} {
		if strings.Contains(line, c.char) {
			return "", "has " + c.name + " in it"
		}
	}
	switch first, _ := utf8.DecodeRuneInString(line); {
	case strings.IndexFunc(line, unicode.IsSpace) >= 0:
		return "", "has a space in it"
	case strings.ContainsRune("[]{}()<>", first):
		return "", "begins with a bracket"
	}
	return line, ""
}

// CheckText refuses text that was probably written in another format or encoding.
func CheckText(line int64, text string, words Words) error {
	bad := func(problem, hint string) error {
		return &source.FormatError{Line: line, Problem: problem, Hint: hint}
	}
	switch first, _ := utf8.DecodeRuneInString(mapping.TrimID(text)); {
	case strings.HasPrefix(text, "PAR1"):
		return bad("the list is a Parquet file", "name the column with the ids ("+words.Column+")")
	case strings.HasPrefix(text, "PK\x03\x04"):
		return bad("the list is a ZIP archive or a spreadsheet", "save it as CSV")
	case strings.IndexByte(text, 0) >= 0:
		return bad("the text contains a NUL character", "check that it is a text file; if it is UTF-16 without a byte order mark, give the encoding ("+words.Encoding+" utf-16le)")
	case strings.ContainsAny(text, "\r\n"):
		return bad("the id has a line end in it", "check for a missing or an extra quote")
	case !utf8.ValidString(text) || strings.ContainsRune(text, utf8.RuneError):
		return bad("the text is not in the encoding that is used to read it", "give its encoding, such as windows-1252 ("+words.Encoding+")")
	case strings.ContainsRune("'`‘’‚“”„«»‹›", first):
		return bad("the id begins with a quotation mark that is not a double quote", "remove the marks, or use double quotes")
	}
	return nil
}
