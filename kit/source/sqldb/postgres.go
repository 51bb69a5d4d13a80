package sqldb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/ciokit/cio/kit/source"
)

// postgresParams are the parameters of a URL of PostgreSQL, without those of TLS.
var postgresParams = []string{"host", "port", "dbname", "database", "user", "password", "passfile", "service", "servicefile", "connect_timeout", "target_session_attrs",
	"application_name", "options", "search_path", "timezone", "TimeZone", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "client_encoding",
	"sslpassword", "sslsni", "sslnegotiation", "sslcertmode", "channel_binding", "require_auth", "min_protocol_version", "max_protocol_version",
	"krbspn", "krbsrvname", "default_query_exec_mode"}

// postgresTarget is a server of PostgreSQL.
func postgresTarget(a *address, asked tlsAsked) (*target, error) {
	settings := map[string]string{}
	set := func(name, value string) {
		if value != "" {
			settings[name] = value
		}
	}
	host, port := splitHosts(a.host)
	set("host", host)
	set("port", port)
	set("dbname", a.database)
	set("user", a.user)
	set("password", a.password)
	for _, p := range a.params {
		switch {
		case !slices.Contains(postgresParams, p.name):
			return nil, a.unknownParam(p.name, postgresParams)
		case p.name == "client_encoding":
			if plain(p.value) != "utf8" && plain(p.value) != "auto" {
				return nil, badURL("has a client_encoding; leave it out: the database always answers in UTF-8, whatever encoding it stores")
			}
			continue
		case p.name == "default_query_exec_mode" && plain(p.value) == "simpleprotocol":
			return nil, badURL("asks for the simple protocol, which can run several statements at once; behind a pooler use default_query_exec_mode=exec")
		case p.name == "database":
			p.name = "dbname"
		}
		settings[p.name] = p.value
	}
	if settings["host"] == "" {
		return nil, badURL("is not valid; give one such as " + a.scheme + "://user:password@host/database")
	}
	set("sslrootcert", asked.ca)
	set("sslcert", asked.cert)
	set("sslkey", asked.certK)
	switch {
	case asked.mode != tlsUnsaid:
		settings["sslmode"] = tlsModes[asked.mode]
	case asked.allow:
		settings["sslmode"] = "allow"
	}
	cfg, err := pgx.ParseConfig(keywords(settings))
	if err != nil {
		return nil, unusable(err)
	}
	if err := checkPassfile(cfg, settings); err != nil {
		return nil, err
	}
	if cfg.ConnectTimeout == 0 { // for each host
		cfg.ConnectTimeout = connectTimeout
	}
	t := &target{dialect: postgres, local: strings.HasPrefix(cfg.Host, "/"), tlsMode: postgresMode(cfg.TLSConfig), timeout: cfg.ConnectTimeout * time.Duration(1+len(cfg.Fallbacks))}
	for _, f := range cfg.Fallbacks {
		t.tlsMode = max(t.tlsMode, postgresMode(f.TLSConfig))
	}
	t.connector = stdlib.GetConnector(*cfg, stdlib.OptionAfterConnect(func(_ context.Context, conn *pgx.Conn) error {
		t.state.Store(nil)
		if c, ok := conn.PgConn().Conn().(*tls.Conn); ok {
			state := c.ConnectionState()
			t.state.Store(&state)
		}
		return nil
	}))
	return t, nil
}

// splitHosts separates the hosts of a URL from their ports. Both are lists.
func splitHosts(hosts string) (names, ports string) {
	var n, p []string
	for host := range strings.SplitSeq(hosts, ",") {
		name, port := host, ""
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
			name, port = host[:i], host[i+1:]
		}
		name, _ = decoded(strings.Trim(name, "[]")) // parseAddress has checked it
		n, p = append(n, name), append(p, port)
	}
	if ports = strings.Join(p, ","); strings.Trim(ports, ",") == "" {
		ports = ""
	}
	return strings.Join(n, ","), ports
}

