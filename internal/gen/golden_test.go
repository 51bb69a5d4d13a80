package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/internal/gen/eventspec"
)

// TestGoldenKeys looks up every name in the golden files of package events in the official schema of the event. So a misspelt name is found even if
// it is misspelt in events.txt too.
func TestGoldenKeys(t *testing.T) {
	t.Parallel()
	doc := openDocument(t, doc2025)
	spec, exceptions := loadSpec(t), loadExceptions(t)
	for _, e := range spec.Events {
		s := doc.schemas[e.Schema]
		if s == nil {
			t.Errorf("%q: no schema %s", e.Name, e.Schema)
			continue
		}
		known, _ := doc.eventLeaves(s)
		var golden struct {
			Properties, Context any
		}
		path := filepath.Join(root, "events", "testdata", "golden", strings.ToLower(strings.ReplaceAll(e.Name, " ", "_"))+".all.json")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, &golden); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		keys := map[string]bool{}
		collectKeys("", golden.Properties, known, keys)
		collectKeys("context.", golden.Context, known, keys)
		for key := range keys {
			if _, ok := known[key]; ok {
				continue
			}
			if _, ok := exceptions.Find(eventspec.Ours, e.Schema, key); !ok && !isPrefixOfException(exceptions, e.Schema, key) {
				t.Errorf("%s: %s is not in the schema %s", path, key, e.Schema)
			}
		}
		if want := len(e.Properties) + len(e.Context); len(keys) < want {
			t.Errorf("%s has %d names, the event %d fields", path, len(keys), want)
		}
	}
}

// collectKeys collects the paths of all names below v, but none inside objects whose contents the schema does not describe.
func collectKeys(prefix string, v any, known map[string]leaf, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			into[prefix+name] = true
			if l, ok := known[prefix+name]; !ok || l.Type != "object" || len(l.Properties) > 0 {
				collectKeys(prefix+name+".", value, known, into)
			}
		}
	case []any:
		for _, item := range v {
			collectKeys(strings.TrimSuffix(prefix, ".")+"[].", item, known, into)
		}
	}
}

func isPrefixOfException(exceptions eventspec.Exceptions, schema, key string) bool {
	return slices.ContainsFunc(exceptions, func(x eventspec.Exception) bool {
		return x.Kind == eventspec.Ours && x.Schema == schema && strings.HasPrefix(x.Path, key+".")
	})
}

// TestUpToDate compares what the generator writes with the existing files.
func TestUpToDate(t *testing.T) {
	t.Parallel()
	spec := loadSpec(t)
	all := func() []file {
		files, err := generate(spec)
		if err != nil {
			t.Fatal(err)
		}
		app, err := generateApp(root)
		if err != nil {
			t.Fatal(err)
		}
		return append(files, app...)
	}
	files, again := all(), all()
	for i, f := range files {
		if !bytes.Equal(f.content, again[i].content) {
			t.Errorf("%s: two runs differ", f.path)
		}
		got, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(f.path)))
		if err != nil || !bytes.Equal(got, f.content) {
			t.Errorf("%s is not what spec gives (%v): go generate ./events ./appapi", f.path, err)
		}
	}
	stale, err := staleFiles(root, files)
	if err != nil || len(stale) > 0 {
		t.Errorf("%q belong to nothing in spec (%v): go generate ./events ./appapi", stale, err)
	}
}

// TestRun writes everything into a new directory with one stale file, which it removes. A second run changes nothing.
func TestRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := run(dir); !os.IsNotExist(err) {
		t.Errorf("without a spec: %v, want that the file does not exist", err)
	}
	write(t, filepath.Join(dir, "spec", "events.txt"), small)
	for _, name := range []string{"appapi.txt", "facts/" + appDocument} {
		_, text := readSpecFile(t, name)
		write(t, filepath.Join(dir, "spec", name), text)
	}
	stale := filepath.Join(dir, "events", "gone_gen.go")
	write(t, stale, "package events")
	kept := filepath.Join(dir, "events", "doc.go")
	write(t, kept, "package events")
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("%s is still there: %v", stale, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	first := tree(t, dir)
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	if second := tree(t, dir); !maps.Equal(first, second) {
		t.Error("the second run changed a file")
	}
	for name, text := range first {
		if strings.HasSuffix(name, "shop_gen.go") && !strings.Contains(text, `o.Float("price", e.Price)`) {
			t.Errorf("%s does not encode the price:\n%s", name, text)
		}
	}
	maps.DeleteFunc(first, func(name, _ string) bool {
		return strings.Contains(name, "appapi") || strings.Contains(name, "app-api") || strings.HasSuffix(name, "appoperations_gen.go")
	})
	if len(first) != 9 {
		t.Errorf("wrote %q", slices.Sorted(maps.Keys(first)))
	}

	write(t, filepath.Join(dir, "spec", "events.txt"), "evnt X")
	if err := run(dir); err == nil || !strings.Contains(err.Error(), filepath.Join("spec", "events.txt")+":1: ") {
		t.Errorf("a broken spec: %v, want file and line", err)
	}
}

const small = `
category shop "Shop"

event ItemSold "Item Sold"
  Reports that an item was sold.
  schema item_sold
  price*  number[EUR]  The price.
`

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tree returns the text of every file below dir.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		files[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
