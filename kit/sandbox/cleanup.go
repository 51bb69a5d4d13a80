package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// Deleted is what a CleanUp deleted.
type Deleted struct {
	People, Objects int
	// Visitors is how many anonymous ids it deleted what was kept of.
	Visitors int
}

// String says it in a sentence.
func (d Deleted) String() string {
	s := fmt.Sprintf("Deleted %s and %s", count(d.People, "person", "people"), count(d.Objects, "object", "objects"))
	if d.Visitors > 0 {
		s += fmt.Sprintf(", and what was kept of %s", count(d.Visitors, "visitor", "visitors"))
	}
	return s + "."
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// CleanUp deletes what the notebook made: people, objects, and what is kept of visitors who stayed unknown. In a real workspace that is what
// the ledger beside the notebook lists, and nothing else; with an App API key it takes as long as it takes to see that all is gone. What
// cannot be deleted stays in the ledger, for ciokit live clean.
func (w *Workspace) CleanUp(ctx context.Context, client *cio.Client) (Deleted, error) {
	if w.Real() {
		return w.cleanUpReal(ctx)
	}
	d, err := w.deleteAll(ctx, client)
	if err != nil {
		return d, err
	}
	var stats emulator.Stats
	if err := w.get("stats", nil, &stats); err != nil || stats.Events+stats.Relationships == 0 {
		return d, err
	}
	d.Visitors, err = w.deleteVisitors(ctx, client)
	return d, err
}

// cleanUpReal asks the recorder, which knows what passed it.
func (w *Workspace) cleanUpReal(ctx context.Context) (Deleted, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url+CleanUpPath, nil)
	if err != nil {
		return Deleted{}, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return Deleted{}, errors.New("the recorder beside this notebook does not answer; restart the kernel, and run: ciokit live clean")
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return Deleted{}, err
	}
	var answer CleanedUp
	if err := json.Unmarshal(text, &answer); err != nil {
		return Deleted{}, fmt.Errorf("the recorder beside this notebook says %s", resp.Status)
	}
	if answer.Error != "" {
		err = fmt.Errorf("%s; what is left is deleted by: ciokit live clean", answer.Error)
	}
	return answer.Deleted, err
}

// deleteAll deletes all people and objects.
func (w *Workspace) deleteAll(ctx context.Context, client *cio.Client) (d Deleted, _ error) {
	for before := math.MaxInt; ; {
		batch, people, err := w.deletions()
		if err != nil || len(batch) == 0 {
			return d, err
		}
		var stats emulator.Stats
		if err := w.get("stats", nil, &stats); err != nil {
			return d, err
		}
		if stats.People+stats.Objects >= before {
			return d, fmt.Errorf("sandbox: %d people and objects are still there after they were deleted", stats.People+stats.Objects)
		}
		before = stats.People + stats.Objects
		if err := client.Send(ctx, batch...); err != nil {
			return d, err
		}
		d.People += people
		d.Objects += len(batch) - people
	}
}

// deletions returns messages that delete what is listed, and how many of them are about people.
func (w *Workspace) deletions() (batch []cio.Message, people int, err error) {
	var page emulator.PeoplePage
	var objects emulator.ObjectsPage
	if err := errors.Join(w.get("people", all(), &page), w.get("objects", all(), &objects)); err != nil {
		return nil, 0, err
	}
	for _, p := range page.People {
		id := p.ID
		if id == "" {
			id = p.Email
		}
		batch = append(batch, cio.DeletePerson{UserID: id})
	}
	people = len(batch)
	for _, o := range objects.Objects {
		batch = append(batch, cio.DeleteObject{TypeID: o.TypeID, ObjectID: o.ID})
	}
	return batch, people, nil
}

// deleteVisitors deletes what is kept of anonymous ids. Nothing does that by itself: each is given to a person, who takes it along.
func (w *Workspace) deleteVisitors(ctx context.Context, client *cio.Client) (int, error) {
	ids, err := w.visitors()
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	var meet, kill []cio.Message
	for _, id := range ids {
		meet = append(meet, cio.Identify{UserID: id + "_owner", AnonymousID: id})
		kill = append(kill, cio.DeletePerson{UserID: id + "_owner"})
	}
	if err := client.Send(ctx, meet...); err != nil {
		return 0, err
	}
	return len(ids), client.Send(ctx, kill...)
}

// visitors returns the anonymous ids of which something is kept, and that nobody was identified with.
func (w *Workspace) visitors() (ids []string, _ error) {
	var page struct{ Messages []emulator.Record }
	query := url.Values{"limit": {strconv.Itoa(emulator.DefaultMaxMessages)}, "verdict": {string(emulator.VerdictAccepted)}}
	if err := w.get("messages", query, &page); err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for _, m := range page.Messages {
		if m.Type == "identify" {
			known[m.AnonymousID] = true
		}
	}
	for _, m := range page.Messages {
		deletes := m.Event == "Object Deleted" // it has an anonymous id that means nothing
		if m.AnonymousID != "" && !known[m.AnonymousID] && !deletes {
			known[m.AnonymousID] = true
			ids = append(ids, m.AnonymousID)
		}
	}
	return ids, nil
}
