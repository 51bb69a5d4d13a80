package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/mapping"
)

// randomID is an id, an address, or an unusual text.
func randomID(rng *rand.Rand, odd bool) string {
	switch n := rng.IntN(5); {
	case n == 0:
		return fmt.Sprint(1 + rng.IntN(100_000))
	case n == 1:
		return fmt.Sprintf("user%d@Example%d.org", rng.IntN(1000), rng.IntN(9))
	case n == 2:
		return fmt.Sprintf("cio_%08x", rng.Uint32())
	case n == 3 || !odd:
		return fmt.Sprintf("%08x-%04x-4%03x", rng.Uint32(), rng.IntN(1<<16), rng.IntN(1<<12))
	}
	letters := []rune("ab1,;|\t\"' :'[](){}é名\u00a0.@-_\r\n=+#\\<>")
	id := make([]rune, 1+rng.IntN(6))
	for i := range id {
		id[i] = letters[rng.IntN(len(letters))]
	}
	return string(id)
}

// writeIDs writes ids as some program would, other ones in place of those that it cannot write, and returns the flags that a sensible person would
// read them with.
func writeIDs(rng *rand.Rand, ids []string) (text string, c eraseColumns, dialect string) {
	var b bytes.Buffer
	end := []string{"\n", "\r\n"}[rng.IntN(2)]
	switch rng.IntN(4) {
	case 0:
		dialect = "one a line"
		for i, id := range ids {
			if strings.ContainsAny(id, "\r\n") || mapping.TrimID(id) == "" { // a list of lines cannot contain it
				ids[i] = "x"
			}
			b.WriteString(ids[i] + end)
		}
	case 1:
		dialect, c.column = "JSON Lines", "user"
		c.Format = "jsonl"
		for i, id := range ids {
			line, _ := json.Marshal(map[string]any{"at": i, "user": id})
			b.Write(append(line, end...))
		}
	case 2:
		dialect = "one a line, as CSV"
		w := csv.NewWriter(&b)
		w.UseCRLF = end == "\r\n" && !strings.Contains(strings.Join(ids, ""), "\r") // it would remove those
		for _, id := range ids {
			_ = w.Write([]string{id})
		}
		w.Flush()
	default:
		w := csv.NewWriter(&b)
		w.UseCRLF = end == "\r\n" && !strings.Contains(strings.Join(ids, ""), "\r") // it would remove those
		w.Comma = []rune{',', ';', '\t', '|'}[rng.IntN(4)]
		dialect, c.column = "CSV "+string(w.Comma), "user"
		_ = w.Write([]string{"at", "user", "why"})
		for i, id := range ids {
			_ = w.Write([]string{fmt.Sprint(i), id, "a,b;c"})
		}
		w.Flush()
	}
	text = b.String()
	switch rng.IntN(6) {
	case 0:
		return "\ufeff" + text, c, dialect + ", with a mark"
	case 1:
		var wide []byte
		for _, u := range utf16.Encode([]rune("\ufeff" + text)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		return string(wide), c, dialect + ", UTF-16"
	}
	return text, c, dialect
}

// A text that only looks like an identifier is refused, with its line and a rule, and without the text, unless --verbatim-ids is given.
func TestEraseRefusesDoubtfulIDs(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"person\u200b7531":               "an invisible character",
		"person\u00ad7531":               "an invisible character",
		"person\u200d7531":               "an invisible character",
		"person\u00a07531":               "an invisible character",
		"person\ufe0f7531":               "an invisible character",
		"person\u2800person":             "an invisible character",
		"person\x017531":                 "an invisible character",
		"ann\u200b@example.com":          "an invisible character",
		"Ann <ann@example.com>":          "does not treat it as an address",
		"mailto:ann@example.com":         "does not treat it as an address",
		"ann@example.com.":               "does not treat it as an address",
		"a@example.com;b@example.com":    "does not treat it as an address",
		"a@example.com b@example.com":    "does not treat it as an address",
		"ann@example":                    "does not treat it as an address",
		"@ann":                           "does not treat it as an address",
		"ann@@example.com":               "does not treat it as an address",
		"ann\uff20example.com":           "does not treat it as an address",
		"ann%40example.com":              "does not treat it as an address",
		"ann@example.com?subject=hello":  "not a domain",
		"ann@example.com/":               "not a domain",
		"ann@example.com'":               "not a domain",
		"person-7531":                    "",
		"Ann-Marie O'Neil":               "",
		"ann+7531@example.com":           "",
		"o'neil@Example.co.uk":           "",
		"jos\u00e9@m\u00fcnchen.example": "",
		"cio_0a1b2c3d":                   "",
	} {
		line, _ := json.Marshal(map[string]string{"id": id})
		quoted := `"` + id + `"`
		for format, text := range map[string]string{"jsonl": `{"id":"x1"}` + "\n" + string(line) + "\n", "csv": "id,n\nx1,1\n" + quoted + ",2\n", "": "x1\nx2\n" + quoted + "\n"} {
			c := eraseColumns{column: "id", loadOptions: loadOptions{Format: format}}
			if format == "" {
				c.column = ""
			}
			read := func() (*eraseList, error) {
				return c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
			}
			list, err := read()
			switch {
			case want == "" && (err != nil || list.targets[len(list.targets)-1].ID != id):
				t.Errorf("%s: %q is refused: %v", format, id, err)
			case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--verbatim-ids")):
				t.Errorf("%s: %q: %v, want %q", format, id, err, want)
			case want != "" && (!strings.Contains(err.Error(), "line") || strings.Contains(err.Error(), id) || strings.Contains(err.Error(), "7531") || strings.Contains(err.Error(), "example")):
				t.Errorf("%s: %q: the error names it or no line: %v", format, id, err)
			}
			c.verbatim = true
			if _, err := read(); err != nil && strings.Contains(err.Error(), "doubtful") {
				t.Errorf("%s: %q is refused with --verbatim-ids: %v", format, id, err)
			}
		}
	}
}

