package sqldb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	sqlitedriver "modernc.org/sqlite"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
	"github.com/ciokit/cio/kit/source"
)

// sqlitePath returns the file that a URL names after its colon: sqlite:FILE, or sqlite:///C:/FILE. The slash before a drive of Windows does not
// belong to the path.
func sqlitePath(rest string, windows bool) string {
	path := strings.TrimPrefix(rest, "//")
	if windows && len(path) > 2 && path[0] == '/' && path[2] == ':' {
		path = path[1:]
	}
	return path
}

// sqliteTarget is a file. It is opened read only, and waits while another process writes.
func sqliteTarget(file string) (*target, error) {
	switch info, err := os.Stat(file); {
	case err != nil:
		return nil, err // otherwise the driver would create an empty database
	case info.IsDir():
		return nil, unreachable("sqldb: sqlite:" + file + " is a directory; give the file of the database")
	}
	dsn := "file:" + (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath() + "?mode=ro&_busy_timeout=10000"
	return &target{dialect: sqlite, local: true, connector: fileConnector(dsn), setup: onlyRead, timeout: connectTimeout}, nil
}

// fileConnector opens a database of SQLite. It is the name for the driver.
type fileConnector string

func (f fileConnector) Connect(context.Context) (driver.Conn, error) {
	return f.Driver().Open(string(f))
}

func (fileConnector) Driver() driver.Driver { return new(sqlitedriver.Driver) }

// onlyRead makes a connection refuse what is not needed for reading, such as ATTACH, which creates files whatever the mode of the first one.
func onlyRead(_ context.Context, conn driver.Conn) error {
	allowed := []sqlitedriver.AuthorizerActionCode{sqlitedriver.AuthSelect, sqlitedriver.AuthRead, sqlitedriver.AuthFunction, sqlitedriver.AuthRecursive,
		sqlitedriver.AuthTransaction, sqlitedriver.AuthPragma} // a pragma as a function, such as pragma_table_info, changes nothing
	return conn.(sqlitedriver.AuthorizerRegisterer).RegisterAuthorizer(func(action sqlitedriver.AuthorizerActionCode, _, name, _, _ string) sqlitedriver.AuthorizerReturnCode {
		if !slices.Contains(allowed, action) || action == sqlitedriver.AuthFunction && strings.EqualFold(name, "load_extension") {
			return sqlitedriver.AuthorizerDeny
		}
		return sqlitedriver.AuthorizerOK
	})
}

// undated returns the query with its date and time columns as they are stored, and its columns with their declared types. The driver would read the
// text in such columns as a time. Then a day and its midnight would be the same, and so would a time and the same time in another zone.
func undated(ctx context.Context, db *sql.DB, query string) (string, []source.Column, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return "", nil, err
	}
	defer conn.Close()
	var columns []sqlitedriver.ColumnInfo
	err = conn.Raw(func(c any) (err error) {
		columns, err = c.(interface {
			ColumnInfo(string) ([]sqlitedriver.ColumnInfo, error)
		}).ColumnInfo(query)
		return err
	})
	if err != nil {
		return "", nil, err
	}
	var described []source.Column
	var places, kept []string
	changed := false
	for i, c := range columns {
		place := "c" + strconv.Itoa(i)
		places, described = append(places, place), append(described, source.Column{Name: c.Name, Kind: source.KindJSON, Type: c.DeclType})
		switch strings.ToUpper(c.DeclType) {
		case "DATE", "DATETIME", "TIMESTAMP":
			changed = true
			place = "+" + place // without its declared type
		}
		kept = append(kept, place+" AS "+sqlite.identifier(c.Name))
	}
	if !changed {
		return query, described, nil
	}
	return "WITH q(" + strings.Join(places, ", ") + ") AS (\n" + query + "\n) SELECT " + strings.Join(kept, ", ") + " FROM q", described, nil
}

// appendSQLiteTime writes the content of a date or time column: a day as a day, a time in UTC (SQLite takes times without a zone as UTC), and
// anything else unchanged.
func appendSQLiteTime(dst []byte, v any) ([]byte, error) {
	text, ok := v.(string)
	if !ok {
		return appendAny(dst, v)
	}
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return appendText(dst, text), nil
	}
	if _, fraction, _ := strings.Cut(text, "."); len(fraction) > 9 && strings.Trim(fraction[:10], "0123456789") == "" {
		return appendAny(dst, v) // it has more digits than a time of Go
	}
	for _, layout := range sqliteTimes {
		if t, err := time.Parse(layout, strings.TrimSuffix(text, "Z")); err == nil {
			return jsonvalue.AppendTime(dst, t.UTC(), true)
		}
	}
	return appendAny(dst, v)
}

// sqliteTimes are the forms of times that SQLite's functions read, and the form that Go's drivers write by default.
var sqliteTimes = []string{"2006-01-02 15:04:05.999999999", "2006-01-02T15:04:05.999999999", "2006-01-02 15:04", "2006-01-02T15:04",
	"2006-01-02 15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z07:00", "2006-01-02 15:04Z07:00", "2006-01-02T15:04Z07:00",
	"2006-01-02 15:04:05.999999999 -0700 MST"}
