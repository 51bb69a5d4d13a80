package sqldb

import (
	"net/url"
	"strings"
	"testing"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
)

func TestAddresses(t *testing.T) {
	for raw, want := range map[string]string{
		"postgres://db.example/shop":                                 "postgres://db.example/shop",
		"postgres://u:p@db.example:5432/shop?sslmode=disable":        "postgres://db.example:5432/shop",
		"postgresql://u:p@a:1,b:2/shop":                              "postgresql://a:1,b:2/shop",
		"mysql://u:p@[::1]:3306/shop":                                "mysql://[::1]:3306/shop",
		"mariadb://u@db.example":                                     "mariadb://db.example",
		"postgres://u:p@/shop?host=/run":                             "postgres:///shop",
		"sqlite:shop.db":                                             "sqlite:shop.db",
		"sqlite:/a b/shop?.db":                                       "sqlite:/a b/shop?.db",
		"postgres://u:p@ss@db.example/shop":                          "postgres database",
		"postgres://u:p/ss@db.example/shop":                          "postgres database",
		"postgres://u:p:5@db.example/shop%20one":                     "postgres://db.example/shop one",
		"mysql://u:p@db.example:x/shop":                              "mysql database",
		"mysql://u:p@db.example:0/shop":                              "mysql database",
		"mysql://u:p@[::1/shop":                                      "mysql database",
		"mysql://u:p@db.example/shop?password=a@b":                   "mysql database",
		"mysql:db.example":                                           "mysql database",
		"postgres://u:p@db.example/shop?options=-c%20a%3Db&sslsni=1": "postgres://db.example/shop",
	} {
		if got := Name(raw); got != want {
			t.Errorf("%s is called %s, want %s", raw, got, want)
		}
	}
}

// Whatever the user, the password and the database are, the drivers receive them unchanged, and no name shows the password.
func FuzzAddress(f *testing.F) {
	for _, s := range append([]string{"plain", `'\ "`, "é", "\\'"}, awkward...) {
		f.Add("user", s, "shop")
	}
	f.Fuzz(func(t *testing.T, user, password, database string) {
		escaped := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
		for _, s := range []string{user, password, database} {
			if s == "" || strings.ContainsAny(s, "\x00\ufffd") {
				return
			}
		}
		where := escaped(user) + ":" + escaped(password) + "@host/" + escaped(database)
		a, err := parseAddress("mysql://" + where)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if a.user != user || a.password != password || a.host != "host" || a.database != database {
			t.Errorf("%s becomes %+v", where, a)
		}
		cfg, err := pgx.ParseConfig(keywords(map[string]string{"user": a.user, "password": a.password, "dbname": a.database, "host": a.host, "sslmode": "disable"}))
		if err != nil || cfg.User != user || cfg.Password != password || cfg.Database != database || cfg.Host != "host" {
			t.Errorf("the driver of PostgreSQL gets something else of %s: %v", where, err)
		}
		// Without escapes it is the same, or rejected without showing it.
		if a, err := parseAddress("postgres://user:" + password + "@host/shop"); err == nil {
			if unescaped, _ := url.PathUnescape(password); a.password != unescaped || a.host != "host" || a.database != "shop" {
				t.Errorf("%q becomes %+v", password, a)
			}
		}
	})
}

// recorder keeps what a driver logs.
type recorder struct{ lines []any }

func (r *recorder) Print(v ...any) { r.lines = append(r.lines, v...) }

// A driver that logs by itself would do so in the middle of the command's output.
func TestDriversLogNothing(t *testing.T) {
	var r recorder
	if err := mysql.SetLogger(&r); err != nil {
		t.Fatal(err)
	}
	address, _ := listen(t, 0, []byte{1, 0, 0, 5, 10}) // a packet in the wrong order
	err := runs(t, "mysql://someone:unguessable@"+address+"/db", "SELECT 1")
	if err == nil || len(r.lines) > 0 {
		t.Errorf("%v; logged: %v", err, r.lines)
	}
}
