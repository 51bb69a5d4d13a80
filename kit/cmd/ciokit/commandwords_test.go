package main

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

var (
	// goName matches a name of Go: a field or function of a type or package, or a word with a capital letter in it.
	goName = regexp.MustCompile(`\b[a-z]\w*\.[A-Z]\w*|\b[A-Z]\w*\.[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*|\b[A-Z][a-z]\w*ID\b|\bAPIKey\b|\bBaseURL\b|\bnil\b|%!`)
	// named are words of that form that are not Go names.
	named = regexp.MustCompile(`PostgreSQL|MySQL|MariaDB|SQLite|JavaScript|GitHub|User-Agent|KiB|MiB|messages\[\d+\]\S*|README|YAML`)
	// wrongNumber matches a number that does not agree with its noun.
	wrongNumber = regexp.MustCompile(`(?:^|[^\d,.-])1 +(?:people|persons|have|are|were|\w*(?:rows|messages|files|requests|warnings|errors|notes|lines|entries|journals|ids|bytes|columns|days|calls|cells|addresses|notebooks|things|events|phones|findings|more are|of them were))\b`)
)

// checkWords fails if the output of a command contains names of Go, or a number that does not agree with its noun.
func checkWords(t *testing.T, said string) {
	t.Helper()
	if found := goName.FindString(named.ReplaceAllString(said, "")); found != "" {
		t.Errorf("it speaks of %q:\n%s", found, said)
	}
	if found := wrongNumber.FindString(said); found != "" {
		t.Errorf("it says %q:\n%s", found, said)
	}
}

// The output of commands names flags and variables, never Go fields of the packages below, and its numbers agree with their nouns.
func TestWordsOfCommands(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_STATE_HOME", filepath.Join(dir, "state"))
	t.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config"))
	for _, name := range []string{"CUSTOMERIO_REGION", "CUSTOMERIO_BASE_URL", "CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_BASE_URL"} {
		t.Setenv(name, "")
	}
	files := map[string]string{
		"p.csv": "id,mail,n\n1,a@x.org,1\n", "two.csv": "id,mail,n\n1,a@x.org,1\n2,a@x.org,x\n,b@x.org,2\n", "headless.csv": "1,a@x.org,1\n", "p.jsonl": `{"id":1}` + "\n", "empty.csv": "",
		"torn.csv": "id,mail,n\n1,2\n", "blank.csv": "id,mail,n\n,,\n", "same.csv": "id,mail,n\n1,a@x.org,1\n1,a@x.org,2\n",
		"p.yaml": "messages:\n  - identify: {userId: $id, traits: {email: $mail, n: '=int(n)'}}\n", "id.yaml": "messages:\n  - identify: {userId: $id}\n", "no.yaml": "messages:\n  - identfy: {userID: $id}\n", "missing.yaml": "messages:\n  - identify: {userId: $nope}\n",
		"track.yaml": "messages:\n  - track: {userId: $id, event: order_completed}\n", "near.yaml": "messages:\n  - track: {userId: $id, event: Order Complete}\n", "anon.yaml": "messages:\n  - identify: {anonymousId: $id}\n", "event.yaml": "messages:\n  - track: {userId: $id, event: $mail}\n",
		"alias.yaml": "messages:\n  - alias: {userId: $id, previousId: $id}\n", "group.yaml": "messages:\n  - group: {userId: $id, groupId: $mail}\n", "object.yaml": "messages:\n  - delete_object: {objectTypeId: $id, objectId: $mail}\n", "erase.yaml": "messages:\n  - delete_person: {userId: $id}\n",
		"deny.txt": "1,2\n", "none.txt": "", "one.txt": "1\n", "words.txt": "null\n", "deny.parquet": "PAR1xxxxPAR1", "deny16.txt": "\xff\xfea", "null.txt": "a\x00b", "latin.txt": "\xe4\n",
		"key.txt": "a key", "nokey.txt": "", "calls.jsonl": `{"type":"track","userId":"1","event":"order_completed"}` + "\n", "wrong.jsonl": `{"type":"track"}` + "\n" + `{"a"` + "\n",
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	local := httptest.NewServer(emulator.New(emulator.Config{Keys: []string{"test-key"}, Refuse: func(m emulator.Message) (string, bool) { return "no-such-luck", m.UserID == "2" }}))
	defer local.Close()
	status := func(code int) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }))
		t.Cleanup(s.Close)
		return s.URL
	}
	moved := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:1/", http.StatusMovedPermanently))
	defer moved.Close()
	vars := strings.NewReplacer("$E", local.URL, "$501", status(http.StatusNotImplemented), "$500", status(http.StatusInternalServerError), "$401", status(http.StatusUnauthorized),
		"$302", moved.URL, "$400", status(http.StatusBadRequest), "$200", status(http.StatusOK), "$load", "load p.csv --mapping p.yaml --give-up-after 1ms")
	for _, line := range strings.Split(strings.TrimSpace(commandLines), "\n") {
		key, line, _ := strings.Cut(line, "|")
		t.Run(line, func(t *testing.T) {
			t.Setenv("CUSTOMERIO_API_KEY", key)
			var args []string
			for _, a := range strings.Fields(vars.Replace(line)) {
				args = append(args, strings.ReplaceAll(a, "_", " "))
			}
			var both bytes.Buffer
			code := run(t.Context(), args, console.New(strings.NewReader(files["two.csv"]), &both, &both))
			if strings.HasPrefix(args[0], "help") == (code != exit.OK) && both.Len() == 0 {
				t.Errorf("exit code %d, and it prints nothing", code)
			}
			checkWords(t, strings.ReplaceAll(both.String(), dir, "DIR"))
		})
	}
}

