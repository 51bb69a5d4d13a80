package console

import (
	"regexp"
	"strings"
)

// FlagWords replaces the names of Go fields by flags and variables of the command. The packages below the command, which programs use too, write
// the flag or variable in parentheses after the field, such as ExpectRows (--expect-rows) and Config.APIKey (CUSTOMERIO_API_KEY).
func FlagWords(text string) string {
	text = inFlags.Replace(text)
	text = packages.ReplaceAllString(text, "$1")
	text = calls.ReplaceAllString(text, "")
	text = goParser.ReplaceAllString(text, "")
	text = fieldAlone.ReplaceAllString(text, "($1)")
	return fieldBefore.ReplaceAllStringFunc(text, func(s string) string {
		parts := fieldBefore.FindStringSubmatch(s)
		name, flag := parts[1], parts[2]
		if !strings.Contains(name, ".") && !strings.HasPrefix(flag, "--"+kebab(name)) {
			return s // an ordinary word at the beginning of a sentence
		}
		return flag
	})
}

// inFlags are names without a flag in parentheses, or with another flag. Each has the words around it, because a column or a file can be named
// UserID too.
var inFlags = strings.NewReplacer(
	"Config.Region (CUSTOMERIO_REGION) to cio.RegionUS or cio.RegionEU", "--to to us or eu",
	"Config.Region (CUSTOMERIO_REGION)", "--to",
	"Config.Region, CUSTOMERIO_REGION", "--to",
	"Config.BaseURL (CUSTOMERIO_BASE_URL)", "the address of --to",
	"Config.BaseURL, CUSTOMERIO_BASE_URL", "--to",
	"Config.APIKey, CUSTOMERIO_API_KEY", "CUSTOMERIO_API_KEY, --key-file",
	"is Config.Region right", "is --to right",
	"Config.RateLimit", "--rate",
	"SkipLines is", "--skip-rows is",
	"to cio.RegionUS or cio.RegionEU", "to us or eu",
	"use cio.RegionUS, in Europe cio.RegionEU", "use us, in Europe eu",
	"cio.Verbatim sends", "--verbatim sends",
	"cio.Verbatim says", "--verbatim says",
	"; set UserID or the trait email, or allow it by Config.AllowAnonymousIdentify", "; give --user-id or the trait email",
	"set Event, for example to cio.Named", "give the event's name",
	"set UserID or AnonymousID", "set --user-id or --anonymous-id",
	"set UserID", "set --user-id",
	"set PreviousID", "set --previous-id",
	"set GroupID", "set --group-id",
	"PreviousID must differ from UserID", "--previous-id must differ from --user-id",
)

// ours are the packages of this repository whose errors begin with their names; others are packages of libraries and of Go.
const (
	ours   = `appapi|checkpoint|cio|emulator|emulatordb|erasure|events|kit/load|livetest|load|mapping|notebook|outbox|outbox/postgres|proof|sandbox|show|source|sqldb|verify`
	others = `bzip2|flate|gzip|lzma|net/http|pgx|sqlite3|tls|x509|xz|zlib|zstd`
)

var (
	// packages matches prefixes of errors that name a Go package. They mean nothing to a user of the command.
	packages = regexp.MustCompile(`(^|: |\n|; |\()(?:(?:` + ours + `|` + others + `): )+`)
	// calls matches what package net writes before the reason of a failed connection.
	calls = regexp.MustCompile(`(?:(?:Options|Head|Get|Post) "[^"]*": )?dial tcp \S+: connect(?:ex)?: |\b(?:Options|Head|Get|Post) "https?://[^"]*": |listen tcp(?: \S+)?: (?:bind: |lookup \S+: )?`)
	// goParser matches what package strconv writes before its reason.
	goParser    = regexp.MustCompile(`strconv\.[A-Z]\w*: parsing ("(?:[^"\\]|\\.)*"): `)
	fieldBefore = regexp.MustCompile(`\b((?:[A-Z]\w*\.)?[A-Z]\w*[a-z]\w*) \(((?:--[a-z]|CUSTOMERIO_|CIOKIT_)[^()]*)\)`)
	fieldAlone  = regexp.MustCompile(`\((?:[A-Z]\w*\.)?[A-Z]\w*[a-z]\w*, ((?:--[a-z]|CUSTOMERIO_|CIOKIT_)[^()]*)\)`)
)

// kebab writes ExpectRows as expect-rows.
func kebab(name string) string {
	var b strings.Builder
	for i, r := range name {
		if r >= 'A' && r <= 'Z' && i > 0 {
			b.WriteByte('-')
		}
		b.WriteString(strings.ToLower(string(r)))
	}
	return b.String()
}
