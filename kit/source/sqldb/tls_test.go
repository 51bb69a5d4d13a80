package sqldb

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// The meaning of each spelling, in URLs of both kinds of server.
func TestTLSSpellings(t *testing.T) {
	for params, want := range map[string]string{
		"": "", "sslmode=disable": "disable", "sslMode=DISABLED": "disable", "ssl-mode=PREFERRED": "prefer", "sslmode=prefer": "prefer", "sslmode=allow": "",
		"sslmode=require": "require", "ssl-mode=REQUIRED": "require", "ssl_mode=required": "require", "sslmode=verify-ca": "verify-ca", "sslMode=VERIFY_CA": "verify-ca",
		"sslmode=verify-full": "verify-full", "ssl-mode=VERIFY_IDENTITY": "verify-full", "sslmode=verify_identity": "verify-full",
		"tls=true": "verify-full", "tls=skip-verify": "require", "tls=preferred": "prefer", "tls=false": "disable", "tls=1": "verify-full",
		"ssl=true": "require", "ssl=1": "require", "useSSL=true": "require", "useSSL=false": "disable", "requireSSL=true": "require", "requireSSL=false": "",
		"useSSL=true&verifyServerCertificate=true": "verify-full", "useSSL=true&verifyServerCertificate=false": "require", "useSSL=true&trustServerCertificate=true": "require",
		"useSSL=true&trustServerCertificate=false": "verify-full", "ssl-verify-server-cert=true": "verify-full", "ssl_verify_cert=true": "verify-ca", "ssl_verify_identity=true": "verify-full",
		"ssl_disabled=true": "disable", "ssl_disabled=false": "require", "sslmode=require&sslmode=verify-full": "verify-full", "sslmode=verify-full&sslmode=require": "verify-full",
		"sslrootcert=ca": "verify-ca", "ssl-ca=ca": "verify-ca", "ssl_ca=ca&sslmode=require": "verify-ca", "sslrootcert=ca&sslmode=verify-full": "verify-full", "sslrootcert=system": "verify-full",
		"sslcert=c&sslkey=k": "require", "ssl-cert=c&ssl-key=k&ssl-ca=ca": "verify-ca",

		"sslmode=": "!a value of sslmode that is unknown", "sslmode=yes-please": "!a value of sslmode", "tls=custom": "!a value of tls", "useSSL=maybe": "!a value of useSSL",
		"sslmode=disable&useSSL=true": "!asks for encryption, by useSSL, and for none, by sslmode", "tls=false&sslmode=require": "!and for none, by tls", "sslmode=disable&ssl-ca=ca": "!asks for encryption",
		"sslcert=c": "!give both", "sslkey=k": "!give both",
	} {
		for _, scheme := range []string{"postgres", "mysql", "mariadb"} {
			a, err := parseAddress(scheme + "://host/db?" + params)
			if err != nil {
				t.Fatal(err)
			}
			asked, err := a.readTLS()
			problem, bad := strings.CutPrefix(want, "!")
			switch {
			case bad && (err == nil || !strings.Contains(err.Error(), problem)):
				t.Errorf("%s: %v; want %s", params, err, problem)
			case !bad && (err != nil || tlsModes[asked.mode] != want):
				t.Errorf("%s: %s, %v; want %s", params, tlsModes[asked.mode], err, want)
			case err == nil && len(a.params) > 0:
				t.Errorf("%s: %v is left", params, a.params)
			}
		}
	}
}

// with returns a server's URL with another host and other parameters.
func with(t *testing.T, raw, host, params string) string {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	u.Host, u.RawQuery = net.JoinHostPort(host, u.Port()), params
	return u.String()
}