// A load whose calls are all refused retries for 14 s, so it runs as a separate process, in parallel to the other tests.
func TestWordsOfARefusedLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"p.csv": "id\n1\n", "p.yaml": "messages:\n  - identify: {userId: $id}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer s.Close()
	p, err := startCommand(dir, "load", "p.csv", "--mapping", "p.yaml", "--give-up-after", "1ms", "--to", s.URL, "--yes")
	if err != nil {
		t.Fatal(err)
	}
	if exit := new(exec.ExitError); !errors.As(p.Wait(), &exit) {
		t.Errorf("it ended with %v", p.ProcessState)
	}
	if said := p.said.String(); !strings.Contains(said, "400 Bad Request") {
		t.Errorf("it does not say what came back:\n%s", said)
	}
	checkWords(t, p.said.String())
}

// commandLines are command lines, each after its key. An underscore means a space.
const commandLines = `
|$load --to eu --yes
|$load --to us --yes
a key|$load --to $E
|$load --key-file nokey.txt --to eu --yes
|$load --key-file key.txt --to eu --yes
|$load --key-file none --to eu
test-key|$load
test-key|$load --to mars
test-key|$load --to http://
test-key|$load --to http://a_b/
test-key|$load --to http://user:secret@example.com
test-key|$load --to http://example.com?x=1
test-key|$load --to http://127.0.0.1:1
test-key|$load --to http://127.0.0.1:1 --yes
test-key|$load --to $E
test-key|$load --to $E --rate 2000000
test-key|$load --to $E --rate x
test-key|$load --to $E --limit x
test-key|$load --to $E --limit -1
test-key|$load --to $E --concurrency 0
test-key|$load --to $E --give-up-after 0
test-key|$load --to $E --give-up-after x
test-key|$load --to $E --max-errors x
test-key|$load --to $E --max-deletes x
test-key|$load --to $E --expect-rows x
test-key|$load --to $E --expect-rows 2
test-key|$load --to $E --expect-rows 2 --dry-run
test-key|$load --to $E --format xml
test-key|$load --to $E --format parquet
test-key|$load --to $E --encoding klingon
test-key|$load --to $E --delimiter ab
test-key|$load --to $E --delimiter ä
test-key|$load --to $E --delimiter "
test-key|$load --to $E --skip-rows x
test-key|$load --to $E --skip-rows -1
test-key|$load --to $E --columns id,id
test-key|$load --to $E --columns a,b,c
test-key|$load --to $E --query SELECT_1
test-key|$load --to $E --order-by id
test-key|$load --to $E --config none
test-key|$load --to $E --progress pretty
test-key|$load --to $E --report r.txt
test-key|$load --to $E --report none/r.json
test-key|$load --to $E --rejects none/r.jsonl
test-key|$load --to $E --rejects p.csv
test-key|$load --to $E --rejects .
test-key|$load --to $E --deny deny.txt
test-key|$load --to $E --deny none.txt
test-key|$load --to $E --deny none.txt --deny-empty
test-key|$load --to $E --deny one.txt
test-key|$load --to $E --deny words.txt
test-key|$load --to $E --deny deny.parquet
test-key|$load --to $E --deny deny.parquet --deny-column id
test-key|$load --to $E --deny deny16.txt
test-key|$load --to $E --deny null.txt
test-key|$load --to $E --deny latin.txt
test-key|$load --to $E --deny one.txt --deny-column id
test-key|$load --to $E --deny p.csv --deny-column id
test-key|$load --to $E --deny p.csv --deny-column x
test-key|$load --to $E --deny p.jsonl --deny-column x
test-key|$load --to $E --deny none
test-key|$load --to $E --deny one.txt --deny-encoding klingon
test-key|$load --to $E --deny-column id
test-key|$load --to $E --mode both
test-key|$load --to $E --mode mirror
test-key|$load --to $E --mode mirror --snapshot s
test-key|$load --to $E --mode mirror --snapshot s --snapshot-ids
test-key|$load --to $E --mode mirror --snapshot s --snapshot-ids
test-key|load two.csv --mapping id.yaml --to $E --mode mirror --snapshot s --snapshot-ids
test-key|load blank.csv --mapping p.yaml --to $E --mode mirror --snapshot s --snapshot-ids
test-key|load - --mapping p.yaml --to $E --mode mirror --snapshot s --snapshot-ids
test-key|load headless.csv --columns id,mail,n --mapping p.yaml --to $E --mode mirror --snapshot s --snapshot-ids
test-key|$load --to $E --mode mirror --snapshot s --snapshot-ids --mirror-with x
test-key|$load --to $E --mode mirror --snapshot s --snapshot-ids --max-shrink 0
test-key|$load --to $E --mode mirror --snapshot s --snapshot-ids --limit 1
other|$load --to $E --snapshot s
test-key|$load --to $E --diff-with none
test-key|$load --to $E --diff-with p.csv
test-key|$load --to $E --full
test-key|$load --to $E --new-mapping
test-key|$load --to $E --new-key
test-key|$load --to $E --snapshot-ids
test-key|$load --to $500
test-key|$load --to $500 --yes
test-key|$load --to $501 --yes
test-key|$load --to $401 --yes
test-key|$load --to $302 --yes
test-key|$load --to $200 --yes
test-key|load two.csv --mapping p.yaml --to $E
test-key|load two.csv --mapping p.yaml --to $E --max-errors 1
test-key|load two.csv --mapping id.yaml --to $E --max-errors 1
test-key|load two.csv --mapping p.yaml --to $E --json
test-key|load two.csv --mapping p.yaml --dry-run --strict-identity
test-key|load two.csv --mapping p.yaml --to http://localhost:1 --yes --give-up-after 1ms
test-key|load same.csv --mapping p.yaml --dry-run
test-key|load headless.csv --mapping p.yaml --dry-run
test-key|load empty.csv --mapping p.yaml --dry-run
test-key|load torn.csv --mapping p.yaml --dry-run
test-key|load blank.csv --mapping p.yaml --dry-run
test-key|load none.csv --mapping p.yaml --dry-run
test-key|load p.csv --mapping none.yaml --dry-run
test-key|load p.csv --mapping no.yaml --dry-run
test-key|load p.csv --mapping missing.yaml --dry-run
test-key|load p.csv --mapping anon.yaml --dry-run
test-key|load p.csv --mapping near.yaml --dry-run
test-key|load p.csv --mapping track.yaml --dry-run
test-key|load two.csv --mapping track.yaml --dry-run
test-key|load blank.csv --mapping event.yaml --dry-run
test-key|load two.csv --mapping event.yaml --dry-run
test-key|load two.csv --mapping alias.yaml --dry-run
test-key|load two.csv --mapping group.yaml --dry-run
test-key|load two.csv --mapping object.yaml --dry-run
test-key|load p.csv --mapping erase.yaml --to $E --max-deletes 0
test-key|load p.csv --mapping erase.yaml --dry-run --max-deletes 0
test-key|load p.csv --dry-run
test-key|load --dry-run
test-key|load --resume none
test-key|load --resume none --limit 1
test-key|load db:none --query SELECT_1 --mapping p.yaml --dry-run
test-key|load env:NONE --query SELECT_1 --mapping p.yaml --dry-run
test-key|load postgres://127.0.0.1:1/x --query SELECT_1 --mapping p.yaml --dry-run
test-key|load mysql://127.0.0.1:1/x --query SELECT_1 --mapping p.yaml --dry-run
test-key|load sqlite:none.db --query SELECT_1 --mapping p.yaml --dry-run
test-key|load - --mapping p.yaml --to $E
test-key|load p.jsonl --mapping p.yaml --to $E
test-key|load p.csv p.jsonl --mapping p.yaml --to $E
test-key|source inspect p.csv
test-key|source inspect torn.csv
test-key|source inspect none.csv
test-key|source inspect empty.csv
test-key|map init p.csv
test-key|map init empty.csv
test-key|map check p.yaml p.csv
test-key|map check p.yaml two.csv
test-key|map check missing.yaml p.csv
test-key|map check no.yaml p.csv
test-key|map check none.yaml p.csv
|send identify --to eu
|send identify --user-id 1 --to eu
test-key|send identify --user-id 1
test-key|send identify --to $E
test-key|send identify --anonymous-id 1 --to $E
test-key|send identify --user-id 1 --to $501 --give-up-after 1ms
test-key|send identify --user-id 1 --to $401 --give-up-after 1ms
test-key|send identify --user-id 1 --to $302 --give-up-after 1ms
test-key|send identify --user-id 1 --to $500 --give-up-after 1ms
test-key|send identify --user-id 1 --traits x --to $E
test-key|send identify --user-id 1 --set x --to $E
test-key|send identify --user-id 1 --timestamp x --to $E
test-key|send identify --user-id 1 --to http://a:b@c
test-key|send identify --user-id 2 --to $E
test-key|send identify --user-id null --to $E
test-key|send track --user-id 1 --to $E
test-key|send track X --to $E
test-key|send track order_completed --user-id 1 --to $E
test-key|send track Order_Complete --user-id 1 --to $E
test-key|send alias --to $E
test-key|send alias --user-id 1 --to $E
test-key|send alias --user-id 1 --previous-id 1 --to $E
test-key|send group --to $E
test-key|send group --user-id 1 --to $E
test-key|send page --to $E
test-key|send screen --to $E
test-key|send page --user-id 1 --context x --to $E
test-key|events check calls.jsonl
test-key|events check wrong.jsonl
test-key|events check none.jsonl
test-key|events check calls.jsonl --max-findings x
test-key|events list --category x
test-key|events show x
test-key|runs list
test-key|runs show none
test-key|runs clean
test-key|runs clean --older-than x
|doctor
|doctor --to eu
a key|doctor --to $E
test-key|doctor --to mars
test-key|doctor --to $E --samples 1
test-key|doctor --to $501 --samples 1
test-key|doctor --to $500 --samples 1
test-key|doctor --to $401 --samples 1
test-key|doctor --to $302 --samples 1
test-key|doctor --to $400 --samples 1
test-key|doctor --to $200 --samples 1
test-key|doctor --to http://127.0.0.1:1
test-key|doctor --samples 0
test-key|doctor --timeout 0
test-key|doctor --timeout x
|live
|live --to eu
test-key|live --to mars
test-key|live --to $E
test-key|live --to http://127.0.0.1:1
test-key|emulate --addr 256.0.0.1:1
test-key|emulate --addr x
test-key|emulate --db none/x.db
test-key|emulate --fault x
test-key|proxy --to mars
test-key|proxy
test-key|notebook run none.ipynb
test-key|nonsense
test-key|load --nonsense
`
