package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/shop"
)

// Workspace is where a notebook's messages go. It holds no connection; opening one costs nothing.
type Workspace struct {
	url, key, prefix, target, name string
	files                          string
}

// Open returns the real workspace that the environment named when the notebook's kernel started, or else the emulator. It panics where there
// is neither, because the kernel was not started by ciokit.
func Open() *Workspace {
	ws := OpenEmulator()
	ws.key = Key
	if os.Getenv(RecorderEnv) == "" {
		return ws
	}
	ws.url, ws.key = os.Getenv(RecorderEnv), os.Getenv(KeyEnv)
	ws.prefix, ws.target, ws.name = os.Getenv(PrefixEnv), os.Getenv(TargetEnv), os.Getenv(WorkspaceEnv)
	return ws
}

// OpenEmulator returns a workspace of the emulator, whatever the environment names: for what must not be tried on a real one, such as
// failures. It is another than that of Open.
func OpenEmulator() *Workspace {
	ws := &Workspace{url: os.Getenv(EmulatorEnv), key: EmulatorKey, files: os.Getenv(FilesEnv)}
	if ws.url == "" {
		panic("sandbox: no emulator is running beside this notebook; start it with: ciokit notebook")
	}
	return ws
}

// Real reports whether this is a real workspace.
func (w *Workspace) Real() bool { return w.target != "" }

// String says in a sentence where messages go.
func (w *Workspace) String() string {
	if w.Real() {
		return fmt.Sprintf("Messages go to a real workspace, through %s: %s. Ids begin with %s.", w.target, w.name, w.prefix)
	}
	return "Messages go to an emulator of Customer.io on this machine. Nothing leaves it."
}

// Config returns what a client of this workspace needs; it can be changed before it is used.
func (w *Workspace) Config() cio.Config {
	return cio.Config{APIKey: w.key, BaseURL: w.url}
}

// Context returns a context that ends when the cell is interrupted.
func (w *Workspace) Context() context.Context {
	ctx, _ := signal.NotifyContext(context.Background(), os.Interrupt)
	return ctx
}

// ID returns the id to use for a person or object of this name: the name itself, with the prefix in a real workspace.
func (w *Workspace) ID(name string) string { return w.prefix + name }

// Email returns an address for a person of this name, at a domain to which no mail can be sent. It has the prefix of ID.
func (w *Workspace) Email(name string) string { return strings.ToLower(w.ID(name)) + "@example.com" }

// Page returns the address of the page that shows the workspace, or a recorder's account of it.
func (w *Workspace) Page() string { return w.url + "/" }

// File returns the path of a file of this notebook, in a directory that the cells share, and that goes when the kernel ends.
func (w *Workspace) File(name string) string { return filepath.Join(w.files, name) }

// WriteShop writes the files of a small shop, mistakes included, beside those of [Workspace.File]: people.csv and orders.csv, and others. The
// ids of people have the prefix of ID. They are the same in every run.
func (w *Workspace) WriteShop() error {
	_, err := shop.Write(w.files, w.prefix)
	return err
}

// WriteHistory writes the past of a larger shop, without mistakes, beside those of [Workspace.File]: past_people.csv and past_orders.csv, with
// a mapping of the same name for each. The ids of people have the prefix of ID. They are the same in every run.
func (w *Workspace) WriteHistory() error { return shop.WriteHistory(w.files, w.prefix) }
