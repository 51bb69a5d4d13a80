package load

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
	"github.com/parquet-go/parquet-go"
)

func TestDenyList(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "deny.txt")
	if err := os.WriteFile(file, []byte("\ufeffu1\r\n\n  Ann@Example.com \nU2"), 0o600); err != nil {
		t.Fatal(err)
	}
	d, err := ReadDenyList(file, DenyConfig{})
	if err != nil || d.Len() != 3 {
		t.Fatalf("%v, %d ids", err, d.Len())
	}
	for _, tt := range []struct {
		id     cio.Identity
		denied bool
	}{
		{cio.Identity{UserID: "u1"}, true}, {cio.Identity{UserID: "U1"}, false}, {cio.Identity{UserID: "x", Email: "ann@example.COM"}, true},
		{cio.Identity{UserID: "ANN@example.com"}, true}, {cio.Identity{AnonymousID: "U2"}, true}, {cio.Identity{GroupID: "u1"}, false}, {cio.Identity{}, false},
	} {
		if got := d.Guard(tt.id); errors.Is(got, ErrDenied) != tt.denied {
			t.Errorf("%+v: %v", tt.id, got)
		}
	}
	client, server := emulated(t, cio.Config{})
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id,n\nu1,1\nu3,2\n", source.Config{}), Mapping: mustMapping(t, people), Client: client, Deny: d})
	if err != nil || s.Guarded != 1 || s.Accepted != 1 || s.DenyList != 3 {
		t.Errorf("%v, %+v", err, s)
	}
	if _, err := server.Person("", "u1"); err == nil {
		t.Error("the denied person was created")
	}
}

