package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
)

// commandAtEnd matches a command that a text tells the user to run: it is the end of a line.
var commandAtEnd = regexp.MustCompile(`(?m)(?:: |^# )(ciokit .*)$`)

// copied runs commands as a user does who copies them from the output of the last one.
type copied struct {
	t    *testing.T
	said string
}

// do runs a command line and requires its exit code.
func (c *copied) do(want int, line string) *copied {
	c.t.Helper()
	var said bytes.Buffer
	if code := run(c.t.Context(), shellWords(c.t, line)[1:], console.New(strings.NewReader(""), &said, &said)); code != want {
		c.t.Fatalf("%s\nexit code %d, want %d: %s", line, code, want, said.String())
	}
	c.said = said.String()
	return c
}

// next runs the command of the output that begins with these words, after the replacements, with more flags. No word in capitals may be left.
func (c *copied) next(want int, begins string, more string, replace ...string) *copied {
	c.t.Helper()
	for _, m := range commandAtEnd.FindAllStringSubmatch(regexp.MustCompile(`(?m)^Usage: .*`).ReplaceAllString(c.said, ""), -1) {
		if strings.HasPrefix(m[1], "ciokit "+begins) {
			line := strings.NewReplacer(replace...).Replace(m[1])
			if left := regexp.MustCompile(`(?: |^)[A-Z]+(?:\.\w+)?(?: |$)`).FindString(line); left != "" {
				c.t.Fatalf("the command has the placeholder %s: %s", left, line)
			}
			return c.do(want, line+" "+more)
		}
	}
	c.t.Fatalf("nothing says to run ciokit %s: %s", begins, c.said)
	return nil
}

