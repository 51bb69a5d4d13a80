package erasure

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
)

// WriteTargets writes people in clear to a new file, with mode 0600, and returns its hash for the plan. The file is personal data: it is kept outside the receipt, and
// nobody needs it once the people have been verified.
func WriteTargets(file string, targets []Target) (hash [sha256.Size]byte, err error) {
	if _, err := os.Lstat(file); err == nil {
		return hash, fmt.Errorf("erasure: %s is there already, and may be the targets of another plan: name another file", file)
	}
	var text []byte
	for i := range targets {
		line, err := json.Marshal(&targets[i])
		if err != nil {
			return hash, &TargetError{i, fmt.Errorf("it is no text")}
		}
		text = append(append(text, line...), '\n')
	}
	if err := writeFile(file, text); err != nil {
		return hash, fmt.Errorf("erasure: %w", err)
	}
	return sha256.Sum256(text), nil
}

// ReadTargets reads a file that WriteTargets wrote, and returns its hash. No error quotes it.
func ReadTargets(file string) (targets []Target, hash [sha256.Size]byte, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, hash, fmt.Errorf("erasure: %w", err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var t Target
		in := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		in.DisallowUnknownFields()
		if err := in.Decode(&t); err != nil || in.More() {
			return nil, hash, fmt.Errorf("erasure: line %d of %s is no target", len(targets)+1, file)
		}
		targets = append(targets, t)
	}
	if err := lines.Err(); err != nil {
		return nil, hash, fmt.Errorf("erasure: line %d of %s is too long", len(targets)+1, file)
	}
	return targets, sha256.Sum256(text), nil
}