// A first line that could be a person is not shown.
func TestEraseShowsNoRowsAsColumns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"meier,anna\nschulz,bert\n", "ida,meier\nuwe,schulz\n", "ann@example.com,meier\nx,y\n", "user-1001,meier\nx,y\n", "meier,1001\nx,2\n"} {
		for _, column := range []string{"", "id", "maier"} {
			c := eraseColumns{column: column, loadOptions: loadOptions{Format: "csv"}}
			_, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
			if err == nil || !strings.Contains(err.Error(), "2 fields") || strings.Contains(err.Error(), "meier") || strings.Contains(err.Error(), "ida") {
				t.Errorf("%q, column %q: %v", text, column, err)
			}
		}
	}
	c := eraseColumns{column: "meyer", loadOptions: loadOptions{Format: "jsonl"}}
	_, err := c.read(t.Context(), console.New(strings.NewReader(`{"meier":"x1"}`+"\n"), io.Discard, io.Discard), "-")
	if err == nil || strings.Contains(err.Error(), "meier") {
		t.Error(err)
	}
}

// Any list is either refused, or exactly the written people are read, in their order.
func TestEraseReadsWhoWasWritten(t *testing.T) {
	t.Parallel()
	taken, refused := 0, 0
	for seed := range uint64(1000) {
		rng := rand.New(rand.NewPCG(seed, 19))
		var ids, want []string
		for range 1 + rng.IntN(6) {
			ids = append(ids, randomID(rng, seed%2 == 1))
		}
		text, c, dialect := writeIDs(rng, ids)
		for _, id := range ids {
			want = append(want, mapping.TrimID(id))
		}
		list, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
		if err != nil {
			refused++
			for _, id := range want {
				if len(id) > 7 && strings.Contains(err.Error(), id) {
					t.Errorf("seed %d, %s: the error names %q: %v", seed, dialect, id, err)
				}
			}
			if seed%2 == 0 && !strings.Contains(err.Error(), "looks like the name of a column") {
				t.Errorf("seed %d, %s: %q is refused: %v", seed, dialect, text, err)
			}
			continue
		}
		taken++
		var got []string
		for _, target := range list.targets {
			got = append(got, target.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("seed %d, %s: %q was written as %q, and %q was read", seed, dialect, ids, text, got)
		}
	}
	if taken < 500 || refused < 100 {
		t.Errorf("%d lists were accepted and %d refused: the test shows little", taken, refused)
	}
}

// The identifier that a user searches for is read by the rules of a plan: spaces around it do not belong to it. If it is doubtful whom it names, it
// is refused and not shown.
func TestEraseAsksByTheRulesOfPlans(t *testing.T) {
	t.Parallel()
	around := []string{"", " ", "\u00a0", "\ufeff", "\u200b", "\u00ad", "\r", "\t", "\u2060", "\u3000"}
	inside := []string{"\u00a0", "\ufeff", "\u200b", "\u00ad", "\u2060", "\u200e", "\x01", "\u2800", "\ufe0f"}
	ask := func(way int, id string, verbatim bool) ([]string, error) {
		p := erasePerson{verbatim: verbatim}
		in := ""
		switch way {
		case 0:
			p.ids = []string{id}
		case 1:
			p.file, in = "-", id+"\n"
		default:
			p.file, in = "-", "\ufeff"+id+"\r\n"
		}
		return p.read(console.New(strings.NewReader(in), io.Discard, io.Discard))
	}
	for way := range 3 {
		for _, before := range around {
			for _, after := range around {
				if ids, err := ask(way, before+"person7531"+after, false); err != nil || !slices.Equal(ids, []string{"person7531"}) {
					t.Errorf("way %d, %q and %q around: %q, %v", way, before, after, ids, err)
				}
			}
		}
		for _, odd := range inside {
			id := "person" + odd + "7531"
			_, err := ask(way, id, false)
			if err == nil || !strings.Contains(err.Error(), "invisible") || !strings.Contains(err.Error(), "--verbatim-ids") || strings.Contains(err.Error(), "7531") {
				if way == 0 || err == nil || strings.Contains(err.Error(), "7531") { // in a file, the rules for lines can apply first
					t.Errorf("way %d, %q: %v", way, id, err)
				}
			}
			if ids, err := ask(0, id, true); err != nil || !slices.Equal(ids, []string{id}) {
				t.Errorf("%q is refused with --verbatim-ids: %v", id, err)
			}
		}
		for _, id := range []string{"null", "Ann <ann7531@example.com>", "ann7531@example.com."} {
			if _, err := ask(way, id, false); err == nil || strings.Contains(err.Error(), "7531") {
				t.Errorf("way %d, %q: %v", way, id, err)
			}
		}
	}
}

// Files of erasures, and secrets, are never accepted as lists of people.
func TestEraseTakesNoFilesOfItsOwnForPeople(t *testing.T) {
	t.Parallel()
	private, public, err := erasure.GenerateKey(erasure.RoleOperator, "ann")
	if err != nil {
		t.Fatal(err)
	}
	texts := map[string]string{
		"a receipt key":      erasure.NewReceiptKey().Reveal(),
		"a guard key":        erasure.NewGuardKey().Reveal(),
		"a key for signing":  private,
		"a public key":       public,
		"a key of another":   "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmU",
		"a line of a secret": "x1\nx2\n" + private,
	}
	receipt := "../../../erasure/testdata/receipt-1/"
	for name, file := range map[string]string{"a plan": "plan.note", "entries": "entries.jsonl", "a checkpoint": "checkpoints/000000000013", "a guard": "guard", "keys": "keys", "a proof": "../proof-1/000006.tlog-proof", "an entry": "../proof-1/000006.json"} {
		text, err := os.ReadFile(receipt + file)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	for name, text := range texts {
		for _, around := range []string{"%s", "%s\n", "\ufeff%s\r\n", "\n\n%s\n"} {
			text := fmt.Sprintf(around, text)
			file := filepath.Join(t.TempDir(), "list")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			for _, c := range []eraseColumns{{}, {verbatim: true}, {column: "subject", loadOptions: loadOptions{Format: "jsonl"}}, {column: "id", loadOptions: loadOptions{Format: "csv"}}} {
				for _, from := range []string{file, "-"} {
					list, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), from)
					if err == nil && !(from == "-" && c.column == "subject") {
						t.Errorf("%s, %+v from %s: %d people are read", name, c, from, len(list.targets))
					}
					if err != nil && from == file && !strings.HasPrefix(name, "a line") && !strings.Contains(err.Error(), "not a list of people") {
						t.Errorf("%s: %v", name, err)
					}
					if err != nil && (strings.Contains(err.Error(), "+A") || strings.Contains(err.Error(), "b3BlbnNz")) {
						t.Errorf("%s: the error shows it: %v", name, err)
					}
				}
			}
			if _, err := (&erasePerson{file: file}).read(console.New(nil, io.Discard, io.Discard)); err == nil {
				t.Errorf("--id-file accepts %s", name)
			}
			if _, _, err := knownFile(file).read(console.New(nil, io.Discard, io.Discard), true); err == nil {
				t.Errorf("--known-file accepts %s", name)
			}
		}
	}
	if _, err := (&eraseColumns{}).read(t.Context(), console.New(nil, io.Discard, io.Discard), receipt); err == nil || !strings.Contains(err.Error(), "is a receipt") {
		t.Error(err)
	}
}

