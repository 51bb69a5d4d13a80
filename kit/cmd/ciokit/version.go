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
			_, err := fmt.Fprintf(con.Out, "ciokit %s %s/%s %s\n", cio.Version, runtime.GOOS, runtime.GOARCH, runtime.Version())
			return err
		},
	}
}
