package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// Most of the tests wait for processes, and for disks.
	if err := flag.Set("test.parallel", strconv.Itoa(4*runtime.GOMAXPROCS(0))); err != nil {
		panic(err)
	}
	testscript.Main(m, map[string]func(){"ciokit": main})
}

// TestScripts runs the scripts in testdata/script. Each runs the command as a separate process. An emulator listens at $EMULATOR, its key is in
// $CUSTOMERIO_API_KEY, and Parquet files are in $PARQUET. Besides the commands of testscript there are scriptTools and
//
//	exits CODE COMMAND...   run it and check the exit code
//	stats JSON              the emulator's counters have the members of the object
//	fault JSON              queue a fault in the emulator
//	block LANGUAGE DOCUMENT FILE  write the first block of a language in a guide to a file that can be run
//	elements N FILE [MEMBER] the file is a JSON array, or an object with an array of that name, with that many elements
//	interrupts CODE COMMAND run it, interrupt it in its first call, and check the exit code: 130 for Ctrl-C, 143 for SIGTERM (on Windows
//	                        Ctrl-C is sent instead), 137 to kill it
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			srv := emulator.New(emulator.Config{Keys: []string{"test-key"}, Refuse: func(m emulator.Message) (string, bool) {
				return "no-such-luck", strings.HasPrefix(m.UserID, "unlucky")
			}})
			server := httptest.NewServer(srv)
			env.Defer(server.Close)
			env.Values["emulator"] = srv
			env.Setenv("EMULATOR", server.URL)
			parquet, err := filepath.Abs(filepath.Join("..", "..", "source", "testdata", "parquet"))
			if err != nil {
				return err
			}
			env.Setenv("PARQUET", parquet)
			env.Setenv("CUSTOMERIO_API_KEY", "test-key")
			env.Setenv("XDG_STATE_HOME", filepath.Join(env.WorkDir, ".state"))
			return nil
		},
		Cmds: scriptCommands(),
		Condition: func(name string) (bool, error) {
			if name != "interrupts" {
				return false, fmt.Errorf("unknown condition %q", name)
			}
			return canInterrupt(), nil
		},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func server(ts *testscript.TestScript) *emulator.Server {
	return ts.Value("emulator").(*emulator.Server)
}

func statsHave(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: stats JSON")
	}
	var want map[string]any
	ts.Check(json.Unmarshal([]byte(args[0]), &want))
	stats, err := server(ts).Stats("test-key")
	ts.Check(err)
	b, err := json.Marshal(stats)
	ts.Check(err)
	var got map[string]any
	ts.Check(json.Unmarshal(b, &got))
	for k, v := range want {
		if fmt.Sprint(got[k]) != fmt.Sprint(v) {
			ts.Fatalf("%s is %v, want %v; all: %s", k, got[k], v, b)
		}
	}
}

func addFault(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fault JSON")
	}
	var f emulator.Fault
	ts.Check(json.Unmarshal([]byte(args[0]), &f))
	ts.Check(server(ts).AddFault(f))
}

func block(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: block LANGUAGE DOCUMENT FILE")
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", args[1]))
	ts.Check(err)
	_, rest, ok := strings.Cut(string(text), "\n```"+args[0]+"\n")
	code, _, closed := strings.Cut(rest, "\n```\n")
	if !ok || !closed {
		ts.Fatalf("%s has no block of %s", args[1], args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(code+"\n"), 0o700))
}

func elements(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: elements N FILE [MEMBER]")
	}
	array := json.RawMessage(ts.ReadFile(args[1]))
	if len(args) == 3 {
		var object map[string]json.RawMessage
		ts.Check(json.Unmarshal(array, &object))
		array = object[args[2]]
	}
	var list []json.RawMessage
	ts.Check(json.Unmarshal(array, &list))
	if strconv.Itoa(len(list)) != args[0] {
		ts.Fatalf("%d elements, want %s", len(list), args[0])
	}
}

// exitKilled is the exit code of a killed process in a shell.
const exitKilled = 137

// interrupts ends the command after every fault with a delay has delayed a call. Standard output and error go to the files out and err.
func interrupts(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: interrupts CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	out, err := os.Create(ts.MkAbs("out"))
	ts.Check(err)
	defer out.Close()
	errs, err := os.Create(ts.MkAbs("err"))
	ts.Check(err)
	defer errs.Close()

	path, err := exec.LookPath(args[1])
	ts.Check(err)
	cmd := exec.Command(path, args[2:]...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), out, errs
	cmd.Env = append(os.Environ(), "CUSTOMERIO_API_KEY="+ts.Getenv("CUSTOMERIO_API_KEY"), "XDG_STATE_HOME="+ts.Getenv("XDG_STATE_HOME"))
	setApart(cmd)
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	for i, f := range server(ts).Faults() {
		for f.DelayMS > 0 && f.Seen == 0 { // a process that waits for an answer cannot send a signal
			select {
			case <-ended:
				ts.Fatalf("it ended before its call, with exit code %d", cmd.ProcessState.ExitCode())
			default:
				runtime.Gosched()
			}
			f = server(ts).Faults()[i]
		}
	}
	want, err = end(cmd.Process, want)
	ts.Check(err)
	<-ended
	if code := cmd.ProcessState.ExitCode(); code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

// README.md shows the demo's real output.
func TestDemoPrintsWhatTheREADMEShows(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile("../../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin = "A small shop moves to Customer.io"
	_, shown, ok := strings.Cut(string(readme), "```\n"+begin)
	shown, _, closed := strings.Cut(begin+shown, "\n```")
	if !ok || !closed {
		t.Fatal("README.md does not show the demo's output")
	}
	port := regexp.MustCompile(`127\.0\.0\.1:\d+`)
	var out strings.Builder
	if err := runDemo(t.Context(), console.New(nil, &out, &out), "127.0.0.1:0", false); err != nil {
		t.Fatal(err)
	}
	printed := strings.Split(out.String(), "\n")
	for i, line := range strings.Split(shown, "\n") {
		if i == 0 {
			printed[0] = port.ReplaceAllString(printed[0], "127.0.0.1:8110")
		}
		if i >= len(printed) || printed[i] != line {
			t.Fatalf("line %d\nREADME %q\n  demo %q", i+1, line, printed[min(i, len(printed)-1)])
		}
	}
}
