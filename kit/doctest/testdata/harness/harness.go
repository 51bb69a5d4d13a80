// Package harness runs the blocks of Go of the documents.
package harness

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// Key is the write key of the emulated workspace.
const Key = "my-key"

// Func is a block of statements.
type Func func(ctx context.Context, t *testing.T, key string, client *cio.Client, srv *emulator.Server) error

// Run runs a block in its own workspace. It fails the test if the block returns an error, or if it does not print output, unless output is nil.
func Run(t *testing.T, f Func, output *string) {
	t.Helper()
	srv := emulator.New(emulator.Config{})
	direct(t, srv)
	client, err := cio.NewClient(cio.Config{APIKey: Key, Region: cio.RegionEU})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	printed := capture(t, func() { err = f(ctx, t, Key, client, srv) })
	if err != nil {
		t.Errorf("the block returns: %v", err)
	}
	if output != nil && printed != *output {
		t.Errorf("the block prints\n%s\nthe document shows\n%s", printed, *output)
	}
}

// Program is a block that is a program.
func Program(t *testing.T, main func(), output *string) {
	t.Helper()
	Run(t, func(context.Context, *testing.T, string, *cio.Client, *emulator.Server) error {
		main()
		return nil
	}, output)
}

// Test is a test in a block.
func Test(t *testing.T, f func(*testing.T)) {
	t.Helper()
	direct(t, emulator.New(emulator.Config{}))
	f(t)
}

// direct sends all requests to srv, except requests to servers on a port of this machine that is not the emulator's usual one.
func direct(t *testing.T, srv *emulator.Server) {
	t.Helper()
	before := http.DefaultTransport
	http.DefaultTransport = router{srv.Transport(), before}
	t.Cleanup(func() { http.DefaultTransport = before })
	for name, value := range map[string]string{"CUSTOMERIO_API_KEY": Key, "CUSTOMERIO_REGION": "eu", "CUSTOMERIO_BASE_URL": ""} {
		t.Setenv(name, value)
	}
}

type router struct{ emulated, local http.RoundTripper }

func (r router) RoundTrip(req *http.Request) (*http.Response, error) {
	if isLocal(req.URL) {
		return r.local.RoundTrip(req)
	}
	return r.emulated.RoundTrip(req)
}

func isLocal(u *url.URL) bool { return u.Hostname() == "127.0.0.1" && u.Port() != "8110" }

// capture returns what f writes to the standard output.
func capture(t *testing.T, f func()) string {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	read := make(chan string)
	go func() {
		data, _ := io.ReadAll(r)
		read <- string(data)
	}()
	func() {
		defer func() {
			os.Stdout = stdout
			w.Close()
		}()
		f()
	}()
	return <-read
}