// listFile writes a deny list and returns its name.
func listFile(t *testing.T, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "deny")
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// inUTF16 has a byte order mark.
func inUTF16(text string, big bool) string {
	var b []byte
	for _, u := range append([]uint16{0xfeff}, utf16.Encode([]rune(text))...) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func inUTF32(text string) string {
	b := []byte("\xff\xfe\x00\x00")
	for _, r := range text {
		b = binary.LittleEndian.AppendUint32(b, uint32(r))
	}
	return string(b)
}

// TestDenyListForms writes lists that name 42 and ann@x.org in many forms: both are denied, or the list is refused with the place and the remedy.
func TestDenyListForms(t *testing.T) {
	t.Parallel()
	zipped := func(text string) string {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write([]byte(text))
		w.Close()
		return b.String()
	}
	for _, c := range []struct {
		name, text string
		cfg        DenyConfig
		refused    string // text of the error; empty: both are denied
	}{
		{"plain", "42\nann@x.org\n", DenyConfig{}, ""},
		{"without a last line end", "42\nann@x.org", DenyConfig{}, ""},
		{"CRLF and a mark", "\ufeff42\r\nann@x.org\r\n", DenyConfig{}, ""},
		{"CR", "42\rann@x.org\r", DenyConfig{}, ""},
		{"mixed ends", "42\r\rann@x.org\n\n\r\n", DenyConfig{}, ""},
		{"quoted", "\"42\"\n\"ann@x.org\"\n", DenyConfig{}, ""},
		{"spaces", "  42 \t\n\u00a0ANN@x.org\u200b\n", DenyConfig{}, ""},
		{"spaces in quotes", "\" 42\"\n\"ann@X.org \"\n", DenyConfig{}, ""},
		{"UTF-16", inUTF16("42\r\nann@x.org\r\n", false), DenyConfig{}, ""},
		{"UTF-16, the other way", inUTF16("42\rann@x.org", true), DenyConfig{}, ""},
		{"gzip", zipped("42\nann@x.org\n"), DenyConfig{}, ""},
		{"gzip of UTF-16", zipped(inUTF16("42\nann@x.org\n", false)), DenyConfig{}, ""},
		{"header", "id\n42\nann@x.org\n", DenyConfig{}, ""},
		{"empty lines", "\n\n42\n  \n\"\"\nann@x.org\n", DenyConfig{}, ""},
		{"UTF-16 without a mark", inUTF16("42\nann@x.org\n", false)[2:], DenyConfig{}, "--deny-encoding utf-16le"},
		{"UTF-16 without a mark, the other way", inUTF16("42\nann@x.org\n", true)[2:], DenyConfig{}, "--deny-encoding utf-16be"},
		{"UTF-16 without a mark that begins with an empty line", inUTF16("\n\n42\n", true)[2:], DenyConfig{}, "--deny-encoding utf-16be"},
		{"UTF-16 without a mark that begins with another script", inUTF16("ж\n42\n", false)[2:], DenyConfig{}, "--deny-encoding"},
		{"gzip of UTF-16 without a mark", zipped(inUTF16("42\nann@x.org\n", false)[2:]), DenyConfig{}, "--deny-encoding utf-16le"},
		{"UTF-16 with the setting", inUTF16("42\nann@x.org\n", false)[2:], DenyConfig{Encoding: "utf-16le"}, ""},
		{"UTF-32", inUTF32("42\nann@x.org\n"), DenyConfig{}, ""},
		{"not UTF-8", "42\nann@x.org\nm\xfcller\n", DenyConfig{}, "line 3: the text is not in the encoding"},
		{"Windows-1252", "42\nann@x.org\nm\xfcller\n", DenyConfig{Encoding: "windows-1252"}, ""},
		{"two columns, semicolon", "42;2026\nann@x.org;2027\n", DenyConfig{}, "line 1 has a semicolon in it"},
		{"two columns, comma", "42,2026\n", DenyConfig{}, "--deny-column"},
		{"two columns, tab", "42\t2026\n", DenyConfig{}, "a tab"},
		{"two columns, bar", "42|2026\n", DenyConfig{}, "a bar"},
		{"two quoted columns", "\"42\",\"ann@x.org\"\n", DenyConfig{}, "a quote within quotes"},
		{"a quoted column and another", "\"42\";7\n", DenyConfig{}, "does not end with one"},
		{"on one line", "42,ann@x.org", DenyConfig{}, "a comma"},
		{"on one line, spaces", "42 ann@x.org", DenyConfig{}, "a space"},
		{"an open quote", "\"42\nann@x.org\n", DenyConfig{}, "line 1"},
		{"single quotes", "'42'\n'ann@x.org'\n", DenyConfig{}, "quotation mark"},
		{"curly quotes", "“42”\n", DenyConfig{}, "quotation mark"},
		{"a JSON list", "[\"42\",\"ann@x.org\"]", DenyConfig{}, "line 1"},
		{"a JSON list over lines", "[\n\"42\"\n]", DenyConfig{}, "a bracket"},
		{"JSON Lines", "{\"id\":\"42\"}\n", DenyConfig{}, "line 1"},
		{"angle brackets", "<ann@x.org>\n", DenyConfig{}, "a bracket"},
		{"a name and an address", "Ann <ann@x.org>\n", DenyConfig{}, "a space"},
		{"empty", "", DenyConfig{}, "it contains no id"},
		{"blank", "\ufeff \r\n\n\"\"\n", DenyConfig{}, "it contains no id"},
		{"a spreadsheet", "PK\x03\x04....", DenyConfig{}, "save it as CSV"},
		{"Parquet as lines", "PAR1....", DenyConfig{}, "--deny-column"},
		{"a long line", strings.Repeat("x", 70_000), DenyConfig{}, "64 KiB"},

		{"table", "id,at\n42,2026\nann@x.org,2027\n", DenyConfig{Column: "id"}, ""},
		{"second column", "at;id\n2026;42\n2027;\"ANN@x.org \"\n", DenyConfig{Column: "id"}, ""},
		{"tabs, CR", "at\tid\r2026\t42\r2027\tann@x.org\r", DenyConfig{Column: "id"}, ""},
		{"bars, CRLF, mark", "\ufeffid|at\r\n42|2026\r\nann@x.org|2027\r\n", DenyConfig{Column: "id"}, ""},
		{"UTF-16 table", inUTF16("id\tat\r\n42\t2026\r\nann@x.org\t2027\r\n", false), DenyConfig{Column: "id"}, ""},
		{"one column", "id\n42\nann@x.org\n", DenyConfig{Column: "id"}, ""},
		{"one quoted column", "\"id\"\r\n\"42\"\r\n\"ann@x.org\"", DenyConfig{Column: "id"}, ""},
		{"one column, two in a row", "id\n42;2026\n", DenyConfig{Column: "id"}, "line 2 has a semicolon"},
		{"quotes with delimiters", "\"a,b\",\"id\"\n\"x,\"\"y\",\"42\"\n1,ann@x.org\n", DenyConfig{Column: "id"}, ""},
		{"a header with two delimiters", "id,a;b\n42,7\nann@x.org,7\n", DenyConfig{Column: "id"}, ""},
		{"empty rows at the end", "id,at\n42,1\nann@x.org,2\n,\n,\n", DenyConfig{Column: "id"}, ""},
		{"JSON Lines table", "{\"id\":42}\n{\"id\":\"\\u0061nn@x.org\",\"at\":1}\n", DenyConfig{Column: "id"}, ""},
		{"gzip of JSON Lines", zipped("{\"id\":42}\n{\"id\":\"ann@x.org\"}\n"), DenyConfig{Column: "id"}, ""},
		{"another column", "user,at\n42,1\n", DenyConfig{Column: "id"}, "check that the first line has the names of the columns"},
		{"a name in another case", "ID,at\n42,1\n", DenyConfig{Column: "id"}, "write ID"},
		{"a table without a header", "42,2026\nann@x.org,2027\n", DenyConfig{Column: "id"}, "has no column"},
		{"a spreadsheet as a table", "PK\x03\x04....", DenyConfig{Column: "id"}, "save it as CSV"},
		{"a table in UTF-16 without a mark", inUTF16("id,at\n42,2026\n", false)[2:], DenyConfig{Column: "id"}, "--deny-encoding utf-16le"},
		{"a table with a NUL", "id,at\n42,1\nann@x.org,2\x00\n", DenyConfig{Column: "id"}, "--deny-encoding utf-16le"},
		{"a table that is not UTF-8", "id,name\n42,M\xfcller\nann@x.org,Ann\n", DenyConfig{Column: "id"}, ""}, // the ids are UTF-8
		{"a table in Windows-1252", "id,name\n42,M\xfcller\nann@x.org,Ann\n", DenyConfig{Column: "id", Encoding: "windows-1252"}, ""},
		{"a table whose header is not UTF-8", "id,M\xfcller\n42,1\nann@x.org,2\n", DenyConfig{Column: "id"}, "--deny-encoding"},
		{"a table with apostrophes", "id,name\n42,'Ann'\nann@x.org,'Bob'\n", DenyConfig{Column: "id"}, ""},
		{"a table with a title", "People to forget\n\nid,name\n42,Ann\nann@x.org,Bob\n", DenyConfig{Column: "id"}, "has no column"},
		{"a table with sep", "sep=;\nid;name\n42;Ann\nann@x.org;Bob\n", DenyConfig{Column: "id"}, "check that the first line has the names of the columns"},
		{"a header in single quotes", "'id','at'\n'42','1'\n", DenyConfig{Column: "id"}, "quotation mark"},
		{"two of the name", "id,id\n42,1\n", DenyConfig{Column: "id"}, "more than once"},
		{"a row too long", "id,at\n42,1,2\n", DenyConfig{Column: "id"}, "line 2: the row cannot be read: field-count"},
		{"an open quote in a table", "id,at\n\"42,1\n", DenyConfig{Column: "id"}, "line 2"},
		{"a row that names nobody", "id,at\n42,1\n,2\n", DenyConfig{Column: "id"}, "line 3: the row has no value in the column"},
		{"single quotes in a table", "id,at\n'42',1\n", DenyConfig{Column: "id"}, "quotation mark"},
		{"no rows", "id,at\n", DenyConfig{Column: "id"}, "it contains no id"},
		{"an empty table", "", DenyConfig{Column: "id"}, "it contains no id"},
		{"JSON numbers with a point", "{\"id\":42.0}\n", DenyConfig{Column: "id"}, "not-text"},
		{"a JSON list as a table", "[\"42\"]\n", DenyConfig{Column: "id"}, "not-an-object"},
		{"JSON Lines without it", "{\"user\":\"42\"}\n", DenyConfig{Column: "id"}, "names nobody"},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := listFile(t, c.text)
			d, err := ReadDenyList(file, c.cfg)
			if c.refused != "" {
				var format *source.FormatError
				if !errors.As(err, &format) || !strings.Contains(err.Error(), c.refused) {
					t.Fatalf("got %v, want %s", err, c.refused)
				}
				if text := strings.Replace(err.Error(), file, "", 1); strings.Contains(text, "42") || strings.Contains(text, "ann@") {
					t.Errorf("the error contains an id: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []cio.Identity{{UserID: "42"}, {AnonymousID: "42"}, {PreviousID: "42"}, {UserID: "ann@x.org"}, {UserID: "ANN@x.org"}, {Email: "ann@x.org"}, {Email: "ann@x.org "}, {UserID: " Ann@X.org"}} {
				if d.Guard(id) == nil {
					t.Errorf("%+v passes", id)
				}
			}
			for _, id := range []cio.Identity{{UserID: "4"}, {UserID: "2026"}, {UserID: "ann"}, {Email: "nn@x.org"}, {GroupID: "42"}} {
				if d.Guard(id) != nil {
					t.Errorf("%+v is denied", id)
				}
			}
		})
	}
	for _, cfg := range []DenyConfig{{AllowEmpty: true}, {AllowEmpty: true, Column: "id"}} {
		if d, err := ReadDenyList(listFile(t, "\r\n"), cfg); err != nil || d.Len() != 0 {
			t.Errorf("an empty list that may be: %v", err)
		}
	}
	if _, err := ReadDenyList(filepath.Join(t.TempDir(), "none"), DenyConfig{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no list: %v", err)
	}
}

// TestDenyListIdentity compares ids by their bytes and addresses by their meaning.
func TestDenyListIdentity(t *testing.T) {
	t.Parallel()
	d, err := ReadDenyList(listFile(t, "Acme1@EU\nBob@X.org\n00042\n"), DenyConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for id, denied := range map[string]bool{"Acme1@EU": true, "acme1@eu": false, "bob@x.org": true, "BOB@X.ORG": true, "00042": true, "42": false, "042": false} {
		if got := d.Guard(cio.Identity{UserID: id}) != nil; got != denied {
			t.Errorf("%s: denied %v", id, got)
		}
	}
}

// TestDenyListRules refuses lists with ids that the mapping rejects: no row has such an id, so the intended person would not be denied.
func TestDenyListRules(t *testing.T) {
	t.Parallel()
	const mapping = "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n"
	for list, allowed := range map[string]string{"42\n101.0\n": "verbatim_ids: true\n", "42\n1.23457E+11\n": "verbatim_ids: true\n", "42\nNULL\n": "id_words: [NULL]\n"} {
		d, err := ReadDenyList(listFile(t, list), DenyConfig{})
		if err != nil {
			t.Fatal(err)
		}
		job := func(mapping string) Job {
			return Job{Source: mustSource(t, "id,n\n42,1\n43,2\n", source.Config{}), Mapping: mustMapping(t, mapping), Client: new(fakeClient), Deny: d}
		}
		var format *source.FormatError
		if _, err := Run(t.Context(), job(mapping)); !errors.As(err, &format) || format.Line != 2 || !strings.Contains(err.Error(), d.file) {
			t.Errorf("%q: %v", list, err)
		}
		if _, err := MakePlan(t.Context(), job(mapping), 0); !errors.As(err, &format) {
			t.Errorf("%q, plan: %v", list, err)
		}
		if _, err := Run(t.Context(), func() Job { j := job(mapping); j.DryRun = true; return j }()); err == nil {
			t.Errorf("%q: a dry run accepts it", list)
		}
		if s, err := Run(t.Context(), job(allowed+mapping)); err != nil || s.Guarded != 1 || s.Accepted != 1 || s.DenyList != 2 {
			t.Errorf("%q with %s: %v, %+v", list, allowed, err, s)
		}
	}
}

// TestDenyListFromPipe reads a list that can be read only once.
func TestDenyListFromPipe(t *testing.T) {
	t.Parallel()
	for _, cfg := range []DenyConfig{{}, {Column: "id"}} {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "id\n42\n")
		w.Close()
		d, err := ReadDenyList(fmt.Sprintf("/dev/fd/%d", r.Fd()), cfg)
		r.Close()
		if errors.Is(err, os.ErrNotExist) {
			t.Skip("there is no /dev/fd here")
		}
		if err != nil || d.Guard(cio.Identity{UserID: "42"}) == nil {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
}

// TestDenyListDialects writes lists of random ids in the ways of many programs: everybody on a list is denied, or the list is refused.
func TestDenyListDialects(t *testing.T) {
	t.Parallel()
	kinds := []func(rng *rand.Rand) string{
		func(rng *rand.Rand) string { return fmt.Sprint(rng.IntN(100_000)) },
		func(rng *rand.Rand) string { return fmt.Sprintf("user%d@Example%d.org", rng.IntN(1000), rng.IntN(9)) },
		func(rng *rand.Rand) string {
			return fmt.Sprintf("%08x-%04x-4%03x", rng.Uint32(), rng.IntN(1<<16), rng.IntN(1<<12))
		},
		func(rng *rand.Rand) string {
			const odd = "ab1,;|\t\"' :'[](){}é名\u00a0.@-_\r\n=+#"
			r := []rune(odd)
			var b strings.Builder
			for range 1 + rng.IntN(6) {
				b.WriteRune(r[rng.IntN(len(r))])
			}
			return b.String()
		},
	}
	refused, taken := 0, 0
	file := filepath.Join(t.TempDir(), "deny")
	seeds := uint64(1000)
	if os.Getenv("CIOKIT_FULL") == "1" {
		seeds = 10_000
	}
	for seed := range seeds {
		rng := rand.New(rand.NewPCG(seed, 12))
		var ids []string
		for range rng.IntN(6) {
			ids = append(ids, kinds[min(rng.IntN(6), len(kinds)-1)](rng))
		}
		if seed%2 == 0 { // without odd ids
			for i := range ids {
				ids[i] = kinds[rng.IntN(3)](rng)
			}
		}
		text, cfg, dialect := writeList(t, rng, ids)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		d, err := ReadDenyList(file, cfg)
		if err != nil {
			var format *source.FormatError
			if !errors.As(err, &format) {
				t.Fatalf("seed %d, %s: %v", seed, dialect, err)
			}
			refused++
			continue
		}
		taken++
		for _, id := range ids {
			if mapping.TrimID(id) == "" {
				continue
			}
			who := cio.Identity{UserID: id}
			if address.Is(id) && rng.IntN(2) == 0 {
				who = cio.Identity{Email: strings.ToLower(id)}
			}
			if d.Guard(who) == nil {
				t.Errorf("seed %d, %s: %q passes a list of %q", seed, dialect, id, text)
			}
		}
	}
	if taken < 300 || refused < 80 {
		t.Errorf("%d lists were accepted and %d refused: the test shows little", taken, refused)
	}
}

// writeList writes ids in a random dialect, and returns the settings that a sensible person would use to read it, or the defaults.
func writeList(t *testing.T, rng *rand.Rand, ids []string) (text string, cfg DenyConfig, dialect string) {
	end := []string{"\n", "\r\n", "\r"}[rng.IntN(3)]
	table := rng.IntN(2) == 0
	if table && rng.IntN(3) > 0 {
		cfg.Column = "user"
	}
	switch form := rng.IntN(8); {
	case form == 0 && table: // Parquet
		type row struct {
			User string `parquet:"user"`
			At   int64  `parquet:"at"`
		}
		var rows []row
		for i, id := range ids {
			rows = append(rows, row{id, int64(i)})
		}
		var b bytes.Buffer
		if err := parquet.Write(&b, rows); err != nil {
			t.Fatal(err)
		}
		return b.String(), cfg, "Parquet"
	case form == 1: // JSON
		var b strings.Builder
		for i, id := range ids {
			var v any = id
			if table {
				v = map[string]any{"at": i, "user": id}
			}
			line, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			b.Write(line)
			b.WriteString(strings.ReplaceAll(end, "\r\n", "\n"))
		}
		text, dialect = b.String(), "JSON"
	case form == 2: // a list on one line
		text, dialect = strings.Join(ids, []string{",", ";", " ", "\t", ", ", "|"}[rng.IntN(6)]), "one line"
		cfg.Column = ""
	case form == 3: // unchanged
		text, dialect = strings.Join(ids, end)+end, "bare"
		for _, id := range ids {
			if strings.ContainsAny(id, "\r\n") { // no list can contain it
				return "", cfg, "empty"
			}
		}
		cfg.Column = ""
	default: // CSV
		var b strings.Builder
		w := csv.NewWriter(&b)
		w.UseCRLF = end == "\r\n" && !strings.Contains(strings.Join(ids, ""), "\r") // it would remove them
		w.Comma = []rune{',', ';', '\t', '|'}[rng.IntN(4)]
		if table {
			w.Write([]string{"at", "user", "why"})
		}
		for i, id := range ids {
			record := []string{id}
			if table {
				record = []string{fmt.Sprint(i), id, "a,b;c"}
			}
			w.Write(record)
		}
		w.Flush()
		if text, dialect = b.String(), "CSV "+string(w.Comma); end == "\r" {
			text = strings.ReplaceAll(text, "\n", "\r")
		}
	}
	switch rng.IntN(5) {
	case 0:
		return "\ufeff" + text, cfg, dialect + ", mark"
	case 1:
		return inUTF16(text, rng.IntN(2) == 0), cfg, dialect + ", UTF-16"
	}
	return text, cfg, dialect
}

// FuzzDenyList reads any text without a panic, and denies the id of a list with one plain line.
func FuzzDenyList(f *testing.F) {
	f.Add("42\n", "")
	f.Add("id;at\n42;1\n", "id")
	f.Add("{\"id\":1}\n", "id")
	f.Add("\xff\xfe4\x002\x00", "")
	f.Add("\"4\"\"2\"\r", "")
	f.Fuzz(func(t *testing.T, text, column string) {
		d, err := ReadDenyList(listFile(t, text), DenyConfig{Column: column})
		if err != nil {
			return
		}
		if d.Len() == 0 {
			t.Error("an empty list was accepted")
		}
		if bare := mapping.TrimID(text); column == "" && bare != "" && utf8.ValidString(bare) && !strings.ContainsAny(bare, "\r\n\"") && d.Guard(cio.Identity{UserID: bare}) == nil {
			t.Errorf("%q passes", bare)
		}
	})
}
