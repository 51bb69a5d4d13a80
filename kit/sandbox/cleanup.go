package sandbox

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// Deleted is what a CleanUp deleted.
type Deleted struct {
	People, Objects int
	// Left is how many people and objects it did not touch, because their ids do not begin with the notebook's prefix.
	Left int
}

// String says it in a sentence.
func (d Deleted) String() string {
	s := fmt.Sprintf("Deleted %s and %s.", count(d.People, "person", "people"), count(d.Objects, "object", "objects"))
	if d.Left > 0 {
		s += fmt.Sprintf(" %d others were left alone.", d.Left)
	}
	return s
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// CleanUp deletes the people and objects that the notebook made, by messages like any others. In a real workspace only what begins with the
// notebook's prefix is touched.
func (w *Workspace) CleanUp(ctx context.Context, client *cio.Client) (Deleted, error) {
	var d Deleted
	for before := math.MaxInt; ; {
		batch, people, left, err := w.deletions()
		if err != nil {
			return d, err
		}
		d.Left = left
		if len(batch) == 0 {
			return d, nil
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

// deletions returns messages that delete what is listed and may be deleted, how many of them are about people, and how many others there are.
func (w *Workspace) deletions() (batch []cio.Message, people, left int, err error) {
	var page emulator.PeoplePage
	var objects emulator.ObjectsPage
	if err := errors.Join(w.get("people", all(), &page), w.get("objects", all(), &objects)); err != nil {
		return nil, 0, 0, err
	}
	for _, p := range page.People {
		id := p.ID
		if id == "" {
			id = p.Email
		}
		if id == "" || !strings.HasPrefix(id, w.prefix) {
			left++
			continue
		}
		batch = append(batch, cio.DeletePerson{UserID: id})
	}
	people = len(batch)
	for _, o := range objects.Objects {
		if !strings.HasPrefix(o.ID, w.prefix) {
			left++
			continue
		}
		batch = append(batch, cio.DeleteObject{TypeID: o.TypeID, ObjectID: o.ID})
	}
	return batch, people, left, nil
}
