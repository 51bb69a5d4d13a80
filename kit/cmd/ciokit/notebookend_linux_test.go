package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/notebook"
)

// standInJupyter replaces nbconvert: it starts a kernel in a separate session, as Jupyter does, and answers an interrupt as Python does.
const standInJupyter = `#!/bin/sh
trap 'echo "Traceback (most recent call last):" >&2; exit 1' INT
echo "ciokit-log DEBUG Executing cell:" >&2
setsid ciokit notebook kernel --checkout "$CHECKOUT" --tools "$TOOLS" "$CONNECTION" &
while :; do wait; sleep 1; done
`

// However a run of notebooks ends, it says so in one line, and no process that it started is left.
func TestNotebookRunEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		end  func(run *os.Process) error
		code int
		said string
	}{
		"SIGTERM": {func(p *os.Process) error { return p.Signal(syscall.SIGTERM) }, exit.Terminated, "ciokit: terminated: 0 of 1 notebook had run"},
		"Ctrl-C":  {func(p *os.Process) error { return p.Signal(syscall.SIGINT) }, exit.Interrupted, "ciokit: stopped by a signal: 0 of 1 notebook had run"},
		"SIGKILL": {func(p *os.Process) error { return p.Kill() }, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			tools, connection := filepath.Join(dir, "ciokit", "notebook", "bin"), filepath.Join(dir, "connection")
			if err := os.MkdirAll(tools, 0o755); err != nil {
				t.Fatal(err)
			}
			for path, text := range map[string]string{
				filepath.Join(tools, "gonb"): standIn, filepath.Join(dir, "jupyter-nbconvert"): standInJupyter, filepath.Join(dir, "go"): "#!/bin/sh\n",
			} {
				if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			for _, pipe := range []string{".life", ".begun"} {
				if err := syscall.Mkfifo(connection+pipe, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			checkout := filepath.Join("..", "..", "..")
			run := exec.Command("ciokit", "notebook", "run", "--checkout", checkout, filepath.Join(checkout, "notebooks", "00-setup.ipynb"))
			run.Env = append(os.Environ(), "PATH="+dir+string(os.PathListSeparator)+os.Getenv("PATH"), "XDG_CACHE_HOME="+dir, "TMPDIR="+dir,
				"CHECKOUT="+checkout, "TOOLS="+tools, "CONNECTION="+connection, "CIOKIT_LIVE=")
			var said bytes.Buffer
			run.Stderr = &said
			if err := run.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { run.Process.Kill() })
			life, err := os.Open(connection + ".life") // waits for the kernel
			if err != nil {
				t.Fatal(err)
			}
			defer life.Close()
			begun, err := os.ReadFile(connection + ".begun")
			if err != nil {
				t.Fatal(err)
			}
			if err := test.end(run.Process); err != nil {
				t.Fatal(err)
			}
			run.Wait()
			if code := run.ProcessState.ExitCode(); code != test.code {
				t.Errorf("it exits with %d, want %d", code, test.code)
			}
			if test.said == "" { // it could not wait for the others
				life.Read(make([]byte, 1))
				return
			}
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			want := []string{building, fmt.Sprintf("00-setup.ipynb: cell 1 of %d", countCells(t, "00-setup.ipynb")), test.said}
			if strings.Join(lines, "\n") != strings.Join(want, "\n") {
				t.Errorf("it says\n%s\nwant\n%s", said.String(), strings.Join(want, "\n"))
			}
			fd := int(life.Fd())
			syscall.SetNonblock(fd, true)
			if n, err := syscall.Read(fd, make([]byte, 1)); n != 0 || err != nil {
				t.Errorf("GoNB is left: %s", begun)
			}
		})
	}
}

func countCells(t *testing.T, name string) int {
	t.Helper()
	d, err := notebook.Read(filepath.Join("..", "..", "..", "notebooks", name))
	if err != nil {
		t.Fatal(err)
	}
	return len(d.CodeCells())
}
