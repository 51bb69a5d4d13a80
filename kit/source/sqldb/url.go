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

// schemes are those of the URLs that Open takes.
var schemes = map[string]*dialect{"postgres": postgres, "postgresql": postgres, "mysql": mysqlServer, "mariadb": mysqlServer, "sqlite": sqlite}

// IsURL reports whether a name is one that Open takes: a URL that begins with postgres, postgresql, mysql, mariadb or sqlite.
func IsURL(name string) bool {
	scheme, _, ok := strings.Cut(name, ":")
	return ok && schemes[scheme] != nil
}

// Name is a URL without user, password and parameters, to be shown. Where it cannot be told what of a URL is the password, it is the kind of
// database only.
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

// place is what a URL names, to tell it from others. It may hold a password and is never shown.
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

// HasPassword reports whether a URL holds a password, or may hold one.
func HasPassword(raw string) bool {
	if scheme, _, _ := strings.Cut(raw, ":"); !IsURL(raw) || schemes[scheme] == sqlite {
		return false
	}
	a, err := parseAddress(raw)
	return err != nil || len(a.secrets()) > 0 || a.nobody() && slices.ContainsFunc(strings.Split(a.host, ","), mayBeUser)
}

// mayBeUser reports whether a host with its port is more likely a user with a password, whose URL has lost its @ and its host.
func mayBeUser(host string) bool {
	name, port, ok := strings.Cut(host, ":")
	return ok && port != "5432" && port != "3306" && name != "localhost" && net.ParseIP(name) == nil && !strings.HasPrefix(host, "[")
}

// nobody reports whether the URL names no user, so that what stands where a host and its port should may be a user and a password.
func (a *address) nobody() bool {
	return a.user == "" && a.password == "" && a.get("user") == "" && a.get("password") == ""
}

// shownHost is the host without what may be a password.
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

// address is the URL of a server, taken apart.
type address struct {
	scheme               string
	user, password, host string // the host as it stands there, with its port
	database             string
	params               []param
}

// param is a parameter of a URL.
type param struct{ name, value string }

const mustEncode = "in a password, a user and a name write @ as %40, / as %2F, ? as %3F, # as %23, : as %3A, % as %25 and a space as %20"

// badURL is a URL that cannot be used. It holds nothing that stands there: whatever it is may be a part of the password.
func badURL(why string) error { return errors.New("sqldb: the URL of the database " + why) }

// parseAddress takes a URL of a server apart. It refuses whatever leaves a doubt where the password ends, such as a second @, and its errors
// hold no part of the URL.
func parseAddress(raw string) (*address, error) {
	scheme, rest, _ := strings.Cut(raw, ":")
	rest, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, badURL("is no URL of a database; give one such as " + scheme + "://user:password@host/database")
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	if strings.ContainsAny(tail, "@#") || strings.Count(authority, "@") > 1 {
		return nil, badURL("has @, / or # where it does not say what belongs to the password; " + mustEncode)
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
	a.host = host // with its escapes, of which a Unix socket has some
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

// decoded reads the escapes of a part of a URL, and refuses what must be one.
func decoded(text string) (string, error) {
	if strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`"<>\^{|}`+"`", r) }) >= 0 {
		return "", badURL(`has a space or one of " < > \ ^ ` + "` { | }; " + mustEncode + ", and others alike")
	}
	text, err := url.PathUnescape(text)
	if err != nil {
		return "", badURL("has a % that begins no escape; " + mustEncode)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return "", badURL("has a NUL")
	}
	return text, nil
}

// checkHost refuses what is no host with its port, or a list of such.
func checkHost(hosts string) error {
	for host := range strings.SplitSeq(hosts, ",") {
		name, port, ok := host, "", false
		if strings.HasPrefix(host, "[") { // an address of IPv6
			i := strings.IndexByte(host, ']')
			if i < 0 {
				return badURL("has a [ without a ] in its host")
			}
			name, port = host[1:i], host[i+1:]
			if port, ok = strings.CutPrefix(port, ":"); !ok && port != "" {
				return badURL("has something behind the ] of its host")
			}
		} else if name, port, ok = strings.Cut(host, ":"); strings.ContainsAny(name, "[]") {
			return badURL("has a [ in its host")
		}
		if n, err := strconv.ParseUint(port, 10, 16); ok && (err != nil || n == 0) {
			return badURL("has a port that is no number from 1 to 65535; " + mustEncode)
		}
		if _, err := decoded(name); err != nil {
			return err
		}
	}
	return nil
}

// get returns the last parameter of a name.
func (a *address) get(name string) string {
	for _, p := range slices.Backward(a.params) {
		if p.name == name {
			return p.value
		}
	}
	return ""
}

// secrets are the passwords in the URL.
func (a *address) secrets() []string {
	var list []string
	for _, s := range []string{a.password, a.get("password"), a.get("sslpassword")} {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

// mask puts asterisks where text holds a password of the URL. No error should hold one, so that it has nothing to do; and it leaves passwords
// of a few characters, which stand in any sentence. A port is left out where it may be a password.
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

// files are those that a database is in and that are beside it while it is written to, if it is one of files.
func files(raw string) []string {
	if scheme, rest, _ := strings.Cut(raw, ":"); schemes[scheme] == sqlite {
		file := strings.TrimPrefix(rest, "//")
		return []string{file, file + "-wal", file + "-journal", file + "-shm"}
	}
	return nil
}
