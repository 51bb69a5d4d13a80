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

// DefaultSchema is the schema of the tables if none is named.
const DefaultSchema = "cio_outbox"

// ErrNotMigrated says that the database does not have the tables, or has those of an older version: call Migrate, or run ciokit outbox migrate URL.
var ErrNotMigrated = errors.New("outbox/postgres: the tables are not there; run ciokit outbox migrate URL, or call Migrate")

// A released migration must never change. Programs of two versions run at the same time during an update, so each migration must leave tables that
// the previous version can use: it adds only what has a default, and removes only what no released version has used for long.
//
//go:embed migrations/*.sql
var migrations embed.FS

const newest = 1

// errAddress does not say what is wrong, because an address that cannot be read may have its password anywhere.
var errAddress = errors.New("outbox/postgres: the database's address cannot be read; give one such as postgres://user@host:5432/name, with the password in PGPASSWORD; or write the password into the address, with each character other than letters and digits as %XX")

// Migrate creates the tables in a schema of the database, DefaultSchema if none is named, or updates them. You can call it at any time, from several
// programs at once, and while programs of an older version run. It does not change a database that a newer version has migrated.
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
	// All migrations of this schema take this lock. The schema need not exist yet.
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('github.com/ciokit/cio/outbox/postgres'), hashtext($1))", t.name); err != nil {
		return err
	}
	var there bool
	if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", t.name).Scan(&there); err != nil {
		return err
	}
	if !there { // a user without the right to create schemas can use one that exists
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

// tables has the quoted names of the tables of one schema.
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

// channelOf returns the channel of notifications. Its name must not exceed 63 bytes, the limit of PostgreSQL for all names.
func channelOf(schema string) string {
	if len(schema) > 50 {
		return fmt.Sprintf("%s:%08x", schema[:50], hashOf(schema))
	}
	return schema + ":news"
}

// parse reads a URL or a DSN of PostgreSQL. If it names several servers, the connection uses the one that can be written to.
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
		return nil, errAddress // this is the end of a password that has an @ or a slash; it would be looked up, and shown
	}
	if cfg.ValidateConnect == nil {
		cfg.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "ciokit outbox"
	}
	return cfg, nil
}

// oldest is the oldest version of PostgreSQL that works: its functions are the first that give 64-bit numbers of open transactions.
const oldest = 13

// recent returns an error if the server is older than that. It accepts a version that it cannot read.
func recent(c *pgconn.PgConn) error {
	return recentVersion(c.ParameterStatus("server_version"))
}

func recentVersion(text string) error {
	digits := strings.IndexFunc(text+".", func(r rune) bool { return r < '0' || r > '9' }) // before a release it is such as 18beta1
	if n, err := strconv.Atoi(text[:digits]); err == nil && n < oldest {
		return fmt.Errorf("outbox/postgres: the server is PostgreSQL %s; update it to %d or later", text, oldest)
	}
	return nil
}

// notOfHost reports whether a character cannot be in the name of a host or of a socket's directory.
func notOfHost(r rune) bool {
	return r <= ' ' || strings.ContainsRune("@,;?#&=\"'`*\\", r)
}
