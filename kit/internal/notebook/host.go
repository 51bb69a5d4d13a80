package notebook

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/sandbox"
	"github.com/ciokit/cio/kit/show"
)

// HostConfig says what there is beside a notebook's cells.
type HostConfig struct {
	// Real, if set, is the real workspace that the notebook works in: the address that calls go to and the write key, and Forward passes a
	// call on to it. Zero: the emulator alone.
	Real    cio.Config
	Forward func(*http.Request) (*http.Response, error)
	// Data is the directory of the optional sample data; empty if it is missing.
	Data string
	// Headless masks what would differ from run to run.
	Headless bool
}

// Host is what lasts from one cell of a notebook to the next: the emulator, the recorder in front of a real workspace, and a directory for
// files. It ends with the process that started it.
type Host struct {
	cfg      HostConfig
	prefix   string
	files    string
	emulator *endpoint
	recorder *endpoint // nil without a real workspace
}

type endpoint struct {
	url    string
	server *http.Server
}

// StartHost starts them on ports of loopback. The caller closes the host.
func StartHost(cfg HostConfig) (*Host, error) {
	h := &Host{cfg: cfg}
	var err error
	if h.files, err = places.MkdirTemp("ciokit-notebook-"); err != nil {
		return nil, err
	}
	if h.emulator, err = serve(emulator.Config{Keys: []string{sandbox.Key, sandbox.EmulatorKey}}); err != nil {
		h.Close()
		return nil, err
	}
	if cfg.Forward != nil {
		h.prefix = fmt.Sprintf("ciokit_test_notebook_%08x_", rand.Uint32())
		if h.recorder, err = serve(emulator.Config{Keys: []string{cfg.Real.APIKey}, Forward: cfg.Forward}); err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, nil
}

func serve(cfg emulator.Config) (*endpoint, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: emulator.New(cfg), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go server.Serve(l)
	return &endpoint{url: "http://" + l.Addr().String(), server: server}, nil
}

// Prefix is what ids in a real workspace begin with.
func (h *Host) Prefix() string { return h.prefix }

// Files returns the directory for files.
func (h *Host) Files() string { return h.files }

// The ports to try first. Jupyter chooses ports for a kernel among those that the system gives away, and lets go of them until the kernel
// takes them: to ask the system for one in between may get the same.
const firstPort, lastPort = 8120, 9119

func listen() (net.Listener, error) {
	for port := firstPort + rand.IntN(100); port <= lastPort; port++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// Env returns the environment of the cells: the process's own, with what package sandbox reads.
func (h *Host) Env() []string {
	set := map[string]string{sandbox.EmulatorEnv: h.emulator.url, sandbox.FilesEnv: h.files, sandbox.DataEnv: h.cfg.Data}
	if h.recorder != nil {
		set[sandbox.RecorderEnv], set[sandbox.TargetEnv], set[sandbox.PrefixEnv] = h.recorder.url, h.cfg.Real.BaseURL, h.prefix
		set[sandbox.KeyEnv] = h.cfg.Real.APIKey
	}
	if h.cfg.Headless {
		set[show.HeadlessEnv] = "1"
	}
	env := slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "CIOKIT_NOTEBOOK_") })
	for name, value := range set {
		env = append(env, name+"="+value)
	}
	return env
}

// cleanUpTimeout is less than what Jupyter leaves a kernel for its end.
const cleanUpTimeout = 4 * time.Second

// Close deletes what the notebook left behind in a real workspace, as far as that goes within a few seconds, and ends everything.
func (h *Host) Close() error {
	var left error
	if h.recorder != nil {
		left = h.cleanUp()
		h.recorder.server.Close()
	}
	if h.emulator != nil {
		h.emulator.server.Close()
	}
	return errors.Join(left, os.RemoveAll(h.files))
}

func (h *Host) cleanUp() error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanUpTimeout)
	defer cancel()
	ws := sandbox.At(h.recorder.url, h.cfg.Real.APIKey, h.prefix)
	client, err := cio.NewClient(ws.Config())
	if err != nil {
		return err
	}
	_, err = ws.CleanUp(ctx, client)
	if err != nil {
		return fmt.Errorf("people and objects whose ids begin with %s may be left in the workspace: %w", h.prefix, err)
	}
	return nil
}