// inDirectory changes to a new directory with these files, and returns the address of an emulator.
func inDirectory(t *testing.T, files map[string]string, keys ...string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	t.Setenv("XDG_STATE_HOME", mustAbs(t, "state"))
	for _, v := range nextstep.Variables {
		t.Setenv(v.Name, "")
	}
	for name, text := range files {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(emulator.New(emulator.Config{Keys: keys}))
	t.Cleanup(srv.Close)
	return srv.URL
}

var nextFiles = map[string]string{
	"people list.csv": "id,email,n\n1001,ann@example.com,1\n1002,bob@example.com,two\n1003,cy@example.com,3\n",
	"my map.yaml":     "messages:\n  - identify: {userId: $id, traits: {email: $email, n: '=int(n)'}}\n",
	"my leavers.csv":  "id;email\n1001;ann@example.com\n1003;\n",
	"-two.txt":        "1001\n1003\n",
	"one.txt":         "1001\n",
	"other.txt":       "4711\n",
	"my write.key":    "test-key\n",
}

// Each command that an erasure prints as the next one works when it is copied, with keys in files whose names have spaces.
func TestNextCommandsOfAnErasure(t *testing.T) {
	to := inDirectory(t, nextFiles, "test-key")
	c := &copied{t: t}
	c.do(6, "ciokit load 'people list.csv' --mapping 'my map.yaml' --key-file 'my write.key' --to "+to)

	if c.do(1, "ciokit erase keygen operator ann --dir 'my keys'"); !strings.Contains(c.said, "mkdir -p -m 700 'my keys'") {
		t.Error(c.said)
	}
	if err := os.Mkdir("my keys", 0o700); err != nil {
		t.Fatal(err)
	}
	c.do(0, "ciokit erase keygen operator ann --dir 'my keys'").do(0, "ciokit erase keygen approver bob --dir 'my keys'").do(0, "ciokit erase keygen workspace --dir 'my keys'")
	secrets := " --operator-key 'my keys/operator-ann.key' --receipt-key 'my keys/receipt.key' --guard-key 'my keys/guard.key'"
	const approver = "--approver-key APPROVER.key"

	c.do(0, "ciokit erase plan 'my leavers.csv' --column id --also email --delimiter ';' --action delete --reason 'by order' --key-file 'my write.key' --out 'case 1.plan' --to "+to+secrets)
	planned := c.said
	c.next(0, "erase approve", "--yes", approver, "--approver-key 'my keys/approver-bob.key'")
	approved := c.said
	c.said = planned
	c.next(0, "erase run", "", "APPROVER.pub", "'my keys/approver-bob.pub'")
	ran := c.said
	c.next(0, "erase check", "")
	// The approver's output names what only the operator knows by words in capitals. The run is over, so it resumes and sends nothing.
	c.said = approved
	c.next(0, "erase run", "--key-file 'my write.key'", "FILE", "'my leavers.csv' --column id --also email --delimiter ';'", "OPERATOR.key", "'my keys/operator-ann.key'", "RECEIPT.key", "'my keys/receipt.key'", "GUARD.key", "'my keys/guard.key'")
	// A plan that is approved already.
	c.do(2, "ciokit erase approve 'case 1.plan' --keys 'my keys/operator-ann.pub' --keys 'my keys/approver-bob.pub' --approver-key 'my keys/approver-bob.key'")
	if !strings.Contains(c.said, "next: ciokit erase run 'case 1.plan' --keys 'my keys/operator-ann.pub' --keys 'my keys/approver-bob.pub' --ids FILE --to "+to) {
		t.Error(c.said)
	}
	const keys = " --keys 'my keys/operator-ann.pub' --keys 'my keys/approver-bob.pub'"
	c.do(0, "ciokit erase verify 'receipts/case 1' --ids 'my leavers.csv' --column id --also email --delimiter ';' --key-file 'my write.key'"+keys+secrets)
	verified := c.said
	c.next(0, "erase verify", "")
	c.said = verified
	c.next(0, "erase report", "")
	if _, err := os.Stat("case 1.html"); err != nil {
		t.Error(err)
	}

	c.do(0, "ciokit erase proof 'receipts/case 1' --id-file one.txt --receipt-key 'my keys/receipt.key' --out 'proof 1'"+keys)
	if c.next(0, "erase check-proof", ""); strings.Contains(c.said, "did not check who made it") {
		t.Error(c.said)
	}
	c.do(2, "ciokit erase check 'proof 1'"+keys).next(0, "erase check-proof", "")
	c.do(2, "ciokit erase check-proof 'receipts/case 1'"+keys).next(0, "erase check", "")
	// Nobody is a finding, for both commands.
	c.do(6, "ciokit erase find 'receipts/case 1' --id-file other.txt --receipt-key 'my keys/receipt.key'"+keys)
	c.do(6, "ciokit erase proof 'receipts/case 1' --id-file other.txt --receipt-key 'my keys/receipt.key' --out 'proof 2'"+keys)

	c.do(0, "ciokit erase guard 'receipts/case 1' --guard-key 'my keys/guard.key' --out 'my guard'"+keys)
	c.next(4, "load", "--key-file 'my write.key'", "FILE", "'people list.csv'", "MAPPING.yaml", "'my map.yaml'", "WORKSPACE", to)
	if !strings.Contains(ran, "\nNext: ciokit erase check '"+filepath.Join("receipts", "case 1")+"' --keys") {
		t.Error(ran)
	}
}

// A plan that needs no approval prints a command without any placeholder, and the file of --targets replaces the flags about columns.
func TestNextCommandsOfAPlanForOne(t *testing.T) {
	to := inDirectory(t, nextFiles, "test-key")
	c := &copied{t: t}
	c.do(6, "ciokit load 'people list.csv' --mapping 'my map.yaml' --key-file 'my write.key' --to "+to)
	c.do(0, "ciokit erase keygen operator ann").do(0, "ciokit erase keygen workspace")
	plan := "ciokit erase plan -- -two.txt"
	flags := " --action suppress --reason ordered --single-operator --key-file 'my write.key' --to " + to + " --operator-key operator-ann.key --receipt-key receipt.key --guard-key guard.key"
	plan = strings.Replace(plan, " -- ", flags+" --out 'it'\\''s.plan' -- ", 1)
	c.do(0, plan).next(0, "erase run", "").next(0, "erase check", "")
	c.do(0, "ciokit erase plan 'my leavers.csv' --column id --delimiter ';' --targets 'my targets' --out second.plan"+flags)
	if strings.Contains(c.said, "--column") || strings.Contains(c.said, "capitals") {
		t.Error(c.said)
	}
	c.next(0, "erase run", "").next(0, "erase check", "")
}

// Secrets that are in the environment stay there: the commands work with them, and the output names the variables and contains no secret.
func TestNextCommandsWithKeysInTheEnvironment(t *testing.T) {
	to := inDirectory(t, nextFiles, "test-key")
	c := &copied{t: t}
	c.do(0, "ciokit erase keygen operator ann").do(0, "ciokit erase keygen approver bob").do(0, "ciokit erase keygen workspace")
	secrets := []string{"test-key"}
	for variable, files := range map[string][]string{"CIOKIT_ERASURE_OPERATOR_KEY": {"operator-ann.key"}, "CIOKIT_ERASURE_APPROVER_KEY": {"approver-bob.key"}, "CIOKIT_ERASURE_RECEIPT_KEY": {"receipt.key"},
		"CIOKIT_ERASURE_GUARD_KEY": {"guard.key"}, "CIOKIT_ERASURE_KEYS": {"operator-ann.pub", "approver-bob.pub"}} {
		text := ""
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text += string(b)
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
		if variable != "CIOKIT_ERASURE_KEYS" {
			secrets = append(secrets, strings.TrimSpace(text))
		}
		t.Setenv(variable, text)
	}
	t.Setenv("CUSTOMERIO_API_KEY", "test-key")
	all := ""
	c.do(6, "ciokit load 'people list.csv' --mapping 'my map.yaml' --to "+to+" --rejects 'my rejects.csv'")
	all += c.said
	c.do(0, "ciokit erase plan 'my leavers.csv' --column id --delimiter ';' --action delete --reason ordered --out a.plan --to "+to)
	planned := c.said
	all += c.next(0, "erase approve", "--yes").said
	c.said = planned
	all += planned + c.next(0, "erase run", "").said + c.next(0, "erase check", "").said
	all += c.do(0, "ciokit erase verify receipts/a --ids 'my leavers.csv' --column id --delimiter ';'").said + c.next(0, "erase verify", "").said
	for _, secret := range secrets {
		if strings.Contains(all, secret) {
			t.Errorf("the output has a secret: %s", all)
		}
	}
	if want := "For that command, these variables of the environment must be set too: CUSTOMERIO_API_KEY, CIOKIT_ERASURE_KEYS, CIOKIT_ERASURE_OPERATOR_KEY, CIOKIT_ERASURE_APPROVER_KEY, CIOKIT_ERASURE_RECEIPT_KEY and CIOKIT_ERASURE_GUARD_KEY."; !strings.Contains(planned, want) || strings.Contains(planned, "capitals") {
		t.Errorf("%s\nwant %s", planned, want)
	}
}

// The commands that load rejects, resume a load, repeat a load with its arguments in order, and load with a proposed mapping.
func TestNextCommandsOfALoad(t *testing.T) {
	to := inDirectory(t, nextFiles, "test-key")
	c := &copied{t: t}
	flags := " --key-file 'my write.key' --deny other.txt --max-errors 7 --strict-identity --to " + to
	c.do(6, "ciokit load 'people list.csv' --mapping 'my map.yaml' --rejects 'my rejects.jsonl'"+flags)
	for _, flag := range []string{" --key-file 'my write.key'", " --deny other.txt", " --max-errors 7", " --strict-identity", " --rejects 'my rejects-2.jsonl'"} {
		if !strings.Contains(c.said, flag) {
			t.Errorf("%s is missing: %s", flag, c.said)
		}
	}
	c.next(6, "load 'my", "")
	text, err := os.ReadFile("my rejects-2.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("my rejects-2.jsonl", bytes.ReplaceAll(text, []byte("two"), []byte("2")), 0o600); err != nil {
		t.Fatal(err)
	}
	c.do(0, "ciokit load 'my rejects-2.jsonl' --mapping 'my map.yaml'"+flags)

	c.do(2, "ciokit load 'my map.yaml' --mapping 'people list.csv' --dry-run").next(6, "load", "")
	c.do(2, "ciokit map check 'people list.csv' 'my map.yaml' --json").next(6, "map check", "")
	c.do(2, "ciokit verify 'my map.yaml' --mapping 'people list.csv' --to "+to+" --app-key-file 'my write.key'").next(0, "verify", "")
	c.do(0, "ciokit map init 'people list.csv' --user-id id")
	if err := os.WriteFile("m.yaml", []byte(c.said), 0o600); err != nil {
		t.Fatal(err)
	}
	c.next(0, "load", "", "MAPPING.yaml", "m.yaml")

	if err := os.WriteFile("gone.yaml", []byte("messages:\n  - delete_person: {userId: $id}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.do(4, "ciokit load 'people list.csv' --mapping gone.yaml --max-deletes 0 --key-file 'my write.key' --to "+to)
	stopped := c.said
	c.do(0, "ciokit runs list")
	id := regexp.MustCompile(`--resume (\S+)`).FindStringSubmatch(stopped)
	if id == nil {
		t.Fatal(stopped)
	}
	c.do(0, "ciokit runs show "+id[1])
	if !regexp.MustCompile(`resume with +ciokit load --resume \S+ --max-deletes N\n`).MatchString(c.said) {
		t.Error(c.said)
	}
	c.said = stopped[strings.LastIndex(stopped, "With the same input"):]
	c.next(0, "load", "", "--max-deletes N", "--max-deletes 9")
}

// A load whose key was replaced on the way is resumed by the command that it prints.
func TestNextCommandAfterAKeyWasReplaced(t *testing.T) {
	srv := emulator.New(emulator.Config{Keys: []string{"old-key", "new-key"}})
	calls := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, _, _ := r.BasicAuth(); user == "old-key" && r.Method == http.MethodPost {
			if calls++; calls > 1 {
				w.WriteHeader(http.StatusUnauthorized)
				io.WriteString(w, `{"error": "unauthorized"}`)
				return
			}
		}
		srv.ServeHTTP(w, r)
	}))
	defer server.Close()
	inDirectory(t, map[string]string{"my write.key": "old-key\n", "map.yaml": "messages:\n  - identify: {userId: $id, traits: {text: $text}}\n"})
	var rows strings.Builder
	rows.WriteString("id,text\n")
	for i := range 100 {
		fmt.Fprintf(&rows, "p%d,%s\n", i, strings.Repeat("x", 20_000))
	}
	if err := os.WriteFile("many.csv", []byte(rows.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	c := &copied{t: t}
	c.do(3, "ciokit load many.csv --mapping map.yaml --concurrency 1 --key-file 'my write.key' --report r.json --to "+server.URL)
	if err := os.WriteFile("my write.key", []byte("new-key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile("r.json")
	if err != nil || !bytes.Contains(report, []byte(` --new-key"`)) {
		t.Errorf("%v: %s", err, report)
	}
	c.said = c.said[strings.Index(c.said, "Set the right key"):]
	c.next(0, "load --resume", "")
}

// Commands that list what was named wrongly are for the same workspace and the same outbox.
func TestNextCommandsThatList(t *testing.T) {
	to := inDirectory(t, nextFiles, "test-key")
	c := &copied{t: t}
	reads := " --app-key-file 'my write.key' --json --to " + to
	for _, wrong := range []struct {
		code       int
		line, next string
	}{
		{2, "segments members vip", "segments list"}, {6, "segments members 9", "segments list"}, {2, "people search --in-segment vip", "segments list"}, {2, "objects search companies", "objects types"},
		{6, "objects show 1 acme", "objects types"}, {2, "metrics campaigns vip", "metrics campaigns"}, {2, "metrics campaigns --links", "metrics campaigns"}, {6, "metrics campaigns 7", "metrics campaigns"},
	} {
		c.do(wrong.code, "ciokit "+wrong.line+reads).next(0, wrong.next, "")
	}
	if err := os.WriteFile("m.jsonl", []byte(`{"type":"identify","userId":"1","messageId":"m1","timestamp":"2026-01-31T12:00:00Z","traits":{"a":1}}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	box := "'my box'"
	c.do(0, "ciokit outbox import "+box+" m.jsonl")
	c.do(2, "ciokit outbox dead retry "+box).next(0, "outbox dead list", "")
	c.do(2, "ciokit outbox dead drop "+box+" one").next(0, "outbox dead list", "")
}

// Words are quoted for a shell, passwords and identifiers are left out, and a file is never taken for a flag.
func TestNextCommandIsQuoted(t *testing.T) {
	cmd, _, err := newRoot(console.New(nil, io.Discard, io.Discard)).Find([]string{"erase", "plan"})
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.ParseFlags([]string{"--to", "https://me:word@example.com", "--column", "it's", "--columns", `a,"b c"`, "--verbatim-ids", "--also", "x y", "--also", "$z", "--json", "--out", "o"}); err != nil {
		t.Fatal(err)
	}
	n := nextstep.New(cmd, "erase run", "-p.plan").With("receipt", "").With("keys", "a\tb", "")
	if got, want := n.String(), `ciokit erase run ./-p.plan --to URL --column 'it'\''s' --columns 'a,b c' --verbatim-ids --also 'x y' --also '$z' --keys $'a\tb'`; got != want {
		t.Errorf("%s\n%s", got, want)
	}
	for place, want := range map[string]string{"postgres://me@db/orders": "ciokit outbox dead list postgres://me@db/orders", "postgres://me:word@db/orders": "ciokit outbox dead list URL", "postgres://db/o?password=word": "ciokit outbox dead list URL", "env:BOX": "ciokit outbox dead list env:BOX"} {
		if got := nextOutbox(nil, "outbox dead list", place).String(); got != want {
			t.Errorf("%s\n%s", got, want)
		}
	}
	if slices.Contains(shellWords(t, nextstep.New(nil, "runs clean", "a b").String()), "a") {
		t.Error("a word was split")
	}
}
