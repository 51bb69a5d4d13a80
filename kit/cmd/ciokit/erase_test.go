package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// eraseOffice is a directory with keys, in which commands are run.
type eraseOffice struct {
	t *testing.T
	// to is the destination of messages.
	to string
	// said is everything that the commands have printed, and asked all command lines.
	said bytes.Buffer
}

// newEraseOffice makes keys in a new directory, which becomes the working directory. The keys are in the environment.
func newEraseOffice(t *testing.T, to string) *eraseOffice {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("CUSTOMERIO_API_KEY", "test-key")
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	for _, name := range []string{"CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_BASE_URL", "CUSTOMERIO_REGION"} {
		t.Setenv(name, "")
	}
	o := &eraseOffice{t: t, to: to}
	for _, args := range [][]string{{"operator", "ann"}, {"approver", "bob"}, {"workspace"}} {
		o.run("", append([]string{"erase", "keygen"}, args...)...).exits(exit.OK)
	}
	for variable, files := range map[string][]string{"OPERATOR_KEY": {"operator-ann.key"}, "APPROVER_KEY": {"approver-bob.key"}, "RECEIPT_KEY": {"receipt.key"}, "GUARD_KEY": {"guard.key"}, "KEYS": {"operator-ann.pub", "approver-bob.pub"}} {
		text := ""
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
		}
		t.Setenv("CIOKIT_ERASURE_"+variable, text)
	}
	return o
}

func (o *eraseOffice) write(name, text string) {
	o.t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		o.t.Fatal(err)
	}
}

// hashes matches hashes and public keys in base64, which can look like any text.
var hashes = regexp.MustCompile(`[A-Za-z0-9+/]{40,}=?`)

// eraseResult is the result of a command.
type eraseResult struct {
	t         *testing.T
	args      []string
	code      int
	out, errs string
}

// run runs a command with a text on standard input.
func (o *eraseOffice) run(stdin string, args ...string) *eraseResult {
	o.t.Helper()
	var out, errs bytes.Buffer
	code := run(o.t.Context(), args, console.New(strings.NewReader(stdin), &out, &errs))
	o.said.WriteString(out.String() + errs.String())
	checkWords(o.t, hashes.ReplaceAllString(out.String()+errs.String(), ""))
	return &eraseResult{o.t, args, code, out.String(), errs.String()}
}

func (r *eraseResult) exits(code int) *eraseResult {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("%q ends with %d, want %d:\n%s%s", r.args, r.code, code, r.out, r.errs)
	}
	return r
}

func (r *eraseResult) says(text string) *eraseResult {
	r.t.Helper()
	if !strings.Contains(r.out+r.errs, text) {
		r.t.Fatalf("%q does not say %q:\n%s%s", r.args, text, r.out, r.errs)
	}
	return r
}

func (o *eraseOffice) plan(file string, more ...string) []string {
	return append([]string{"erase", "plan", file, "--action", "delete", "--reason", "order", "--to", o.to, "--out", "p"}, more...)
}

func notWritten(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := os.Lstat(name); err == nil {
			t.Errorf("%s was written", name)
		}
	}
}

