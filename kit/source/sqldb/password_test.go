package sqldb

import (
	"net"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// awkward are passwords that must be escaped in a URL, or that look like something else in one.
var awkward = []string{
	"Wq7z@Xk9v", "Wq7z/Xk9v", "Wq7z#Xk9v", "Wq7z?Xk9v", "Wq7z:Xk9v", "Wq7z%Xk9v", "Wq7z%41Xk9v", "Wq7z&Xk9v", "Wq7z=Xk9v", "Wq7z+Xk9v", "Wq7z Xk9v", `Wq7z"Xk9v`,
	"Wq7z'Xk9v", "Wq7z<Xk9v", "Wq7z>Xk9v", `Wq7z\Xk9v`, "Wq7z[Xk9v", "Wq7z]Xk9v", "Wq7z{Xk9v", "Wq7z|Xk9v", "Wq7z^Xk9v", "Wq7z`Xk9v", "Wq7z;Xk9v", "Wq7z,Xk9v", "Wq7z$Xk9v",
	"@Wq7zXk9v", "Wq7zXk9v@", "/Wq7zXk9v", "Wq7zXk9v/", "#Wq7zXk9v", "Wq7zXk9v%", "Wq7z@/Xk9v", "Wq7z/@Xk9v", "Wq7z?x=Xk9v", "Wq7z@host/Xk9v?sslmode=disable", "Wq7z:5432/Xk9v",
	"Wq7z\u00e9Xk9v", "Wq7z\tXk9v", "Wq7z\nXk9v", "4567/9876", "4567#9876", "4567?9876", "Wq7z/Xk9v/Yj3n", "Wq7z@Xk9v@Yj3n", "[Wq7z]:4567", "e", "at", "sql", "", "Wq7z*Xk9v",
}

// tells returns a part of the password, of at least 4 characters, that the text contains; empty if there is none.
func tells(text, password string) string {
	for i := 0; i+4 <= len(password); i++ {
		if part := password[i : i+4]; strings.Contains(text, part) && !strings.Contains("sslmode=disable@host/", part) && part != "5432" {
			return part
		}
	}
	return ""
}

// However a password is written, no error contains a part of it, and neither does the name of the database.
func TestNoPartOfAPassword(t *testing.T) {
	for _, password := range awkward {
		for _, scheme := range []string{"postgres", "mysql", "mariadb"} {
			for _, raw := range []string{
				scheme + "://someone:" + password + "@127.0.0.1:1/shop",
				scheme + "://:" + password + "@127.0.0.1:1/shop",
				scheme + "://someone:" + password + "@127.0.0.1:1",
				scheme + "://someone:" + password + "@/shop?host=127.0.0.1&port=1",
				scheme + "://127.0.0.1:1/shop?user=someone&password=" + password,
				scheme + "://127.0.0.1:1/shop?password=" + password + "&sslmode=require",
				scheme + "://127.0.0.1:1/shop?sslpassword=" + password,
				scheme + "://someone:" + url.QueryEscape(password) + "@127.0.0.1:1/shop",
			} {
				src, err := Open(t.Context(), raw, Query{SQL: "SELECT 1"})
				if err == nil {
					src.Close()
					t.Fatalf("%s opens", raw)
				}
				for _, text := range []string{err.Error(), Name(raw)} {
					if part := tells(text, password); part != "" {
						t.Errorf("%q is in %q", part, text)
					}
				}
				if strings.Contains(err.Error(), "***") {
					t.Errorf("a sentence is masked: %v", err)
				}
				if password != "" && !HasPassword(raw) {
					t.Errorf("%s has no password", raw)
				}
			}
		}
	}
}

// A URL without its @ and its host has a password at the place of the port. It is not shown, although it cannot be distinguished from a port.
func TestPasswordInPlaceOfAPort(t *testing.T) {
	for _, tt := range []struct {
		raw, name string
		password  bool
	}{
		{"postgres://someone:54321/shop", "postgres://someone/shop", true},
		{"mysql://someone:54321", "mysql://someone", true},
		{"postgres://localhost:54321/shop", "postgres://localhost/shop", false},
		{"mariadb://127.0.0.1:54321/shop", "mariadb://127.0.0.1/shop", false},
		{"postgres://[::1]:54321/shop", "postgres://[::1]/shop", false},
		{"postgres://a:54321,b:54321/shop", "postgres://a,b/shop", true},
		{"postgres://someone@localhost:54321/shop", "postgres://someone@localhost:54321/shop", false},
		{"postgres://localhost:54321/shop?user=someone", "postgres://localhost:54321/shop", false},
	} {
		named := strings.Contains(tt.name, "54321")
		if name := strings.Replace(tt.name, "someone@", "", 1); Name(tt.raw) != name || HasPassword(tt.raw) != tt.password {
			t.Errorf("%s is shown as %s, password %t", tt.raw, Name(tt.raw), HasPassword(tt.raw))
		}
		src, err := Open(t.Context(), tt.raw+map[bool]string{true: "&", false: "?"}[strings.Contains(tt.raw, "?")]+"connect_timeout=2", Query{SQL: "SELECT 1"})
		if err == nil {
			src.Close()
			t.Fatalf("%s opens", tt.raw)
		}
		if !named && strings.Contains(err.Error(), "54321") {
			t.Errorf("%s: %v", tt.raw, err)
		}
	}
}

// For a password with characters that have another meaning in a URL, the error asks to encode it.
func TestPasswordMustBeEncoded(t *testing.T) {
	for _, c := range []string{"@", "/", "#", "?", "%", " ", `"`, "<", `\`, "^"} {
		for _, scheme := range []string{"postgres", "mysql"} {
			_, err := Open(t.Context(), scheme+"://someone:Wq7z"+c+"Xk9v@127.0.0.1:1/shop", Query{SQL: "SELECT 1"})
			if err == nil || !strings.Contains(err.Error(), "write @ as %40, / as %2F") {
				t.Errorf("%s: %v", c, err)
			}
		}
	}
}

// Encoded, every password connects, at the place of the password and as a parameter.
func TestEncodedPasswords(t *testing.T) {
	const user = "a@w:k"
	for variable, create := range map[string][]string{
		"CIOKIT_POSTGRES_URL": {`DROP ROLE IF EXISTS "a@w:k"`, `CREATE ROLE "a@w:k" LOGIN PASSWORD `},
		"CIOKIT_MARIADB_URL":  {"DROP USER IF EXISTS `a@w:k`@'%'", "CREATE USER `a@w:k`@'%' IDENTIFIED BY "},
	} {
		u, err := url.Parse(server(t, variable))
		if err != nil {
			t.Fatal(err)
		}
		database := ""
		if u.Scheme == "postgres" {
			database = u.Path
		}
		escaped := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
		for i, password := range awkward {
			if password == "" {
				continue
			}
			text := strings.ReplaceAll(password, "'", "''")
			if u.Scheme == "mariadb" {
				text = strings.ReplaceAll(text, `\`, `\\`)
			}
			execute(t, u.String(), create[0], create[1]+"'"+text+"'")
			raw := u.Scheme + "://" + escaped(user) + ":" + escaped(password) + "@" + u.Host + database
			if i%2 > 0 {
				raw = u.Scheme + "://" + u.Host + database + "?user=" + escaped(user) + "&password=" + escaped(password)
			}
			if err := runs(t, raw, "SELECT 1 AS id"); err != nil {
				t.Errorf("%q: %v", password, err)
			}
		}
	}
}

// A password file that others can read is not used, like in psql.
func TestPassfile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no such modes")
	}
	u, err := url.Parse(server(t, "CIOKIT_POSTGRES_URL"))
	if err != nil {
		t.Fatal(err)
	}
	password, _ := u.User.Password()
	file := filepath.Join(t.TempDir(), "passwords")
	host, port, err := net.SplitHostPort(u.Host)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("other:*:*:*:x\n"+host+":"+port+":*:ciokit:"+password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	for _, tt := range []struct {
		named string
		set   func(t *testing.T) string // returns the parameters
	}{
		{"by the URL", func(*testing.T) string { return "passfile=" + file }},
		{"by the environment", func(t *testing.T) string { t.Setenv("PGPASSFILE", file); return "" }},
		{"in the home directory", func(t *testing.T) string {
			t.Setenv("HOME", home)
			text, err := os.ReadFile(file)
			if err == nil {
				err = os.WriteFile(filepath.Join(home, ".pgpass"), text, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			return ""
		}},
	} {
		t.Run(tt.named, func(t *testing.T) {
			raw := "postgres://ciokit@" + u.Host + u.Path + "?" + tt.set(t)
			path := file
			if tt.named == "in the home directory" {
				path = filepath.Join(home, ".pgpass")
			}
			for mode, want := range map[os.FileMode]string{0o600: "", 0o400: "", 0o640: "chmod 600 " + path, 0o604: "chmod 600", 0o660: "chmod 600", 0o644: "psql does not use it"} {
				if err := os.Chmod(path, mode); err != nil {
					t.Fatal(err)
				}
				err := runs(t, raw, "SELECT 1 AS id")
				if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
					t.Errorf("mode %o: %v; want %s", mode, err, want)
				}
				if err != nil && tells(strings.ReplaceAll(err.Error(), path, ""), password) != "" { // the digits of a temporary directory can be a part of the password
					t.Errorf("the error shows the password: %v", err)
				}
			}
			// The URL and the environment take precedence.
			t.Setenv("PGPASSWORD", password)
			if err := runs(t, raw, "SELECT 1 AS id"); err != nil {
				t.Error(err)
			}
		})
	}
}
