package main

import (
	"fmt"
	"maps"
	"slices"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/spf13/cobra"
)

func newObjects(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "objects",
		Short: "Read objects back, such as companies, and who is related to them",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newObjectsTypes(con), newObjectsShow(con), newObjectsSearch(con), newObjectsPeople(con))
	return cmd
}

func newObjectsTypes(con console.Console) *cobra.Command {
	var f reading.Flags
	cmd := &cobra.Command{
		Use: "types", Short: "List the types of objects that the workspace has", Args: cobra.NoArgs,
		Example: `  ciokit objects types --to eu`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f, con, reading.All(app.Objects().Types(cmd.Context())), 0, reading.Table[appapi.ObjectType]{Head: []string{"TYPE", "NAME", "ENABLED"}, One: "type", Several: "types of objects",
				Row: func(t appapi.ObjectType) []string {
					return []string{string(t.ID), t.Name, map[bool]string{true: "yes", false: "no"}[t.Enabled]}
				}}, "")
		},
	}
	f.Add(cmd)
	return cmd
}

// noObject says that an object does not exist.
func noObject(cmd *cobra.Command, typeID, id string) string {
	return fmt.Sprintf("there is no object %s of type %s. New data may need a moment. Customer.io may drop objects of a type that the workspace does not have; to see the types: %s", id, typeID, nextstep.New(cmd, "objects types"))
}

func newObjectsShow(con console.Console) *cobra.Command {
	var f reading.Flags
	cmd := &cobra.Command{
		Use: "show TYPE ID", Short: "Show an object's attributes", Args: cobra.ExactArgs(2),
		Example: `  ciokit objects show 1 acme --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return showObject(cmd, con, &f, args[0], args[1])
		},
	}
	f.Add(cmd)
	return cmd
}

func showObject(cmd *cobra.Command, con console.Console, f *reading.Flags, typeID, id string) error {
	ctx := cmd.Context()
	if err := wholeNumber(typeID, "type of objects", "to see the IDs: "+nextstep.New(cmd, "objects types").String()); err != nil {
		return err
	}
	if id == "" {
		return exit.Fail(exit.Usage, "the ID is empty")
	}
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	o, err := app.Objects().Attributes(ctx, appapi.ID(typeID), id)
	if err != nil {
		return f.Error(ctx, err, noObject(cmd, typeID, id))
	}
	if f.JSON {
		return reading.PrintJSON(con, o)
	}
	t := reading.NewRows(con.Out)
	t.Cells("id", o.Identifiers.ID)
	t.Cells("type", string(o.TypeID))
	t.Cells("cio_object_id", o.Identifiers.CIOID)
	t.Blank()
	t.Cells("ATTRIBUTE", "VALUE", "SET")
	for _, name := range slices.Sorted(maps.Keys(o.Attributes)) {
		t.Cells(name, o.Attributes[name], reading.Time(o.Timestamps[name]))
	}
	return t.Flush()
}

func newObjectsSearch(con console.Console) *cobra.Command {
	var f reading.Flags
	var filter reading.Filter
	var limit int
	cmd := &cobra.Command{
		Use: "search TYPE", Short: "List the objects of a type that match conditions", Args: cobra.ExactArgs(1),
		Example: `  ciokit objects search 1 --is plan=enterprise --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wholeNumber(args[0], "type of objects", "to see the IDs: "+nextstep.New(cmd, "objects types").String()); err != nil {
				return err
			}
			of, err := filter.Filter(nextstep.New(cmd, "segments list").String())
			if err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			search := appapi.ObjectSearch{TypeID: appapi.ID(args[0]), Filter: of}
			return reading.Print(cmd.Context(), &f, con, app.Objects().Find(cmd.Context(), search), limit, reading.Table[appapi.ObjectIdentifiers]{Head: []string{"ID", "CIO_OBJECT_ID"}, One: "object", Several: "objects",
				Row: func(i appapi.ObjectIdentifiers) []string { return []string{i.ID, i.CIOID} }}, "")
		},
	}
	f.Add(cmd)
	filter.Add(cmd, false)
	reading.AddLimit(cmd, &limit)
	return cmd
}

func newObjectsPeople(con console.Console) *cobra.Command {
	var f reading.Flags
	var limit int
	cmd := &cobra.Command{
		Use: "people TYPE ID", Short: "List the people who are related to an object", Args: cobra.ExactArgs(2),
		Example: `  ciokit objects people 1 acme --to eu`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := wholeNumber(args[0], "type of objects", "to see the IDs: "+nextstep.New(cmd, "objects types").String()); err != nil {
				return err
			}
			app, err := f.Client(cmd.Context(), con)
			if err != nil {
				return err
			}
			return reading.Print(cmd.Context(), &f, con, app.Objects().Relationships(cmd.Context(), appapi.ID(args[0]), args[1]), limit, reading.Table[appapi.ObjectRelationship]{Head: peopleTable.Head, One: "person", Several: "people",
				Row: func(r appapi.ObjectRelationship) []string { return peopleTable.Row(r.Customer) }}, noObject(cmd, args[0], args[1]))
		},
	}
	f.Add(cmd)
	reading.AddLimit(cmd, &limit)
	return cmd
}