// If it is not clear whom a list names, no plan is written. The error names the line and the rule, and no person.
func TestErasePlanDoubts(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer server.Close()
	o := newEraseOffice(t, server.URL)
	utf16le := func(s string) string {
		var b strings.Builder
		for _, u := range utf16.Encode([]rune(s)) {
			b.Write([]byte{byte(u), byte(u >> 8)})
		}
		return b.String()
	}
	column := []string{"--column", "id"}
	// Each refused list names the person 7531-secret, or nobody.
	for _, c := range []struct {
		name, file, text string
		flags            []string
		says             string // why it is refused
		people           int    // how many it is for, if it is not
	}{
		{"one a line", "x.txt", "7531-secret\n42\n", nil, "", 2},
		{"blank lines, CRLF", "x.txt", "\r\n7531-secret\r\n\r\n  42\r\n", nil, "", 2},
		{"quoted", "x.txt", "\"7531-secret\"\n\"4,2\"\n", nil, "", 2},
		{"compressed names are texts too", "x.list", "7531-secret", nil, "", 1},
		{"empty", "x.txt", "", nil, "x.txt names nobody", 0},
		{"blank", "x.txt", " \n\n", nil, "x.txt names nobody", 0},
		{"an empty id in quotes", "x.txt", "7531-secret\n\"\"\n", nil, "line 2 names nobody", 0},
		{"null", "x.txt", "7531-secret\nnull\n", nil, "line 2: it is not clear whom the line names: the text is a word such as NULL, which programs write if there is no value (placeholder-id)", 0},
		{"None", "x.txt", "7531-secret\nNone\n", nil, "line 2", 0},
		{"N/A, quoted", "x.txt", "7531-secret\n\"N/A\"\n", nil, "line 2", 0},
		{"an intended placeholder", "x.txt", "7531-secret\nnull\n", []string{"--verbatim-ids"}, "", 2},
		{"a number with a point", "x.txt", "7531-secret\n101.0\n", nil, "line 2: it is not clear whom the line names: it is a number as a spreadsheet writes it, and may have lost digits (id-rewritten-as-number)", 0},
		{"a number with an exponent", "x.txt", "7531-secret\n1.23E+05\n", nil, "id-rewritten-as-number", 0},
		{"two columns", "x.txt", "7531-secret,Ann\n", nil, "line 1 has a comma in it", 0},
		{"two columns, tab", "x.txt", "42\n7531-secret\tAnn\n", nil, "line 2 has a tab in it", 0},
		{"two in a line", "x.txt", "7531-secret 7531-secret\n", nil, "line 1 has a space in it", 0},
		{"a name and an address", "x.txt", "Ann <7531-secret@example.com>\n", nil, "line 1", 0},
		{"a backslash in quotes", "x.txt", "\"7531-secret\\n\"\n", nil, "line 1 has a backslash within quotes", 0},
		{"single quotes", "x.txt", "'7531-secret'\n", nil, "line 1: the id begins with a quotation mark", 0},
		{"a header", "x.txt", "email\n7531-secret@example.com\n", nil, "line 1 looks like the name of a column", 0},
		{"an unknown header", "x.txt", "adresse\n7531-secret@example.com\n7531-secret@example.org\n", nil, "line 1", 0},
		{"a header above digits", "x.txt", "kunde\n7531\n7532\n", nil, "line 1", 0},
		{"words are ids", "x.txt", "kunde\nandere\n7532\n", nil, "", 3},
		{"JSON Lines as a text", "x.txt", "{\"id\":\"7531-secret\"}\n", nil, "--column", 0},
		{"a JSON list", "x.txt", "[\"7531-secret\"]\n", nil, "line 1", 0},
		{"UTF-16 without a mark", "x.txt", utf16le("7531-secret\n42\n"), nil, "--encoding utf-16le", 0},
		{"UTF-16 with its flag", "x.txt", utf16le("7531-secret\n42\n"), []string{"--encoding", "utf-16le"}, "", 2},
		{"not UTF-8", "x.txt", "7531-secret\nm\xfcller\n", nil, "line 2: the text is not in the encoding", 0},
		{"Windows-1252", "x.txt", "7531-secret\nm\xfcller\n", []string{"--encoding", "windows-1252"}, "", 2},
		{"a NUL", "x.txt", "7531-sec\x00ret\n", nil, "line 1", 0},
		{"a NUL at the end", "x.txt", "7531-secret\x00\n", nil, "line 1: the text contains a NUL", 0},
		{"a spreadsheet", "x.txt", "PK\x03\x047531-secret", nil, "save it as CSV", 0},
		{"too long", "x.txt", "7531-secret" + strings.Repeat("x", 150) + "\n", nil, "line 1", 0},
		{"a line without end", "x.txt", strings.Repeat("7531-secret", 7000), nil, "64 KiB", 0},

		{"CSV", "x.csv", "id,name\n7531-secret,Ann\n42,Bob\n", column, "", 2},
		{"CSV, semicolons", "x.csv", "name;id\nAnn;7531-secret\nBob;42\n", column, "", 2},
		{"CSV of one column that is named so", "x.csv", "id\n7531-secret\n42\n", nil, "", 2},
		{"CSV of one column without a header", "x.csv", "7531-secret\n42\n43\n", nil, "give the column with the ids: --column", 0},
		{"CSV, no column named", "x.csv", "id,name\n7531-secret,Ann\n", nil, "--column NAME; the first line has 2 fields; this one is certainly the name of a column: id", 0},
		{"CSV, wrong column", "x.csv", "user_id,name\n7531-secret,Ann\n", []string{"--column", "userid"}, "did you mean user_id?", 0},
		{"CSV without a header", "x.csv", "7531-secret,Ann\n42,Bob\n", column, "there is no column \"id\"", 0},
		{"CSV without a header that is given names", "x.csv", "7531-secret,Ann\n42,Bob\n", append([]string{"--columns", "id,name"}, column...), "", 2},
		{"CSV, two columns of the name", "x.csv", "id,id\n7531-secret,42\n", column, "columns 1 and 2 are both named", 0},
		{"CSV, an empty id", "x.csv", "id,name\n7531-secret,Ann\n,Bob\n", column, "line 3: the row has no value in the column \"id\"", 0},
		{"CSV, an empty row", "x.csv", "id,name\n7531-secret,Ann\n,\n", column, "", 1},
		{"CSV, a placeholder", "x.csv", "id,name\n7531-secret,Ann\nNULL,Bob\n", column, "line 3: it is not clear whom the line names: the text is a word such as NULL", 0},
		{"CSV, a torn row", "x.csv", "id,name\n7531-secret,Ann\n42\n", column, "line 3: the row cannot be read (field-count)", 0},
		{"CSV, an open quote", "x.csv", "id,name\n\"7531-secret,Ann\n42,Bob\n", column, "line 2", 0},
		{"CSV, no rows", "x.csv", "id,name\n", column, "names nobody", 0},
		{"CSV, not UTF-8", "x.csv", "id,name\n7531-secret,Ann\nm\xfcller,Bob\n", column, "line 3", 0},
		{"CSV, others", "x.csv", "id,mail\n7531-secret,ann@example.com\n42,\n", append([]string{"--also", "mail"}, column...), "", 2},
		{"CSV, other columns that do not exist", "x.csv", "id,mail\n7531-secret,n/a\n", append([]string{"--also", "mail"}, column...), "line 2", 0},
		{"CSV, no such other", "x.csv", "id,mail\n7531-secret,a\n", append([]string{"--also", "email"}, column...), "there is no column \"email\"; did you mean mail?", 0},
		{"others without a column", "x.txt", "7531-secret\n", []string{"--also", "mail"}, "--column", 0},
		{"JSON Lines", "x.jsonl", "{\"id\":\"7531-secret\"}\n{\"id\":42}\n", column, "", 2},
		{"JSON Lines, no member named", "x.jsonl", "{\"id\":\"7531-secret\"}\n", nil, "--column", 0},
		{"JSON Lines, wrong member", "x.jsonl", "{\"user_id\":\"7531-secret\"}\n", []string{"--column", "userid"}, "did you mean --column user_id?", 0},
		{"JSON Lines, null", "x.jsonl", "{\"id\":\"7531-secret\"}\n{\"id\":null}\n", column, "line 2: the row has no value in the column", 0},
		{"JSON Lines, a list", "x.jsonl", "{\"id\":[\"7531-secret\"]}\n", column, "line 1: the column \"id\" cannot be read", 0},
		{"JSON Lines, a fraction", "x.jsonl", "{\"id\":\"7531-secret\"}\n{\"id\":42.0}\n", column, "line 2", 0},
		{"JSON Lines, twice", "x.jsonl", "{\"id\":\"7531-secret\",\"id\":\"42\"}\n", column, "line 1: the row cannot be read (duplicate-member)", 0},
		{"no file", "none.txt", "", nil, "none.txt", -1},
		{"a directory", ".", "", nil, "", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			o.t = t
			os.Remove("p")
			if c.people >= 0 {
				o.write(c.file, c.text)
				defer os.Remove(c.file)
			}
			r := o.run("", o.plan(c.file, append(c.flags, "--json")...)...)
			if c.people > 0 {
				var got eraseCounts
				if err := json.Unmarshal([]byte(r.exits(exit.OK).out), &got); err != nil || got.People != c.people {
					t.Errorf("%d people, want %d: %s", got.People, c.people, r.out)
				}
				return
			}
			r.says(c.says)
			if want := map[bool]int{true: exit.Local, false: exit.Usage}[c.name == "no file"]; r.code != want && c.name != "a directory" || r.code == exit.OK {
				t.Errorf("exit code %d", r.code)
			}
			if strings.Contains(r.out+r.errs, "7531") {
				t.Errorf("it names somebody: %s", r.errs)
			}
			notWritten(t, "p")
		})
	}
}

