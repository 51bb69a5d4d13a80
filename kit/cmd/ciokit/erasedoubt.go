package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/ciokit/cio/kit/mapping"
)

// doubtfulID says why a text is probably not an identifier, "" if it can be one. Customer.io would treat such a text as an id that nobody has, and
// answer that it has deleted that person.
func doubtfulID(id string) string {
	switch {
	case strings.ContainsFunc(id, unseen):
		return "the id contains an invisible character, such as a soft hyphen or a zero-width space"
	case strings.ContainsAny(id, "@\uff20\ufe6b") || strings.Contains(id, "%40"):
		if !address.Is(id) {
			return "the text contains an @, but Customer.io does not treat it as an address"
		}
		if domain := id[strings.LastIndexByte(id, '@')+1:]; strings.ContainsFunc(domain, notInDomain) {
			return "the text contains an @, but what follows it is not a domain"
		}
		if address.Doubtful(id) {
			return "the address contains an upper-case letter outside ASCII, or a letter that looks like an ASCII letter, such as the Kelvin sign; it is not documented how Customer.io reads it"
		}
	}
	return ""
}

// unseen reports whether a character is invisible, or looks like a space but is not one.
func unseen(r rune) bool {
	return r != ' ' && unicode.IsSpace(r) || r == '\u2800' || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func notInDomain(r rune) bool {
	return r != '.' && r != '-' && r != '_' && !unicode.In(r, unicode.Letter, unicode.Mark, unicode.Number)
}

// suggestColumn says which column to write instead of a name. The first line of a file without a header contains people. So a field of it is shown
// only if it consists of words that name columns of identifiers and that are nobody's identifier.
func suggestColumn(name string, names []string) string {
	var known []string
	for _, n := range names {
		if isColumnName(n) {
			known = append(known, n)
		}
	}
	has := "the first line has " + plural.Count(len(names), "field", "fields")
	look := "check that it names the columns; for CSV without a header, give the names with --columns"
	switch best := spelling.Nearest(name, known); {
	case len(known) == 0:
		return has + ", which may be a person: " + look
	case best != "":
		return "did you mean " + printed.Line(best) + "? " + has
	}
	return has + "; " + plural.Form(len(known), "this one is certainly the name of a column", "these are certainly the names of columns") + ": " + spelling.List(known)
}

// columnWords are the words in names of columns of identifiers. None of them is anybody's name, id or address.
var columnWords = []string{"id", "ids", "uid", "uuid", "guid", "user", "users", "customer", "customers", "client", "person", "people", "contact", "contacts", "member", "subscriber", "external", "internal",
	"cio", "e", "email", "emails", "mail", "mails", "address", "addresses", "identifier", "identifiers", "nr", "number", "kunde", "kunden", "nummer", "adresse", "data"}

// isColumnName reports whether a text is certainly the name of a column: one of these words, or several with separators as in names.
func isColumnName(text string) bool {
	if isNameWord(text) && !strings.ContainsFunc(text, notInName) {
		return true
	}
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune("_-. ", r) })
	return len(words) > 0 && !strings.ContainsFunc(text, notInName) && !slices.ContainsFunc(words, func(w string) bool { return !isColumnWords(w) })
}

func notInName(r rune) bool { return !unicode.IsLetter(r) && !strings.ContainsRune("_-. ", r) }

// isColumnWords reports whether a word is one of columnWords, or several of them that begin with capitals.
func isColumnWords(word string) bool {
	if slices.Contains(columnWords, strings.ToLower(word)) || isNameWord(word) {
		return true
	}
	for i, r := range word {
		if i > 0 && unicode.IsUpper(r) && slices.Contains(columnWords, strings.ToLower(word[:i])) && isColumnWords(word[i:]) {
			return true
		}
	}
	return false
}

// noPerson says what a text from files of erasures and keys is; "" for any other text. Nobody has such a text as an identifier: a list with it is
// the wrong file, and no secret must be kept.
func noPerson(id string) string {
	for _, f := range []struct{ begin, what string }{
		{"ciokit-erasure-receipt-key-", "it is the secret key of the receipts"},
		{"ciokit-erasure-guard-key-", "it is the secret key of the guard"},
		{"PRIVATE+KEY+", "it is a secret key for signing"},
		{"-----BEGIN ", "it is a key or a certificate"},
		{"ciokit erasure plan ", "it is a plan of ciokit erase plan"},
		{"ciokit erasure guard ", "it is a guard of ciokit erase guard"},
		{"ciokit-erasure/", "it is a checkpoint of a receipt"},
		{"c2sp.org/tlog-proof@", "it is a proof of an entry of a receipt"},
		{"\u2014 operator/", "it is signed by an operator"},
		{"\u2014 approver/", "it is signed by an approver"},
	} {
		if strings.HasPrefix(id, f.begin) {
			return f.what
		}
	}
	if receiptLine.MatchString(id) {
		return "it has the entries of a receipt"
	}
	if role, rest, ok := strings.Cut(id, "/"); ok && (role == string(erasure.RoleOperator) || role == string(erasure.RoleApprover)) && strings.Count(rest, "+") >= 2 {
		if _, err := erasure.ParseKeyring(id); err == nil {
			return "it is a public key for signing"
		}
	}
	return ""
}

// receiptLine begins an entry of a receipt.
var receiptLine = regexp.MustCompile(`^\{"n":[0-9]+,"at":"[^"]*","entry":"`)

// noList refuses a file that is certainly not a list of people: a receipt, a file of a receipt, or a secret. The error has an exit code.
func noList(file, name string) error {
	if receiptBegun(file) {
		return exit.Fail(exit.Usage, "%s is a receipt, and contains no identifier in clear: give the list that its plan was made from", name)
	}
	f, err := os.Open(file)
	if err != nil {
		return nil // the reader reports it
	}
	defer f.Close()
	var room [512]byte
	n, _ := io.ReadFull(f, room[:])
	return noListBegins(room[:n], name)
}

// noListBegins is noList for the beginning of a text.
func noListBegins(head []byte, name string) error {
	if !bytes.HasPrefix(head, []byte("\xff\xfe")) && !bytes.HasPrefix(head, []byte("\xfe\xff")) {
		head = bytes.TrimLeft(head, "\ufeff \t\r\n")
		if end := bytes.IndexAny(head, "\r\n"); end >= 0 {
			head = head[:end]
		}
	}
	text, err := textfile.Decode(head)
	if err != nil {
		return nil
	}
	if what := noPerson(mapping.TrimID(string(text))); what != "" {
		return exit.Fail(exit.Usage, "%s is not a list of people: %s", name, what)
	}
	return nil
}
