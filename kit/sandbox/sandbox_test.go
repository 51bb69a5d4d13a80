package sandbox_test

import (
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/sandbox"
)

// beside starts an emulator as a notebook's kernel does, and returns the server.
func beside(t *testing.T) *emulator.Server {
	srv := emulator.New(emulator.Config{Keys: []string{sandbox.Key, sandbox.EmulatorKey}})
	server := httptest.NewServer(srv)
	t.Cleanup(server.Close)
	for _, name := range []string{sandbox.RecorderEnv, sandbox.TargetEnv, sandbox.PrefixEnv, sandbox.DataEnv, sandbox.KeyEnv} {
		t.Setenv(name, "")
	}
	t.Setenv(sandbox.EmulatorEnv, server.URL)
	t.Setenv(sandbox.FilesEnv, t.TempDir())
	return srv
}

func newClient(t *testing.T, ws *sandbox.Workspace) *cio.Client {
	t.Helper()
	client, err := cio.NewClient(ws.Config())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestEmulator(t *testing.T) {
	beside(t)
	ws := sandbox.Open()
	if ws.Real() || ws.ID("Ann") != "Ann" || ws.Email("Ann") != "ann@example.com" || !strings.Contains(ws.String(), "emulator") {
		t.Errorf("%v: %t %s %s", ws, ws.Real(), ws.ID("Ann"), ws.Email("Ann"))
	}
	client := newClient(t, ws)
	err := client.Send(t.Context(),
		cio.Identify{UserID: "ann/1", Traits: map[string]any{"email": "ann@example.com"}},
		cio.Identify{Traits: map[string]any{"email": "eve@example.com"}},
		cio.Track{UserID: "ann/1", Event: cio.Named("Signed Up", map[string]any{"seats": 3})},
		cio.SetObject{ObjectID: "acme"},
		cio.SetObject{TypeID: "2", ObjectID: "acme"},
	)
	if err != nil {
		t.Fatal(err)
	}
	if p := ws.Person("ann@example.com"); p.ID != "ann/1" || len(p.Events) != 1 {
		t.Errorf("by address: %+v", p)
	}
	if p := ws.Person("ann/1"); p.Email != "ann@example.com" {
		t.Errorf("an id with a slash: %+v", p)
	}
	if _, found := ws.Find("nobody"); found {
		t.Error("found nobody")
	}
	if n := ws.Why("ann/1").Traits["email"].By.Sequence; n != 1 {
		t.Errorf("the address is from message %d", n)
	}
	if s := ws.Shapes(); len(s) != 1 || s[0].Name != "Signed Up" {
		t.Errorf("shapes %+v", s)
	}
	if n, all := len(ws.Messages(emulator.Accepted)), len(ws.Messages("")); n != 5 || all != 5 || len(ws.People()) != 2 || len(ws.Objects()) != 2 {
		t.Errorf("%d accepted of %d", n, all)
	}
	if deleted, err := ws.CleanUp(t.Context(), client); err != nil || deleted.String() != "Deleted 2 people and 2 objects." {
		t.Errorf("%v, %v", deleted, err)
	}
	if s := ws.Stats(); s.People+s.Objects != 0 {
		t.Errorf("left: %+v", s)
	}
}

func TestFaultsAndReset(t *testing.T) {
	srv := beside(t)
	ws, other := sandbox.Open(), sandbox.OpenEmulator()
	if ws.Config().APIKey == other.Config().APIKey {
		t.Error("OpenEmulator shares the workspace of Open")
	}
	ws.Fault(emulator.Fault{Count: 1, Status: 503}, emulator.Fault{Count: 1, Status: 429})
	if err := newClient(t, other).Send(t.Context(), cio.Identify{UserID: "ann"}); err != nil {
		t.Fatal(err)
	}
	if f := srv.Faults(); len(f) != 2 || f[1].Fired != 1 {
		t.Errorf("faults %+v", f)
	}
	ws.Reset()
	if len(srv.Faults()) != 0 || other.Stats().People != 0 {
		t.Error("Reset left something")
	}
}

// In a real workspace a clean-up touches nothing of others', and more than a page of one's own.
func TestCleanUpInARealWorkspace(t *testing.T) {
	srv := beside(t)
	recorder := httptest.NewServer(srv)
	t.Cleanup(recorder.Close)
	t.Setenv(sandbox.RecorderEnv, recorder.URL)
	t.Setenv(sandbox.TargetEnv, "https://cdp-eu.customer.io")
	t.Setenv(sandbox.PrefixEnv, "test_1_")
	t.Setenv(sandbox.KeyEnv, sandbox.Key)
	ws := sandbox.Open()
	if !ws.Real() || ws.ID("ann") != "test_1_ann" || ws.Email("Ann") != "test_1_ann@example.com" || !strings.Contains(ws.String(), "cdp-eu.customer.io") {
		t.Errorf("%v: %s %s", ws, ws.ID("ann"), ws.Email("Ann"))
	}
	client := newClient(t, ws)
	messages := []cio.Message{cio.Identify{UserID: "somebody"}, cio.SetObject{ObjectID: "theirs"}, cio.SetObject{ObjectID: ws.ID("ours")}, cio.Identify{Traits: map[string]any{"email": ws.Email("eve")}}}
	for n := range 1500 {
		messages = append(messages, cio.Identify{UserID: ws.ID(fmt.Sprintf("p%04d", n))})
	}
	if err := client.Send(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	deleted, err := ws.CleanUp(t.Context(), client)
	if err != nil || deleted.People != 1501 || deleted.Objects != 1 || deleted.Left != 2 {
		t.Errorf("%+v, %v", deleted, err)
	}
	if s := ws.Stats(); s.People != 1 || s.Objects != 1 {
		t.Errorf("left: %+v", s)
	}
}

func TestFiles(t *testing.T) {
	beside(t)
	ws := sandbox.Open()
	if err := ws.WriteShop(); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(ws.File("orders.csv")); err != nil || info.Size() == 0 {
		t.Errorf("orders.csv: %v", err)
	}
	if _, found := ws.Data("orders.csv"); found {
		t.Error("found sample data where there is none")
	}
	t.Setenv(sandbox.DataEnv, filepath.Dir(ws.File("orders.csv")))
	if path, found := sandbox.Open().Data("orders.csv"); !found || path != ws.File("orders.csv") {
		t.Errorf("data %s, %t", path, found)
	}
}

func TestWithoutAKernel(t *testing.T) {
	t.Setenv(sandbox.EmulatorEnv, "")
	t.Setenv(sandbox.RecorderEnv, "")
	defer func() {
		if r, _ := recover().(string); !strings.Contains(r, "ciokit notebook") {
			t.Errorf("panics with %q", r)
		}
	}()
	sandbox.Open()
}