// Missing or contradictory flags are refused before anything is read or written, and the error says what to give.
func TestEraseWrongUses(t *testing.T) {
	server := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer server.Close()
	o := newEraseOffice(t, server.URL)
	o.write("people.txt", "7531-secret\n42\n")
	o.write("open.key", os.Getenv("CIOKIT_ERASURE_OPERATOR_KEY"))
	if err := os.Chmod("open.key", 0o644); err != nil {
		t.Fatal(err)
	}
	o.write("no.key", "PRIVATE+KEY+7531")
	o.write("none.pub", "# nobody\n")
	o.write("wrong.pub", "operator/ann+7531\n")
	o.run("", o.plan("people.txt", "--out", "good")...).exits(exit.OK)
	fill := strings.NewReplacer("$E", server.URL, "$plan", "erase plan people.txt --action delete --reason order --to "+server.URL+" --out p")
	for line, says := range map[string]string{
		"erase plan people.txt": "--action delete, suppress or unsuppress",
		"erase plan people.txt --action remove --reason x --out p --to $E":              "--action delete, suppress or unsuppress",
		"erase plan people.txt --action delete --out p --to $E":                         "--reason",
		"erase plan people.txt --action delete --reason x --to $E":                      "--out FILE",
		"erase plan people.txt --action delete --reason x --out p":                      "--to emulator",
		"erase plan people.txt --action delete --reason x --out good --to $E":           "good already exists",
		"erase plan people.txt --action delete --reason by_7531-secret --out p --to $E": "people.txt, line 1: the reason contains this identifier",
		"$plan --request 7531-secret":                                                   "people.txt, line 1: the request contains this identifier",
		"$plan --expires 0s":                                                            "--expires must be longer than 0",
		"$plan --resolve":                                                               "give --targets FILE",
		"$plan --shared all":                                                            "needs --resolve",
		"$plan --targets good":                                                          "good already exists",
		"$plan --operator-key open.key":                                                 "--operator-key open.key: other users can read the file (mode 0644), so the key is not secret: run chmod 600 on it",
		"$plan --operator-key no.key":                                                   "--operator-key no.key: the text is not a private key for signing",
		"$plan --operator-key approver-bob.key":                                         "--operator-key approver-bob.key: this is the key of approver/bob, but the key of an operator is needed here",
		"$plan --operator-key approver-bob.pub":                                         "--operator-key approver-bob.pub: the file contains a public key; give the secret key",
		"$plan --receipt-key guard.key":                                                 "--receipt-key guard.key: this is the guard key; give the receipt key",
		"$plan --guard-key none.key":                                                    "--guard-key none.key: ",
		"$plan --colum id":                                                              "did you mean --column?",
		"erase plan - --action delete --reason x --out p --to $E":                       "give --targets FILE",
		"erase approve good --keys none.pub --yes":                                      "say whose signatures you trust",
		"erase approve good --keys wrong.pub --yes":                                     "--keys wrong.pub: line 1 of the keyring is not a public key",
		"erase approve good --keys approver-bob.pub --yes":                              "not signed by any key that is trusted here",
		"erase approve good --approver-key operator-ann.key --yes":                      "--approver-key operator-ann.key: this is the key of operator/ann",
		"erase approve people.txt --yes":                                                "people.txt is not a plan of ciokit erase plan",
		"erase approve nothing --yes":                                                   "there is no plan nothing",
		"erase run good --to $E --receipt r":                                            "the plan is not approved",
		"erase run good --to $E --ids people.txt":                                       "--receipt DIR",
		"erase run good --to $E --ids people.txt --receipt r --max 0":                   "--max must be at least 1",
		"erase check people.txt":                                                        "people.txt",
		"erase check nowhere --since people.txt":                                        "--since: people.txt is not a checkpoint",
		"erase check nowhere --since nowhere":                                           "--since: ",
		"erase find nowhere --id 7531-secret":                                           "ciokit: nowhere is not a receipt: there is no such directory",
		"erase find nowhere":                                                            "--id-file FILE",
		"erase find nowhere --id null":                                                  "--verbatim-ids",
		"erase find nowhere --id null --verbatim-ids":                                   "nowhere is not a receipt",
		"erase proof nowhere --id 7531-secret --id x --out q":                           "nowhere is not a receipt",
		"erase check-proof nowhere":                                                     "nowhere",
		"erase guard nowhere --out g":                                                   "ciokit: nowhere is not a receipt: there is no such directory",
		"erase guard nowhere":                                                           "--out FILE",
		"erase verify nowhere --ids people.txt":                                         "nowhere is not a receipt",
		"erase report nowhere --out x.html":                                             "nowhere is not a receipt",
		"erase keygen approver":                                                         "NAME is missing",
		"erase keygen owner x":                                                          "unknown command \"owner\"",
		"erase pln":                                                                     "did you mean plan?",
	} {
		t.Run(line, func(t *testing.T) {
			o.t = t
			if strings.Contains(line, "open.key") && runtime.GOOS == "windows" {
				t.Skip("files have no modes there")
			}
			var args []string
			for _, a := range strings.Fields(fill.Replace(line)) {
				args = append(args, strings.ReplaceAll(a, "_", " "))
			}
			r := o.run("", args...).says(says)
			if r.code == exit.OK {
				t.Error("exit code 0")
			}
			if strings.Contains(r.out+r.errs, "7531") {
				t.Errorf("it names somebody, or shows a key: %s", r.errs)
			}
			if n := strings.Count(strings.TrimSpace(r.errs), "\n"); n > 2 {
				t.Errorf("%d lines:\n%s", n+1, r.errs)
			}
			notWritten(t, "p", "q", "r", "g", "x.html")
		})
	}
}

