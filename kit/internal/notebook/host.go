package notebook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/livetest"
	"github.com/ciokit/cio/kit/sandbox"
	"github.com/ciokit/cio/kit/show"
)

// HostConfig configures what a notebook uses besides its cells.
type HostConfig struct {
	// Real is the real workspace that the notebook uses. Forward must then be set; it passes a call on to that workspace. Zero: only the emulator.
	Real    livetest.Config
	Forward func(*http.Request) (*http.Response, error)
	// Headless masks values that differ from run to run.
	Headless bool
}

// Host has what remains from one cell of a notebook to the next: the emulator, the recorder in front of a real workspace, and a directory for files.
// It ends with the process that started it.
type Host struct {
	cfg      HostConfig
	prefix   string
	files    string
	emulator *endpoint
	recorder *endpoint        // nil without a real workspace
	keeper   *livetest.Keeper // nil without a real workspace
}

type endpoint struct {
	url    string
	server *http.Server
}

// StartHost starts the emulator and, with a real workspace, the recorder, on loopback ports. The caller closes the host.
func StartHost(cfg HostConfig) (*Host, error) {
	h := &Host{cfg: cfg}
	var err error
	if h.files, err = places.MkdirTemp("ciokit-notebook-"); err != nil {
		return nil, err
	}
	if h.emulator, err = serve(emulator.New(emulator.Config{Keys: []string{sandbox.Key, sandbox.EmulatorKey}})); err != nil {
		h.Close()
		return nil, err
	}
	if cfg.Forward != nil {
		if err := h.record(); err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, nil
}

// record starts the recorder, and the ledger of the calls that pass it.
func (h *Host) record() (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), confirmTimeout)
	defer cancel()
	if h.keeper, err = livetest.Keep(ctx, h.cfg.Real); err != nil {
		return err
	}
	h.prefix = h.keeper.Prefix("notebook")
	account := emulator.New(emulator.Config{Keys: []string{h.cfg.Real.APIKey}, Forward: h.forward})
	mux := http.NewServeMux()
	mux.Handle("/", account)
	mux.HandleFunc("GET "+sandbox.PersonPath, func(w http.ResponseWriter, r *http.Request) {
		name := r.URL.Query().Get("name")
		p, err := account.Person(h.cfg.Real.APIKey, name)
		answer(w, h.keeper.ReadPerson(r.Context(), name, p, err == nil))
	})
	mux.HandleFunc("GET "+sandbox.ObjectsPath, func(w http.ResponseWriter, r *http.Request) {
		page, err := account.Objects(emulator.ObjectsQuery{Key: h.cfg.Real.APIKey, Limit: mostObjects})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		answer(w, h.keeper.ReadObjects(r.Context(), page.Objects))
	})
	mux.HandleFunc("POST "+sandbox.CleanUpPath, func(w http.ResponseWriter, r *http.Request) {
		n, err := h.keeper.Clean(r.Context())
		done := sandbox.CleanedUp{Deleted: sandbox.Deleted{People: n.People, Objects: n.Objects, Visitors: n.Anonymous}}
		if err != nil {
			done.Error = err.Error()
		}
		answer(w, done)
	})
	h.recorder, err = serve(mux)
	return err
}

// mostObjects is how many objects a cell can list.
const mostObjects = 1000

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v)
}

// forward passes a call on after everything that it may make is recorded on disk.
func (h *Host) forward(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := h.keeper.Note(r.Header, body, h.prefix); err != nil {
		return nil, err
	}
	return h.cfg.Forward(r)
}

func serve(handler http.Handler) (*endpoint, error) {
	l, err := listen()
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	go server.Serve(l)
	return &endpoint{url: "http://" + l.Addr().String(), server: server}, nil
}

// Prefix is the beginning of all ids in a real workspace.
func (h *Host) Prefix() string { return h.prefix }

// Files returns the directory for files.
func (h *Host) Files() string { return h.files }

// The ports to try first. Jupyter chooses ports for a kernel from those that the system offers, and releases them until the kernel takes them. If we
// asked the system for a port in between, we could get the same one.
const firstPort, lastPort = 8120, 9119

func listen() (net.Listener, error) {
	for port := firstPort + rand.IntN(100); port <= lastPort; port++ {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			return l, nil
		}
	}
	return net.Listen("tcp", "127.0.0.1:0")
}

// Env returns the environment of the cells: that of the process, with the variables that package sandbox reads.
func (h *Host) Env() []string {
	set := map[string]string{sandbox.EmulatorEnv: h.emulator.url, sandbox.FilesEnv: h.files}
	if h.recorder != nil {
		set[sandbox.RecorderEnv], set[sandbox.TargetEnv], set[sandbox.PrefixEnv] = h.recorder.url, h.keeper.Target(), h.prefix
		set[sandbox.WorkspaceEnv] = h.keeper.Where()
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

// Close deletes what the notebook left behind in a real workspace, as far as possible within a few seconds, and stops everything. The ledger still
// has what was not deleted, for ciokit live clean.
func (h *Host) Close() error {
	var left error
	if h.recorder != nil {
		left = h.keeper.Close(cleanUpTimeout)
		h.recorder.server.Close()
	}
	if h.emulator != nil {
		h.emulator.server.Close()
	}
	return errors.Join(left, os.RemoveAll(h.files))
}

const (
	// confirmTimeout is how long the App API may take to answer which workspace it is.
	confirmTimeout = 30 * time.Second
	// cleanUpTimeout is less than the time that Jupyter gives a kernel to end.
	cleanUpTimeout = 4 * time.Second
)
