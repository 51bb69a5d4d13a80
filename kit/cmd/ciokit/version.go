package main

import (
	"fmt"
	"runtime"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/spf13/cobra"
)

func newVersion(con console.Console) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(con.Out, versionText())
			return err
		},
	}
}

func versionText() string {
	return fmt.Sprintf("ciokit %s %s/%s %s", cio.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
}