// identifierForms are the forms in which an identifier could be found in a text, with what they are.
func identifierForms(id string) map[string]string {
	sums := func(name string, sum []byte) map[string]string {
		return map[string]string{name + " in hex": hex.EncodeToString(sum), name + " in base64": base64.StdEncoding.EncodeToString(sum), name + " in base64 for URLs": base64.RawURLEncoding.EncodeToString(sum)}
	}
	forms := map[string]string{}
	for _, text := range []string{id, strings.ToLower(id), "id\x00" + id, "email\x00" + strings.ToLower(id)} {
		b := []byte(text)
		m5, s1, s2 := md5.Sum(b), sha1.Sum(b), sha256.Sum256(b)
		mac := hmac.New(sha256.New, nil)
		mac.Write(b)
		all := []map[string]string{sums("MD5", m5[:]), sums("SHA-1", s1[:]), sums("SHA-256", s2[:]), sums("an HMAC without a key", mac.Sum(nil))}
		for _, space := range []string{"6ba7b8109dad11d180b400c04fd430c8", "6ba7b8119dad11d180b400c04fd430c8", "6ba7b8129dad11d180b400c04fd430c8", "6ba7b8149dad11d180b400c04fd430c8", "00000000000000000000000000000000"} {
			raw, _ := hex.DecodeString(space)
			sum := sha1.Sum(append(raw, b...))
			u := sum[:16]
			u[6], u[8] = u[6]&0x0f|0x50, u[8]&0x3f|0x80
			all = append(all, map[string]string{"UUIDv5 of " + space: fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])})
		}
		for _, some := range all {
			for name, form := range some {
				forms[fmt.Sprintf("%s of %q", name, text)] = form
			}
		}
	}
	forms["clear"], forms["hex"] = id, hex.EncodeToString([]byte(id))
	for shift := range 3 { // for each offset within base64, the letters that depend only on the identifier
		text := base64.StdEncoding.EncodeToString(append(make([]byte, shift), id...))
		from := map[int]int{0: 0, 1: 2, 2: 3}[shift]
		forms[fmt.Sprint("base64, shifted by ", shift)] = strings.TrimRight(text[from:len(text)-4], "=")
	}
	return forms
}

