package main

import (
	"bytes"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"golang.org/x/text/encoding/unicode"
)

// Commands that read files share the readers of rows, whose hints name flags. Whatever is wrong with a file, the command that says so has the flags
// that its hint names.
func TestHintsNameFlagsOfTheCommand(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("XDG_STATE_HOME", mustAbs(t, "state"))
	t.Setenv("CUSTOMERIO_API_KEY", "test-key")
	utf16, err := unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewEncoder().String("id,email\n1,a@example.com\n")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{
		"table.csv": "id,email\n1,a@example.com\n", "utf16": utf16, "latin.csv": "id,email\nM\xfcller,a@example.com\n", "pack.parquet": "PAR1xxxxPAR1", "page.html": "<!DOCTYPE html><p>1</p>",
		"one.json": `{"data":{"customers":[{"id":"1"},{"id":"2"}]}}`, "array.json": `[{"id":"1"},{"id":"2"}]`, "quote.csv": "id,email\n\"1,a@example.com\n2,b@example.com\n", "semi.csv": "id;email,x\n1;a,b\n",
		"pipe.txt": "id|email\n1|a@example.com\n", "cr.csv": "id,email\r1,a@example.com\r", "nul.csv": "id,email\n1,\x00\n", "headless.csv": "1,a@example.com\n2,b@example.com\n", "title.csv": "Export\n\nid,email\n1,a@example.com\n",
		"twice.csv": "id,email,id\n1,a@example.com,2\n", "joined.csv": "id,email\n1,a@example.com\nid,email\n2,b@example.com\n", "totals.csv": "id,email\n1,a@example.com\n(1 row)\n", "torn.jsonl": `{"type":"track"` + "\n",
		"empty.csv": "", "words.txt": "null\nN/A\n", "quoted.txt": "\"1\"\n\"a\\\"\"\n", "name.txt": "Ann <ann@example.com>\n", "sheet.csv": "id\n1.00E+05\n", "stray.csv": "id,email\n1,a\"b\n2,\"c\"d\n", "escape.csv": "id,email\n\"1\\\"2\",a\n\"x\"\"y\",b\n",
		"comma.csv": "id;n\n1;12,50\n", "soft.txt": "a\u00adb\n", "zip.csv": "PK\x03\x04xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "key.pem": "-----BEGIN PGP MESSAGE-----\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("map.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {n: '=int(n)'}}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}}))
	defer srv.Close()
	for _, args := range [][]string{{"operator", "ann"}, {"workspace"}} {
		var said bytes.Buffer
		run(t.Context(), append([]string{"erase", "keygen"}, args...), console.New(nil, &said, &said))
	}
	keys := " --receipt-key receipt.key --guard-key guard.key"
	lines := []string{
		"events check FILE", "source FILE", "map init FILE", "load FILE --mapping map.yaml --dry-run --to $E",
		"load table.csv --mapping map.yaml --dry-run --to $E --deny FILE", "verify FILE --mapping map.yaml --wait 1ms --to $E", "erase find-copies . --id-file FILE", "erase find receipt --id-file FILE --receipt-key receipt.key",
		"erase plan FILE --action delete --reason r --to $E --out p.plan --operator-key operator-ann.key" + keys, "erase plan FILE --column id --action delete --reason r --to $E --out p.plan --operator-key operator-ann.key" + keys,
		"erase plan quoted.txt --known-file FILE --resolve --targets t --action delete --reason r --to $E --out p.plan --operator-key operator-ann.key" + keys,
	}
	for _, line := range lines {
		for name := range files {
			args := strings.Fields(strings.NewReplacer("FILE", name, "$E", srv.URL).Replace(line))
			var said bytes.Buffer
			run(t.Context(), args, console.New(strings.NewReader(""), &said, &said))
			checkFlagsNamed(t, args, said.String())
			checkSuggestion(t, said.String())
		}
	}
}
