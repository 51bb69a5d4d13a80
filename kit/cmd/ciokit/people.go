package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/spf13/cobra"
)

func newPeople(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "people",
		Short: "Read people back: their attributes, segments and activities",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newPeopleShow(con), newPeopleSearch(con), newPeopleSegments(con), newPeopleActivities(con), newPeopleSuppressed(con))
	return cmd
}

// peopleFlags name one person of a workspace.
type peopleFlags struct {
	reading.Flags
	idType string
}

func (f *peopleFlags) add(cmd *cobra.Command) {
	f.Flags.Add(cmd)
	cmd.Flags().StringVar(&f.idType, "id-type", "", "what ID is: id, email or cio_id; by default Customer.io's rule for a userId decides: an address is an email, and an ID that begins with cio_ is a cio_id")
	cmd.RegisterFlagCompletionFunc("id-type", cobra.FixedCompletions([]cobra.Completion{"id", "email", "cio_id"}, cobra.ShellCompDirectiveNoFileComp))
}

// person returns the person of an argument, and a text for the person.
func (f *peopleFlags) person(id string) (appapi.CustomerID, string, error) {
	kind := f.idType
	if kind == "" {
		switch {
		case address.Is(id):
			kind = "email"
		case strings.HasPrefix(id, "cio_"):
			kind = "cio_id"
		default:
			kind = "id"
		}
	}
	switch {
	case id == "":
		return appapi.CustomerID{}, "", exit.Fail(exit.Usage, "the ID is empty")
	case kind == "id":
		return appapi.ByID(id), "the id " + id, nil
	case kind == "email":
		return appapi.ByEmail(id), "the address " + id, nil
	case kind == "cio_id":
		return appapi.ByCIOID(id), "the cio_id " + id, nil
	}
	return appapi.CustomerID{}, "", console.OneOf("id-type", kind, "id", "email", "cio_id")
}

// nobody says that a person does not exist.
func nobody(named string) string {
	return "nobody has " + named + ". Data that was sent a moment ago may still be missing. Check that --to is the right workspace, and check --id-type: an id, an address or a cio_id"
}

func newPeopleShow(con console.Console) *cobra.Command {
	var f peopleFlags
	cmd := &cobra.Command{
		Use: "show ID", Short: "Show a person's attributes, devices and objects", Args: cobra.ExactArgs(1),
		Long: `Show what the workspace contains about a person: identifiers, attributes with the time when each was last set, devices, and the objects that
the person is related to. All attributes are text, because the App API returns text. The output is personal data. The exit code is 6 if
nobody has the id.`,
		Example: `  ciokit people show 42 --to eu
  ciokit people show ann@example.com --to emulator --json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.show(cmd.Context(), con, args[0])
		},
	}
	f.add(cmd)
	return cmd
}

// shownPerson is what show prints with --json.
type shownPerson struct {
	appapi.Customer
	Relationships []appapi.Relationship
}

// MarshalJSON writes the person as in the App API, with the relationships next to the attributes.
func (p shownPerson) MarshalJSON() ([]byte, error) {
	return joined(p.Customer, "relationships", p.Relationships)
}

func (f *peopleFlags) show(ctx context.Context, con console.Console, id string) error {
	who, named, err := f.person(id)
	if err != nil {
		return err
	}
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	p := shownPerson{Relationships: []appapi.Relationship{}}
	if p.Customer, err = app.Customers().Attributes(ctx, who); err != nil {
		return f.Error(ctx, err, nobody(named))
	}
	for r, err := range app.Customers().Relationships(ctx, who) {
		if err != nil {
			return f.Error(ctx, err, nobody(named))
		}
		p.Relationships = append(p.Relationships, r)
	}
	if f.JSON {
		return reading.PrintJSON(con, p)
	}
	return p.print(con)
}

func (p *shownPerson) print(con console.Console) error {
	t := reading.NewRows(con.Out)
	t.Cells("id", p.Identifiers.ID)
	t.Cells("email", p.Identifiers.Email)
	t.Cells("cio_id", p.Identifiers.CIOID)
	if p.Unsubscribed {
		t.Cells("unsubscribed", "true")
	}
	t.Blank()
	t.Cells("ATTRIBUTE", "VALUE", "SET")
	for _, name := range slices.Sorted(maps.Keys(p.Attributes)) {
		t.Cells(name, p.Attributes[name], reading.Time(p.Set[name]))
	}
	if len(p.Devices) > 0 {
		t.Blank()
		t.Cells("DEVICE", "PLATFORM", "LAST USED")
		for _, d := range p.Devices {
			t.Cells(d.Token, d.Platform, reading.Time(d.LastUsed))
		}
	}
	if len(p.Relationships) > 0 {
		t.Blank()
		t.Cells("OBJECT", "TYPE")
		for _, r := range p.Relationships {
			t.Cells(r.Object.ID, string(r.TypeID))
		}
	}
	return t.Flush()
}

func newPeopleSearch(con console.Console) *cobra.Command {
	var f reading.Flags
	var filter reading.Filter
	var limit int
	cmd := &cobra.Command{
		Use: "search", Short: "List the people who match conditions", Args: cobra.NoArgs,
		Long: `List the people who match all conditions, or with --any at least one. The App API can check only two things: that an attribute is
there, and that it has a certain value. It compares values as text.`,
		Example: `  ciokit people search --is plan=pro --not-in-segment 7 --to eu
  ciokit people search --has email --limit 0 --json --to emulator`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := filter.Filter(nextstep.New(cmd, "segments list").String())
			if err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f, con, app.Customers().Search(cmd.Context(), of, appapi.SearchQuery{PageSize: reading.PageSize(limit)}), limit, peopleTable, "")
		},
	}
	f.Add(cmd)
	filter.Add(cmd, true)
	reading.AddLimit(cmd, &limit)
	return cmd
}

// peopleTable lists people by their identifiers.
var peopleTable = reading.Table[appapi.Identifiers]{Head: []string{"ID", "EMAIL", "CIO_ID"}, One: "person", Several: "people",
	Row: func(i appapi.Identifiers) []string { return []string{i.ID, i.Email, i.CIOID} }}
