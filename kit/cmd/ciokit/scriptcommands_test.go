package main

import (
	"bytes"
	"compress/gzip"
	"database/sql"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/ciokit/cio/erasure"
	"github.com/rogpeppe/go-internal/testscript"
	_ "modernc.org/sqlite"
)

// scriptTools are commands for scripts. They replace programs that not every system has:
//
//	gzip FILE...                     compress each to FILE.gz, and keep it
//	sqlite FILE STATEMENTS           make a database or change it
//	edit FILE REGEXP NEW...          replace what matches; something must match
//	first N FILE TO                  copy the first N bytes
//	latin1 FILE                      rewrite a file of UTF-8 in ISO 8859-1
//	expand FILE...                   replace $NAME in each by the value of the variable
//	run VARIABLE FILE                set it to the id of the newest load of a file of that name
//	entries N DIRECTORY              it has that many entries
//	nowhere TEXT DIRECTORY           no file in it contains the text
//	mode OCTAL FILE...               the files have that mode, on systems with modes
//	link OLD NEW                     give a file a second name
//	erasekeys OPERATOR APPROVER      make all keys for ciokit erase, and put them into the environment
//	secret VARIABLE FILE...          set it to the contents of the files
//	feed PIPE FILE                   make a named pipe that returns the contents of the file
//	app METHOD PATH [BODY]           call the App API of the emulator, or the Track API; the call must succeed
var scriptTools = map[string]func(ts *testscript.TestScript, args []string){
	"gzip": func(ts *testscript.TestScript, args []string) {
		for _, name := range args {
			var out bytes.Buffer
			w := gzip.NewWriter(&out)
			_, err := w.Write([]byte(ts.ReadFile(name)))
			ts.Check(err)
			ts.Check(w.Close())
			ts.Check(os.WriteFile(ts.MkAbs(name+".gz"), out.Bytes(), 0o600))
		}
	},
	"sqlite": func(ts *testscript.TestScript, args []string) {
		db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
		ts.Check(err)
		_, err = db.Exec(args[1])
		ts.Check(err)
		ts.Check(db.Close())
	},
	"edit": func(ts *testscript.TestScript, args []string) {
		text := ts.ReadFile(args[0])
		for rest := args[1:]; len(rest) > 1; rest = rest[2:] {
			pattern, err := regexp.Compile("(?m)" + rest[0])
			ts.Check(err)
			if !pattern.MatchString(text) {
				ts.Fatalf("%s has nothing that matches %s:\n%s", args[0], rest[0], text)
			}
			text = pattern.ReplaceAllLiteralString(text, rest[1])
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
	},
	"first": func(ts *testscript.TestScript, args []string) {
		n, err := strconv.Atoi(args[0])
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(ts.ReadFile(args[1])[:n]), 0o600))
	},
	"latin1": func(ts *testscript.TestScript, args []string) {
		var text []byte
		for _, r := range ts.ReadFile(args[0]) {
			text = append(text, byte(r))
		}
		ts.Check(os.WriteFile(ts.MkAbs(args[0]), text, 0o600))
	},
	"expand": func(ts *testscript.TestScript, args []string) {
		for _, name := range args {
			ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
		}
	},
	"run": func(ts *testscript.TestScript, args []string) {
		ts.Check(ts.Exec("ciokit", "runs", "list", "--json"))
		var runs []struct{ ID, Source string }
		ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &runs))
		for _, r := range runs { // the newest is the first
			if filepath.Base(r.Source) == args[1] {
				ts.Setenv(args[0], r.ID)
				return
			}
		}
		ts.Fatalf("there is no load of %s: %v", args[1], runs)
	},
	"entries": func(ts *testscript.TestScript, args []string) {
		entries, err := os.ReadDir(ts.MkAbs(args[1]))
		ts.Check(err)
		if strconv.Itoa(len(entries)) != args[0] {
			ts.Fatalf("%d entries: %v", len(entries), entries)
		}
	},
	"nowhere": func(ts *testscript.TestScript, args []string) {
		files := 0
		ts.Check(filepath.WalkDir(ts.MkAbs(args[1]), func(path string, e fs.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return err
			}
			files++
			if strings.Contains(ts.ReadFile(path), args[0]) {
				ts.Fatalf("%s contains %s", path, args[0])
			}
			return nil
		}))
		if files == 0 {
			ts.Fatalf("there are no files in %s", args[1])
		}
	},
	"mode": func(ts *testscript.TestScript, args []string) {
		for _, name := range args[1:] {
			info, err := os.Stat(ts.MkAbs(name))
			ts.Check(err)
			if got := strconv.FormatUint(uint64(info.Mode().Perm()), 8); got != args[0] && runtime.GOOS != "windows" {
				ts.Fatalf("%s has mode %s", name, got)
			}
		}
	},
	"erasekeys": func(ts *testscript.TestScript, args []string) {
		ring := ""
		for role, name := range map[erasure.Role]string{erasure.RoleOperator: args[0], erasure.RoleApprover: args[1]} {
			private, public, err := erasure.GenerateKey(role, name)
			ts.Check(err)
			ts.Setenv("CIOKIT_ERASURE_"+strings.ToUpper(string(role))+"_KEY", private)
			ring += public + "\n"
		}
		ts.Setenv("CIOKIT_ERASURE_KEYS", ring)
		ts.Setenv("CIOKIT_ERASURE_RECEIPT_KEY", erasure.NewReceiptKey().Reveal())
		ts.Setenv("CIOKIT_ERASURE_GUARD_KEY", erasure.NewGuardKey().Reveal())
	},
	"secret": func(ts *testscript.TestScript, args []string) {
		var text strings.Builder
		for _, name := range args[1:] {
			text.WriteString(ts.ReadFile(name))
		}
		ts.Setenv(args[0], text.String())
	},
	"link": func(ts *testscript.TestScript, args []string) {
		ts.Check(os.Link(ts.MkAbs(args[0]), ts.MkAbs(args[1])))
	},
	"app": func(ts *testscript.TestScript, args []string) {
		req, err := http.NewRequest(args[0], ts.Getenv("EMULATOR")+args[1], strings.NewReader(strings.Join(args[2:], " ")))
		ts.Check(err)
		if req.Header.Set("Authorization", "Bearer test-key"); strings.HasPrefix(args[1], "/api/") {
			req.SetBasicAuth("site", "test-key")
		}
		resp, err := http.DefaultClient.Do(req)
		ts.Check(err)
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		ts.Check(err)
		if resp.StatusCode > 299 {
			ts.Fatalf("%d %s", resp.StatusCode, answer)
		}
	},
	"feed": func(ts *testscript.TestScript, args []string) {
		name, text := ts.MkAbs(args[0]), []byte(ts.ReadFile(args[1]))
		ts.Check(makePipe(name))
		written := make(chan error, 1)
		go func() { written <- os.WriteFile(name, text, 0o600) }()
		ts.Defer(func() {
			if err := <-written; err != nil {
				ts.Logf("%s: %v", args[0], err)
			}
		})
	},
}

// arguments are how many arguments each tool needs at least.
var arguments = map[string]int{"gzip": 1, "sqlite": 2, "edit": 3, "first": 3, "latin1": 1, "expand": 1, "run": 2, "entries": 2, "nowhere": 2, "mode": 2, "secret": 2, "erasekeys": 2, "link": 2, "feed": 2, "app": 2}

// scriptCommands returns all commands of scripts in addition to those of testscript.
func scriptCommands() map[string]func(*testscript.TestScript, bool, []string) {
	commands := map[string]func(*testscript.TestScript, bool, []string){
		"exits":      exits,
		"stats":      statsHave,
		"fault":      addFault,
		"block":      block,
		"elements":   elements,
		"interrupts": interrupts,
	}
	for name, do := range scriptTools {
		commands[name] = func(ts *testscript.TestScript, neg bool, args []string) {
			if neg || len(args) < arguments[name] {
				ts.Fatalf("%s is used otherwise", name)
			}
			do(ts, args)
		}
	}
	return commands
}
