package input

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v4"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// The prefixes of arguments that name the place of a database's URL, so that a command line contains no password.
const (
	environment = "env:" // an environment variable
	Connection  = "db:"  // an entry of the file of connections
)

// IsDatabase reports whether an argument means a database.
func IsDatabase(arg string) bool {
	return strings.HasPrefix(arg, environment) || strings.HasPrefix(arg, Connection) || sqldb.IsURL(arg)
}

// checkForeign refuses an unsupported database. Otherwise the argument would be treated as a file name and shown, with its password.
func checkForeign(args []string) error {
	for _, arg := range args {
		lower := strings.ToLower(arg)
		if IsDatabase(arg) || !strings.Contains(lower, "://") && !strings.Contains(lower, "password=") && !strings.Contains(lower, "pwd=") && !namesUser(arg) {
			continue
		}
		if found, _ := filepath.Glob(arg); len(found) > 0 { // as a pattern
			continue
		}
		if _, err := os.Stat(arg); err != nil {
			return exit.Fail(exit.Usage, "an argument is neither a file nor the URL of a supported database; write a URL such as postgres://user:password@host/database, or one that begins with mysql://, mariadb:// or sqlite:; the URL must begin with exactly one of these, in small letters: postgres://, not postgresql+psycopg2://")
		}
	}
	return nil
}

// namesUser reports whether an argument can be user:password@host. One letter is a drive of Windows, not a user.
func namesUser(arg string) bool {
	colon := strings.Index(arg, ":")
	return colon > 1 && strings.LastIndex(arg, "@") > colon
}

// Name is an argument as it is shown in texts.
func Name(arg string) string {
	if sqldb.IsURL(arg) {
		return sqldb.Name(arg)
	}
	return arg
}

// databaseURL returns the URL that an argument means. config is the file of connections, empty for the default.
func databaseURL(con console.Console, arg, config string) (string, error) {
	if name, ok := strings.CutPrefix(arg, environment); ok {
		url := os.Getenv(name)
		if !sqldb.IsURL(url) {
			return "", exit.Fail(exit.Usage, "the environment variable %s does not contain the URL of a database; set it to a URL such as postgres://user:password@host/database", name)
		}
		return url, nil
	}
	name, ok := strings.CutPrefix(arg, Connection)
	if !ok {
		return arg, nil
	}
	config, err := ConnectionsFile(config)
	if err != nil {
		return "", exit.With(exit.Local, err)
	}
	connections, err := readConnections(config)
	if err != nil {
		return "", exit.With(exit.Local, err)
	}
	url, ok := connections[name]
	if !ok {
		var names []string
		for n := range connections {
			names = append(names, n)
		}
		slices.Sort(names)
		return "", exit.Fail(exit.Usage, "%s has no connection %q; it has %s", config, name, strings.Join(names, ", "))
	}
	if !sqldb.IsURL(url) {
		return "", exit.Fail(exit.Usage, "the connection %q of %s is not the URL of a database; write a URL that begins with postgres:, mysql: or sqlite:", name, config)
	}
	if info, err := os.Stat(config); err == nil && places.OthersRead(info) {
		fmt.Fprintf(con.Err, "Other users can read %s and the passwords in it: chmod 600 %[1]s\n", config)
	}
	return url, nil
}

// ConnectionsFile is the file of connections: the given one, or the default.
func ConnectionsFile(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	return places.Config("connections.yaml")
}

// readConnections reads a YAML file of names and URLs. Errors contain only the names.
func readConnections(file string) (map[string]string, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; write names and URLs of databases into it, one on each line, such as shop: postgres://user:password@host/shop", err)
	}
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, fmt.Errorf("%s is not YAML; write NAME: URL, one on each line", file) // the parser's words may quote it
	}
	if len(doc.Content) == 0 {
		return nil, fmt.Errorf("%s is empty; write NAME: URL, one on each line", file)
	}
	root := doc.Content[0]
	if root.Kind != yaml.MappingNode || root.Style&yaml.FlowStyle != 0 {
		return nil, fmt.Errorf("%s line %d: write NAME: URL, one on each line", file, root.Line)
	}
	connections := make(map[string]string)
	for i := 0; i+1 < len(root.Content); i += 2 {
		name, url := root.Content[i], root.Content[i+1]
		if name.Kind != yaml.ScalarNode || url.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("%s line %d: write NAME: URL, one on each line", file, name.Line)
		}
		if !isConnectionName(name.Value) { // it may be a URL, or part of one
			return nil, fmt.Errorf("%s line %d: the name of a connection can contain only letters, digits, ., _ and -, such as shop: postgres://user:password@host/shop", file, name.Line)
		}
		if _, twice := connections[name.Value]; twice {
			return nil, fmt.Errorf("%s line %d: there are two connections %q", file, name.Line, name.Value)
		}
		connections[name.Value] = url.Value
	}
	return connections, nil
}

func isConnectionName(s string) bool {
	return s != "" && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("._-", r)
	}) < 0
}
