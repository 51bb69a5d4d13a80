package main

import (
	"encoding/json"
	"iter"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/spf13/cobra"
)

// joined writes an object with one more member.
func joined(object any, name string, value any) ([]byte, error) {
	text, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	if all[name], err = json.Marshal(value); err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

func newPeopleSegments(con console.Console) *cobra.Command {
	var f peopleFlags
	cmd := &cobra.Command{
		Use: "segments ID", Short: "List the segments that a person is in", Args: cobra.ExactArgs(1),
		Example: `  ciokit people segments 42 --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, named, err := f.person(args[0])
			if err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f.Flags, con, reading.All(app.Customers().Segments(cmd.Context(), who)), 0, segmentTable, nobody(named))
		},
	}
	f.add(cmd)
	return cmd
}

func newPeopleActivities(con console.Console) *cobra.Command {
	var f peopleFlags
	var q appapi.ActivityQuery
	var typ string
	var limit int
	cmd := &cobra.Command{
		Use: "activities ID", Short: "List what happened to a person, newest first", Args: cobra.ExactArgs(1),
		Long: `List what happened to a person, newest first. Customer.io keeps activities for 30 days. --json also prints the data of each activity,
which is personal data.`,
		Example: `  ciokit people activities 42 --type event --to eu
  ciokit people activities ann@example.com --limit 0 --json --to emulator`,
		RunE: func(cmd *cobra.Command, args []string) error {
			who, named, err := f.person(args[0])
			if err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			q.Type = typ
			return reading.Print(cmd.Context(), &f.Flags, con, app.Customers().Activities(cmd.Context(), who, q), limit, activityTable, nobody(named))
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&typ, "type", "", "a type of activity, such as event, attribute_change or profile_create")
	cmd.Flags().StringVar(&q.Name, "name", "", "the name of an event, or of an attribute that changed")
	cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions([]cobra.Completion{"event", "page", "screen", "attribute_change", "profile_create", "profile_delete", "device_change", "add_relationship", "delete_relationship"}, cobra.ShellCompDirectiveNoFileComp))
	reading.AddLimit(cmd, &limit)
	return cmd
}

var activityTable = reading.Table[appapi.Activity]{Head: []string{"AT", "TYPE", "NAME"}, One: "activity", Several: "activities",
	Row: func(a appapi.Activity) []string { return []string{reading.Time(a.At), a.Type, a.Name} }}

func newPeopleSuppressed(con console.Console) *cobra.Command {
	var f reading.Flags
	var limit int
	cmd := &cobra.Command{
		Use: "suppressed [ADDRESS]", Short: "List the addresses to which the email provider sends nothing", Args: cobra.MaximumNArgs(1),
		Long: `List the addresses that bounced or reported spam. The email provider sends nothing to them. With ADDRESS, the command says whether that
address is one of them. This is not the suppression of a person in Customer.io. The App API does not show who is suppressed. For a
suppressed person, ciokit people show says that nobody has the id.`,
		Example: `  ciokit people suppressed --to eu
  ciokit people suppressed ann@example.com --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 && !address.Is(args[0]) {
				return exit.Fail(exit.Usage, "%q is not an email address", args[0])
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			items := func(yield func(suppressed, error) bool) {
				for _, kind := range []appapi.SuppressionType{appapi.SuppressionTypeBounces, appapi.SuppressionTypeSpamReports} {
					for s, err := range app.Suppressions().List(cmd.Context(), kind, appapi.SuppressionQuery{}) {
						if !yield(suppressed{s, string(kind)}, err) || err != nil {
							return
						}
					}
				}
			}
			if len(args) == 1 {
				items = suppressionsOf(app.Suppressions().Of(cmd.Context(), args[0]))
			}
			return reading.Print(cmd.Context(), &f, con, items, limit, suppressedTable, "the address is not suppressed")
		},
	}
	f.Add(cmd)
	reading.AddLimit(cmd, &limit)
	return cmd
}

// suppressed is a suppression with its type.
type suppressed struct {
	appapi.Suppression
	kind string
}

// MarshalJSON writes the suppression as the App API has it, with its type.
func (s suppressed) MarshalJSON() ([]byte, error) { return joined(s.Suppression, "type", s.kind) }

func suppressionsOf(of appapi.EmailSuppressions, err error) iter.Seq2[suppressed, error] {
	var list []suppressed
	for _, s := range of.Suppressions {
		list = append(list, suppressed{s, of.Category})
	}
	return reading.All(list, err)
}

var suppressedTable = reading.Table[suppressed]{Head: []string{"ADDRESS", "TYPE", "SINCE", "REASON"}, One: "suppressed address", Several: "suppressed addresses",
	Row: func(s suppressed) []string {
		return []string{s.Email, s.kind, reading.Time(s.Created), s.Reason}
	}}
