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

// mysqlParams are the parameters of a URL of MySQL or MariaDB, without those of TLS.
var mysqlParams = []string{"user", "password", "socket", "timeout", "connect_timeout", "readTimeout", "writeTimeout", "allowCleartextPasswords",
	"allowNativePasswords", "allowOldPasswords", "charset", "compress", "connectionAttributes", "maxAllowedPacket", "net_read_timeout", "net_write_timeout",
	"wait_timeout", "max_statement_time", "max_execution_time"}

// mysqlTarget is a server of MySQL or MariaDB.
func mysqlTarget(a *address, asked tlsAsked) (*target, error) {
	cfg := mysql.NewConfig()
	cfg.Logger = new(mysql.NopLogger) // it would log only errors that are also returned, and they are shown once
	cfg.User, cfg.Passwd, cfg.DBName, cfg.Timeout = a.user, a.password, a.database, connectTimeout
	cfg.Params = map[string]string{"time_zone": "'+00:00'"}
	for _, p := range a.params {
		if !slices.Contains(mysqlParams, p.name) {
			return nil, a.unknownParam(p.name, mysqlParams)
		}
		if !setMySQL(cfg, p) {
			return nil, badURL("has a value of " + p.name + " that is not possible; times are like 30s, those of the server a number, and the charset is utf8mb4")
		}
	}
	host, err := url.PathUnescape(a.host)
	if err != nil || strings.Contains(host, ",") {
		return nil, badURL("names more than one host, which only PostgreSQL accepts")
	}
	t := &target{dialect: mysqlServer, tlsMode: asked.mode, setup: readOnlySession}
	server := host
	if cfg.Net == "unix" {
		t.local = true
		if t.tlsMode == tlsUnsaid {
			t.tlsMode = tlsDisable // nobody else can read the connection
		}
	} else {
		if host == "" {
			return nil, badURL("is not valid; give one such as " + a.scheme + "://user:password@host/database")
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
		return nil, badURL("cannot be used by the driver of MySQL") // the driver's error may quote the URL
	}
	t.connector, t.timeout = inner, cfg.Timeout
	return t, nil
}

// setMySQL applies a parameter of a URL. It returns false for a value that is not possible.
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
		return plain(p.value) == "utf8mb4" || plain(p.value) == "utf8" // it is utf8mb4 in any case
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

// watch records the encryption of each connection.
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

// readOnlySession makes each transaction of the session read only. So a statement that itself ends a transaction, such as DROP TABLE, cannot run
// after it.
func readOnlySession(ctx context.Context, conn driver.Conn) error {
	_, err := conn.(driver.ExecerContext).ExecContext(ctx, "SET SESSION TRANSACTION READ ONLY", nil)
	return err
}

// mysqlGrammar returns the grammar of the session.
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
