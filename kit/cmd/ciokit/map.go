package main

import (
	"github.com/spf13/cobra"
)

func newMap(con console) *cobra.Command {
	return &cobra.Command{Use: "map", Short: "Write and check mappings", Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }}
}
