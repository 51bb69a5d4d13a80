package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/dotenv"
)

// Tests that run commands do not read a .env by accident. A .env cannot start a live run: only the command line or the environment can name the
// workspace.
func TestDotenvSendsNothing(t *testing.T) {
	var calls atomic.Int64
	workspace := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions { // the preflight call
			calls.Add(1)
		}
		w.WriteHeader(http.StatusOK)
	}))
	defer workspace.Close()
	dir := t.TempDir()
	t.Chdir(dir)
	t.Setenv("XDG_STATE_HOME", dir)
	text := "CIOKIT_LIVE=1\nCUSTOMERIO_API_KEY=real-key\nCUSTOMERIO_APP_API_KEY=real-key\nCUSTOMERIO_BASE_URL=" + workspace.URL + "\n"
	for name, text := range map[string]string{".env": text, "p.csv": "id\n1\n", "p.yaml": "messages:\n  - identify: {userId: $id}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"CUSTOMERIO_API_KEY", "CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_BASE_URL", "CUSTOMERIO_APP_BASE_URL", "CUSTOMERIO_REGION", "CIOKIT_LIVE", "CIOKIT_LIVE_WORKSPACE"} {
		t.Setenv(name, "")
	}
	for _, env := range []*dotenv.File{nil, dotenv.At(".env")} {
		for _, line := range []string{"live run", "live probe", "load p.csv --mapping p.yaml --yes", "send identify --user-id 1", "load p.csv --mapping p.yaml --to " + workspace.URL} {
			var said strings.Builder
			con := console.New(strings.NewReader(""), &said, &said)
			con.Env = env
			code := run(t.Context(), strings.Fields(line), con)
			if calls.Load() > 0 || code != exit.Usage && code != exit.Guard {
				t.Errorf("%s: exit code %d, %d calls: %s", line, code, calls.Load(), said.String())
			}
			if env == nil && strings.Contains(said.String(), ".env sets") {
				t.Errorf("%s: it read .env: %s", line, said.String())
			}
		}
	}
}