// findIdentifier returns the form in which a text contains an identifier, empty for none.
func findIdentifier(text, id string) string {
	lower := strings.ToLower(text)
	for name, form := range identifierForms(id) {
		if strings.Contains(text, form) || strings.Contains(lower, strings.ToLower(form)) && !strings.Contains(name, "base64") {
			return name
		}
	}
	return ""
}

// Except for the file of targets, an erasure prints and writes no identifier in any form.
func TestEraseTellsNobody(t *testing.T) {
	srv := emulator.New(emulator.Config{Keys: []string{"test-key"}, Refuse: func(m emulator.Message) (string, bool) {
		return "no luck for " + m.UserID, strings.HasPrefix(m.UserID, "unlucky")
	}})
	server := httptest.NewServer(srv)
	defer server.Close()
	o := newEraseOffice(t, server.URL)
	people := []string{"customer-7531", "Anna.Ypsilon@example.com", "unlucky-8642", "kunde_ÄÖ-97", "cio_0f0e0d0c"}
	// The search finds each of the forms.
	for _, id := range people {
		for name, form := range identifierForms(id) {
			if findIdentifier("x"+form+"x", id) == "" {
				t.Fatalf("%s is not found", name)
			}
		}
	}
	o.write("load.csv", "id,name\ncustomer-7531,x\nAnna.Ypsilon@example.com,x\n")
	o.write("load.yaml", "messages:\n  - identify: {userId: $id, traits: {name: $name}}\n")
	list := strings.Join(people, "\n") + "\n"
	o.run("", "load", "load.csv", "--mapping", "load.yaml", "--to", o.to).exits(exit.OK)
	o.said.Reset() // the output of a load is not tested here
	if err := os.Mkdir("records", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, id := range people {
		o.run(list, "erase", "plan", "-", "--targets", "t0", "--action", "delete", "--reason", "for "+id, "--to", o.to, "--out", "records/p0").exits(exit.Usage)
	}
	plan := []string{"erase", "plan", "-", "--targets", "targets", "--action", "delete", "--reason", "order", "--to", o.to, "--out", "records/p"}
	o.run(list, plan...).exits(exit.OK)
	o.run(list+"null\n", "erase", "plan", "-", "--targets", "t1", "--action", "delete", "--reason", "order", "--to", o.to, "--out", "records/p1").exits(exit.Usage)
	o.run("", "erase", "approve", "records/p", "--yes").exits(exit.OK)
	o.write("other", `{"id":"`+people[0]+`"}`+"\n")
	runs := []string{"erase", "run", "records/p", "--targets", "targets", "--to", o.to, "--receipt", "records/r"}
	o.run("", "erase", "run", "records/p", "--targets", "other", "--to", o.to, "--receipt", "records/r").exits(exit.Guard)
	for _, fault := range []emulator.Fault{{Count: 1, Contains: "userId", Status: 503, Body: "about " + people[0]}, {Count: 1, Contains: "userId", Status: 400, Body: "bad " + people[1]}} {
		if err := srv.AddFault(fault); err != nil {
			t.Fatal(err)
		}
	}
	o.run("", runs...).exits(exit.Rejects)
	o.run("", append(runs, "--json")...).exits(exit.Rejects)
	for _, more := range [][]string{nil, {"--json"}} {
		o.run("", append([]string{"erase", "verify", "records/r", "--targets", "targets"}, more...)...)
		o.run("", append([]string{"erase", "check", "records/r"}, more...)...).exits(exit.OK)
		o.run(people[1], append([]string{"erase", "find", "records/r", "--id-file", "-"}, more...)...).exits(exit.OK)
		o.run("", append([]string{"erase", "guard", "records/r", "--out", "records/g"}, more...)...).exits(exit.OK)
		o.run("", append([]string{"erase", "report", "records/r", "--out", "records/report.html"}, more...)...).exits(exit.OK)
	}
	for i, id := range people {
		dir := fmt.Sprint("records/proof", i)
		o.run(id, "erase", "proof", "records/r", "--id-file", "-", "--out", dir).exits(exit.OK)
		o.run(id, "erase", "check-proof", dir, "--id-file", "-", "--json").exits(exit.OK)
		o.run(people[(i+1)%len(people)], "erase", "check-proof", dir, "--id-file", "-").exits(exit.Rejects)
		if size := largest(t, dir, ".tlog-proof"); size == 0 || size > 3<<10 {
			t.Errorf("a proof has %d bytes", size)
		}
	}
	files := 0
	err := filepath.WalkDir("records", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		files++
		text, err := os.ReadFile(path)
		for _, id := range people {
			if form := findIdentifier(path+"\n"+string(text), id); form != "" {
				t.Errorf("%s has %s: %s", path, id, form)
			}
		}
		return err
	})
	if err != nil || files < 20 {
		t.Errorf("%d files, %v", files, err)
	}
	for _, id := range people {
		if form := findIdentifier(o.said.String(), id); form != "" {
			t.Errorf("the commands say %s of %s", form, id)
		}
	}
	for _, name := range []string{"OPERATOR_KEY", "APPROVER_KEY", "RECEIPT_KEY", "GUARD_KEY"} {
		secret := strings.TrimSpace(os.Getenv("CIOKIT_ERASURE_" + name))
		if last := secret[max(0, len(secret)-20):]; last == "" || strings.Contains(o.said.String(), last) {
			t.Errorf("the commands print %s", name)
		}
	}
}

