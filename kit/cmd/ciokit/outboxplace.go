package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/postgres"
	"github.com/spf13/cobra"
)

// withOutbox opens an outbox in a directory or a database, calls f, and closes it.
func withOutbox(cmd *cobra.Command, con console.Console, place string, f func(ctx context.Context, d outbox.Store) error) error {
	d, err := openOutbox(cmd, con, place, true)
	if err != nil {
		return err
	}
	err = f(cmd.Context(), d)
	return errors.Join(err, closeOutbox(d))
}

func openOutbox(cmd *cobra.Command, con console.Console, place string, shared bool) (outbox.Store, error) {
	address, isDatabase, err := databaseOf(place)
	if err != nil {
		return nil, err
	}
	schema := cmd.Flag("schema").Value.String()
	if isDatabase {
		s, err := postgres.OpenStore(cmd.Context(), postgres.StoreConfig{URL: address, Schema: schema})
		if errors.Is(err, postgres.ErrNotMigrated) {
			return nil, exit.Fail(exit.Local, "the tables of the outbox are not in the database, or are those of an older version; create or update them with: %s", nextOutbox(cmd, "outbox migrate", place))
		}
		if err != nil {
			return nil, exit.With(exit.Local, err)
		}
		return s, nil
	}
	if schema != "" {
		return nil, exit.Fail(exit.Usage, "--schema is for an outbox in PostgreSQL, and %s is a directory", place)
	}
	d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: place, Shared: shared, MaxBytes: 1 << 62, Logger: slog.New(slog.DiscardHandler), OnDamage: func(found outbox.Damage) {
		fmt.Fprintf(con.Err, "ciokit: %s was damaged: %s; the files as they were: %s\n", place, found, found.Copy)
	}})
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	return d, nil
}

func closeOutbox(d outbox.Store) error {
	if err := d.Close(); err != nil {
		return exit.With(exit.Local, err)
	}
	return nil
}

// databaseOf returns the database address of a place; isDatabase is false for a directory.
func databaseOf(place string) (address string, isDatabase bool, err error) {
	if name, ok := strings.CutPrefix(place, "env:"); ok {
		if place = os.Getenv(name); place == "" {
			return "", false, exit.Fail(exit.Usage, "the environment variable %s must contain the address of the database, but it is empty", name)
		}
		if !isPostgres(place) {
			return "", false, exit.Fail(exit.Usage, "the environment variable %s does not begin with postgres://", name)
		}
	}
	return place, isPostgres(place), nil
}

func isPostgres(place string) bool {
	return strings.HasPrefix(place, "postgres://") || strings.HasPrefix(place, "postgresql://")
}

// shownPlace is a place without its password.
func shownPlace(place string) string {
	if !isPostgres(place) {
		return place
	}
	u, err := url.Parse(place)
	if err != nil {
		return "postgres://..."
	}
	u.RawQuery = "" // it may have a password, too
	if u.User != nil {
		u.User = url.User(u.User.Username())
	}
	return u.String()
}

// nextOutbox is a command for the same outbox. It does not contain a password: the address of a database that has one is replaced by URL.
func nextOutbox(cmd *cobra.Command, path, place string) *nextstep.Command {
	return nextstep.New(cmd, path, nextstep.WithoutPasswords([]string{place})...)
}

// printLanes prints which workers have the lanes, and which lane has waited longest.
func (s *outboxStatus) printLanes(line func(name, format string, args ...any)) {
	workers, free, waiting := map[string]int64{}, int64(0), int64(0)
	var names []string
	oldest := -1
	for i, l := range s.Lanes {
		switch {
		case l.Worker == "":
			free++
		case workers[l.Worker] == 0:
			names = append(names, l.Worker)
		}
		workers[l.Worker]++
		if l.Queued > 0 {
			waiting++
			if oldest < 0 || l.Oldest.Before(s.Lanes[oldest].Oldest) {
				oldest = i
			}
		}
	}
	for _, name := range names {
		line("a worker", "%s, with %s", name, plural.Count(workers[name], "lane", "lanes"))
	}
	switch {
	case len(names) == 0:
		line("workers", "none: no messages are sent")
	case free > 0:
		line("held by nobody", "%s", plural.Count(free, "lane", "lanes"))
	}
	if oldest >= 0 {
		line("waiting lanes", "%s; the oldest message is in lane %d", plural.Grouped(waiting), s.Lanes[oldest].Number)
	}
}

func newOutboxMigrate(con console.Console) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "migrate URL", Short: "Create the tables of an outbox in PostgreSQL, or update them", Args: cobra.ExactArgs(1),
		Long: `Create the tables of an outbox in PostgreSQL, or update them. You can run it at any time and more than once, also while programs of the
previous version run. If you have no right to create a schema, name an existing one with --schema.`,
		Example: `  ciokit outbox migrate postgres://orders@db.example.com/orders`,
		RunE: func(cmd *cobra.Command, args []string) error {
			address, isDatabase, err := databaseOf(args[0])
			if err != nil {
				return err
			}
			if !isDatabase {
				return exit.Fail(exit.Usage, "%s is not an address of PostgreSQL, which begins with postgres://; a directory needs no migration", args[0])
			}
			if err := postgres.Migrate(cmd.Context(), address, cmd.Flag("schema").Value.String()); err != nil {
				return exit.With(exit.Local, err)
			}
			if asJSON {
				return json.NewEncoder(con.Out).Encode(map[string]bool{"migrated": true})
			}
			_, err = fmt.Fprintln(con.Out, "The tables are ready.")
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
