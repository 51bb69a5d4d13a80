package sqldb

import (
	"errors"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// schemes are the schemes of the URLs that Open accepts.
var schemes = map[string]*dialect{"postgres": postgres, "postgresql": postgres, "mysql": mysqlServer, "mariadb": mysqlServer, "sqlite": sqlite}

// IsURL reports whether a name is a URL that Open accepts: it begins with postgres, postgresql, mysql, mariadb or sqlite.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, ":")
	return ok && schemes[scheme] != nil
}

// Name returns a URL without user, password and parameters, to be shown. If it is not clear which part of a URL is the password, Name returns only
// the kind of database.
func Name(raw string) string {
	scheme, rest, _ := strings.Cut(raw, ":")
	if schemes[scheme] == sqlite {
		return "sqlite:" + rest
	}
	a, err := parseAddress(raw)
	if err != nil {
		return scheme + " database"
	}
	return a.name(a.shownHost())
}

// place identifies the database of a URL. It may contain a password and is never shown.
func place(raw string) string {
	scheme, rest, _ := strings.Cut(raw, ":")
	if schemes[scheme] == sqlite {
		return "sqlite:" + rest
	}
	a, err := parseAddress(raw)
	if err != nil {
		return raw
	}
	return a.name(a.host)
}

func (a *address) name(host string) string {
	name := a.scheme + "://" + host
	if a.database != "" {
		name += "/" + a.database
	}
	return name
}

// HasPassword reports whether a URL contains a password, or may contain one.
func HasPassword(raw string) bool {
	if scheme, _, _ := strings.Cut(raw, ":"); !IsURL(raw) || schemes[scheme] == sqlite {
		return false
	}
	a, err := parseAddress(raw)
	return err != nil || len(a.secrets()) > 0 || a.nobody() && slices.ContainsFunc(strings.Split(a.host, ","), mayBeUser)
}

// mayBeUser reports whether a host with its port is more likely a user with a password: the URL may have lost its @ and its host.
func mayBeUser(host string) bool {
	name, port, ok := strings.Cut(host, ":")
	return ok && port != "5432" && port != "3306" && name != "localhost" && net.ParseIP(name) == nil && !strings.HasPrefix(host, "[")
}

// nobody reports whether the URL names no user, so that the text at the place of host and port may be a user and a password.
func (a *address) nobody() bool {
	return a.user == "" && a.password == "" && a.get("user") == "" && a.get("password") == ""
}

// shownHost returns the host without a part that may be a password.
func (a *address) shownHost() string {
	if !a.nobody() {
		return a.host
	}
	var hosts []string
	for host := range strings.SplitSeq(a.host, ",") {
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
			host = host[:i]
		}
		hosts = append(hosts, host)
	}
	return strings.Join(hosts, ",")
}

// address is the parsed URL of a server.
type address struct {
	scheme               string
	user, password, host string // the host as in the URL, with its port
	database             string
	params               []param
}

// param is a parameter of a URL.
type param struct{ name, value string }

const mustEncode = "in a password, a user and a name write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25 and a space as %20"

// badURL is the error for a URL that cannot be used. It contains no part of the URL, because any part may belong to the password.
func badURL(why string) error { return errors.New("sqldb: the URL of the database " + why) }

// parseAddress parses the URL of a server. It returns an error if it is not clear where the password ends, for example because of a second @. Its
// errors contain no part of the URL.
func parseAddress(raw string) (*address, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, badURL("is not valid; give one such as " + scheme + "://user:password@host/database")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.ContainsAny(tail, "@#") || strings.Count(authority, "@") > 1 {
		return nil, badURL("has an @, / or # that makes the end of the password unclear; " + mustEncode)
	}
	a := &address{scheme: scheme}
	user, host, ok := strings.Cut(authority, "@")
	if !ok {
		user, host = "", authority
	}
	user, password, _ := strings.Cut(user, ":")
	path, query, _ := strings.Cut(tail, "?")
	for _, part := range []struct {
		text string
		into *string
	}{{user, &a.user}, {password, &a.password}, {host, &a.host}, {strings.TrimPrefix(path, "/"), &a.database}} {
		text, err := decoded(part.text)
		if err != nil {
			return nil, err
		}
		*part.into = text
	}
	a.host = host // with its escapes, which the path of a Unix socket has
	if err := checkHost(host); err != nil {
		return nil, err
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if pair == "" {
			continue
		}
		name, err := decoded(name)
		if err == nil {
			value, err = decoded(value)
		}
		if err != nil {
			return nil, err
		}
		a.params = append(a.params, param{name, value})
	}
	return a, nil
}

// decoded reads the escapes of a part of a URL, and returns an error for characters that must be escaped.
func decoded(text string) (string, error) {
	if strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>\^{|}`+"`", r) }) >= 0 {
		return "", badURL(`has a space or one of " < > \ ^ ` + "` { | }; " + mustEncode + ", and the others in the same way")
	}
	text, err := url.PathUnescape(text)
	if err != nil {
		return "", badURL("has a % that does not begin an escape; " + mustEncode)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", badURL("has a NUL")
	}
	return text, nil
}

// checkHost returns an error for text that is not a host with its port, or a list of them.
func checkHost(hosts string) error {
	for host := range strings.SplitSeq(hosts, ",") {
		name, port, ok := host, "", false
		if strings.HasPrefix(host, "[") { // an IPv6 address
			i := strings.IndexByte(host, ']')
			if i < 0 {
				return badURL("has a [ without a ] in its host")
			}
			name, port = host[1:i], host[i+1:]
			if port, ok = strings.CutPrefix(port, ":"); !ok && port != "" {
				return badURL("has something after the ] of its host")
			}
		} else if name, port, ok = strings.Cut(host, ":"); strings.ContainsAny(name, "[]") {
			return badURL("has a [ in its host")
		}
		if n, err := strconv.ParseUint(port, 10, 16); ok && (err != nil || n == 0) {
			return badURL("has a port that is not a number from 1 to 65535; " + mustEncode)
		}
		if _, err := decoded(name); err != nil {
			return err
		}
	}
	return nil
}

// get returns the last parameter with a name.
func (a *address) get(name string) string {
	for _, p := range slices.Backward(a.params) {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// secrets returns the passwords in the URL.
func (a *address) secrets() []string {
	var list []string
	for _, s := range []string{a.password, a.get("password"), a.get("sslpassword")} {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// mask replaces the passwords of the URL in a text by asterisks. No error should contain one, so it normally changes nothing. It leaves passwords of
// a few characters, which occur in any sentence. It removes a port that may be a password.
func mask(rawURL, text string) string {
	a, err := parseAddress(rawURL)
	if err != nil {
		return text // made by badURL
	}
	for _, s := range a.secrets() {
		if len(s) >= 4 {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	if a.nobody() {
		for host := range strings.SplitSeq(a.host, ",") {
			if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') && i < len(host)-1 {
				text = regexp.MustCompile(`:`+regexp.QuoteMeta(host[i+1:])+`\b`).ReplaceAllString(text, "")
			}
		}
	}
	return text
}

// files returns the files of a database that consists of files, with those that exist while it is written to.
func files(raw string) []string {
	if scheme, rest, _ := strings.Cut(raw, ":"); schemes[scheme] == sqlite {
		file := strings.TrimPrefix(rest, "//")
		return []string{file, file + "-wal", file + "-journal", file + "-shm"}
	}
	return nil
}