// largest is the size of the largest file with that end.
func largest(t *testing.T, dir, end string) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"+end))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		size = max(size, info.Size())
	}
	return size
}

// An address that two profiles share is never assigned by a guess. With --shared all, both are in the plan.
func TestErasePlanSharedAddress(t *testing.T) {
	people := []appapi.Identifiers{{ID: "u2", Email: "both7531@example.com", CIOID: "02"}, {ID: "u3", Email: "both7531@example.com", CIOID: "03"}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/customers" {
			_ = json.NewEncoder(w).Encode(map[string]any{"results": people})
			return
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	defer server.Close()
	o := newEraseOffice(t, server.URL)
	t.Setenv("CUSTOMERIO_APP_API_KEY", "app-key")
	t.Setenv("CUSTOMERIO_APP_BASE_URL", server.URL)
	o.write("x.txt", "Both7531@Example.com\n")
	r := o.run("", o.plan("x.txt", "--resolve", "--targets", "t")...).exits(exit.Guard).says("x.txt, line 1: 1 address has several profiles, 2 together")
	if strings.Contains(r.errs, "7531") {
		t.Error(r.errs)
	}
	notWritten(t, "p", "t")
	o.run("", o.plan("x.txt", "--resolve", "--targets", "t", "--shared", "all", "--json")...).exits(exit.OK).says(`"people":2,"duplicates":0,"ids":2`).says(`"shared":1`)
	targets, _, err := erasure.ReadTargets("t")
	if err != nil || len(targets) != 2 || targets[0].ID != "u2" || targets[1].ID != "u3" {
		t.Errorf("%v, %v", targets, err)
	}
}
