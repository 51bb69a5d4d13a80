package main

import (
	"github.com/spf13/cobra"
)

func newSource(con console) *cobra.Command {
	return &cobra.Command{Use: "source", Short: "Look at what can be loaded", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
}
