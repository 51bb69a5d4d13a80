package erasure

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
)

// WriteTargets writes people in clear to a new file, with mode 0600, and returns the file's hash for the plan. The file is personal data: keep it
// outside of the receipt, and delete it when the people have been verified.
func WriteTargets(file string, targets []Target) (hash [sha256.Size]byte, err error) {
	if _, err := os.Lstat(file); err == nil {
		return hash, fmt.Errorf("erasure: %s exists already, and may have the targets of another plan: name another file", file)
	}
	var text []byte
	for i := range targets {
		for _, id := range append([]string{targets[i].ID}, targets[i].Also...) {
			if err := checkID(id); err != nil {
				return hash, &TargetError{i, err}
			}
		}
		line, err := json.Marshal(&targets[i])
		if err != nil {
			return hash, &TargetError{i, errors.New("it is not text")}
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
	if targets, err = parseTargets(text); err != nil {
		return nil, hash, fmt.Errorf("erasure: %s: %w%s", file, err, lineEnds(text))
	}
	return targets, sha256.Sum256(text), nil
}

// parseTargets accepts only what WriteTargets writes: no other spelling, no member twice.
func parseTargets(text []byte) (targets []Target, err error) {
	for line := range bytes.Lines(text) {
		var t Target
		in := json.NewDecoder(bytes.NewReader(line))
		in.DisallowUnknownFields()
		err := in.Decode(&t)
		if err == nil {
			again, _ := json.Marshal(&t) // it came from JSON, so this cannot fail
			if string(again)+"\n" != string(line) {
				err = errors.New("another spelling")
			}
		}
		if err != nil {
			return nil, fmt.Errorf("line %d is not a target as ciokit writes it; use the file as ciokit wrote it", len(targets)+1)
		}
		targets = append(targets, t)
	}
	return targets, nil
}
