package main

import (
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// sections are the flags of the commands that have no sections of their own, by what they are for. A command shows those that it has.
var sections = []console.Section{
	{Title: "Which workspace", Flags: []string{"to", "key-file", "app-key-file", "app-url", "workspace", "object-type", "permissive", "any-key"}},
	{Title: "Who is meant", Flags: []string{"action", "ids", "id", "id-file", "targets", "column", "also", "verbatim-ids", "no-cio-ids", "resolve", "shared", "known-file"}},
	{Title: "What is read", Flags: []string{"query", "order-by", "config", "format", "encoding", "delimiter", "quote", "escape", "line-end", "columns", "skip-rows", "all-rows", "json-path", "decimal-comma", "switches"}},
	{Title: "Which of them", Flags: []string{"area", "category", "older-than", "name", "unfinished", "dead", "limit", "all", "max-findings"}},
	{Title: "What the mapping says", Flags: []string{"user-id", "event"}},
	{Title: "Why, and who answers for it", Flags: []string{"reason", "request", "expires", "single-operator"}},
	{Title: "Keys that sign and check", Flags: []string{"keys", "operator-key", "approver-key", "receipt-key", "guard-key", "since"}},
	{Title: "How it goes", Flags: []string{"addr", "samples", "timeout", "wait", "rate", "max", "give-up-after", "again", "jobs", "check", "write", "rewrite", "dry-run", "yes", "list", "checkout", "tools"}},
	{Title: "What it writes", Flags: []string{"out", "dir", "receipt", "report", "html", "values", "json"}},
}

// sectioned gives the sections to all commands whose flags have none.
func sectioned(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		sectioned(below)
	}
	has := false
	cmd.Flags().VisitAll(func(f *pflag.Flag) { has = has || console.InSection(f) })
	if !has {
		console.SetSections(cmd, sections)
	}
}
