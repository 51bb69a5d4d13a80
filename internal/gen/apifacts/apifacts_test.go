package apifacts

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

const root = "../../.."

// TestFactsAreThoseOfTheDocuments compares spec/facts with the documents if these are available.
func TestFactsAreThoseOfTheDocuments(t *testing.T) {
	t.Parallel()
	for _, name := range Names {
		path := filepath.Join(root, "..", "shared", "specs", name)
		document, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			t.Skipf("%s, optional reference material, is not there: spec/facts cannot be compared with it", path)
		}
		if err != nil {
			t.Fatal(err)
		}
		want, err := Extract(document)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(File(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what %s says; go run ./internal/gen -documents ../shared/specs writes it", File(root, name), path)
		}
		tree, err := decode(document)
		if err != nil {
			t.Fatal(err)
		}
		facts := extractFacts(tree)
		full, err := Read(root, name)
		if err != nil {
			t.Fatal(err)
		}
		expanded, err := decode(full)
		if err != nil {
			t.Fatal(err)
		}
		delete(expanded, "sha256")
		if !reflect.DeepEqual(expanded, facts) {
			t.Errorf("%s: the facts written and read again are others", name)
		}
	}
}

// TestFactsHaveNoSentences checks each text in the files: it is a name, a path, a type or a value. None is as long as a sentence.
func TestFactsHaveNoSentences(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(File(root, "*"))
	if err != nil || len(files) != len(Names) {
		t.Fatalf("%q, %v, want %q", files, err, Names)
	}
	for _, file := range files {
		full, err := Read(root, filepath.Base(file))
		if err != nil {
			t.Fatal(err)
		}
		tree, err := decode(full)
		if err != nil {
			t.Fatal(err)
		}
		texts := 0
		eachText(tree, func(text string) {
			texts++
			if len(strings.Fields(text)) > 6 || strings.Contains(text, ". ") || strings.Contains(text, "\n") {
				t.Errorf("%s: %q is not a fact", file, text)
			}
		})
		if texts < 500 {
			t.Errorf("%s: only %d texts", file, texts)
		}
	}
}

func eachText(v any, f func(string)) {
	switch v := v.(type) {
	case string:
		f(v)
	case map[string]any:
		for name, value := range v {
			f(name)
			eachText(value, f)
		}
	case []any:
		for _, value := range v {
			eachText(value, f)
		}
	}
}

// A document that has prose everywhere that OpenAPI allows it, and fields whose names are keywords.
const document = `{
"openapi": "3.0.0",
"info": {"title": "PROSE one", "version": "7", "description": "PROSE two\n\n| Event Name | Description |\n|--|--|\n| ` + "`Song Played`" + ` | PROSE |\n"},
"tags": [{"name": "t", "description": "PROSE three"}],
"paths": {"/songs/{id}": {
  "summary": "PROSE four",
  "parameters": [{"name": "id", "in": "path", "required": true, "description": "PROSE five", "schema": {"type": "string", "example": "PROSE"}}],
  "put": {"summary": "PROSE six", "x-codeSamples": [{"source": "PROSE"}], "requestBody": {"description": "PROSE", "required": true, "content": {"application/json": {
      "example": "PROSE", "schema": {"$ref": "#/components/schemas/song"}}}},
    "responses": {"200": {"description": "PROSE"}, "400": {"description": "PROSE", "content": {"application/json": {"schema": {"type": "object", "properties": {
      "description": {"type": "string", "description": "PROSE seven"}, "example": {"enum": ["a b", 1, null]}, "title": {"type": "integer", "minimum": 0, "default": 3}}}}}}}}}},
"components": {"schemas": {
  "song": {"title": "Song Played", "type": "object", "description": "PROSE", "required": ["properties"], "properties": {
    "properties": {"type": "object", "additionalProperties": false, "properties": {"type": {"type": "string", "default": "PROSE"}, "length": {"type": "number", "nullable": true}, "again": {"type": "boolean"}}}}},
  "other": {"title": "PROSE that is a sentence. It goes on", "oneOf": [{"type": "object", "title": "PROSE", "properties": {
    "properties": {"type": "object", "additionalProperties": false, "properties": {"type": {"type": "string"}, "length": {"type": "number", "nullable": true}, "again": {"type": "boolean"}}}}}, true]}}}
}`

func TestExtract(t *testing.T) {
	t.Parallel()
	facts, err := Extract([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join("testdata", "facts.json")
	want, err := os.ReadFile(golden)
	if err != nil || !bytes.Equal(facts, want) {
		t.Errorf("%v, got\n%s", err, facts)
	}
	if bytes.Contains(facts, []byte("PROSE")) {
		t.Error("there is prose in it")
	}
	if again, err := Extract([]byte(document)); err != nil || !bytes.Equal(again, facts) {
		t.Errorf("the second time it is, %v:\n%s", err, again)
	}
	if full, err := Expand(facts); err != nil || bytes.Contains(full, []byte("shared")) || bytes.Count(full, []byte(`"again"`)) != 2 {
		t.Errorf("expanded, %v: %s", err, full)
	}
}

func TestExpandRefuses(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{`:                           "EOF",
		`{"a":{"$ref":"#/shared/b"}}`: "#/shared/b is not there",
		`{"a":[{"$ref":"#/shared/c"}],"shared":{"c":{"d":{"$ref":"#/shared/c"}}}}`: "refers to itself",
	} {
		if _, err := Expand([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := Extract([]byte("no JSON")); err == nil {
		t.Error("a document that is not JSON has facts")
	}
	full, err := Expand([]byte(`{"a":{"$ref":"#/components/b"}}`))
	if err != nil || !json.Valid(full) || string(full) != `{"a":{"$ref":"#/components/b"}}` {
		t.Errorf("%s, %v", full, err)
	}
}
