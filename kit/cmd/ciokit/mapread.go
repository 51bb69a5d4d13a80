package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/spf13/cobra"
)

// readMapping reads the mapping of a command that has inputs too. If it is not a mapping, but the only input is one, right is the command that was
// meant. A mapping that is also an input is an error. The error has an exit code.
func readMapping(file string, inputs []string, right func(mapping, file string) string) (*mapping.Mapping, error) {
	m, err := mapping.Read(file)
	switch {
	case err == nil && slices.ContainsFunc(inputs, func(name string) bool { return filepath.Clean(name) == filepath.Clean(file) }):
		return nil, exit.Fail(exit.Usage, "%s is the mapping, and it is given as the input too; give the file with the rows as the input", console.ShortPath(file))
	case err == nil:
		return m, nil
	case len(inputs) == 1 && isMapping(inputs[0]) && !slices.Contains(mappingEndings, filepath.Ext(file)):
		return nil, exit.Fail(exit.Usage, "%s", console.Printable(right(inputs[0], file)))
	}
	return nil, input.Error(err)
}

// mappingEndings are the endings of the names of mappings.
var mappingEndings = []string{".yaml", ".yml"}

// isMapping reports whether a file has the name of a mapping and can be one.
func isMapping(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && slices.Contains(mappingEndings, strings.ToLower(filepath.Ext(file)))
}

// swappedLoad says where the input and the mapping belong, for a command that takes the mapping by a flag.
func swappedLoad(cmd *cobra.Command, command string) func(mapping, file string) string {
	return func(mapping, file string) string {
		return "give the file with the rows first, and the mapping after --mapping: " + nextstep.New(cmd, command, console.ShortPath(file)).With("mapping", console.ShortPath(mapping)).String()
	}
}
