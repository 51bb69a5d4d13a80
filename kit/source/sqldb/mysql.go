package sqldb

import (
	"context"
	"crypto/tls"
	"database/sql"
	"database/sql/driver"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// mysqlParams are the parameters of a URL of MySQL or MariaDB beside those of TLS.
var mysqlParams = []string{"user", "password", "socket", "timeout", "connect_timeout", "readTimeout", "writeTimeout", "allowCleartextPasswords",
	"allowNativePasswords", "allowOldPasswords", "charset", "compress", "connectionAttributes", "maxAllowedPacket", "net_read_timeout", "net_write_timeout",
	"wait_timeout", "max_statement_time", "max_execution_time"}

// mysqlTarget is a server of MySQL or MariaDB.
func mysqlTarget(a *address, asked tlsAsked) (*target, error) {
	cfg := mysql.NewConfig()
	cfg.Logger = new(mysql.NopLogger) // what it would log comes as an error too, and that is shown once
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Timeout = a.user, a.password, a.database, connectTimeout
	cfg.Params = map[string]string{"time_zone": "'+00:00'"}
	for _, p := range a.params {
		if !slices.Contains(mysqlParams, p.name) {
			return nil, a.unknownParam(p.name, mysqlParams)
		}
		if !setMySQL(cfg, p) {
			return nil, badURL("has a value of " + p.name + " that cannot be; times are such as 30s, those of the server a number, and the charset is utf8mb4")
		}
	}
	host, err := url.PathUnescape(a.host)
	if err != nil || strings.Contains(host, ",") {
		return nil, badURL("names more than one host, which only PostgreSQL takes")
	}
	t := &target{dialect: mysqlServer, tlsMode: asked.mode, setup: readOnlySession}
	server := host
	if cfg.Net == "unix" {
		t.local = true
		if t.tlsMode == tlsUnsaid {
			t.tlsMode = tlsDisable // nobody can read along
		}
	} else {
		if host == "" {
			return nil, badURL("is no URL of a database; give one such as " + a.scheme + "://user:password@host/database")
		}
		cfg.Net, cfg.Addr = "tcp", host
		if name, port, err := net.SplitHostPort(host); err == nil && port != "" {
			server = name
		} else {
			server = strings.Trim(strings.TrimSuffix(host, ":"), "[]")
			cfg.Addr = net.JoinHostPort(server, "3306")
		}
	}
	if t.tlsMode == tlsUnsaid || asked.allow && t.tlsMode < tlsRequire {
		t.tlsMode = tlsPrefer
	}
	asked.mode = t.tlsMode
	if cfg.TLS, err = asked.config(server); err != nil {
		return nil, err
	}
	cfg.AllowFallbackToPlaintext = t.tlsMode == tlsPrefer
	t.watch(cfg)
	inner, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, badURL("cannot be used by the driver of MySQL") // whose words may quote it
	}
	t.connector, t.timeout = inner, cfg.Timeout
	return t, nil
}

// setMySQL sets what a parameter of a URL says, and returns false for a value that cannot be.
func setMySQL(cfg *mysql.Config, p param) bool {
	var err error
	switch p.name {
	case "user":
		cfg.User = p.value
	case "password":
		cfg.Passwd = p.value
	case "socket":
		cfg.Net, cfg.Addr = "unix", p.value
	case "timeout":
		cfg.Timeout, err = time.ParseDuration(p.value)
	case "connect_timeout":
		var seconds uint64
		seconds, err = strconv.ParseUint(p.value, 10, 31)
		cfg.Timeout = time.Duration(seconds) * time.Second
	case "readTimeout":
		cfg.ReadTimeout, err = time.ParseDuration(p.value)
	case "writeTimeout":
		cfg.WriteTimeout, err = time.ParseDuration(p.value)
	case "allowCleartextPasswords":
		cfg.AllowCleartextPasswords, err = strconv.ParseBool(p.value)
	case "allowNativePasswords":
		cfg.AllowNativePasswords, err = strconv.ParseBool(p.value)
	case "allowOldPasswords":
		cfg.AllowOldPasswords, err = strconv.ParseBool(p.value)
	case "charset":
		return plain(p.value) == "utf8mb4" || plain(p.value) == "utf8" // as it is anyway
	case "compress":
		var yes bool
		if yes, err = strconv.ParseBool(p.value); err == nil {
			err = cfg.Apply(mysql.EnableCompression(yes))
		}
	case "connectionAttributes":
		cfg.ConnectionAttributes = p.value
	case "maxAllowedPacket":
		cfg.MaxAllowedPacket, err = strconv.Atoi(p.value)
	default: // a variable of the session
		if _, err = strconv.ParseFloat(p.value, 64); err == nil && strings.Trim(p.value, "0123456789.") == "" {
			cfg.Params[p.name] = p.value
			return true
		}
		return false
	}
	return err == nil
}

// watch keeps what each connection is encrypted by.
func (t *target) watch(cfg *mysql.Config) {
	cfg.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		t.state.Store(nil)
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	if cfg.TLS == nil {
		return
	}
	verify := cfg.TLS.VerifyConnection
	cfg.TLS.VerifyConnection = func(state tls.ConnectionState) error {
		if verify != nil {
			if err := verify(state); err != nil {
				return err
			}
		}
		t.state.Store(&state)
		return nil
	}
}

// readOnlySession keeps statements that end a transaction of themselves, such as DROP TABLE, from running behind it: each transaction of the
// session reads only, whoever begins it.
func readOnlySession(ctx context.Context, conn driver.Conn) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY", nil)
	return err
}

// mysqlGrammar is the grammar that the session has.
func mysqlGrammar(ctx context.Context, tx *sql.Tx) (grammar, error) {
	var mode string
	if err := tx.QueryRowContext(ctx, "SELECT @@sql_mode").Scan(&mode); err != nil {
		return grammar{}, err
	}
	g, modes := grammarOf(mysqlServer), strings.Split(mode, ",")
	g.backslashes = !slices.Contains(modes, "NO_BACKSLASH_ESCAPES")
	g.doubleIsText = !slices.Contains(modes, "ANSI_QUOTES")
	return g, nil
}
