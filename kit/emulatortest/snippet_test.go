package emulatortest

import (
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/sdks"
)

// TestSnippets runs the line of each SDK for Node as the page shows it. TestBrowserSDK does the same for the line for browsers.
func TestSnippets(t *testing.T) {
	t.Parallel()
	for _, s := range sdks.Snippets {
		if strings.HasSuffix(s.Package, "-browser") {
			continue
		}
		t.Run(s.Package, func(t *testing.T) {
			t.Parallel()
			cio := emulator.Start(t)
			var said string
			runNode(t, &said, "snippet.mjs", s.Package, s.For(cio.URL, quoted(cio.Key)), "s1", "Shown")
			if got := eventNames(cio, "s1"); said != "ok" || got != "track Shown" {
				t.Errorf("%s: events %q", said, got)
			}
		})
	}
}

// TestShownSnippets compares what the page and the document show with what the tests run.
func TestShownSnippets(t *testing.T) {
	t.Parallel()
	cio := emulator.Start(t)
	resp, err := http.Get(cio.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(filepath.Join("..", "..", "docs", "emulator.md"))
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile(`(?s)<h3>([^<]*)</h3>\s*<pre>(.*?)</pre>`).FindAllStringSubmatch(string(page), -1)
	onPage := make(map[string]string)
	for _, m := range shown {
		onPage[html.UnescapeString(m[1])] = html.UnescapeString(m[2])
	}
	for _, s := range sdks.Snippets {
		if want := s.For(cio.URL, `"my-key"`); onPage[s.Package] != want {
			t.Errorf("the page shows %q for %s, want %q", onPage[s.Package], s.Package, want)
		}
		if want := "| `" + s.Package + "` | `" + s.For("http://127.0.0.1:8110", `"k"`) + "` |"; !strings.Contains(string(document), want) {
			t.Errorf("docs/emulator.md lacks %s", want)
		}
		delete(onPage, s.Package)
	}
	curl := onPage["curl"]
	delete(onPage, "curl")
	delete(onPage, "ciokit") // that command has tests of its own
	if len(onPage) > 0 {
		t.Errorf("the page shows what no test runs: %q", onPage)
	}
	sh, err := exec.LookPath("sh")
	if _, missing := exec.LookPath("curl"); err != nil || missing != nil {
		t.Skip("curl is not installed")
	}
	out, err := exec.CommandContext(t.Context(), sh, "-c", strings.Replace(curl, "-u my-key:", "-s -u "+cio.Key+":", 1)).CombinedOutput()
	if p, found := cio.Find("u1"); err != nil || !found || p.Email != "u1@example.com" {
		t.Errorf("curl: %v, %s; the person is there: %v", err, out, found)
	}
}
