package destination

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// keyFile writes a file with a key and returns its name.
func keyFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "team.key")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Errors about a file of --key-file name the file, no variable, and nothing from the file.
func TestKeyFile(t *testing.T) {
	t.Setenv(keyVariable, "of-the-environment")
	for text, want := range map[string]string{
		"":                        "does not contain a write key: put the write key",
		" \n\r\n":                 "does not contain a write key: put the write key",
		"first-key\nsecond-key\n": "contains a space, a colon",
		"site:first-key":          "contains a space, a colon",
		"CUSTOMERIO_KEY=first-kü": "contains a space, a colon",
		"\xff\xfe\x00":            "team.key: ",
		strings.Repeat("k", 5000): "more than 4096 bytes",
		"first-key\n":             "",
		"\ufefffirst-key\r\n":     "",
	} {
		name := keyFile(t, text)
		var said bytes.Buffer
		d, err := Flags{To: "http://127.0.0.1:1", KeyFile: name}.Resolve(t.Context(), console.New(nil, &said, &said))
		if want == "" {
			if err != nil || d.Config.APIKey != "first-key" {
				t.Errorf("%q: the key %q, %v", text, d.Config.APIKey, err)
			}
			continue
		}
		if exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "team.key") ||
			strings.Contains(err.Error(), keyVariable) || strings.Contains(err.Error(), "first") {
			t.Errorf("%q: %v", text, err)
		}
	}
	for _, name := range []string{filepath.Join(t.TempDir(), "team.key"), t.TempDir()} {
		if _, err := (Flags{To: "eu", KeyFile: name}).Resolve(t.Context(), console.Console{}); exit.CodeOf(err) != exit.Local || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Without a file, the error names the variable. For an address on this machine, no key is needed.
func TestKeyOfTheEnvironment(t *testing.T) {
	t.Setenv(keyVariable, "")
	_, err := Flags{To: "eu"}.Resolve(t.Context(), console.Console{})
	if exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), keyVariable) {
		t.Errorf("no key: %v", err)
	}
	if key, err := (Flags{To: "http://localhost:1"}).Key(console.Console{}); key != EmulatorKey || err != nil {
		t.Errorf("the key %q, %v", key, err)
	}
}

// The error about a refused key names its file, and keeps its cause.
func TestExplain(t *testing.T) {
	t.Parallel()
	refused := &cio.APIError{Status: 401, Message: "unauthorized; check Config.APIKey (CUSTOMERIO_API_KEY): it must be a write key for region eu (Config.Region, CUSTOMERIO_REGION)", Err: cio.ErrUnauthorized}
	for file, want := range map[string]string{"": "; check CUSTOMERIO_API_KEY: it must be a write key for region eu (--to)", "a.key": "; check a.key: it must be a write key for region eu (--to)"} {
		err := Flags{To: "eu", KeyFile: file}.Explain(refused)
		if !strings.Contains(err.Error(), want) || !errors.Is(err, cio.ErrUnauthorized) {
			t.Errorf("%q: %v", file, err)
		}
	}
	if err := (Flags{}).Explain(nil); err != nil {
		t.Errorf("nothing is explained as %v", err)
	}
}

// Three cases are distinguished at an address of this machine: an emulator, another server, with a warning, and no server.
func TestResolveLooksWhoListens(t *testing.T) {
	t.Parallel()
	emulates := httptest.NewServer(emulator.New(emulator.Config{}))
	defer emulates.Close()
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for _, test := range []struct {
		to               string
		emulator, silent bool
		said             string
	}{
		{emulates.URL, true, false, ""},
		{other.URL, false, false, "Sending to " + other.URL + ", which is not an emulator and may forward everything to a real workspace\n"},
		{"http://127.0.0.1:1", false, true, ""},
	} {
		var said bytes.Buffer
		d, err := Flags{To: test.to, KeyFile: keyFile(t, "key")}.Resolve(t.Context(), console.New(nil, &said, &said))
		if err != nil || d.Emulator != test.emulator || (d.Silent != nil) != test.silent || said.String() != test.said {
			t.Errorf("%s: %+v, %v, said %q", test.to, d, err, &said)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := ProbeEmulator(ctx, other.URL); exit.CodeOf(err) != exit.Unavailable || !strings.Contains(err.Error(), "is not ciokit's emulator") {
		t.Errorf("a server that is not an emulator is treated as one: %v", err)
	}
	if err := ProbeEmulator(ctx, emulates.URL); err != nil {
		t.Error(err)
	}
}

func TestResolveUsage(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{"": "say where to send", "mars": "emulator, us, eu, or a URL", "ftp://x": "emulator, us, eu, or a URL"} {
		if _, err := (Flags{To: to}).Resolve(t.Context(), console.Console{}); exit.CodeOf(err) != exit.Usage || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", to, err)
		}
	}
}

// An address with a small mistake is recognized, and no text that could be a key or a password is shown.
func TestNoDestination(t *testing.T) {
	t.Parallel()
	for to, want := range map[string]string{
		"EU": "eu", "Us": "us", "europe": "eu", "us-east": "us", "emulator ": "emulator", "emu": "emulator",
		"localhost:8110": "http://localhost:8110", "127.0.0.1:8110/v1": "http://127.0.0.1:8110/v1", ":8110": "http://127.0.0.1:8110", "[::1]:8110": "http://[::1]:8110", "LOCALHOST": "http://localhost",
		"cdp.customer.io": "https://cdp.customer.io", "//cdp.customer.io/v1": "https://cdp.customer.io/v1", "HTTP://localhost:1": "http://localhost:1", "htp://localhost:1": "http://localhost:1", "https:/cdp.customer.io": "https://cdp.customer.io",
		"mars": "", "0123456789abcdef0123": "", "site:key": "", "me:secret@example.com": "", "http//x": "", "": "", "example.com?key=secret": "", "example.com:secret": "",
	} {
		err := NoDestination(to, "emulator", "us", "eu")
		_, got, _ := strings.Cut(err.Error(), "; did you mean ")
		if got = strings.TrimSuffix(got, "?"); got != want || exit.CodeOf(err) != exit.Usage {
			t.Errorf("%q: %v, want %q", to, err, want)
		}
	}
}

// The command starts an emulator at the address that did not answer.
func TestEmulate(t *testing.T) {
	for base, want := range map[string]string{
		"http://127.0.0.1:8110": "ciokit emulate", "http://127.0.0.1:9": "ciokit emulate --addr 127.0.0.1:9", "http://localhost": "ciokit emulate --addr localhost:80",
		"https://localhost:8110": "ciokit emulate --addr localhost:8110 --tls", "https://127.0.0.1:8110": "ciokit emulate --tls", "http://[::1]:8110": "ciokit emulate --addr '[::1]:8110'",
	} {
		if got := Emulate(base); got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
}
