package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func newMan(con console.Console) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write the manual pages of all commands into a directory",
		Long: `Write a manual page for each command, ciokit.1, ciokit-load.1 and so on, into a directory. The directory is created if it is missing, and
existing pages are replaced. For the completion of commands and flags in your shell, see ciokit completion --help.`,
		Example: `  ciokit man ~/.local/share/man/man1
  man ciokit-load`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := writeMan(cmd.Root(), args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(con.Out, "%d manual pages are in %s.\n", n, args[0])
			return err
		},
	}
}

// writeMan writes the pages of a command and of all below it, and returns their number. They name the current month, or the month of
// SOURCE_DATE_EPOCH.
func writeMan(root *cobra.Command, dir string) (int, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return 0, err
	}
	root.DisableAutoGenTag = true
	root.InitDefaultCompletionCmd()
	header := doc.GenManHeader{Section: "1", Source: "ciokit " + cio.Version, Manual: "ciokit"}
	if err := doc.GenManTree(root, &header, dir); err != nil {
		return 0, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "ciokit*.1"))
	return len(pages), err
}
