package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// buildProgram builds testdata/program as the module of a user would.
func buildProgram(t *testing.T, dir string) string {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile("testdata/program/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := bytes.Count(main, []byte("\n")); n > 36 {
		t.Errorf("the program has %d lines; it is to show that 36 are enough", n)
	}
	sums, err := os.ReadFile(filepath.Join(root, "kit", "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	module := fmt.Appendf(nil, "module program.example\n\ngo 1.26.0\n\nrequire (\n\tgithub.com/ciokit/cio v0.0.0\n\tgithub.com/ciokit/cio/kit v0.0.0\n)\n\nreplace (\n"+
		"\tgithub.com/ciokit/cio => %q\n\tgithub.com/ciokit/cio/kit => %q\n)\n", root, filepath.Join(root, "kit"))
	for name, text := range map[string][]byte{"main.go": main, "go.sum": sums, "go.mod": module} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "program")
	cmd := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", program, ".")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// arrivals is an API that accepts everything and records message ids. When a given number of further messages have come, it signals that, and answers
// nothing until it is asked for more. So a process that is to be killed cannot end before that.
type arrivals struct {
	mu     sync.Mutex
	ids    map[string]bool
	wake   chan struct{}
	until  int
	silent bool
}

func (a *arrivals) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var batch struct{ Batch []struct{ MessageID string } }
	if err == nil {
		err = json.Unmarshal(body, &batch)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	a.mu.Lock()
	if !a.silent { // messages that come then are as good as lost
		for _, m := range batch.Batch {
			a.ids[m.MessageID] = true
		}
	}
	if a.wake != nil && len(a.ids) >= a.until {
		close(a.wake)
		a.wake, a.silent = nil, true
	}
	silent := a.silent
	a.mu.Unlock()
	if silent {
		<-r.Context().Done()
	}
}

func (a *arrivals) after(n int) <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.wake, a.until, a.silent = make(chan struct{}), len(a.ids)+n, false
	return a.wake
}

// A program of 36 lines loads with a journal and rejects. When it is killed again and again, it is resumed with only the library. It cannot be
// resumed with another mapping, input or key.
func TestProgramIsKilledAndResumed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it builds a program")
	}
	const rows = 40_000
	dir := t.TempDir()
	program := buildProgram(t, dir)
	var in strings.Builder
	bad := 0
	in.WriteString("id,n\n")
	for i := range rows {
		n := fmt.Sprint(i)
		if i%100 == 7 {
			n = "none"
			bad++
		}
		fmt.Fprintf(&in, "u%d,%s\n", i, n)
	}
	for name, text := range map[string]string{
		"people.csv": in.String(), "others.csv": strings.Replace(in.String(), "u1,", "w1,", 1),
		"people.yaml": "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n",
		"others.yaml": "messages:\n  - identify: {userId: $id, traits: {m: =int(n)}}\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server := &arrivals{ids: make(map[string]bool)}
	web := httptest.NewServer(server)
	defer web.Close()
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("something was sent to another workspace") }))
	defer other.Close()
	start := func(key, url string, args ...string) (*exec.Cmd, *bytes.Buffer) {
		cmd := exec.CommandContext(t.Context(), program, args...)
		var said bytes.Buffer
		cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &said, &said
		cmd.Env = append(os.Environ(), "CUSTOMERIO_API_KEY="+key, "CUSTOMERIO_URL="+url)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, &said
	}
	rnd := rand.New(rand.NewPCG(12, 4))
	args := []string{"people.csv", "people.yaml"}
	for kill := range 4 {
		reached := server.after(1 + rnd.IntN(rows/8)) // with one more batch each time, less than all
		cmd, said := start("key", web.URL, args...)
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-reached:
			if err := cmd.Process.Kill(); err != nil {
				t.Log(err) // it has just ended
			}
			<-ended
		case err := <-ended:
			t.Fatalf("kill %d came too late: %v: %s", kill, err, said)
		}
		found := regexp.MustCompile(`run (\S+)`).FindStringSubmatch(said.String())
		if found == nil {
			t.Fatalf("it printed no id: %s", said)
		}
		args = []string{"people.csv", "people.yaml", found[1]}
	}
	id := args[2]
	j, err := ReadJournal(filepath.Join(dir, "runs"), id)
	if err != nil || j.Last().Row == 0 {
		t.Fatalf("%v, %+v", err, j.Last())
	}
	for name, tt := range map[string]struct {
		key, url string
		args     []string
		both     []string
	}{
		"mapping":   {"key", web.URL, []string{"people.csv", "others.yaml", id}, []string{"its mapping was people.yaml (", "now it is others.yaml ("}},
		"input":     {"key", web.URL, []string{"others.csv", "people.yaml", id}, []string{"its input was people.csv (", "now it is others.csv ("}},
		"key":       {"another", web.URL, args, []string{"its write key was ", "now it is "}},
		"workspace": {"key", other.URL, args, []string{"its workspace was " + web.URL, "now it is " + other.URL}},
	} {
		cmd, said := start(tt.key, tt.url, tt.args...)
		if err := cmd.Wait(); err == nil {
			t.Errorf("another %s was accepted: %s", name, said)
		}
		for _, want := range tt.both {
			if !strings.Contains(said.String(), want) {
				t.Errorf("another %s: it says %q, and does not say %q", name, said, want)
			}
		}
		if strings.Contains(said.String(), `another"`) {
			t.Errorf("the key is printed: %s", said)
		}
	}
	server.after(rows + 1)
	cmd, said := start("key", web.URL, args...)
	if err := cmd.Wait(); err != nil || !strings.Contains(said.String(), fmt.Sprintf("%d rows, %d accepted, %d rejected, <nil>", rows, rows-bad, bad)) {
		t.Errorf("the last run: %v: %s", err, said)
	}
	if len(server.ids) != rows-bad {
		t.Errorf("%d messages arrived, want %d", len(server.ids), rows-bad)
	}
	text, err := os.ReadFile(filepath.Join(dir, "people.rejects.jsonl"))
	if err != nil || bytes.Count(text, []byte("\n")) != bad {
		t.Fatalf("%v, %d rejects, want %d", err, bytes.Count(text, []byte("\n")), bad)
	}
	line := int64(0)
	for one := range bytes.Lines(text) {
		var r Reject
		if err := json.Unmarshal(one, &r); err != nil || r.Line <= line || r.Rule != "not-an-integer" {
			t.Fatalf("%v: %s", err, one)
		}
		line = r.Line
	}
}
