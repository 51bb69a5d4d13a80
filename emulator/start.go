package emulator

import (
	"cmp"
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// TB is what [Start] needs of a *testing.T, *testing.B or *testing.F. It is
// declared here so that programs which import this package do not import
// package testing.
type TB interface {
	Helper()
	Cleanup(func())
	Fatalf(format string, args ...any)
}

// TestKey is the write key of the workspace that [Start] opens, unless
// Config.Keys says otherwise.
const TestKey = "test-key"

// Instance is a server for one test, with one workspace that its methods use.
// Where a method of [Server] returns an error, the method here fails the test.
type Instance struct {
	// URL is the base of the API without /v1, such as http://127.0.0.1:34567.
	URL string
	// Key is the write key. Calls with any other key are refused as unknown,
	// unless Config.Keys lists it.
	Key string
	// Server is the server itself.
	Server *Server

	t TB
}

// Start starts a server with the zero Config on a free port of loopback, for as
// long as the test runs.
func Start(t TB) *Instance {
	t.Helper()
	return Config{}.Start(t)
}

// Start starts a server with this configuration on a free port of loopback,
// for as long as the test runs. Config.Keys is TestKey if it is empty.
func (c Config) Start(t TB) *Instance {
	t.Helper()
	i := c.InProcess(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("emulator: %v", err)
		return nil
	}
	i.URL = "http://" + l.Addr().String()
	server := &http.Server{Handler: i.Server, ReadHeaderTimeout: 10 * time.Second}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Fatalf("emulator: %v", err)
		}
	})
	return i
}

// InProcess makes a server without sockets. Only [Instance.Client] reaches it.
// So it also works inside a bubble of testing/synctest. Config.Keys is TestKey
// if it is empty.
func (c Config) InProcess(t TB) *Instance {
	if len(c.Keys) == 0 {
		c.Keys = []string{TestKey}
	}
	return &Instance{URL: "http://emulator", Key: c.Keys[0], Server: New(c), t: t}
}

// Client returns a client that reaches the server without sockets, with any
// host in the URL.
func (i *Instance) Client() *http.Client {
	return &http.Client{Transport: i.Server.Transport()}
}

// Find returns the person with the id or email address, if there is one.
func (i *Instance) Find(id string) (Person, bool) {
	p, err := i.Server.Person(i.Key, id)
	return p, err == nil
}

// Person returns the person with the id or email address. It fails the test if
// there is none.
func (i *Instance) Person(id string) Person {
	i.t.Helper()
	p, found := i.Find(id)
	if !found {
		i.t.Fatalf("emulator: there is no person %q; the workspace has %+v", id, i.Stats())
	}
	return p
}

// Events returns the events of the person with the id or email address, in the
// order of their arrival. A person who does not exist has none.
func (i *Instance) Events(id string) []Event {
	p, _ := i.Find(id)
	return p.Events
}

// Stats returns the counters of the workspace.
func (i *Instance) Stats() Stats {
	i.t.Helper()
	stats, err := i.Server.Stats(i.Key)
	if err != nil {
		i.t.Fatalf("%v", err)
	}
	return stats
}

// Messages returns the messages that q asks for, newest first. If q names no
// workspace, Messages uses that of the instance. It does not list calls with an
// unknown key: they belong to the workspace of [UnknownKey].
func (i *Instance) Messages(q MessagesQuery) MessagesPage {
	i.t.Helper()
	q.Key = cmp.Or(q.Key, i.Key)
	page, err := i.Server.Messages(q)
	if err != nil {
		i.t.Fatalf("%v", err)
	}
	return page
}

// Fault queues a fault. It fails the test if AddFault refuses the fault.
func (i *Instance) Fault(f Fault) {
	i.t.Helper()
	if err := i.Server.AddFault(f); err != nil {
		i.t.Fatalf("%v", err)
	}
}

// Wait returns when condition holds. It checks the condition after each call
// that the workspace processed. It fails the test if ctx ends first.
func (i *Instance) Wait(ctx context.Context, condition func() bool) {
	i.t.Helper()
	if err := i.Server.Wait(ctx, i.Key, condition); err != nil {
		i.t.Fatalf("%v", err)
	}
}
