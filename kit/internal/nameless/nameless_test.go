package nameless

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestMain makes the test's own program keep a file, as a load does.
func TestMain(m *testing.M) {
	if dir := os.Getenv("NAMELESS_DIR"); dir != "" {
		f, err := Create(dir)
		if err == nil {
			_, err = f.WriteString("ids of people")
		}
		fmt.Println(err)
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func left(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// A file can be written and read, and nothing is left of it after it is closed.
func TestCreate(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{t.TempDir(), ""} {
		f, err := Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteString("words"); err != nil {
			t.Fatal(err)
		}
		text := make([]byte, 5)
		if _, err := f.ReadAt(text, 0); err != nil || string(text) != "words" {
			t.Errorf("%q, %v", text, err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(f.Name()); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", f.Name(), err)
		}
	}
	if _, err := Create(os.Args[0]); err == nil {
		t.Error("a file was made in a file")
	}
}

// A killed process leaves nothing.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "NAMELESS_DIR="+dir)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if killed := cmd.Process.Kill(); err != nil || killed != nil || line != "<nil>\n" {
		t.Errorf("%q, %v, %v", line, err, killed)
	}
	cmd.Wait()
	for end := time.Now().Add(10 * time.Second); left(t, dir) > 0 && time.Now().Before(end); { // Windows needs some time
		runtime.Gosched()
	}
	if n := left(t, dir); n > 0 {
		t.Errorf("%d files are left", n)
	}
}
