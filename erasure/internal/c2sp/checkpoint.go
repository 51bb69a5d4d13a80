// Package c2sp reads and writes the two text formats of transparency logs that
// golang.org/x/mod lacks: the checkpoint (https://c2sp.org/tlog-checkpoint) of
// a log of any origin, and the proof of one entry
// (https://c2sp.org/tlog-proof).
//
// Both readers are strict: what they accept is written back with the same
// bytes. Neither reader checks a signature or a hash against a tree: see
// golang.org/x/mod/sumdb/note and tlog.
package c2sp

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/tlog"
)

// A Checkpoint is the text of a note that a log signs: how many entries its
// tree has, and the tree's hash.
type Checkpoint struct {
	Origin     string // names the log; not empty
	Size       int64  // entries in the tree
	Hash       tlog.Hash
	Extensions []string // further lines, each without its newline; mostly none
}

// Marshal returns the text of the note, without signatures. It returns an
// error for a checkpoint that ParseCheckpoint would refuse.
func (c Checkpoint) Marshal() ([]byte, error) {
	if c.Size < 0 {
		return nil, fmt.Errorf("checkpoint: the size %d is negative", c.Size)
	}
	if err := checkLine(c.Origin); err != nil {
		return nil, fmt.Errorf("checkpoint: the origin %w", err)
	}
	text := fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, encode(c.Hash[:]))
	for i, line := range c.Extensions {
		if err := checkLine(line); err != nil {
			return nil, fmt.Errorf("checkpoint: extension line %d %w", i+1, err)
		}
		text = append(append(text, line...), '\n')
	}
	return text, nil
}

// ParseCheckpoint reads the text of a note, without signatures. The error says
// which line is wrong and never shows the line.
func ParseCheckpoint(text string) (Checkpoint, error) {
	body, ended := strings.CutSuffix(text, "\n")
	lines := strings.Split(body, "\n")
	if len(lines) < 3 {
		return Checkpoint{}, errors.New("checkpoint: it needs an origin, a size and a hash, one a line")
	}
	if !ended {
		return Checkpoint{}, errors.New("checkpoint: the last line has no newline")
	}
	for i, line := range lines {
		if err := checkLine(line); err != nil {
			return Checkpoint{}, fmt.Errorf("checkpoint: line %d %w", i+1, err)
		}
	}
	c := Checkpoint{Origin: lines[0], Extensions: lines[3:]}
	var err error
	if c.Size, err = parseNumber(lines[1]); err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: the size in line 2 %w", err)
	}
	if c.Hash, err = parseHash(lines[2]); err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: the hash in line 3 %w", err)
	}
	if len(c.Extensions) == 0 {
		c.Extensions = nil
	}
	return c, nil
}

// checkLine tells what a line of a signed note may not be. Spaces are allowed:
// the Go checksum database has some in its origin.
func checkLine(line string) error {
	switch {
	case line == "":
		return errors.New("is empty")
	case !utf8.ValidString(line):
		return errors.New("is not UTF-8")
	case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' }):
		return errors.New("has a control character")
	}
	return nil
}

func parseNumber(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || s != strconv.FormatInt(n, 10) {
		return 0, errors.New("is not a decimal number from 0 to 2^63-1 without leading zeros")
	}
	return n, nil
}

func parseHash(s string) (tlog.Hash, error) {
	b, err := decode(s)
	if err != nil {
		return tlog.Hash{}, err
	}
	if len(b) != tlog.HashSize {
		return tlog.Hash{}, fmt.Errorf("has %d bytes, want %d", len(b), tlog.HashSize)
	}
	return tlog.Hash(b), nil
}

func encode(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

// decode refuses what encode does not write. The decoder of the standard
// library skips carriage returns even in its strict form.
func decode(s string) ([]byte, error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err != nil || encode(b) != s {
		return nil, errors.New("is not standard base64 with padding")
	}
	return b, nil
}