// A connection has the requested encryption, and its description is correct. The servers' certificate is for localhost.
func TestTLSOfServers(t *testing.T) {
	for name, variable := range map[string]string{"PostgreSQL": "CIOKIT_POSTGRES_URL", "MariaDB": "CIOKIT_MARIADB_URL"} {
		t.Run(name, func(t *testing.T) {
			raw, authority := server(t, variable), server(t, "CIOKIT_AUTHORITY")
			plain := &source.Connection{Verified: source.VerifiedNothing}
			encrypted := func(v source.Verified) *source.Connection {
				return &source.Connection{Encrypted: true, Protocol: "TLS 1.3", Verified: v}
			}
			for _, tt := range []struct {
				host, params string
				want         *source.Connection // nil if it is not possible
			}{
				{"127.0.0.1", "", encrypted(source.VerifiedNothing)}, // the default is to prefer encryption
				{"127.0.0.1", "sslmode=disable", plain},
				{"127.0.0.1", "useSSL=false", plain},
				{"127.0.0.1", "sslmode=require", encrypted(source.VerifiedNothing)},
				{"127.0.0.1", "useSSL=true", encrypted(source.VerifiedNothing)},
				{"127.0.0.1", "tls=skip-verify", encrypted(source.VerifiedNothing)},
				{"127.0.0.1", "ssl-ca=" + authority, encrypted(source.VerifiedAuthority)},
				{"127.0.0.1", "sslmode=verify-ca&sslrootcert=" + authority, encrypted(source.VerifiedAuthority)},
				{"127.0.0.1", "sslmode=verify-full&sslrootcert=" + authority, nil},
				{"localhost", "sslmode=verify-full&sslrootcert=" + authority, encrypted(source.VerifiedName)},
				{"localhost", "ssl-mode=VERIFY_IDENTITY&ssl-ca=" + authority, encrypted(source.VerifiedName)},
				{"localhost", "tls=true&ssl_ca=" + authority, encrypted(source.VerifiedName)},
				{"localhost", "sslmode=verify-full", nil}, // the authority is not known here
				{"localhost", "sslmode=verify-ca", nil},
				{"localhost", "tls=true", nil},
				{"localhost", "sslmode=verify-ca&sslrootcert=/nowhere", nil},
			} {
				src, err := Open(t.Context(), with(t, raw, tt.host, tt.params), Query{SQL: "SELECT 1 AS id"})
				if err != nil {
					if tt.want != nil {
						t.Errorf("%s, %s: %v", tt.host, tt.params, err)
					}
					continue
				}
				if p, err := source.Inspect(t.Context(), src, 0); err != nil || tt.want == nil || *p.Connection != *tt.want {
					t.Errorf("%s, %s: %+v, %v; want %+v", tt.host, tt.params, p.Connection, err, tt.want)
				}
				if err := src.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// listen answers each connection with greeting, after it has received ask bytes. It returns its address and the data that it then receives.
func listen(t *testing.T, ask int, greeting []byte) (address string, sent <-chan []byte) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	all := make(chan []byte, 9)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if _, err := io.ReadFull(c, make([]byte, ask)); err == nil {
				c.Write(greeting)
			}
			b, _ := io.ReadAll(io.LimitReader(c, 20))
			all <- b
			c.Close()
		}
	}()
	return l.Addr().String(), all
}

// oldHandshake is the greeting of a MySQL server that cannot encrypt.
var oldHandshake = func() []byte {
	b := append([]byte{10}, "5.6.0\x00\x01\x00\x00\x0012345678\x00"...)
	b = append(b, 0xff, 0xf7, 33, 2, 0, 0x0f, 0x80, 21) // all of the lower capabilities but SSL
	b = append(append(b, make([]byte, 10)...), "123456789012\x00mysql_native_password\x00"...)
	return append([]byte{byte(len(b)), 0, 0, 0}, b...)
}()

// If the server cannot encrypt, but encryption was requested, neither the user nor the password is sent.
func TestServerWithoutTLS(t *testing.T) {
	for _, params := range []string{"sslmode=require", "ssl-mode=REQUIRED", "useSSL=true", "tls=skip-verify", "tls=true", "sslmode=verify-full", "sslmode=verify-ca"} {
		for scheme, f := range map[string]struct {
			ask      int
			greeting []byte
		}{"postgres": {8, []byte("N")}, "mysql": {0, oldHandshake}} {
			address, sent := listen(t, f.ask, f.greeting)
			_, err := Open(t.Context(), scheme+"://someone:unguessable@"+address+"/db?"+params, Query{SQL: "SELECT 1"})
			if !errors.Is(err, ErrUnreachable) {
				t.Errorf("%s, %s: %v", scheme, params, err)
			}
			if b := <-sent; len(b) > 0 {
				t.Errorf("%s, %s: the server is sent %q", scheme, params, b)
			}
		}
	}
	// Without that request, the user is sent to the server.
	address, sent := listen(t, 0, oldHandshake)
	_, _ = Open(t.Context(), "mysql://someone@"+address+"/db", Query{SQL: "SELECT 1"})
	if b := <-sent; len(b) == 0 || bytes.Contains(b, []byte("unguessable")) {
		t.Errorf("the server is sent %q", b)
	}
}

// Unknown parameters are rejected, in every kind of URL.
func TestUnknownParameters(t *testing.T) {
	for _, tt := range []struct{ params, want string }{
		{"sslmod=require", "has the unknown parameter sslmod"},
		{"useTLS=true", "useTLS"}, {"encrypt=true", "encrypt"}, {"allowPublicKeyRetrieval=true", "allowPublicKeyRetrieval"}, {"multiStatements=true", "multiStatements"},
		{"password=abcd&efghij=1", "an unknown parameter"},
	} {
		for _, scheme := range []string{"postgres", "mysql"} {
			_, err := Open(t.Context(), scheme+"://127.0.0.1:1/db?"+tt.params, Query{SQL: "SELECT 1"})
			if err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "efghij") {
				t.Errorf("%s, %s: %v", scheme, tt.params, err)
			}
		}
	}
	for url, want := range map[string]string{
		"postgres://127.0.0.1:1/db?default_query_exec_mode=simple_protocol": "simple protocol",
		"postgres://127.0.0.1:1/db?client_encoding=latin1":                  "always answers in UTF-8",
		"mysql://127.0.0.1:1/db?charset=latin1":                             "the charset is utf8mb4",
		"mysql://127.0.0.1:1/db?net_write_timeout=1%3BDROP":                 "a value of net_write_timeout",
		"mysql://127.0.0.1:1/db?timeout=fast":                               "a value of timeout",
		"mysql://127.0.0.1:1,127.0.0.2/db":                                  "more than one host",
		"postgres:///db":                                                    "the URL of the database is not valid", "mysql:///db": "URL of the database is not valid", "mysql:nothing": "URL of the database is not valid",
	} {
		if _, err := Open(t.Context(), url, Query{SQL: "SELECT 1"}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v; want %s", url, err, want)
		}
	}
}

// The parameters of the driver have their effect.
func TestMySQLParameters(t *testing.T) {
	url := server(t, "CIOKIT_MARIADB_URL") + "?timeout=30s&readTimeout=1m&writeTimeout=1m&net_write_timeout=611&max_statement_time=1.5&charset=utf8mb4&compress=true&connectionAttributes=program_name:x"
	if got := one(t, url, "SELECT @@net_write_timeout AS a, @@max_statement_time AS b"); got != `{"a":611,"b":1.5}` {
		t.Errorf("got %s", got)
	}
	if err := runs(t, url, "SELECT SLEEP(9) FROM information_schema.tables"); err == nil || !strings.Contains(err.Error(), "max_statement_time exceeded") {
		t.Errorf("got %v", err)
	}
}

// A Unix socket does not leave the machine.
func TestUnixSocket(t *testing.T) {
	maria, dir := server(t, "CIOKIT_MARIADB_URL"), os.Getenv("CIOKIT_DATABASES")
	u, err := url.Parse(maria)
	if err != nil {
		t.Fatal(err)
	}
	p, err := url.Parse(server(t, "CIOKIT_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	local := source.Connection{Local: true, Verified: source.VerifiedNothing}
	for _, raw := range []string{
		"mysql://" + u.User.String() + "@/ciokit?socket=" + dir + "/mariadb/socket",
		"postgres://" + p.User.String() + "@/postgres?host=" + dir + "/postgres&port=" + p.Port(),
		"postgres://" + p.User.String() + "@" + url.QueryEscape(dir+"/postgres") + ":" + p.Port() + "/postgres",
	} {
		src, err := Open(t.Context(), raw, Query{SQL: "SELECT 1 AS id"})
		if err != nil {
			t.Error(err)
			continue
		}
		if c := src.(source.Connected).Connection(); *c != local {
			t.Errorf("got %+v", c)
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}
