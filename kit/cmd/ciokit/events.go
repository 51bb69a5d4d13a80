package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

func newEvents(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "events",
		Short: "The semantic events: list them, show one, check a file of messages",
		Long: `Semantic events have names and properties that Customer.io and the destinations behind it know. The name must be exact. An event with any
other name is stored as an ordinary event, and does not have the effect of the semantic one.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newEventsList(con), newEventsShow(con), newEventsCheck(con))
	return cmd
}

func newEventsList(con console.Console) *cobra.Command {
	var category string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the semantic events: name, category, meaning",
		Example: `  ciokit events list
  ciokit events list --category Video
  ciokit events list --json | jq -r '.[].name'`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			list := events.All()
			if category != "" {
				list = slices.DeleteFunc(list, func(d events.Definition) bool { return !strings.EqualFold(d.Category, category) })
			}
			if len(list) == 0 {
				return exit.Fail(exit.Usage, "there is no category %q; give one of %s%s", category, strings.Join(categories(), ", "), console.Meant(category, categories()...))
			}
			if asJSON {
				return printJSON(con, list)
			}
			t := tabwriter.NewWriter(con.Out, 0, 0, 2, ' ', 0)
			for _, d := range list {
				fmt.Fprintf(t, "%s\t%s\t%s\n", d.Name, d.Category, d.Doc)
			}
			return local(t.Flush())
		},
	}
	cmd.Flags().StringVar(&category, "category", "", "only the events of one category: "+strings.Join(categories(), ", "))
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON array with everything that is known about the events")
	cmd.RegisterFlagCompletionFunc("category", cobra.FixedCompletions(categories(), cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func newEventsShow(con console.Console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show NAME",
		Short: "Show one semantic event with its fields",
		Example: `  ciokit events show "Order Completed"
  ciokit events show order_completed
  ciokit events show Device Created or Updated --json`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeEventName,
		RunE: func(_ *cobra.Command, args []string) error {
			name := strings.TrimSpace(strings.Join(args, " "))
			d, err := findEvent(name)
			if err != nil {
				return err
			}
			if d.Name != name {
				fmt.Fprintf(con.Err, "The name must be exact: it is %q, not %q.\n", d.Name, name)
			}
			if asJSON {
				return printJSON(con, d)
			}
			return local(showEvent(con.Out, d))
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object with everything that is known about the event")
	return cmd
}

// categories returns the published categories, in the order of their names.
func categories() []string {
	var names []string
	for _, d := range events.All() {
		names = append(names, d.Category)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func completeEventName(_ *cobra.Command, args []string, typed string) ([]cobra.Completion, cobra.ShellCompDirective) {
	if len(args) > 0 { // the rest of a name without quotes, which a shell completes word by word
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var names []cobra.Completion
	for _, d := range events.All() {
		if strings.HasPrefix(strings.ToLower(d.Name), strings.ToLower(typed)) {
			names = append(names, cobra.CompletionWithDesc(d.Name, d.Doc))
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// findEvent returns the event with that name, or the only event that the name can be a spelling of, or an error with similar names.
func findEvent(name string) (events.Definition, error) {
	name = strings.TrimSpace(name)
	if d, ok := events.Lookup(name); ok {
		return d, nil
	}
	if right, _ := cio.SemanticName(name); right != "" {
		if d, ok := events.Lookup(right); ok {
			return d, nil
		}
	}
	if similar := eventsWith(name); len(similar) > 0 {
		return events.Definition{}, exit.Fail(exit.Usage, "no semantic event is named %q; there are %s", name, strings.Join(similar, ", "))
	}
	return events.Definition{}, exit.Fail(exit.Usage, "no semantic event is named %q; to see all events: ciokit events list", name)
}

// eventsWith returns the names of the events that have all the words of name.
func eventsWith(name string) []string {
	var names []string
	words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for _, d := range events.All() {
		missing := func(word string) bool { return !strings.Contains(strings.ToLower(d.Name), word) }
		if len(words) > 0 && !slices.ContainsFunc(words, missing) {
			names = append(names, strconv.Quote(d.Name))
		}
	}
	return names
}

// printJSON prints one JSON value, indented.
func printJSON(con console.Console, v any) error {
	out := json.NewEncoder(con.Out)
	out.SetEscapeHTML(false)
	out.SetIndent("", "  ")
	return local(out.Encode(v))
}

// local adds the exit code of a local failure to err, unless err is nil.
func local(err error) error {
	if err == nil {
		return nil
	}
	return exit.With(exit.Local, err)
}
