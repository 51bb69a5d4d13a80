// Gen writes what is derived from spec/events.txt: the structs and the catalogue of package events, the names that package cio warns
// about, and the emulator's own catalogue; and of spec/appapi.txt and spec/facts what packages appapi and emulator have of the App API. It is run by
// "go generate ./events ./appapi" and writes the same bytes for the same input.
//
// With -documents it writes the facts of Customer.io's OpenAPI documents into spec/facts instead.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ciokit/cio/internal/gen/apifacts"
	"github.com/ciokit/cio/internal/gen/eventspec"
)

func main() {
	root := flag.String("root", ".", "the `directory` of the repository")
	documents := flag.String("documents", "", "write spec/facts anew from the OpenAPI documents in this `directory`")
	flag.Parse()
	err := error(nil)
	if *documents != "" {
		err = writeFacts(*root, *documents)
	} else {
		err = run(*root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(root string) error {
	spec, err := load(root)
	if err != nil {
		return err
	}
	files, err := generate(spec)
	if err != nil {
		return err
	}
	app, err := generateApp(root)
	if err != nil {
		return err
	}
	files = append(files, app...)
	for _, f := range files {
		path := filepath.Join(root, filepath.FromSlash(f.path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, f.content, 0o644); err != nil {
			return err
		}
	}
	return removeStale(root, files)
}

func writeFacts(root, documents string) error {
	for _, name := range apifacts.Names {
		document, err := os.ReadFile(filepath.Join(documents, name))
		if err != nil {
			return err
		}
		facts, err := apifacts.Extract(document)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := os.WriteFile(apifacts.File(root, name), facts, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func load(root string) (*eventspec.Spec, error) {
	file := filepath.Join(root, "spec", "events.txt")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return eventspec.Parse(file, string(text))
}

// removeStale deletes generated files that the specs no longer give rise to.
func removeStale(root string, files []file) error {
	stale, err := staleFiles(root, files)
	for _, path := range stale {
		if err := os.Remove(path); err != nil {
			return err
		}
	}
	return err
}

func staleFiles(root string, files []file) ([]string, error) {
	wanted := map[string]bool{}
	for _, f := range files {
		wanted[filepath.Join(root, filepath.FromSlash(f.path))] = true
	}
	var stale []string
	for _, directory := range []string{"events", "appapi", "emulator"} {
		found, err := filepath.Glob(filepath.Join(root, directory, "*_gen*.go"))
		if err != nil {
			return nil, err
		}
		for _, path := range found {
			if !wanted[path] {
				stale = append(stale, path)
			}
		}
	}
	return stale, nil
}
