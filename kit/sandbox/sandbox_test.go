package sandbox_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/sandbox"
)

// beside starts an emulator as the kernel of a notebook does, and returns the server.
func beside(t *testing.T) *emulator.Server {
	srv := emulator.New(emulator.Config{Keys: []string{sandbox.Key, sandbox.EmulatorKey}})
	server := httptest.NewServer(srv)
	t.Cleanup(server.Close)
	for _, name := range []string{sandbox.RecorderEnv, sandbox.TargetEnv, sandbox.PrefixEnv, sandbox.KeyEnv} {
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
	if n, all := len(ws.Messages(emulator.VerdictAccepted)), len(ws.Messages("")); n != 5 || all != 5 || len(ws.People()) != 2 || len(ws.Objects()) != 2 {
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

// In a real workspace, the recorder cleans up, because it knows which messages passed it.
func TestCleanUpInARealWorkspace(t *testing.T) {
	srv := beside(t)
	answer := `{"deleted":{"People":3,"Objects":1,"Visitors":2}}`
	recorder := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == sandbox.CleanUpPath {
			io.WriteString(w, answer)
			return
		}
		srv.ServeHTTP(w, r)
	}))
	t.Cleanup(recorder.Close)
	t.Setenv(sandbox.RecorderEnv, recorder.URL)
	t.Setenv(sandbox.TargetEnv, "https://cdp-eu.customer.io")
	t.Setenv(sandbox.WorkspaceEnv, `the workspace "Tests", as the App API says`)
	t.Setenv(sandbox.PrefixEnv, "test_1_")
	t.Setenv(sandbox.KeyEnv, sandbox.Key)
	ws := sandbox.Open()
	if !ws.Real() || ws.ID("ann") != "test_1_ann" || ws.Email("Ann") != "test_1_ann@example.com" || !strings.Contains(ws.String(), `cdp-eu.customer.io: the workspace "Tests"`) {
		t.Errorf("%v: %s %s", ws, ws.ID("ann"), ws.Email("Ann"))
	}
	client := newClient(t, ws)
	if err := client.Send(t.Context(), cio.Identify{UserID: "somebody"}); err != nil {
		t.Fatal(err)
	}
	if deleted, err := ws.CleanUp(t.Context(), client); err != nil || deleted.String() != "Deleted 3 people and 1 object, and what was kept of 2 visitors." {
		t.Errorf("%v, %v", deleted, err)
	}
	answer = `{"deleted":{"People":1},"error":"x: the person is still there"}`
	if deleted, err := ws.CleanUp(t.Context(), client); err == nil || !strings.Contains(err.Error(), "ciokit live clean") || deleted.People != 1 {
		t.Errorf("%v, %v", deleted, err)
	}
	answer = "a page"
	if _, err := ws.CleanUp(t.Context(), client); err == nil {
		t.Error("an invalid answer did not cause an error")
	}
	if s := ws.Stats(); s.People != 1 {
		t.Errorf("the cell deleted something itself: %+v", s)
	}
}

// More people than fit on a page, and data about visitors who were never identified.
func TestCleanUpOfTheEmulator(t *testing.T) {
	beside(t)
	ws := sandbox.Open()
	client := newClient(t, ws)
	messages := []cio.Message{
		cio.Page{AnonymousID: "v1", Name: "Home"}, cio.Page{AnonymousID: "v1", Name: "Cart"}, cio.Relate{AnonymousID: "v2", ObjectID: "acme"},
		cio.Page{AnonymousID: "v3"}, cio.Identify{UserID: "p0", AnonymousID: "v3"},
	}
	for n := range 1500 {
		messages = append(messages, cio.Identify{UserID: fmt.Sprintf("p%d", n)})
	}
	if err := client.Send(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	if deleted, err := ws.CleanUp(t.Context(), client); err != nil || deleted.String() != "Deleted 1500 people and 1 object, and what was kept of 2 visitors." {
		t.Errorf("%v, %v", deleted, err)
	}
	if s := ws.Stats(); s.People+s.Objects+s.Events+s.Relationships != 0 {
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
	if err := ws.WriteHistory(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"past_people.csv", "past_orders.csv", "past_people.yaml", "past_orders.yaml"} {
		if info, err := os.Stat(ws.File(name)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
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