// Whatever an input is, no error shows its contents: neither a row, nor a first line that could be a row, nor a member whose name could be a
// person's.
func TestEraseErrorsShowNobody(t *testing.T) {
	t.Parallel()
	secrets := []string{"zqx7531", "zqmeier", "zq.meier@zqhost.example", "Zqanna Zqmeier", "cio_zq0a1b", "zqid", "email-zqmeier", "zqcustomer"}
	words := []string{"id", "email", "user_id", "customer", "person", "name", "Customer ID", "mail", "status", "1001", "", "null"}
	failed := 0
	for seed := range uint64(6000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		cell := func() string {
			if rng.IntN(2) == 0 {
				return words[rng.IntN(len(words))]
			}
			return secrets[rng.IntN(len(secrets))]
		}
		columns := 1 + rng.IntN(4)
		var b strings.Builder
		format := []string{"", "csv", "jsonl", "json", "parquet"}[rng.IntN(5)]
		for range 1 + rng.IntN(4) {
			switch {
			case format == "jsonl":
				object := map[string]any{}
				for range columns {
					object[cell()] = cell()
				}
				line, _ := json.Marshal(object)
				b.Write(append(line, '\n'))
			case format == "json":
				object := map[string]any{}
				for range columns {
					object[cell()] = []any{map[string]any{cell(): cell(), "id": cell()}, cell()}[:1+rng.IntN(2)]
				}
				line, _ := json.Marshal(object)
				b.Write(append(line, '\n'))
			default:
				var cells []string
				for range columns + rng.IntN(6)/5 {
					c := cell()
					if rng.IntN(8) == 0 {
						c = `"` + c
					}
					cells = append(cells, c)
				}
				b.WriteString(strings.Join(cells, []string{",", ";", "\t"}[rng.IntN(3)]) + "\n")
			}
		}
		text := b.String()
		if rng.IntN(8) == 0 {
			text = text[:rng.IntN(len(text)+1)]
		}
		c := eraseColumns{column: []string{"", "id", "email", "meier", "zz"}[rng.IntN(5)]}
		switch c.Format = format; format {
		case "json":
			c.Format = "jsonl"
		case "parquet":
			c.Format = []string{"parquet", "csv"}[rng.IntN(2)]
		}
		if rng.IntN(4) == 0 && c.column != "" {
			c.also = []string{"email"}
		}
		if rng.IntN(8) == 0 {
			c.SkipRows = 1
		}
		_, err := c.read(t.Context(), console.New(strings.NewReader(text), io.Discard, io.Discard), "-")
		if err == nil {
			continue
		}
		failed++
		if strings.Contains(strings.ToLower(err.Error()), "zq") {
			t.Errorf("seed %d, %s, column %q: %q: %v", seed, c.Format, c.column, text, err)
		}
	}
	if failed < 2000 {
		t.Errorf("only %d inputs were refused: the test shows little", failed)
	}
}

// Names of columns are recognized only by their words.
func TestEraseKnowsNamesOfColumns(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"id", "ID", "user_id", "userId", "UserID", "Customer ID", "customer-id", "email", "E-Mail", "emailAddress", "cio_id", "uuid", "external_id", "kunden_nr"} {
		if !isColumnName(name) {
			t.Errorf("%q is not a name", name)
		}
	}
	for _, name := range []string{"", "1001", "id1", "ida", "meier", "customer meier", "Anna Kunden", "user@mail", "ann@example.com", "cio_0a1b", "mark", "user-meier", "emailmeier", "_"} {
		if isColumnName(name) {
			t.Errorf("%q is a name", name)
		}
	}
}
