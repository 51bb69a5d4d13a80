package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/ciokit/cio/emulator"
)

// The methods below ask the emulator. In a real workspace they say in a line which source they show: with an App API key Person, Find and
// Objects read from Customer.io, and wait until what was sent has appeared there; the others, which Customer.io does not answer, and all
// without a key, show the account of the recorder. They end the cell, with a sentence on standard error, if the server beside the notebook does
// not answer.

// Stats returns what the workspace holds, and how many messages had which verdict.
func (w *Workspace) Stats() emulator.Stats {
	return ask[emulator.Stats](w, "stats", nil)
}

// Person returns the person with the id or the email address; the zero Person if there is none.
func (w *Workspace) Person(id string) emulator.Person {
	p, _ := w.Find(id)
	return p
}

// Find returns the person with the id or the email address, if there is one.
func (w *Workspace) Find(id string) (emulator.Person, bool) {
	if w.Real() {
		return readBack[emulator.Person](w, PersonPath, url.Values{"name": {id}})
	}
	var p emulator.Person
	err := w.get("people/"+url.PathEscape(id), nil, &p)
	if errors.Is(err, errNotFound) {
		return p, false
	}
	must(err)
	return p, true
}

// Why returns where the person's present state comes from: which message set each trait, and what was merged into them.
func (w *Workspace) Why(id string) emulator.Why {
	return ask[emulator.Why](w, "why/"+url.PathEscape(id), nil)
}

// Shapes returns what the events of each name have had in common: the properties that were sent, and the types of their values.
func (w *Workspace) Shapes() []emulator.Shape {
	return ask[struct{ Events []emulator.Shape }](w, "shapes", nil).Events
}

// People returns the people, those created last first, at most 1,000.
func (w *Workspace) People() []emulator.PersonSummary {
	return ask[emulator.PeoplePage](w, "people", all()).People
}

// Objects returns the objects, those created last first, at most 1,000.
func (w *Workspace) Objects() []emulator.Object {
	if w.Real() {
		objects, _ := readBack[[]emulator.Object](w, ObjectsPath, nil)
		return objects
	}
	return ask[emulator.ObjectsPage](w, "objects", all()).Objects
}

// Messages returns the messages with the verdict, or all if it is empty, newest first, at most 1,000.
func (w *Workspace) Messages(verdict emulator.Verdict) []emulator.Record {
	query := all()
	if verdict != "" {
		query.Set("verdict", string(verdict))
	}
	return ask[struct{ Messages []emulator.Record }](w, "messages", query).Messages
}

// Fault queues faults in the emulator: the next calls go wrong as they say. It ends the cell in a real workspace.
func (w *Workspace) Fault(faults ...emulator.Fault) {
	if w.Real() {
		must(errors.New("faults are for the emulator; open it with sandbox.OpenEmulator"))
	}
	for _, f := range faults {
		body, err := json.Marshal(f)
		must(err)
		must(w.call(http.MethodPost, "faults", nil, body, nil))
	}
}

// Reset empties the emulator and ends its faults, so that a notebook can be run again from its start. In a real workspace it does nothing.
func (w *Workspace) Reset() {
	if !w.Real() {
		must(w.call(http.MethodPost, "reset", nil, nil, nil))
	}
}

// all asks for the longest page there is.
func all() url.Values { return url.Values{"limit": {"1000"}} }

// ask returns the answer, or ends the cell.
func ask[T any](w *Workspace, path string, query url.Values) T {
	var v T
	must(w.get(path, query, &v))
	if w.Real() {
		say("Counts, lists and messages are " + recorded)
	}
	return v
}

func (w *Workspace) get(path string, query url.Values, v any) error {
	if query == nil {
		query = url.Values{}
	}
	query.Set("key", w.key)
	return w.call(http.MethodGet, path, query, nil, v)
}

// errNotFound is a 404.
var errNotFound = errors.New("the workspace has no such thing")

// inspectTimeout bounds one question. The server is on this machine.
const inspectTimeout = 30 * time.Second

// call asks the server and reads its answer into v, if that is not nil.
func (w *Workspace) call(method, path string, query url.Values, body []byte, v any) error {
	ctx, cancel := context.WithTimeout(context.Background(), inspectTimeout)
	defer cancel()
	return w.send(ctx, method, "/_emulator/"+path, query, body, v)
}

// send does the same for any path, and for as long as the context lasts.
func (w *Workspace) send(ctx context.Context, method, path string, query url.Values, body []byte, v any) error {
	target := w.url + path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, target, bytes.NewReader(body))
	if err != nil {
		return err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return errors.New("the emulator beside this notebook does not answer; restart the kernel")
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	switch {
	case err != nil:
		return err
	case resp.StatusCode == http.StatusNotFound:
		return errNotFound
	case resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNoContent:
		return fmt.Errorf("the emulator says %s: %s", resp.Status, answer)
	case v == nil:
		return nil
	}
	return json.Unmarshal(answer, v)
}

// must ends the cell if there is an error.
func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "sandbox:", err)
		os.Exit(1)
	}
}