// keywords writes settings as PostgreSQL's connection string. It quotes every value, so that its end is clear.
func keywords(settings map[string]string) string {
	var b strings.Builder
	for name, value := range settings {
		fmt.Fprintf(&b, "%s='%s' ", strings.ToLower(name), strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value))
	}
	return b.String()
}

// unusable says why the driver cannot use a URL: it names a file that cannot be read. Otherwise it gives no reason, because the driver's error may
// quote the URL.
func unusable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("sqldb: a file that the URL of the database names cannot be read: %w", path)
	}
	return badURL("cannot be used by the driver of PostgreSQL; check the values of its parameters, and those of the environment, such as PGPORT and PGSSLMODE")
}

// postgresMode returns which checks of a server are configured.
func postgresMode(cfg *tls.Config) tlsMode {
	switch {
	case cfg == nil:
		return tlsDisable
	case !cfg.InsecureSkipVerify:
		return tlsVerifyFull
	case cfg.VerifyPeerCertificate != nil:
		return tlsVerifyCA
	}
	return tlsRequire
}

// checkPassfile rejects a password from a file that others can read, as psql does.
func checkPassfile(cfg *pgx.ConnConfig, settings map[string]string) error {
	without := func(file string) string {
		other := make(map[string]string, len(settings)+1)
		for name, value := range settings {
			other[name] = value
		}
		other["passfile"] = file
		c, err := pgx.ParseConfig(keywords(other))
		if err != nil {
			return ""
		}
		return c.Password
	}
	if cfg.Password == "" || without(os.DevNull) != "" {
		return nil // it is not from a file
	}
	file := settings["passfile"]
	if file == "" {
		file = os.Getenv("PGPASSFILE")
	}
	if home, err := os.UserHomeDir(); file == "" && err == nil {
		file = filepath.Join(home, ".pgpass")
	}
	if runtime.GOOS == "windows" {
		return nil // which has no such modes
	}
	if without(file) != cfg.Password {
		return errors.New("sqldb: a service names a password file; give it in the URL, with passfile=FILE, so that its mode can be checked")
	}
	info, err := os.Stat(file)
	switch {
	case err != nil:
		return fmt.Errorf("sqldb: the password file cannot be checked: %w", err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("sqldb: the password file %s is not a regular file", file)
	case info.Mode().Perm()&0o077 != 0:
		return fmt.Errorf("sqldb: others can read the password file %s, so it is not used (psql does not use it either): chmod 600 %[1]s", file)
	}
	return nil
}

// postgresSession makes the form of values independent of the settings of the database, the role and the server, until the transaction ends: text in
// UTF-8; in arrays and ranges, dates in ISO 8601 and numbers with all their digits.
const postgresSession = "SET LOCAL client_encoding = 'UTF8'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 3; SET LOCAL bytea_output = 'hex'"

// postgresGrammar returns the grammar of the session.
func postgresGrammar(ctx context.Context, tx *sql.Tx) (grammar, error) {
	var standard string
	if err := tx.QueryRowContext(ctx, "SELECT pg_catalog.current_setting('standard_conforming_strings')").Scan(&standard); err != nil {
		return grammar{}, err
	}
	g := grammarOf(postgres)
	g.backslashes = standard != "on"
	return g, nil
}

// namePostgresTypes names the types of which the driver knows only the number, such as those of enumerations and extensions.
func namePostgresTypes(ctx context.Context, tx *sql.Tx, columns []source.Column) error {
	for i := range columns {
		oid, err := strconv.ParseUint(columns[i].Type, 10, 32)
		if err != nil {
			continue
		}
		query := "SELECT pg_catalog.upper(pg_catalog.format_type($1::pg_catalog.oid, NULL))"
		if err := tx.QueryRowContext(ctx, query, oid).Scan(&columns[i].Type); err != nil {
			return postgres.explain("sqldb: the type of the column "+columns[i].Name+" cannot be looked up", err)
		}
	}
	return nil
}
