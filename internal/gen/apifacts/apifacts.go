// Package apifacts extracts from an OpenAPI document what can be tested: the paths, methods, parameters, names, types, values and limits.
// It extracts no text that was written to be read. The facts of Customer.io's documents are files of spec/, so that the tests that need
// them also run where the documents are missing.
package apifacts

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Names are the documents whose facts are in spec/: the two that events.txt is compared with, the older first, and that of the App API.
var Names = []string{"pipelines-2025-08.json", "pipelines-2026-08.json", "app-api-2025-07.json"}

// Extract returns the facts of a document as the text of a file: JSON of the form of the document itself, one member a line, and the members
// in order. What occurs more than once stands under "shared" and is referred to. The same document gives the same bytes.
func Extract(document []byte) ([]byte, error) {
	tree, err := decode(document)
	if err != nil {
		return nil, err
	}
	facts := extractFacts(tree)
	sum := sha256.Sum256(document)
	facts["sha256"] = hex.EncodeToString(sum[:])
	if shared := share(facts); len(shared) > 0 {
		facts["shared"] = shared
	}
	return format(facts), nil
}

// File is where the facts of a document are in the repository.
func File(root, name string) string { return filepath.Join(root, "spec", "facts", name) }

// Read returns the facts of a document, as Expand does.
func Read(root, name string) ([]byte, error) {
	facts, err := os.ReadFile(File(root, name))
	if err != nil {
		return nil, err
	}
	full, err := Expand(facts)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", File(root, name), err)
	}
	return full, nil
}

// Expand returns facts as one document of JSON, which refers to nothing under "shared" any more.
func Expand(facts []byte) ([]byte, error) {
	tree, err := decode(facts)
	if err != nil {
		return nil, err
	}
	shared, _ := tree["shared"].(map[string]any)
	delete(tree, "shared")
	full, err := expandSchema(tree, shared, 0)
	if err != nil {
		return nil, err
	}
	return json.Marshal(full)
}

func decode(text []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return tree, nil
}

// No document nests as deep: what does refers to itself.
const maxDepth = 200

func expandSchema(v any, shared map[string]any, depth int) (any, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("more than %d levels: a part refers to itself", maxDepth)
	}
	switch v := v.(type) {
	case map[string]any:
		if ref, ok := v["$ref"].(string); ok && strings.HasPrefix(ref, sharedPrefix) {
			part, ok := shared[strings.TrimPrefix(ref, sharedPrefix)]
			if !ok {
				return nil, fmt.Errorf("%s is not there", ref)
			}
			return expandSchema(part, shared, depth+1)
		}
		out := make(map[string]any, len(v))
		for name, value := range v {
			full, err := expandSchema(value, shared, depth+1)
			if err != nil {
				return nil, err
			}
			out[name] = full
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, value := range v {
			full, err := expandSchema(value, shared, depth+1)
			if err != nil {
				return nil, err
			}
			out[i] = full
		}
		return out, nil
	}
	return v, nil
}
