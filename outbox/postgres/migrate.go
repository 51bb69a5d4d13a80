package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// DefaultSchema is the schema of the tables where none is named.
const DefaultSchema = "cio_outbox"

// ErrNotMigrated says that the database does not have the tables, or those of an older version: call Migrate, or run ciokit outbox migrate URL.
var ErrNotMigrated = errors.New("outbox/postgres: the tables are not there; run ciokit outbox migrate URL, or call Migrate")

// A migration that was released is never changed. Each leaves tables that the code of the version before it can use, because programs of both run beside
// each other during an update: it adds what has a default, and takes away what no released version has used for long.
//
//go:embed migrations/*.sql
var migrations embed.FS

const newest = 1

// errAddress does not say what is wrong: an address that cannot be read may have its password anywhere.
var errAddress = errors.New("outbox/postgres: the database's address cannot be read; give one such as postgres://user@host:5432/name, with the password in PGPASSWORD, or its characters other than letters and digits as %XX")

// Migrate makes the tables in a schema of the database, DefaultSchema if none is named, or brings them up to date. It may be called at any time, by
// several programs at once, and beside programs of an older version. A database that a newer version has migrated is left as it is.
func Migrate(ctx context.Context, url, schema string) error {
	cfg, err := parse(url)
	if err != nil {
		return err
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return wrap(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }() // all is committed, or nothing
	if err := recent(conn.PgConn()); err != nil {
		return err
	}
	t := tablesOf(schema)
	return wrap(pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error { return t.migrate(ctx, tx) }))
}

func (t tables) migrate(ctx context.Context, tx pgx.Tx) error {
	// The lock is that of all migrations of this schema; what it names need not exist.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('github.com/ciokit/cio/outbox/postgres'), hashtext($1))", t.name); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", t.name).Scan(&there); err != nil {
		return err
	}
	if !there { // who may not create schemas uses one that is there
		if _, err := tx.Exec(ctx, "CREATE SCHEMA "+t.schema); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+t.schema+".migrations (version integer PRIMARY KEY, at timestamptz NOT NULL DEFAULT clock_timestamp())"); err != nil {
		return err
	}
	var version int
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM "+t.schema+".migrations").Scan(&version); err != nil {
		return err
	}
	for version++; version <= newest; version++ {
		text, err := migrations.ReadFile(fmt.Sprintf("migrations/%d.sql", version))
		if err != nil {
			return err
		}
		if _, err := tx.Conn().PgConn().Exec(ctx, strings.ReplaceAll(string(text), "{schema}", t.schema)).ReadAll(); err != nil {
			return fmt.Errorf("migration %d: %w", version, err)
		}
		if _, err := tx.Exec(ctx, "INSERT INTO "+t.schema+".migrations (version) VALUES ($1)", version); err != nil {
			return err
		}
	}
	return nil
}

// tables are those of one schema, by their quoted names.
type tables struct {
	name, schema, queue, dead, seq, settings, budget, channel string
}

func tablesOf(schema string) tables {
	if schema == "" {
		schema = DefaultSchema
	}
	quoted := pgx.Identifier{schema}.Sanitize()
	return tables{name: schema, schema: quoted, queue: quoted + ".queue", dead: quoted + ".dead", seq: quoted + ".seq", settings: quoted + ".settings", budget: quoted + ".budget", channel: channelOf(schema)}
}

// channelOf returns the channel of notifications: a name has at most 63 bytes, as the schema's has.
func channelOf(schema string) string {
	if len(schema) > 50 {
		return fmt.Sprintf("%s:%08x", schema[:50], hashOf(schema))
	}
	return schema + ":news"
}

// parse reads a URL or a DSN of PostgreSQL. Of several servers it takes the one that can be written to.
func parse(url string) (*pgx.ConnConfig, error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errAddress
	}
	hosts := []string{cfg.Host}
	for _, other := range cfg.Fallbacks {
		hosts = append(hosts, other.Host)
	}
	if slices.ContainsFunc(hosts, func(host string) bool { return strings.ContainsFunc(host, notOfHost) }) || strings.ContainsAny(cfg.Database, "@/") {
		return nil, errAddress // the end of a password that has an @ or a slash stands there, and would be looked up, and shown
	}
	if cfg.ValidateConnect == nil {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "ciokit outbox"
	}
	return cfg, nil
}

// oldest is the version of PostgreSQL that is needed: with the first one whose functions say which transactions are open in 64 bits.
const oldest = 13

// recent returns an error if the server is older than that. A version that cannot be read is not refused.
func recent(c *pgconn.PgConn) error {
	return recentVersion(c.ParameterStatus("server_version"))
}

func recentVersion(text string) error {
	digits := strings.IndexFunc(text+".", func(r rune) bool { return r < '0' || r > '9' }) // before a release it is such as 18beta1
	if n, err := strconv.Atoi(text[:digits]); err == nil && n < oldest {
		return fmt.Errorf("outbox/postgres: the server is PostgreSQL %s; update it, it takes %d or later", text, oldest)
	}
	return nil
}

// notOfHost reports whether a character is in no name of a host, and in no directory of a socket.
func notOfHost(r rune) bool {
	return r <= ' ' || strings.ContainsRune("@,;?#&=\"'`*\\", r)
}

// wrap says whose error it is, and what to do where tables or rights are missing, or nothing can be written.
func wrap(err error) error {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &pg) && (pg.Code == "42P01" || pg.Code == "3F000" || pg.Code == "42703"): // no such table, schema, column
		return fmt.Errorf("%w (%w)", ErrNotMigrated, err)
	case strings.HasPrefix(err.Error(), "outbox"):
		return err
	case errors.As(err, &pg) && pg.Code == "42501": // insufficient_privilege
		return fmt.Errorf("outbox/postgres: the database's user lacks a right: to migrate takes CREATE in the database, or in a schema that is there; a worker SELECT, INSERT, UPDATE and DELETE on the schema's tables; to enqueue INSERT on queue; all of them USAGE on the schema and on its sequence; GRANT it: %w", err)
	case errors.As(err, &pg) && pg.Code == "25006" || strings.Contains(err.Error(), "read only connection"): // of pgx, before anything is asked
		return fmt.Errorf("outbox/postgres: the server or the user can only read; give the address of the primary, or of all servers (postgres://db1,db2/name), and see that default_transaction_read_only is off for the user: %w", err)
	}
	return fmt.Errorf("outbox/postgres: %w", err)
}
