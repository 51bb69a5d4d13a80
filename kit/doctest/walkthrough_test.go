package doctest

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// walkThrough is a guide whose blocks of shell are run in their order, in one empty directory, against one emulator.
type walkThrough struct {
	doc string
	// codes are the exit codes of blocks that do not end with 0, by a part of the block.
	codes map[string]int
	// least is how many blocks it has at least.
	least int
}

var walkThroughs = []walkThrough{
	{"docs/erasure.md", map[string]int{"ciokit load leavers.csv": 4, "ciokit erase find-copies": 6}, 15},
}

// changing matches what differs each time that a guide is followed: times, hashes, signatures, ids, and which entries are those of a person.
var changing = regexp.MustCompile(`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}|\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+|[A-Za-z0-9+/]{43}=|[0-9a-f]{64}|workspace [0-9a-f]{8}|(?m)^  \d  `)

// A guide works as it is printed: each block of shell ends with the exit code that it should, and prints what the block of text behind it shows.
// A line "..." of a text means that lines are left out.
func TestWalkThroughs(t *testing.T) {
	t.Parallel()
	for _, program := range []string{"bash", "sha256sum", "openssl"} {
		if _, err := exec.LookPath(program); err != nil || runtime.GOOS == "windows" {
			t.Skip("the guides are for a shell of Unix, with", program)
		}
	}
	bin := t.TempDir()
	if out, err := goCommand(t, root, "", nil, "build", "-ldflags=-s -w", "-o", filepath.Join(bin, "ciokit"), "./kit/cmd/ciokit"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	clone, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, guide := range walkThroughs {
		dir, emulator := t.TempDir(), startEmulator(t, bin)
		env := append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "XDG_STATE_HOME="+t.TempDir(), "GOWORK=", "CUSTOMERIO_API_KEY=any", "CUSTOMERIO_APP_API_KEY=")
		n, printed := 0, ""
		for _, b := range readDocument(t, filepath.Join(root, guide.doc)).blocks {
			place := fmt.Sprintf("%s:%d", guide.doc, b.line)
			if b.lang == "text" && printed != "" {
				if line := notPrinted(b.text, printed); line != "" {
					t.Fatalf("%s: %q is not printed, or not in this place; this is:\n%s", place, line, printed)
				}
			}
			if printed = ""; b.lang != "sh" || b.directive == "example" {
				continue
			}
			n++
			// What a reader does otherwise: they answer a question, have an emulator at its usual address, and know where their clone is.
			script := strings.NewReplacer("--to emulator", "--to "+emulator, "ciokit erase approve ", "ciokit erase approve --yes ", "CLONE=~/cio", "CLONE="+clone).Replace(b.text)
			cmd := exec.CommandContext(t.Context(), "bash", "-e", "-o", "pipefail", "-c", script)
			cmd.Dir, cmd.Env = dir, env
			out, err := cmd.CombinedOutput()
			code := 0
			if ended := (*exec.ExitError)(nil); errors.As(err, &ended) {
				code = ended.ExitCode()
			} else if err != nil {
				t.Fatal(err)
			}
			want := 0
			for part, c := range guide.codes {
				if strings.Contains(b.text, part) {
					want = c
				}
			}
			if code != want {
				t.Fatalf("%s: exit code %d, want %d:\n%s%s", place, code, want, script, out)
			}
			printed = strings.ReplaceAll(string(out), emulator, "http://127.0.0.1:8110")
		}
		if n < guide.least {
			t.Errorf("%s: only %d blocks were run", guide.doc, n)
		}
	}
}

// startEmulator runs an emulator until the test ends, and returns its address.
func startEmulator(t *testing.T, bin string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "ciokit"), "emulate", "--addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it has nothing to save
		_ = cmd.Wait()
	})
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`)
	for in := bufio.NewScanner(out); in.Scan(); {
		if url := address.FindString(in.Text()); url != "" {
			return url
		}
	}
	t.Fatal("the emulator did not start")
	return ""
}

// notPrinted returns the first line of a shown text that is not in the printed one, behind the line before. Without a line "..." between them they
// are behind each other.
func notPrinted(shown, printed string) string {
	plain := func(text string) []string {
		return strings.Split(strings.TrimRight(changing.ReplaceAllString(text, "#"), "\n"), "\n")
	}
	have, at, anywhere := plain(printed), 0, true
	for _, line := range plain(shown) {
		if line == "..." {
			anywhere = true
			continue
		}
		found := false
		for ; at < len(have) && !found; at++ {
			found = have[at] == line
			if !found && !anywhere {
				return line
			}
		}
		if !found {
			return line
		}
		anywhere = false
	}
	return ""
}

func TestNotPrinted(t *testing.T) {
	t.Parallel()
	const printed = "a\nb 2026-11-26 17:06:02\nc\n\nd\n"
	for shown, want := range map[string]string{
		"a\nb 2025-01-01 00:00:00\n": "",
		"c\n\nd\n":                   "",
		"a\n...\nd\n":                "",
		"a\nc\n":                     "c",
		"c\na\n":                     "a",
		"e\n":                        "e",
	} {
		if got := notPrinted(shown, printed); got != want {
			t.Errorf("%q: %q, want %q", shown, got, want)
		}
	}
}
