package cio

import (
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// masker returns a func that takes the key out of what a server or a proxy echoes. Real keys have 20 characters, which mean nothing, and go
// wherever they stand. What a program uses with an emulator, such as the word emulator itself, goes only where it stands as a key: it may be the
// name of the host too, or a word of a sentence. A short one that is no word, such as k3y, goes where it stands by itself, too.
func masker(key, basic string) func(string) string {
	if isSecret(key) {
		return strings.NewReplacer(basic, masked, key, masked).Replace
	}
	standing := sync.OnceValue(func() *regexp.Regexp { return standsAsKey(key) })
	return func(text string) string {
		text = strings.ReplaceAll(text, basic, masked)
		if !strings.Contains(text, key) {
			return text
		}
		return standing().ReplaceAllString(text, "${1}${3}${5}"+masked+"${2}${4}${6}")
	}
}

const masked = "[key]"

const (
	leastSecret = 12 // characters of a key that is no word, with a digit in it or in mixed case
	leastRun    = 20 // letters in a row that are no word, whatever they are
)

// isSecret reports whether a key is not a word, nor several, that may stand in a text for something else.
func isSecret(key string) bool {
	letters, run, digits, turns := 0, 0, 0, 0
	last := rune(0)
	for _, r := range key {
		if unicode.IsDigit(r) {
			digits++
		}
		if !unicode.IsLetter(r) {
			run, last = 0, 0
			continue
		}
		letters++
		if run++; run >= leastRun {
			return true
		}
		if unicode.IsUpper(r) && unicode.IsLower(last) {
			turns++
		}
		last = r
	}
	return len(key) >= leastSecret && (digits > 0 || turns > 1 || letters == 0)
}

// standsAsKey matches a key where it is what a label, a scheme of authorization or an address says that it is. The groups are what stands before
// and behind it.
func standsAsKey(key string) *regexp.Regexp {
	const (
		label   = `(?i:key|token|secret|password|passwd|credentials?|auth|authorization)["'\x60)\]]*[ \t]*[:=][ \t]*["'\x60\[(]*`
		quotes  = `(?i:key|token|secret|password|credentials?)[ \t]+["'\x60]`
		scheme  = `(?i:\bbasic|\bbearer)[ \t]+["'\x60]?`
		address = `://(?:[^@/\s:]*:)?` // before the host
	)
	k, before := regexp.QuoteMeta(key), label+`|`+quotes+`|`+scheme
	if strangeWord.MatchString(key) {
		before += `|^|[\s"'\x60(\[]`
	}
	return regexp.MustCompile(`((?:` + before + `))` + k + `($|[^\w.:@-]|\.(?:\W|$))|((?:` + label + `|` + scheme + `))` + k + `([:@])|(` + address + `)` + k + `((?::[^@/\s]*)?@)`)
}

// strangeWord matches a key that has digits before letters, as no word has.
var strangeWord = regexp.MustCompile(`[0-9][A-Za-z]`)
