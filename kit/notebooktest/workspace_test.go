package notebooktest

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/internal/notebook"
	"github.com/ciokit/cio/kit/livetest"
)

// runInWorkspace runs a notebook as in a real workspace that is allowed: through the recorder, into a workspace that somebody else uses too, and that
// drops messages about unknown people. Every cell succeeds, and nothing is dropped for that reason. What the notebook creates has its prefix, and at
// the end only what was there before remains.
func runInWorkspace(t *testing.T, program *notebook.Program, d *notebook.Document) {
	workspace := emulator.Config{DropUnknownPeople: true}.InProcess(t)
	others, err := cio.NewClient(cio.Config{APIKey: workspace.Key, BaseURL: workspace.URL, HTTPClient: workspace.Client()})
	if err != nil {
		t.Fatal(err)
	}
	if err := others.Send(t.Context(),
		cio.Identify{UserID: "ann", Traits: map[string]any{"email": "ann@example.com"}},
		cio.SetObject{ObjectID: "acme"},
	); err != nil {
		t.Fatal(err)
	}
	var strangers []string
	ledgers := t.TempDir()
	host, err := notebook.StartHost(notebook.HostConfig{
		Real:     livetest.Config{APIKey: workspace.Key, AppAPIKey: workspace.Key, BaseURL: workspace.URL, HTTPClient: workspace.Client(), RateLimit: -1, LedgerDir: ledgers},
		Headless: true,
		Forward: func(r *http.Request) (*http.Response, error) {
			r.URL.Scheme, r.URL.Host = "http", "emulator"
			return workspace.Server.Transport().RoundTrip(r)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range d.CodeCells() {
		out, err := program.Run(t.Context(), d, cell, host.Env())
		if err != nil {
			t.Errorf("%v\n%s", err, out)
			break
		}
		saysSource(t, d.Where(cell.Number, 1), cell, out)
		for _, name := range names(t, workspace) {
			if !strings.HasPrefix(name, host.Prefix()) && name != "ann" && name != "ann@example.com" && name != "acme" {
				strangers = append(strangers, d.Where(cell.Number, 1)+" makes "+name)
			}
		}
	}
	if len(strangers) > 0 {
		t.Errorf("without the prefix: %s", strings.Join(strangers, ", "))
	}
	if err := host.Close(); err != nil {
		t.Error(err)
	}
	if left := names(t, workspace); len(left) != 2 {
		t.Errorf("left in the workspace: %v, want ann and acme", left)
	}
	if s := workspace.Stats(); s.Events+s.Devices+s.Relationships+s.Suppressed != 0 {
		t.Errorf("left in the workspace: %+v", s)
	}
	unknown := 0
	for _, m := range workspace.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictDropped}).Messages {
		if m.Rule != "unknown-person" {
			continue
		}
		if unknown++; unknown == 1 {
			t.Errorf("%s %q of %s was dropped: the person is unknown; identify them first", m.Type, m.Event, m.UserID)
		}
	}
	if unknown > 1 {
		t.Errorf("and %d more", unknown-1)
	}
	if files, err := os.ReadDir(ledgers); err != nil || len(files) > 0 {
		t.Errorf("a ledger is left: %v, %v", files, err)
	}
	if v := string(workspace.Person("ann").Traits["email"]); v != `"ann@example.com"` || len(workspace.Person("ann").Traits) != 1 || len(workspace.Events("ann")) != 0 {
		t.Errorf("somebody else was changed: %+v", workspace.Person("ann"))
	}
}

// saysSource checks that a cell names the source of what it has read, and says that Customer.io has everything that was sent.
func saysSource(t *testing.T, where string, cell notebook.Cell, out string) {
	t.Helper()
	_, run, _ := strings.Cut(cell.Source, "%%")
	for call, want := range map[string]string{
		"ws.Person(":  livetest.FromCustomerIO,
		"ws.Find(":    livetest.FromCustomerIO,
		"ws.Objects(": livetest.FromCustomerIO,
		"ws.Stats(":   livetest.FromRecorder,
	} {
		if strings.Contains(run, call) && !strings.Contains(out, want) {
			t.Errorf("%s: %s does not say that it is %s:\n%s", where, call, want, out)
		}
	}
	for _, wrong := range []string{"it differs", "could not be read"} {
		if strings.Contains(out, wrong) {
			t.Errorf("%s: %s", where, out)
		}
	}
}

// names returns the ids of all people and objects, or the addresses of people without an id.
func names(t *testing.T, workspace *emulator.Instance) (all []string) {
	people, err := workspace.Server.People(emulator.PeopleQuery{Key: workspace.Key})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range people.People {
		name := p.ID
		if name == "" {
			name = p.Email
		}
		all = append(all, name)
	}
	objects, err := workspace.Server.Objects(emulator.ObjectsQuery{Key: workspace.Key})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range objects.Objects {
		all = append(all, o.ID)
	}
	return all
}
