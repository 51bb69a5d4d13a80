package c2sp

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

const header = "c2sp.org/tlog-proof@v1"

// The path in a tree of 2^63-1 entries has 63 hashes.
const maxPath = 63

// A Proof shows that an entry is in a log, to somebody who has the entry, the
// log's key and nothing else of the log.
type Proof struct {
	Extra      []byte           // of the application; nobody signs it
	Index      int64            // of the entry, from 0
	Path       tlog.RecordProof // from the entry's sibling up to the root's child
	Checkpoint []byte           // the signed note, verbatim
}

// Marshal returns the proof as the text of a .tlog-proof file. It returns an
// error for a proof that ParseProof would refuse.
func (p Proof) Marshal() ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("proof: %w", err)
	}
	text := append([]byte(header), '\n')
	if len(p.Extra) > 0 {
		text = fmt.Appendf(text, "extra %s\n", encode(p.Extra))
	}
	text = fmt.Appendf(text, "index %d\n", p.Index)
	for _, h := range p.Path {
		text = fmt.Appendf(text, "%s\n", encode(h[:]))
	}
	return append(append(text, '\n'), p.Checkpoint...), nil
}

// ParseProof reads the text of a .tlog-proof file. The proof is not verified:
// open its checkpoint with the log's key, then call tlog.CheckRecord. The
// error says which line is wrong and never shows the line.
func ParseProof(text []byte) (Proof, error) {
	head, checkpoint, ok := bytes.Cut(text, []byte("\n\n"))
	if !ok {
		return Proof{}, errors.New("proof: it has no empty line before the checkpoint")
	}
	p := Proof{Checkpoint: bytes.Clone(checkpoint)}
	lines := strings.Split(string(head), "\n")
	if lines[0] != header {
		return Proof{}, fmt.Errorf("proof: line 1 is not %q", header)
	}
	n := 1 // lines that are read
	var err error
	if extra, ok := prefixed(lines, n, "extra "); ok {
		if p.Extra, err = decode(extra); err != nil {
			return Proof{}, fmt.Errorf("proof: the extra data in line 2 %w", err)
		}
		if extra == "" {
			return Proof{}, errors.New("proof: line 2 has no extra data; leave the line out")
		}
		n++
	}
	index, ok := prefixed(lines, n, "index ")
	if !ok {
		return Proof{}, fmt.Errorf("proof: line %d does not start with \"index \"", n+1)
	}
	if p.Index, err = parseNumber(index); err != nil {
		return Proof{}, fmt.Errorf("proof: the index in line %d %w", n+1, err)
	}
	for n++; n < len(lines); n++ {
		h, err := parseHash(lines[n])
		if err != nil {
			return Proof{}, fmt.Errorf("proof: the hash in line %d %w", n+1, err)
		}
		p.Path = append(p.Path, h)
	}
	if err := p.check(); err != nil {
		return Proof{}, fmt.Errorf("proof: %w", err)
	}
	return p, nil
}

// prefixed returns the rest of line n, if there is such a line and it starts so.
func prefixed(lines []string, n int, prefix string) (string, bool) {
	if n >= len(lines) {
		return "", false
	}
	return strings.CutPrefix(lines[n], prefix)
}

func (p Proof) check() error {
	if len(p.Path) > maxPath {
		return fmt.Errorf("it has %d hashes; no tree needs more than %d", len(p.Path), maxPath)
	}
	// The signatures of a note follow its last empty line.
	i := bytes.LastIndex(p.Checkpoint, []byte("\n\n"))
	if i < 0 || !bytes.HasPrefix(p.Checkpoint[i+2:], []byte("— ")) || !bytes.HasSuffix(p.Checkpoint, []byte("\n")) {
		return errors.New("the checkpoint is not a signed note")
	}
	c, err := ParseCheckpoint(string(p.Checkpoint[:i+1]))
	if err != nil {
		return err
	}
	if p.Index < 0 || p.Index >= c.Size {
		return fmt.Errorf("the index %d is not in the checkpoint's tree of %d entries", p.Index, c.Size)
	}
	return nil
}
